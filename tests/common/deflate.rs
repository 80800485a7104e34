//! Compression without the crate: another implementation of DEFLATE, and what messages come to.

use super::driver::Keys;
use super::fuel::Meter;
use super::messages::delivered;
use super::oracle::{Seen, see};
use super::source::Source;
use super::wire::Frame;
use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, compress_to_output};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};
use rfc6455::deflate::{Config, Negotiated, Params};
use rfc6455::{
    Connection, Event, Incoming, Limits, Message, MessageBuffer, ProtocolError, Role, Server,
    Storage,
};

pub const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

/// A series of blocks, inflated from its first byte; `None` if it is corrupt. With the number of
/// bytes that it has, if one of its blocks is the last.
fn inflate_series(data: &[u8]) -> Option<(Vec<u8>, Option<usize>)> {
    let mut out = vec![0; data.len() * 4 + 1024];
    loop {
        let mut state = DecompressorOxide::new();
        let flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF
            | inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
        let (status, taken, len) = decompress(&mut state, data, &mut out, 0, flags);
        let ended = match status {
            TINFLStatus::HasMoreOutput => {
                out = vec![0; out.len() * 4];
                continue;
            }
            TINFLStatus::NeedsMoreInput => None,
            TINFLStatus::Done => Some(taken),
            _ => return None,
        };
        out.truncate(len);
        return Some((out, ended));
    }
}

/// What inflates one message after the other, by inflating everything again.
#[derive(Default)]
pub struct Oracle {
    /// The series that is not over.
    data: Vec<u8>,
    takeover: bool,
}

impl Oracle {
    pub fn new(takeover: bool) -> Self {
        Self { data: Vec::new(), takeover }
    }

    /// The message that this payload, of all its frames together, inflates to.
    pub fn inflate(&mut self, payload: &[u8]) -> Option<Vec<u8>> {
        if !self.takeover {
            self.data.clear();
        }
        if payload.is_empty() {
            return Some(Vec::new()); // an empty message without the byte of an empty block
        }
        let (before, _) = inflate_series(&self.data)?;
        let mut skip = before.len();
        self.data.extend_from_slice(payload);
        self.data.extend_from_slice(&TAIL);
        let mut message = Vec::new();
        loop {
            let (out, ended) = inflate_series(&self.data)?;
            message.extend_from_slice(&out[skip..]);
            if let Some(end) = ended.filter(|end| end + TAIL.len() <= self.data.len()) {
                self.data.drain(..end);
                skip = 0;
                if self.data == TAIL {
                    self.data.clear(); // which no block was open for
                    return Some(message);
                }
                continue;
            }
            // The tail adds nothing but the end of an empty block.
            if inflate_series(self.data.strip_suffix(&TAIL)?)?.0 != out {
                return None;
            }
            let closed = [&self.data[..], &[1], &TAIL].concat();
            let between_blocks = match ended {
                // Nor does a last block behind it, unless it is inside of another one.
                None => inflate_series(&closed)? == (out, Some(closed.len())),
                Some(end) => end == std::mem::take(&mut self.data).len(),
            };
            return between_blocks.then_some(message);
        }
    }
}

/// What compresses one message after the other.
pub struct Compressor {
    state: CompressorOxide,
}

impl Compressor {
    pub fn new(level: i32) -> Self {
        let flags = miniz_oxide::deflate::core::create_comp_flags_from_zip_params(level, -15, 0);
        Self { state: CompressorOxide::new(flags) }
    }

    pub fn compress(&mut self, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        compress_to_output(&mut self.state, payload, TDEFLFlush::Sync, |piece| {
            out.extend_from_slice(piece);
            true
        });
        assert!(out.ends_with(&TAIL), "{out:02X?}");
        out.truncate(out.len() - 4);
        out
    }
}

/// What both ends think that they have agreed to: the client's view, and the server's.
pub fn agree(client: &Config, server: &Config) -> (Negotiated, Negotiated) {
    let offer = client.offer();
    let first = offer.split(',').next().unwrap();
    let by_server = server.accept(read(first).unwrap()).unwrap();
    (client.confirm(read(&by_server.response()).unwrap()).unwrap(), by_server)
}

/// Parameters as they stand in a header, by a reader that knows no quotes.
pub fn read(extension: &str) -> Option<Params> {
    let mut words = extension.split(';').map(str::trim);
    assert_eq!(words.next(), Some(Params::NAME));
    Params::parse(words.map(|word| match word.split_once('=') {
        Some((name, value)) => (name, Some(value.bytes())),
        None => (word, None),
    }))
}

/// These parameters, if there are such (RFC 7692 §7.1), each at most once.
pub fn params_of(list: &[(String, Option<String>)]) -> Option<Params> {
    let bits = |value: &str| (8..=15).find(|bits: &u8| bits.to_string() == value);
    let mut params = Params::default();
    for (index, (name, value)) in list.iter().enumerate() {
        if list[..index].iter().any(|(earlier, _)| earlier == name) {
            return None;
        }
        match (&**name, value.as_deref()) {
            ("server_no_context_takeover", None) => params.server_no_context_takeover = true,
            ("client_no_context_takeover", None) => params.client_no_context_takeover = true,
            ("server_max_window_bits", Some(value)) => {
                params.server_max_window_bits = Some(bits(value)?);
            }
            ("client_max_window_bits", None) => params.client_max_window_bits = Some(None),
            ("client_max_window_bits", Some(value)) => {
                params.client_max_window_bits = Some(Some(bits(value)?));
            }
            _ => return None,
        }
    }
    Some(params)
}

/// A server's answer grants what the offer demands, and asks for nothing that it rules out; and
/// the client whose offer it is takes it (RFC 7692 §7.1).
pub fn an_offer_is_answered_within_it(offer: Params) {
    let Some(by_server) = Config::DEFAULT.accept(offer) else {
        assert_eq!(offer.server_max_window_bits, Some(8), "declined");
        return;
    };
    let answer = read(&by_server.response()).unwrap();
    assert!(answer.server_no_context_takeover >= offer.server_no_context_takeover);
    let window = by_server.send_window();
    assert!(window <= offer.server_max_window_bits.unwrap_or(15));
    assert_eq!(answer.server_max_window_bits.unwrap_or(15), window);
    assert!(answer.client_max_window_bits.is_none() || offer.client_max_window_bits.is_some());
    let asked = offer.server_max_window_bits.unwrap_or(15);
    let client = Config::DEFAULT
        .receive_window(asked)
        .receive_takeover(!offer.server_no_context_takeover)
        .send_takeover(!offer.client_no_context_takeover)
        .fallback(false);
    let by_client = client.confirm(answer).unwrap();
    assert_eq!(by_client.receive_window(), window);
    assert_eq!(by_client.receive_takeover(), by_server.send_takeover());
    assert_eq!(by_client.send_takeover(), by_server.receive_takeover());
    assert!(by_client.send_window() <= by_server.receive_window());
}

/// Parameters where the peer's messages refer to earlier ones, or not.
pub fn negotiated(takeover: bool) -> Negotiated {
    let config = Config::DEFAULT.receive_takeover(takeover);
    let params = Params { server_no_context_takeover: !takeover, ..Params::default() };
    config.confirm(params).unwrap()
}

/// What a receiver made of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    pub events: Vec<Seen>,
    pub error: Option<ProtocolError>,
}

/// Feeds these pieces to the streaming tier, with `room` bytes of output.
pub fn stream<'a, R: Role>(
    mut ws: Connection<R>,
    negotiated: &Negotiated,
    room: usize,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Report {
    let mut inflater = negotiated.inflater();
    let mut report = Report { events: Vec::new(), error: None };
    let mut meter = Meter::start();
    for piece in pieces {
        meter.give(piece.len());
        let mut buffer = piece.to_vec();
        let mut input = &mut buffer[..];
        loop {
            let mut out = vec![0xA5; room];
            let result = inflater.receive(&mut ws, &mut input, &mut out);
            let len = if let Ok(Some(Event::Data(chunk))) = &result { chunk.len() } else { 0 };
            meter.call(len);
            match result {
                Ok(Some(event)) => {
                    assert_eq!(report.error, None, "an event after an error");
                    let event = super::driver::seen(&event, &ws);
                    see(&mut report.events, event);
                }
                Ok(None) => {
                    assert!(input.is_empty());
                    assert!(report.error.is_none() || piece.is_empty(), "an error was forgotten");
                    break;
                }
                Err(error) => {
                    assert!(input.is_empty());
                    assert!(report.error.is_none_or(|earlier| earlier == error));
                    report.error = Some(error);
                    break;
                }
            }
            ws.poll_transmit();
        }
        assert_eq!(ws.error(), report.error);
    }
    report
}

/// Feeds these pieces to the tier of whole messages.
pub fn whole<'a, R: Role, S: Storage>(
    mut ws: Connection<R>,
    negotiated: &Negotiated,
    messages: &mut MessageBuffer<S>,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Report {
    let mut inflater = negotiated.inflater();
    let mut report = Report { events: Vec::new(), error: None };
    let mut meter = Meter::start();
    for piece in pieces {
        meter.give(piece.len());
        let mut buffer = piece.to_vec();
        let mut input = &mut buffer[..];
        loop {
            let result = messages.receive_inflated(&mut inflater, &mut ws, &mut input);
            meter.call(delivered(&result));
            let event = match result {
                Ok(Some(Incoming::Message(message))) => {
                    let text = matches!(message, Message::Text(_));
                    let bytes = message.as_bytes().to_vec();
                    Seen::Data { text, rsv1: false, first: true, last: true, bytes }
                }
                Ok(Some(Incoming::Ping)) => Seen::Ping(ws.control_payload().to_vec()),
                Ok(Some(Incoming::Pong)) => Seen::Pong(ws.control_payload().to_vec()),
                Ok(Some(Incoming::Close(code))) => {
                    Seen::Close(code.map(|code| (code.get(), String::new())))
                }
                Ok(None) => {
                    assert!(input.is_empty());
                    assert!(report.error.is_none() || piece.is_empty(), "an error was forgotten");
                    break;
                }
                Err(error) => {
                    assert!(input.is_empty());
                    assert!(report.error.is_none_or(|earlier| earlier == error));
                    report.error = Some(error);
                    break;
                }
            };
            assert_eq!(report.error, None, "an event after an error");
            report.events.push(event);
            ws.poll_transmit();
        }
        assert_eq!(ws.error(), report.error);
    }
    report
}

/// The messages that these events, control frames among them, come to.
pub fn messages(report: &Report) -> Vec<(bool, Vec<u8>)> {
    let (mut messages, mut open) = (Vec::new(), Vec::new());
    for event in &report.events {
        let Seen::Data { text, last, bytes, .. } = event else { continue };
        open.extend_from_slice(bytes);
        if *last {
            messages.push((*text, std::mem::take(&mut open)));
        }
    }
    messages
}

/// A client without keys to speak of.
pub fn client(limits: Limits) -> Connection<rfc6455::Client<Keys>> {
    Connection::client(Keys(3), limits)
}

pub fn server(limits: Limits) -> Connection<Server> {
    Connection::server(limits)
}

/// The frames of a compressed message, split at these places.
pub fn frames(text: bool, payload: &[u8], cuts: &[usize]) -> Vec<Frame> {
    let pieces = super::driver::cut(payload, cuts);
    let count = pieces.len();
    let frame = |(index, piece): (usize, &[u8])| {
        let opcode = if index > 0 { 0 } else { 0x40 | if text { 1 } else { 2 } };
        Frame::new(opcode | if index + 1 == count { 0x80 } else { 0 }, piece)
    };
    pieces.into_iter().enumerate().map(frame).collect()
}

/// Content that can be compressed, more or less.
pub fn content(source: &mut Source<'_>) -> (bool, Vec<u8>) {
    let (text, len) = (source.flag(), source.len());
    if text {
        return (true, source.text(len).into_bytes());
    }
    let mut state = u64::from(source.byte()) << 8 | 1;
    let noise = source.below(4);
    let bytes = (0..len).map(|index| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        match noise {
            0 => state as u8,
            1 => (state as u8) & 3,
            2 => (index / 7) as u8,
            _ => b'x',
        }
    });
    (false, bytes.collect())
}
