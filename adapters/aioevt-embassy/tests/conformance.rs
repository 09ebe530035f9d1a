//! The suite of behaviour that all event loops share, on embassy's executor for threads.
#![allow(
    clippy::unwrap_used,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "tests have std, and a panic is their report"
)]
#![allow(
    dead_code,
    unused_imports,
    reason = "parts of the suite are not for this loop"
)]

/// Where the suite is written.
#[macro_use]
#[path = "../../../tests/it"]
mod it {
    #[macro_use]
    pub(crate) mod conformance;
    pub(crate) mod support;
}

pub(crate) use it::{conformance, support};

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;

use aioevt::{EventLoop, Spawner};
use aioevt_embassy::{EmbassyRuntime, TaskPool};
use embassy_executor::Executor;

use support::{LoopUnderTest, block_on};

/// An executor on a thread of its own. Both it and its pool are statics to embassy, so they are leaked.
struct OnAThread {
    event_loop: EventLoop,
    over: Arc<AtomicBool>,
}

impl LoopUnderTest for OnAThread {
    const RUNS_BY_ITSELF: bool = true;

    fn start() -> Self {
        let pool: &TaskPool<1024> = Box::leak(Box::default());
        let over = Arc::new(AtomicBool::new(false));
        let (tx, rx) = mpsc::channel();
        let done = over.clone();
        thread::spawn(move || {
            let executor: &'static mut Executor = Box::leak(Box::new(Executor::new()));
            executor.run_until(
                |spawner| tx.send(spawner.make_send()).unwrap(),
                || done.load(Ordering::Acquire),
            );
        });
        let runtime = EmbassyRuntime::new(rx.recv().unwrap(), pool);
        Self {
            event_loop: EventLoop::new(runtime),
            over,
        }
    }

    fn event_loop(&self) -> EventLoop {
        self.event_loop.clone()
    }

    fn run<F: Future>(&mut self, future: F) -> F::Output {
        block_on(future)
    }
}

impl Drop for OnAThread {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        // Wakes it, so that it looks.
        let _ = self.event_loop.spawn(Box::pin(async {}));
    }
}

conformance!(OnAThread: callbacks tasks time);
