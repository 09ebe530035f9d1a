//! A task emits to a callback on its own loop, and lets that run after each few events: everything on one thread.

use std::sync::Arc;

use aioevt::{EventLoop, TokioRuntime};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::yield_now;

use crate::harness::book::Book;
use crate::harness::crowd::{Crowd, Sink, Words};
use crate::harness::plan::Plan;
use crate::harness::race::{Race, Round};
use crate::harness::wrong::Wrong;
use crate::ours::{self, EVENT};
use crate::rivals::{self, channels};

pub(super) fn one(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    race("local-1", 1, plan, book)
}

pub(super) fn sixteen(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    race("local-16", 16, plan, book)
}

fn race(id: &str, at_once: u64, plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let title = format!("{id}: one callback on the emitter's own loop, {at_once} events a turn");
    let finish = Race::new(title, plan.count(400_000, 80_000))
        .ours("aioevt", by_turns(at_once, ours))
        .rival(rivals::TOKIO_MPSC, by_turns(at_once, channels::tokio_mpsc))
        .rival(
            rivals::TOKIO_MPSC_MANY,
            by_turns(at_once, channels::tokio_mpsc_many),
        )
        .rival(rivals::FLUME, by_turns(at_once, channels::flume))
        .rival(rivals::KANAL, by_turns(at_once, channels::kanal))
        .rival(
            rivals::ASYNC_CHANNEL,
            by_turns(at_once, channels::async_channel),
        )
        .run(plan)?;
    book.ratio(finish.ratio(id, 1.0));
    book.table(finish.table());
    Ok(())
}

fn ours(handle: &Handle, sink: Arc<Sink>) -> impl FnMut(Words) + use<> {
    let manager = ours::manager(EventLoop::new(TokioRuntime::new(handle.clone())));
    manager.register(EVENT, ours::taking(sink));
    let mut send = ours::by_topic(manager.topic(EVENT));
    move |event| {
        let _kept = &manager;
        send(event);
    }
}

/// Sends so many events a turn on the runtime's thread, then lets its other tasks run.
fn by_turns<S: FnMut(Words) + 'static>(
    at_once: u64,
    queue: fn(&Handle, Arc<Sink>) -> S,
) -> Round<'static> {
    let runtime: Runtime = Builder::new_current_thread()
        .build()
        .expect("a tokio runtime");
    let mut crowd = Crowd::new(1);
    let mut send = queue(runtime.handle(), crowd.sink());
    let mut sent = 0;
    Box::new(move |events| {
        runtime.block_on(crowd.flood_from_inside(events, async |event| {
            send(event);
            sent += 1;
            if sent % at_once == 0 {
                yield_now().await;
            }
        }))
    })
}
