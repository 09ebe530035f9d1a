//! async-std, which has one runtime in a process.

use std::future::Future;

use aioevt::{AsyncStdRuntime, EventLoop};

use crate::support::{LoopUnderTest, block_on};

struct AsyncStd(EventLoop);

impl LoopUnderTest for AsyncStd {
    const RUNS_BY_ITSELF: bool = true;

    fn start() -> Self {
        Self(EventLoop::new(AsyncStdRuntime::new()))
    }

    fn event_loop(&self) -> EventLoop {
        self.0.clone()
    }

    fn run<F: Future>(&mut self, future: F) -> F::Output {
        block_on(future)
    }
}

conformance!(AsyncStd: callbacks tasks time);
