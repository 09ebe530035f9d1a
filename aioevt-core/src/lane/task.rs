//! The future that runs a lane's driver on a runtime.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};

use super::driver::Driver;
use super::pace::{self, Pace};
use super::patience::Patience;
use super::{After, Lane, Phase, closing};
use crate::contain::{Panic, contain, contain_drop};
use crate::runner::Runner;
use crate::sync::{Arc, ROUTED};

/// Hands the lane's driver to its runtime. A refusal closes the lane, for the driver notices being dropped; what the
/// spawner says of it is for those who register.
pub(super) fn spawn(lane: &Arc<Lane>) {
    let task = LaneTask {
        lane: lane.clone(),
        driver: Driver::default(),
        patience: Patience::default(),
        pace: Pace::default(),
        ended: false,
    };
    // A panicking spawner has dropped the driver on its way out, like one that refuses it.
    if let Ok(Err(error)) = contain(|| lane.runtime.spawn_driver(Box::pin(task))) {
        lane.state.with(|state| state.refused = Some(error));
    }
}

/// Nothing in it is pinned.
impl Unpin for LaneTask {}

struct LaneTask {
    lane: Arc<Lane>,
    driver: Driver,
    patience: Patience,
    pace: Pace,
    /// Ended by itself, because nobody needs the lane any more.
    ended: bool,
}

impl Future for LaneTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut waker = None;
        let poll = self.turn(cx, &mut waker);
        // Foreign code, as making it is.
        let _ = contain_drop(waker);
        poll
    }
}

/// What a driver that has worked off everything found.
enum Found {
    Work,
    /// Something to do with no lock held.
    Accounts,
    /// Nothing, so it looks again.
    Nothing,
    /// Nothing, so it sleeps.
    Rest,
    /// Nobody needs the lane any more.
    End,
}

impl LaneTask {
    /// Works until there is nothing to do, or others are to have their turn. The waker is the one to sleep under, made
    /// when it may be needed.
    fn turn(&mut self, cx: &mut Context<'_>, waker: &mut Option<Waker>) -> Poll<()> {
        let (lane, driver, patience) = (&self.lane, &mut self.driver, &mut self.patience);
        let now = || pace::now(&lane.runtime);
        let mut budget = self.pace.begin_turn(now);
        patience.begin_turn();
        let here = Runner::here();
        lane.running.enter();
        // Woken for something new, or else to go on.
        let mut woken = driver.batch.is_empty();
        loop {
            // Asked only to win time: without std it is the bytes that count.
            let idle = ROUTED && driver.batch.is_empty();
            let worked_off = idle || driver.work(lane, cx, &mut budget);
            let mut after = Vec::new();
            if !worked_off {
                if budget == 0 {
                    if let Some(more) = self.pace.go_on(now) {
                        budget = more;
                        continue;
                    }
                }
                // For whoever looks at the accounts meanwhile. Not worth waiting for: an emitter that has to share its lock
                // is slow, and what is not in the accounts now will be.
                lane.state.try_with(|state| driver.flush(state, &mut after));
                lane.running.leave();
                After::run_all(after, lane);
                return match make_way(lane, &mut self.pace, cx) {
                    Ok(()) => Poll::Pending,
                    // Nobody would poll it again.
                    Err(_) => Poll::Ready(()),
                };
            }
            budget = self.pace.pause(budget, now);
            driver.keep_room(lane.reserved());
            patience.gather();
            let patient = patience.looks_again();
            let looks_again = woken || patient;
            if !looks_again && waker.is_none() {
                let Ok(made) = contain(|| cx.waker().clone()) else {
                    // There is no waking this task up again: it closes the lane by being dropped.
                    return Poll::Ready(());
                };
                *waker = Some(made);
            }
            let mut room = None;
            // Whether there is more, and if not what then, is one step: an event that comes later finds the waker.
            let (found, from_here) = lane.state.with(|state| {
                let from_here = state.emitter == here;
                let found = if driver.exchange(state, &mut after) {
                    Found::Work
                } else if !after.is_empty() {
                    Found::Accounts
                } else if !lane.is_needed(state) {
                    lane.running.leave();
                    if ROUTED {
                        room = Some(lane.end(state));
                    } else {
                        state.phase = Phase::Closed;
                    }
                    Found::End
                } else if looks_again {
                    Found::Nothing
                } else {
                    core::mem::swap(&mut state.waker, waker);
                    lane.running.leave();
                    Found::Rest
                };
                (found, from_here)
            });
            drop(room);
            After::run_all(after, lane);
            woken = false;
            match found {
                Found::Work => patience.found(driver.batch.len(), from_here),
                Found::Accounts => {}
                Found::Nothing if patient => {
                    self.pace.wait();
                    patience.found_nothing();
                }
                Found::Nothing => {}
                Found::Rest => {
                    patience.found_nothing();
                    driver.fit_buffer(lane.reserved());
                    return Poll::Pending;
                }
                Found::End => {
                    self.ended = true;
                    return Poll::Ready(());
                }
            }
        }
    }
}

/// There is more to do, but others are to have their turns.
fn make_way(lane: &Lane, pace: &mut Pace, cx: &mut Context<'_>) -> Result<(), Panic> {
    if pace.is_way_due() {
        contain(|| lane.runtime.yield_now(cx))
    } else {
        contain(|| cx.waker().wake_by_ref())
    }
}

impl Drop for LaneTask {
    fn drop(&mut self) {
        if !self.ended {
            closing::close(&self.lane, &mut self.driver);
        }
    }
}
