//! The global allocator: the system's, with counters that are off (one load of an unshared flag) while time is taken.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering::Relaxed};

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

static ENABLED: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicI64 = AtomicI64::new(0);

fn grew(by: usize) {
    if ENABLED.load(Relaxed) {
        ALLOCATIONS.fetch_add(1, Relaxed);
        LIVE.fetch_add(by as i64, Relaxed);
    }
}

fn shrank(by: usize) {
    if ENABLED.load(Relaxed) {
        LIVE.fetch_sub(by as i64, Relaxed);
    }
}

// SAFETY: every call is handed to `System` unchanged; the counters touch no memory of the caller.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grew(layout.size());
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grew(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        shrank(layout.size());
        // SAFETY: `block` came from `System` with this `layout`.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        shrank(layout.size());
        grew(size);
        // SAFETY: as above.
        unsafe { System.realloc(block, layout, size) }
    }
}

/// Counts the heap of the whole process while it lives. One at a time.
#[derive(Debug)]
pub struct Meter {
    allocations: u64,
    live: i64,
}

impl Meter {
    /// Begins to count.
    pub fn start() -> Self {
        assert!(!ENABLED.swap(true, Relaxed), "one meter at a time");
        Self {
            allocations: ALLOCATIONS.load(Relaxed),
            live: LIVE.load(Relaxed),
        }
    }

    /// Allocations (a growing one counts again) since the start.
    pub fn allocations(&self) -> u64 {
        ALLOCATIONS.load(Relaxed) - self.allocations
    }

    /// Bytes that were allocated since the start and not freed, as asked for: without the allocator's own overhead.
    pub fn live(&self) -> i64 {
        LIVE.load(Relaxed) - self.live
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        ENABLED.store(false, Relaxed);
    }
}
