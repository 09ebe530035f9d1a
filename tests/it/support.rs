//! What the tests are made of. The loops themselves are in the files that mount the suite.

mod gate;
mod log;
mod watch;

use std::future::Future;

use aioevt::{EventLoop, Manager};

pub(crate) use self::gate::Held;
pub(crate) use self::log::{Errors, Log, Token};
pub(crate) use self::watch::{LIMIT, Unpark, block_on, limited, poll_once, watched};

/// One kind of event loop.
pub(crate) trait LoopUnderTest {
    /// Whether callbacks run while nobody is in `run`.
    const RUNS_BY_ITSELF: bool;

    fn start() -> Self;

    /// A handle of the loop. The same lane each time.
    fn event_loop(&self) -> EventLoop;

    /// Polls `future` on the calling thread until it is ready, and runs the loop meanwhile.
    fn run<F: Future>(&mut self, future: F) -> F::Output;

    /// Keeps the lane from working until what comes back is released: what is emitted meanwhile is queued.
    fn hold(&self) -> Option<Held> {
        Self::RUNS_BY_ITSELF.then(|| Held::new(&self.event_loop()))
    }

    /// Runs the loop until `mgr` has nothing left to do.
    fn settle(&mut self, mgr: &Manager) {
        assert_eq!(self.run(mgr.idle()), Ok(()));
    }
}

/// Panics without a message on stderr: nobody who reads the output of the tests is to look for it.
pub(crate) fn panic(message: &'static str) -> ! {
    std::panic::resume_unwind(Box::new(message))
}
