//! A waker that says what becomes of it, and runtimes for tests of wakers.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{RawWaker, RawWakerVTable, Waker};
use std::time::Duration;

use aioevt_core::{BoxFuture, Sleep, SpawnError, Spawner, Timer, TimerError};

/// A runtime that keeps what is spawned, for the test to poll with wakers of its own. It has no clock.
#[derive(Clone, Default)]
pub(crate) struct ByHand(pub(crate) Arc<Mutex<Vec<BoxFuture>>>);

impl Spawner for ByHand {
    fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
        self.0.lock().unwrap().push(future);
        Ok(())
    }
}

impl Timer for ByHand {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> Sleep {
        Box::pin(std::future::ready(Err(TimerError::Unsupported)))
    }
}

pub(crate) type Action = Mutex<Option<Box<dyn FnMut() + Send>>>;

/// What became of a waker, and what it does then.
#[derive(Default)]
pub(crate) struct Told {
    pub(crate) clones: AtomicUsize,
    pub(crate) wakes: AtomicUsize,
    pub(crate) drops: AtomicUsize,
    pub(crate) on_clone: Action,
    pub(crate) on_drop: Action,
}

impl Told {
    /// For the rest of the process, which still knows it at its end: it is no leak.
    pub(crate) fn new() -> &'static Self {
        static ALL: Mutex<Vec<&'static Told>> = Mutex::new(Vec::new());
        let told: &'static Self = Box::leak(Box::default());
        ALL.lock().unwrap().push(told);
        told
    }

    /// The waker; forgotten, so that its own drop is not counted.
    pub(crate) fn waker(&'static self) -> std::mem::ManuallyDrop<Waker> {
        // SAFETY: the functions of the table do what a waker's do, with a reference that is never freed.
        std::mem::ManuallyDrop::new(unsafe { Waker::from_raw(self.raw()) })
    }

    fn raw(&'static self) -> RawWaker {
        static TABLE: RawWakerVTable = RawWakerVTable::new(
            |told| {
                let told = Told::of(told);
                told.clones.fetch_add(1, SeqCst);
                act(&told.on_clone);
                told.raw()
            },
            |told| {
                Told::of(told).wakes.fetch_add(1, SeqCst);
                Told::of(told).dropped();
            },
            |told| {
                Told::of(told).wakes.fetch_add(1, SeqCst);
            },
            |told| Told::of(told).dropped(),
        );
        RawWaker::new(std::ptr::from_ref(self).cast(), &TABLE)
    }

    fn of(told: *const ()) -> &'static Self {
        // SAFETY: only `raw` makes these pointers, of a reference that is never freed.
        unsafe { &*told.cast() }
    }

    fn dropped(&self) {
        self.drops.fetch_add(1, SeqCst);
        act(&self.on_drop);
    }

    pub(crate) fn wakes(&self) -> usize {
        self.wakes.load(SeqCst)
    }
}

fn act(action: &Action) {
    let taken = action.lock().unwrap().take();
    if let Some(mut f) = taken {
        f();
        *action.lock().unwrap() = Some(f);
    }
}

pub(crate) fn set(action: &Action, f: impl FnMut() + Send + 'static) {
    *action.lock().unwrap() = Some(Box::new(f));
}

pub(crate) struct Panics;

impl Drop for Panics {
    fn drop(&mut self) {
        panic!("when dropped");
    }
}

/// A runtime that panics at its end.
pub(crate) struct Fragile(
    pub(crate) ByHand,
    #[allow(dead_code, reason = "it is dropped")] pub(crate) Panics,
);

impl Spawner for Fragile {
    fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
        self.0.spawn(future)
    }
}

impl Timer for Fragile {
    fn now(&self) -> Duration {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.0.sleep(duration)
    }
}
