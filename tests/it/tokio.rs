//! tokio: a runtime that runs in `block_on` only, and one with threads of its own.

use std::future::Future;

use aioevt::{EventLoop, Manager, TokioRuntime};
use tokio::runtime::{Builder, Runtime};

use crate::support::{LoopUnderTest, block_on, watched};

/// A runtime and its event loop.
pub(crate) struct CurrentThread(Runtime, EventLoop);

impl LoopUnderTest for CurrentThread {
    const RUNS_BY_ITSELF: bool = false;

    fn start() -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let event_loop = EventLoop::new(TokioRuntime::new(runtime.handle().clone()));
        Self(runtime, event_loop)
    }

    fn event_loop(&self) -> EventLoop {
        self.1.clone()
    }

    fn run<F: Future>(&mut self, future: F) -> F::Output {
        self.0.block_on(watched(future))
    }
}

/// A runtime, and its event loop.
pub(crate) struct MultiThread(
    EventLoop,
    #[expect(dead_code, reason = "it lives as long")] Runtime,
);

impl LoopUnderTest for MultiThread {
    const RUNS_BY_ITSELF: bool = true;

    fn start() -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_time()
            .build()
            .unwrap();
        let event_loop = EventLoop::new(TokioRuntime::new(runtime.handle().clone()));
        Self(event_loop, runtime)
    }

    fn event_loop(&self) -> EventLoop {
        self.0.clone()
    }

    fn run<F: Future>(&mut self, future: F) -> F::Output {
        block_on(future)
    }
}

/// Inside a runtime it is that runtime, whatever else is enabled: nothing runs before `block_on` goes on.
#[test]
fn the_current_loop_is_that_of_the_runtime_around() {
    let mut here = CurrentThread::start();
    let ran_on = here.run(async {
        let mgr = Manager::new(aioevt::current_loop().unwrap());
        mgr.register("where", |mgr: Manager| {
            mgr.emit(
                "here",
                (tokio::runtime::Handle::current().id().to_string(),),
            )
        });
        let answer = mgr.wait("here");
        mgr.emit("where", ());
        answer.await.unwrap().arg::<String>(0).unwrap()
    });
    assert_eq!(ran_on, here.0.handle().id().to_string());
}

mod current_thread {
    use super::CurrentThread;

    conformance!(CurrentThread: callbacks tasks time one_thread);
}

mod multi_thread {
    use super::MultiThread;

    conformance!(MultiThread: callbacks tasks time);
}
