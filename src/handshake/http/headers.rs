//! The headers of a head, wherever they are: in its lines, or in the types of another HTTP stack.

use core::fmt;

use super::chars::{position_below, split_at_byte, text, trim_ows};
#[cfg(feature = "alloc")]
use alloc::vec::Vec;

/// A header: its name and its value.
pub(crate) type Field<'h> = (&'h str, &'h [u8]);

/// The same, without a check that the name is text.
pub(crate) type RawField<'h> = (&'h [u8], &'h [u8]);

/// A list of header fields of another HTTP stack, for [`Headers`].
///
/// Arrays and vectors of pairs implement it. For another type, return the fields by their index.
/// Iteration asks for each index once, from 0 on, so a type without cheap access by index should
/// be collected into pairs first.
///
/// ```
/// use rfc6455::handshake::{HeaderSource, Headers};
///
/// struct Fields(Vec<(String, Vec<u8>)>);
///
/// impl HeaderSource for Fields {
///     fn field(&self, index: usize) -> Option<(&str, &[u8])> {
///         let (name, value) = self.0.get(index)?;
///         Some((name, value))
///     }
/// }
///
/// let fields = Fields(vec![("host".to_string(), b"example.com".to_vec())]);
/// let headers = Headers::from(&fields);
/// assert!(headers.into_iter().eq([("host", &b"example.com"[..])]));
/// ```
pub trait HeaderSource: Sync {
    /// Returns the name and the value of a field; `None` if there are only `index` fields or fewer.
    fn field(&self, index: usize) -> Option<(&str, &[u8])>;
}

impl<N: AsRef<str> + Sync, V: AsRef<[u8]> + Sync> HeaderSource for &[(N, V)] {
    fn field(&self, index: usize) -> Option<(&str, &[u8])> {
        self.get(index).map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}

impl<N: AsRef<str> + Sync, V: AsRef<[u8]> + Sync, const M: usize> HeaderSource for [(N, V); M] {
    fn field(&self, index: usize) -> Option<(&str, &[u8])> {
        self.get(index).map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}

#[cfg(feature = "alloc")]
impl<N: AsRef<str> + Sync, V: AsRef<[u8]> + Sync> HeaderSource for Vec<(N, V)> {
    fn field(&self, index: usize) -> Option<(&str, &[u8])> {
        self.get(index).map(|(name, value)| (name.as_ref(), value.as_ref()))
    }
}

/// The headers of a request or a response, in order.
///
/// They are the lines of a head that this crate has parsed, or belong to another HTTP stack: make
/// them with [`From`] out of a reference to any [`HeaderSource`], out of a slice of names and
/// values, or with the feature `http` out of a `&http::HeaderMap`.
///
/// Iteration yields the name as spelled, and the value without surrounding whitespace.
#[derive(Clone, Copy)]
pub struct Headers<'h>(Fields<'h>);

#[derive(Clone, Copy)]
enum Fields<'h> {
    /// Whole lines of a parsed head, up to and including the empty one.
    Lines(&'h [u8]),
    Pairs(&'h [Field<'h>]),
    Source(&'h dyn HeaderSource),
    #[cfg(feature = "http")]
    Map(&'h ::http::HeaderMap),
}

impl<'h> Headers<'h> {
    pub(crate) const fn new(lines: &'h [u8]) -> Self {
        Self(Fields::Lines(lines))
    }

    /// Returns the headers with their names as bytes.
    pub(crate) fn raw(self) -> RawHeaderIter<'h> {
        RawHeaderIter(match self.0 {
            Fields::Lines(lines) => Rest::Lines(lines),
            Fields::Pairs(pairs) => Rest::Pairs(pairs.iter()),
            Fields::Source(source) => Rest::Source { source, index: 0 },
            #[cfg(feature = "http")]
            Fields::Map(map) => Rest::Map(map.iter()),
        })
    }
}

impl<'h> From<&'h [(&'h str, &'h [u8])]> for Headers<'h> {
    fn from(pairs: &'h [(&'h str, &'h [u8])]) -> Self {
        Self(Fields::Pairs(pairs))
    }
}

impl<'h, S: HeaderSource> From<&'h S> for Headers<'h> {
    fn from(source: &'h S) -> Self {
        Self(Fields::Source(source))
    }
}

#[cfg(feature = "http")]
impl<'h> From<&'h ::http::HeaderMap> for Headers<'h> {
    fn from(map: &'h ::http::HeaderMap) -> Self {
        Self(Fields::Map(map))
    }
}

impl<'h> IntoIterator for Headers<'h> {
    type Item = (&'h str, &'h [u8]);
    type IntoIter = HeaderIter<'h>;

    fn into_iter(self) -> HeaderIter<'h> {
        HeaderIter(self.raw())
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
pub struct HeaderIter<'h>(RawHeaderIter<'h>);

/// The same, with names as bytes.
pub(crate) struct RawHeaderIter<'h>(Rest<'h>);

/// The fields that are still to come.
enum Rest<'h> {
    Lines(&'h [u8]),
    Pairs(core::slice::Iter<'h, Field<'h>>),
    Source {
        source: &'h dyn HeaderSource,
        index: usize,
    },
    #[cfg(feature = "http")]
    Map(::http::header::Iter<'h, ::http::HeaderValue>),
}

impl fmt::Debug for HeaderIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeaderIter").finish_non_exhaustive()
    }
}

impl<'h> Iterator for HeaderIter<'h> {
    type Item = (&'h str, &'h [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = self.0.next()?;
        Some((text(name), value))
    }
}

impl<'h> Iterator for RawHeaderIter<'h> {
    type Item = RawField<'h>;

    fn next(&mut self) -> Option<Self::Item> {
        let (name, value) = match &mut self.0 {
            Rest::Lines(rest) => next_line(rest)?,
            Rest::Pairs(pairs) => pairs.next().map(|&(name, value)| (name.as_bytes(), value))?,
            Rest::Source { source, index } => {
                let (name, value) = source.field(*index)?;
                *index = index.saturating_add(1);
                (name.as_bytes(), value)
            }
            #[cfg(feature = "http")]
            Rest::Map(map) => {
                let (name, value) = map.next()?;
                (name.as_str().as_bytes(), value.as_bytes())
            }
        };
        Some((name, trim_ows(value)))
    }
}

/// Takes the first line off the front of `rest`; `None` if that is the empty one.
fn next_line<'h>(rest: &mut &'h [u8]) -> Option<RawField<'h>> {
    let mut end: usize = 0;
    loop {
        end = end.saturating_add(position_below(rest.get(end..)?, b' ')?);
        if rest.get(end) != Some(&b'\t') {
            break;
        }
        end = end.saturating_add(1);
    }
    let (line, tail) = rest.split_at_checked(end)?;
    *rest = tail.strip_prefix(b"\r\n")?;
    split_at_byte(line, b':')
}

/// Returns the values of all headers that are called `name`.
pub(crate) fn values_of<'h, 'n>(
    headers: Headers<'h>,
    name: &'n str,
) -> impl Iterator<Item = &'h [u8]> + use<'h, 'n> {
    headers
        .raw()
        .filter(move |(found, _)| found.eq_ignore_ascii_case(name.as_bytes()))
        .map(|(_, value)| value)
}
