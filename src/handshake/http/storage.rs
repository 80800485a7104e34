//! Where the bytes of a head are kept: lent, inline, or on the heap.

#[cfg(feature = "alloc")]
use alloc::vec::Vec;

use crate::bytes::copy;

mod sealed {
    /// The methods of [`HeadStorage`](super::HeadStorage), which only this crate calls.
    pub trait Storage {
        /// Returns the most bytes that fit.
        fn limit(&self) -> usize;

        /// Returns the bytes from `start` to `end`.
        fn bytes(&self, start: usize, end: usize) -> &[u8];

        /// Stores `bytes` at `end`, the end of what is stored; the sum is within the limit.
        fn append(&mut self, end: usize, bytes: &[u8]);
    }
}

pub(crate) use sealed::Storage;

/// Storage for the head that a handshake receives. Its capacity is the limit on the head's length.
///
/// | storage | capacity |
/// |---|---|
/// | `&mut [u8]`, `&mut [u8; N]` | the length of the slice |
/// | `[u8; N]` | `N`; the handshake then borrows nothing |
/// | `Vec<u8>`, `&mut Vec<u8>` (feature `alloc`) | the length of the vector, which does not grow |
/// | `HeadBuffer` (feature `alloc`) | its limit; it grows with what arrives, and borrows nothing |
///
/// This trait is sealed.
pub trait HeadStorage: Storage {}

impl<T: Storage + ?Sized> HeadStorage for T {}

impl<T: Storage + ?Sized> Storage for &mut T {
    #[inline]
    fn limit(&self) -> usize {
        T::limit(self)
    }

    #[inline]
    fn bytes(&self, start: usize, end: usize) -> &[u8] {
        T::bytes(self, start, end)
    }

    #[inline]
    fn append(&mut self, end: usize, bytes: &[u8]) {
        T::append(self, end, bytes);
    }
}

impl Storage for [u8] {
    #[inline]
    fn limit(&self) -> usize {
        self.len()
    }

    #[inline]
    fn bytes(&self, start: usize, end: usize) -> &[u8] {
        self.get(start..end).unwrap_or_default()
    }

    #[inline]
    fn append(&mut self, end: usize, bytes: &[u8]) {
        copy(bytes, self.get_mut(end..).unwrap_or_default());
    }
}

impl<const N: usize> Storage for [u8; N] {
    #[inline]
    fn limit(&self) -> usize {
        N
    }

    #[inline]
    fn bytes(&self, start: usize, end: usize) -> &[u8] {
        self.as_slice().bytes(start, end)
    }

    #[inline]
    fn append(&mut self, end: usize, bytes: &[u8]) {
        self.as_mut_slice().append(end, bytes);
    }
}

#[cfg(feature = "alloc")]
impl Storage for Vec<u8> {
    #[inline]
    fn limit(&self) -> usize {
        self.len()
    }

    #[inline]
    fn bytes(&self, start: usize, end: usize) -> &[u8] {
        self.as_slice().bytes(start, end)
    }

    #[inline]
    fn append(&mut self, end: usize, bytes: &[u8]) {
        self.as_mut_slice().append(end, bytes);
    }
}

/// Heap memory for a head: it grows with what has arrived, up to a limit.
///
/// A handshake over it borrows nothing, so it can live in the state of a connection. Nothing is
/// allocated before the first byte. The capacity is at most twice the length of the head, or 64
/// bytes if that is more, and never exceeds the limit.
///
/// ```
/// use rfc6455::handshake::{HandshakeLimits, HeadBuffer, ServerHandshake};
///
/// struct Peer {
///     handshake: ServerHandshake<HeadBuffer>,
/// }
///
/// let storage = HeadBuffer::new(8192);
/// let mut peer = Peer { handshake: ServerHandshake::new(storage, HandshakeLimits::DEFAULT) };
/// let mut received = *b"GET /chat HTTP/1.1\r\nHost: ";
/// assert!(peer.handshake.receive(&mut &mut received[..])?.is_none());
/// # Ok::<(), rfc6455::handshake::HandshakeError>(())
/// ```
#[cfg(feature = "alloc")]
#[derive(Clone, Debug)]
pub struct HeadBuffer {
    bytes: Vec<u8>,
    limit: usize,
}

#[cfg(feature = "alloc")]
impl HeadBuffer {
    /// The least that is allocated, unless the limit is lower.
    const LEAST: usize = 64;

    /// Creates an empty buffer for a head of at most `limit` bytes.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), limit }
    }

    /// Returns the number of bytes that are allocated.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}

#[cfg(feature = "alloc")]
impl Storage for HeadBuffer {
    #[inline]
    fn limit(&self) -> usize {
        self.limit
    }

    #[inline]
    fn bytes(&self, start: usize, end: usize) -> &[u8] {
        self.bytes.as_slice().bytes(start, end)
    }

    #[inline]
    fn append(&mut self, end: usize, bytes: &[u8]) {
        self.bytes.truncate(end);
        let needed = end.saturating_add(bytes.len());
        if needed > self.bytes.capacity() {
            // Doubling keeps the copies linear in the length of the head. A vector cannot be longer
            // than `isize::MAX`.
            let most = self.limit.min(isize::MAX.unsigned_abs());
            let doubled = end.saturating_mul(2).max(Self::LEAST).min(most);
            self.bytes.reserve_exact(needed.max(doubled).saturating_sub(end));
        }
        self.bytes.extend_from_slice(bytes);
    }
}
