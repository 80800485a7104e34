//! Closes a connection at the TCP level.

use std::io::{ErrorKind, Read};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

/// How much a peer may still send while we wait for it to notice the end.
const MAX_TIME: Duration = Duration::from_secs(1);
const MAX_BYTES: usize = 32 << 20;

/// Shuts down our direction, then reads and discards input until the peer shuts down its own.
///
/// Dropping a socket with unread input makes TCP send a reset. A reset lets the peer's system
/// discard data that it has received but not yet delivered: a Close frame with the reason, or the
/// response that refuses a handshake. The wait is bounded, because the peer may not cooperate.
pub(crate) fn linger(mut stream: &TcpStream) {
    let deadline = Instant::now() + MAX_TIME;
    let mut left = MAX_BYTES;
    let mut forgotten = [0; 8192];
    if stream.shutdown(Shutdown::Write).is_err() {
        return;
    }
    while left > 0 {
        let time = deadline.saturating_duration_since(Instant::now());
        // A timeout of zero is an error, which ends the wait like other errors.
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
