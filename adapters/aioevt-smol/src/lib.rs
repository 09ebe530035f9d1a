//! smol as an event loop of aioevt: [`SmolRuntime`], a [`Spawner`] and [`Timer`]. Lanes, callbacks and names are in
//! [`aioevt_core`]; applications take both from the facade, [`aioevt`](https://docs.rs/aioevt) with its feature `smol`.
//!
//! ```
//! # mod aioevt { pub use aioevt_core::*; pub use aioevt_smol::*; }
//! use aioevt::{EventLoop, Manager, SmolRuntime};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let event_loop = EventLoop::new(SmolRuntime::global());
//! let mgr = Manager::new(&event_loop);
//! mgr.register("Add", |a: i64, b: i64, mgr: Manager| mgr.emit("Added", (a + b,)));
//!
//! let added = mgr.wait("Added");
//! mgr.emit("Add", (1, 2));
//! assert_eq!(smol::block_on(added)?.arg::<i64>(0)?, 3);
//! # Ok(())
//! # }
//! ```
//!
//! # Shutdown
//!
//! An executor is shut down by dropping its last `Arc`, which drops its tasks unfinished. From then on spawning returns
//! [`SpawnError::Closed`] and sleeps [`TimerError::Closed`]. A `SmolRuntime` and its tasks do not keep the executor
//! alive, but a call that spawns or wakes does until it returns: if some other thread emits meanwhile, or a timer fires,
//! the tasks may be dropped a moment later, and on another thread. `Manager::idle` waits for it. An executor that nobody
//! runs holds its tasks until somebody does, or until it is dropped.
//!
//! smol's global executor is started by its first use, has one thread (or `SMOL_THREADS`; with 0 of them nobody runs it)
//! and never closes. Its tasks are not dropped when the process ends.
//!
//! A future that panics *while it is dropped* aborts the process: smol's executor cannot unwind through that.
#![forbid(unsafe_code)]

extern crate alloc;

mod kept;

use alloc::sync::{Arc, Weak};
use core::future::poll_fn;
use core::panic::AssertUnwindSafe;
use core::pin::Pin;
use core::task::Poll;
use core::time::Duration;
use std::panic::catch_unwind;
use std::sync::OnceLock;
use std::time::Instant;

use aioevt_core::{BoxFuture, Sleep, SpawnError, Spawner, Timer, TimerError};
use smol::Executor;

use self::kept::Kept;

/// About 30 years, as in tokio: what lies beyond, not every system's clock can express.
const LONGEST: Duration = Duration::from_secs(30 * 365 * 86_400);

/// A smol executor, the global one or one's own, as an event loop's [`Spawner`] and [`Timer`].
///
/// Every method may be called from every thread, also after the executor was dropped. Clones name the same executor. A
/// `LocalExecutor` cannot be one: its tasks come from its own thread only.
///
/// # Panics
///
/// Never. A process that is out of threads or files when smol starts, smol may abort by itself.
#[derive(Clone, Debug)]
pub struct SmolRuntime {
    /// An executor of one's own. A strong reference would live in the executor's own tasks, and keep it for ever.
    own: Option<Weak<Executor<'static>>>,
}

impl SmolRuntime {
    /// The executor of [`smol::spawn`], from any thread.
    ///
    /// ```
    /// # mod aioevt { pub use aioevt_core::*; pub use aioevt_smol::*; }
    /// use aioevt::{SmolRuntime, Spawner};
    ///
    /// let (tx, rx) = std::sync::mpsc::channel();
    /// let spawned = SmolRuntime::global().spawn(Box::pin(async move {
    ///     tx.send("on the global executor").ok();
    /// }));
    /// assert_eq!((spawned, rx.recv()), (Ok(()), Ok("on the global executor")));
    /// ```
    pub const fn global() -> Self {
        Self { own: None }
    }

    /// An executor of one's own, which lives as long as others hold it in its `Arc`. One that is taken out of it, with
    /// `Arc::try_unwrap` or `Arc::into_inner`, counts as dropped: its tasks are not woken any more, and end when it does.
    ///
    /// A call of [`spawn`](Spawner::spawn) holds it too, until it returns. So if the last other `Arc` is dropped
    /// meanwhile, the executor and its tasks are dropped inside that call, on its thread: like dropping the `Arc`
    /// there. Whoever wakes a task holds it as well, so that no task is lost in an executor that is being dropped; if
    /// that was the last `Arc`, a thread is started that drops it, for the caller may hold a lock. (If there is no thread
    /// to be had, it is dropped there all the same.) For such moments `Arc::try_unwrap` and `Arc::get_mut` find it shared.
    ///
    /// ```
    /// # mod aioevt { pub use aioevt_core::*; pub use aioevt_smol::*; }
    /// use std::sync::Arc;
    ///
    /// use aioevt::{SmolRuntime, SpawnError, Spawner};
    ///
    /// let executor = Arc::new(smol::Executor::new());
    /// let runtime = SmolRuntime::new(&executor);
    /// let (tx, rx) = std::sync::mpsc::channel();
    /// runtime.spawn(Box::pin(async move { tx.send("on my executor").unwrap() }))?;
    /// while executor.try_tick() {}
    /// assert_eq!(rx.recv(), Ok("on my executor"));
    ///
    /// drop(executor);
    /// assert_eq!(runtime.spawn(Box::pin(async {})), Err(SpawnError::Closed));
    /// # Ok::<(), SpawnError>(())
    /// ```
    pub fn new(executor: &Arc<Executor<'static>>) -> Self {
        Self {
            own: Some(Arc::downgrade(executor)),
        }
    }

    fn is_closed(&self) -> bool {
        self.own
            .as_ref()
            .is_some_and(|executor| executor.strong_count() == 0)
    }
}

impl Spawner for SmolRuntime {
    /// Hands the future to the executor.
    ///
    /// # Errors
    ///
    /// [`SpawnError::Closed`] if the executor was dropped, and the future with it; or if smol's global executor cannot
    /// start: the panic that says why shows on stderr.
    fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
        let Some(own) = &self.own else {
            // The first one starts the executor's thread, which may panic.
            return catch_unwind(AssertUnwindSafe(|| smol::spawn(future).detach()))
                .map_err(|_| SpawnError::Closed);
        };
        let executor = own.upgrade().ok_or(SpawnError::Closed)?;
        executor.spawn(Kept::new(future, own)).detach();
        // Everybody else may have dropped theirs by now. A task of the executor is never the last: its `run` borrows it.
        match Arc::into_inner(executor) {
            None => Ok(()),
            Some(last) => {
                drop(last);
                Err(SpawnError::Closed)
            }
        }
    }
}

impl Timer for SmolRuntime {
    /// The time since its first use in the process, the same for all executors.
    fn now(&self) -> Duration {
        static EPOCH: OnceLock<Instant> = OnceLock::new();
        EPOCH.get_or_init(Instant::now).elapsed()
    }

    /// Resolves on the system's clock; durations above 30 years are 30 years. It may be awaited anywhere.
    ///
    /// # Errors
    ///
    /// [`TimerError::Closed`] if the executor was dropped: at once, or for a sleep under way when it is polled next, at
    /// its deadline at the latest. [`TimerError::Disabled`] if smol's reactor cannot start; the panic that says why
    /// shows on stderr.
    fn sleep(&self, duration: Duration) -> Sleep {
        let (runtime, mut timer) = (self.clone(), smol::Timer::after(duration.min(LONGEST)));
        Box::pin(poll_fn(move |cx| {
            if runtime.is_closed() {
                return Poll::Ready(Err(TimerError::Closed));
            }
            // The first one starts the reactor's thread, which may panic.
            catch_unwind(AssertUnwindSafe(|| {
                Pin::new(&mut timer).poll(cx).map(|_| Ok(()))
            }))
            .unwrap_or(Poll::Ready(Err(TimerError::Disabled(
                "smol cannot start its reactor; allow more threads and open files",
            ))))
        }))
    }
}

/// The README's example, compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
