//~ is not an event loop's spawner
//~ implement `aioevt_core::Spawner` (and `Timer`), or enable the facade's feature for your runtime

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
