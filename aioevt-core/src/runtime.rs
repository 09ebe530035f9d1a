//! `Spawner` and `Timer`: all that the core asks of a runtime. The handle that users hold is in `event_loop.rs`.

use alloc::boxed::Box;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::time::Duration;

/// A future that a [`Spawner`] runs to its end.
pub type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A future of a [`Timer`] that resolves when its time has come, or with the reason why it never will.
pub type Sleep = Pin<Box<dyn Future<Output = Result<(), TimerError>> + Send>>;

/// Runs futures on an event loop.
///
/// An implementation
/// * must run the future to its end without anybody holding a handle: dropping whatever the runtime's own `spawn`
///   returned must not cancel it;
/// * must not poll the future inside `spawn`;
/// * must either return `Ok` and take care of the future, or drop it. Dropping it and returning `Ok` is allowed:
///   the future notices;
/// * must not keep the runtime alive by holding it from inside its own tasks;
/// * may be called from any thread, also after the runtime was shut down, and must not panic then.
///
/// A future that is dropped unfinished (the runtime was shut down) reports what was lost by itself.
///
/// # Examples
///
/// A complete adapter for an executor of one's own is in the example of [`Timer`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event loop's spawner",
    note = "implement `aioevt_core::Spawner` (and `Timer`), or enable the facade's feature for your runtime"
)]
pub trait Spawner: Send + Sync {
    /// Hands the future to the runtime.
    ///
    /// # Errors
    ///
    /// When the runtime does not take futures, now or any more. The future is dropped then.
    fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError>;
}

/// Tells the time of an event loop and sleeps on it.
///
/// An implementation
/// * must be monotonic: `now` never goes back. Its epoch is free;
/// * must make `sleep(d)` resolve when `now()` has grown by at least `d`, and may do so later;
/// * must resolve with an error when the timer is gone, or was never there: never panic, never stay pending for ever;
/// * may be called from any thread. The core polls a sleep only on the runtime that it came from.
///
/// # Examples
///
/// A complete adapter: a hand-made executor that runs its tasks on one thread, with a timer that knows only the
/// time it was told.
///
/// ```
/// use std::collections::VecDeque;
/// use std::sync::{Arc, Mutex};
/// use std::task::{Context, Poll, Wake, Waker};
/// use std::time::{Duration, Instant};
///
/// use aioevt_core::{BoxFuture, EventLoop, Manager, Sleep, SpawnError, Spawner, Timer};
///
/// /// Tasks that are ready to run.
/// #[derive(Clone, Default)]
/// struct Tiny(Arc<Mutex<VecDeque<Arc<Task>>>>);
///
/// struct Task { future: Mutex<Option<BoxFuture>>, tiny: Tiny }
///
/// impl Wake for Task {
///     fn wake(self: Arc<Self>) {
///         let queue = self.tiny.0.clone();
///         queue.lock().unwrap().push_back(self);
///     }
/// }
///
/// impl Tiny {
///     fn run_until_quiet(&self) {
///         loop {
///             let Some(task) = self.0.lock().unwrap().pop_front() else { return };
///             let Some(mut future) = task.future.lock().unwrap().take() else { continue };
///             let waker = Waker::from(task.clone());
///             if future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
///                 *task.future.lock().unwrap() = Some(future);
///             }
///         }
///     }
/// }
///
/// impl Spawner for Tiny {
///     fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
///         let task = Task { future: Mutex::new(Some(future)), tiny: self.clone() };
///         self.0.lock().unwrap().push_back(Arc::new(task));
///         Ok(())
///     }
/// }
///
/// impl Timer for Tiny {
///     fn now(&self) -> Duration {
///         static EPOCH: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
///         EPOCH.get_or_init(Instant::now).elapsed()
///     }
///
///     fn sleep(&self, duration: Duration) -> Sleep {
///         let (timer, deadline) = (self.clone(), self.now().saturating_add(duration));
///         Box::pin(std::future::poll_fn(move |cx| {
///             if timer.now() >= deadline {
///                 return Poll::Ready(Ok(()));
///             }
///             cx.waker().wake_by_ref(); // a busy loop: simple, correct, wasteful
///             Poll::Pending
///         }))
///     }
/// }
///
/// let tiny = Tiny::default();
/// let mgr = Manager::new(EventLoop::new(tiny.clone()));
/// let (tx, rx) = std::sync::mpsc::channel();
/// mgr.register("Add", move |a: i64, b: i64| tx.send(a + b).unwrap());
/// mgr.emit("Add", (1, 2));
/// tiny.run_until_quiet();
/// assert_eq!(rx.try_recv(), Ok(3));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event loop's timer",
    note = "implement `aioevt_core::Timer` (and `Spawner`), or enable the facade's feature for your runtime"
)]
pub trait Timer: Send + Sync {
    /// The time since an epoch of the timer's own choice.
    fn now(&self) -> Duration;

    /// A future that resolves after `duration`.
    fn sleep(&self, duration: Duration) -> Sleep;
}

/// Whoever is given an `Arc` of a runtime may use it as the runtime.
macro_rules! through_arc {
    ($arc:path) => {
        impl<T: Spawner + ?Sized> Spawner for $arc {
            fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
                (**self).spawn(future)
            }
        }

        impl<T: Timer + ?Sized> Timer for $arc {
            fn now(&self) -> Duration {
                (**self).now()
            }

            fn sleep(&self, duration: Duration) -> Sleep {
                (**self).sleep(duration)
            }
        }
    };
}

#[cfg(target_has_atomic = "ptr")]
through_arc!(alloc::sync::Arc<T>);
#[cfg(feature = "portable-atomic")]
through_arc!(portable_atomic_util::Arc<T>);

/// Why a [`Spawner`] did not take a future.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SpawnError {
    /// The runtime was shut down.
    Closed,
    /// The runtime has room for a fixed number of tasks, and all are taken.
    Full {
        /// How many tasks it has room for.
        capacity: usize,
    },
    /// The event loop has no runtime that could run a future: see `EventLoop::inline`.
    Unsupported,
}

impl fmt::Display for SpawnError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("the event loop was shut down; register on one that runs"),
            Self::Full { capacity } => write!(
                f,
                "all {capacity} task slots of the event loop are taken; give it a larger pool or fewer suspended calls"
            ),
            Self::Unsupported => {
                f.write_str("an inline event loop runs no tasks; use an event loop with a runtime")
            }
        }
    }
}

impl core::error::Error for SpawnError {}

/// Why a [`Timer`] cannot wait for a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TimerError {
    /// The event loop was shut down.
    Closed,
    /// The runtime was built without a timer. The text says how to build it with one.
    Disabled(&'static str),
    /// The event loop has no clock: see `EventLoop::inline`.
    Unsupported,
}

impl fmt::Display for TimerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => {
                f.write_str("the event loop of the timer was shut down; use one that runs")
            }
            Self::Disabled(help) => write!(f, "the event loop has no timer: {help}"),
            Self::Unsupported => f.write_str(
                "an inline event loop has no clock; name another with `emit_after_on` or `timeout_on`",
            ),
        }
    }
}

impl core::error::Error for TimerError {}
