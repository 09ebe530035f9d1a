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
    use core::mem;
    use core::time::Duration;

    use super::BUDGET;

    /// A turn that has lasted so long ends, after the calls that were to be made before the next look at the clock: those last
    /// about as long at most, or are one.
    const LONG: Duration = Duration::from_micros(100);

    /// No calls but these are limited any more: the clock is broken.
    const TIMELESS: usize = usize::MAX;

    /// Of calls that were short, so many are made in turns that run dry without a look at all.
    pub(super) const BLIND: usize = BUDGET;

    /// Then so many, to see whether they still are.
    pub(super) const FEW: usize = 8;

    pub(in crate::lane) struct Pace {
        /// How many calls are made before the next look: as many as fit into a turn, by those before.
        calls: usize,
        /// How many of these are left, and how many of the turn after them.
        given: usize,
        left: usize,
        /// The clock before these calls, if it was looked at.
        looked: Option<Duration>,
        /// There was nothing to call for some time since then.
        waited: bool,
        /// Calls since it was.
        blind: usize,
        /// How long the turn lasts, as far as it is known.
        lasts: Duration,
        /// When the turn ended, and when the runtime had its own way at last.
        ended: Option<Duration>,
        yielded: Option<Duration>,
    }

    impl Default for Pace {
        fn default() -> Self {
            Self {
                // Nothing is known of them yet.
                calls: 1,
                given: 0,
                left: 0,
                looked: None,
                waited: false,
                blind: 0,
                lasts: Duration::ZERO,
                ended: None,
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
            self.waited = false;
            self.left = BUDGET;
            let are_short = self.calls >= BUDGET;
            if self.calls == TIMELESS || (are_short && self.blind < BLIND) {
                self.looked = None;
                return self.give(self.calls);
            }
            self.looked = now();
            self.give(if are_short { FEW } else { self.calls })
        }

        /// All is worked off, with so many calls left before the next look: how many may be made now, in the same turn. What
        /// comes next may come later, and the others wait for that, too.
        #[inline]
        pub(in crate::lane) fn pause(
            &mut self,
            left: usize,
            now: impl FnOnce() -> Option<Duration>,
        ) -> usize {
            let made = self.given - left;
            if self.looked.is_none() {
                self.blind += made;
            } else if made > 0 {
                let now = now();
                self.measure(made, now);
                // Short ones are worth no further look.
                self.looked = now.filter(|_| self.calls < BUDGET);
            } else {
                return left;
            }
            self.left += left;
            if self.lasts < LONG {
                self.give(self.calls)
            } else {
                self.give(0)
            }
        }

        /// There was nothing to call, and the lane has waited for it.
        pub(in crate::lane) fn wait(&mut self) {
            self.waited = true;
        }

        /// The calls are made: how many more; `None` ends the turn.
        pub(in crate::lane) fn go_on(
            &mut self,
            now: impl FnOnce() -> Option<Duration>,
        ) -> Option<usize> {
            if self.calls == TIMELESS {
                // When it ended is not known.
                self.ended = None;
                return None;
            }
            let now = now();
            if self.looked.is_some() {
                self.measure(self.given, now);
            } else {
                self.bound(now);
            }
            self.looked = now;
            self.waited = false;
            self.ended = now;
            let goes_on = self.left > 0 && self.lasts < LONG && now.is_some();
            goes_on.then(|| self.give(self.calls))
        }

        /// After a turn: whether the runtime is to have its own way now. That may take a system call, which would be
        /// longer than many a turn: short ones go one after the other as those of other tasks do.
        pub(in crate::lane) fn is_way_due(&mut self) -> bool {
            let since = |yielded| self.ended.map(|now| now.saturating_sub(yielded));
            let since = self.yielded.and_then(since);
            // Where time stands still, or goes back, each time.
            let due = since.is_none_or(|since| since.is_zero() || since >= LONG);
            if due {
                self.yielded = self.ended;
            }
            due
        }

        fn give(&mut self, calls: usize) -> usize {
            self.given = calls.min(self.left);
            self.left -= self.given;
            self.given
        }

        /// After a whole turn without a look at its begin. If the one before ended not long ago this one was short. Else nobody
        /// knows: others may have had their turns in between, or the calls may have become slow.
        fn bound(&mut self, now: Option<Duration>) {
            let Some(now) = now else {
                self.calls = TIMELESS;
                return;
            };
            let is_short = self
                .ended
                .is_some_and(|ended| now.saturating_sub(ended) < LONG);
            self.blind = if is_short { 0 } else { BLIND };
        }

        /// What so many calls say of the next ones.
        fn measure(&mut self, made: usize, now: Option<Duration>) {
            let Some(now) = now else {
                // The clock is broken, and not asked again.
                self.calls = TIMELESS;
                return;
            };
            let Some(looked) = self.looked else {
                return;
            };
            let took = now.saturating_sub(looked);
            self.lasts = self.lasts.saturating_add(took);
            let waited = mem::take(&mut self.waited);
            if made == 0 {
                return;
            }
            self.blind = 0;
            // No time at all counts as a nanosecond.
            let fit = made as u128 * LONG.as_nanos() / took.as_nanos().max(1);
            let fit = usize::try_from(fit).unwrap_or(BUDGET);
            if fit > self.calls {
                // At most twice as many: of one that was short no others follow that are.
                self.calls = BUDGET.min(2 * self.calls);
            } else if !waited {
                self.calls = fit.max(1);
            }
        }
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

        pub(in crate::lane) fn pause<T>(&mut self, left: usize, _: T) -> usize {
            left
        }

        pub(in crate::lane) fn wait(&mut self) {}

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
    use super::imp::{BLIND, FEW};
    use super::*;

    /// What comes next comes so much later.
    const BETWEEN: u64 = 10_000_000;

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

        /// How many calls are made in one turn of so many that are queued, and how often the clock was looked at.
        fn turn_of(&mut self, queued: usize) -> (usize, usize) {
            let (mut made, mut looks) = (0, 0);
            let mut look = |time| {
                looks += 1;
                Some(Duration::from_nanos(time))
            };
            let mut calls = Some(self.pace.begin_turn(|| look(self.time)));
            while let Some(given) = calls {
                let now = given.min(queued - made);
                made += now;
                self.time += now as u64 * self.each;
                if now < given || given == 0 {
                    self.pace.pause(given - now, || look(self.time));
                    break;
                }
                calls = self.pace.go_on(|| look(self.time));
            }
            self.time += BETWEEN;
            (made, looks)
        }

        fn turn(&mut self) -> (usize, usize) {
            self.turn_of(BUDGET + 1)
        }

        /// The same where each call emits the next event, so that the queue runs dry behind each; or the next event comes
        /// after so many nanoseconds in which the lane waits for it.
        fn turn_one_by_one(&mut self, wait: u64) -> (usize, usize) {
            let (mut made, mut looks) = (0, 0);
            let mut look = |time| {
                looks += 1;
                Some(Duration::from_nanos(time))
            };
            let mut left = self.pace.begin_turn(|| look(self.time));
            loop {
                if left == 0 {
                    match self.pace.go_on(|| look(self.time)) {
                        Some(more) => left = more,
                        None => break,
                    }
                }
                made += 1;
                self.time += self.each;
                left = self.pace.pause(left - 1, || look(self.time));
                if wait > 0 {
                    self.time += wait;
                    self.pace.wait();
                }
            }
            self.time += BETWEEN;
            (made, looks)
        }
    }

    #[test]
    fn short_calls_are_counted_and_a_look_is_enough() {
        for each in [0, 1, 100, 700] {
            let mut lane = Lane::new(each);
            // One, two, four and so on.
            assert_eq!(lane.turn(), (BUDGET, 9), "{each}");
            for _ in 0..3 {
                lane.time -= BETWEEN;
                assert_eq!(lane.turn(), (BUDGET, 1), "{each}");
            }
        }
    }

    #[test]
    fn where_others_have_their_turns_in_between_two_looks_are_enough() {
        let mut lane = Lane::new(100);
        lane.turn();
        for looks in [1, 3, 1, 3] {
            assert_eq!(lane.turn(), (BUDGET, looks));
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
    fn a_turn_in_which_the_queue_runs_dry_behind_each_call_is_no_longer() {
        for (each, fit) in [(5_000, 20), (10_000, 10), (40_000, 3), (100_000, 1)] {
            let mut lane = Lane::new(each);
            for _ in 0..4 {
                assert!(
                    (fit..=fit + 1).contains(&lane.turn_one_by_one(0).0),
                    "{each}"
                );
            }
        }
        let mut lane = Lane::new(10);
        let looks = [(); 5].map(|()| lane.turn_one_by_one(0));
        // One, two, four and so on, and then as where the queue is full.
        assert_eq!(looks[0], (BUDGET, 9));
        assert!(
            looks[1..]
                .iter()
                .all(|turn| turn.0 == BUDGET && turn.1 <= 3),
            "{looks:?}"
        );
    }

    #[test]
    fn what_comes_late_does_not_make_short_calls_long_but_turns() {
        let mut lane = Lane::new(10);
        lane.turn();
        let turns = [(); 4].map(|()| lane.turn_one_by_one(4_000));
        assert!(
            turns.iter().all(|turn| turn.0 == BUDGET && turn.1 <= 3),
            "{turns:?}"
        );
        // Whoever waits so long has let others wait.
        let mut lane = Lane::new(2_000);
        lane.turn();
        lane.turn_one_by_one(20_000);
        assert_eq!(lane.turn_one_by_one(20_000).0, 6);
    }

    #[test]
    fn whoever_becomes_slow_has_one_turn_for_it_and_is_soon_fast_again() {
        let mut lane = Lane::new(10);
        lane.turn();
        lane.each = 1_000_000;
        assert_eq!(lane.turn().0, BUDGET);
        assert_eq!(lane.turn().0, FEW);
        assert_eq!(lane.turn().0, 1);
        lane.each = 10;
        assert_eq!(lane.turn().0, BUDGET);
    }

    /// Its turns never come to their end: they run dry before.
    #[test]
    fn so_has_one_that_never_has_much_to_do() {
        for queued in [1, 5, 20, 50] {
            let mut lane = Lane::new(10);
            lane.turn();
            for _ in 0..3 {
                lane.turn_of(queued);
            }
            lane.each = 1_000_000;
            let long = (0..100).filter(|_| lane.turn_of(queued).0 > FEW).count();
            assert!(long <= BLIND / queued + 1, "{queued}: {long}");
            if queued > 1 {
                assert_eq!(lane.turn_of(queued).0, 1, "{queued}");
            }
        }
    }

    #[test]
    fn single_short_calls_are_seldom_looked_at() {
        let mut lane = Lane::new(10);
        let looks: usize = (0..1000).map(|_| lane.turn_of(1).1).sum();
        assert!(looks < 100, "{looks}");
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

    /// It breaks in a turn that runs dry, some time after the runtime had its way.
    #[test]
    fn with_a_clock_that_breaks_the_runtime_has_its_way_each_time() {
        let mut lane = Lane::new(1_000);
        assert_eq!(lane.turn_of(1).0, 1);
        for (now, due) in [(1, true), (30, false)] {
            let mut looks = [0, now].into_iter();
            let mut look = || looks.next().map(Duration::from_micros);
            lane.pace.begin_turn(&mut look);
            lane.pace.go_on(&mut look);
            assert_eq!(lane.pace.is_way_due(), due);
        }
        let given = lane.pace.begin_turn(|| Some(Duration::from_micros(40)));
        lane.pace.pause(given - 1, || None);
        for _ in 0..2 {
            assert_eq!(lane.pace.begin_turn(|| unreachable!()), BUDGET);
            assert_eq!(lane.pace.go_on(|| unreachable!()), None);
            assert!(lane.pace.is_way_due());
        }
    }

    /// It is found out by the one look of a turn of short calls.
    #[test]
    fn with_a_clock_that_breaks_only_calls_count_any_more() {
        let mut lane = Lane::new(10);
        assert_eq!(lane.turn().0, BUDGET);
        let pace = &mut lane.pace;
        assert_eq!(pace.begin_turn(|| unreachable!()), BUDGET);
        assert_eq!(pace.go_on(|| None), None);
        for _ in 0..2 {
            assert_eq!(pace.begin_turn(|| unreachable!()), BUDGET);
            assert_eq!(pace.go_on(|| unreachable!()), None);
            assert!(pace.is_way_due());
        }
    }

    #[test]
    fn a_clock_that_jumps_does_no_harm() {
        let mut pace = Pace::default();
        for time in [Duration::MAX, Duration::ZERO, Duration::MAX, Duration::ZERO] {
            assert!(pace.begin_turn(|| Some(time)) > 0);
            pace.go_on(|| Some(Duration::MAX));
            pace.go_on(|| Some(Duration::ZERO));
            pace.go_on(|| Some(Duration::MAX));
            pace.is_way_due();
        }
    }

    #[test]
    fn the_runtime_has_its_way_after_some_time() {
        let due = |each| {
            let mut lane = Lane::new(each);
            let due = (0..32).filter(|_| {
                lane.turn();
                lane.time -= BETWEEN;
                lane.pace.is_way_due()
            });
            due.count()
        };
        // 12.8 us a turn.
        assert_eq!(due(100), 4);
        // Time stands still.
        assert_eq!(due(0), 32);
    }
}
