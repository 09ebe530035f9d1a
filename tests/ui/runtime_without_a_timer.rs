//~ is not an event loop's timer
//~ for a runtime of your own implement `Spawner` and `Timer`

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
