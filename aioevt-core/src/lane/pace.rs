//! `Pace`: how long a turn of a lane may last, in calls and in time. Other tasks of the loop, its timers and its I/O wait
//! meanwhile. The clock is the loop's own one: where time stands still, as on a `PollLoop` in a test, only calls count.

use core::time::Duration;

pub(super) use self::imp::Pace;
use crate::contain::contain;
use crate::event_loop::Runtime;

/// Calls in one turn.
pub(crate) const BUDGET: usize = 128;

/// What the clock of the runtime says. It is foreign: one that panics is none. With no lock held.
pub(super) fn now(runtime: &Runtime) -> Option<Duration> {
    contain(|| runtime.now()).ok()
}

#[cfg(all(feature = "std", not(any(loom, shuttle))))]
mod imp {
    use core::time::Duration;

    use super::BUDGET;

    /// A turn that has lasted so long ends, after the calls that were to be made before the next look at the clock: those last
    /// about as long at most, or are one.
    const LONG: Duration = Duration::from_micros(100);

    /// Calls between two looks at the clock, at most.
    const MOST: usize = BUDGET / 2;

    pub(in crate::lane) struct Pace {
        /// After so many calls it looks at the clock: as many as fit into a turn, by the last look.
        calls: usize,
        /// How many of the turn are left after these.
        left: usize,
        /// The last look of this turn. The first one may come after the first calls, where they are known to be short.
        looked: Option<Duration>,
        /// How long the turn lasts, as far as it is known.
        lasts: Duration,
        /// When the runtime had its own way at last.
        yielded: Option<Duration>,
    }

    impl Default for Pace {
        fn default() -> Self {
            Self {
                // Nothing is known of them yet.
                calls: 1,
                left: 0,
                looked: None,
                lasts: Duration::ZERO,
                yielded: None,
            }
        }
    }

    impl Pace {
        /// How many calls a turn begins with.
        #[inline]
        pub(in crate::lane) fn begin_turn(
            &mut self,
            now: impl FnOnce() -> Option<Duration>,
        ) -> usize {
            self.lasts = Duration::ZERO;
            self.looked = if self.calls < MOST { now() } else { None };
            self.left = BUDGET;
            self.take()
        }

        /// They are made: how many more; `None` ends the turn.
        pub(in crate::lane) fn go_on(
            &mut self,
            now: impl FnOnce() -> Option<Duration>,
        ) -> Option<usize> {
            if self.calls == BUDGET {
                return None;
            }
            let Some(now) = now() else {
                // The clock is broken, and not asked again.
                self.calls = BUDGET;
                return None;
            };
            if let Some(looked) = self.looked {
                let took = now.saturating_sub(looked);
                self.lasts += took;
                self.calls = fitting(self.calls, took);
            }
            self.looked = Some(now);
            (self.left > 0 && self.lasts < LONG).then(|| self.take())
        }

        /// After a turn: whether the runtime is to have its own way now. That may take a system call, which would be longer
        /// than many a turn: short ones go one after the other as those of other tasks do.
        pub(in crate::lane) fn is_way_due(&mut self) -> bool {
            let since = |yielded| self.looked.map(|now| now.saturating_sub(yielded));
            let due = self.yielded.and_then(since).is_none_or(|it| it >= LONG);
            if due {
                self.yielded = self.looked;
            }
            due
        }

        fn take(&mut self) -> usize {
            let calls = self.calls.min(self.left);
            self.left -= calls;
            calls
        }
    }

    /// How many calls fit into a turn, if so many took so long. At most twice as many: of one that was short no others follow
    /// that are.
    fn fitting(calls: usize, took: Duration) -> usize {
        let fitting = match took.as_nanos() {
            0 => MOST,
            took => usize::try_from(calls as u128 * LONG.as_nanos() / took).unwrap_or(MOST),
        };
        fitting.clamp(1, MOST.min(2 * calls))
    }
}

/// There is no clock that is worth the bytes of code, and models have no time.
#[cfg(not(all(feature = "std", not(any(loom, shuttle)))))]
mod imp {
    use super::BUDGET;

    #[derive(Default)]
    pub(in crate::lane) struct Pace(());

    impl Pace {
        pub(in crate::lane) fn begin_turn<T>(&mut self, _: T) -> usize {
            BUDGET
        }

        pub(in crate::lane) fn go_on<T>(&mut self, _: T) -> Option<usize> {
            None
        }

        pub(in crate::lane) fn is_way_due(&mut self) -> bool {
            true
        }
    }
}

#[cfg(all(test, feature = "std", not(loom), not(shuttle)))]
mod tests {
    use super::*;

    /// A lane whose calls take so many nanoseconds each.
    struct Lane {
        pace: Pace,
        time: u64,
        each: u64,
    }

    impl Lane {
        fn new(each: u64) -> Self {
            Self {
                pace: Pace::default(),
                time: 1,
                each,
            }
        }

        /// How many calls are made in one turn, and how often the clock was looked at.
        fn turn(&mut self) -> (usize, usize) {
            let (mut all, mut looks) = (0, 0);
            let mut look = |time| {
                looks += 1;
                Some(Duration::from_nanos(time))
            };
            let mut calls = Some(self.pace.begin_turn(|| look(self.time)));
            while let Some(made) = calls {
                all += made;
                self.time += made as u64 * self.each;
                calls = self.pace.go_on(|| look(self.time));
            }
            (all, looks)
        }
    }

    #[test]
    fn short_calls_are_counted_and_two_looks_are_enough() {
        for each in [0, 1, 100, 700] {
            let mut lane = Lane::new(each);
            // One, two, four and so on.
            assert_eq!(lane.turn(), (BUDGET, 9), "{each}");
            for _ in 0..3 {
                assert_eq!(lane.turn(), (BUDGET, 2), "{each}");
            }
        }
    }

    #[test]
    fn long_calls_are_as_few_as_fit_into_a_turn() {
        for (each, fit) in [(10_000, 10), (40_000, 2), (100_000, 1), (5_000_000, 1)] {
            let mut lane = Lane::new(each);
            // The first time one is tried.
            for _ in 0..4 {
                assert!((fit..=2 * fit).contains(&lane.turn().0), "{each}");
            }
        }
    }

    #[test]
    fn whoever_becomes_slow_has_one_turn_for_it_and_is_soon_fast_again() {
        let mut lane = Lane::new(10);
        lane.turn();
        lane.each = 1_000_000;
        assert_eq!(lane.turn().0, BUDGET);
        assert_eq!(lane.turn().0, 1);
        lane.each = 10;
        assert_eq!(lane.turn().0, BUDGET);
    }

    #[test]
    fn without_a_clock_only_calls_count() {
        let mut pace = Pace::default();
        assert_eq!(pace.begin_turn(|| None), 1);
        assert_eq!(pace.go_on(|| None), None);
        for _ in 0..3 {
            assert_eq!(pace.begin_turn(|| unreachable!()), BUDGET);
            assert_eq!(pace.go_on(|| unreachable!()), None);
            assert!(pace.is_way_due());
        }
    }

    #[test]
    fn the_runtime_has_its_way_after_some_time() {
        let mut lane = Lane::new(100);
        let due = (0..32).filter(|_| {
            lane.turn();
            lane.pace.is_way_due()
        });
        // 12.8 us a turn.
        assert_eq!(due.count(), 4);
        // Time stands still: once.
        let mut lane = Lane::new(0);
        let due = (0..32).filter(|_| {
            lane.turn();
            lane.pace.is_way_due()
        });
        assert_eq!(due.count(), 1);
    }
}
