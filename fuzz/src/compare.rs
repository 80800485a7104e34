//! Gives the same stream to this crate and to another codec, and compares the outcomes.

use crate::common::driver::cut;
use crate::common::oracle::Setting;
use crate::common::source::Source;
use crate::common::websocket;
use crate::differences::{self, Difference, Explanation};
use crate::verdict::{Compared, MAX_FRAME, MAX_MESSAGE, Verdict};
use rfc6455::Limits;

/// tungstenite in the same role, with the same limits, in the same pieces.
pub fn with_tungstenite(bytes: &[u8]) {
    let (server, stream, cuts) = choices(bytes);
    let theirs = crate::tungstenite::receive(server, cut(stream, &cuts));
    let limits = Limits::UNLIMITED.max_frame(MAX_FRAME.into()).max_message(MAX_MESSAGE.into());
    let setting = Setting { server, rsv1: false, limits };
    assert_explained(&setting, stream, &cuts, &theirs, &differences::TUNGSTENITE);
}

/// wslay in the same role, with the same limit on messages. It knows none on frames.
#[cfg(feature = "wslay")]
pub fn with_wslay(bytes: &[u8]) {
    let (server, stream, cuts) = choices(bytes);
    let theirs = crate::wslay::receive(server, stream);
    let limits = Limits::UNLIMITED.max_message(MAX_MESSAGE.into());
    let setting = Setting { server, rsv1: false, limits };
    assert_explained(&setting, stream, &cuts, &theirs, &differences::WSLAY);
}

/// So many bytes choose the role and the cuts; the rest is the stream.
pub const CHOICES: usize = 6;

fn choices(bytes: &[u8]) -> (bool, &[u8], Vec<usize>) {
    let (choices, stream) = bytes.split_at(bytes.len().min(CHOICES));
    let mut source = Source(choices);
    (source.flag(), stream, source.few_cuts(stream.len()))
}

/// Checks that both outcomes agree, except for known differences.
fn assert_explained(
    setting: &Setting,
    stream: &[u8],
    cuts: &[usize],
    theirs: &Verdict,
    differences: &[Difference],
) {
    let mut stream = stream.to_vec();
    loop {
        let cuts: Vec<_> = cuts.iter().map(|at| *at.min(&stream.len())).collect();
        let pieces = cut(&stream, &cuts);
        let config = websocket::config(setting.limits);
        let ours = websocket::run(setting, config, [Vec::new(), Vec::new()], pieces);
        let compared = Compared { stream: &stream, ours: &ours, theirs };
        if compared.is_same() {
            return;
        }
        match differences.iter().find_map(|difference| (difference.explains)(&compared)) {
            Some(Explanation::Everything) => return,
            Some(Explanation::ReadAs(other)) => {
                assert!(other.len() < stream.len(), "each time it becomes shorter");
                stream = other;
            }
            None => panic!("not explained: {compared:?}"),
        }
    }
}
