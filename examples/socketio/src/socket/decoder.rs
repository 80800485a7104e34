//! Joins the text of a packet with its attachments.

use bytes::Bytes;

use super::Config;
use super::packet::{Head, InvalidPacket, Packet};

/// Decodes the messages of one session.
#[derive(Default)]
pub struct Decoder {
    max_attachments: usize,
    max_attached: usize,
    pending: Option<Pending>,
}

struct Pending {
    head: Head,
    attachments: Vec<Bytes>,
    /// The bytes that may still be attached.
    left: usize,
}

impl Decoder {
    /// Creates a decoder with the limits of a server.
    #[must_use]
    pub fn new(config: &Config) -> Self {
        let Config { max_attachments, max_attached, .. } = *config;
        Self { max_attachments, max_attached, pending: None }
    }

    /// Decodes a text message; returns the packet, unless it has attachments.
    ///
    /// # Errors
    /// [`InvalidPacket`] if it is none, announces too many attachments, or stands where an
    /// attachment has to.
    pub fn text(&mut self, text: &str) -> Result<Option<Packet>, InvalidPacket> {
        let head = Head::parse(text)?;
        if self.pending.is_some() || head.attachments > self.max_attachments {
            return Err(InvalidPacket);
        }
        if head.attachments == 0 {
            return head.complete(Vec::new()).map(Some);
        }
        self.pending = Some(Pending { head, attachments: Vec::new(), left: self.max_attached });
        Ok(None)
    }

    /// Decodes a binary message; returns the packet with its last attachment.
    ///
    /// # Errors
    /// [`InvalidPacket`] if no packet announced it, if the attachments are too long together, or
    /// have no places.
    pub fn binary(&mut self, bytes: Bytes) -> Result<Option<Packet>, InvalidPacket> {
        let mut pending = self.pending.take().ok_or(InvalidPacket)?;
        pending.left = pending.left.checked_sub(bytes.len()).ok_or(InvalidPacket)?;
        pending.attachments.push(bytes);
        if pending.attachments.len() == pending.head.attachments {
            return pending.head.complete(pending.attachments).map(Some);
        }
        self.pending = Some(pending);
        Ok(None)
    }
}
