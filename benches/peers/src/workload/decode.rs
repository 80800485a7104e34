//! Receiving as a server: masked messages.

use super::{Count, Verify, measure, mention_absent};
use crate::measure::{Contender, Settings};
use crate::peer::{About, Receive, limit, ours};
use crate::source::{READ_LEN, SHORT_READ, Source};
use crate::table::{Section, name_of_len};
use crate::wire::{self, BINARY, FIN, Keys, TEXT};

/// A stream, and the expected result.
pub struct Stream {
    pub source: Source,
    pub text: bool,
    pub messages: Vec<Vec<u8>>,
    /// The bytes that the server must write.
    pub replies: Vec<u8>,
}

impl Stream {
    /// Repeats a payload in whole messages, each with its own key; the stream fits a cache.
    pub fn of(payload: &[u8], text: bool) -> Self {
        let count = ((256 << 10) / (payload.len() + 8)).clamp(1, 8192);
        let (mut stream, mut keys) = (Vec::new(), Keys::new());
        let opcode = if text { TEXT } else { BINARY };
        for _ in 0..count {
            wire::frame(&mut stream, FIN | opcode, payload, Some(keys.next()));
        }
        Self {
            source: Source::new(stream, count as u64),
            text,
            messages: vec![payload.to_vec(); count],
            replies: Vec::new(),
        }
    }

    /// Verifies one pass, message by message and byte by byte, and counts in all later ones.
    pub fn contender<R: Receive + 'static>(&self) -> Contender {
        let mut peer = R::new(self.source.clone(), self.text);
        let mut verify = Verify { expected: &self.messages, open: Vec::new(), messages: 0 };
        let replies = self.source.output.record(|| peer.receive(&mut verify));
        let name = R::ABOUT.name;
        assert_eq!(verify.messages, self.messages.len(), "{name}: messages are missing");
        assert!(replies == self.replies, "{name}: the replies are not the expected ones");

        let bytes = self.messages.iter().map(Vec::len).sum::<usize>() as u64;
        let expected = Count { messages: self.messages.len() as u64, bytes };
        let (output, replies) = (self.source.output.clone(), self.replies.len() as u64);
        let pass = Box::new(move || {
            let mut count = Count::default();
            peer.receive(&mut count);
            assert_eq!(count, expected, "{name}");
            assert_eq!(output.take_count(), replies, "{name}");
        });
        let beside = if self.text { R::BESIDE_IN_TEXT } else { R::ABOUT.beside };
        Contender { about: About { beside, ..R::ABOUT }, pass }
    }

    /// All contenders that receive messages.
    pub fn peers(&self) -> Vec<Contender> {
        use crate::peer::*;
        vec![
            self.contender::<ours::Chunks<SHORT_READ>>(),
            self.contender::<layer::Messages<false>>(),
            self.contender::<layer::Messages<true>>(),
            self.contender::<layer::Owned>(),
            self.contender::<tungstenite::Server>(),
            self.contender::<fastwebsockets::Server>(),
            self.contender::<tokio_websockets::Server>(),
            self.contender::<soketto::Server>(),
            self.contender::<sockudo::Server>(),
            self.contender::<websocket_sans_io::Server>(),
            #[cfg(wslay)]
            self.contender::<wslay::Server>(),
        ]
    }

    /// The peers and the limits.
    fn contenders(&self) -> Vec<Contender> {
        let mut copy = limit::Copy::new(self.source.clone(), self.text);
        let pass = Box::new(move || copy.receive(&mut Count::default()));
        let mut contenders = vec![
            Contender { about: limit::Copy::ABOUT, pass },
            self.contender::<limit::Bare<SHORT_READ>>(),
        ];
        contenders.append(&mut self.peers());
        contenders.push(self.contender::<limit::Bare<READ_LEN>>());
        contenders.push(self.contender::<ours::Chunks<READ_LEN>>());
        contenders
    }
}

pub fn binary(settings: Settings) -> Section {
    let mut section =
        Section::new("decode-binary", "Decode as a server, masked binary messages", ours::MESSAGES);
    for len in [8, 32, 125, 512, 1 << 10, 4 << 10, 16 << 10, 64 << 10, 1 << 20, 16 << 20] {
        let stream = Stream::of(&wire::binary(len), false);
        let work = (stream.source.messages, len as u64);
        measure(&mut section, name_of_len(len), work, &mut stream.contenders(), settings);
    }
    mention_absent(&mut section);
    section
}

pub fn text(settings: Settings) -> Section {
    let mut section = Section::new(
        "decode-text",
        "Decode as a server, masked text messages, validated and delivered whole",
        ours::MESSAGES,
    );
    let texts = [
        ("ASCII", wire::ASCII, &[32, 1 << 10, 64 << 10, 1 << 20][..]),
        ("JSON", wire::JSON, &[512, 1 << 10, 64 << 10]),
        ("Cyrillic", wire::CYRILLIC, &[64 << 10, 1 << 20]),
        ("CJK, emoji", wire::CJK_AND_EMOJI, &[64 << 10]),
    ];
    for (name, words, lens) in texts {
        for &len in lens {
            let stream = Stream::of(&wire::text(words, len), true);
            let work = (stream.source.messages, len as u64);
            let column = format!("{name} {}", name_of_len(len));
            measure(&mut section, column, work, &mut stream.contenders(), settings);
        }
    }
    mention_absent(&mut section);
    section
}
