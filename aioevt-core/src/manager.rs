//! `Manager`: the six verbs. What the handles share is in `manager/inner.rs`.

mod inner;
mod stats;
mod weak;

use core::fmt;
use core::panic::Location;
use core::time::Duration;

pub(crate) use self::inner::Inner;
pub use self::stats::Stats;
pub use self::weak::WeakManager;
use crate::callback::{IntoCallback, assert_identity};
use crate::data::{Data, IntoEvtData};
use crate::delay::{Action, DelayedEmit, Delays};
use crate::delayed::Delayed;
use crate::emitted::Emitted;
use crate::error::CallbackError;
use crate::event_loop::EventLoop;
use crate::idle::Idle;
use crate::on::On;
use crate::registration::Registration;
use crate::sync::Arc;
use crate::sync::atomic::Ordering;
use crate::topic_handle::Topic;
use crate::wait::Wait;

/// Named events between event loops.
///
/// Any thread or task may call any of its methods, at any time: also in a callback, in a `Drop`, in a waker, in the
/// error hook. None of them ever blocks on a callback, a loop or a consumer, and none runs foreign code under a lock. Only
/// with [`EventLoop::inline`](crate::EventLoop::inline) callbacks run inside of the emit, which takes as long as they do:
/// do not hold a lock of your own there that they need.
///
/// Cloning makes another handle of the same manager. When the last handle is dropped, the manager is
/// [closed](Self::close). A callback that captures a handle therefore keeps it open; take a parameter of type `Manager`
/// instead, which receives the delivering manager, or capture a [`WeakManager`].
///
/// # Order
///
/// * One name has one order: all loops and waiters see its events in the same order, also with concurrent emitters.
/// * One lane (see [`EventLoop`]) runs callbacks in the order of the emits that reached it, across all names; within
///   one event, in the order of registration. Async callbacks *start* in that order. Between lanes there is no order.
/// * An event is addressed to exactly the callbacks and waits that were there when it was emitted.
/// * An emit inside a callback is queued: it never runs a callback of the same lane inside itself.
///
/// # Examples
///
/// ```
/// # use aioevt_core as aioevt;
/// use aioevt::{Manager, ThreadLoop};
/// use std::time::Duration;
///
/// let worker = ThreadLoop::spawn("worker")?;
/// let mgr = Manager::new(&worker);
/// mgr.register("Add", |a: i64, b: i64, mgr: Manager| mgr.emit("Calculated", (a + b,)));
/// let calculated = mgr.wait("Calculated");
/// mgr.emit("Add", (1, 2));
/// let data = calculated.timeout(Duration::from_secs(10)).blocking()?;
/// assert_eq!(data.arg::<i64>(0)?, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Manager {
    inner: Arc<Inner>,
}

impl Manager {
    /// A manager whose callbacks run on `event_loop` unless they name another one, and whose delays and limits are kept
    /// by its timer.
    pub fn new(event_loop: impl Into<EventLoop>) -> Self {
        Self {
            inner: Arc::new(Inner::new(event_loop.into())),
        }
    }

    /// Another handle, also of a manager that is closed already.
    pub(crate) fn from_inner(inner: &Arc<Inner>) -> Self {
        inner.handles.fetch_add(1, Ordering::AcqRel);
        Self {
            inner: inner.clone(),
        }
    }

    /// Registers a recurring callback on the default loop. For anything else: [`on`](Self::on).
    ///
    /// The callback is a plain `fn`, an `async fn`, a closure, a closure that returns a future, a
    /// [`callback!`](crate::callback!) or a [`Callback`](crate::Callback), with 0 to 12 parameters taken by value. See
    /// [`IntoCallback`].
    ///
    /// On a closed loop, or a closed manager, the registration is inert: [`Registration::is_active`] is `false`, and
    /// the error hook is told.
    #[track_caller]
    pub fn register<M>(
        &self,
        name: impl AsRef<str>,
        callback: impl IntoCallback<M>,
    ) -> Registration {
        self.on(name).call(callback)
    }

    /// Starts a registration with choices: which loop, how often, under which label.
    ///
    /// # Examples
    ///
    /// ```
    /// # use aioevt_core as aioevt;
    /// use aioevt::{EventLoop, Manager};
    ///
    /// let mgr = Manager::new(EventLoop::inline());
    /// let ui = EventLoop::inline();
    /// mgr.on("Shown").event_loop(&ui).once().named("splash").call(|| ());
    /// assert_eq!(mgr.callback_count("Shown"), 1);
    /// mgr.emit("Shown", ());
    /// assert_eq!(mgr.callback_count("Shown"), 0);
    /// ```
    pub fn on(&self, name: impl AsRef<str>) -> On {
        On::by_name(self.inner.clone(), name.as_ref())
    }

    /// Emits an event: every callback registered under `name` gets a delivery on its own loop, and every wait armed for
    /// it resolves. Returns at once (after the callbacks of an [inline](crate::EventLoop::inline) loop, and of what others
    /// emit to it meanwhile); never blocks, never fails, never panics. Whoever sleeps is woken here: a waker of one's own that
    /// takes its time keeps this call, and the wakes that come after it.
    ///
    /// `data` is a tuple of 0 to 12 values, [`args!`](crate::args!), or an [`EvtData`](crate::EvtData) to pass on
    /// without copying. There is one payload however many hear it (small plain numbers and the like are copied, which
    /// makes no difference); if nobody does, none is built.
    ///
    /// What went wrong shows in [`Emitted::rejected`]: deliveries to loops found closed, or, with 1, the event itself if
    /// the manager is closed.
    #[inline]
    pub fn emit(&self, name: impl AsRef<str>, data: impl IntoEvtData) -> Emitted {
        Inner::emit(&self.inner, name.as_ref(), &mut Some(data))
    }

    /// Emits an event once `delay` has passed by the default loop's timer: not earlier, and exactly once unless it is
    /// cancelled, the manager is closed first, or the timer breaks, which is reported to the error hook and counted in
    /// [`Stats::delays_lost`]. Never inside this call, also with no delay at all.
    ///
    /// Delays of one manager on one `EventLoop` and its [further lanes](EventLoop::new_lane) fire in the order of their
    /// deadlines, equal ones in the order of the calls.
    /// Whoever is registered when it fires gets it. On a closed manager nothing is delayed and nothing reported:
    /// [`Delayed::cancel`] of what comes back is `false`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use aioevt_core as aioevt;
    /// use aioevt::{Manager, PollLoop};
    /// use std::time::Duration;
    ///
    /// let mut poll_loop = PollLoop::new(|| ());
    /// let mgr = Manager::new(&poll_loop);
    /// let late = mgr.wait("Late");
    /// mgr.emit_after(Duration::from_millis(20), "Late", (1,));
    /// assert_eq!(mgr.stats().delayed, 1);
    /// while let Some(next) = poll_loop.poll(Duration::from_millis(20)) {
    ///     if next > Duration::from_millis(20) { break; }
    /// }
    /// assert_eq!(mgr.stats().delayed, 0);
    /// # drop(late);
    /// ```
    #[track_caller]
    pub fn emit_after(
        &self,
        delay: Duration,
        name: impl AsRef<str>,
        data: impl IntoEvtData,
    ) -> Delayed {
        let event_loop = self.inner.default_loop();
        emit_after(
            &self.inner,
            event_loop,
            delay,
            name.as_ref(),
            data,
            Location::caller(),
        )
    }

    /// As [`emit_after`](Self::emit_after), by the timer of `event_loop`.
    #[track_caller]
    pub fn emit_after_on(
        &self,
        event_loop: impl Into<EventLoop>,
        delay: Duration,
        name: impl AsRef<str>,
        data: impl IntoEvtData,
    ) -> Delayed {
        emit_after(
            &self.inner,
            Some(event_loop.into()),
            delay,
            name.as_ref(),
            data,
            Location::caller(),
        )
    }

    /// Arms a wait for the next event of the name. It is armed when this returns.
    pub fn wait(&self, name: impl AsRef<str>) -> Wait {
        let inner = &self.inner;
        let armed = inner.names.enter(inner, name.as_ref(), Wait::new);
        armed.unwrap_or_else(Wait::closed)
    }

    /// Unregisters everything of the name and wakes its waits with
    /// [`WaitError::Unregistered`](crate::WaitError::Unregistered). Returns how many callbacks were removed.
    ///
    /// When it returns, no call of them starts any more, except one that a lane on another thread had already checked:
    /// at most one, never for a later event. A counted callback whose last event was emitted before is no longer among
    /// them: it runs, unless its own [`Registration`] takes it back. Deliveries still queued for them are discarded
    /// (counted, not reported); a suspended async call goes on. The closures are dropped by their lanes.
    pub fn unregister(&self, name: impl AsRef<str>) -> usize {
        self.inner
            .names
            .find(name.as_ref())
            .map_or(0, |topic| Inner::unregister_topic(&self.inner, &topic))
    }

    /// Unregisters a callback everywhere. Returns how many registrations were removed; the cost grows with those only.
    ///
    /// A [`Callback`](crate::Callback) is known by itself, a plain function or a closure without captures by its type.
    /// Passing anything else does not compile: keep its [`Registration`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use aioevt_core as aioevt;
    /// use aioevt::{EventLoop, Manager};
    ///
    /// fn log(_: String) {}
    /// let mgr = Manager::new(EventLoop::inline());
    /// mgr.register("A", log);
    /// mgr.register("B", log);
    /// assert_eq!(mgr.unregister_from("A", &log), 1);
    /// assert_eq!(mgr.unregister_callback(&log), 1);
    /// assert_eq!(mgr.unregister_callback(&log), 0);
    /// ```
    pub fn unregister_callback<M, C: IntoCallback<M>>(&self, callback: &C) -> usize {
        const { assert_identity::<M, C>() };
        callback.identity().map_or(0, |identity| {
            Inner::unregister_identity(&self.inner, &identity, None)
        })
    }

    /// Unregisters a callback from one name: both have to match.
    pub fn unregister_from<M, C: IntoCallback<M>>(
        &self,
        name: impl AsRef<str>,
        callback: &C,
    ) -> usize {
        const { assert_identity::<M, C>() };
        callback.identity().map_or(0, |identity| {
            Inner::unregister_identity(&self.inner, &identity, Some(name.as_ref()))
        })
    }

    /// A handle of one name, which spares every use of it the look-up. It keeps the name alive, not the manager. On a
    /// closed manager it is a closed topic.
    pub fn topic(&self, name: impl AsRef<str>) -> Topic {
        Topic::by_name(self.inner.clone(), name.as_ref())
    }

    /// Sets the error hook, in place of the one before. It is called with no lock held, on whatever thread the error
    /// occurred; it may do anything, also with the manager. Its own panic is swallowed and counted. What it does may fail
    /// too and call it again, inside itself: a hook that registers anew on the loop that has just died, or asks a broken
    /// timer again, never comes to an end. What it captures lives as long as the manager, so a hook that needs one
    /// captures a [`WeakManager`]: with a `Manager`, a `Topic` or an `Idle` in it, neither would ever end.
    ///
    /// Without a hook, errors are written to stderr (with `std`), a line each.
    pub fn on_error(&self, hook: impl Fn(&CallbackError) + Send + Sync + 'static) {
        self.inner.set_hook(Some(inner::hook(hook)));
    }

    /// How many callbacks are registered under the name. A counted one whose last claim is taken is not.
    #[must_use]
    pub fn callback_count(&self, name: impl AsRef<str>) -> usize {
        self.inner
            .names
            .find(name.as_ref())
            .map_or(0, |topic| topic.callbacks())
    }

    /// The names in use, sorted: those with a callback, an armed wait or a `Topic` handle.
    #[must_use]
    pub fn names(&self) -> alloc::vec::Vec<alloc::string::String> {
        self.inner.names.list()
    }

    /// What has become of all deliveries so far, and what there is at the moment. Goes through all names and lanes: not
    /// for a hot path. A lane that is at work counts what it has run when its turn ends, or, if an emit is in its way then,
    /// with a later turn; until then it is `pending`.
    #[must_use]
    pub fn stats(&self) -> Stats {
        stats::collect(&self.inner)
    }

    /// Closes the manager, name by name: afterwards emits are `rejected`, registrations inert, waits end in
    /// [`WaitError::Closed`](crate::WaitError::Closed), delays are cancelled. Registrations are removed *behind* the
    /// deliveries already accepted, which still run. Closing twice does nothing.
    ///
    /// It also drops the callbacks' captures (once their lanes have run), so it breaks cycles such as a callback that
    /// owns its manager.
    pub fn close(&self) {
        Inner::close(&self.inner);
    }

    /// A future for a moment at which nothing of this manager was outstanding: see [`Idle`].
    pub fn idle(&self) -> Idle {
        Idle::new(self.inner.clone())
    }

    /// A handle that does not keep the manager open.
    #[must_use]
    pub fn downgrade(&self) -> WeakManager {
        WeakManager::new(Arc::downgrade(&self.inner))
    }
}

/// The delay of a name, whoever asks for it.
pub(crate) fn emit_after(
    owner: &Arc<Inner>,
    event_loop: Option<EventLoop>,
    delay: Duration,
    name: &str,
    data: impl IntoEvtData,
    location: &'static Location<'static>,
) -> Delayed {
    match event_loop.filter(|_| !owner.names.is_closed()) {
        Some(event_loop) => delay_emit(
            owner,
            &event_loop,
            delay,
            name,
            data.into_data(false),
            location,
        ),
        None => {
            let _ = crate::contain::contain_drop(data);
            Delayed::never()
        }
    }
}

/// What does not depend on the type of the data: one piece of code for all of them.
fn delay_emit(
    owner: &Arc<Inner>,
    event_loop: &EventLoop,
    delay: Duration,
    name: &str,
    data: Data,
    location: &'static Location<'static>,
) -> Delayed {
    let name = owner
        .names
        .find(name)
        .map_or_else(|| Arc::from(name), |topic| topic.name().clone());
    let emit = DelayedEmit {
        owner: owner.clone(),
        name,
        data,
        location,
    };
    let runtime = event_loop.runtime();
    owner.note_runtime(runtime);
    let Some(key) = Delays::add(runtime, delay, Action::Emit(emit)) else {
        return Delayed::never();
    };
    let delayed = Delayed::new(Arc::downgrade(runtime), key);
    if owner.names.is_closed() {
        // Closed in between: whoever closed it may not have seen this one.
        delayed.cancel();
    }
    delayed
}

impl Clone for Manager {
    fn clone(&self) -> Self {
        Self::from_inner(&self.inner)
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        if self.inner.handles.fetch_sub(1, Ordering::AcqRel) == 1 {
            Inner::close(&self.inner);
        }
    }
}

impl fmt::Debug for Manager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manager")
            .field("closed", &self.inner.names.is_closed())
            .finish_non_exhaustive()
    }
}
