//! The headers that are relevant to an upgrade, collected in one pass over a head.

use super::http::headers::Field;
use super::http::tokens::list_has;

/// A header that may occur once in a head, or in several lines.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen<'h> {
    pub(super) first: Option<&'h [u8]>,
    pub(super) repeated: bool,
}

impl<'h> Seen<'h> {
    fn note(&mut self, value: &'h [u8]) {
        if self.first.is_some() {
            self.repeated = true;
        } else {
            self.first = Some(value);
        }
    }

    /// Returns the value, if there is exactly one.
    pub(super) fn once(&self) -> Option<&'h [u8]> {
        self.first.filter(|_| !self.repeated)
    }
}

/// The relevant contents of the headers, before any check.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Facts<'h> {
    pub(super) host: Seen<'h>,
    pub(super) origin: Seen<'h>,
    pub(super) upgrade: Seen<'h>,
    /// An `Upgrade` line lists `websocket`.
    pub(super) upgrade_websocket: bool,
    /// There is a `Connection` line.
    pub(super) connection: bool,
    /// A `Connection` line lists `upgrade`.
    pub(super) connection_upgrade: bool,
    /// A body is announced: a `Content-Length` other than 0, or a `Transfer-Encoding`.
    pub(super) body: bool,
    pub(super) key: Seen<'h>,
    pub(super) accept: Seen<'h>,
    pub(super) version: Seen<'h>,
    pub(super) subprotocols: Seen<'h>,
    pub(super) extensions: Seen<'h>,
}

impl<'h> FromIterator<Field<'h>> for Facts<'h> {
    fn from_iter<T: IntoIterator<Item = Field<'h>>>(headers: T) -> Self {
        let mut facts = Self::default();
        for (name, value) in headers {
            facts.note(name.as_bytes(), value);
        }
        facts
    }
}

impl<'h> Facts<'h> {
    fn note(&mut self, name: &[u8], value: &'h [u8]) {
        // The length rules out nearly every name before any letter is compared.
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        match name.len() {
            4 if is("host") => self.host.note(value),
            6 if is("origin") => self.origin.note(value),
            7 if is("upgrade") => {
                self.upgrade.note(value);
                self.upgrade_websocket |= list_has(value, b"websocket");
            }
            10 if is("connection") => {
                self.connection = true;
                self.connection_upgrade |= list_has(value, b"upgrade");
            }
            14 if is("content-length") => self.body |= value != b"0",
            17 if is("transfer-encoding") => self.body = true,
            17 if is("sec-websocket-key") => self.key.note(value),
            20 if is("sec-websocket-accept") => self.accept.note(value),
            21 if is("sec-websocket-version") => self.version.note(value),
            22 if is("sec-websocket-protocol") => self.subprotocols.note(value),
            24 if is("sec-websocket-extensions") => self.extensions.note(value),
            _ => {}
        }
    }
}
