//! permessage-deflate for the examples, used with the feature `deflate` if the peer agrees.

#[cfg(feature = "deflate")]
pub(crate) use on::{Compression, Config};

#[cfg(not(feature = "deflate"))]
pub(crate) use off::{Compression, Config};

/// The command-line options for compression.
pub(crate) const USAGE: &str = "
With the feature `deflate`, messages are compressed for a peer that wants it:
  --window BITS          the largest window, ours and the peer's: 9 to 15 (default: 15)
  --no-takeover          no message refers to an earlier one, on either side
";

/// Parses the value of `--window`.
pub(crate) fn window(bits: &str) -> Result<u8, &'static str> {
    bits.parse().ok().filter(|bits| *bits < 16).ok_or("--window needs a number from 9 to 15")
}

#[cfg(feature = "deflate")]
#[allow(dead_code, reason = "each example is one end, and one tier")]
#[allow(clippy::unnecessary_wraps, reason = "without the feature, there is nothing")]
mod on {
    use rfc6455::deflate::{self, Deflater, HeaderText, Inflater, Negotiated};
    use rfc6455::handshake::{Established, HandshakeError, Upgrade};
    use rfc6455::{
        Connection, Event, Fragment, Incoming, MessageBuffer, ProtocolError, Receiver, Role,
        SendError, Sender, Storage,
    };

    /// The parameters to offer or accept.
    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Config(deflate::Config);

    impl Config {
        pub(crate) const DEFAULT: Self = Self(deflate::Config::DEFAULT);

        pub(crate) fn window(self, bits: u8) -> Self {
            Self(self.0.send_window(bits).receive_window(bits))
        }

        pub(crate) fn no_takeover(self) -> Self {
            Self(self.0.send_takeover(false).receive_takeover(false))
        }

        /// Returns a client's value of `Sec-WebSocket-Extensions`.
        pub(crate) fn offer(self) -> Option<HeaderText> {
            Some(self.0.offer())
        }

        /// Returns the server's response to an offer.
        pub(crate) fn accept(self, upgrade: &Upgrade<'_>) -> (Option<HeaderText>, Compression) {
            let negotiated = self.0.accept_offer(upgrade);
            (negotiated.as_ref().map(Negotiated::response), Compression::new(negotiated))
        }

        /// Checks the server's response, as a client.
        pub(crate) fn confirm(
            self,
            established: &Established<'_>,
        ) -> Result<Compression, HandshakeError> {
            Ok(Compression::new(self.0.confirm_response(established)?))
        }
    }

    /// The compression state of one connection.
    #[derive(Debug, Default)]
    pub(crate) struct Compression {
        inflater: Option<Inflater>,
        deflater: Option<Deflater>,
        /// The buffer for an inflated chunk.
        inflated: Vec<u8>,
    }

    impl Compression {
        fn new(negotiated: Option<Negotiated>) -> Self {
            let [inflater, deflater] = [negotiated; 2];
            Self {
                inflater: inflater.map(|negotiated| negotiated.inflater()),
                deflater: deflater.map(|negotiated| negotiated.deflater()),
                inflated: Vec::new(),
            }
        }

        /// Splits the state for two tasks, one per direction.
        pub(crate) fn into_split(self) -> (Self, Self) {
            let receiver = Self { inflater: self.inflater, ..Self::default() };
            (receiver, Self { deflater: self.deflater, ..Self::default() })
        }

        /// Returns the next chunk or control frame.
        pub(crate) fn receive<'c, 'b: 'c, R: Role>(
            &'c mut self,
            ws: &mut impl Receiver<R>,
            input: &mut &'b mut [u8],
        ) -> Result<Option<Event<'c>>, ProtocolError> {
            match &mut self.inflater {
                Some(inflater) => {
                    self.inflated.resize(16 << 10, 0);
                    inflater.receive(ws, input, &mut self.inflated)
                }
                None => ws.receive(input),
            }
        }

        /// Returns the next whole message or control frame.
        pub(crate) fn receive_message<'m, 'b: 'm, S: Storage, R: Role>(
            &mut self,
            messages: &'m mut MessageBuffer<S>,
            ws: &mut Connection<R>,
            input: &mut &'b mut [u8],
        ) -> Result<Option<Incoming<'m>>, ProtocolError> {
            match &mut self.inflater {
                Some(inflater) => messages.receive_inflated(inflater, ws, input),
                None => messages.receive(ws, input),
            }
        }

        /// Appends a compressed frame to `out`.
        ///
        /// Returns `false` without effect if the peer did not agree to compression.
        pub(crate) fn send<'a, R: Role>(
            &mut self,
            ws: &mut impl Sender<R>,
            fragment: impl Into<Fragment<'a>>,
            out: &mut Vec<u8>,
        ) -> Result<bool, SendError> {
            let Some(deflater) = &mut self.deflater else { return Ok(false) };
            deflater.send_to_vec(ws, fragment, out)?;
            Ok(true)
        }

        /// Frees memory between two messages; the next one sent starts with an empty window.
        pub(crate) fn release(&mut self) {
            if let Some(deflater) = &mut self.deflater {
                deflater.release();
            }
            if let Some(inflater) = &mut self.inflater {
                inflater.release();
            }
            self.inflated = Vec::new();
        }
    }
}

#[cfg(not(feature = "deflate"))]
#[allow(dead_code, unused_variables, clippy::unused_self, clippy::unnecessary_wraps)]
#[allow(clippy::needless_pass_by_ref_mut, clippy::needless_pass_by_value, clippy::ptr_arg)]
mod off {
    use rfc6455::handshake::{Established, HandshakeError, Upgrade};
    use rfc6455::{
        Connection, Event, Fragment, Incoming, MessageBuffer, ProtocolError, Receiver, Role,
        SendError, Storage,
    };

    #[derive(Clone, Copy, Debug)]
    pub(crate) struct Config;

    impl Config {
        pub(crate) const DEFAULT: Self = Self;

        pub(crate) fn window(self, bits: u8) -> Self {
            self
        }

        pub(crate) fn no_takeover(self) -> Self {
            self
        }

        pub(crate) fn offer(self) -> Option<String> {
            None
        }

        pub(crate) fn accept(self, upgrade: &Upgrade<'_>) -> (Option<String>, Compression) {
            (None, Compression)
        }

        pub(crate) fn confirm(
            self,
            established: &Established<'_>,
        ) -> Result<Compression, HandshakeError> {
            Ok(Compression)
        }
    }

    #[derive(Debug, Default)]
    pub(crate) struct Compression;

    impl Compression {
        pub(crate) fn into_split(self) -> (Self, Self) {
            (Self, Self)
        }

        pub(crate) fn receive<'b, R: Role>(
            &mut self,
            ws: &mut impl Receiver<R>,
            input: &mut &'b mut [u8],
        ) -> Result<Option<Event<'b>>, ProtocolError> {
            ws.receive(input)
        }

        pub(crate) fn receive_message<'m, 'b: 'm, S: Storage, R: Role>(
            &mut self,
            messages: &'m mut MessageBuffer<S>,
            ws: &mut Connection<R>,
            input: &mut &'b mut [u8],
        ) -> Result<Option<Incoming<'m>>, ProtocolError> {
            messages.receive(ws, input)
        }

        pub(crate) fn send<'a, W>(
            &mut self,
            ws: &mut W,
            fragment: impl Into<Fragment<'a>>,
            out: &mut Vec<u8>,
        ) -> Result<bool, SendError> {
            Ok(false)
        }

        pub(crate) fn release(&mut self) {}
    }
}
