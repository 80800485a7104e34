//! Compression without the crate: another implementation of DEFLATE, and the messages it finds.

use super::driver::Keys;
use super::messages::Report;
use super::oracle::{self, Seen, Setting};
use super::source::Source;
use super::websocket::{self, drive};
use super::wire::Frame;
use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, compress_to_output};
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};
use rfc6455::deflate::{Config, Negotiated, Params};
use rfc6455::{Limits, Server, Violation, WebSocket};

pub type Client = rfc6455::Client<Keys>;

/// The bound above which no message comes in chunks.
pub const WHOLE: u64 = u64::MAX;

pub const TAIL: [u8; 4] = [0, 0, 0xFF, 0xFF];

/// Inflates a series of blocks from its first byte; `None` if it is corrupt. Also returns its
/// length in bytes, if one of its blocks is final.
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

/// Inflates one message after the other, each time from the first byte of the series.
#[derive(Default)]
pub struct Oracle {
    /// The series of blocks that has not ended.
    data: Vec<u8>,
    takeover: bool,
}

impl Oracle {
    pub fn new(takeover: bool) -> Self {
        Self { data: Vec::new(), takeover }
    }

    /// Inflates a message from its payload, joined from all its frames.
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

/// Compresses one message after the other.
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

/// The negotiated parameters as the client sees them, and as the server does.
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

/// A client that compresses and inflates; messages above this many bytes come in chunks.
pub fn client(limits: Limits, negotiated: &Negotiated, above: u64) -> WebSocket<Client, Vec<u8>> {
    let config = websocket::config(limits).stream_above(above);
    WebSocket::client(Keys(3), config).deflate(Some(*negotiated))
}

/// The same as a server.
pub fn server(limits: Limits, negotiated: &Negotiated, above: u64) -> WebSocket<Server, Vec<u8>> {
    let config = websocket::config(limits).stream_above(above);
    WebSocket::server(config).deflate(Some(*negotiated))
}

/// Feeds these pieces to a new end that inflates, and yields messages above this many bytes in
/// chunks.
pub fn receive<'a>(
    is_server: bool,
    limits: Limits,
    negotiated: &Negotiated,
    above: u64,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Report {
    let report = if is_server {
        drive(&mut server(limits, negotiated, above), pieces)
    } else {
        drive(&mut client(limits, negotiated, above), pieces)
    };
    websocket::assert_bounded(&report, above);
    report
}

/// The messages are those that another inflater finds, and there is a violation if it fails.
pub fn assert_inflated(report: &Report, wire: &[u8], setting: &Setting, takeover: bool) {
    let outcome = oracle::decode(wire, setting);
    let (mut inflater, mut expected) = (Oracle::new(takeover), Vec::new());
    let (mut open, mut refused) = (Vec::new(), false);
    for event in &outcome.events {
        let Seen::Data { text, rsv1, last, bytes, .. } = event else { continue };
        open.extend_from_slice(bytes);
        if !last {
            continue;
        }
        let message = std::mem::take(&mut open);
        let message = if *rsv1 { inflater.inflate(&message) } else { Some(message) };
        let right = |message: &Vec<u8>| {
            message.len() as u64 <= setting.limits.max_message
                && (!text || std::str::from_utf8(message).is_ok())
        };
        let Some(message) = message.filter(right) else {
            refused = true;
            break;
        };
        expected.push((*text, message));
    }
    assert_eq!(report.messages(), expected);
    match report.error {
        None => assert!(!refused && outcome.fails.is_none()),
        // Only the inflater knows the contents of an incomplete message.
        Some(error) if !refused && outcome.fails.is_none() => assert!(matches!(
            error.violation(),
            Violation::InvalidDeflate | Violation::InvalidUtf8 | Violation::MessageTooBig
        )),
        Some(_) => {}
    }
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
