//! What a receiver of messages reports of a stream, and how that is held to the oracle.

use super::oracle::{Outcome, Seen};
use rfc6455::ProtocolError;

/// What a receiver reports of a stream: parts of a message that follow each other are joined.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    pub events: Vec<Seen>,
    pub error: Option<ProtocolError>,
}

impl Report {
    /// The whole messages: whether each is text, and its bytes.
    pub fn messages(&self) -> Vec<(bool, Vec<u8>)> {
        joined(&self.events).0
    }

    /// What was yielded of the message that did not end.
    pub fn unfinished(&self) -> Vec<u8> {
        joined(&self.events).1
    }
}

/// The whole messages among these events, and the beginning of the last one.
fn joined(events: &[Seen]) -> (Vec<(bool, Vec<u8>)>, Vec<u8>) {
    let (mut whole, mut open) = (Vec::new(), Vec::new());
    for event in events {
        let Seen::Data { text, last, bytes, .. } = event else { continue };
        open.extend_from_slice(bytes);
        if *last {
            whole.push((*text, std::mem::take(&mut open)));
        }
    }
    (whole, open)
}

/// Whole messages are the oracle's, and so is everything else in its order: a control frame that
/// arrives inside a message is reported before it.
pub fn assert_agrees(report: &Report, outcome: &Outcome) {
    let control = |events: &[Seen]| {
        let is_control = |event: &&Seen| !matches!(event, Seen::Data { .. });
        events.iter().filter(is_control).cloned().collect::<Vec<_>>()
    };
    assert_eq!(control(&report.events), control(&outcome.events));
    assert_eq!(report.messages(), joined(&outcome.events).0);
    assert_fails_alike(report, outcome);
}

/// The violation is one that the oracle names, at its offset.
pub fn assert_fails_alike(report: &Report, outcome: &Outcome) {
    match (report.error, &outcome.fails) {
        (None, None) => {}
        (Some(error), Some((rules, at))) => {
            assert_eq!(error.offset(), *at as u64, "{error:?}, not {rules:?}");
            assert!(rules.contains(&&*format!("{:?}", error.violation())), "{error:?}: {rules:?}");
        }
        (codec, oracle) => panic!("the codec says {codec:?}, the oracle {oracle:?}"),
    }
}
