//! `EventLoop`: the handle that users hold, a runtime plus one lane. The traits of a runtime are in `runtime.rs`, the
//! lane in `lane.rs`.

use alloc::boxed::Box;
use core::fmt;
use core::task::Context;
use core::time::Duration;

use crate::contain::contain_drop;
use crate::delay::Delays;
use crate::lane::Lane;
use crate::poll_loop::Core;
use crate::runtime::{BoxFuture, Sleep, SpawnError, Spawner, Timer, TimerError};
use crate::sync::Arc;
use crate::sync::atomic::{AtomicBool, Ordering};

/// A cheap handle to an event loop: a runtime, and one *lane* on it.
///
/// A lane is an ordered queue. It runs the callbacks registered on it one after the other, in the order of the emits,
/// across all names, and never in parallel with itself. Cloning the handle shares the lane; [`new_lane`](Self::new_lane)
/// makes another one on the same runtime, independent of the first: that is how one runtime uses several threads.
///
/// Wherever a loop is asked for, `&EventLoop` will do, as will `&ThreadLoop` and `&PollLoop`.
///
/// # When the loop is slow, absent or closed
///
/// * Busy (with std): whoever has run dry of events from other threads looks for further ones for up to some 30 µs before
///   it sleeps, as long as that has paid lately. Other tasks of the runtime wait for it as they would for a callback.
/// * Slow: what is emitted waits in the lane's queue, which grows as needed. Emitting never waits. After 128 calls, or (with
///   std) about 100 µs by the loop's clock, the lane lets other tasks of its runtime have their turns. Calls that have become
///   slow all at once are known after a turn or two of them.
/// * Not started (nobody runs the runtime yet): deliveries are held, and each runs exactly once, in order, when it
///   starts. Timers of such a loop do not fire.
/// * Closed (the runtime was shut down or refused the lane's driver): what was queued is discarded, counted and reported to the
///   error hook; the registrations on the loop are removed; an emit that meets it meanwhile says
///   [`rejected`](crate::Emitted::rejected). Callbacks on other loops notice nothing.
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::{EventLoop, Manager, PollLoop};
/// use std::time::Duration;
///
/// let mut poll_loop = PollLoop::new(|| ());
/// let event_loop: EventLoop = poll_loop.event_loop();
/// let mgr = Manager::new(&event_loop);
/// let (tx, rx) = std::sync::mpsc::channel();
/// mgr.register("Tick", move |n: u32| tx.send(n).unwrap());
/// mgr.emit("Tick", (1u32,)); // held until the loop runs
/// assert!(rx.try_recv().is_err());
/// poll_loop.poll(Duration::ZERO);
/// assert_eq!(rx.try_recv(), Ok(1));
/// ```
pub struct EventLoop {
    lane: Arc<Lane>,
}

impl EventLoop {
    /// An event loop on `runtime`, with a new lane. Make one per runtime and pass it by reference: two of them on the
    /// same runtime do not know of each other, and order nothing between them. (Of an `EventLoop`, which is a runtime as
    /// well, take a [`new_lane`](Self::new_lane): made anew it does not know when its thread is shut down, and of an inline
    /// one it is closed.)
    pub fn new<R: Spawner + Timer + 'static>(runtime: R) -> Self {
        Self::on(Kind::Foreign(Box::new(runtime)))
    }

    /// A lane without a runtime: an emit that finds it free runs its callbacks before it returns, on the emitter's own
    /// thread; one that finds it busy (further up the stack, or on another thread) leaves its event to whoever is
    /// running it, and returns. Alone on a thread, callbacks have run when `emit` returns. Whoever is running it stays until
    /// nothing is left, also of what others emit meanwhile: a thread whose emits must be short should not share an inline
    /// loop with a stream of events. What a callback emits to another inline loop runs on top of it, so a chain of thousands
    /// of inline loops needs a large stack.
    ///
    /// An async callback must be ready at its first poll, else it counts as failed. There is no clock: its timers end
    /// in [`TimerError::Unsupported`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use aioevt_core as aioevt;
    /// use aioevt::{EventLoop, Manager};
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    ///
    /// static SUM: AtomicU32 = AtomicU32::new(0);
    /// let mgr = Manager::new(EventLoop::inline());
    /// mgr.register("Add", |n: u32| { SUM.fetch_add(n, Relaxed); });
    /// mgr.emit("Add", (2u32,));
    /// assert_eq!(SUM.load(Relaxed), 2);
    /// ```
    #[must_use]
    pub fn inline() -> Self {
        Self::on(Kind::Inline)
    }

    pub(crate) fn on(kind: Kind) -> Self {
        let runtime = Runtime {
            kind,
            delays: Delays::new(),
            stopping: AtomicBool::new(false),
        };
        Self {
            lane: Lane::new(Arc::new(runtime)),
        }
    }

    /// Another lane on the same runtime: its callbacks are ordered among themselves, and may run at the same time as
    /// those of this lane where the runtime has several threads.
    #[must_use]
    pub fn new_lane(&self) -> Self {
        Self {
            lane: Lane::new(self.lane.runtime.clone()),
        }
    }

    /// Keeps room for `messages` (events, registrations, removals) in the lane's queue, which then neither allocates
    /// nor shrinks below that. Both of its buffers are reserved, the second when the loop next runs (that of a free
    /// inline loop at once). Without memory for them the queue grows as it needs to. A payload of up to four words, aligned
    /// like a `u64` at most, is inside of its message; others are allocated.
    ///
    /// # Examples
    ///
    /// ```
    /// # use aioevt_core as aioevt;
    /// # use aioevt::{Manager, PollLoop};
    /// let poll_loop = PollLoop::new(|| ());
    /// let mgr = Manager::new(poll_loop.event_loop().reserved(64));
    /// ```
    #[must_use]
    pub fn reserved(self, messages: usize) -> Self {
        self.lane.reserve(messages);
        self
    }

    /// Whether the runtime was shut down, as far as this lane has noticed: a lane notices when its driver, spawned by
    /// the first registration, is dropped or refused.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.lane.is_closed()
    }

    pub(crate) fn lane(&self) -> &Arc<Lane> {
        &self.lane
    }

    pub(crate) fn runtime(&self) -> &Arc<Runtime> {
        &self.lane.runtime
    }
}

impl Clone for EventLoop {
    fn clone(&self) -> Self {
        self.lane.add_handle();
        Self {
            lane: self.lane.clone(),
        }
    }
}

impl Drop for EventLoop {
    fn drop(&mut self) {
        self.lane.drop_handle();
    }
}

impl fmt::Debug for EventLoop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventLoop")
            .field("lane", &Arc::as_ptr(&self.lane))
            .finish_non_exhaustive()
    }
}

impl From<&Self> for EventLoop {
    fn from(event_loop: &Self) -> Self {
        event_loop.clone()
    }
}

impl Spawner for EventLoop {
    fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
        self.lane.runtime.spawn(future)
    }

    fn spawn_driver(&self, future: BoxFuture) -> Result<(), SpawnError> {
        self.lane.runtime.spawn_driver(future)
    }

    fn yield_now(&self, cx: &mut Context<'_>) {
        self.lane.runtime.yield_now(cx);
    }
}

impl Timer for EventLoop {
    fn now(&self) -> Duration {
        self.lane.runtime.now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.lane.runtime.sleep(duration)
    }
}

/// Thirty days.
const LONGEST_SLEEP: Duration = Duration::from_secs(60 * 60 * 24 * 30);

/// Both abilities of a runtime behind one `dyn`.
pub(crate) trait SpawnAndTime: Spawner + Timer {}

impl<R: Spawner + Timer> SpawnAndTime for R {}

/// What runs the lanes.
pub(crate) enum Kind {
    /// Whoever emits.
    Inline,
    /// Our own executor: it can say which thread it runs on.
    Poll(Arc<Core>),
    /// Anything else.
    Foreign(Box<dyn SpawnAndTime>),
}

/// A runtime as all lanes on it share it, with its one delay queue.
pub(crate) struct Runtime {
    kind: Kind,
    pub(crate) delays: Delays,
    /// `ThreadLoop::shutdown` was called: drivers return after the running call.
    stopping: AtomicBool,
}

impl Runtime {
    pub(crate) fn is_inline(&self) -> bool {
        matches!(self.kind, Kind::Inline)
    }

    #[inline]
    pub(crate) fn is_stopping(&self) -> bool {
        cfg!(feature = "std") && self.stopping.load(Ordering::Relaxed)
    }

    #[cfg(feature = "std")]
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the calling thread is inside the runtime's executor, where that can be known.
    #[cfg(feature = "std")]
    pub(crate) fn runs_here(&self) -> bool {
        matches!(&self.kind, Kind::Poll(core) if core.runs_here())
    }

    pub(crate) fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
        match &self.kind {
            Kind::Inline => Err(SpawnError::Unsupported),
            Kind::Poll(core) => Core::spawn(core, future),
            Kind::Foreign(runtime) => runtime.spawn(future),
        }
    }

    pub(crate) fn spawn_driver(&self, future: BoxFuture) -> Result<(), SpawnError> {
        match &self.kind {
            Kind::Foreign(runtime) => runtime.spawn_driver(future),
            Kind::Inline | Kind::Poll(_) => self.spawn(future),
        }
    }

    pub(crate) fn yield_now(&self, cx: &mut Context<'_>) {
        match &self.kind {
            Kind::Foreign(runtime) => runtime.yield_now(cx),
            Kind::Inline | Kind::Poll(_) => cx.waker().wake_by_ref(),
        }
    }

    /// Timers differ in what they can take. A longer sleep is armed again afterwards.
    pub(crate) fn longest_sleep(&self) -> Duration {
        match self.kind {
            Kind::Foreign(_) => LONGEST_SLEEP,
            Kind::Inline | Kind::Poll(_) => Duration::MAX,
        }
    }

    pub(crate) fn now(&self) -> Duration {
        match &self.kind {
            Kind::Inline => Duration::ZERO,
            Kind::Poll(core) => core.now(),
            Kind::Foreign(runtime) => runtime.now(),
        }
    }

    pub(crate) fn sleep(&self, duration: Duration) -> Sleep {
        match &self.kind {
            Kind::Inline => Box::pin(core::future::ready(Err(TimerError::Unsupported))),
            Kind::Poll(core) => Core::sleep(core, duration),
            Kind::Foreign(runtime) => runtime.sleep(duration),
        }
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        self.delays.rouse();
        if let Kind::Poll(core) = &self.kind {
            core.handles_gone();
        }
        // The runtime is foreign.
        let _ = contain_drop(core::mem::replace(&mut self.kind, Kind::Inline));
    }
}
