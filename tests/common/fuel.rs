//! What a byte may cost: bytes touched, for bytes that came in and went out.

/// Touched for each byte that is given to the crate, for each that comes out of it, and for each that
/// is inflated on the way.
const PER_BYTE: u64 = 12;
/// Touched for each call: a control frame has at most so many bytes, a header and its copy fewer.
const PER_CALL: u64 = 256;

/// Watches what this thread touches from now on.
#[derive(Debug)]
#[must_use]
pub struct Meter {
    calls: u64,
    bytes: u64,
    touched: u64,
}

impl Meter {
    pub fn start() -> Self {
        touched();
        Self { calls: 0, bytes: 0, touched: 0 }
    }

    /// So many bytes are given to the crate.
    pub fn give(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// There was a call, out of which so many bytes came: all calls so far have touched no more than
    /// they may.
    pub fn call(&mut self, out: usize) {
        self.calls += 1;
        self.bytes += out as u64;
        let (touched, inflated) = touched();
        self.touched += touched;
        self.bytes += inflated;
        assert!(self.touched <= PER_BYTE * self.bytes + PER_CALL * self.calls, "{self:?}");
    }

    /// What the test itself has done since the latest call does not count.
    pub fn forget(&mut self) {
        let (_, inflated) = touched();
        self.bytes += inflated;
    }
}

/// Bytes touched and inflated since it was last asked; without the feature `fuel`, none are counted.
fn touched() -> (u64, u64) {
    #[cfg(feature = "fuel")]
    return rfc6455::fuel::take();
    #[cfg(not(feature = "fuel"))]
    (0, 0)
}
