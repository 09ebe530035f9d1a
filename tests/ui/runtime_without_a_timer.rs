//~ is not an event loop's timer
//~ implement `aioevt_core::Timer` (and `Spawner`), or enable the facade's feature for your runtime

use aioevt::{BoxFuture, EventLoop, SpawnError, Spawner};

struct OnlyTasks;

impl Spawner for OnlyTasks {
    fn spawn(&self, _: BoxFuture) -> Result<(), SpawnError> {
        Err(SpawnError::Unsupported)
    }
}

fn main() {
    let _event_loop = EventLoop::new(OnlyTasks);
}
