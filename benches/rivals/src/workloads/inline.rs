//! Callbacks that have run when `emit` returns, on the emitter's thread.

use aioevt::{EventLoop, Manager};

use crate::harness::book::Book;
use crate::harness::crowd::Crowd;
use crate::harness::plan::Plan;
use crate::harness::race::{Race, Rival, Round};
use crate::harness::wrong::Wrong;
use crate::ours::{self, EVENT};
use crate::rivals::{self, emitters};

/// As the rivals have it that know no names.
const BY_TOPIC: Rival = Rival {
    name: "aioevt by `Topic`",
    lacks: &[],
};

pub(super) fn one(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    race(
        "inline-1",
        1,
        1.5,
        plan.count(1_000_000, 200_000),
        plan,
        book,
    )
}

pub(super) fn ten(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    race(
        "inline-10",
        10,
        1.0,
        plan.count(200_000, 50_000),
        plan,
        book,
    )
}

pub(super) fn hundred(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    race(
        "inline-100",
        100,
        1.0,
        plan.count(20_000, 5_000),
        plan,
        book,
    )
}

fn race(
    id: &str,
    callbacks: usize,
    goal: f64,
    events: u64,
    plan: Plan,
    book: &mut Book,
) -> Result<(), Wrong> {
    let finish = Race::new(
        format!("{id}: {callbacks} callbacks run inside `emit`, by name"),
        events,
    )
    .ours("aioevt", by_name(callbacks))
    .shown(BY_TOPIC, by_topic(callbacks))
    .rival(rivals::HAND_ROLLED, emitters::hand_rolled(callbacks))
    .rival(rivals::SIGNALS2, emitters::signals2(callbacks))
    .slow_rival(
        rivals::ASYNC_EVENT_EMITTER,
        4,
        emitters::async_event_emitter(callbacks),
    )
    .slow_rival(rivals::TYPED_EMITTER, 4, emitters::typed_emitter(callbacks))
    .run(plan)?;
    let is_hand_rolled = |name: &str| name == rivals::HAND_ROLLED.name;
    book.ratio(finish.ratio_among(id, goal, is_hand_rolled));
    book.ratio(finish.ratio_among(&format!("{id}-crates"), 0.5, |name| !is_hand_rolled(name)));
    book.table(finish.table());
    Ok(())
}

fn by_name(callbacks: usize) -> Round<'static> {
    let (manager, crowd) = registered(callbacks);
    crowd.flooded(ours::by_name(manager))
}

fn by_topic(callbacks: usize) -> Round<'static> {
    let (manager, crowd) = registered(callbacks);
    let mut send = ours::by_topic(manager.topic(EVENT));
    crowd.flooded(move |event| {
        let _kept = &manager;
        send(event);
    })
}

fn registered(callbacks: usize) -> (Manager, Crowd) {
    let manager = ours::manager(EventLoop::inline());
    let crowd = Crowd::new(callbacks);
    ours::register_all(&manager, EVENT, crowd.sinks());
    (manager, crowd)
}
