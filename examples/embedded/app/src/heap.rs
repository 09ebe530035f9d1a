//! The heap: a first-fit allocator over the memory that the board gives it, with an account.

use core::alloc::{GlobalAlloc, Layout};

use core::sync::atomic::{AtomicUsize, Ordering};
use embedded_alloc::LlffHeap;

use crate::masked;

struct Counted {
    heap: LlffHeap,
    used: AtomicUsize,
    peak: AtomicUsize,
    allocations: AtomicUsize,
}

#[global_allocator]
static HEAP: Counted = Counted {
    heap: LlffHeap::empty(),
    used: AtomicUsize::new(0),
    peak: AtomicUsize::new(0),
    allocations: AtomicUsize::new(0),
};

/// What an allocation takes of the heap: whole pairs of words.
fn taken(layout: Layout) -> usize {
    layout.size().next_multiple_of(2 * size_of::<usize>())
}

// SAFETY: as `LlffHeap`, to which it passes everything on.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        critical_section::with(|_| {
            masked::is_heap();
            // SAFETY: the caller's duty is the same.
            let block = unsafe { self.heap.alloc(layout) };
            if !block.is_null() {
                let used = self.used.load(Ordering::Relaxed) + taken(layout);
                self.used.store(used, Ordering::Relaxed);
                let allocations = self.allocations.load(Ordering::Relaxed);
                self.allocations.store(allocations + 1, Ordering::Relaxed);
                if used > self.peak.load(Ordering::Relaxed) {
                    self.peak.store(used, Ordering::Relaxed);
                }
            }
            block
        })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        critical_section::with(|_| {
            masked::is_heap();
            // SAFETY: the caller's duty is the same.
            unsafe { self.heap.dealloc(block, layout) };
            let used = self.used.load(Ordering::Relaxed) - taken(layout);
            self.used.store(used, Ordering::Relaxed);
        });
    }
}

/// Takes the memory from `start` on.
///
/// # Safety
///
/// Once, before anything is allocated, and nothing else uses the memory.
pub unsafe fn init(start: *mut u8, size: usize) {
    // SAFETY: the caller's duty is the same.
    unsafe { HEAP.heap.init(start as usize, size) }
}

/// Bytes there are.
pub(crate) fn size() -> usize {
    HEAP.heap.used() + HEAP.heap.free()
}

/// Bytes taken at the moment.
pub fn used() -> usize {
    HEAP.used.load(Ordering::Relaxed)
}

/// Bytes taken at most so far.
pub(crate) fn peak() -> usize {
    HEAP.peak.load(Ordering::Relaxed)
}

/// How often something was allocated so far.
pub(crate) fn allocations() -> usize {
    HEAP.allocations.load(Ordering::Relaxed)
}

/// Forgets what has been taken since the peak was this.
pub(crate) fn set_peak(peak: usize) {
    HEAP.peak.store(peak, Ordering::Relaxed);
}

/// Bytes that are free.
pub(crate) fn free() -> usize {
    HEAP.heap.free()
}
