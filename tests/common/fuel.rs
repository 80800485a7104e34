//! Bounds on work: how many bytes may be touched for each byte that goes in or comes out.

/// Bytes that may be touched for each byte that the crate receives, returns or inflates.
const PER_BYTE: u64 = 12;
/// Bytes that may be touched for each call: a control frame has no more, nor a header and its copy.
const PER_CALL: u64 = 256;

/// Counts the bytes that this thread touches from now on.
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

    /// Counts bytes that the crate is about to receive.
    pub fn give(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// Counts a call and the bytes that it returned; checks that all calls so far stay within their
    /// bounds.
    pub fn call(&mut self, out: usize) {
        self.calls += 1;
        self.bytes += out as u64;
        let (touched, inflated) = touched();
        self.touched += touched;
        self.bytes += inflated;
        assert!(self.touched <= PER_BYTE * self.bytes + PER_CALL * self.calls, "{self:?}");
    }

    /// Excludes the test's own work since the latest call.
    pub fn forget(&mut self) {
        let (_, inflated) = touched();
        self.bytes += inflated;
    }
}

/// Returns the bytes touched and inflated since the previous call; zero without the feature `fuel`.
fn touched() -> (u64, u64) {
    #[cfg(feature = "fuel")]
    return rfc6455::fuel::take();
    #[cfg(not(feature = "fuel"))]
    (0, 0)
}
