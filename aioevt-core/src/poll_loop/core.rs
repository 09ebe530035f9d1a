//! The executor under `PollLoop` and `ThreadLoop`: a queue of ready tasks, and timers.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;

use super::timers::{TimerKey, Timers};
use crate::contain::{contain, contain_drop};
use crate::maps::Tree;
use crate::runner::Runner;
use crate::runtime::{BoxFuture, Sleep, SpawnError, TimerError};
use crate::sync::{Arc, Mutex, waker};
use crate::wakers::wake;

/// Ready tasks for which room is kept when there is none left, with std. Without it stays, for the next wake must find it.
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
    ready: VecDeque<TaskId>,
    /// All tasks alive.
    tasks: Tree<TaskId, Task>,
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
    runner: Option<Runner>,
}

type TaskId = u64;

struct Task {
    /// `None` while it is being polled, or made.
    rest: Option<Resting>,
    /// Since its last poll began. If it rests, it is in `ready`.
    woken: bool,
}

/// A task between two polls.
struct Resting {
    future: BoxFuture,
    waker: Waker,
}

impl State {
    /// A task that rests was woken. `true` if the owner is to be notified.
    fn make_ready(&mut self, id: TaskId) -> bool {
        self.ready.push_back(id);
        self.arrive()
    }

    /// Takes out the first task that is ready.
    fn next_ready(&mut self) -> Option<(TaskId, Resting)> {
        if self.stopped {
            return None;
        }
        let id = self.ready.pop_front()?;
        let task = self.tasks.get_mut(&id)?;
        task.woken = false;
        Some((id, task.rest.take()?))
    }

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
        let id = this.state.with(|state| {
            if state.closed {
                return None;
            }
            state.spawned += 1;
            // As if it had been woken while it is polled: putting it back makes it ready.
            let task = Task {
                rest: None,
                woken: true,
            };
            state.tasks.insert(state.spawned, task);
            // For all of them at once: a wake, perhaps by an interrupt, needs no memory.
            let room = state.tasks.len().saturating_sub(state.ready.len());
            state.ready.reserve(room);
            Some(state.spawned)
        });
        let Some(id) = id else {
            return Err(SpawnError::Closed);
        };
        let core = this.clone();
        let waker = waker(move || core.wake(id));
        this.put_back(id, Resting { future, waker });
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

    fn wake(&self, id: TaskId) {
        let notify = self.state.with(|state| {
            let Some(task) = state.tasks.get_mut(&id) else {
                return false;
            };
            let rests = task.rest.is_some();
            let woken = core::mem::replace(&mut task.woken, true);
            rests && !woken && state.make_ready(id)
        });
        if notify {
            self.notify();
        }
    }

    /// A poll is over, and the task is not.
    fn put_back(&self, id: TaskId, rest: Resting) {
        let mut rest = Some(rest);
        let notify = self.state.with(|state| {
            let Some(task) = state.tasks.get_mut(&id) else {
                return false;
            };
            core::mem::swap(&mut task.rest, &mut rest);
            task.woken && state.make_ready(id)
        });
        // The loop was closed meanwhile.
        let _ = contain_drop(rest);
        if notify {
            self.notify();
        }
    }

    /// Polls a task once. One that panics ends; the loop goes on.
    fn run(&self, id: TaskId, mut task: Resting) {
        let mut cx = Context::from_waker(&task.waker);
        if let Ok(Poll::Pending) = contain(|| task.future.as_mut().poll(&mut cx)) {
            return self.put_back(id, task);
        }
        let _ = contain_drop(task);
        self.state.with(|state| state.tasks.remove(&id));
    }

    // What its owner does with it.

    pub(crate) fn poll(&self, now: Duration) -> Option<Duration> {
        let here = Runner::here();
        self.state.with(|state| {
            state.polled = state.polled.max(now);
            state.asleep = false;
            state.runner = Some(here);
        });
        // Several may be of one task, or of one that is ready already: counted is what they make ready.
        while let Some(waker) = self.state.with(|state| state.timers.pop_due(state.polled)) {
            wake(waker);
        }
        let mut ready = self.state.with(|state| state.ready.len());
        while ready > 0 {
            let next = self.state.with(State::next_ready);
            let Some((id, task)) = next else { break };
            self.run(id, task);
            ready -= 1;
        }
        let (next, _room) = self.state.with(|state| {
            state.runner = None;
            if !state.ready.is_empty() {
                return (Some(state.polled), VecDeque::new());
            }
            state.asleep = true;
            let next = state.timers.next();
            let room = if cfg!(feature = "std") && state.ready.capacity() > KEPT_TASKS {
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
        let here = Runner::here();
        let (_ready, tasks, timers) = self.state.with(|state| {
            state.closed = true;
            // Whoever blocks in what is dropped would wait for itself.
            state.runner = Some(here);
            // Nobody polls any more, so nobody is told.
            state.asleep = false;
            (
                core::mem::take(&mut state.ready),
                core::mem::take(&mut state.tasks),
                state.timers.drain(),
            )
        });
        timers.for_each(wake);
        for task in tasks.into_values() {
            let _ = contain_drop(task.rest);
        }
        self.state.with(|state| state.runner = None);
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
