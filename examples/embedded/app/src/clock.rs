//! The clock: a timer's interrupt counts milliseconds. The same handler emits, as a sensor's would.

use core::time::Duration;

use aioevt::Topic;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::button::Slot;

static MILLISECONDS: AtomicU32 = AtomicU32::new(0);

/// Where the handler finds what it emits to, while the application wants it to.
pub(crate) static TICKS: Slot<Topic> = Slot::new();

/// Deliveries that found no room.
pub(crate) static REJECTED: AtomicU32 = AtomicU32::new(0);

/// The timer's interrupt handler, a thousand times a second.
pub fn tick() {
    // No other handler counts, so no compare-and-swap is needed.
    let now = MILLISECONDS.load(Ordering::Relaxed).wrapping_add(1);
    MILLISECONDS.store(now, Ordering::Relaxed);
    if let Some(ticks) = TICKS.get() {
        let emitted = ticks.emit((1u8, now));
        let rejected = REJECTED.load(Ordering::Relaxed) + emitted.rejected as u32;
        REJECTED.store(rejected, Ordering::Relaxed);
    }
}

/// The time since the start. Wraps after seven weeks, which is more than this application runs.
pub fn uptime() -> Duration {
    Duration::from_millis(MILLISECONDS.load(Ordering::Relaxed).into())
}
