//! One event to many callbacks on one tokio loop of another thread.

use crate::harness::book::Book;
use crate::harness::crowd::Crowd;
use crate::harness::plan::Plan;
use crate::harness::race::{Race, Rival, Round};
use crate::harness::wrong::Wrong;
use crate::ours::{self, EVENT};
use crate::rivals::{self, fanout};
use crate::runtimes::TokioThread;

/// What the calls take by themselves, with their check of each event: nobody is faster.
const BARE_LOOP: Rival = Rival {
    name: "a bare loop over closures, no queue",
    lacks: &[],
};

pub(super) fn ten(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    race("fanout-10", 10, plan.count(200_000, 40_000), plan, book)
}

pub(super) fn hundred(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    race("fanout-100", 100, plan.count(20_000, 8_000), plan, book)
}

fn race(id: &str, callbacks: usize, events: u64, plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let finish = Race::new(
        format!("{id}: {callbacks} callbacks on another thread's loop, by `Topic`"),
        events,
    )
    .ours("aioevt", ours(callbacks))
    .rival(
        rivals::TOKIO_BROADCAST,
        fanout::tokio_broadcast(callbacks, fanout::Room::For(events)),
    )
    .rival(
        rivals::TOKIO_BROADCAST_SMALL,
        fanout::tokio_broadcast(callbacks, fanout::Room::Slots1024),
    )
    .rival(
        rivals::ASYNC_BROADCAST,
        fanout::async_broadcast(callbacks, events),
    )
    .slow_rival(rivals::SPAWN_EACH, 10, fanout::spawn_each(callbacks))
    .shown(BARE_LOOP, fanout::bare_loop(callbacks))
    .run(plan)?;
    book.ratio(finish.ratio(id, 0.12));
    book.table(finish.table());
    Ok(())
}

fn ours(callbacks: usize) -> Round<'static> {
    let thread = TokioThread::start();
    let manager = ours::manager(ours::tokio_loop(&thread));
    let crowd = Crowd::new(callbacks);
    ours::register_all(&manager, EVENT, crowd.sinks());
    let mut send = ours::by_topic(manager.topic(EVENT));
    crowd.flooded(move |event| {
        let _kept = (&thread, &manager);
        send(event);
    })
}
