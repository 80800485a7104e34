//! Sending: a message becomes bytes that are handed over, as a server and as a client.

use rfc6455::{Client, Server};

use super::{measure, mention_absent};
use crate::measure::{Contender, Settings};
use crate::peer::{About, Send, ours};
use crate::source::Source;
use crate::table::{Section, name_of_len};
use crate::wire::{self, Keys};

pub const MEMCPY: &str = "limit: memcpy";
const LENS: [usize; 6] = [8, 32, 125, 1 << 10, 16 << 10, 64 << 10];

/// The payload's copy alone.
struct Memcpy {
    payload: Vec<u8>,
    out: Vec<u8>,
    source: Source,
}

impl Memcpy {
    const ABOUT: About = About::new(MEMCPY, MEMCPY, "no header, no mask");

    fn pass(&mut self) {
        for _ in 0..self.source.messages {
            self.out.copy_from_slice(std::hint::black_box(&self.payload));
            self.source.output.write(&self.out);
        }
        self.source.output.take_count();
    }
}

/// Verifies some frames, and counts bytes in all later passes.
fn contender<S: Send + 'static>(payload: &[u8], source: &Source, client: bool) -> Contender {
    let mut peer = S::new(payload.to_vec(), source.clone());
    let written = source.output.record(|| peer.send());
    let messages = wire::messages(&written, client);
    assert_eq!(messages.len() as u64, source.messages, "{}", S::ABOUT.name);
    assert!(messages.iter().all(|message| message == payload), "{}", S::ABOUT.name);
    if client {
        let keys: std::collections::HashSet<_> =
            wire::frames(&written).into_iter().map(|frame| frame.key).collect();
        assert!(keys.len() > 1, "{}: one key for all frames", S::ABOUT.name);
    }

    let (output, len) = (source.output.clone(), written.len() as u64);
    let pass = Box::new(move || {
        peer.send();
        assert_eq!(output.take_count(), len, "{}", S::ABOUT.name);
    });
    Contender { about: S::ABOUT, pass }
}

fn run<O: Send + 'static>(mut section: Section, client: bool, settings: Settings) -> Section {
    for len in LENS {
        let payload = wire::binary(len);
        let count = ((256 << 10) / (len + 8)).clamp(2, 1024) as u64;
        // Nothing is received, but a stream must not be empty.
        let source = &Source::new(vec![0], count);
        let mut contenders = peers::<O>(&payload, source, client);
        let out = vec![0; len];
        let mut memcpy = Memcpy { payload, out, source: source.clone() };
        let pass = Box::new(move || memcpy.pass());
        contenders.insert(0, Contender { about: Memcpy::ABOUT, pass });
        measure(&mut section, name_of_len(len), (count, len as u64), &mut contenders, settings);
    }
    mention_absent(&mut section);
    section
}

fn peers<O: Send + 'static>(payload: &[u8], source: &Source, client: bool) -> Vec<Contender> {
    use crate::peer::*;
    macro_rules! both {
        ($peer:ident) => {
            if client {
                contender::<$peer::Sender<true>>(payload, source, client)
            } else {
                contender::<$peer::Sender<false>>(payload, source, client)
            }
        };
    }
    let mut contenders = vec![contender::<O>(payload, source, client)];
    if !client {
        contenders.push(contender::<ours::InPlace>(payload, source, client));
    }
    contenders.extend([
        both!(tungstenite),
        both!(fastwebsockets),
        both!(tokio_websockets),
        both!(soketto),
        both!(sockudo),
        both!(websocket_sans_io),
        #[cfg(wslay)]
        both!(wslay),
    ]);
    contenders
}

pub fn server(settings: Settings) -> Section {
    let title = "Encode as a server, unmasked binary messages";
    run::<ours::Slice<Server>>(Section::new("encode-server", title, ours::SLICE), false, settings)
}

pub fn client(settings: Settings) -> Section {
    let title = "Encode as a client, masked binary messages";
    let section = Section::new("encode-client", title, ours::SLICE);
    run::<ours::Slice<Client<Keys>>>(section, true, settings)
}
