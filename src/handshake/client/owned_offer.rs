//! An offer that owns its text.

use alloc::boxed::Box;

use super::contents::{Contents, Pairs, Strings};
use super::offer::Offer;

/// A copy of a checked [`Offer`].
#[derive(Clone, Debug)]
pub(super) struct OwnedOffer {
    host: Box<str>,
    target: Box<str>,
    subprotocols: Box<[Box<str>]>,
    extensions: Option<Box<str>>,
    origin: Option<Box<str>>,
    headers: Box<[(Box<str>, Box<str>)]>,
}

impl OwnedOffer {
    pub(super) fn new(offer: &Offer<'_>) -> Self {
        let headers = offer.headers.iter().map(|&(name, value)| (name.into(), value.into()));
        Self {
            host: offer.host.into(),
            target: offer.target.into(),
            subprotocols: offer.subprotocols.iter().map(|&offered| offered.into()).collect(),
            extensions: offer.extensions.map(Into::into),
            origin: offer.origin.map(Into::into),
            headers: headers.collect(),
        }
    }

    pub(super) fn contents(&self) -> Contents<'_> {
        Contents {
            host: &self.host,
            target: &self.target,
            subprotocols: Strings::Owned(&self.subprotocols),
            extensions: self.extensions.as_deref(),
            origin: self.origin.as_deref(),
            headers: Pairs::Owned(&self.headers),
        }
    }
}
