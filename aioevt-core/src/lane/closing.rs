//! What happens when a runtime drops, or refuses, a lane's driver: everything accepted is accounted for, everything
//! registered is removed and reported.

use alloc::vec::Vec;
use core::mem;

use super::driver::Driver;
use super::message::Message;
use super::table::{Entry, Slot};
use super::{After, Lane, Phase};
use crate::contain::contain_drop;
use crate::error::{CallbackErrorKind, DiscardReason};
use crate::record::Record;
use crate::sync::Arc;
use crate::topic;

/// Closes the lane of a driver that will never run again. With no lock held.
pub(super) fn close(lane: &Arc<Lane>, driver: &mut Driver) {
    let (mut queue, waker) = lane.state.with(|state| {
        state.phase = Phase::Closed;
        // Whoever blocks in here until nothing is outstanding would wait for itself.
        lane.running.enter();
        // The closing itself is outstanding until everything is dropped.
        state
            .members
            .iter_mut()
            .for_each(|(_, member)| member.posted += 1);
        (mem::take(&mut state.queue), state.waker.take())
    });
    let _ = contain_drop(waker);

    let mut messages = mem::take(&mut driver.batch);
    let first = mem::take(&mut driver.at);
    messages.append(&mut queue);
    let mut reports = discard(driver, messages.iter_mut_from(first));

    // From here on no emit finds the lane in a topic.
    let slots = driver.table.drain();
    for slot in slots.iter().flatten() {
        topic::detach_lane(&slot.owner, &slot.topic, &slot.group, lane);
        for entry in &slot.entries {
            leave(slot, entry, &mut reports);
        }
    }

    // Foreign drops, each contained. The payloads first: they may hold what the closures wait for.
    drop(messages);
    for mut slot in slots.into_iter().flatten() {
        slot.clear();
    }
    // Before the account is settled: whoever waits for that finds everything reported.
    for (owner, error) in reports {
        owner.report(error);
    }
    let mut after = Vec::new();
    lane.state.with(|state| {
        lane.running.leave();
        driver.flush(state, &mut after);
        for (_, member) in &mut state.members {
            member.ended.controls += 1;
            after.extend(After::of(member));
        }
    });
    After::run_all(after, lane);
}

type Report = (Arc<crate::manager::Inner>, crate::error::CallbackError);

/// Goes through the messages as the driver would have, but counts every delivery as discarded.
fn discard<'a>(
    driver: &mut Driver,
    messages: impl Iterator<Item = &'a mut Message>,
) -> Vec<Report> {
    let mut reports = Vec::new();
    // How far the driver had come with the first message.
    let mut position = mem::take(&mut driver.calls.position);
    for message in messages {
        let position = mem::take(&mut position);
        match message {
            Message::Event { slot, .. } => {
                let Some(slot) = driver.table.slot(*slot) else {
                    continue;
                };
                let (mut discarded, member) = (0, slot.member);
                for index in position..slot.entries.len() {
                    let entry = &mut slot.entries[index];
                    if entry.invoke.is_none() || entry.calls.are_used_up() {
                        continue;
                    }
                    discarded += 1;
                    entry.record.lose();
                    entry.calls.take();
                }
                driver.count_discarded(member, discarded);
            }
            Message::Add(_) | Message::Remove { .. } => {
                driver.change(mem::replace(message, Message::Spent));
            }
            Message::Release { slot } => {
                let Some(mut slot) = driver.table.release(*slot) else {
                    continue;
                };
                for entry in slot.entries.iter().filter(|entry| entry.record.lost() > 0) {
                    leave(&slot, entry, &mut reports);
                }
                let member = slot.member;
                slot.clear();
                driver.count_control(member);
            }
            Message::Spent => {}
        }
    }
    reports
}

/// Adds the one report of a registration that its lane takes down with it, unless it was unregistered before.
fn leave(slot: &Slot, entry: &Entry, reports: &mut Vec<Report>) {
    let record: &Record = &entry.record;
    if entry.invoke.is_none() || record.is_revoked() {
        return;
    }
    let deliveries = record.lost();
    let expected = deliveries == 0 && !record.group.is_live();
    record.end();
    if expected {
        // Its manager was closed before: nobody counts on it any more, and nothing was lost.
        return;
    }
    let reason = DiscardReason::LoopClosed { deliveries };
    let error = record.error(slot.topic.name(), CallbackErrorKind::Discarded(reason));
    reports.push((slot.owner.clone(), error));
}
