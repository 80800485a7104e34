//! What a request says, whether it is borrowed or owned.

#[cfg(feature = "alloc")]
use alloc::boxed::Box;

/// The contents of a request, whoever owns them.
#[derive(Clone, Copy)]
pub(super) struct Contents<'r> {
    pub(super) host: &'r str,
    pub(super) target: &'r str,
    pub(super) subprotocols: Strings<'r>,
    pub(super) extensions: Option<&'r str>,
    pub(super) origin: Option<&'r str>,
    pub(super) headers: Pairs<'r>,
}

/// A list of strings, whoever owns them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Strings<'r> {
    Borrowed(&'r [&'r str]),
    #[cfg(feature = "alloc")]
    Owned(&'r [Box<str>]),
}

impl<'r> Strings<'r> {
    pub(super) fn iter(self) -> impl Iterator<Item = &'r str> {
        (0_usize..).map_while(move |index| match self {
            Self::Borrowed(strings) => strings.get(index).copied(),
            #[cfg(feature = "alloc")]
            Self::Owned(strings) => strings.get(index).map(|string| &**string),
        })
    }
}

/// A list of names and values, whoever owns them.
#[derive(Clone, Copy)]
pub(super) enum Pairs<'r> {
    Borrowed(&'r [(&'r str, &'r str)]),
    #[cfg(feature = "alloc")]
    Owned(&'r [(Box<str>, Box<str>)]),
}

impl<'r> Pairs<'r> {
    pub(super) fn iter(self) -> impl Iterator<Item = (&'r str, &'r str)> {
        (0_usize..).map_while(move |index| match self {
            Self::Borrowed(pairs) => pairs.get(index).copied(),
            #[cfg(feature = "alloc")]
            Self::Owned(pairs) => pairs.get(index).map(|(name, value)| (&**name, &**value)),
        })
    }
}
