//! Inline lanes: the driver is run by whoever pushed and found it free, on that thread's stack.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::task::{Context, Waker};

use super::driver::Driver;
use super::{After, Lane};
use crate::data::Data;
use crate::sync::{Arc, ROUTED};

/// Delivers an event that is not queued: its emit found the lane at rest, and runs it. The data stays where the emit has it.
/// With no lock held.
pub(crate) fn run_with(lane: &Arc<Lane>, mut driver: Box<Driver>, data: &mut Data) {
    let mut cx = Context::from_waker(Waker::noop());
    if let Some(calls) = driver.work_directly(lane, data, &mut cx) {
        let (account, reserved) = (driver.direct.1, lane.reserved());
        // Mostly that was all: the account is brought up to date, and the driver put back.
        let busy = lane.state.with(|state| {
            let at_rest = state.queue.is_empty() && driver.buffers_fit(&state.queue, reserved);
            let member = state.members.get_mut(account);
            match member.filter(|member| at_rest && !member.owner.is_awaited_idle()) {
                Some(member) => {
                    member.ended.ran += calls as u64;
                    lane.running.leave();
                    state.parked = Some(driver);
                    None
                }
                None => Some(driver),
            }
        });
        let Some(free) = busy else { return };
        driver = free;
        driver.count_ran(calls);
    }
    run(lane, driver);
}

/// Works off everything that is queued, also what is pushed meanwhile by anyone. With no lock held.
pub(crate) fn run(lane: &Arc<Lane>, driver: Box<Driver>) {
    let mut cx = Context::from_waker(Waker::noop());
    let mut free = Some(driver);
    while let Some(mut driver) = free.take() {
        // Nobody else waits for this stack, so there is no budget.
        let mut budget = usize::MAX;
        driver.work(lane, &mut cx, &mut budget);
        driver.fit_buffer(lane.reserved());
        driver.keep_room(lane.reserved());
        let (mut after, mut room) = (Vec::new(), None);
        // Either there is more to do, or the driver is put back: under one lock, so that nothing is left lying.
        free = lane.state.with(|state| {
            if driver.exchange(state, &mut after) {
                return Some(driver);
            }
            if after.is_empty() {
                lane.running.leave();
                if ROUTED && !lane.is_needed(state) {
                    room = Some((lane.end(state), driver));
                } else {
                    state.parked = Some(driver);
                }
                return None;
            }
            Some(driver)
        });
        drop(room);
        After::run_all(after, lane);
    }
}
