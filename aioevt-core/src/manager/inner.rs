//! `Inner`: what all handles of one manager share.

use alloc::vec::Vec;

use crate::callback::Identity;
use crate::contain::{contain, contain_drop};
use crate::data::{Data, IntoEvtData};
use crate::emitted::Emitted;
use crate::error::{CallbackError, CallbackErrorKind, DiscardReason, WaitError};
use crate::event_loop::{EventLoop, Runtime};
use crate::identities::Identities;
use crate::idle::IdleWaiters;
use crate::lane::{Lane, Retired};
use crate::ledger::Tally;
use crate::maps::Accounts;
use crate::names::Names;
use crate::record::Record;
use crate::runtime::TimerError;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Arc, Mutex, ROUTED, Weak};
use crate::topic::{self, Hint, TopicShared};
use crate::wakeup::Wakeup;

type Hook = dyn Fn(&CallbackError) + Send + Sync;

/// A manager without the count of its handles mattering: topics, registrations, delays and lanes hold it too.
pub(crate) struct Inner {
    pub(crate) names: Names,
    identities: Identities,
    /// `Manager` handles. The last one closes.
    pub(super) handles: AtomicUsize,
    default_loop: Mutex<Option<EventLoop>>,
    pub(super) lanes: Mutex<Lanes>,
    hook: Mutex<Option<Arc<Hook>>>,
    idle: IdleWaiters,
    /// Runtimes on which delays of this manager were started.
    runtimes: Mutex<Vec<Weak<Runtime>>>,
    delayed: AtomicUsize,
    delays_lost: AtomicUsize,
    hook_panics: AtomicUsize,
}

/// The lanes on which the manager has an account, and the sum of the accounts that are over.
pub(super) struct Lanes {
    pub(super) open: Accounts,
    pub(super) over: Tally,
    /// Delays that are not pending any more, and no accepted events yet. Where they fire in a main loop nobody sees them.
    #[cfg(any(feature = "std", loom, shuttle))]
    firing: usize,
}

impl Lanes {
    fn fires(&self) -> bool {
        #[cfg(any(feature = "std", loom, shuttle))]
        return self.firing > 0;
        #[cfg(not(any(feature = "std", loom, shuttle)))]
        false
    }
}

impl Inner {
    pub(super) fn new(event_loop: EventLoop) -> Self {
        Self {
            names: Names::new(),
            identities: Identities::new(),
            handles: AtomicUsize::new(1),
            default_loop: Mutex::new(Some(event_loop)),
            lanes: Mutex::new(Lanes {
                open: Accounts::default(),
                over: Tally::default(),
                #[cfg(any(feature = "std", loom, shuttle))]
                firing: 0,
            }),
            hook: Mutex::new(None),
            idle: IdleWaiters::new(),
            runtimes: Mutex::new(Vec::new()),
            delayed: AtomicUsize::new(0),
            delays_lost: AtomicUsize::new(0),
            hook_panics: AtomicUsize::new(0),
        }
    }

    /// The loop for everything that names none. `None` once the manager is closed.
    pub(crate) fn default_loop(&self) -> Option<EventLoop> {
        self.default_loop.with(|event_loop| event_loop.clone())
    }

    /// What keeps the limits that name no loop. A closed manager has no default loop any more, but perhaps another one on
    /// which something is left to do.
    pub(crate) fn timer(&self) -> Result<Arc<Runtime>, TimerError> {
        if let Some(event_loop) = self.default_loop() {
            return Ok(event_loop.runtime().clone());
        }
        self.with_lanes(|lanes| {
            let mut error = TimerError::Unsupported;
            for (lane, _) in lanes.iter().filter(|(lane, _)| !lane.runtime.is_inline()) {
                if !lane.is_closed() {
                    return Ok(lane.runtime.clone());
                }
                error = TimerError::Closed;
            }
            Err(error)
        })
    }

    // Emitting.

    /// Emits by name. The data is moved from where it is into its place in the queue: a copy made on the way would be read
    /// in larger pieces than the caller has just written, for which a processor waits.
    pub(crate) fn emit<D: IntoEvtData>(
        this: &Arc<Self>,
        name: &str,
        data: &mut Option<D>,
    ) -> Emitted {
        // Without std the lock is a critical section, which has to be short.
        if !ROUTED {
            return match this.names.find(name) {
                Some(topic) => Self::emit_on(this, &topic, data),
                None => this.unheard(data),
            };
        }
        let hash = this.names.hash(name);
        if let Some(topic) = this.names.hot(hash, name) {
            return Self::emit_on(this, topic, data);
        }
        let mut wakeup = None;
        let sent = this
            .names
            .look_up(hash, name, |topic| Sent::new(topic, data, &mut wakeup));
        match sent {
            Sent::Unheard => this.unheard(data),
            Sent::Committed(callbacks) => topic::finish_plain(None, callbacks, wakeup, data),
            Sent::Given(topic) => Self::emit_otherwise(this, &topic, data),
            Sent::Unusual(topic) => Self::emit_unusual(this, &topic, data),
        }
    }

    /// Emits to a topic. As with [`emit`](Self::emit), the data stays where it is for as long as it can, so this is not
    /// inlined into what gets it as a value. An entry that was removed meanwhile has nobody to hear it, unless its name is
    /// hot: whoever registered anew did so while this emit was on its way.
    #[inline(never)]
    pub(crate) fn emit_on<D: IntoEvtData>(
        this: &Arc<Self>,
        topic: &Arc<TopicShared>,
        data: &mut Option<D>,
    ) -> Emitted {
        if ROUTED && !D::ALLOCATES && topic.hint() == Hint::OneLane {
            let mut wakeup = None;
            return match topic::commit_plain(topic, data, &mut wakeup) {
                Some(callbacks) => topic::finish_plain(Some(topic), callbacks, wakeup, data),
                None => Self::emit_unusual(this, topic, data),
            };
        }
        Self::emit_otherwise(this, topic, data)
    }

    /// After the usual commit has left it. Not inlined, so that the usual emit has nothing to keep for it.
    #[inline(never)]
    fn emit_unusual<D: IntoEvtData>(
        this: &Arc<Self>,
        topic: &Arc<TopicShared>,
        data: &mut Option<D>,
    ) -> Emitted {
        let mut data = data.take().map(|data| data.into_data(false));
        topic::commit_any(this, topic, &mut data)
    }

    /// Not inlined, as above. An emit that nobody hears builds no payload.
    #[inline(never)]
    fn emit_otherwise<D: IntoEvtData>(
        this: &Arc<Self>,
        topic: &Arc<TopicShared>,
        data: &mut Option<D>,
    ) -> Emitted {
        let hint = topic.hint();
        // Whether anybody still waits is not known without the lock.
        let may_be_gone = ROUTED && D::ALLOCATES && hint == Hint::Waiters;
        if matches!(hint, Hint::Nobody | Hint::Closed) || (may_be_gone && topic.waiting() == 0) {
            return this.unheard(data);
        }
        // Without std it is built the same way for all, so that one piece of code serves all types.
        let shared =
            cfg!(feature = "std") && hint == Hint::Many && !(D::is_plain() && topic.copies());
        match data.take() {
            Some(data) if ROUTED && !D::ALLOCATES && hint == Hint::Waiters => {
                topic::commit_waiters(this, topic, data)
            }
            Some(data) => Self::emit_built(this, topic, hint, &mut Some(data.into_data(shared))),
            None => Emitted::default(),
        }
    }

    fn emit_built(
        this: &Arc<Self>,
        topic: &Arc<TopicShared>,
        hint: Hint,
        data: &mut Option<Data>,
    ) -> Emitted {
        if let Some(data) = data.take_if(|_| hint == Hint::Waiters) {
            return topic::commit_waiters(this, topic, data);
        }
        let mut wakeup = None;
        if hint == Hint::OneLane {
            if let Some(callbacks) = topic::commit_plain(topic, data, &mut wakeup) {
                return topic::finish_plain(Some(topic), callbacks, wakeup, data);
            }
        }
        topic::commit_any(this, topic, data)
    }

    /// Emits what was delayed. It fires until the event is committed: not for as long as an inline loop runs it.
    pub(crate) fn emit_delayed(this: &Arc<Self>, name: &str, data: &mut Option<Data>) {
        match this.names.find(name) {
            Some(topic) => _ = topic::commit_delayed(this, &topic, data),
            None => {
                this.delay_fired();
                this.unheard(data);
            }
        }
    }

    pub(crate) fn unheard<D>(&self, data: &mut Option<D>) -> Emitted {
        let _ = contain_drop(data.take());
        Emitted {
            rejected: usize::from(self.names.is_closed()),
            ..Emitted::default()
        }
    }

    /// Removes the topic from the names if nothing needs it any more.
    #[cold]
    pub(crate) fn sweep(&self, topic: &Arc<TopicShared>) {
        drop(self.names.sweep(topic));
    }

    // Errors.

    pub(crate) fn set_hook(&self, hook: Option<Arc<Hook>>) {
        let old = self.hook.with(|place| core::mem::replace(place, hook));
        let _ = contain_drop(old);
    }

    /// Tells the error hook. With no lock held: the hook is foreign, and may do anything.
    #[cold]
    pub(crate) fn report(&self, error: CallbackError) {
        let told = match self.hook.with(|hook| hook.clone()) {
            Some(hook) => contain(|| hook(&error)).and(contain_drop(hook)),
            None => {
                #[cfg(feature = "std")]
                {
                    use std::io::Write;
                    // Formatted before stderr is locked: the error's text is foreign. And not `eprintln`, which
                    // panics when stderr is closed.
                    let line = contain(|| alloc::format!("aioevt: {error}\n"));
                    let text = line
                        .as_deref()
                        .unwrap_or("aioevt: an error whose text panicked\n");
                    let _ = std::io::stderr().write_all(text.as_bytes());
                    line.map(drop)
                }
                #[cfg(not(feature = "std"))]
                Ok(())
            }
        };
        if told.and(contain_drop(error)).is_err() {
            self.hook_panics.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn hook_panics(&self) -> u64 {
        self.hook_panics.load(Ordering::Relaxed) as u64
    }

    // Callbacks with an identity.

    pub(crate) fn remember(&self, topic: &Arc<TopicShared>, record: &Arc<Record>) {
        self.identities.insert(topic, record);
    }

    pub(crate) fn forget(&self, topic: &Arc<TopicShared>, record: &Arc<Record>) {
        self.identities.remove(topic, record);
    }

    /// Unregisters the callbacks of an identity, those of one name if `name` is given.
    pub(crate) fn unregister_identity(
        this: &Arc<Self>,
        identity: &Identity,
        name: Option<&str>,
    ) -> usize {
        let name = name.map(|name| (this.names.hash(name), name));
        let found = this.identities.find(identity, name);
        found
            .iter()
            .filter(|(topic, record)| topic::revoke(this, topic, record))
            .count()
    }

    /// Unregisters everything of a topic.
    pub(crate) fn unregister_topic(this: &Arc<Self>, topic: &Arc<TopicShared>) -> usize {
        let mut removed = topic::unregister_all(topic);
        let callbacks = removed.callbacks;
        this.sweep(topic);
        if let Some(round) = removed.round.take() {
            round.fail(WaitError::Unregistered);
        }
        removed.finish(this);
        callbacks
    }

    // Lanes.

    /// The lock between a topic's and a lane's: accounts are opened and closed under it.
    pub(crate) fn with_lanes<R>(&self, f: impl FnOnce(&mut Accounts) -> R) -> R {
        self.lanes.with(|lanes| f(&mut lanes.open))
    }

    /// Closes the account on `lane` if it is over, and keeps its sum.
    pub(crate) fn retire(this: &Arc<Self>, lane: &Arc<Lane>) {
        let (retired, open) = this.lanes.with(|lanes| {
            let account = lanes.open.of(lane);
            let retired = account.map_or(Retired::Stays, |account| lane.retire(account));
            let Retired::Gone(member, _) = &retired else {
                return (retired, None);
            };
            lanes.over.add(&member.ended);
            (retired, lanes.open.remove(lane))
        });
        if let Retired::Gone(member, waker) = retired {
            if let Some(waker) = waker {
                crate::wakers::wake(waker);
            }
            lane.end_inline();
            drop(member);
        }
        let _ = contain_drop(open);
    }

    /// Whether the calling thread is running one of the manager's loops.
    #[cfg(feature = "std")]
    pub(crate) fn runs_here(&self) -> bool {
        let is_here = |lane: &Arc<Lane>| lane.runs_here() || lane.runtime.runs_here();
        // Also if nothing is registered on it: it keeps the limits and the delays, unless it is inline.
        let default = self.default_loop().filter(|it| !it.runtime().is_inline());
        default.is_some_and(|event_loop| is_here(event_loop.lane()))
            || self.with_lanes(|lanes| lanes.iter().any(|(lane, _)| is_here(lane)))
    }

    // Idleness.

    pub(crate) fn idle_waiters(&self) -> &IdleWaiters {
        &self.idle
    }

    pub(crate) fn is_awaited_idle(&self) -> bool {
        self.idle.any()
    }

    pub(crate) fn wake_idle(&self) {
        self.idle.wake();
    }

    /// Reads what has ended on all lanes, then what was accepted: if they are equal, there was a moment between the
    /// two at which nothing was outstanding.
    pub(crate) fn is_idle(this: &Arc<Self>) -> bool {
        this.lanes.with(|lanes| {
            let (mut ended, mut accepted) = (0, 0);
            for (lane, account) in lanes.open.iter() {
                ended += lane.state.with(|state| {
                    state.account(*account).map_or(0, |member| {
                        member.ended.deliveries() + member.ended.controls
                    })
                });
            }
            for (lane, account) in lanes.open.iter() {
                accepted += lane.state.with(|state| {
                    state
                        .account(*account)
                        .map_or(0, |member| member.accepted + member.posted)
                });
            }
            ended == accepted && !lanes.fires()
        })
    }

    // Delays.

    /// Notes a runtime, so that closing finds the manager's delays.
    pub(crate) fn note_runtime(&self, runtime: &Arc<Runtime>) {
        let weak = Arc::downgrade(runtime);
        self.delayed.fetch_add(1, Ordering::AcqRel);
        self.runtimes.with(|runtimes| {
            if !runtimes.iter().any(|known| known.ptr_eq(&weak)) {
                runtimes.retain(|known| known.strong_count() > 0);
                runtimes.push(weak);
            }
        });
    }

    /// The manager is not idle until it has fired.
    pub(crate) fn delay_fires(&self) {
        #[cfg(any(feature = "std", loom, shuttle))]
        self.lanes.with(|lanes| lanes.firing += 1);
        self.delay_ended();
    }

    /// Its event is accepted.
    pub(crate) fn delay_fired(&self) {
        #[cfg(any(feature = "std", loom, shuttle))]
        {
            self.lanes.with(|lanes| lanes.firing -= 1);
            self.wake_idle();
        }
    }

    pub(crate) fn delay_ended(&self) {
        self.delayed.fetch_sub(1, Ordering::AcqRel);
    }

    pub(crate) fn delay_lost(&self) {
        self.delays_lost.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn delays(&self) -> (usize, u64) {
        (
            self.delayed.load(Ordering::Acquire),
            self.delays_lost.load(Ordering::Relaxed) as u64,
        )
    }

    fn cancel_delays(this: &Arc<Self>) {
        for runtime in this.runtimes.with(core::mem::take) {
            let Some(runtime) = runtime.upgrade() else {
                continue;
            };
            for action in runtime.delays.cancel_all(this) {
                this.delay_ended();
                let _ = contain_drop(action);
            }
            let _ = contain_drop(runtime);
        }
    }

    // The end.

    pub(crate) fn close(this: &Arc<Self>) {
        // A second caller does it all again: when it returns, the first may still be at it.
        this.names.close();
        this.names.drain(|topic| {
            let mut removed = topic::close(topic);
            if let Some(round) = removed.round.take() {
                round.fail(WaitError::Closed);
            }
            removed.finish(this);
        });
        Self::cancel_delays(this);
        let default = this.default_loop.with(Option::take);
        let _ = contain_drop(default);
        this.wake_idle();
    }

    /// A registration that never took effect.
    #[cold]
    pub(crate) fn report_inert(&self, name: &Arc<str>, record: &Record, reason: DiscardReason) {
        self.report(record.error(name, CallbackErrorKind::Discarded(reason)));
    }
}

/// How far an emit by name came while its name was looked up.
enum Sent {
    /// Nobody has the name, or listens to it.
    Unheard,
    /// To so many callbacks.
    Committed(usize),
    Given(Arc<TopicShared>),
    Unusual(Arc<TopicShared>),
}

impl Sent {
    /// Under the shard's lock: the usual event is committed on the spot, which saves counting a reference to its topic.
    #[inline]
    fn new<D: IntoEvtData>(
        topic: Option<&Arc<TopicShared>>,
        data: &mut Option<D>,
        wakeup: &mut Option<Wakeup>,
    ) -> Self {
        let Some(topic) = topic else {
            return Self::Unheard;
        };
        match topic.hint() {
            Hint::Nobody | Hint::Closed => Self::Unheard,
            Hint::OneLane if D::ALLOCATES => Self::Given(topic.clone()),
            Hint::OneLane => match topic::commit_plain(topic, data, wakeup) {
                Some(callbacks) => {
                    topic::keep_lane(topic, wakeup);
                    Self::Committed(callbacks)
                }
                None => Self::Unusual(topic.clone()),
            },
            Hint::Waiters | Hint::Many => Self::Given(topic.clone()),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.set_hook(None);
    }
}

/// Keeps the type of hooks in one place.
pub(crate) fn hook(hook: impl Fn(&CallbackError) + Send + Sync + 'static) -> Arc<Hook> {
    crate::sync::shared_dyn!(hook => Hook)
}

#[cfg(all(test, not(loom), not(shuttle)))]
mod tests {
    use crate::callback::IntoCallback;
    use crate::{Manager, PollLoop};

    fn known<M>(mgr: &Manager, callback: impl IntoCallback<M>) -> usize {
        let identity = callback.identity().expect("it has one");
        mgr.inner.identities.find(&identity, None).len()
    }

    /// Looking for a callback takes as long as there are registrations that were found.
    #[test]
    fn what_was_unregistered_is_found_no_more_while_its_loop_is_behind() {
        fn callback() {}
        let poll_loop = PollLoop::new(|| ());
        let mgr = Manager::new(&poll_loop);
        mgr.register("x", callback);
        mgr.register("y", callback).unregister();
        assert_eq!(known(&mgr, callback), 1);
        mgr.register("x", callback);
        assert_eq!(mgr.unregister_callback(&callback), 2);
        assert_eq!(known(&mgr, callback), 0);
        // Found once more, and then no more.
        mgr.register("z", callback);
        assert_eq!(mgr.unregister("z"), 1);
        assert_eq!(mgr.unregister_callback(&callback), 0);
        assert_eq!(known(&mgr, callback), 0);
    }
}
