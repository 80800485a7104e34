//! A head as it arrives: stored within bounds, with each new byte scanned once.
//!
//! The scan checks the grammar byte by byte; the head is parsed once, when it is complete.

use core::mem;

use super::error::HeadError;
use super::limits::HandshakeLimits;
use super::scan::Scan;
use super::storage::Storage;

/// The bytes of a head, in storage of the caller's choice.
#[derive(Clone, Debug)]
pub(crate) struct Head<S> {
    storage: S,
    /// Where the head begins; the skipped interim responses precede it.
    start: usize,
    /// Where the next byte goes; at most the limit of `storage`.
    len: usize,
    scan: Scan,
    end: Option<Result<(), HeadError>>,
}

impl<S> Head<S> {
    pub(crate) const fn of_request(storage: S, limits: HandshakeLimits) -> Self {
        Self::new(storage, Scan::of_request(limits))
    }

    pub(crate) const fn of_response(storage: S, limits: HandshakeLimits) -> Self {
        Self::new(storage, Scan::of_response(limits))
    }

    const fn new(storage: S, scan: Scan) -> Self {
        Self { storage, start: 0, len: 0, scan, end: None }
    }

    pub(crate) const fn storage(&self) -> &S {
        &self.storage
    }

    pub(crate) fn into_storage(self) -> S {
        self.storage
    }

    /// Sets whether a status line may lack the space before an empty reason.
    pub(crate) const fn allow_missing_reason_space(&mut self, allow: bool) {
        self.scan.allow_missing_reason_space(allow);
    }
}

impl<S: Storage> Head<S> {
    /// Takes the bytes of the head off the front of `input`; returns whether it is complete.
    ///
    /// A complete head takes nothing more. After an error, all input is taken; the error repeats.
    pub(crate) fn receive(&mut self, input: &mut &mut [u8]) -> Result<bool, HeadError> {
        match self.end {
            Some(Ok(())) => return Ok(true),
            Some(Err(error)) => {
                *input = &mut [];
                return Err(error);
            }
            None if input.is_empty() => return Ok(false),
            None => {}
        }
        let data = mem::take(input);
        let room = self.storage.limit().saturating_sub(self.len);
        let fits = data.len().min(room);
        let scanned = self.scan.advance(data.get(..fits).unwrap_or_default());
        let taken = match scanned {
            Ok(complete_at) => complete_at.unwrap_or(fits),
            Err(error) => return self.fail(error),
        };
        let Some((head, rest)) = data.split_at_mut_checked(taken) else {
            return self.fail(HeadError::HeadTooLarge);
        };
        self.storage.append(self.len, head);
        self.len = self.len.saturating_add(taken);
        if let Ok(Some(_)) = scanned {
            *input = rest;
            self.end = Some(Ok(()));
            return Ok(true);
        }
        // A head that fills its storage without an end is already too large: do not wait for a
        // byte that could not be stored.
        if taken >= room {
            return self.fail(if self.scan.is_in_target() {
                HeadError::TargetTooLong
            } else {
                HeadError::HeadTooLarge
            });
        }
        Ok(false)
    }

    fn fail(&mut self, error: HeadError) -> Result<bool, HeadError> {
        self.end = Some(Err(error));
        Err(error)
    }

    /// Makes room for another head after this one, within the same storage and the same limits.
    ///
    /// Fails at once if there is no room left.
    pub(crate) fn pass_over(&mut self) -> Result<(), HeadError> {
        self.start = self.len;
        self.scan.restart();
        self.end = None;
        if self.len >= self.storage.limit() {
            self.fail(HeadError::HeadTooLarge)?;
        }
        Ok(())
    }

    /// Returns the received bytes of the head, without an empty line before it.
    pub(crate) fn bytes(&self) -> &[u8] {
        let bytes = self.storage.bytes(self.start, self.len);
        bytes.strip_prefix(b"\r\n").unwrap_or(bytes)
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects, clippy::indexing_slicing, reason = "a test may panic")]
mod tests {
    use super::*;

    /// RFC 6455 does not limit the size of a head, so the work must not grow faster than the size.
    #[test]
    fn no_byte_that_was_kept_is_looked_at_again_before_the_end() {
        const HEAD: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nX: 0123456789\tabcdefghij\r\n\r\n";
        let mut storage = [0; 256];
        let mut head = Head::of_request(&mut storage[..], HandshakeLimits::DEFAULT);
        for (at, byte) in HEAD.iter().enumerate() {
            let complete = head.receive(&mut &mut [*byte][..]);
            assert_eq!(complete, Ok(at + 1 == HEAD.len()));
            // If these bytes were scanned again, they would end the head, or be refused.
            for filler in [b'\n', b'\r', 0, b' '] {
                head.storage[..=at].fill(filler);
            }
        }
        assert_eq!(head.bytes().len(), HEAD.len());
    }

    #[test]
    fn rfc_9112_s2_2_an_ignored_line_is_not_part_of_the_head() {
        let mut storage = [0; 64];
        let mut head = Head::of_request(&mut storage[..], HandshakeLimits::DEFAULT);
        let mut input = *b"\r\nGET / HTTP/1.1\r\n\r\nmore";
        let mut input = &mut input[..];
        assert_eq!(head.receive(&mut input), Ok(true));
        assert_eq!(head.bytes(), b"GET / HTTP/1.1\r\n\r\n");
        assert_eq!(input, b"more");
    }
}
