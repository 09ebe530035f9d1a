//! A critical section that meters itself: how long interrupts were off, at most.

use core::marker::PhantomData;

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use critical_section::RawRestoreState;

/// What a processor does to interrupts, and its counter.
///
/// # Safety
///
/// Between `disable` and `restore` no interrupt handler runs.
pub unsafe trait Processor {
    /// Turns interrupts off; `true` if they were on.
    fn disable() -> bool;
    /// Turns them on again.
    fn enable();
    /// Counts cycles.
    fn cycles() -> u32;
    /// From one reading to a later one.
    fn between(start: u32, end: u32) -> u32 {
        end.wrapping_sub(start)
    }
}

/// The critical section of a board: `critical_section::set_impl!(Metered<Cpu>)`.
pub struct Metered<P>(PhantomData<P>);

/// All of them are used with interrupts off only. Loads and stores every processor has.
static DEPTH: AtomicU32 = AtomicU32::new(0);
static START: AtomicU32 = AtomicU32::new(0);
static HEAP: AtomicBool = AtomicBool::new(false);
static LONGEST: AtomicU32 = AtomicU32::new(0);
static LONGEST_OF_HEAP: AtomicU32 = AtomicU32::new(0);

// SAFETY: interrupts are off from the end of `acquire` to the beginning of `release`, and there is one core.
unsafe impl<P: Processor> critical_section::Impl for Metered<P> {
    unsafe fn acquire() -> RawRestoreState {
        let were_on = P::disable();
        if were_on {
            START.store(P::cycles(), Ordering::Relaxed);
        }
        DEPTH.store(DEPTH.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        were_on
    }

    unsafe fn release(were_on: RawRestoreState) {
        DEPTH.store(DEPTH.load(Ordering::Relaxed) - 1, Ordering::Relaxed);
        if were_on {
            let took = P::between(START.load(Ordering::Relaxed), P::cycles());
            let longest = if HEAP.load(Ordering::Relaxed) {
                HEAP.store(false, Ordering::Relaxed);
                &LONGEST_OF_HEAP
            } else {
                &LONGEST
            };
            if took > longest.load(Ordering::Relaxed) {
                longest.store(took, Ordering::Relaxed);
            }
            P::enable();
        }
    }
}

/// The section under way is the heap's own, unless it is part of another one.
pub(crate) fn is_heap() {
    if DEPTH.load(Ordering::Relaxed) == 1 {
        HEAP.store(true, Ordering::Relaxed);
    }
}

/// How long interrupts were off at most since the last call, and how long by the heap alone.
pub(crate) fn take() -> (u32, u32) {
    critical_section::with(|_| {
        let longest = LONGEST.load(Ordering::Relaxed);
        let of_heap = LONGEST_OF_HEAP.load(Ordering::Relaxed);
        LONGEST.store(0, Ordering::Relaxed);
        LONGEST_OF_HEAP.store(0, Ordering::Relaxed);
        (longest, of_heap)
    })
}
