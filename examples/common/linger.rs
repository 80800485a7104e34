//! The end of a connection at the level of TCP.

use std::io::{ErrorKind, Read};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// What a peer may still send while we wait for it to notice the end.
const MAX_TIME: Duration = Duration::from_secs(1);
const MAX_BYTES: usize = 32 << 20;

/// Ends our direction, then reads and forgets what arrives until the peer has ended its own.
///
/// To drop a socket that has unread input makes TCP send a reset, and a reset lets the peer's
/// system throw away what it has received but not shown yet: a Close frame with the reason, or the
/// response that refuses a handshake. Waiting is bounded, since the peer need not play along.
pub(crate) fn linger(mut stream: &TcpStream) {
    let deadline = Instant::now() + MAX_TIME;
    let mut left = MAX_BYTES;
    let mut forgotten = [0; 8192];
    if stream.shutdown(Shutdown::Write).is_err() {
        return;
    }
    while left > 0 {
        let time = deadline.saturating_duration_since(Instant::now());
        // A timeout of zero is an error, which ends this like the others.
        if stream.set_read_timeout(Some(time)).is_err() {
            return;
        }
        match stream.read(&mut forgotten) {
            Ok(0) => return,
            Ok(n) => left = left.saturating_sub(n),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
