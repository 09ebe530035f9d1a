//! Registering and unregistering: every change is a message in the lane's queue, pushed under the topic's lock.

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::{Counted, Group, TopicShared, TopicState};
use crate::contain::contain_drop;
use crate::error::DiscardReason;
use crate::invoke::Invoke;
use crate::lane::{Addition, CallsLeft, Entry, Lane, LaneState, Message};
use crate::manager::Inner;
use crate::maps::Tree;
use crate::record::{GroupFlag, Record};
use crate::round::Round;
use crate::sync::Arc;
use crate::wakeup::Wakeups;

/// A callback that is about to be registered.
pub(crate) struct NewCallback {
    pub(crate) record: Arc<Record>,
    /// Until it is on its way to the lane.
    pub(crate) invoke: Option<Box<dyn Invoke>>,
    /// Calls of a counted registration.
    pub(crate) times: Option<usize>,
}

/// What a removal leaves to be done after unlocking.
#[derive(Default)]
pub(crate) struct Removed {
    pub(crate) callbacks: usize,
    pub(crate) wakeups: Wakeups,
    pub(crate) round: Option<Arc<Round>>,
    groups: Vec<Group>,
}

impl Removed {
    /// Sets the lanes going and drops the groups. With no lock held.
    pub(crate) fn finish(mut self, owner: &Arc<Inner>) {
        self.wakeups.run();
        for group in self.groups {
            if group.lane.is_closed() {
                // Its driver is gone, so nobody else would notice that the account is over.
                Inner::retire(owner, &group.lane);
            }
            let _ = contain_drop(group);
        }
    }
}

/// Registers on `lane`, whose driver has been spawned. Under the shard's lock, or with a `Topic` in hand. A callback that
/// is refused is left where it is.
pub(crate) fn attach(
    owner: &Arc<Inner>,
    topic: &Arc<TopicShared>,
    lane: &Arc<Lane>,
    new: &mut NewCallback,
    wakeups: &mut Wakeups,
) -> Result<(), DiscardReason> {
    topic.announce(|state| {
        if state.closed {
            return Err(DiscardReason::ManagerClosed);
        }
        debug_assert!(
            !state.removed,
            "the caller holds the shard's lock, or a `Topic`"
        );
        let found = state
            .groups
            .iter()
            .position(|group| Arc::ptr_eq(&group.lane, lane));
        let flag = match found {
            Some(group) => state.groups[group].flag.clone(),
            None => new.record.group.clone(),
        };
        state.number(&mut new.record, flag.clone());
        if let Some(group) = found {
            let group = &mut state.groups[group];
            return lane
                .state
                .with(|lane_state| group.add(lane_state, owner, topic, new, wakeups));
        }
        owner.with_lanes(|lanes| {
            lane.state.with(|lane_state| {
                if lane_state.is_closed() {
                    return Err(lane_state.why_closed());
                }
                let member = lanes.of(lane).unwrap_or_else(|| {
                    let account = lane_state.open_account(owner);
                    lanes.insert(lane, account);
                    account
                });
                lane_state.join(member);
                let slot = lane_state.take_slot();
                let mut group = Group {
                    lane: lane.clone(),
                    slot,
                    member,
                    flag,
                    recurring: 0,
                    counted: Tree::new(),
                };
                let added = group.add(lane_state, owner, topic, new, wakeups);
                state.groups.push(group);
                added
            })
        })
    })
}

impl TopicState {
    /// Gives a record its place in the order of the topic.
    fn number(&mut self, record: &mut Arc<Record>, flag: Arc<GroupFlag>) {
        self.registrations += 1;
        if let Some(record) = Arc::get_mut(record) {
            record.id = self.registrations;
            record.group = flag;
        }
    }

    /// Takes a group out and frees its slot behind what is queued.
    fn release(&mut self, position: usize, removed: &mut Removed) {
        let group = self.groups.swap_remove(position);
        let lane = &group.lane;
        lane.state.with(|state| {
            state.release(group.slot, group.member);
            removed.wakeups.add(state, lane);
        });
        removed.groups.push(group);
    }
}

impl Group {
    /// Puts a callback on its way to the lane.
    fn add(
        &mut self,
        state: &mut LaneState,
        owner: &Arc<Inner>,
        topic: &Arc<TopicShared>,
        new: &mut NewCallback,
        wakeups: &mut Wakeups,
    ) -> Result<(), DiscardReason> {
        if state.is_closed() {
            return Err(state.why_closed());
        }
        let NewCallback { record, times, .. } = new;
        match *times {
            None => self.recurring += 1,
            Some(left) => {
                self.counted.insert(
                    record.id,
                    Counted {
                        record: record.clone(),
                        left,
                    },
                );
            }
        }
        owner.remember(topic, record);
        let addition = Addition {
            slot: self.slot,
            member: self.member,
            owner: owner.clone(),
            topic: topic.clone(),
            group: self.flag.clone(),
            entry: Entry {
                record: record.clone(),
                invoke: new.invoke.take(),
                calls: CallsLeft::of(*times),
            },
        };
        state.push_control(self.member, Message::Add(Box::new(addition)));
        wakeups.add(state, &self.lane);
        Ok(())
    }
}

/// Unregisters one callback. `None` if it was not registered any more.
pub(crate) fn revoke(owner: &Arc<Inner>, topic: &Arc<TopicShared>, record: &Arc<Record>) -> bool {
    let (revoked, removed, unneeded) = topic.change(|state| {
        let mut removed = Removed::default();
        let Some(position) = state.group_of(&record.group) else {
            // No event reaches it any more. Only the last call of a counted one can be taken back.
            let claimed = record.revoke_claimed();
            if !record.group.is_live() {
                record.revoke_active();
            }
            return (claimed, removed, false);
        };
        if !record.revoke_active() {
            return (record.revoke_claimed(), removed, false);
        }
        let group = &mut state.groups[position];
        if group.counted.remove(&record.id).is_none() {
            group.recurring -= 1;
        }
        if group.callbacks() == 0 {
            state.release(position, &mut removed);
        } else {
            let (lane, slot, member, id) = (&group.lane, group.slot, group.member, record.id);
            lane.state.with(|state| {
                if !state.is_closed() {
                    state.push_control(member, Message::Remove { slot, id });
                }
                removed.wakeups.add(state, lane);
            });
        }
        (true, removed, state.is_unneeded())
    });
    // Now, and not when its lane has come to it: whatever the answer, it cannot be taken back again.
    owner.forget(topic, record);
    removed.finish(owner);
    if unneeded {
        owner.sweep(topic);
    }
    revoked
}

/// Unregisters everything of the name and takes its waiters. What was queued is discarded.
pub(crate) fn unregister_all(topic: &TopicShared) -> Removed {
    topic.change(|state| state.clear(GroupFlag::kill))
}

/// The manager closes: nothing new is accepted, what was accepted still runs.
pub(crate) fn close(topic: &TopicShared) -> Removed {
    topic.change(|state| {
        state.closed = true;
        state.clear(GroupFlag::close)
    })
}

impl TopicState {
    fn clear(&mut self, end: impl Fn(&GroupFlag)) -> Removed {
        let mut removed = Removed {
            callbacks: self.callbacks(),
            ..Removed::default()
        };
        while let Some(last) = self.groups.len().checked_sub(1) {
            end(&self.groups[last].flag);
            self.release(last, &mut removed);
        }
        self.waiting = 0;
        removed.round = self.round.take();
        removed
    }
}

/// The lane was closed: its group leaves the topic. With no lock held.
pub(crate) fn detach_lane(
    owner: &Arc<Inner>,
    topic: &Arc<TopicShared>,
    flag: &Arc<GroupFlag>,
    lane: &Arc<Lane>,
) {
    let (removed, unneeded) = topic.change(|state| {
        let mut removed = Removed::default();
        if let Some(position) = state.group_of(flag) {
            debug_assert!(
                Arc::ptr_eq(&state.groups[position].lane, lane),
                "a flag belongs to one group"
            );
            state.release(position, &mut removed);
        }
        (removed, state.is_unneeded())
    });
    removed.finish(owner);
    if unneeded {
        owner.sweep(topic);
    }
}
