//! Request and response: each read returns one masked message, which is sent back at once.

use super::{measure, mention_absent};
use crate::measure::{Contender, Settings};
use crate::peer::Echo;
use crate::source::{SHORT_READ, Source};
use crate::table::{Section, name_of_len};
use crate::wire::{self, BINARY, FIN, Keys};

fn contender<E: Echo + 'static>(source: &Source, payload: &[u8]) -> Contender {
    let mut peer = E::new(source.clone());
    let written = source.output.record(|| peer.echo());
    let messages = wire::messages(&written, false);
    assert_eq!(messages.len() as u64, source.messages, "{}", E::ABOUT.name);
    assert!(messages.iter().all(|message| message == payload), "{}", E::ABOUT.name);

    let (output, len) = (source.output.clone(), written.len() as u64);
    let pass = Box::new(move || {
        peer.echo();
        assert_eq!(output.take_count(), len, "{}", E::ABOUT.name);
    });
    Contender { about: E::ABOUT, pass }
}

pub fn run(settings: Settings) -> Section {
    use crate::peer::*;
    let title = "Echo: decode one masked message, encode the reply";
    let mut section = Section::new("echo", title, ours::MESSAGES);
    for len in [8, 125, 1 << 10, 64 << 10] {
        let payload = &wire::binary(len);
        let (mut stream, mut keys) = (Vec::new(), Keys::new());
        let count = ((64 << 10) / (len + 8)).clamp(4, 1024) as u64;
        for _ in 0..count {
            wire::frame(&mut stream, FIN | BINARY, payload, Some(keys.next()));
        }
        let frame_len = stream.len() / usize::try_from(count).unwrap();
        let source = &Source::new(stream, count).cut(frame_len);
        let mut contenders = [
            contender::<ours::Chunks<SHORT_READ>>(source, payload),
            contender::<layer::Messages<false>>(source, payload),
            contender::<layer::Owned>(source, payload),
            contender::<tungstenite::Server>(source, payload),
            contender::<fastwebsockets::Server>(source, payload),
            contender::<tokio_websockets::Server>(source, payload),
            contender::<soketto::Server>(source, payload),
            contender::<sockudo::Server>(source, payload),
            contender::<websocket_sans_io::Server>(source, payload),
            #[cfg(wslay)]
            contender::<wslay::Server>(source, payload),
        ];
        measure(&mut section, name_of_len(len), (count, len as u64), &mut contenders, settings);
    }
    mention_absent(&mut section);
    section
}
