//! One callback comes and goes on a name that has many others: the cost must not depend on how many.

use std::time::Instant;

use crate::harness::book::{Book, Ratio};
use crate::harness::plan::Plan;
use crate::harness::race::{Figure, Race, Round};
use crate::harness::wrong::{Wrong, check};
use crate::ours::{self, EVENT};
use crate::runtimes::TokioThread;

pub(super) fn run(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let finish = Race::new(
        "churn: register and unregister one callback",
        plan.count(100_000, 20_000),
    )
    .unit("ns a pair")
    .ours("10 others on the name", ours(10))
    .ours("10k others", ours(10_000))
    .ours("100k others", ours(100_000))
    .run(plan)?;
    let floor = finish.own();
    let against = "aioevt with 10 others";
    let (many, most) = (finish.own_at(1) / floor, finish.own_at(2) / floor);
    book.ratio(Ratio::to_ourselves("churn-10k", many, 1.5, against));
    book.ratio(Ratio::to_ourselves("churn-100k", most, 1.5, against));
    book.table(finish.table());
    Ok(())
}

/// The time ends when the lane has seen all of it: closures dropped, slots free.
fn ours(others: usize) -> Round<'static> {
    let thread = TokioThread::start();
    let manager = ours::manager(ours::tokio_loop(&thread));
    for _ in 0..others {
        manager.register(EVENT, |_: u64, _: u64, _: u64, _: u64| {});
    }
    Box::new(move |pairs| {
        let _kept = &thread;
        let mut removed = 0;
        let start = Instant::now();
        for _ in 0..pairs {
            let registration = manager.register(EVENT, |_: u64, _: u64, _: u64, _: u64| {});
            removed += u64::from(registration.unregister());
        }
        let called = start.elapsed();
        let idle = manager.idle().blocking();
        let elapsed = start.elapsed();
        check(idle.is_ok() && removed == pairs, || {
            format!("{removed} of {pairs} were removed, idle: {idle:?}")
        })?;
        let left = manager.callback_count(EVENT);
        check(left == others, || {
            format!("{left} callbacks instead of {others}")
        })?;
        Ok(Figure::per_event(pairs, called, elapsed))
    })
}
