//! The smallest allocator: it frees nothing. What a device uses instead is not the cost of this crate.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;

struct Heap {
    /// The first free byte.
    next: Cell<usize>,
}

// SAFETY: there is one thread.
unsafe impl Sync for Heap {}

#[global_allocator]
static HEAP: Heap = Heap { next: Cell::new(0x2000_0000) };

// SAFETY: the programs are never run, only measured.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let start = self.next.get().next_multiple_of(layout.align());
        self.next.set(start.wrapping_add(layout.size()));
        core::ptr::with_exposed_provenance_mut(start)
    }

    unsafe fn dealloc(&self, _: *mut u8, _: Layout) {}
}
