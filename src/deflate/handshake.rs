//! Negotiation within the opening handshake.

use super::agreement::Agreement;
use super::params::Params;
use super::policy::Policy;
use crate::handshake::{Accepted, Extension, HandshakeError, HeaderSource, Upgrade};

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

impl Policy {
    /// Accepts, as a server, the first acceptable offer in a request.
    ///
    /// Put the [answer](Agreement::answer) into
    /// [`Acceptance::extensions`](crate::handshake::Acceptance::extensions).
    #[must_use]
    pub fn accept_offer<'h, F: HeaderSource<'h>>(
        &self,
        upgrade: &Upgrade<'h, F>,
    ) -> Option<Agreement> {
        upgrade
            .extensions()
            .filter(|extension| extension.name() == Params::NAME)
            .find_map(|extension| self.accept(Params::of(&extension)?))
    }

    /// Confirms, as a client, the answer in a response; `None` if the server does not compress.
    ///
    /// # Errors
    /// [`HandshakeError::UnacceptableExtensionParams`] if it does not answer [this client's
    /// offer](Self::offer): close the transport.
    pub fn confirm_answer(
        &self,
        accepted: &Accepted<'_>,
    ) -> Result<Option<Agreement>, HandshakeError> {
        let answer = accepted.extensions().find(|extension| extension.name() == Params::NAME);
        let Some(answer) = answer else { return Ok(None) };
        // RFC 7692 §7: "A client MUST _Fail the WebSocket Connection_ if the peer server accepted
        // an extension negotiation offer for this extension with an extension negotiation response
        // meeting any of the following conditions".
        Params::of(&answer)
            .and_then(|params| self.confirm(params))
            .map(Some)
            .ok_or(HandshakeError::UnacceptableExtensionParams)
    }
}
