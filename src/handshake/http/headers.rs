//! The header lines of a checked head, and the trait for other sources of headers.

use core::fmt;

use super::chars::{ascii, position_below, trim_ows};

/// A header: its name and its value.
pub(crate) type Field<'h> = (&'h str, &'h [u8]);

/// A source of header fields that can be iterated repeatedly.
///
/// [`Headers`] is one. For the headers of another HTTP stack, use a `Copy` type, such as a newtype
/// around a reference to its map, whose iterator yields names and values in order. Names are
/// compared case-insensitively. See [`Request::from_parts`](crate::handshake::Request::from_parts).
pub trait HeaderSource<'h>: Copy + IntoIterator<Item = (&'h str, &'h [u8])> {}

impl<'h, T: Copy + IntoIterator<Item = (&'h str, &'h [u8])>> HeaderSource<'h> for T {}

/// The header lines of a head, in the order of arrival.
///
/// Iteration yields the name as spelled, and the value without surrounding whitespace.
#[derive(Clone, Copy)]
pub struct Headers<'h> {
    /// Whole lines of a parsed head, up to and including the empty one.
    lines: &'h [u8],
}

impl<'h> Headers<'h> {
    pub(crate) const fn new(lines: &'h [u8]) -> Self {
        Self { lines }
    }
}

impl<'h> IntoIterator for Headers<'h> {
    type Item = (&'h str, &'h [u8]);
    type IntoIter = HeaderIter<'h>;

    fn into_iter(self) -> HeaderIter<'h> {
        HeaderIter { rest: self.lines }
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.into_iter().map(|(name, value)| (name, ShownBytes(value))))
            .finish()
    }
}

struct ShownBytes<'a>(&'a [u8]);

impl fmt::Debug for ShownBytes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

/// An iterator over [`Headers`].
#[derive(Clone, Debug)]
pub struct HeaderIter<'h> {
    rest: &'h [u8],
}

impl<'h> Iterator for HeaderIter<'h> {
    type Item = (&'h str, &'h [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let mut end: usize = 0;
        loop {
            end = end.saturating_add(position_below(self.rest.get(end..)?, b' ')?);
            if self.rest.get(end) != Some(&b'\t') {
                break;
            }
            end = end.saturating_add(1);
        }
        let (line, rest) = self.rest.split_at_checked(end)?;
        let colon = line.iter().position(|&byte| byte == b':')?;
        let (name, value) = line.split_at_checked(colon)?;
        self.rest = rest.strip_prefix(b"\r\n")?;
        Some((ascii(name), trim_ows(value.strip_prefix(b":")?)))
    }
}

/// Returns the values of all headers in `source` that are called `name`.
pub(crate) fn values_of<'h, F: HeaderSource<'h>>(
    source: F,
    name: &str,
) -> impl Iterator<Item = &'h [u8]> + use<'h, '_, F> {
    source
        .into_iter()
        .filter(move |(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}
