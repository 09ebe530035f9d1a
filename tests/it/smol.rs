//! smol: its global executor, an executor of one's own, and one that two threads run.

use std::future::Future;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use aioevt::{EventLoop, SmolRuntime};
use smol::Executor;
use smol::channel::{self, Sender};

use crate::support::{LoopUnderTest, block_on, watched};

struct Global(EventLoop);

impl LoopUnderTest for Global {
    const RUNS_BY_ITSELF: bool = true;

    fn start() -> Self {
        Self(EventLoop::new(SmolRuntime::global()))
    }

    fn event_loop(&self) -> EventLoop {
        self.0.clone()
    }

    fn run<F: Future>(&mut self, future: F) -> F::Output {
        block_on(future)
    }
}

/// An executor that runs in `run` only, and its event loop.
pub(crate) struct Own(Arc<Executor<'static>>, EventLoop);

impl LoopUnderTest for Own {
    const RUNS_BY_ITSELF: bool = false;

    fn start() -> Self {
        let executor = Arc::new(Executor::new());
        let event_loop = EventLoop::new(SmolRuntime::new(&executor));
        Self(executor, event_loop)
    }

    fn event_loop(&self) -> EventLoop {
        self.1.clone()
    }

    fn run<F: Future>(&mut self, future: F) -> F::Output {
        smol::block_on(self.0.run(watched(future)))
    }
}

/// An executor that two threads run, and its event loop.
struct TwoThreads {
    event_loop: EventLoop,
    stop: Option<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl LoopUnderTest for TwoThreads {
    const RUNS_BY_ITSELF: bool = true;

    fn start() -> Self {
        let executor = Arc::new(Executor::new());
        let event_loop = EventLoop::new(SmolRuntime::new(&executor));
        let (stop, stopped) = channel::bounded::<()>(1);
        let threads = (0..2)
            .map(|_| {
                let (executor, stopped) = (executor.clone(), stopped.clone());
                thread::spawn(move || {
                    let _ = smol::block_on(executor.run(stopped.recv()));
                })
            })
            .collect();
        Self {
            event_loop,
            stop: Some(stop),
            threads,
        }
    }

    fn event_loop(&self) -> EventLoop {
        self.event_loop.clone()
    }

    fn run<F: Future>(&mut self, future: F) -> F::Output {
        block_on(future)
    }
}

impl Drop for TwoThreads {
    fn drop(&mut self) {
        drop(self.stop.take());
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

mod global {
    use super::Global;

    conformance!(Global: callbacks tasks time);
}

mod own {
    use super::Own;

    conformance!(Own: callbacks tasks time one_thread);
}

mod two_threads {
    use super::TwoThreads;

    conformance!(TwoThreads: callbacks tasks time);
}
