//! The commit: the one moment at which an event gets its place in the order of its name.

use alloc::vec::Vec;
use core::task::Waker;

use super::route::{self, Target};
use super::{Group, Hint, TopicShared, TopicState};
use crate::contain::contain_drop;
use crate::data::{Data, IntoEvtData};
use crate::emitted::Emitted;
use crate::lane::Lane;
use crate::manager::Inner;
use crate::published::Setter;
use crate::round::Round;
use crate::sync::atomic::Ordering;
use crate::sync::{Arc, ROUTED};
use crate::wakeup::{Wakeup, Wakeups};

/// What a commit leaves to be done after unlocking.
#[derive(Default)]
struct Aftermath {
    emitted: Emitted,
    wakeups: Wakeups,
    /// The waits that the event resolves.
    round: Option<Arc<Round>>,
    /// Groups whose last claim was taken.
    spent: Vec<Group>,
    unneeded: bool,
}

/// The usual commit: how many callbacks will get the event. If it is another one, the data stays and this is `None`. It
/// runs no foreign code, and allocates only when the lane's queue grows: the data is to be such that building it does
/// not. It is built in its place in the queue. The wakeup is for [`finish_plain`] with no lock held; it has a place of its
/// own since a result of more than two words is copied from function to function.
#[inline]
pub(crate) fn commit_plain<D: IntoEvtData>(
    topic: &TopicShared,
    data: &mut Option<D>,
    wakeup: &mut Option<Wakeup>,
) -> Option<usize> {
    debug_assert!(!D::ALLOCATES, "this would allocate under the lock");
    match topic.route.commit(topic.target(), data, wakeup) {
        None => topic
            .state
            .with_setter(|state, setter| state.commit_plain(topic, setter, data, wakeup)),
        committed => committed,
    }
}

/// For a usual commit that is finished without its topic: keeps the lane.
#[inline]
pub(crate) fn keep_lane(topic: &TopicShared, wakeup: &mut Option<Wakeup>) {
    if let Some(Wakeup::Inline(_, lane @ None)) = wakeup {
        *lane = route_of(topic).cloned();
    }
}

/// What a usual commit leaves to be done, by whoever has the topic or has kept the lane. With no lock held.
/// Data that is left is for an inline lane, which gets it where it is. Inlined, so that the wakeup is read where it was
/// written.
#[inline(always)]
pub(crate) fn finish_plain<D: IntoEvtData>(
    topic: Option<&TopicShared>,
    callbacks: usize,
    wakeup: Option<Wakeup>,
    data: &mut Option<D>,
) -> Emitted {
    let route = || topic.and_then(route_of);
    match data.take_if(|_| ROUTED) {
        None => Wakeup::run(wakeup, route),
        Some(data) => Wakeup::run_with(wakeup, route, &mut data.into_data(false)),
    }
    Emitted {
        callbacks,
        ..Emitted::default()
    }
}

fn route_of(topic: &TopicShared) -> Option<&Arc<Lane>> {
    topic.target().and_then(Target::inline)
}

/// The commit of an event that only waiters want. If it is another one meanwhile, it is committed as such.
pub(crate) fn commit_waiters<D: IntoEvtData>(
    owner: &Arc<Inner>,
    topic: &Arc<TopicShared>,
    data: D,
) -> Emitted {
    let Some((waiters, round, unneeded)) = topic.claim_for_waiters() else {
        return commit_any(owner, topic, &mut Some(data.into_data(false)));
    };
    // Without std the hint tells whether anybody waits, but for the moment.
    if ROUTED && waiters == 0 {
        return owner.unheard(&mut Some(data));
    }
    if unneeded {
        owner.sweep(topic);
    }
    match round {
        Some(round) => resolve(round, data),
        None => drop(contain_drop(data)),
    }
    Emitted {
        waiters,
        ..Emitted::default()
    }
}

/// Every other case.
#[inline(never)]
pub(crate) fn commit_any(
    owner: &Arc<Inner>,
    topic: &Arc<TopicShared>,
    data: &mut Option<Data>,
) -> Emitted {
    let after = commit(topic, data);
    finish(owner, topic, data, after)
}

/// The same for a delayed event, which has fired as soon as it is committed.
pub(crate) fn commit_delayed(
    owner: &Arc<Inner>,
    topic: &Arc<TopicShared>,
    data: &mut Option<Data>,
) -> Emitted {
    let after = commit(topic, data);
    owner.delay_fired();
    finish(owner, topic, data, after)
}

#[inline]
fn commit(topic: &Arc<TopicShared>, data: &mut Option<Data>) -> Aftermath {
    debug_assert!(data.is_some(), "there is nothing to share");
    let mut after = Aftermath::default();
    while !topic
        .state
        .with(|state| state.commit(topic, data, &mut after))
    {
        // Several will hear it. The allocation is made with no lock held.
        if let Some(data) = data {
            data.share();
        }
    }
    after
}

/// With no lock held.
#[inline]
fn finish(
    owner: &Arc<Inner>,
    topic: &Arc<TopicShared>,
    data: &mut Option<Data>,
    mut after: Aftermath,
) -> Emitted {
    // Before anybody can look who knows that it is over.
    if after.unneeded {
        owner.sweep(topic);
    }
    match (data.take(), after.round.take()) {
        (Some(data), Some(round)) => resolve(round, data),
        (data, _) => drop(contain_drop(data)),
    }
    after.wakeups.run();
    let room = after.wakeups.take_room();
    if room.capacity() > 0 {
        let _left = topic.state.with(|state| state.keep_room(room));
    }
    for group in after.spent {
        let _ = contain_drop(group);
    }
    after.emitted
}

/// Before an inline lane could make the waits wait for its callbacks.
fn resolve<D: IntoEvtData>(round: Arc<Round>, data: D) {
    round.resolve(data);
    // What is in it may be foreign.
    let _ = contain_drop(round);
}

impl TopicShared {
    /// Takes the waits that an event resolves, and whether the name is unneeded then; `None` if others may want it. The hint
    /// stays, for those who wait for one event after the other: to announce it anew costs a fence. An event that finds
    /// nobody takes it down.
    fn claim_for_waiters(&self) -> Option<(usize, Option<Arc<Round>>, bool)> {
        let claim = |state: &mut TopicState| {
            if !state.groups.is_empty() || state.closed {
                return None;
            }
            let (waiters, round) = state.claim_waiters();
            Some((waiters, round, state.is_unneeded()))
        };
        if !ROUTED {
            return self.change(claim);
        }
        self.state.with(|state| {
            let claimed = claim(state);
            if let Some((0, ..)) = claimed {
                self.hint.store(Hint::Nobody as u8, Ordering::Release);
            }
            claimed
        })
    }
}

impl TopicState {
    /// The usual case, which leaves next to nothing to be done: one open lane, nothing counted, nobody waits. `None`,
    /// and the data stays, if it is another one. (A closed topic has no lane.)
    #[inline(never)]
    fn commit_plain<D: IntoEvtData>(
        &mut self,
        topic: &TopicShared,
        setter: Setter<'_, Target>,
        data: &mut Option<D>,
        wakeup: &mut Option<Wakeup>,
    ) -> Option<usize> {
        let [group] = &mut *self.groups else {
            return None;
        };
        if self.waiting > 0 || !group.counted.is_empty() {
            return None;
        }
        let lane = &group.lane;
        let leads_there = route::leads_to(lane, topic.target(), setter);
        lane.state.with(|state| {
            if leads_there {
                topic.route.open(group, state);
            }
            state.push_plain(group.slot, group.member, group.recurring, data)?;
            state.wakeup(lane, wakeup);
            Some(group.recurring)
        })
    }

    /// Takes the waits that the event resolves. A round without any is kept for the next wait.
    fn claim_waiters(&mut self) -> (usize, Option<Arc<Round>>) {
        match core::mem::take(&mut self.waiting) {
            0 => (0, None),
            waiting => (waiting, self.round.take()),
        }
    }

    /// Keeps the room for wakers if as many lanes may need it again. What comes back is dropped after unlocking.
    fn keep_room(&mut self, room: Vec<Waker>) -> Vec<Waker> {
        if self.may_keep(&room) {
            core::mem::replace(&mut self.room, room)
        } else {
            room
        }
    }

    fn may_keep(&self, room: &Vec<Waker>) -> bool {
        room.capacity() <= (self.groups.len() * 2).max(4)
    }

    /// `false`: the payload has to be shared first. What nobody took of it is left in `data`.
    fn commit(
        &mut self,
        topic: &TopicShared,
        data: &mut Option<Data>,
        after: &mut Aftermath,
    ) -> bool {
        let hint = self.hint();
        match hint {
            Hint::Closed => {
                after.emitted.rejected = 1;
                return true;
            }
            Hint::Nobody => return true,
            Hint::OneLane => {}
            Hint::Waiters | Hint::Many => {
                if !data
                    .as_ref()
                    .is_some_and(|data| data.is_for_many(topic.copies()))
                {
                    return false;
                }
                (after.emitted.waiters, after.round) = self.claim_waiters();
                // Left by more lanes than there are now. Without std it is the bytes of code that count.
                if cfg!(feature = "std") && !self.may_keep(&self.room) {
                    after.wakeups.lend(&mut self.room);
                }
            }
        }
        let alone = hint == Hint::OneLane;
        for group in &mut self.groups {
            group.push(data, alone, &mut self.room, after);
        }
        if alone {
            if self.groups[0].callbacks() > 0 {
                return true;
            }
            // The only one, with its place: so an interrupt needs no memory for it.
            after.spent = core::mem::take(&mut self.groups);
        }
        let mut index = 0;
        while let Some(group) = self.groups.get(index) {
            if group.callbacks() == 0 {
                after.spent.push(self.groups.swap_remove(index));
            } else {
                index += 1;
            }
        }
        topic.hint.store(self.hint() as u8, Ordering::Release);
        after.unneeded = self.is_unneeded();
        true
    }
}

impl Group {
    /// Pushes the event onto the lane and takes the claims of the counted callbacks: the lane will count them down by
    /// the same messages. A lane that takes the payload gets one more of it, or itself if nobody else does.
    #[inline]
    fn push(
        &mut self,
        data: &mut Option<Data>,
        alone: bool,
        room: &mut Vec<Waker>,
        after: &mut Aftermath,
    ) {
        let callbacks = self.callbacks();
        let lane = &self.lane;
        lane.state.with(|state| {
            // One message, and one more to free the slot behind it when the last claim is taken.
            let accepted = state.can_accept(1 + usize::from(!self.counted.is_empty()));
            let data = match (accepted, alone) {
                (false, _) => None,
                (true, true) => data.take(),
                (true, false) => data.as_ref().and_then(Data::another),
            };
            let Some(data) = data else {
                after.emitted.rejected += callbacks;
                return;
            };
            after.emitted.callbacks += callbacks;
            state.push_event(self.slot, self.member, callbacks, data);
            if !self.counted.is_empty() {
                self.counted.retain(|_, counted| {
                    counted.left -= 1;
                    if counted.left == 0 {
                        counted.record.claim_last();
                    }
                    counted.left > 0
                });
                if self.recurring + self.counted.len() == 0 {
                    state.release(self.slot, self.member);
                }
            }
            after.wakeups.add_with(room, state, lane);
        });
    }
}

#[cfg(all(test, feature = "std", not(loom), not(shuttle)))]
mod tests {
    use super::*;
    use crate::{EventLoop, Manager};

    /// The wait that the emit saw has gone meanwhile.
    #[test]
    fn data_for_waits_that_are_gone_may_panic() {
        struct Panics;
        impl Drop for Panics {
            fn drop(&mut self) {
                panic!("when dropped");
            }
        }
        let mgr = Manager::new(EventLoop::inline());
        let topic = mgr.topic("x");
        let owner = topic.shared().owner().unwrap();
        assert_eq!(commit_waiters(&owner, topic.shared(), (Panics,)).waiters, 0);
    }
}
