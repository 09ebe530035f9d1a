//! aioevt behind the few shapes that the workloads use.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aioevt::{CallbackErrorKind, EventLoop, Manager, PollLoop, SmolRuntime, TokioRuntime, Topic};

use crate::harness::crowd::{Sink, Words};
use crate::harness::wrong::{Wrong, wrong};
use crate::runtimes::{SmolThread, TokioThread};

/// The event of nearly every workload.
pub const EVENT: &str = "order.created";

/// The first error of a callback since the last look.
static FIRST_ERROR: Mutex<Option<String>> = Mutex::new(None);

/// A manager that remembers errors instead of printing them. Registrations end with their loop when a workload ends;
/// that is none.
pub fn manager(event_loop: impl Into<EventLoop>) -> Manager {
    let manager = Manager::new(event_loop);
    manager.on_error(|error| {
        if !matches!(error.kind(), CallbackErrorKind::Discarded(_)) {
            let mut first = FIRST_ERROR.lock().unwrap_or_else(PoisonError::into_inner);
            first.get_or_insert_with(|| error.to_string());
        }
    });
    manager
}

/// Fails if a callback failed since the last look: no callback of a workload ever should.
pub fn check_errors() -> Result<(), Wrong> {
    let first = FIRST_ERROR
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .take();
    first.map_or(Ok(()), |error| Err(wrong(error)))
}

/// A new loop (and lane) on that thread.
pub fn tokio_loop(thread: &TokioThread) -> EventLoop {
    EventLoop::new(TokioRuntime::new(thread.handle().clone()))
}

pub fn smol_loop(thread: &SmolThread) -> EventLoop {
    EventLoop::new(SmolRuntime::new(thread.executor()))
}

/// A callback that takes the four words for `sink`.
pub fn taking(sink: Arc<Sink>) -> impl FnMut(u64, u64, u64, u64) + Send + 'static {
    move |a, b, c, d| sink.take((a, b, c, d))
}

/// Registers a callback for each sink on the default loop of `manager`.
pub fn register_all(manager: &Manager, name: &str, sinks: impl Iterator<Item = Arc<Sink>>) {
    for sink in sinks {
        manager.register(name, taking(sink));
    }
}

/// Registers a callback that never runs for `count` other names.
pub fn register_others(manager: &Manager, count: usize) {
    for number in 0..count {
        manager.register(other(number), |_: u64, _: u64, _: u64, _: u64| {});
    }
}

/// The name number `number` of those that only make the map larger.
pub fn other(number: usize) -> String {
    format!("other.event.{number}")
}

/// Emits by a resolved handle.
pub fn by_topic(topic: Topic) -> impl FnMut(Words) {
    move |event| {
        topic.emit(event);
    }
}

/// Emits by name.
pub fn by_name(manager: Manager) -> impl FnMut(Words) {
    move |event| {
        manager.emit(EVENT, event);
    }
}

/// A loop of this thread that runs when it is told to, so that emitting and delivering are timed apart.
#[derive(Debug)]
pub struct Rig {
    pub manager: Manager,
    poll_loop: PollLoop,
}

impl Rig {
    pub fn new() -> Self {
        let poll_loop = PollLoop::new(|| {});
        let manager = manager(&poll_loop);
        Self { manager, poll_loop }
    }

    pub fn event_loop(&self) -> EventLoop {
        self.poll_loop.event_loop()
    }

    /// Runs all that is ready.
    pub fn drain(&mut self) {
        while self.poll_loop.poll(Duration::ZERO) == Some(Duration::ZERO) {}
    }

    /// Runs all that is ready, and then a few single events: buffers that have grown are given back in quiet times.
    pub fn settle(&mut self) {
        self.drain();
        let registration = self.manager.register("quiet", || {});
        for _ in 0..100 {
            self.manager.emit("quiet", ());
            self.drain();
        }
        registration.unregister();
        self.drain();
    }
}
