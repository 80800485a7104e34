//! Negotiation within the opening handshake.

use super::config::Config;
use super::negotiation::Negotiated;
use super::params::Params;
use crate::handshake::{Established, Extension, HandshakeError, Upgrade};

impl Params {
    /// Parses the parameters of an extension whose name is [`NAME`](Self::NAME).
    #[must_use]
    pub fn of(extension: &Extension<'_>) -> Option<Self> {
        Self::parse(
            extension
                .params()
                .map(|param| (param.name(), param.value().map(|value| value.bytes()))),
        )
    }
}

impl Config {
    /// Accepts, as a server, the first acceptable offer in a request.
    ///
    /// Put its [response](Negotiated::response) into
    /// [`Acceptance::extensions`](crate::handshake::Acceptance::extensions).
    #[must_use]
    pub fn accept_offer(&self, upgrade: &Upgrade<'_>) -> Option<Negotiated> {
        upgrade
            .extensions()
            .filter(|extension| extension.name() == Params::NAME)
            .find_map(|extension| self.accept(Params::of(&extension)?))
    }

    /// Confirms, as a client, the server's response; `None` if the server does not compress.
    ///
    /// # Errors
    /// [`HandshakeError::UnacceptableExtensionParams`] if it does not fit [this client's
    /// offer](Self::offer): close the transport.
    pub fn confirm_response(
        &self,
        established: &Established<'_>,
    ) -> Result<Option<Negotiated>, HandshakeError> {
        let response = established.extensions().find(|extension| extension.name() == Params::NAME);
        let Some(response) = response else { return Ok(None) };
        // RFC 7692 §7: "A client MUST _Fail the WebSocket Connection_ if the peer server accepted
        // an extension negotiation offer for this extension with an extension negotiation response
        // meeting any of the following conditions".
        Params::of(&response)
            .and_then(|params| self.confirm(params))
            .map(Some)
            .ok_or(HandshakeError::UnacceptableExtensionParams)
    }
}
