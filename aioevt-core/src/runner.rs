//! `Runner`: which thread is inside a driver or an executor, so that blocking waits there can be refused.

#[cfg(feature = "std")]
use core::cell::Cell;
use core::time::Duration;
#[cfg(feature = "std")]
use std::time::Instant;

use crate::sync::MODELLED;
#[cfg(feature = "std")]
use crate::sync::atomic::{AtomicUsize, Ordering};

/// Tells threads apart that are alive at the same time. Without `std` nothing can block, and nobody asks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Runner(#[cfg(feature = "std")] usize);

#[cfg(feature = "std")]
std::thread_local! {
    /// Its address is that of no other thread's. A constant without a destructor is there as long as the thread is,
    /// also while its other values are dropped. (The handle of a thread counts references: an emit would pay for it.)
    static PLACE: u8 = const { 0 };

    /// Without a destructor, too.
    static REST: Cell<Rest> = const { Cell::new(Rest { until: None, times: SHORT_REST }) };
}

/// How a thread rests from letting others go on, for whichever lane.
#[cfg(feature = "std")]
#[derive(Clone, Copy)]
struct Rest {
    until: Option<Instant>,
    /// For so many times as long as it was in vain.
    times: u32,
}

/// Whoever got the processor back later than this had to wait for others.
#[cfg(feature = "std")]
const CROWDED: Duration = Duration::from_micros(20);

/// For so many times as long as it was in vain to let others go on, that is not done again. It may have been the end of a
/// stream.
#[cfg(feature = "std")]
const SHORT_REST: u32 = 16;

/// The same when it was in vain each time: it takes one part of the time at most, and that is the part of the events that
/// come late for it.
#[cfg(feature = "std")]
const LONG_REST: u32 = 256;

/// Which thread is in a driver. Only whether it is the one that asks matters, and that one has said so itself: no lock is
/// needed to know it.
pub(crate) struct Running(#[cfg(feature = "std")] AtomicUsize);

impl Running {
    pub(crate) fn new() -> Self {
        Self(
            #[cfg(feature = "std")]
            AtomicUsize::new(0),
        )
    }

    /// The calling thread.
    #[inline]
    pub(crate) fn enter(&self) {
        #[cfg(feature = "std")]
        self.0.store(Runner::here().0, Ordering::Relaxed);
    }

    /// None. Before another thread can be the one.
    #[inline]
    pub(crate) fn leave(&self) {
        #[cfg(feature = "std")]
        self.0.store(0, Ordering::Relaxed);
    }

    #[cfg(feature = "std")]
    pub(crate) fn is_here(&self) -> bool {
        self.0.load(Ordering::Relaxed) == Runner::here().0
    }
}

/// A moment, to wait until some time after it. Where there are no threads there is nobody to wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment(#[cfg(feature = "std")] Instant);

impl Moment {
    pub(crate) fn now() -> Self {
        Self(
            #[cfg(feature = "std")]
            Instant::now(),
        )
    }

    /// Lets other threads go on until it is so long ago.
    pub(crate) fn linger(self, span: Duration) {
        let _ = span;
        #[cfg(feature = "std")]
        if !MODELLED {
            while self.0.elapsed() < span {
                Runner::linger(4);
            }
        }
    }
}

impl Runner {
    /// Lets other threads go on for so many pauses. Where there are none it is nothing.
    pub(crate) fn linger(pauses: usize) {
        if cfg!(feature = "std") && !MODELLED {
            (0..pauses).for_each(|_| core::hint::spin_loop());
        }
    }

    /// Lets another thread have the processor, if one wants it: how long it had it, if one did. None gets it for as long as
    /// the thread rests from that, which counts as if one had had it for no time.
    pub(crate) fn let_others() -> Option<Duration> {
        #[cfg(feature = "std")]
        if !MODELLED {
            let before = Instant::now();
            let rest = REST.try_with(Cell::get).ok();
            let until = rest.and_then(|rest| rest.until);
            if until.is_some_and(|until| before < until) {
                return Some(Duration::ZERO);
            }
            std::thread::yield_now();
            return Some(before.elapsed()).filter(|took| *took > CROWDED);
        }
        None
    }

    /// It was in vain to let others go on for so long.
    pub(crate) fn rest(took: Duration) {
        let _ = took;
        #[cfg(feature = "std")]
        let _ = REST.try_with(|rest| {
            let Rest { times, .. } = rest.get();
            rest.set(Rest {
                until: Instant::now().checked_add(took.saturating_mul(times)),
                times: LONG_REST.min(4 * times),
            });
        });
    }

    /// It was worth it: the next rest is a short one.
    pub(crate) fn rest_less() {
        #[cfg(feature = "std")]
        let _ = REST.try_with(|rest| {
            rest.set(Rest {
                times: SHORT_REST,
                ..rest.get()
            });
        });
    }

    /// The calling thread.
    #[inline]
    pub(crate) fn here() -> Self {
        Self(
            #[cfg(feature = "std")]
            PLACE
                .try_with(|place| core::ptr::from_ref(place).addr())
                .unwrap_or_default(),
        )
    }
}

#[cfg(all(test, feature = "std", not(loom), not(shuttle)))]
mod tests {
    use super::*;

    /// How many times as long as it was in vain a thread rests.
    fn rests() -> u32 {
        let took = Duration::from_secs(1000);
        let before = Instant::now();
        Runner::rest(took);
        let rest = REST.get().until.expect("an instant") - before;
        (rest.as_secs() / took.as_secs()) as u32
    }

    #[test]
    fn a_rest_is_longer_the_more_often_it_was_in_vain_to_let_others_go_on() {
        let test = || {
            let more = [rests(), rests(), rests(), rests()];
            Runner::rest_less();
            (more, rests())
        };
        // A thread of its own, which has not rested before.
        let rests = std::thread::spawn(test).join().ok();
        assert_eq!(rests, Some(([16, 64, 256, 256], 16)));
    }
}
