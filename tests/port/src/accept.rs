//! The server's opening handshake.

use rfc6455::handshake::{Acceptance, HandshakeLimits, ServerHandshake};
use rfc6455::{Role, Server};

use crate::socket::{Opening, Socket};
use crate::{Config, Error, Result, Transport};

/// Answers the opening handshake of a client.
///
/// # Errors
/// A request that does not conform, which is answered with its status code; the stream's errors.
pub fn accept<S: Transport>(stream: S, config: &Config<'_>) -> Result<Socket<S, Server>> {
    accept_as(stream, config, Server)
}

/// Answers the opening handshake of a client; `role` is a server's.
///
/// # Errors
/// As for [`accept`].
pub fn accept_as<S: Transport, R: Role>(
    stream: S,
    config: &Config<'_>,
    role: R,
) -> Result<Socket<S, R>> {
    let (mut head, mut buf, mut out) = ([0; 8192], [0; 4096], [0; 1024]);
    let mut opening = Opening::new(stream, config);
    let mut handshake = ServerHandshake::new(&mut head, HandshakeLimits::DEFAULT);
    loop {
        let mut input = opening.read(&mut buf)?;
        let upgrade = match handshake.receive(&mut input) {
            Ok(None) => continue,
            Ok(Some(request)) => request.upgrade(),
            Err(error) => Err(error),
        };
        let upgrade = match upgrade {
            Ok(upgrade) => upgrade,
            Err(error) => {
                opening.write(error.response())?;
                return Err(Error::Handshake(error));
            }
        };
        let negotiated = config.deflate.and_then(|deflate| deflate.accept_offer(&upgrade));
        let extensions = negotiated.map(|negotiated| negotiated.response());
        let subprotocol = upgrade.choose_subprotocol(config.subprotocols);
        let acceptance =
            Acceptance::DEFAULT.extensions(extensions.as_deref()).subprotocol(subprotocol);
        let len = upgrade.accept(&acceptance, &mut out)?;
        opening.write(&out[..len])?;
        return Ok(opening.finish(role, negotiated, subprotocol, input));
    }
}
