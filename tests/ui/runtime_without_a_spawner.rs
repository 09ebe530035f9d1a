//~ is not an event loop's spawner
//~ for a runtime of your own implement `Spawner` and `Timer`

use std::time::Duration;

use aioevt::{EventLoop, Sleep, Timer, TimerError};

struct OnlyTime;

impl Timer for OnlyTime {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> Sleep {
        Box::pin(std::future::ready(Err(TimerError::Unsupported)))
    }
}

fn main() {
    let _event_loop = EventLoop::new(OnlyTime);
}
