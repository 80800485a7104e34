//! The bytes of heap that a connection's compression holds, including the value itself.

use std::fmt::Write;

use allocation_counter::measure;

use crate::peer::{self, Receive, Send};
use crate::source::{Output, Source};

/// Returns what a value and its heap hold: when just made, and after one message of 1 KiB.
fn held<T>(make: impl FnOnce() -> T, one: impl FnOnce(&mut T)) -> [i64; 2] {
    let mut value = None;
    let heap = measure(|| value = Some(make())).bytes_current;
    let more = measure(|| one(value.as_mut().unwrap())).bytes_current;
    let idle = heap + size_of::<T>().cast_signed() as i64;
    [idle, idle + more]
}

fn row<S: Send, R: Receive>(text: &mut String, name: &str, takeover: bool) {
    let texts = crate::json::messages(1 << 10, 1);
    let output = Output::default();
    let stream = {
        let mut sender = peer::ours::Sender::new(takeover, output.clone());
        output.record(|| sender.send(&texts))
    };
    let source = Source::new(stream, 1);
    let sender = held(|| S::new(takeover, output.clone()), |sender| sender.send(&texts));
    let receiver = held(
        || R::new(takeover, source.clone()),
        |receiver| receiver.receive(&mut |message| _ = std::hint::black_box(message)),
    );
    let how = if takeover { "yes" } else { "no" };
    writeln!(
        text,
        "| {name} | {how} | {} | {} | {} | {} |",
        sender[0], sender[1], receiver[0], receiver[1]
    )
    .unwrap();
}

pub fn report() -> String {
    let mut text = String::from(
        "| bytes held | takeover | sender, made | after 1 KiB | receiver, made | after 1 KiB |\n\
         |---|---|---:|---:|---:|---:|\n",
    );
    for takeover in [true, false] {
        row::<peer::ours::Sender, peer::ours::Receiver>(&mut text, "rfc6455", takeover);
        row::<peer::bare::Sender, peer::bare::Receiver>(&mut text, "limit: zlib-rs", takeover);
        row::<peer::sockudo::Sender, peer::sockudo::Receiver>(&mut text, "sockudo-ws", takeover);
        row::<peer::yawc::Sender, peer::yawc::Receiver>(&mut text, "yawc", takeover);
        #[cfg(feature = "soketto")]
        if !takeover {
            row::<peer::soketto::Sender, peer::soketto::Receiver>(&mut text, "soketto", takeover);
        }
    }
    text
}
