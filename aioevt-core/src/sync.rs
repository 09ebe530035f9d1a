//! The only file that chooses between std, critical sections, a spin lock, loom and shuttle. Locks are entered with a closure:
//! a guard could not be given out by a critical section, and the extent of every lock shows in the code.

use core::ops::Deref;
use core::task::Waker;

pub(crate) use arc::{Arc, Weak};

#[cfg(not(all(feature = "portable-atomic", not(feature = "std"))))]
mod arc {
    pub(crate) use alloc::sync::{Arc, Weak};
    #[cfg(not(any(loom, shuttle)))]
    pub(crate) use core::sync::atomic;
    #[cfg(loom)]
    pub(crate) use loom::sync::atomic;
    #[cfg(shuttle)]
    pub(crate) use shuttle::sync::atomic;
}

#[cfg(all(feature = "portable-atomic", not(feature = "std")))]
mod arc {
    pub(crate) use portable_atomic as atomic;
    pub(crate) use portable_atomic_util::{Arc, Weak};
}

pub(crate) use arc::atomic;

/// Makes an `Arc<dyn Trait>`: `shared_dyn!(value => dyn Trait)`. The portable `Arc` cannot be coerced on stable.
#[cfg(not(all(feature = "portable-atomic", not(feature = "std"))))]
macro_rules! shared_dyn {
    ($value:expr => $t:ty) => {
        $crate::sync::Arc::new($value) as $crate::sync::Arc<$t>
    };
}
#[cfg(all(feature = "portable-atomic", not(feature = "std")))]
macro_rules! shared_dyn {
    ($value:expr => $t:ty) => {
        $crate::sync::Arc::<$t>::from(alloc::boxed::Box::new($value) as alloc::boxed::Box<$t>)
    };
}
pub(crate) use shared_dyn;

/// A waker that calls `f`.
pub(crate) fn waker(f: impl Fn() + Send + Sync + 'static) -> Waker {
    Waker::from(Arc::new(Wakes(f)))
}

struct Wakes<F>(F);

#[cfg(not(all(feature = "portable-atomic", not(feature = "std"))))]
impl<F: Fn() + Send + Sync + 'static> alloc::task::Wake for Wakes<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        (self.0)();
    }
}

#[cfg(all(feature = "portable-atomic", not(feature = "std")))]
impl<F: Fn() + Send + Sync + 'static> portable_atomic_util::task::Wake for Wakes<F> {
    fn wake(this: Arc<Self>) {
        (this.0)();
    }

    fn wake_by_ref(this: &Arc<Self>) {
        (this.0)();
    }
}

/// Whether a model runs the code under schedules of its own: whatever is done only to win time is then left out.
pub(crate) const MODELLED: bool = cfg!(any(loom, shuttle));

/// Whether names have routes, which know a lane's state for longer than the lane lives (`topic/route.rs`).
pub(crate) const ROUTED: bool = cfg!(any(feature = "std", loom, shuttle));

/// Alone on its cache lines, where there are caches: what one thread writes all the time does not slow down those who
/// only read what would be its neighbours.
#[cfg_attr(feature = "std", repr(align(128)))]
pub(crate) struct Apart<T>(pub(crate) T);

impl<T> Deref for Apart<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.0
    }
}

/// A lock. A panic inside does not poison it: what it guards is consistent between any two of our own statements.
pub(crate) struct Mutex<T>(imp::Raw<T>);

impl<T> Mutex<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(imp::new(value))
    }

    /// Runs `f` on the value while no other thread (and no interrupt handler) can. `f` is our own code only.
    #[inline]
    pub(crate) fn with<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        imp::with(&self.0, f)
    }

    /// The same, unless another thread is inside: `None` then.
    #[inline]
    pub(crate) fn try_with<R>(&self, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        imp::try_with(&self.0, f)
    }
}

#[cfg(any(loom, shuttle))]
mod imp {
    #[cfg(loom)]
    pub(super) type Raw<T> = loom::sync::Mutex<T>;
    #[cfg(shuttle)]
    pub(super) type Raw<T> = shuttle::sync::Mutex<T>;

    pub(super) fn new<T>(value: T) -> Raw<T> {
        Raw::new(value)
    }

    pub(super) fn with<T, R>(raw: &Raw<T>, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut raw.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }

    pub(super) fn try_with<T, R>(raw: &Raw<T>, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        raw.try_lock().ok().map(|mut value| f(&mut value))
    }
}

#[cfg(all(feature = "std", not(any(loom, shuttle))))]
mod imp {
    pub(super) use crate::lock::Lock as Raw;

    pub(super) fn new<T>(value: T) -> Raw<T> {
        Raw::new(value)
    }

    #[inline]
    pub(super) fn with<T, R>(raw: &Raw<T>, f: impl FnOnce(&mut T) -> R) -> R {
        raw.with(f)
    }

    #[inline]
    pub(super) fn try_with<T, R>(raw: &Raw<T>, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        raw.try_with(f)
    }
}

#[cfg(all(
    not(feature = "std"),
    feature = "critical-section",
    not(any(loom, shuttle))
))]
mod imp {
    use core::cell::RefCell;

    pub(super) type Raw<T> = critical_section::Mutex<RefCell<T>>;

    pub(super) fn new<T>(value: T) -> Raw<T> {
        Raw::new(RefCell::new(value))
    }

    #[inline]
    pub(super) fn with<T, R>(raw: &Raw<T>, f: impl FnOnce(&mut T) -> R) -> R {
        critical_section::with(|cs| f(&mut raw.borrow_ref_mut(cs)))
    }

    /// Nobody can be inside.
    #[inline]
    pub(super) fn try_with<T, R>(raw: &Raw<T>, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        Some(with(raw, f))
    }
}

#[cfg(all(
    not(feature = "std"),
    not(feature = "critical-section"),
    not(any(loom, shuttle))
))]
mod imp {
    pub(super) type Raw<T> = spin::mutex::SpinMutex<T>;

    pub(super) fn new<T>(value: T) -> Raw<T> {
        Raw::new(value)
    }

    #[inline]
    pub(super) fn with<T, R>(raw: &Raw<T>, f: impl FnOnce(&mut T) -> R) -> R {
        f(&mut raw.lock())
    }

    #[inline]
    pub(super) fn try_with<T, R>(raw: &Raw<T>, f: impl FnOnce(&mut T) -> R) -> Option<R> {
        raw.try_lock().map(|mut value| f(&mut value))
    }
}
