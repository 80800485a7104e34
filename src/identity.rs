//! Pairing: which connection a buffer, an inflater or a deflater serves.

/// The unique number of a connection, assigned when it is first asked for.
///
/// It comes from a counter in the process. On targets without atomic operations on 32 bits, all
/// connections share one number, and only the offset in the stream reveals a wrong pairing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Identity(u32);

/// A number that has been assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Serves(u32);

impl Identity {
    pub(crate) const NONE: Self = Self(0);

    /// Returns the number, and assigns one first if there is none yet.
    pub(crate) fn get(&mut self) -> Serves {
        while self.0 == 0 {
            self.0 = next();
        }
        Serves(self.0)
    }

    /// Returns whether a number has been assigned.
    #[cfg(feature = "deflate")]
    pub(crate) const fn is_taken(&self) -> bool {
        self.0 != 0
    }

    /// Returns whether this is the connection with that number.
    #[inline]
    pub(crate) const fn is(&self, serves: Serves) -> bool {
        self.0 == serves.0
    }
}

/// A clone is another connection, so it gets another number.
impl Clone for Identity {
    fn clone(&self) -> Self {
        Self::NONE
    }
}

#[cfg(target_has_atomic = "32")]
fn next() -> u32 {
    use core::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

#[cfg(not(target_has_atomic = "32"))]
fn next() -> u32 {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_connection_and_each_clone_of_one_has_a_number_of_its_own() {
        let (mut one, mut other) = (Identity::NONE, Identity::NONE);
        let number = one.get();
        assert_eq!(one.get(), number);
        assert!(one.is(number) && !other.is(number));
        assert_ne!(other.get(), number);
        assert!(!one.clone().is(number));
        assert_ne!(one.clone().get(), number);
    }
}
