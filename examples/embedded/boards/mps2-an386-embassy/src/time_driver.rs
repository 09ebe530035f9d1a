//! embassy's clock: the milliseconds of the application's. A HAL brings a better one.

use core::cell::RefCell;
use core::task::Waker;

use critical_section::Mutex;
use embassy_time_driver::Driver;
use embassy_time_queue_utils::Queue;

struct Milliseconds(Mutex<RefCell<Queue>>);

embassy_time_driver::time_driver_impl!(static DRIVER: Milliseconds = Milliseconds(Mutex::new(RefCell::new(Queue::new()))));

impl Driver for Milliseconds {
    fn now(&self) -> u64 {
        app::clock::uptime().as_millis() as u64
    }

    fn schedule_wake(&self, at: u64, waker: &Waker) {
        // The next tick looks at it, so no alarm has to be set.
        critical_section::with(|cs| self.0.borrow_ref_mut(cs).schedule_wake(at, waker));
    }
}

/// Wakes the tasks whose time has come.
pub(crate) fn tick() {
    let now = DRIVER.now();
    critical_section::with(|cs| DRIVER.0.borrow_ref_mut(cs).next_expiration(now));
}
