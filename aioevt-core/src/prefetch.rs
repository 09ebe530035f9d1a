//! Asks for the memory that a queue will be written to next, before it is needed. Beside `data/small.rs` the only file of
//! the crate with code that the compiler does not check.
//!
//! What it buys: the driver on another processor has just read the messages that were in a buffer, so an emit into it waits
//! until that one gives the memory up. It waits where it unlocks, for its lock must not be seen free before the message
//! is there. The figures, and those without it, are in ARCHITECTURE.md.
#![allow(
    unsafe_code,
    reason = "no safe function asks for a cache line to be written; what it relies on is said beside it"
)]

/// Has the processor fetch, to be written, the place that is a few behind the end of `queue`. Nothing happens where that is
/// not worth the instruction: on machines with one processor, and on those where it was not measured.
#[inline(always)]
pub(crate) fn prefetch_end<T>(queue: &[T]) {
    #[cfg(all(feature = "std", target_arch = "x86_64", not(miri)))]
    {
        /// How many messages ahead: so many are pushed while the memory is on its way.
        const AHEAD: usize = 3;
        // The last byte of a place: the first one may be in a line that was asked for already.
        let place = queue.as_ptr_range().end.wrapping_add(AHEAD);
        let byte = place.addr().wrapping_sub(1);
        // SAFETY: the instruction reads and writes nothing that a program could see, changes no flags and takes every
        // address, also one that is nobody's: it is a hint. Each x86-64 processor has it or takes it for none.
        unsafe {
            core::arch::asm!("prefetchw [{}]", in(reg) byte, options(nomem, nostack, preserves_flags));
        }
    }
    #[cfg(not(all(feature = "std", target_arch = "x86_64", not(miri))))]
    let _ = queue;
}

#[cfg(all(test, not(loom), not(shuttle)))]
mod tests {
    use super::prefetch_end;

    /// The place asked for may be outside of everything, and the values are what they were.
    #[test]
    fn every_place_may_be_asked_for() {
        let values = [1u64, 2, 3];
        for end in 0..=values.len() {
            prefetch_end(&values[..end]);
        }
        prefetch_end::<u64>(&[]);
        prefetch_end(&[(); usize::MAX]);
        assert_eq!(values, [1, 2, 3]);
    }
}
