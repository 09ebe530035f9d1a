//! A topic: everything about one name, under one lock. Emitting to it is in `topic/commit.rs`, changing what is
//! registered in `topic/change.rs`, its waiters in `topic/waiters.rs`.

mod change;
mod commit;
mod route;
mod waiters;

use alloc::vec::Vec;
use core::task::Waker;

pub(crate) use self::change::{NewCallback, attach, close, detach_lane, revoke, unregister_all};
pub(crate) use self::commit::{
    commit_any, commit_delayed, commit_plain, commit_waiters, finish_plain, keep_lane,
};
use self::route::{Route, Target};
pub(crate) use self::waiters::{arm, disarm};
use crate::lane::{Lane, SlotId};
use crate::manager::Inner;
use crate::maps::Tree;
use crate::published::Published;
use crate::record::{GroupFlag, Record};
use crate::round::Round;
use crate::sync::atomic::{AtomicBool, AtomicU8, Ordering, fence};
use crate::sync::{Arc, ROUTED, Weak};

/// One name with its callbacks and waiters.
pub(crate) struct TopicShared {
    owner: Weak<Inner>,
    name: Arc<str>,
    pub(crate) hash: u64,
    /// How often an emit had to look its name up. Under the shard's lock, and the business of `names/warmth.rs`.
    look_ups: AtomicU8,
    /// What an emitter can know before it locks; the commit checks it again.
    hint: AtomicU8,
    /// A callback has kept data of a message: then the next is shared from the start, one for all.
    is_kept: AtomicBool,
    /// And where the route leads to, which the first usual event says.
    state: Published<TopicState, Target>,
    route: Route,
}

/// What an emit will need. Written under the topic's lock, read before it.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Hint {
    /// Nobody hears it: the payload is not even built.
    Nobody = 0,
    /// One lane and no waiter: a small payload travels in the queue.
    OneLane = 1,
    /// No lane, only waiters: they share the payload.
    Waiters = 2,
    /// Several share the payload, or get copies.
    Many = 3,
    /// The manager is closed.
    Closed = 4,
}

/// What the topic's lock guards.
pub(crate) struct TopicState {
    groups: Vec<Group>,
    /// The waits armed since the last event.
    round: Option<Arc<Round>>,
    /// How many of them are still armed.
    waiting: usize,
    /// `Topic` handles.
    handles: usize,
    /// Room for the wakers of a commit that sets several lanes going.
    room: Vec<Waker>,
    /// Numbers the registrations.
    registrations: u64,
    /// The entry is no longer in the names.
    removed: bool,
    closed: bool,
}

/// The callbacks of the topic on one lane. The callbacks themselves are in the lane's table.
struct Group {
    lane: Arc<Lane>,
    slot: SlotId,
    member: usize,
    flag: Arc<GroupFlag>,
    recurring: usize,
    counted: Tree<u64, Counted>,
}

/// A counted registration with claims left.
struct Counted {
    record: Arc<Record>,
    left: usize,
}

impl Group {
    fn callbacks(&self) -> usize {
        self.recurring + self.counted.len()
    }
}

impl TopicShared {
    /// Not inlined: a name is made in several places, and rarely.
    #[cold]
    #[inline(never)]
    pub(crate) fn new(owner: &Arc<Inner>, name: &str, hash: u64) -> Arc<Self> {
        Arc::new(Self {
            owner: Arc::downgrade(owner),
            name: Arc::from(name),
            hash,
            look_ups: AtomicU8::new(0),
            hint: AtomicU8::new(Hint::Nobody as u8),
            is_kept: AtomicBool::new(false),
            state: Published::new(TopicState {
                groups: Vec::new(),
                round: None,
                waiting: 0,
                handles: 0,
                room: Vec::new(),
                registrations: 0,
                removed: false,
                closed: false,
            }),
            route: Route::new(),
        })
    }

    /// The manager, for those who do not know it anyway.
    pub(crate) fn owner(&self) -> Option<Arc<Inner>> {
        self.owner.upgrade()
    }

    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    #[inline]
    pub(crate) fn hint(&self) -> Hint {
        // In one order with the flags of others, which may say that something was announced.
        match self.hint.load(Ordering::SeqCst) {
            0 => Hint::Nobody,
            1 => Hint::OneLane,
            2 => Hint::Waiters,
            3 => Hint::Many,
            _ => Hint::Closed,
        }
    }

    /// Whether several lanes, or lanes and waits, get copies of what is plain.
    pub(crate) fn copies(&self) -> bool {
        !cfg!(feature = "std") || !self.is_kept.load(Ordering::Relaxed)
    }

    /// Somebody keeps the data of its events: of copies, each would be kept by itself.
    pub(crate) fn note_kept(&self) {
        // Each emit reads what is beside it.
        if self.copies() {
            self.is_kept.store(true, Ordering::Relaxed);
        }
    }

    /// As [`change`](Self::change), for what wants to be heard: each emit that comes later finds it. Emits look at the hint
    /// without the topic's lock, so it is not enough to give that back: what was written before, a processor may show to
    /// others only after the caller has gone on to look at something else. Where the hint stays as it is, whoever wrote it has
    /// seen to that before giving back the lock.
    fn announce<R>(&self, f: impl FnOnce(&mut TopicState) -> R) -> R {
        self.change_hint(true, f)
    }

    /// Runs `f` under the topic's lock, with the way around it closed, and renews the hint before unlocking. An emit may
    /// still find the hint before: one that asks for more than there is, for it looks again under a lock.
    fn change<R>(&self, f: impl FnOnce(&mut TopicState) -> R) -> R {
        self.change_hint(false, f)
    }

    fn change_hint<R>(&self, announced: bool, f: impl FnOnce(&mut TopicState) -> R) -> R {
        self.state.with(|state| {
            self.route.close();
            let result = f(state);
            let hint = state.hint() as u8;
            // Without std it is the bytes of code that count.
            if !ROUTED || self.hint.load(Ordering::Relaxed) != hint {
                self.hint.store(hint, Ordering::Release);
                if announced {
                    fence(Ordering::SeqCst);
                }
            }
            result
        })
    }

    /// Where the route leads to, if an event has come.
    #[inline]
    fn target(&self) -> Option<&Target> {
        if ROUTED { self.state.read() } else { None }
    }

    pub(crate) fn add_handle(&self) {
        self.state.with(|state| state.handles += 1);
    }

    /// A `Topic` handle is gone; `true` if the name may be unneeded now.
    pub(crate) fn drop_handle(&self) -> bool {
        self.state.with(|state| {
            state.handles -= 1;
            state.is_unneeded()
        })
    }

    pub(crate) fn callbacks(&self) -> usize {
        self.state.with(|state| state.callbacks())
    }

    pub(crate) fn waiting(&self) -> usize {
        self.state.with(|state| state.waiting)
    }

    pub(crate) fn look_ups(&self) -> u8 {
        self.look_ups.load(Ordering::Relaxed)
    }

    pub(crate) fn set_look_ups(&self, times: u8) {
        self.look_ups.store(times, Ordering::Relaxed);
    }

    /// Puts the topic of a hot name into an entry again. Under the shard's lock.
    pub(crate) fn revive(&self) {
        self.state.with(|state| state.removed = false);
        self.is_kept.store(false, Ordering::Relaxed);
    }

    /// Takes the entry out of use if nothing needs it. Under the shard's lock, which the caller uses to remove it.
    pub(crate) fn retire(&self) -> bool {
        self.state.with(|state| {
            if state.removed || !state.is_unneeded() {
                return false;
            }
            state.removed = true;
            // Nobody waits in it any more.
            state.round = None;
            if ROUTED {
                // A hot one stays: what made room for many lanes goes.
                state.groups = Vec::new();
                state.room = Vec::new();
            }
            true
        })
    }
}

/// Removes the topic from the names if nothing needs it any more. With no lock held.
#[cold]
pub(crate) fn sweep(topic: &Arc<TopicShared>) {
    if let Some(owner) = topic.owner() {
        owner.sweep(topic);
    }
}

impl TopicState {
    fn hint(&self) -> Hint {
        match (self.closed, self.groups.len(), self.waiting) {
            (true, ..) => Hint::Closed,
            (_, 0, 0) => Hint::Nobody,
            (_, 1, 0) => Hint::OneLane,
            (_, 0, _) => Hint::Waiters,
            _ => Hint::Many,
        }
    }

    fn callbacks(&self) -> usize {
        self.groups.iter().map(Group::callbacks).sum()
    }

    fn is_unneeded(&self) -> bool {
        self.groups.is_empty() && self.waiting == 0 && self.handles == 0
    }

    fn group_of(&self, flag: &Arc<GroupFlag>) -> Option<usize> {
        self.groups
            .iter()
            .position(|group| Arc::ptr_eq(&group.flag, flag))
    }
}
