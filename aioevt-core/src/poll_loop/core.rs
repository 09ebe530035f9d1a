//! The executor under `PollLoop` and `ThreadLoop`: a queue of ready tasks, and timers.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use async_task::Runnable;

use super::timers::{TimerKey, Timers};
use crate::contain::{contain, contain_drop};
use crate::maps::Tree;
use crate::runner::Runner;
use crate::runtime::{BoxFuture, Sleep, SpawnError, TimerError};
use crate::sync::{Arc, Mutex};
use crate::wakers::wake;

/// Ready tasks for which room is kept when there is none left.
const KEPT_TASKS: usize = 64;

/// Where the time comes from.
pub(crate) enum Clock {
    /// From the last `poll`.
    Virtual,
    Real(fn() -> Duration),
}

/// What the loop's owner, its tasks and its handles share.
pub(crate) struct Core {
    clock: Clock,
    notify: Box<dyn Fn() + Send + Sync>,
    state: Mutex<State>,
}

struct State {
    ready: VecDeque<Runnable>,
    /// The wakers of all tasks alive: waking one brings its task into `ready`, which is how closing reaches it.
    tasks: Tree<u64, Waker>,
    /// Numbers the tasks.
    spawned: u64,
    timers: Timers,
    /// The time of the last `poll`.
    polled: Duration,
    /// Nothing was ready when `poll` returned: the next work to arrive notifies.
    asleep: bool,
    /// No handle of the loop is left.
    handles_gone: bool,
    /// The running task is the last one.
    stopped: bool,
    closed: bool,
    /// Closed, and `close` is still dropping tasks: those that this wakes are left to it, or they would drop each other
    /// ever deeper down the stack.
    draining: bool,
    runner: Option<Runner>,
}

impl State {
    /// Work has arrived: `true` if the owner is to be notified.
    fn arrive(&mut self) -> bool {
        core::mem::take(&mut self.asleep)
    }
}

impl Core {
    pub(crate) fn new(clock: Clock, notify: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            clock,
            notify: Box::new(notify),
            state: Mutex::new(State {
                ready: VecDeque::new(),
                tasks: Tree::new(),
                spawned: 0,
                timers: Timers::default(),
                polled: Duration::ZERO,
                asleep: false,
                handles_gone: false,
                stopped: false,
                closed: false,
                draining: false,
                runner: None,
            }),
        }
    }

    fn notify(&self) {
        let _ = contain(|| (self.notify)());
    }

    // What a runtime can do.

    pub(crate) fn now(&self) -> Duration {
        match self.clock {
            Clock::Virtual => self.state.with(|state| state.polled),
            Clock::Real(clock) => clock(),
        }
    }

    pub(crate) fn spawn(this: &Arc<Self>, future: BoxFuture) -> Result<(), SpawnError> {
        let number = this.state.with(|state| {
            state.spawned += 1;
            (!state.closed).then_some(state.spawned)
        });
        let Some(number) = number else {
            return Err(SpawnError::Closed);
        };
        let core = this.clone();
        let tracked = Tracked {
            future: Some(future),
            core: this.clone(),
            number,
        };
        let (runnable, task) = async_task::spawn(tracked, move |runnable| core.schedule(runnable));
        let waker = runnable.waker();
        let late = this.state.with(|state| {
            if state.closed {
                return Some(waker);
            }
            state.tasks.insert(number, waker)
        });
        drop(late);
        task.detach();
        runnable.schedule();
        Ok(())
    }

    pub(crate) fn sleep(this: &Arc<Self>, duration: Duration) -> Sleep {
        let deadline = this.now().saturating_add(duration);
        let key = this.state.with(|state| state.timers.key(deadline));
        Box::pin(PollSleep {
            core: this.clone(),
            key,
        })
    }

    fn schedule(&self, runnable: Runnable) {
        let mut runnable = Some(runnable);
        let notify = self.state.with(|state| {
            if state.closed && !state.draining {
                return false;
            }
            state.ready.extend(runnable.take());
            state.arrive()
        });
        // Closed: dropping it drops its future, with no lock held.
        let _ = contain(move || drop(runnable));
        if notify {
            self.notify();
        }
    }

    // What its owner does with it.

    pub(crate) fn poll(&self, now: Duration) -> Option<Duration> {
        let here = Runner::here();
        let due = self.state.with(|state| {
            state.polled = state.polled.max(now);
            state.asleep = false;
            state.runner = Some(here);
            state.timers.due(state.polled)
        });
        // Several may be of one task, or of one that is ready already: counted is what they make ready.
        due.into_iter().for_each(wake);
        let mut ready = self.state.with(|state| state.ready.len());
        while ready > 0 {
            let runnable = self.state.with(|state| {
                if state.stopped {
                    None
                } else {
                    state.ready.pop_front()
                }
            });
            let Some(runnable) = runnable else { break };
            // A task's own panics are contained in it; this is for what its parts do when dropped.
            let _ = contain(|| runnable.run());
            ready -= 1;
        }
        let (next, _room) = self.state.with(|state| {
            state.runner = None;
            if !state.ready.is_empty() {
                return (Some(state.polled), VecDeque::new());
            }
            state.asleep = true;
            let next = state.timers.next();
            let room = if state.ready.capacity() > KEPT_TASKS {
                core::mem::take(&mut state.ready)
            } else {
                VecDeque::new()
            };
            (next.map(|deadline| deadline.max(state.polled)), room)
        });
        next
    }

    /// Drops all tasks, wherever they are, and everything that arrives from now on.
    pub(crate) fn close(&self) {
        let (tasks, timers) = self.state.with(|state| {
            state.closed = true;
            state.draining = true;
            // Nobody polls any more, so nobody is told.
            state.asleep = false;
            (core::mem::take(&mut state.tasks), state.timers.drain())
        });
        // They are scheduled once more, and dropped below.
        tasks.into_values().for_each(wake);
        timers.for_each(wake);
        loop {
            let runnable = self.state.with(|state| {
                state.draining = !state.ready.is_empty();
                state.ready.pop_front()
            });
            let Some(runnable) = runnable else { break };
            let _ = contain(move || drop(runnable));
        }
    }

    /// No `EventLoop` of the loop is left.
    pub(crate) fn handles_gone(&self) {
        let notify = self.state.with(|state| {
            state.handles_gone = true;
            state.arrive()
        });
        if notify {
            self.notify();
        }
    }

    /// Nothing is left to do, and nobody is left who could bring anything.
    #[cfg(feature = "std")]
    pub(crate) fn is_done(&self) -> bool {
        self.state
            .with(|state| state.stopped || (state.handles_gone && state.tasks.is_empty()))
    }

    /// No task is started any more.
    #[cfg(feature = "std")]
    pub(crate) fn stop(&self) {
        self.state.with(|state| {
            state.stopped = true;
            state.asleep = false;
        });
        self.notify();
    }

    #[cfg(feature = "std")]
    pub(crate) fn runs_here(&self) -> bool {
        let here = Runner::here();
        self.state.with(|state| state.runner == Some(here))
    }
}

/// A task's future, which takes its task off the list when it ends.
struct Tracked {
    future: Option<BoxFuture>,
    core: Arc<Core>,
    number: u64,
}

impl Future for Tracked {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(future) = &mut self.future else {
            return Poll::Ready(());
        };
        // A task that panics ends; the loop goes on.
        let polled = contain(|| future.as_mut().poll(cx)).unwrap_or(Poll::Ready(()));
        if polled.is_ready() {
            let _ = contain_drop(self.future.take());
        }
        polled
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        let _ = contain_drop(self.future.take());
        let waker = self
            .core
            .state
            .with(|state| state.tasks.remove(&self.number));
        drop(waker);
    }
}

/// A sleep on a `PollLoop`.
struct PollSleep {
    core: Arc<Core>,
    key: TimerKey,
}

impl Future for PollSleep {
    type Output = Result<(), TimerError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let deadline = self.key.deadline;
        let now = self.core.now();
        let waker = cx.waker().clone();
        let (poll, old, notify) = self.core.state.with(|state| {
            if state.closed {
                return (Poll::Ready(Err(TimerError::Closed)), Some(waker), false);
            }
            if now >= deadline {
                return (Poll::Ready(Ok(())), Some(waker), false);
            }
            let first = state.timers.next().is_none_or(|next| deadline < next);
            (
                Poll::Pending,
                state.timers.arm(self.key, waker),
                first && state.arrive(),
            )
        });
        let _ = contain(move || drop(old));
        if notify {
            self.core.notify();
        }
        poll
    }
}

impl Drop for PollSleep {
    fn drop(&mut self) {
        let waker = self.core.state.with(|state| state.timers.disarm(self.key));
        let _ = contain(move || drop(waker));
    }
}
