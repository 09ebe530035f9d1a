//! tokio as an event loop of aioevt: [`TokioRuntime`], a [`Spawner`] and [`Timer`]. Lanes, callbacks and names are in
//! [`aioevt_core`]; applications take both from the facade, [`aioevt`](https://docs.rs/aioevt) with its feature `tokio`.
//!
//! ```
//! # mod aioevt { pub use aioevt_core::*; pub use aioevt_tokio::*; }
//! use aioevt::{EventLoop, Manager, TokioRuntime};
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let event_loop = EventLoop::new(TokioRuntime::current()?);
//!     let mgr = Manager::new(&event_loop);
//!     mgr.register("Add", |a: i64, b: i64, mgr: Manager| mgr.emit("Added", (a + b,)));
//!
//!     let added = mgr.wait("Added");
//!     mgr.emit("Add", (1, 2));
//!     assert_eq!(added.await?.arg::<i64>(0)?, 3);
//!     Ok(())
//! }
//! ```
//!
//! # Shutdown
//!
//! A runtime that is dropped (or `shutdown_timeout`, `shutdown_background`) drops its tasks unfinished. Its workers look for
//! that now and then: of callbacks that are queued, some may still run, for which the drop waits. From then on
//! spawning returns [`SpawnError::Closed`] and sleeps resolve with [`TimerError::Closed`]; those under way are woken for
//! it. A `TokioRuntime` never keeps its runtime alive. A `current_thread` runtime runs only inside `block_on`: until
//! then, and between two of them, its tasks are held and its sleeps do not fire.
#![forbid(unsafe_code)]

extern crate alloc;

use alloc::sync::Arc;
use core::fmt;
use core::future::ready;
use core::pin::{Pin, pin};
use core::sync::atomic::{AtomicBool, Ordering};
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::panic::catch_unwind;

use aioevt_core::{BoxFuture, Sleep, SpawnError, Spawner, Timer, TimerError};
use tokio::runtime::{EnterGuard, Handle};
use tokio::task::{JoinHandle, unconstrained, yield_now};
use tokio::time::Instant;

/// A tokio runtime, of any flavor, as an event loop's [`Spawner`] and [`Timer`].
///
/// It names one runtime, whichever runtime the calling thread is in; only [`current`](Self::current) looks at that.
/// Every method may be called from every thread, also after the runtime was shut down. Clones name the same runtime.
///
/// # Panics
///
/// Never. A runtime without a timer is found out by a panic of tokio's that is caught here: the first sleep on it
/// shows tokio's message. With `panic = "abort"` it cannot be caught.
#[derive(Clone, Debug)]
pub struct TokioRuntime {
    handle: Handle,
    /// What `now` counts from, on the runtime's own clock.
    epoch: Instant,
    /// A sleep found the runtime without a timer. It was built so, and stays so.
    timerless: Arc<AtomicBool>,
}

impl TokioRuntime {
    /// The runtime that the calling thread is in: inside `block_on`, a task, a blocking task or [`Handle::enter`].
    ///
    /// # Errors
    ///
    /// [`NoRuntime`] outside of all of these.
    ///
    /// ```
    /// # use aioevt_tokio as aioevt;
    /// use aioevt::TokioRuntime;
    ///
    /// assert!(TokioRuntime::current().is_err());
    ///
    /// let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    /// runtime.block_on(async { assert!(TokioRuntime::current().is_ok()) });
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn current() -> Result<Self, NoRuntime> {
        Handle::try_current()
            .map(Self::new)
            .map_err(|_| NoRuntime(()))
    }

    /// The runtime of `handle`, from any thread.
    ///
    /// It needs a timer (`enable_time` or `enable_all`) for delays and timeouts; events do without.
    ///
    /// ```
    /// # mod aioevt { pub use aioevt_core::*; pub use aioevt_tokio::*; }
    /// use aioevt::{Spawner, TokioRuntime};
    ///
    /// let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    /// let (tx, rx) = std::sync::mpsc::channel();
    /// let spawned = TokioRuntime::new(runtime.handle().clone()).spawn(Box::pin(async move {
    ///     tx.send("on the runtime").ok();
    /// }));
    /// assert_eq!((spawned, rx.recv()), (Ok(()), Ok("on the runtime")));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new(handle: Handle) -> Self {
        let epoch = instant(&handle);
        Self {
            handle,
            epoch,
            timerless: Arc::new(AtomicBool::new(false)),
        }
    }

    fn start<F>(&self, future: F) -> Result<(), SpawnError>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let task = self.handle.spawn(future);
        // After a shutdown tokio drops the future inside `spawn` and hands out a task that was cancelled. Nobody else
        // can cancel it: this is certain whenever it is seen. Not counted as work of the task that we are called in.
        let dropped = task.is_finished() && {
            let outcome = pin!(unconstrained(task)).poll(&mut Context::from_waker(Waker::noop()));
            matches!(outcome, Poll::Ready(Err(error)) if error.is_cancelled())
        };
        if dropped {
            Err(SpawnError::Closed)
        } else {
            Ok(())
        }
    }

    fn start_sleep(&self, duration: Duration) -> Result<SleepTask, TimerError> {
        const DISABLED: TimerError =
            TimerError::Disabled("build the runtime with `enable_time()` or `enable_all()`");

        if self.timerless.load(Ordering::Relaxed) {
            return Err(DISABLED);
        }
        let Some(_entered) = enter(&self.handle) else {
            return Err(TimerError::Closed);
        };
        // tokio tells whether there is a timer only by panicking here. Long durations it cuts to about 30 years.
        let sleep = catch_unwind(|| tokio::time::sleep(duration)).map_err(|_| {
            self.timerless.store(true, Ordering::Relaxed);
            DISABLED
        })?;
        Ok(SleepTask(self.handle.spawn(sleep)))
    }
}

impl Spawner for TokioRuntime {
    /// Hands the future to the runtime.
    ///
    /// # Errors
    ///
    /// [`SpawnError::Closed`] if the runtime was shut down; the future was dropped inside the call. When it is shut down
    /// at the same time, `Ok` may also mean that the future is dropped soon.
    fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
        self.start(future)
    }

    /// The same for what runs callbacks: outside of tokio's coop budget. It lets others have their turns by itself, and an
    /// async callback that is called there does not wait because those before it have done much.
    fn spawn_driver(&self, future: BoxFuture) -> Result<(), SpawnError> {
        self.start(unconstrained(future))
    }

    /// As `tokio::task::yield_now` does it: a task that only wakes itself would be polled some sixty times before tokio looks
    /// at its timers and its I/O.
    fn yield_now(&self, cx: &mut Context<'_>) {
        // It is pending, and has seen to it that the task is woken.
        let _pending = pin!(yield_now()).poll(cx);
    }
}

impl Timer for TokioRuntime {
    /// The time on the runtime's clock, also when that one is paused, since [`TokioRuntime::new`].
    fn now(&self) -> Duration {
        instant(&self.handle).saturating_duration_since(self.epoch)
    }

    /// Resolves on the runtime's clock, with tokio's resolution of a millisecond; durations above 30 years are 30 years.
    ///
    /// It may be awaited anywhere. Dropping it ends it.
    ///
    /// # Errors
    ///
    /// [`TimerError::Disabled`] if the runtime was built without a timer, [`TimerError::Closed`] when it is shut down.
    fn sleep(&self, duration: Duration) -> Sleep {
        match self.start_sleep(duration) {
            Ok(task) => Box::pin(task),
            Err(error) => Box::pin(ready(Err(error))),
        }
    }
}

/// A sleep that runs as a task of its runtime.
///
/// tokio (1.38 to 1.54) panics when one of its sleeps is polled while or after its runtime stops, and offers no way to
/// ask first. But it drops all tasks before it stops the timers, so a task's sleep is never polled then, and whoever
/// holds the task's handle is woken and told. It costs a spawn for every sleep; an event loop arms one at a time.
struct SleepTask(JoinHandle<()>);

impl Future for SleepTask {
    type Output = Result<(), TimerError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(cx)
            .map_err(|_cancelled| TimerError::Closed)
    }
}

impl Drop for SleepTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Makes the runtime this thread's current one, and with it its clock. `None` in the last thread-local destructors of a
/// thread, where tokio's `enter` would panic.
fn enter(handle: &Handle) -> Option<EnterGuard<'_>> {
    match Handle::try_current() {
        Err(error) if error.is_thread_local_destroyed() => None,
        _ => Some(handle.enter()),
    }
}

/// The time on the runtime's clock: tokio's `Instant::now` asks the runtime that was entered last.
fn instant(handle: &Handle) -> Instant {
    match enter(handle) {
        Some(_entered) => Instant::now(),
        // Only a paused clock differs from this one.
        None => Instant::from_std(std::time::Instant::now()),
    }
}

/// The calling thread is in no tokio runtime.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NoRuntime(());

/// The text: this is what `main` prints of an error, and `unwrap`.
impl fmt::Debug for NoRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NoRuntime: {self}")
    }
}

impl fmt::Display for NoRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "no tokio runtime on this thread: call `TokioRuntime::current` inside `block_on`, a task or \
             `Handle::enter`, or pass a `Handle` to `TokioRuntime::new`",
        )
    }
}

impl core::error::Error for NoRuntime {}

/// The README's example, compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
