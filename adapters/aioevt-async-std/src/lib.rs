//! async-std as an event loop of aioevt: [`AsyncStdRuntime`], a [`Spawner`] and [`Timer`]. Lanes, callbacks and names are
//! in [`aioevt_core`]; applications take both from the facade, [`aioevt`](https://docs.rs/aioevt) with its feature
//! `async-std`.
//!
//! **async-std is discontinued** ([RUSTSEC-2025-0052](https://rustsec.org/advisories/RUSTSEC-2025-0052)): it gets no
//! fixes any more. This crate is for programs that still run on it. New ones take smol, which its authors recommend and
//! which has the same executor underneath: the crate `aioevt-smol`, the facade's feature `smol`.
//!
//! ```
//! # mod aioevt { pub use aioevt_core::*; pub use aioevt_async_std::*; }
//! use aioevt::{AsyncStdRuntime, EventLoop, Manager};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! async_std::task::block_on(async {
//!     let event_loop = EventLoop::new(AsyncStdRuntime::new());
//!     let mgr = Manager::new(&event_loop);
//!     mgr.register("Add", |a: i64, b: i64, mgr: Manager| mgr.emit("Added", (a + b,)));
//!
//!     let added = mgr.wait("Added");
//!     mgr.emit("Add", (1, 2));
//!     assert_eq!(added.await?.arg::<i64>(0)?, 3);
//!     Ok(())
//! })
//! # }
//! ```
//!
//! # Shutdown
//!
//! There is none: async-std has one runtime in a process, started by its first use, and it runs until the process ends.
//! Its tasks are not dropped then.
//!
//! A future that panics *while it is dropped* aborts the process: async-std's executor cannot unwind through that.
#![forbid(unsafe_code)]

use core::future::poll_fn;
use core::panic::AssertUnwindSafe;
use core::pin::pin;
use core::task::Poll;
use core::time::Duration;
use std::panic::catch_unwind;
use std::sync::OnceLock;
use std::time::Instant;

use aioevt_core::{BoxFuture, Sleep, SpawnError, Spawner, Timer, TimerError};
use async_std::task;

/// About 30 years, as in tokio: what lies beyond, not every system's clock can express.
const LONGEST: Duration = Duration::from_secs(30 * 365 * 86_400);

/// async-std's runtime, the only one in the process, as an event loop's [`Spawner`] and [`Timer`].
///
/// Making one starts nothing; the first task and the first sleep start async-std's threads. All values are the same
/// runtime and tell the same time. Every method may be called from every thread.
///
/// # Panics
///
/// Never. A process that is out of threads or files when async-std starts, async-std may abort by itself.
#[derive(Clone, Debug, Default)]
pub struct AsyncStdRuntime(());

impl AsyncStdRuntime {
    /// The runtime, from any thread.
    ///
    /// ```
    /// # mod aioevt { pub use aioevt_core::*; pub use aioevt_async_std::*; }
    /// use aioevt::{AsyncStdRuntime, Spawner};
    ///
    /// let (tx, rx) = std::sync::mpsc::channel();
    /// let spawned = AsyncStdRuntime::new().spawn(Box::pin(async move {
    ///     tx.send("on the runtime").ok();
    /// }));
    /// assert_eq!((spawned, rx.recv()), (Ok(()), Ok("on the runtime")));
    /// ```
    pub const fn new() -> Self {
        Self(())
    }

    /// The runtime, if the caller is inside one of its tasks or its `block_on`. It runs otherwise, too: see
    /// [`new`](Self::new).
    ///
    /// ```
    /// # use aioevt_async_std as aioevt;
    /// use aioevt::AsyncStdRuntime;
    ///
    /// assert!(AsyncStdRuntime::current().is_none());
    /// async_std::task::block_on(async { assert!(AsyncStdRuntime::current().is_some()) });
    /// ```
    pub fn current() -> Option<Self> {
        task::try_current().map(|_| Self::new())
    }
}

impl Spawner for AsyncStdRuntime {
    /// Hands the future to the runtime.
    ///
    /// # Errors
    ///
    /// [`SpawnError::Closed`] if async-std cannot start; the panic that says why shows on stderr. If the executor that it
    /// shares with others (`async-global-executor`) had failed to start for one of those before, it says `Ok`, and
    /// nobody runs the future.
    fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
        // Starting the threads may panic, and so may the application's logger, which is told of every task. Dropping
        // the handle lets the task run on.
        catch_unwind(AssertUnwindSafe(|| drop(task::spawn(future)))).map_err(|_| SpawnError::Closed)
    }
}

impl Timer for AsyncStdRuntime {
    /// The time since its first use in the process.
    fn now(&self) -> Duration {
        static EPOCH: OnceLock<Instant> = OnceLock::new();
        EPOCH.get_or_init(Instant::now).elapsed()
    }

    /// Resolves on the system's clock; durations above 30 years are 30 years. It may be awaited anywhere.
    ///
    /// # Errors
    ///
    /// [`TimerError::Disabled`] if async-std's reactor cannot start; the panic that says why shows on stderr.
    fn sleep(&self, duration: Duration) -> Sleep {
        // async-std counts from the first poll.
        let (runtime, deadline) = (self.clone(), self.now() + duration.min(LONGEST));
        Box::pin(async move {
            let mut sleep = pin!(task::sleep(deadline.saturating_sub(runtime.now())));
            poll_fn(|cx| {
                // The first one starts the timer's thread, which may panic.
                catch_unwind(AssertUnwindSafe(|| sleep.as_mut().poll(cx).map(Ok))).unwrap_or(
                    Poll::Ready(Err(TimerError::Disabled(
                        "async-std cannot start its reactor; allow more threads and open files",
                    ))),
                )
            })
            .await
        })
    }
}

/// The README's example, compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
