//! One end of a connection, as an application uses it: a `Connection`, or the layer over it, with
//! compression if both ends agree to it.

use super::driver::{Keys, seen};
use super::fuel::Meter;
use super::oracle::Seen;
use super::source::Source;
use rfc6455::*;

#[cfg(feature = "alloc")]
use super::websocket::{seen_of, write_all};
#[cfg(feature = "deflate")]
use super::{deflate::agree, deflating::config as compression};
#[cfg(feature = "alloc")]
use rfc6455::websocket::Config;

/// One end.
pub enum End<R: FixedRole> {
    Connection(Box<Connection<R>>),
    #[cfg(feature = "alloc")]
    WebSocket(Box<WebSocket<R, Vec<u8>>>),
}

/// A client and a server, and whether they compress. The same choices are read whatever the features.
pub fn ends(source: &mut Source<'_>) -> (End<Client<Keys>>, End<Server>, bool) {
    let (agreed, above) = (source.flag(), source.pick(&[0, u64::MAX, 300, 7]));
    let mut choices = Source(&source.0[..source.0.len().min(if agreed { 16 } else { 0 })]);
    source.0 = &source.0[choices.0.len()..];
    let layered = [source.flag() || agreed, source.flag() || agreed];
    #[cfg(feature = "deflate")]
    if agreed {
        let config = Config::DEFAULT.stream_above(above);
        let (client, server) = (compression(&mut choices), compression(&mut choices));
        let (client, server) = agree(&client, &server);
        let client = WebSocket::client(Keys(1), config).deflate(Some(client));
        let server = WebSocket::server(config).deflate(Some(server));
        return (End::WebSocket(Box::new(client)), End::WebSocket(Box::new(server)), true);
    }
    let client = End::new(Client::new(Keys(1)), layered[0], above);
    let server = End::new(Server, layered[1], above);
    _ = &mut choices;
    (client, server, false)
}

impl<R: FixedRole> End<R> {
    /// The layer over a connection, if there is one; it yields messages above this in chunks.
    fn new(role: R, layered: bool, above: u64) -> Self {
        #[cfg(feature = "alloc")]
        if layered {
            let config = Config::DEFAULT.stream_above(above);
            let ws = WebSocket::new(role, config, Vec::new(), Vec::new());
            return Self::WebSocket(Box::new(ws));
        }
        _ = (layered, above);
        Self::Connection(Box::new(Connection::new(role, Limits::DEFAULT)))
    }

    /// Sends a fragment and returns the bytes to write. It is compressed if that was negotiated and
    /// `compress` is set, or if the message's first fragment was.
    pub fn send(&mut self, fragment: Fragment<'_>, compress: bool) -> Result<Vec<u8>, SendError> {
        let _ = compress;
        match self {
            Self::Connection(ws) => {
                let mut out = vec![0; fragment.payload().len() + FrameHeader::MAX_LEN];
                let len = ws.send(fragment, &mut out)?;
                out.truncate(len);
                Ok(out)
            }
            #[cfg(feature = "alloc")]
            Self::WebSocket(ws) => {
                if compress {
                    ws.send(fragment)?;
                } else {
                    ws.sender().send_plain(fragment)?;
                }
                Ok(write_all(ws))
            }
        }
    }

    pub fn ping(&mut self, payload: &[u8]) -> Result<Vec<u8>, SendError> {
        match self {
            Self::Connection(ws) => ws.ping(payload).map(|frame| frame.to_vec()),
            #[cfg(feature = "alloc")]
            Self::WebSocket(ws) => ws.ping(payload).map(|()| write_all(ws)),
        }
    }

    /// Begins the closing handshake, or takes part in it.
    pub fn close(&mut self, with: Option<(CloseCode, &str)>) -> Result<Vec<u8>, SendError> {
        match (self, with) {
            (Self::Connection(ws), Some((code, reason))) => {
                ws.close(code, reason).map(|frame| frame.to_vec())
            }
            (Self::Connection(ws), None) => ws.close_without_code().map(|frame| frame.to_vec()),
            #[cfg(feature = "alloc")]
            (Self::WebSocket(ws), Some((code, reason))) => {
                ws.close(code, reason).map(|()| write_all(ws))
            }
            #[cfg(feature = "alloc")]
            (Self::WebSocket(ws), None) => ws.sender().close_without_code().map(|()| write_all(ws)),
        }
    }

    /// Returns the answers that are pending.
    pub fn transmit(&mut self) -> Vec<u8> {
        match self {
            Self::Connection(ws) => {
                let frames = std::iter::from_fn(|| ws.poll_transmit());
                frames.flat_map(|frame| frame.to_vec()).collect()
            }
            #[cfg(feature = "alloc")]
            Self::WebSocket(ws) => write_all(ws),
        }
    }

    /// Receives the next event from the front of these bytes.
    pub fn receive(
        &mut self,
        input: &mut &mut [u8],
        meter: &mut Meter,
    ) -> Result<Option<Seen>, ProtocolError> {
        match self {
            Self::Connection(ws) => {
                let event = ws.receive(input);
                meter.call(0);
                let Some(event) = event? else { return Ok(None) };
                Ok(Some(seen(&event, ws)))
            }
            #[cfg(feature = "alloc")]
            Self::WebSocket(ws) => loop {
                let event = ws.next().map(|next| next.map(|(event, _)| seen_of(event)));
                let out =
                    if let Ok(Some(Seen::Data { bytes, .. })) = &event { bytes.len() } else { 0 };
                meter.call(out);
                if !matches!(event, Ok(None)) || input.is_empty() {
                    return event;
                }
                let len = ws.feed(input);
                meter.call(0);
                assert!(len > 0, "no room to read into");
                _ = input.split_off_mut(..len);
            },
        }
    }

    pub fn receive_eof(&mut self) -> Eof {
        match self {
            Self::Connection(ws) => ws.receive_eof(),
            #[cfg(feature = "alloc")]
            Self::WebSocket(ws) => ws.receive_eof(),
        }
    }

    pub fn is_closed(&self) -> bool {
        match self {
            Self::Connection(ws) => ws.is_closed(),
            #[cfg(feature = "alloc")]
            Self::WebSocket(ws) => ws.is_closed(),
        }
    }

    /// Returns whether nothing may be sent any more. The layer still sends what is to go before its
    /// answer to the peer's Close.
    pub fn refuses(&mut self, close_received: bool) -> bool {
        match self {
            Self::Connection(ws) => ws.is_close_sent() || close_received,
            #[cfg(feature = "alloc")]
            Self::WebSocket(ws) => ws.sender().is_close_sent(),
        }
    }
}
