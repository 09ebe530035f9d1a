//! A lane: an ordered queue of messages and the account of what became of them. The driver that works it off is in
//! `lane/driver.rs`, the ways to run that driver in `lane/task.rs` and `lane/inline.rs`.

mod buffer;
mod call;
mod calls;
mod closing;
mod driver;
pub(crate) mod inline;
mod message;
mod pace;
mod patience;
mod table;
mod task;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::task::Waker;

use slab::Slab;

use self::buffer::Buffer;
pub(crate) use self::call::{CallEnd, CallGuard, Site};
pub(crate) use self::driver::Driver;
pub(crate) use self::message::{Addition, Message};
pub(crate) use self::table::{CallsLeft, Entry, SlotId};
use crate::data::{Data, IntoEvtData};
use crate::error::DiscardReason;
use crate::event_loop::Runtime;
use crate::ledger::{Ending, Member};
use crate::manager::Inner;
use crate::runner::{Runner, Running};
use crate::runtime::SpawnError;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Apart, Arc, Mutex, ROUTED};
use crate::wakers::wake;
use crate::wakeup::Wakeup;

/// Apart, for every emit writes it while the driver reads what is beside it. By itself, for the routes of topics refer to
/// it, which must not keep the runtime.
#[cfg(any(feature = "std", loom, shuttle))]
pub(crate) type State = Arc<Apart<Mutex<LaneState>>>;
#[cfg(not(any(feature = "std", loom, shuttle)))]
pub(crate) type State = Apart<Mutex<LaneState>>;

/// One lane. It lives while an `EventLoop`, a registration, a running call or its driver refers to it.
pub(crate) struct Lane {
    pub(crate) state: State,
    pub(crate) runtime: Arc<Runtime>,
    /// `EventLoop` handles. With none of them and no member left the driver ends.
    handles: AtomicUsize,
    /// Messages that both buffers keep room for.
    reserved: AtomicUsize,
    /// Tickets given to suspended calls.
    tickets: AtomicUsize,
    /// The thread that is in the driver, to notice blocking waits there.
    running: Running,
    /// Which suspended call is being handed to the spawner; see `lane/call.rs`.
    handover: AtomicUsize,
}

/// Room for so many accounts is kept when all are closed. A crowd of managers leaves nothing behind.
const KEPT_ACCOUNTS: usize = 16;

/// Where a lane is in its life.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// No driver yet: nothing was registered. Only ever the first phase.
    New,
    /// A driver was spawned (or waits in `parked`). It may not have been polled yet: its loop is not started.
    Driven,
    /// The runtime dropped or refused the driver, or nobody needs the lane any more. Nothing enters the queue again.
    Closed,
}

/// What the lane's lock guards.
pub(crate) struct LaneState {
    phase: Phase,
    queue: Buffer,
    /// `Some` means asleep: the driver found the queue empty and returned. Whoever pushes takes it out and wakes it.
    waker: Option<Waker>,
    /// Inline lanes only: `Some` means that nobody is running the driver.
    parked: Option<Box<Driver>>,
    members: Slab<Member>,
    free_slots: Vec<SlotId>,
    slots: SlotId,
    /// Why there is no driver, if its spawner has said so.
    refused: Option<SpawnError>,
    /// The thread of the last event: only other ones than the driver's emit while that looks whether there is more.
    emitter: Runner,
}

impl Lane {
    /// A lane with one handle.
    pub(crate) fn new(runtime: Arc<Runtime>) -> Arc<Self> {
        let inline = runtime.is_inline();
        Arc::new(Self {
            state: State::from(Apart(Mutex::new(LaneState {
                phase: if inline { Phase::Driven } else { Phase::New },
                queue: Buffer::new(),
                waker: None,
                parked: inline.then(Box::default),
                members: Slab::new(),
                free_slots: Vec::new(),
                slots: 0,
                refused: None,
                emitter: Runner::here(),
            }))),
            runtime,
            handles: AtomicUsize::new(1),
            reserved: AtomicUsize::new(0),
            tickets: AtomicUsize::new(0),
            running: Running::new(),
            handover: AtomicUsize::new(0),
        })
    }

    pub(crate) fn add_handle(&self) {
        self.handles.fetch_add(1, Ordering::Relaxed);
    }

    /// A handle is gone; with the last one the driver may have nothing left to live for.
    pub(crate) fn drop_handle(&self) {
        if self.handles.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.rouse();
            self.end_inline();
        }
    }

    /// Ends an inline lane that nobody needs any more, unless it is running: then it ends itself, as others do. With no lock
    /// held, by whoever has taken away the last that needed it.
    pub(crate) fn end_inline(&self) {
        if ROUTED && self.runtime.is_inline() {
            let _room = self.state.with(|state| {
                let driver = state
                    .parked
                    .take_if(|_| !self.is_needed_by(&state.members))?;
                Some((self.end(state), driver))
            });
        }
    }

    /// Nobody needs it any more. What comes back is dropped after unlocking: the route of a name would keep it for as long as
    /// that lives.
    fn end(&self, state: &mut LaneState) -> (Buffer, Slab<Member>) {
        state.phase = Phase::Closed;
        (
            core::mem::take(&mut state.queue),
            core::mem::take(&mut state.members),
        )
    }

    /// Wakes a sleeping driver so that it looks whether it is still needed.
    fn rouse(&self) {
        if let Some(waker) = self.state.with(|state| state.waker.take()) {
            wake(waker);
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.with(|state| state.is_closed())
    }

    /// Keeps room for `messages` in the queue. Allocates before it locks.
    pub(crate) fn reserve(&self, messages: usize) {
        let mut buffer = Buffer::new();
        if !buffer.try_reserve(messages) {
            return;
        }
        self.reserved.fetch_max(messages, Ordering::Relaxed);
        // The driver reserves the second buffer before its next swap. One that is parked would do so only after it: whoever
        // pushes takes it with the buffer that it has.
        let mut second = Buffer::new();
        if self.runtime.is_inline() {
            second.try_reserve(messages);
        }
        let _old = self.state.with(|state| {
            if let Some(driver) = &mut state.parked {
                driver.replace_buffer(&mut second);
            }
            if state.queue.capacity() < messages {
                buffer.append(&mut state.queue);
                core::mem::swap(&mut state.queue, &mut buffer);
            }
            (buffer, second)
        });
    }

    fn reserved(&self) -> usize {
        self.reserved.load(Ordering::Relaxed)
    }

    /// Spawns the driver unless that has been done. With no lock held, and before a registration commits.
    pub(crate) fn ensure_driver(this: &Arc<Self>) {
        let first = this.state.with(|state| {
            let first = state.phase == Phase::New;
            if first {
                state.phase = Phase::Driven;
            }
            first
        });
        if first {
            task::spawn(this);
        }
    }

    /// Adds how a suspended call ended.
    fn settle(this: &Arc<Self>, member: usize, ending: Ending) {
        let after = this.state.with(|state| {
            let member = state.members.get_mut(member)?;
            member.ended.count(ending);
            After::of(member)
        });
        if let Some(after) = after {
            after.run(this);
        }
    }

    /// Takes an account off the lane if nothing of it is left. The caller holds the manager's list lock.
    pub(crate) fn retire(&self, account: usize) -> Retired {
        self.state.with(|state| {
            if !state.account(account).is_some_and(Member::is_over) {
                return Retired::Stays;
            }
            let member = state.members.remove(account);
            if ROUTED && state.members.is_empty() {
                let closed = state.is_closed();
                if closed {
                    // The route of a hot name may keep the state for long.
                    state.free_slots = Vec::new();
                }
                if closed || state.members.capacity() > KEPT_ACCOUNTS {
                    state.members = Slab::new();
                }
            }
            Retired::Gone(
                member,
                if self.is_needed(state) {
                    None
                } else {
                    state.waker.take()
                },
            )
        })
    }

    fn is_needed(&self, state: &LaneState) -> bool {
        self.is_needed_by(&state.members)
    }

    fn is_needed_by(&self, members: &Slab<Member>) -> bool {
        !members.is_empty() || self.handles.load(Ordering::Acquire) > 0
    }

    /// Whether the calling thread is running this lane.
    #[cfg(feature = "std")]
    pub(crate) fn runs_here(&self) -> bool {
        self.running.is_here()
    }
}

/// What became of an account that looked finished.
pub(crate) enum Retired {
    Stays,
    /// To be folded into the manager's totals, and the driver to be woken if nobody needs the lane any more.
    Gone(Member, Option<Waker>),
}

impl LaneState {
    pub(crate) fn is_closed(&self) -> bool {
        self.phase == Phase::Closed
    }

    /// For whoever registers on a closed lane.
    pub(crate) fn why_closed(&self) -> DiscardReason {
        match self.refused {
            Some(SpawnError::Closed) | None => DiscardReason::LoopClosed { deliveries: 0 },
            Some(error) => DiscardReason::Refused(error),
        }
    }

    /// An account, by its place.
    pub(crate) fn account(&self, place: usize) -> Option<&Member> {
        self.members.get(place)
    }

    /// Whether `events` more messages can be accepted. Makes room.
    #[inline]
    pub(crate) fn can_accept(&mut self, events: usize) -> bool {
        let queue = &mut self.queue;
        if self.phase == Phase::Closed {
            return false;
        }
        queue.room() >= events || queue.try_reserve(events)
    }

    /// The place of a new account, for `owner`. Under the manager's list lock, which keeps the place.
    pub(crate) fn open_account(&mut self, owner: &Arc<Inner>) -> usize {
        self.members.insert(Member::new(owner.clone()))
    }

    /// An account has one group more.
    pub(crate) fn join(&mut self, member: usize) {
        if let Some(member) = self.members.get_mut(member) {
            member.groups += 1;
        }
    }

    /// Appends an event for `deliveries` callbacks.
    #[inline]
    pub(crate) fn push_event(
        &mut self,
        slot: SlotId,
        member: usize,
        deliveries: usize,
        data: Data,
    ) {
        let queue = &mut self.queue;
        if !cfg!(feature = "std") || queue.room() > 0 {
            // With std nothing can have to grow here, so the message is built in its place. Copied there it would be read
            // in larger pieces than it was just written, for which a large processor has to wait.
            queue.push(Message::Event { slot, data });
        } else {
            push_and_grow(queue, Message::Event { slot, data });
        }
        queue.prefetch_next();
        self.emitter = Runner::here();
        if let Some(member) = self.members.get_mut(member) {
            member.accepted += deliveries as u64;
        }
    }

    /// Appends a usual event, if it can be accepted; else the data stays.
    #[inline(always)]
    pub(crate) fn push_plain<D: IntoEvtData>(
        &mut self,
        slot: SlotId,
        member: usize,
        callbacks: usize,
        data: &mut Option<D>,
    ) -> Option<()> {
        if !self.can_accept(1) {
            return None;
        }
        let data = data.take()?.into_data(false);
        self.push_event(slot, member, callbacks, data);
        Some(())
    }

    /// Appends a change of the callback table.
    pub(crate) fn push_control(&mut self, member: usize, message: Message) {
        self.queue.push(message);
        if let Some(member) = self.members.get_mut(member) {
            member.posted += 1;
        }
    }

    /// A free slot, for the next new group. That it is freed takes no memory.
    pub(crate) fn take_slot(&mut self) -> SlotId {
        self.free_slots.pop().unwrap_or_else(|| {
            self.slots += 1;
            self.free_slots.reserve(self.slots as usize);
            self.slots - 1
        })
    }

    /// A group left its topic: whatever is in its slot is dropped, and the slot is free behind that message.
    pub(crate) fn release(&mut self, slot: SlotId, member: usize) {
        if let Some(member) = self.members.get_mut(member) {
            member.groups -= 1;
        }
        if !self.is_closed() {
            self.push_control(member, Message::Release { slot });
            self.free_slots.push(slot);
            if self.free_slots.len() == self.slots as usize {
                // All are free: start again from the first, and keep nothing of a burst.
                self.slots = 0;
                self.free_slots = Vec::new();
            }
        }
    }

    /// Whether there is a driver to be woken.
    #[cfg(any(feature = "std", loom, shuttle))]
    #[inline]
    pub(crate) fn is_asleep(&self) -> bool {
        self.waker.is_some()
    }

    /// Puts what sets a lane with a runtime going after a push into `place`, for the caller to use after unlocking.
    #[inline]
    pub(crate) fn wakeup_by_runtime(&mut self, place: &mut Option<Wakeup>) {
        if place.is_none() {
            *place = self.waker.take().map(Wakeup::Waker);
        }
    }

    /// Puts what sets the lane going after a push into `place`, which is empty, for the caller to use after unlocking.
    #[inline]
    pub(crate) fn wakeup(&mut self, lane: &Arc<Lane>, place: &mut Option<Wakeup>) {
        self.wakeup_by_runtime(place);
        if place.is_none() {
            *place = self
                .take_driver(lane)
                .map(|driver| Wakeup::Inline(driver, Some(lane.clone())));
        }
    }

    /// The driver of an inline lane, if it is free, for a usual event that is not queued.
    #[cfg(any(feature = "std", loom, shuttle))]
    #[inline]
    pub(crate) fn take_driver_for(
        &mut self,
        lane: &Lane,
        slot: SlotId,
        member: usize,
        callbacks: usize,
    ) -> Option<Box<Driver>> {
        let mut driver = self.parked.take()?;
        driver.direct = (slot, member);
        lane.running.enter();
        if let Some(member) = self.members.get_mut(member) {
            member.accepted += callbacks as u64;
        }
        Some(driver)
    }

    /// The driver of an inline lane, if it is free, with what there is to do.
    #[inline]
    pub(crate) fn take_driver(&mut self, lane: &Lane) -> Option<Box<Driver>> {
        let mut driver = self.parked.take()?;
        driver.take_over(self);
        lane.running.enter();
        Some(driver)
    }
}

/// Not inlined, so that the usual push is made without this one.
#[cold]
#[inline(never)]
fn push_and_grow(queue: &mut Buffer, message: Message) {
    queue.push(message);
}

/// What is to be done, with no lock held, for an account that has just become quiet.
struct After {
    owner: Arc<Inner>,
    over: bool,
}

impl After {
    /// Under the lane's lock.
    fn of(member: &Member) -> Option<Self> {
        let over = member.is_over();
        let wanted = over || (member.is_quiet() && member.owner.is_awaited_idle());
        wanted.then(|| Self {
            owner: member.owner.clone(),
            over,
        })
    }

    #[inline]
    fn run_all(all: Vec<Self>, lane: &Arc<Lane>) {
        if !all.is_empty() {
            Self::run_each(all, lane);
        }
    }

    #[inline(never)]
    fn run_each(all: Vec<Self>, lane: &Arc<Lane>) {
        for after in all {
            after.run(lane);
        }
    }

    fn run(self, lane: &Arc<Lane>) {
        if self.over {
            Inner::retire(&self.owner, lane);
        }
        self.owner.wake_idle();
    }
}

#[cfg(all(test, feature = "std", not(loom), not(shuttle)))]
mod tests {
    use super::*;
    use crate::{EventLoop, Manager, PollLoop};

    #[test]
    fn a_lane_knows_whose_its_last_event_is() {
        let poll_loop = PollLoop::new(|| ());
        let event_loop = poll_loop.event_loop();
        let mgr = Manager::new(&event_loop);
        mgr.register("x", |_: u8| ());
        let from_here = || {
            event_loop
                .lane()
                .state
                .with(|state| state.emitter == Runner::here())
        };
        std::thread::scope(|scope| scope.spawn(|| mgr.emit("x", (1u8,))).join().unwrap());
        assert!(!from_here());
        // By the way around the topic's lock, too.
        for _ in 0..2 {
            mgr.emit("x", (1u8,));
            assert!(from_here());
        }
    }

    /// A turn that ends on its budget while somebody else has the lock leaves its accounts to the next one.
    #[test]
    fn a_driver_does_not_wait_for_the_lock_at_the_end_of_a_turn() {
        use std::sync::Barrier;

        let mut poll_loop = PollLoop::new(|| ());
        let event_loop = poll_loop.event_loop();
        let mgr = Manager::new(&event_loop);
        let (taken, over) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let at_the_end = taken.clone();
        mgr.register("x", move |n: usize| {
            if n == pace::BUDGET {
                // The other one takes it.
                at_the_end.wait();
                at_the_end.wait();
            }
        });
        while poll_loop.poll(core::time::Duration::ZERO).is_some() {}
        (1..=200).for_each(|n: usize| assert_eq!(mgr.emit("x", (n,)).callbacks, 1));
        std::thread::scope(|scope| {
            let lane = event_loop.lane();
            let (taken, over) = (&taken, &over);
            scope.spawn(move || {
                taken.wait();
                lane.state.with(|_| {
                    taken.wait();
                    over.wait();
                });
            });
            poll_loop.poll(core::time::Duration::ZERO);
            over.wait();
        });
        assert_eq!((mgr.stats().ran, mgr.stats().pending), (0, 200));
        while poll_loop.poll(core::time::Duration::ZERO).is_some() {}
        assert_eq!((mgr.stats().ran, mgr.stats().pending), (200, 0));
    }

    /// The route of a name knows the lane of its first event for ever.
    #[test]
    fn a_lane_that_has_ended_keeps_no_room() {
        let mut poll_loop = PollLoop::new(|| ());
        let on_poll_loop = poll_loop.event_loop().new_lane();
        let mut run = || while poll_loop.poll(core::time::Duration::ZERO).is_some() {};
        let mgr = Manager::new(EventLoop::inline());
        for (name, event_loop) in [("poll", on_poll_loop), ("inline", EventLoop::inline())] {
            let topic = mgr.topic(name);
            let event_loop = event_loop.reserved(1000);
            let state = event_loop.lane().state.clone();
            let registration = topic.on().event_loop(event_loop).call(|| ());
            topic.emit(());
            run();
            assert!(state.with(|state| state.queue.capacity()) >= 1000);
            registration.unregister();
            run();
            assert!(state.with(|state| state.is_closed()), "{name}");
            assert_eq!(state.with(|state| state.queue.capacity()), 0, "{name}");
            assert!(state.with(|state| state.parked.is_none()), "{name}");
            assert_eq!(state.with(|state| state.members.capacity()), 0, "{name}");
        }
    }

    /// Events that are not queued look after the queue, too.
    #[test]
    fn an_inline_lane_gives_a_burst_back_and_makes_room_while_it_has_only_single_events() {
        let event_loop = EventLoop::inline();
        let mgr = Manager::new(&event_loop);
        let topic = mgr.topic("x");
        let mut burst = 10_000;
        topic.register(move |mgr: Manager| {
            (0..core::mem::take(&mut burst)).for_each(|_| _ = mgr.emit("x", ()));
        });
        let room = || {
            event_loop.lane().state.with(|state| {
                let driver = state.parked.as_ref().unwrap();
                (state.queue.capacity(), driver.batch.capacity())
            })
        };
        topic.emit(());
        assert!(room().0.max(room().1) >= 10_000);
        (0..100).for_each(|_| _ = topic.emit(()));
        assert!(room().0.max(room().1) <= 256, "{:?}", room());
        // Both buffers, also if it was running when that was asked for.
        let wants = event_loop.clone();
        mgr.on("y")
            .once()
            .call(move || drop(wants.clone().reserved(1000)));
        mgr.emit("y", ());
        (0..3).for_each(|_| _ = topic.emit(()));
        assert!(room().0.min(room().1) >= 1000, "{:?}", room());
    }

    #[test]
    fn a_crowd_of_managers_leaves_no_room_behind() {
        let event_loop = EventLoop::inline();
        let crowd: Vec<_> = (0..1000).map(|_| Manager::new(&event_loop)).collect();
        let room = || {
            let state = &event_loop.lane().state;
            state.with(|state| state.members.capacity())
        };
        crowd.iter().for_each(|mgr| _ = mgr.register("x", || ()));
        assert!(room() >= 1000);
        drop(crowd);
        assert!(room() <= KEPT_ACCOUNTS);
    }

    /// Its last handle goes while it is running.
    #[test]
    fn an_inline_lane_that_ends_in_its_own_callback_keeps_no_room() {
        let event_loop = EventLoop::inline().reserved(1000);
        let state = event_loop.lane().state.clone();
        let mgr = Manager::new(EventLoop::inline());
        let mut kept = Some(event_loop.clone());
        mgr.on("x")
            .event_loop(event_loop)
            .once()
            .call(move || drop(kept.take()));
        mgr.emit("x", ());
        assert!(state.with(|state| state.is_closed() && state.parked.is_none()));
    }
}
