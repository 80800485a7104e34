//! The client's opening handshake.

use rfc6455::handshake::{ClientHandshake, HandshakeLimits, Offer};
use rfc6455::{Client, Role};

use crate::socket::{Opening, Socket};
use crate::{Config, Keys, Result, Transport, random};

/// Opens a connection as a client; `host` is the host with its port, if that is not the default.
///
/// # Errors
/// A response that does not conform or refuses; settings that cannot be sent; the stream's errors.
pub fn connect<S: Transport>(
    stream: S,
    host: &str,
    target: &str,
    config: &Config<'_>,
) -> Result<Socket<S, Client<Keys>>> {
    connect_as(stream, host, target, config, Client::new(random as Keys))
}

/// Opens a connection as a client; `role` is a client's.
///
/// # Errors
/// As for [`connect`].
pub fn connect_as<S: Transport, R: Role>(
    stream: S,
    host: &str,
    target: &str,
    config: &Config<'_>,
    role: R,
) -> Result<Socket<S, R>> {
    let (mut head, mut buf, mut out) = ([0; 8192], [0; 4096], [0; 8192]);
    let extensions = config.deflate.map(|deflate| deflate.offer());
    let offer = Offer::new(host, target)
        .subprotocols(config.subprotocols)
        .extensions(extensions.as_deref());
    let mut handshake = ClientHandshake::new(offer, random(), &mut head, HandshakeLimits::DEFAULT)?;
    let mut opening = Opening::new(stream, config);
    let len = handshake.write_request(&mut out)?;
    opening.write(&out[..len])?;
    loop {
        let mut input = opening.read(&mut buf)?;
        let Some(response) = handshake.receive(&mut input)? else { continue };
        let established = response.upgrade()?;
        let negotiated = match config.deflate {
            Some(deflate) => deflate.confirm_response(&established)?,
            None => None,
        };
        return Ok(opening.finish(role, negotiated, established.subprotocol(), input));
    }
}
