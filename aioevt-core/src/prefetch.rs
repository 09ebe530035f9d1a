//! Asks for the memory that a queue will be written to next, before it is needed. One of the four files of
//! the crate with code that the compiler does not check.
//!
//! What it buys: the driver on another processor has just read the messages that were in a buffer, so an emit into it waits
//! until that one gives the memory up. It waits where it unlocks, for its lock must not be seen free before the message
//! is there. The figures, and those without it, are in ARCHITECTURE.md.
#![allow(
    unsafe_code,
    reason = "no safe function asks for a cache line to be written; what it relies on is said beside it"
)]

use alloc::vec::Vec;

/// Has the processor fetch, to be written, a place behind the end of `queue`. Nothing happens where that is not worth the
/// instruction: on machines with one processor, and on those where it was not measured.
#[inline(always)]
pub(crate) fn prefetch_next<T>(queue: &mut Vec<T>) {
    #[cfg(all(feature = "std", target_arch = "x86_64", not(miri)))]
    {
        /// How many messages ahead: so many are pushed while the memory is on its way.
        const AHEAD: usize = 6;
        // Outside of the buffer it would be taken away from somebody else.
        let Some(place) = queue.spare_capacity_mut().get(AHEAD) else {
            return;
        };
        // SAFETY: the instruction reads and writes nothing that a program could see, and changes no flags: it is a hint.
        // Each x86-64 processor has it or takes it for none.
        unsafe {
            core::arch::asm!(
                "prefetchw [{}]",
                in(reg) core::ptr::from_ref(place).addr(),
                options(nomem, nostack, preserves_flags)
            );
        }
    }
    #[cfg(not(all(feature = "std", target_arch = "x86_64", not(miri))))]
    let _ = queue;
}

#[cfg(all(test, not(loom), not(shuttle)))]
mod tests {
    use alloc::vec::Vec;

    use super::prefetch_next;

    /// Whatever room there is, and what is in the queue stays as it is.
    #[test]
    fn every_room_will_do() {
        let mut queue = Vec::with_capacity(9);
        for n in 0..9u64 {
            prefetch_next(&mut queue);
            queue.push(n);
        }
        prefetch_next(&mut queue);
        prefetch_next(&mut Vec::<u64>::new());
        prefetch_next(&mut Vec::<()>::new());
        assert!(queue.into_iter().eq(0..9));
    }
}
