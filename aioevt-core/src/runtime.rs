//! `Spawner` and `Timer`: all that the core asks of a runtime. The handle that users hold is in `event_loop.rs`.

use alloc::boxed::Box;
use core::fmt;
use core::future::Future;
use core::pin::Pin;
use core::task::Context;
use core::time::Duration;

/// A future that a [`Spawner`] runs to its end.
pub type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A future of a [`Timer`] that resolves when its time has come, or with the reason why it never will.
pub type Sleep = Pin<Box<dyn Future<Output = Result<(), TimerError>> + Send>>;

/// Runs futures on an event loop. One method is to be implemented; the others have a default that is right for most
/// runtimes. (A spawner that hands on to another one hands these on, too.)
///
/// An implementation
/// * must run the future to its end without anybody holding a handle: dropping whatever the runtime's own `spawn`
///   returned must not cancel it;
/// * must not poll the future inside `spawn`;
/// * must either return `Ok` and take care of the future, or drop it. Dropping it and returning `Ok` is allowed:
///   the future notices;
/// * must not keep the runtime alive by holding it from inside its own tasks;
/// * must drop its unfinished futures when it is shut down, also those that sleep and are held by their wakers only, and
///   those that another thread is just waking: that is how a lane notices;
/// * must give futures wakers that do not panic: a lane whose waker panicked may stay asleep;
/// * may be called from any thread, also after the runtime was shut down, and must not panic then.
///
/// A future that is dropped unfinished (the runtime was shut down) reports what was lost by itself.
///
/// # Examples
///
#[doc = include_str!("runtime/adapter.md")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event loop's spawner",
    note = "with the feature of its runtime, tokio's is `TokioRuntime::new(handle)` or `TokioRuntime::current()?`, and \
            likewise for smol and async-std; for a runtime of your own implement `Spawner` and `Timer`"
)]
pub trait Spawner: Send + Sync {
    /// Hands the future to the runtime.
    ///
    /// # Errors
    ///
    /// When the runtime does not take futures, now or any more. The future is dropped then.
    fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError>;

    /// Hands a future to the runtime that lets others have their turns by itself: what runs the callbacks of a lane, or
    /// watches the delays. As any other, unless the runtime says otherwise. One that makes tasks wait which have done much
    /// (tokio's coop budget) does not do so here: the async callbacks that are called would wait, and finish in another order.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Self::spawn).
    fn spawn_driver(&self, future: BoxFuture) -> Result<(), SpawnError> {
        self.spawn(future)
    }

    /// Called by such a future when it has more to do and returns, once in 100 µs of a [`Timer`]'s time at least (in
    /// between it wakes itself): it is to be polled again soon, after the other tasks of the runtime, its timers and its I/O.
    /// As any task, it wakes itself, unless the runtime knows a better way. `cx` is that of the future, which sleeps for ever
    /// if nobody wakes it: its lane would stand still. It must not panic: the lane is closed then.
    fn yield_now(&self, cx: &mut Context<'_>) {
        cx.waker().wake_by_ref();
    }
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
#[doc = include_str!("runtime/adapter.md")]
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event loop's timer",
    note = "with the feature of its runtime, tokio's is `TokioRuntime::new(handle)` or `TokioRuntime::current()?`, and \
            likewise for smol and async-std; for a runtime of your own implement `Spawner` and `Timer`"
)]
pub trait Timer: Send + Sync {
    /// The time since an epoch of the timer's own choice. Besides delays and limits, it tells (with std) a lane with much to do
    /// how long its turn lasts: it is asked between callbacks, so it must be quick and must not wait. If it panics there, the
    /// lane does not ask again, and only the number of calls ends its turns.
    fn now(&self) -> Duration;

    /// A future that resolves after `duration`.
    ///
    /// # Errors
    ///
    /// The future's, never this call's: a [`TimerError`] when the time will never come.
    fn sleep(&self, duration: Duration) -> Sleep;
}

/// Whoever is given an `Arc` of a runtime may use it as the runtime.
macro_rules! through_arc {
    ($arc:path) => {
        impl<T: Spawner + ?Sized> Spawner for $arc {
            fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
                (**self).spawn(future)
            }

            fn spawn_driver(&self, future: BoxFuture) -> Result<(), SpawnError> {
                (**self).spawn_driver(future)
            }

            fn yield_now(&self, cx: &mut Context<'_>) {
                (**self).yield_now(cx);
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
    /// The event loop was shut down, or refused the task that keeps its delays.
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
                f.write_str(
                    "the event loop of the timer was shut down, or had no room for its task; use one that runs",
                )
            }
            Self::Disabled(help) => write!(f, "the event loop has no timer: {help}"),
            Self::Unsupported => f.write_str(
                "an inline event loop has no clock; name another with `emit_after_on` or `timeout_on`",
            ),
        }
    }
}

impl core::error::Error for TimerError {}
