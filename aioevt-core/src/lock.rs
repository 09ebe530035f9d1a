//! `Lock`: the lock with std. One instruction that waits for the other processors to take it, and none to give it back,
//! where `std::sync::Mutex` has one for each. One of the four files of the crate with code that the compiler does not
//! check.
//!
//! Who finds it taken looks a little longer and then sleeps. Who gives it back looks whether somebody sleeps, but does
//! not wait until all processors have seen that it is free: that is what is saved. So the two might just miss each other,
//! and **a sleeper looks again by itself after a [`NAP`]**. Since it also looks for some time after it has said that it
//! will sleep, far longer than it takes what was written to be seen, that is a bound and not what happens. After a nap in
//! which nobody has woken it, the others have known of it for so long that the next one may be longer.
//!
//! What it buys, and what else was tried, is in ARCHITECTURE.md. Its models, in `tests/loom/lock.rs`, include this file.
#![allow(
    unsafe_code,
    reason = "what a flag guards is borrowed by whoever set it; what it relies on is the invariant of `Lock`"
)]

use core::panic::{RefUnwindSafe, UnwindSafe};
use core::time::Duration;

use self::imp::{AtomicBool, Condvar, Mutex, Ordering, UnsafeCell, exclusive, spin_loop};

/// How long a sleeper sleeps at first if nobody wakes it.
const NAP: Duration = Duration::from_millis(1);

/// How long it sleeps in the end: a crowd that waits for a thread that got no time should not take that, too.
const LONGEST_NAP: Duration = Duration::from_millis(64);

/// How often a thread looks before it sleeps: as often as with std's own lock. Models look once.
const LOOKS: u32 = if cfg!(loom) { 1 } else { 100 };

/// Invariant: `value` is borrowed only by the thread that turned `taken` from `false` to `true`, until it turns it back.
pub(crate) struct Lock<T> {
    taken: AtomicBool,
    /// Somebody sleeps, or is about to.
    asleep: AtomicBool,
    room: Mutex<()>,
    roused: Condvar,
    value: UnsafeCell<T>,
}

// SAFETY: by the invariant one thread at a time reaches the value, and with the flag it gets to see all that the one before
// did to it: as good as a value that is sent from thread to thread.
unsafe impl<T: Send> Sync for Lock<T> {}

// It is not poisoned: what it guards is consistent whenever code of others runs, see `sync::Mutex`.
impl<T> UnwindSafe for Lock<T> {}
impl<T> RefUnwindSafe for Lock<T> {}

impl<T> Lock<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            taken: AtomicBool::new(false),
            asleep: AtomicBool::new(false),
            room: Mutex::new(()),
            roused: Condvar::new(),
            value: UnsafeCell::new(value),
        }
    }

    /// Runs `f` on the value while no other thread can. A thread that is inside already would wait for itself.
    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        if !self.take() {
            self.wait(NAP);
        }
        // Given back also if `f` panics.
        let _taken = Taken(self);
        // SAFETY: by the invariant nobody else borrows the value before `_taken` is dropped, which outlives this borrow.
        unsafe { exclusive(&self.value, f) }
    }

    /// The same, unless another thread is inside.
    #[inline]
    pub(crate) fn try_with<R>(&self, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.take().then(|| {
            let _taken = Taken(self);
            // SAFETY: as above.
            unsafe { exclusive(&self.value, f) }
        })
    }

    #[inline]
    fn take(&self) -> bool {
        self.taken
            .compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    /// Looks before it writes, so that those inside need not fetch the memory back.
    fn take_soon(&self) -> bool {
        (0..LOOKS).any(|_| {
            spin_loop();
            !self.taken.load(Ordering::Relaxed) && self.take()
        })
    }

    /// Takes it as soon as it is free.
    #[cold]
    #[inline(never)]
    fn wait(&self, first: Duration) {
        let mut nap = first;
        while !self.take_soon() {
            self.asleep.store(true, Ordering::Relaxed);
            imp::all_see_it();
            if self.take_soon() {
                return;
            }
            let room = imp::enter(&self.room);
            // Those who have been roused since then sleep no more.
            let slept = self.asleep.load(Ordering::Relaxed);
            nap = if slept && imp::sleep(&self.roused, room, nap) {
                nap.saturating_mul(2).min(LONGEST_NAP.max(first))
            } else {
                first
            };
        }
    }

    /// Wakes all. Who finds it taken again says again that it sleeps.
    #[cold]
    #[inline(never)]
    fn rouse(&self) {
        let _room = imp::enter(&self.room);
        self.asleep.store(false, Ordering::Relaxed);
        self.roused.notify_all();
    }
}

/// Gives the lock back.
struct Taken<'a, T>(&'a Lock<T>);

impl<T> Drop for Taken<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.0.taken.store(false, Ordering::Release);
        imp::all_see_it();
        if self.0.asleep.load(Ordering::Relaxed) {
            self.0.rouse();
        }
    }
}

#[cfg(not(loom))]
mod imp {
    pub(super) use core::cell::UnsafeCell;
    pub(super) use core::hint::spin_loop;
    use core::sync::atomic::compiler_fence;
    pub(super) use core::sync::atomic::{AtomicBool, Ordering};
    use core::time::Duration;
    use std::sync::PoisonError;
    pub(super) use std::sync::{Condvar, Mutex, MutexGuard};

    /// # Safety
    ///
    /// Nobody else borrows the value meanwhile.
    #[inline]
    pub(super) unsafe fn exclusive<T, R>(cell: &UnsafeCell<T>, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: the caller's duty.
        f(unsafe { &mut *cell.get() })
    }

    pub(super) fn enter(room: &Mutex<()>) -> MutexGuard<'_, ()> {
        room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nobody woke it. Woken or not, it looks again.
    pub(super) fn sleep(roused: &Condvar, room: MutexGuard<'_, ()>, nap: Duration) -> bool {
        let (_room, result) = roused
            .wait_timeout(room, nap)
            .unwrap_or_else(PoisonError::into_inner);
        result.timed_out()
    }

    /// Only the compiler is held to the order: the instruction for the processors is what is saved.
    #[inline]
    pub(super) fn all_see_it() {
        compiler_fence(Ordering::SeqCst);
    }
}

/// Nobody wakes by itself here: a wake that is lost would show. What loom may let others see later, as processors do, is
/// what naps are for, so it is ruled out.
#[cfg(loom)]
mod imp {
    use core::time::Duration;
    pub(super) use loom::cell::UnsafeCell;
    pub(super) use loom::hint::spin_loop;
    pub(super) use loom::sync::atomic::{AtomicBool, Ordering};
    pub(super) use loom::sync::{Condvar, Mutex, MutexGuard};

    /// # Safety
    ///
    /// Nobody else borrows the value meanwhile, which loom checks.
    pub(super) unsafe fn exclusive<T, R>(cell: &UnsafeCell<T>, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: the caller's duty.
        cell.with_mut(|value| f(unsafe { &mut *value }))
    }

    pub(super) fn enter(room: &Mutex<()>) -> MutexGuard<'_, ()> {
        room.lock().unwrap()
    }

    pub(super) fn sleep(roused: &Condvar, room: MutexGuard<'_, ()>, _nap: Duration) -> bool {
        drop(roused.wait(room));
        false
    }

    pub(super) fn all_see_it() {
        loom::sync::atomic::fence(Ordering::SeqCst);
    }
}

#[cfg(all(test, not(loom), not(shuttle)))]
mod tests {
    use super::*;
    use core::panic::AssertUnwindSafe;
    use std::panic::catch_unwind;
    use std::thread;

    #[test]
    fn one_thread_at_a_time() {
        const ROUNDS: u64 = 100_000;
        let lock = Lock::new((0u64, 0u64));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..ROUNDS {
                        lock.with(|(one, two)| {
                            assert_eq!(one, two);
                            *one += 1;
                            *two += 1;
                        });
                    }
                });
            }
        });
        assert_eq!(lock.with(|both| *both), (4 * ROUNDS, 4 * ROUNDS));
    }

    /// No nap ends in here, so whoever is not woken is missed.
    #[test]
    fn who_sleeps_is_woken() {
        let lock = Lock::new(0);
        thread::scope(|scope| {
            lock.with(|count| {
                for _ in 0..3 {
                    scope.spawn(|| {
                        lock.wait(Duration::MAX);
                        let _taken = Taken(&lock);
                        // It is never free for long, so the others sleep, too.
                    });
                }
                while !lock.asleep.load(Ordering::Relaxed) {
                    thread::yield_now();
                }
                *count += 1;
            });
        });
        assert_eq!(lock.with(|count| *count), 1);
    }

    #[test]
    fn a_panic_gives_it_back() {
        let lock = Lock::new(0);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            lock.with(|count| {
                *count += 1;
                panic!("inside");
            });
        }));
        assert!(panicked.is_err());
        assert_eq!(lock.with(|count| *count), 1);
    }
}
