//! The headers that are relevant to an upgrade, collected in one pass over a head.

use super::http::headers::{Headers, RawHeaderIter};
use super::http::tokens::list_has;

/// A header whose values are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Host,
    Origin,
    Upgrade,
    Key,
    Accept,
    Version,
    Subprotocols,
    Extensions,
}

/// The names of the headers: of those above, in their order, and of those below.
const NAMES: [&str; 11] = [
    "host",
    "origin",
    "upgrade",
    "sec-websocket-key",
    "sec-websocket-accept",
    "sec-websocket-version",
    "sec-websocket-protocol",
    "sec-websocket-extensions",
    "connection",
    "content-length",
    "transfer-encoding",
];
const UPGRADE: usize = Name::Upgrade as usize;
const CONNECTION: usize = 8;
const CONTENT_LENGTH: usize = 9;
const TRANSFER_ENCODING: usize = 10;

/// A header that may occur once in a head, or in several lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'h> {
    pub(super) first: Option<&'h [u8]>,
    pub(super) repeated: bool,
}

impl<'h> Seen<'h> {
    /// Returns the value, if there is exactly one.
    pub(super) fn once(&self) -> Option<&'h [u8]> {
        self.first.filter(|_| !self.repeated)
    }
}

/// The relevant contents of the headers, before any check.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts<'h> {
    /// The first value of each [`Name`].
    first: [Option<&'h [u8]>; 8],
    /// A bit for each name that occurs again.
    repeated: u8,
    /// An `Upgrade` line lists `websocket`.
    pub(super) upgrade_websocket: bool,
    /// There is a `Connection` line.
    pub(super) connection: bool,
    /// A `Connection` line lists `upgrade`.
    pub(super) connection_upgrade: bool,
    /// A body is announced: a `Content-Length` other than 0, or a `Transfer-Encoding`.
    pub(super) body: bool,
}

impl<'h> Facts<'h> {
    pub(super) fn of(headers: Headers<'h>) -> Self {
        let mut facts = Self::default();
        for (name, value) in headers.raw() {
            facts.note(name, value);
        }
        facts
    }

    fn note(&mut self, name: &[u8], value: &'h [u8]) {
        let is_it = |known: &&str| name.eq_ignore_ascii_case(known.as_bytes());
        let Some(index) = NAMES.iter().position(is_it) else { return };
        match self.first.get_mut(index) {
            Some(Some(_)) => self.repeated |= 1 << (index & 7),
            Some(first) => *first = Some(value),
            None => {}
        }
        match index {
            UPGRADE => self.upgrade_websocket |= list_has(value, b"websocket"),
            CONNECTION => {
                self.connection = true;
                self.connection_upgrade |= list_has(value, b"upgrade");
            }
            CONTENT_LENGTH => self.body |= value != b"0",
            TRANSFER_ENCODING => self.body = true,
            _ => {}
        }
    }

    /// Returns what was seen of a header.
    pub(super) fn seen(&self, name: Name) -> Seen<'h> {
        let first = self.first.get(name as usize).copied().flatten();
        Seen { first, repeated: self.repeated >> (name as u8) & 1 != 0 }
    }

    /// Returns the values of a header; searches `headers`, of which these are the facts, only if it
    /// has several lines.
    pub(super) fn values(&self, name: Name, headers: Headers<'h>) -> Values<'h> {
        let seen = self.seen(name);
        Values { once: seen.once(), rest: seen.repeated.then(|| headers.raw()), name }
    }
}

/// The values of a header, line by line.
pub(super) struct Values<'h> {
    once: Option<&'h [u8]>,
    /// The headers to be searched.
    rest: Option<RawHeaderIter<'h>>,
    name: Name,
}

impl<'h> Iterator for Values<'h> {
    type Item = &'h [u8];

    fn next(&mut self) -> Option<&'h [u8]> {
        let name = NAMES.get(self.name as usize)?.as_bytes();
        self.once.take().or_else(|| {
            let mut named = self.rest.as_mut()?.filter(|(it, _)| it.eq_ignore_ascii_case(name));
            named.next().map(|(_, value)| value)
        })
    }
}
