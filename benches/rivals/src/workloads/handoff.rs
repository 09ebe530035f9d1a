//! One thread emits to one callback on a tokio loop of another thread.

use aioevt::Manager;

use crate::harness::book::Book;
use crate::harness::crowd::Crowd;
use crate::harness::plan::Plan;
use crate::harness::race::{Race, Round};
use crate::harness::wrong::Wrong;
use crate::ours::{self, EVENT};
use crate::rivals::{self, channels, fanout};
use crate::runtimes::TokioThread;

pub(super) fn by_topic(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let (thread, manager, crowd) = start(0);
    let mut send = ours::by_topic(manager.topic(EVENT));
    let ours = crowd.flooded(move |event| {
        let _kept = (&thread, &manager);
        send(event);
    });
    race(
        "handoff-1",
        0.8,
        "One callback on another thread's loop, by `Topic`",
        ours,
        plan,
        book,
    )
}

pub(super) fn by_name(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let (thread, manager, crowd) = start(1000);
    let mut send = ours::by_name(manager);
    let ours = crowd.flooded(move |event| {
        let _kept = &thread;
        send(event);
    });
    race(
        "name-1",
        1.0,
        "One callback on another thread's loop, by name among 1000 others",
        ours,
        plan,
        book,
    )
}

fn start(others: usize) -> (TokioThread, Manager, Crowd) {
    let thread = TokioThread::start();
    let manager = ours::manager(ours::tokio_loop(&thread));
    let crowd = Crowd::new(1);
    ours::register_others(&manager, others);
    ours::register_all(&manager, EVENT, crowd.sinks());
    (thread, manager, crowd)
}

fn race(
    id: &str,
    goal: f64,
    title: &str,
    ours: Round<'_>,
    plan: Plan,
    book: &mut Book,
) -> Result<(), Wrong> {
    let events = plan.count(1_000_000, 200_000);
    let finish = Race::new(format!("{id}: {title}"), events)
        .ours("aioevt", ours)
        .rival(
            rivals::TOKIO_MPSC,
            channels::to_a_thread(channels::tokio_mpsc),
        )
        .rival(
            rivals::TOKIO_MPSC_MANY,
            channels::to_a_thread(channels::tokio_mpsc_many),
        )
        .rival(
            rivals::TOKIO_BROADCAST,
            fanout::tokio_broadcast(1, fanout::Room::For(events)),
        )
        .rival(
            rivals::TOKIO_BROADCAST_SMALL,
            fanout::tokio_broadcast(1, fanout::Room::Slots1024),
        )
        .rival(rivals::FLUME, channels::to_a_thread(channels::flume))
        .rival(rivals::KANAL, channels::to_a_thread(channels::kanal))
        .rival(
            rivals::ASYNC_CHANNEL,
            channels::to_a_thread(channels::async_channel),
        )
        .run(plan)?;
    book.ratio(finish.ratio(id, goal));
    book.table(finish.table());
    Ok(())
}
