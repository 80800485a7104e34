//! What two peers in the tests speak: with the feature `deflate`, compression if they agree to it.

use super::source::Source;
use rfc6455::*;

#[cfg(feature = "deflate")]
use super::{deflate::agree, deflating::config};
#[cfg(feature = "deflate")]
use rfc6455::deflate::{Deflater, Inflater, Negotiated};

/// One end's share of it.
pub struct Extension {
    #[cfg(feature = "deflate")]
    compression: Option<(Deflater, Inflater)>,
    /// The longest chunk of an inflated message.
    room: usize,
}

impl Extension {
    /// For a client and a server. The same choices are read whether there is compression or not.
    #[cfg_attr(not(feature = "deflate"), allow(unused_mut))]
    pub fn negotiate(source: &mut Source<'_>) -> (Self, Self) {
        let (agreed, room) = (source.flag(), source.pick(&[4096, 300, 64, 7]));
        let mut choices = Source(&source.0[..source.0.len().min(if agreed { 16 } else { 0 })]);
        source.0 = &source.0[choices.0.len()..];
        #[cfg(feature = "deflate")]
        {
            let pair = |by: &Negotiated| Some((by.deflater(), by.inflater()));
            let (client, server) = if agreed {
                let (client, server) = agree(&config(&mut choices), &config(&mut choices));
                (pair(&client), pair(&server))
            } else {
                (None, None)
            };
            (Self { compression: client, room }, Self { compression: server, room })
        }
        #[cfg(not(feature = "deflate"))]
        (Self { room }, Self { room })
    }

    /// Whether a message may be compressed.
    #[cfg_attr(not(feature = "deflate"), allow(clippy::unused_self))]
    pub fn is_agreed(&self) -> bool {
        #[cfg(feature = "deflate")]
        return self.compression.is_some();
        #[cfg(not(feature = "deflate"))]
        false
    }

    /// Sends a fragment, compressed if that is possible and `compress` asks for it, or if its
    /// message was begun so.
    #[cfg_attr(not(feature = "deflate"), allow(clippy::unused_self, unused_variables))]
    pub fn send<'a, R: Role>(
        &mut self,
        ws: &mut Connection<R>,
        fragment: impl Into<Fragment<'a>>,
        compress: bool,
    ) -> Result<Vec<u8>, SendError> {
        let fragment = fragment.into();
        let mut out = vec![0; 2 * fragment.payload().len() + 100];
        #[cfg(feature = "deflate")]
        if let (Some((deflater, _)), true) = (&mut self.compression, compress) {
            let len = deflater.send(ws, fragment, &mut out)?;
            out.truncate(len);
            return Ok(out);
        }
        let len = ws.send(fragment, &mut out)?;
        out.truncate(len);
        Ok(out)
    }

    /// Room for an inflated chunk, to be lent to [`receive`](Self::receive).
    pub fn room(&self) -> Vec<u8> {
        vec![0xA5; self.room]
    }

    #[cfg_attr(not(feature = "deflate"), allow(clippy::unused_self, unused_variables))]
    pub fn receive<'c, 'b: 'c, R: Role>(
        &mut self,
        ws: &mut Connection<R>,
        input: &mut &'b mut [u8],
        room: &'c mut [u8],
    ) -> Result<Option<Event<'c>>, ProtocolError> {
        #[cfg(feature = "deflate")]
        if let Some((_, inflater)) = &mut self.compression {
            return inflater.receive(ws, input, room);
        }
        ws.receive(input)
    }

    /// Gives back what memory can be given back, which changes no message.
    #[cfg_attr(not(feature = "deflate"), allow(clippy::unused_self))]
    pub fn release(&mut self) {
        #[cfg(feature = "deflate")]
        if let Some((deflater, inflater)) = &mut self.compression {
            deflater.release();
            inflater.release();
        }
    }
}
