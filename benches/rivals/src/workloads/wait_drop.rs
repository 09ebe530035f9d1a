//! Waits that are armed and dropped: what they cost, and that nothing of them stays.

use std::hint::black_box;
use std::time::Instant;

use aioevt::EventLoop;
use tokio::sync::oneshot;

use crate::harness::book::{Book, Ratio};
use crate::harness::crowd::Words;
use crate::harness::heap::Meter;
use crate::harness::machine::resident;
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
    let waits = plan.count(1_000_000, 200_000);
    let finish = Race::new("wait-drop: arm and drop, by `Topic`", waits)
        .unit("ns a wait")
        .ours("aioevt", by_topic())
        .shown(BY_NAME, by_name())
        .rival(rivals::ONESHOT, oneshots())
        .run(plan)?;
    book.ratio(finish.ratio("wait-drop", 2.0));
    book.table(finish.table());
    memory(waits, book)
}

/// The heap must not grow by a byte, whatever the number of waits was.
fn memory(waits: u64, book: &mut Book) -> Result<(), Wrong> {
    let mut round = by_topic();
    round(1000)?;
    let before = resident()?;
    let meter = Meter::start();
    round(waits)?;
    let left = meter.live();
    drop(meter);
    let after = resident()?;
    check(left.unsigned_abs() < 4096, || {
        format!("{left} bytes are left of {waits} dropped waits")
    })?;
    book.ratio(Ratio::to_ourselves(
        "wait-drop-memory",
        after as f64 / before as f64,
        1.0,
        "resident memory before",
    ));
    Ok(())
}

fn by_topic() -> Round<'static> {
    let manager = ours::manager(EventLoop::inline());
    let topic = manager.topic(EVENT);
    repeated(
        move || drop(black_box(topic.wait())),
        move || manager.stats().waiters,
    )
}

fn by_name() -> Round<'static> {
    let manager = ours::manager(EventLoop::inline());
    let armed = manager.clone();
    let left = move || manager.stats().waiters + manager.stats().names;
    repeated(move || drop(black_box(armed.wait(EVENT))), left)
}

fn oneshots() -> Round<'static> {
    repeated(|| drop(black_box(oneshot::channel::<Words>())), || 0)
}

fn repeated(wait: impl Fn() + 'static, left: impl Fn() -> usize + 'static) -> Round<'static> {
    Box::new(move |waits| {
        let start = Instant::now();
        for _ in 0..waits {
            wait();
        }
        let elapsed = start.elapsed();
        check(left() == 0, || {
            format!("{} waiters or names are left", left())
        })?;
        Ok(Figure::whole(waits, elapsed))
    })
}
