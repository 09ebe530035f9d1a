//! Arm a wait, emit, get the data.

use std::time::Instant;

use aioevt::{EventLoop, EvtData, Wait, WaitError};

use crate::harness::book::Book;
use crate::harness::crowd::{Words, words};
use crate::harness::plan::Plan;
use crate::harness::race::{Figure, Race, Rival, Round};
use crate::harness::wrong::{Wrong, check};
use crate::ours::{self, EVENT};
use crate::rivals;

const BY_NAME: Rival = Rival {
    name: "aioevt by name",
    lacks: &[],
};

pub(super) fn run(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let finish = Race::new(
        "wait-1: arm, emit, resolve, by `Topic`",
        plan.count(500_000, 100_000),
    )
    .unit("ns a wait")
    .ours("aioevt", by_topic())
    .shown(BY_NAME, by_name())
    .rival(rivals::ONESHOT, oneshot())
    .run(plan)?;
    book.ratio(finish.ratio("wait-1", 1.5));
    book.table(finish.table());
    Ok(())
}

fn by_topic() -> Round<'static> {
    let manager = ours::manager(EventLoop::inline());
    let topic = manager.topic(EVENT);
    resolved(move |event| {
        let _kept = &manager;
        let wait = topic.wait();
        topic.emit(event);
        got(wait)
    })
}

fn by_name() -> Round<'static> {
    let manager = ours::manager(EventLoop::inline());
    resolved(move |event| {
        let wait = manager.wait(EVENT);
        manager.emit(EVENT, event);
        got(wait)
    })
}

async fn got(wait: Wait) -> Option<Words> {
    let data: Result<EvtData, WaitError> = wait.await;
    data.ok()?.args().ok()
}

fn oneshot() -> Round<'static> {
    resolved(|event| {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        let sent = sender.send(event);
        async move { sent.ok().and(receiver.await.ok()) }
    })
}

fn resolved<F: Future<Output = Option<Words>>>(
    mut wait: impl FnMut(Words) -> F + 'static,
) -> Round<'static> {
    Box::new(move |events| {
        let mut right = 0;
        let start = Instant::now();
        smol::block_on(async {
            for seq in 0..events {
                right += u64::from(wait(words(seq)).await == Some(words(seq)));
            }
        });
        let elapsed = start.elapsed();
        check(right == events, || {
            format!("{right} of {events} waits got their data")
        })?;
        Ok(Figure::whole(events, elapsed))
    })
}
