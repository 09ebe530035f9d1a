//! A runtime that keeps what it is given: a test polls it, or drops it, when it likes. Its timer never fires.

use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use aioevt_core::{BoxFuture, EventLoop, Sleep, SpawnError, Spawner, Timer};

#[derive(Clone, Default)]
pub(crate) struct Kept(pub(crate) Arc<Mutex<Vec<BoxFuture>>>);

impl Kept {
    pub(crate) fn event_loop(&self) -> EventLoop {
        EventLoop::new(self.clone())
    }

    /// The only task that there is.
    pub(crate) fn take(&self) -> BoxFuture {
        let mut tasks = std::mem::take(&mut *self.tasks());
        assert_eq!(tasks.len(), 1);
        tasks.remove(0)
    }

    fn tasks(&self) -> MutexGuard<'_, Vec<BoxFuture>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Spawner for Kept {
    fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
        self.tasks().push(future);
        Ok(())
    }
}

impl Timer for Kept {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> Sleep {
        Box::pin(pending())
    }
}
