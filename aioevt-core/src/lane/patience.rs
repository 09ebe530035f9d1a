//! `Patience`: whether a driver that has worked off everything looks again before it sleeps. Waking a sleeping loop costs
//! the emitter more than a hundred emits, and when each event finds the loop asleep, none ever finds it awake.

use core::mem;
use core::time::Duration;

use crate::runner::{Moment, Runner};
use crate::sync::MODELLED;

/// Looks before it sleeps, and in one turn, at most: about as long as it takes to wake a thread. Without threads there is
/// nobody to look for.
const MOST: u32 = match (cfg!(feature = "std"), MODELLED) {
    (false, _) => 0,
    (true, true) => 1,
    (true, false) => 32,
};

/// What a stream is worth before anything is known.
const ONE: u32 = match MOST {
    0 => 0,
    _ => 1,
};

/// How long a look in vain lasts: a few times what an emit takes, and less than waking a thread does.
const PAUSES: usize = 64;

/// While events stream it lets some gather before each look: so long after it has found each of the last ones, what it
/// did with them included. Where a cache line is far from one processor to the other, or there are more threads than
/// processors, a look costs both sides more than coming late does.
const GATHER_EACH: Duration = Duration::from_nanos(400);

/// As if there were no more than so many. Many more gain nothing.
const GATHER_MOST: usize = 16;

/// In one turn no more begin after so long: the other tasks of the loop wait meanwhile.
const GATHER_TURN: Duration = Duration::from_nanos(25_600);

/// So often it is tried whether those who emit want the processor while events gather.
const TRY: u32 = 8;

/// After so many sleeps it tries again whether looking pays.
const PROBE: u32 = 64;

/// Whoever got the processor back later than this waited for a thread that does not give way by itself,
const LONG: Duration = Duration::from_micros(500);

/// which is worth it if it has emitted an event in this time, each time.
const WORTH: Duration = Duration::from_micros(10);

/// With an event in this time, each time, whoever had the processor emits as fast as it can.
const FLOOD: Duration = Duration::from_micros(1);

/// What the last events were like.
#[derive(Default)]
pub(super) struct Patience {
    /// When the last events were found, and how long the next ones may gather: they stream. That is, they come faster than
    /// one by one, and go on when those that had woken the loop are worked off.
    stream: Option<(Moment, Duration)>,
    /// How long they may in this turn.
    gathers: Duration,
    /// Since the last try.
    untried: u32,
    /// It has not slept since it last found something.
    awake: bool,
    /// Looks in vain since the last event.
    looks: u32,
    /// How many of them are worth it. All, after one that was not in vain; half as many, after all were.
    limit: u32,
    /// Looks that are left in this turn: the other tasks of the loop wait meanwhile.
    left: u32,
    /// Sleeps since the last probe.
    sleeps: u32,
    /// Others wanted the processor, and standing in line with them would stop the whole loop: no looks until the next
    /// probe.
    crowded: bool,
    /// For how long they had the processor before this look, in microseconds.
    waited: u32,
    /// They have emitted meanwhile, as fast as they can: those who emit have this processor, too.
    shared: bool,
    /// The last event came from the loop's own thread, which emits nothing while it looks here.
    from_here: bool,
}

impl Patience {
    /// The driver is polled.
    #[inline]
    pub(super) fn begin_turn(&mut self) {
        self.left = MOST;
        self.gathers = GATHER_TURN;
    }

    /// Before a look into the queue.
    #[inline]
    pub(super) fn gather(&mut self) {
        if MOST == 0 {
            return;
        }
        if self.looks > 1 {
            if let Some(took) = Runner::let_others() {
                self.crowded = true;
                self.limit = 0;
                self.note_wait(took);
            }
        } else if self.looks > 0 {
            Runner::linger(PAUSES);
        } else if let Some((found, span)) = self.stream.take_if(|_| !self.gathers.is_zero()) {
            self.gathers = self.gathers.saturating_sub(span);
            self.untried += 1;
            if self.shared || self.untried >= TRY {
                self.untried = 0;
                // Whoever emits would wait for what lingers here.
                let took = Runner::let_others().filter(|took| !took.is_zero());
                self.shared = took.is_some();
                if let Some(took) = took {
                    return self.note_wait(took);
                }
            }
            found.linger(span);
        }
    }

    fn note_wait(&mut self, took: Duration) {
        self.waited = u32::try_from(took.as_micros()).unwrap_or(u32::MAX);
    }

    /// There were messages, and the last event `from_here`: from the thread that is looking.
    #[inline]
    pub(super) fn found(&mut self, messages: usize, from_here: bool) {
        if MOST == 0 {
            return;
        }
        self.judge(messages);
        if self.looks > 0 && !self.crowded {
            self.limit = MOST;
        }
        // Models run all their threads on one.
        self.from_here = from_here && !MODELLED;
        let several = messages > 1 && !self.from_here;
        self.stream = (several && self.awake).then(|| (Moment::now(), span(messages)));
        self.awake = true;
        if several && !self.crowded && self.limit == 0 {
            self.limit = ONE;
        }
        self.looks = 0;
    }

    /// Whether to look again instead of going to sleep, if there is nothing.
    #[inline]
    pub(super) fn looks_again(&self) -> bool {
        MOST != 0 && !self.from_here && self.looks < self.limit && self.left > 0
    }

    /// There was nothing, and the driver looks again, or sleeps, as `looks_again` said.
    pub(super) fn found_nothing(&mut self) {
        if MOST == 0 {
            return;
        }
        self.judge(0);
        let again = self.looks_again();
        self.stream = None;
        self.awake &= again;
        if self.from_here {
            return;
        }
        if again {
            self.looks += 1;
            self.left -= 1;
            return;
        }
        if self.looks > 0 && self.looks >= self.limit {
            self.limit /= 2;
        }
        self.looks = 0;
        self.sleeps += 1;
        if self.sleeps == PROBE {
            self.sleeps = 0;
            self.crowded = false;
            self.limit = MOST;
        }
    }

    /// Others had the processor: either they have emitted, or they only keep it from all lanes of the thread.
    fn judge(&mut self, messages: usize) {
        let waited = Duration::from_micros(mem::take(&mut self.waited).into());
        if waited.is_zero() {
            return;
        }
        let messages = messages.min(u32::MAX as usize) as u32;
        self.shared = FLOOD * messages > waited;
        if self.shared {
            self.crowded = false;
        }
        if WORTH * messages > waited {
            Runner::rest_less();
        } else if waited > LONG {
            Runner::rest(waited);
        }
    }
}

/// How long the next events may gather after so many were found.
fn span(messages: usize) -> Duration {
    GATHER_EACH * messages.min(GATHER_MOST) as u32
}

#[cfg(all(test, feature = "std", not(loom), not(shuttle)))]
mod tests {
    use super::*;

    /// Finds nothing: whether it looks again.
    fn look(patience: &mut Patience) -> bool {
        let again = patience.looks_again();
        patience.found_nothing();
        again
    }

    /// How often it looks again, in a turn of its own, before it sleeps.
    fn looks(patience: &mut Patience) -> u32 {
        patience.begin_turn();
        looks_left(patience)
    }

    /// The same in the turn that has begun.
    fn looks_left(patience: &mut Patience) -> u32 {
        let mut looks = 0;
        while look(patience) {
            looks += 1;
        }
        looks
    }

    #[test]
    fn only_a_stream_is_worth_a_look() {
        let mut patience = Patience::default();
        assert_eq!(looks(&mut patience), 0);
        patience.found(1, false);
        assert_eq!(looks(&mut patience), 0);
        patience.found(2, false);
        assert_eq!(looks(&mut patience), ONE);
        // It was in vain.
        assert_eq!(looks(&mut patience), 0);
    }

    #[test]
    fn a_look_that_found_something_is_worth_all_and_each_time_in_vain_half_as_many() {
        let mut patience = Patience::default();
        patience.found(2, false);
        patience.begin_turn();
        assert!(look(&mut patience));
        patience.found(1, false);
        let mut expected = MOST;
        while expected > 0 {
            assert_eq!(looks(&mut patience), expected);
            // Without a look it says nothing.
            patience.found(2, false);
            expected /= 2;
        }
        assert_eq!(looks(&mut patience), ONE);
    }

    #[test]
    fn the_end_of_a_turn_ends_the_looks_and_is_not_held_against_them() {
        let mut patience = Patience::default();
        patience.found(2, false);
        patience.begin_turn();
        assert!(look(&mut patience));
        patience.found(1, false);
        // One was before.
        assert_eq!(looks_left(&mut patience), MOST - 1);
        assert_eq!(looks(&mut patience), MOST);
        assert_eq!(looks(&mut patience), MOST / 2);
    }

    #[test]
    fn a_stream_gathers_for_longer_the_denser_it_is_but_not_what_woke_it() {
        let mut patience = Patience::default();
        let mut found = |messages, from_here| {
            patience.found(messages, from_here);
            patience.stream.map(|(_, span)| span.as_nanos())
        };
        assert_eq!(found(9, false), None);
        assert_eq!(found(1, false), None);
        assert_eq!(found(2, false), Some(800));
        assert_eq!(found(15, false), Some(6000));
        assert_eq!(found(usize::MAX, false), Some(6400));
        assert_eq!(found(9, true), None);
        // Asleep in between.
        while look(&mut patience) {}
        patience.found(9, false);
        assert_eq!(patience.stream, None);
    }

    #[test]
    fn in_one_turn_events_gather_for_some_time_only() {
        let mut patience = Patience::default();
        // As few as a stream has, and as many as count.
        for (messages, gathers) in [(2, 32), (GATHER_MOST, 4)] {
            patience.found(messages, false);
            patience.begin_turn();
            for _ in 0..gathers {
                assert!(!patience.gathers.is_zero());
                patience.found(messages, false);
                patience.gather();
                assert_eq!(patience.stream, None);
            }
            patience.found(messages, false);
            patience.gather();
            assert!(patience.gathers.is_zero() && patience.stream.is_some());
        }
    }

    /// Others had the processor for so long in microseconds, and so many events came of it.
    fn judged(waited: u32, messages: usize) -> Patience {
        let mut patience = Patience {
            looks: 2,
            crowded: true,
            waited,
            ..Patience::default()
        };
        patience.found(messages, false);
        patience
    }

    #[test]
    fn who_has_the_processor_and_emits_as_fast_as_it_can_is_given_it() {
        let patience = judged(300, 301);
        assert!(patience.shared && !patience.crowded);
        assert_eq!(patience.limit, MOST);
        for patience in [judged(300, 300), judged(300, 1)] {
            assert!(!patience.shared && patience.crowded);
            assert_eq!(patience.limit, 0);
        }
    }

    #[test]
    fn while_events_gather_it_is_tried_now_and_then_who_wants_the_processor() {
        let mut patience = judged(300, 301);
        patience.awake = true;
        patience.begin_turn();
        let mut gathers = |messages| {
            patience.found(messages, false);
            patience.gather();
            patience.untried
        };
        // Shared, and each time as long as somebody else takes it; then, at the latest, from the first again.
        assert_eq!(gathers(2), 0);
        for gathered in 1..3 * TRY {
            assert!(gathers(2) < TRY, "{gathered}");
        }
    }

    #[test]
    fn whether_it_pays_is_tried_again_after_many_sleeps() {
        let mut patience = Patience::default();
        // The first sleep of the second round is the one after the looks of the first.
        for sleeps in [PROBE, PROBE - 1] {
            patience.limit = 0;
            for sleep in 0..sleeps {
                assert_eq!(looks(&mut patience), 0, "{sleep}");
            }
            assert_eq!(looks(&mut patience), MOST);
        }
    }

    #[test]
    fn what_comes_from_the_loop_s_own_thread_is_not_waited_for() {
        let mut patience = Patience::default();
        patience.found(2, false);
        patience.begin_turn();
        assert!(look(&mut patience));
        patience.found(3, true);
        assert_eq!(patience.stream, None);
        for _ in 0..2 * PROBE {
            assert_eq!(looks(&mut patience), 0);
        }
        // What was learned of other threads still holds when they emit again.
        patience.found(1, false);
        assert_eq!(looks(&mut patience), MOST);
    }

    /// Others had the processor for so long, and so many events came of it: whether the thread rests from that.
    fn rests(waited: u32, messages: usize) -> bool {
        let test = move || {
            let mut patience = Patience {
                waited,
                ..Patience::default()
            };
            match messages {
                0 => patience.found_nothing(),
                _ => patience.found(messages, false),
            }
            // Asked again it does not wait: for no lane.
            Runner::let_others() == Some(Duration::ZERO)
        };
        // Each on a thread of its own.
        std::thread::spawn(test).join().unwrap_or_default()
    }

    #[test]
    fn a_thread_rests_from_letting_others_go_on_when_that_was_long_and_in_vain() {
        let timeslice = 4_000;
        assert!(rests(timeslice, 0) && rests(timeslice, 40) && rests(timeslice, 400));
        assert!(!rests(timeslice, 401) && !rests(timeslice, usize::MAX));
        // It was let go on by itself.
        assert!(!rests(500, 0) && !rests(0, 0));
    }

    #[test]
    fn where_others_want_the_processor_there_are_no_looks_until_the_next_probe() {
        let mut patience = Patience {
            looks: 2,
            crowded: true,
            ..Patience::default()
        };
        patience.found(3, false);
        for sleep in 0..PROBE {
            assert_eq!(looks(&mut patience), 0, "{sleep}");
            patience.found(3, false);
        }
        assert_eq!(looks(&mut patience), MOST);
        // They are gone: a look that finds something is worth all again.
        patience.begin_turn();
        assert!(look(&mut patience));
        patience.found(1, false);
        assert_eq!(looks(&mut patience), MOST);
    }
}
