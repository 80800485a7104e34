//! Measures the bytes that are held on the heap. Its own module, because it brings an allocator.

use allocation_counter::measure;

/// Returns how much more is held after `work` than before, and the most while it runs: by this
/// thread, and with both blocks for the moment in which one grows.
pub(crate) fn held<T>(work: impl FnOnce() -> T) -> (T, usize, usize) {
    let mut result = None;
    let info = measure(|| result = Some(work()));
    let [after, most] = [info.bytes_current.max(0).cast_unsigned(), info.bytes_max]
        .map(|bytes| usize::try_from(bytes).expect("memory has an address"));
    (result.expect("the work was done"), after, most)
}
