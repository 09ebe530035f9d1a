//! One async callback: one that is ready at its first poll, and one that awaits once.

use std::sync::Arc;

use aioevt::Manager;

use crate::harness::book::Book;
use crate::harness::crowd::Crowd;
use crate::harness::plan::Plan;
use crate::harness::race::Race;
use crate::harness::wrong::Wrong;
use crate::ours::{self, EVENT};
use crate::rivals::{self, fanout};
use crate::runtimes::{AwaitOnce, TokioThread};

pub(super) fn ready(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let (thread, manager, crowd) = start();
    let sink = crowd.sink();
    manager.register(EVENT, move |a: u64, b: u64, c: u64, d: u64| {
        let sink = Arc::clone(&sink);
        async move { sink.take((a, b, c, d)) }
    });
    let mut send = ours::by_topic(manager.topic(EVENT));
    let ours = crowd.flooded(move |event| {
        let _kept = (&thread, &manager);
        send(event);
    });
    let finish = Race::new(
        "async-1-ready: one async callback that is ready at once",
        plan.count(300_000, 60_000),
    )
    .ours("aioevt", ours)
    .rival(
        rivals::SPAWN_EVENT,
        fanout::spawn_event(|sink, event| async move { sink.take(event) }),
    )
    .run(plan)?;
    book.ratio(finish.ratio("async-1-ready", 0.25));
    book.table(finish.table());
    Ok(())
}

pub(super) fn awaiting(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let (thread, manager, crowd) = start();
    let sink = crowd.sink();
    manager.register(EVENT, move |a: u64, b: u64, c: u64, d: u64| {
        let sink = Arc::clone(&sink);
        async move {
            sink.see((a, b, c, d));
            AwaitOnce::default().await;
            sink.count();
        }
    });
    let mut send = ours::by_topic(manager.topic(EVENT));
    let ours = crowd.flooded(move |event| {
        let _kept = (&thread, &manager);
        send(event);
    });
    let rival = fanout::spawn_event(|sink, event| async move {
        sink.see(event);
        AwaitOnce::default().await;
        sink.count();
    });
    let finish = Race::new(
        "async-1-await: one async callback that awaits once",
        plan.count(200_000, 40_000),
    )
    .ours("aioevt", ours)
    .rival(rivals::SPAWN_EVENT, rival)
    .run(plan)?;
    book.ratio(finish.ratio("async-1-await", 1.1));
    book.table(finish.table());
    Ok(())
}

fn start() -> (TokioThread, Manager, Crowd) {
    let thread = TokioThread::start();
    let manager = ours::manager(ours::tokio_loop(&thread));
    (thread, manager, Crowd::new(1))
}
