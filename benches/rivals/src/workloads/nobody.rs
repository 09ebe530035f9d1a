//! Emits that nobody hears: to a name that is known but has no callback, and to one that nobody knows.

use std::hint::black_box;
use std::time::Instant;

use aioevt::EventLoop;

use crate::harness::book::Book;
use crate::harness::crowd::{Words, words};
use crate::harness::plan::Plan;
use crate::harness::race::{Figure, Race, Round};
use crate::harness::wrong::{Wrong, check};
use crate::ours;
use crate::rivals::{self, emitters::HandRolled};

const KNOWN: &str = "nobody.listens";
const UNKNOWN: &str = "nobody.knows";
const OTHERS: usize = 1000;

pub(super) fn run(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let cases = [
        ("nobody-known", KNOWN, "a known name without callbacks"),
        ("nobody-unknown", UNKNOWN, "an unknown name"),
    ];
    for (id, name, what) in cases {
        let finish = Race::new(
            format!("{id}: an emit to {what} among {OTHERS} others"),
            plan.count(2_000_000, 500_000),
        )
        .ours("aioevt", ours(name))
        .rival(rivals::HAND_ROLLED, hand_rolled(name))
        .run(plan)?;
        book.ratio(finish.ratio(id, 1.0));
        book.table(finish.table());
    }
    Ok(())
}

fn ours(name: &'static str) -> Round<'static> {
    let manager = ours::manager(EventLoop::inline());
    ours::register_others(&manager, OTHERS);
    let known = manager.topic(KNOWN);
    unheard(move |event| {
        let _kept = &known;
        let emitted = manager.emit(black_box(name), event);
        emitted.callbacks + emitted.waiters + emitted.rejected
    })
}

fn hand_rolled(name: &'static str) -> Round<'static> {
    let emitter = HandRolled::default();
    for number in 0..OTHERS {
        emitter.on(&ours::other(number), |_| {});
    }
    emitter.name(KNOWN);
    unheard(move |event| emitter.emit(black_box(name), event))
}

/// `emit` says how many heard it.
fn unheard(emit: impl Fn(Words) -> usize + 'static) -> Round<'static> {
    Box::new(move |events| {
        let mut heard = 0;
        let start = Instant::now();
        for seq in 0..events {
            heard += emit(words(seq));
        }
        let elapsed = start.elapsed();
        check(heard == 0, || format!("{heard} heard what nobody should"))?;
        Ok(Figure::whole(events, elapsed))
    })
}
