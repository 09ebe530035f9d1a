//! The one task of a runtime that watches its delay queue, with one armed sleep.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;

use crate::contain::contain;
use crate::event_loop::Runtime;
use crate::runtime::{Sleep, TimerError};
use crate::sync::{Arc, Weak};

/// Entries fired, or sleeps armed, in one poll, so that other tasks of the runtime get their turns.
const BUDGET: usize = 128;

/// Starts the task. With no lock held. One that is refused loses every entry by being dropped.
pub(super) fn spawn(runtime: &Arc<Runtime>) {
    if runtime.is_inline() {
        runtime.delays.fail(TimerError::Unsupported);
        return;
    }
    let task = DelayTask {
        queue: Arc::downgrade(runtime),
        sleep: None,
        reason: Some(TimerError::Closed),
    };
    let _ = contain(|| runtime.spawn_driver(Box::pin(task)));
}

struct DelayTask {
    /// The entries keep their runtime, the task does not.
    queue: Weak<Runtime>,
    sleep: Option<(Duration, Sleep)>,
    /// Why the entries are lost if the task is dropped now; `None` once it has ended by itself.
    reason: Option<TimerError>,
}

impl Future for DelayTask {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(runtime) = self.queue.upgrade() else {
            self.reason = None;
            return Poll::Ready(());
        };
        let poll = self.watch(&runtime, cx);
        // It may be the last one, and what is in it is foreign.
        let _ = contain(move || drop(runtime));
        poll
    }
}

enum Armed {
    /// Something may be due by now.
    Again,
    /// Asleep until the first deadline, or until there is an entry.
    Asleep,
    Broken(TimerError),
}

impl DelayTask {
    /// Fires what is due, and goes to sleep.
    fn watch(&mut self, runtime: &Arc<Runtime>, cx: &mut Context<'_>) -> Poll<()> {
        let mut budget = BUDGET;
        loop {
            let Ok(now) = contain(|| runtime.now()) else {
                self.reason = None;
                runtime.delays.fail(TimerError::Closed);
                return Poll::Ready(());
            };
            while budget > 0 {
                if runtime.is_stopping() {
                    // What is left is lost with the loop.
                    return Poll::Pending;
                }
                let Some(action) = runtime.delays.pop_due(now) else {
                    break;
                };
                // What it does contains its foreign parts; what it drops may be the last of others.
                let _ = contain(|| action.fire());
                budget -= 1;
            }
            if budget == 0 {
                if contain(|| runtime.yield_now(cx)).is_ok() {
                    return Poll::Pending;
                }
                // Nobody would poll it again.
                self.reason = None;
                runtime.delays.fail(TimerError::Closed);
                return Poll::Ready(());
            }
            budget -= 1;
            match self.arm(runtime, now, cx) {
                Armed::Again => {}
                Armed::Asleep => return Poll::Pending,
                Armed::Broken(error) => {
                    self.reason = None;
                    runtime.delays.fail(error);
                    return Poll::Ready(());
                }
            }
        }
    }

    /// Arms the sleep for the first deadline, or goes to sleep without one.
    fn arm(&mut self, runtime: &Arc<Runtime>, now: Duration, cx: &mut Context<'_>) -> Armed {
        let Ok(waker) = contain(|| cx.waker().clone()) else {
            return Armed::Broken(TimerError::Closed);
        };
        let armed = self.sleep.as_ref().map(|(deadline, _)| *deadline);
        if let Some((_, sleep)) = &mut self.sleep {
            match contain(|| sleep.as_mut().poll(cx)) {
                Ok(Poll::Pending) => {}
                Ok(Poll::Ready(Ok(()))) => {
                    self.disarm();
                    return Armed::Again;
                }
                Ok(Poll::Ready(Err(error))) => return Armed::Broken(error),
                Err(_) => return Armed::Broken(TimerError::Closed),
            }
        }
        let (next, waker) = runtime.delays.sleep_until(armed, waker);
        let _ = contain(move || drop(waker));
        let Some(next) = next else {
            return Armed::Asleep;
        };
        self.disarm();
        if let Some(deadline) = next {
            let duration = deadline.saturating_sub(now).min(runtime.longest_sleep());
            match contain(|| runtime.sleep(duration)) {
                Ok(sleep) => self.sleep = Some((deadline, sleep)),
                Err(_) => return Armed::Broken(TimerError::Closed),
            }
        }
        Armed::Again
    }

    /// Drops the sleep: it is foreign.
    fn disarm(&mut self) {
        let sleep = self.sleep.take();
        let _ = contain(move || drop(sleep));
    }
}

impl Drop for DelayTask {
    fn drop(&mut self) {
        self.disarm();
        if let (Some(reason), Some(runtime)) = (self.reason, self.queue.upgrade()) {
            runtime.delays.fail(reason);
            let _ = contain(move || drop(runtime));
        }
    }
}
