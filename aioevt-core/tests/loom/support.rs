//! What the models share: a runtime whose tasks the model polls itself, and the way a model is run.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aioevt_core::{BoxFuture, EventLoop, Sleep, SpawnError, Spawner, Timer};

/// Runs `f` under every schedule with at most `preemptions` involuntary switches (`LOOM_MAX_PREEMPTIONS` overrides it).
///
/// What a model notes for its assertions goes into std's own types: they are used between two steps of a schedule, so
/// they add neither steps nor happens-before edges that the code under test would profit from.
pub(crate) fn model(preemptions: usize, f: impl Fn() + Send + Sync + 'static) {
    let schedules = Arc::new(AtomicUsize::new(0));
    let count = schedules.clone();
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound.get_or_insert(preemptions);
    builder.check(move || {
        count.fetch_add(1, Relaxed);
        f();
    });
    let schedules = schedules.load(Relaxed);
    let test = std::thread::current();
    println!(
        "{schedules:>8} schedules: {}",
        test.name().unwrap_or_default()
    );
    assert!(schedules > 1, "nothing was interleaved");
}

/// A runtime that keeps what it is given. It polls nothing: the model does, on a thread of its choice.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Tasks>>);

#[derive(Default)]
struct Tasks {
    kept: VecDeque<BoxFuture>,
    now: Duration,
    armed: Option<Duration>,
    started: bool,
    closed: bool,
}

impl Kept {
    pub(crate) fn event_loop(&self) -> EventLoop {
        EventLoop::new(self.clone())
    }

    /// The oldest task that was spawned and not taken.
    pub(crate) fn take(&self) -> BoxFuture {
        self.try_take().expect("a task was spawned")
    }

    pub(crate) fn try_take(&self) -> Option<BoxFuture> {
        let mut tasks = self.0.lock().unwrap();
        tasks.started = true;
        tasks.kept.pop_front()
    }

    /// Whether the model has taken a task.
    pub(crate) fn started(&self) -> bool {
        self.0.lock().unwrap().started
    }

    /// What is spawned from now on is refused.
    pub(crate) fn close(&self) {
        self.0.lock().unwrap().closed = true;
    }

    /// Whether the sleep polled last was one until `deadline`.
    pub(crate) fn armed(&self, deadline: Duration) -> bool {
        self.0.lock().unwrap().armed == Some(deadline)
    }

    pub(crate) fn set_now(&self, now: Duration) {
        self.0.lock().unwrap().now = now;
    }
}

impl Spawner for Kept {
    fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
        let mut tasks = self.0.lock().unwrap();
        if tasks.closed {
            drop(tasks);
            drop(future);
            return Err(SpawnError::Closed);
        }
        tasks.kept.push_back(future);
        Ok(())
    }
}

impl Timer for Kept {
    fn now(&self) -> Duration {
        self.0.lock().unwrap().now
    }

    /// Resolves if its time has come when it is polled. Nobody wakes it: the model polls again when it has set the time.
    fn sleep(&self, duration: Duration) -> Sleep {
        let (kept, deadline) = (self.clone(), self.now() + duration);
        Box::pin(std::future::poll_fn(move |_| {
            kept.0.lock().unwrap().armed = Some(deadline);
            if kept.now() >= deadline {
                Poll::Ready(Ok(()))
            } else {
                Poll::Pending
            }
        }))
    }
}

/// Polls a task until it has nothing to do, on a thread that is alone by now.
pub(crate) fn poll(task: &mut BoxFuture) -> Poll<()> {
    task.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

/// What callbacks write down, in the order of their calls.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u32>>>);

impl Log {
    pub(crate) fn push(&self, value: u32) {
        self.0.lock().unwrap().push(value);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(crate) fn all(&self) -> Vec<u32> {
        self.0.lock().unwrap().clone()
    }

    /// A callback that writes its argument down.
    pub(crate) fn callback(&self) -> impl FnMut(u32) + Send + 'static {
        let log = self.clone();
        move |value: u32| log.push(value)
    }
}
