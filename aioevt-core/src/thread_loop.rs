//! `ThreadLoop`: an event loop on a thread of its own. It is a `PollLoop` on the real clock that parks.

use alloc::string::String;
use core::fmt;
use core::time::Duration;
use std::io;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::Instant;

use crate::event_loop::{EventLoop, Kind};
use crate::poll_loop::{Clock, Core, Executor};
use crate::sync::Arc;

/// An event loop on a thread of its own, for programs (and libraries) that have no runtime at hand.
///
/// Dropping it detaches the thread, which ends when the last handle of its loop is gone and its work is done. So this is
/// fine: `Manager::new(&ThreadLoop::spawn("worker")?)`.
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::{Manager, ThreadLoop};
///
/// let worker = ThreadLoop::spawn("worker")?;
/// let mgr = Manager::new(&worker);
/// let (tx, rx) = std::sync::mpsc::channel();
/// mgr.register("Add", move |a: i64, b: i64| {
///     assert_eq!(std::thread::current().name(), Some("worker"));
///     tx.send(a + b).unwrap();
/// });
/// mgr.emit("Add", (1, 2));
/// assert_eq!(rx.recv()?, 3);
/// worker.shutdown();
/// assert!(worker.event_loop().is_closed());
/// # mgr.on_error(|_| ());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct ThreadLoop {
    event_loop: EventLoop,
    core: Arc<Core>,
    thread: Thread,
    /// Held while joining, so that whoever else shuts down waits too.
    join: Mutex<Option<JoinHandle<()>>>,
}

impl ThreadLoop {
    /// Starts a thread called `name` that runs an event loop.
    ///
    /// # Errors
    ///
    /// When the operating system does not start the thread, or the name contains a NUL byte.
    pub fn spawn(name: impl Into<String>) -> io::Result<Self> {
        let name = name.into();
        if name.contains('\0') {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                alloc::format!("the thread name {name:?} contains a NUL byte; choose one without"),
            ));
        }
        // Filled in before the loop is first polled, and read only when it has gone to sleep.
        let thread: Arc<OnceLock<Thread>> = Arc::new(OnceLock::new());
        let sleeper = thread.clone();
        let core = Arc::new(Core::new(Clock::Real(clock), move || {
            if let Some(thread) = sleeper.get() {
                thread.unpark();
            }
        }));
        let event_loop = EventLoop::on(Kind::Poll(core.clone()));
        let executor = Executor(core.clone());
        let join = thread::Builder::new().name(name).spawn(move || {
            let _ = thread.set(thread::current());
            run(&executor.0);
        })?;
        Ok(Self {
            event_loop,
            core,
            thread: join.thread().clone(),
            join: Mutex::new(Some(join)),
        })
    }

    /// A handle of the loop. The same lane each time.
    #[must_use]
    pub fn event_loop(&self) -> EventLoop {
        self.event_loop.clone()
    }

    /// Closes the loop after the call that is running: what is queued is discarded (counted and reported), the
    /// registrations on it are removed, its delays are lost. Waits for the thread to end, except on that thread itself: two
    /// loops whose callbacks shut down each other wait for each other. Doing it again does nothing.
    pub fn shutdown(&self) {
        self.event_loop.runtime().stop();
        self.core.stop();
        if thread::current().id() == self.thread.id() {
            return;
        }
        let mut join = self.join.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(join) = join.take() {
            // Its panics were contained; there is none to pass on.
            let _ = join.join();
        }
    }
}

/// The thread's life.
fn run(core: &Core) {
    loop {
        let now = clock();
        let next = core.poll(now);
        if core.is_done() {
            return;
        }
        match next {
            Some(deadline) => {
                let left = deadline.saturating_sub(clock());
                if !left.is_zero() {
                    thread::park_timeout(left);
                }
            }
            None => thread::park(),
        }
    }
}

/// Time since the first use of the clock in this process.
fn clock() -> Duration {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    EPOCH.get_or_init(Instant::now).elapsed()
}

impl From<&ThreadLoop> for EventLoop {
    fn from(thread_loop: &ThreadLoop) -> Self {
        thread_loop.event_loop()
    }
}

impl fmt::Debug for ThreadLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadLoop")
            .field("thread", &self.thread.name())
            .finish_non_exhaustive()
    }
}
