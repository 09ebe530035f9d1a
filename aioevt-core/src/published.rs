//! `Published`: a lock with what it guards, and values that are set once under it and read without it. One of the four
//! files of the crate with code that the compiler does not check.
//!
//! What it buys: `std::sync::OnceLock` has a lock of its own, so whoever sets it under another one pays for two. The
//! figures are in ARCHITECTURE.md. loom's models of waits and of hot names run this code.
#![allow(
    unsafe_code,
    reason = "the value is read without the lock under which it was written; what it relies on is the invariant of `Published`"
)]

use core::array;
use core::mem::MaybeUninit;
use core::panic::{RefUnwindSafe, UnwindSafe};

use self::imp::{UnsafeCell, read, write};
use crate::sync::Mutex;
use crate::sync::atomic::{AtomicBool, Ordering};

/// The lock, what it guards, and places for so many values, mostly one.
pub(crate) struct Published<S, T, const N: usize = 1> {
    state: Mutex<S>,
    places: [Place<T>; N],
}

/// Invariant: while `is_out` is `false`, `value` is touched only by the holder of the [`Setter`], of which there is one at
/// a time, for it ends with the lock that it came with. Once it is `true`, `value` is initialized and changes no more.
struct Place<T> {
    is_out: AtomicBool,
    value: UnsafeCell<MaybeUninit<T>>,
}

// SAFETY: the value is written by one thread, read by any, at the same time too, and dropped by whoever has all of it.
unsafe impl<T: Send + Sync> Sync for Place<T> {}

// As the lock: a value is out as a whole, or not at all.
impl<S, T, const N: usize> UnwindSafe for Published<S, T, N> {}
impl<S, T, const N: usize> RefUnwindSafe for Published<S, T, N> {}

/// Where the values are to be, for whoever is inside of the lock.
pub(crate) struct Setter<'a, T, const N: usize = 1>(&'a [Place<T>; N]);

impl<S, T, const N: usize> Published<S, T, N> {
    pub(crate) fn new(state: S) -> Self {
        Self {
            state: Mutex::new(state),
            places: array::from_fn(|_| Place {
                is_out: AtomicBool::new(false),
                value: UnsafeCell::new(MaybeUninit::uninit()),
            }),
        }
    }

    /// Runs `f` while no other thread can.
    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut S) -> R) -> R {
        self.state.with(f)
    }

    /// The same, for whoever may have values to publish.
    #[inline]
    pub(crate) fn with_setter<R>(&self, f: impl FnOnce(&mut S, Setter<'_, T, N>) -> R) -> R {
        self.state.with(|state| f(state, Setter(&self.places)))
    }

    /// The value of a place, if it is out.
    #[inline]
    pub(crate) fn read_at(&self, place: usize) -> Option<&T> {
        self.places.get(place)?.read()
    }
}

impl<S, T> Published<S, T> {
    /// The value, if it is out.
    #[inline]
    pub(crate) fn read(&self) -> Option<&T> {
        self.places[0].read()
    }
}

impl<T, const N: usize> Setter<'_, T, N> {
    /// Publishes the value of a place, made where it is to be; `false`, and it is not made, if there is one already, or no
    /// such place.
    #[inline]
    pub(crate) fn set_at(&mut self, place: usize, make: impl FnOnce() -> T) -> bool {
        // SAFETY: this is the setter.
        self.0
            .get(place)
            .is_some_and(|place| unsafe { place.set(make) })
    }
}

impl<T> Setter<'_, T> {
    /// The same for the only place.
    #[inline]
    pub(crate) fn set(mut self, make: impl FnOnce() -> T) -> bool {
        self.set_at(0, make)
    }
}

impl<T> Place<T> {
    #[inline]
    fn read(&self) -> Option<&T> {
        let is_out = self.is_out.load(Ordering::Acquire);
        // SAFETY: by the invariant it is initialized and changes no more; whoever sees the flag sees what was before it.
        is_out.then(|| unsafe { read(&self.value).assume_init_ref() })
    }

    /// # Safety
    ///
    /// The caller holds the setter.
    #[inline]
    unsafe fn set(&self, make: impl FnOnce() -> T) -> bool {
        if self.is_out.load(Ordering::Relaxed) {
            return false;
        }
        // SAFETY: by the invariant nobody else touches it before the flag is set, which is done behind it. If `make` panics
        // nothing was written, and the flag stays as it is.
        unsafe { write(&self.value, || MaybeUninit::new(make())) };
        self.is_out.store(true, Ordering::Release);
        true
    }
}

impl<T> Drop for Place<T> {
    #[inline]
    fn drop(&mut self) {
        if self.is_out.load(Ordering::Acquire) {
            // SAFETY: by the invariant it is initialized. Nobody else has any of it now, and it is dropped once: here.
            unsafe { imp::exclusive(&mut self.value).assume_init_drop() };
        }
    }
}

#[cfg(not(loom))]
mod imp {
    pub(super) use core::cell::UnsafeCell;

    /// # Safety
    ///
    /// Nobody writes it for as long as it is borrowed.
    #[inline]
    pub(super) unsafe fn read<T>(cell: &UnsafeCell<T>) -> &T {
        // SAFETY: the caller's duty.
        unsafe { &*cell.get() }
    }

    /// # Safety
    ///
    /// Nobody else touches it meanwhile.
    #[inline]
    pub(super) unsafe fn write<T>(cell: &UnsafeCell<T>, make: impl FnOnce() -> T) {
        // SAFETY: the caller's duty.
        unsafe { cell.get().write(make()) };
    }

    #[inline]
    pub(super) fn exclusive<T>(cell: &mut UnsafeCell<T>) -> &mut T {
        cell.get_mut()
    }
}

/// As above, and loom checks the callers.
#[cfg(loom)]
mod imp {
    pub(super) use loom::cell::UnsafeCell;

    /// # Safety
    ///
    /// Nobody writes it for as long as it is borrowed.
    pub(super) unsafe fn read<T>(cell: &UnsafeCell<T>) -> &T {
        // SAFETY: the caller's duty.
        cell.with(|value| unsafe { &*value })
    }

    /// # Safety
    ///
    /// Nobody else touches it meanwhile.
    pub(super) unsafe fn write<T>(cell: &UnsafeCell<T>, make: impl FnOnce() -> T) {
        // SAFETY: the caller's duty.
        cell.with_mut(|place| unsafe { place.write(make()) });
    }

    /// Whoever drops it has it alone because of the count of an `Arc`, which loom does not see: it is told of a look.
    pub(super) fn exclusive<T>(cell: &mut UnsafeCell<T>) -> &mut T {
        // SAFETY: it is borrowed from whoever has it alone.
        cell.with(|value| unsafe { &mut *value.cast_mut() })
    }
}

#[cfg(all(test, not(loom), not(shuttle)))]
mod tests {
    use alloc::sync::Arc;

    use super::*;

    #[test]
    fn it_is_set_once_read_by_all_and_dropped_once() {
        let (first, second) = (Arc::new(1), Arc::new(2));
        let published: Published<_, _> = Published::new(());
        assert_eq!(published.read(), None);
        assert!(published.with_setter(|(), setter| setter.set(|| first.clone())));
        assert!(!published.with_setter(|(), setter| setter.set(|| second.clone())));
        assert_eq!(published.read(), Some(&first));
        assert_eq!(
            (Arc::strong_count(&first), Arc::strong_count(&second)),
            (2, 1)
        );
        drop(published);
        assert_eq!(Arc::strong_count(&first), 1);
        // Without a value there is nothing to drop.
        drop(Published::<_, Arc<()>>::new(()));
    }

    #[test]
    fn each_place_is_one_by_itself() {
        let published: Published<_, _, 2> = Published::new(());
        let set = |place, value| published.with_setter(|(), mut it| it.set_at(place, || value));
        assert!(set(1, 'b'));
        assert_eq!(
            (published.read_at(0), published.read_at(1)),
            (None, Some(&'b'))
        );
        assert!(set(0, 'a') && !set(1, 'c') && !set(2, 'd'));
        assert_eq!(
            (published.read_at(0), published.read_at(1)),
            (Some(&'a'), Some(&'b'))
        );
        assert_eq!(published.read_at(2), None);
    }
}
