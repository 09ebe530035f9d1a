//! The future that runs a lane's driver on a runtime.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use super::driver::{BUDGET, Driver};
use super::patience::Patience;
use super::{After, Lane, Phase, closing};
use crate::contain::contain;
use crate::runner::Runner;
use crate::sync::{Arc, ROUTED};

/// Hands the lane's driver to its runtime. A refusal closes the lane: the driver notices being dropped.
pub(super) fn spawn(lane: &Arc<Lane>) {
    let task = LaneTask {
        lane: lane.clone(),
        driver: Driver::default(),
        patience: Patience::default(),
        ended: false,
    };
    // A panicking spawner has dropped the driver on its way out, like one that refuses it.
    let _ = contain(|| lane.runtime.spawn(Box::pin(task)));
}

/// Nothing in it is pinned.
impl Unpin for LaneTask {}

struct LaneTask {
    lane: Arc<Lane>,
    driver: Driver,
    patience: Patience,
    /// Ended by itself, because nobody needs the lane any more.
    ended: bool,
}

impl Future for LaneTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let (lane, driver) = (&this.lane, &mut this.driver);
        let mut budget = BUDGET;
        this.patience.begin_turn();
        let here = Runner::here();
        if !driver.batch.is_empty() {
            lane.state.with(|state| state.runner = Some(here));
        }
        loop {
            // Asked only to win time: without std it is the bytes that count.
            let idle = ROUTED && driver.batch.is_empty();
            let worked_off = idle || driver.work(lane, cx, &mut budget);
            let mut after = Vec::new();
            if !worked_off {
                lane.state.with(|state| {
                    driver.flush(state, &mut after);
                    state.runner = None;
                });
                After::run_all(after, lane);
                return match contain(|| cx.waker().wake_by_ref()) {
                    Ok(()) => Poll::Pending,
                    // Nobody would poll it again.
                    Err(_) => Poll::Ready(()),
                };
            }
            driver.keep_room(lane.reserved());
            this.patience.gather();
            let (more, needed, from_here) = lane.state.with(|state| {
                state.runner = Some(here);
                let more = driver.exchange(state, &mut after);
                (more, more || lane.is_needed(state), state.emitter == here)
            });
            if more || !after.is_empty() {
                if more {
                    this.patience.found(driver.batch.len(), from_here);
                }
                After::run_all(after, lane);
                continue;
            }
            if needed && this.patience.looks_again() {
                continue;
            }
            driver.fit_buffer(lane.reserved());
            match go_to_sleep(lane, cx) {
                Next::Work => {}
                Next::Sleep => return Poll::Pending,
                Next::End => {
                    this.ended = true;
                    return Poll::Ready(());
                }
                Next::Broken => return Poll::Ready(()),
            }
        }
    }
}

enum Next {
    Work,
    Sleep,
    /// Nobody needs the lane any more.
    End,
    /// There is no waking this task up again: it closes the lane by being dropped.
    Broken,
}

/// Stores the waker if there is still nothing to do. The waker is cloned before the lock and dropped after it: both are
/// foreign code.
fn go_to_sleep(lane: &Lane, cx: &Context<'_>) -> Next {
    let Ok(waker) = contain(|| cx.waker().clone()) else {
        return Next::Broken;
    };
    let (mut waker, mut room) = (Some(waker), None);
    let next = lane.state.with(|state| {
        if !state.queue.is_empty() {
            return Next::Work;
        }
        if !lane.is_needed(state) {
            state.runner = None;
            if ROUTED {
                room = Some(lane.end(state));
            } else {
                state.phase = Phase::Closed;
            }
            return Next::End;
        }
        core::mem::swap(&mut state.waker, &mut waker);
        state.runner = None;
        Next::Sleep
    });
    drop(room);
    let _ = contain(move || drop(waker));
    next
}

impl Drop for LaneTask {
    fn drop(&mut self) {
        if !self.ended {
            closing::close(&self.lane, &mut self.driver);
        }
    }
}
