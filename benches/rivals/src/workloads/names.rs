//! A million names used once: one after the other, and all at once. Memory must come back.

use aioevt::{EventLoop, Manager};

use crate::harness::book::{Book, Ratio};
use crate::harness::heap::Meter;
use crate::harness::machine::resident;
use crate::harness::plan::Plan;
use crate::harness::wrong::{Wrong, check};
use crate::ours;

pub(super) fn run(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let names = plan.count(1_000_000, 200_000);
    let manager = ours::manager(EventLoop::inline());
    one_by_one(&manager, 10_000)?;

    let floor = resident()?;
    one_by_one(&manager, names)?;
    let after = resident()?;
    book.ratio(Ratio::to_ourselves(
        "names-1m",
        after as f64 / floor as f64,
        1.05,
        "resident memory before",
    ));

    let meter = Meter::start();
    let most = at_once(&manager, names, &meter)?;
    // Buffers that a burst has grown are given back in the quiet after it.
    one_by_one(&manager, 100)?;
    let left = meter.live();
    drop(meter);
    let share = left as f64 / most as f64;
    book.ratio(Ratio::to_ourselves(
        "names-1m-at-once",
        share,
        0.05,
        "heap while all of them lived",
    ));
    Ok(())
}

fn one_by_one(manager: &Manager, names: u64) -> Result<(), Wrong> {
    let mut heard = 0;
    for number in 0..names {
        let name = format!("used.once.{number}");
        manager.on(&name).once().call(|_: u64| {});
        heard += manager.emit(&name, (number,)).callbacks as u64;
    }
    check(heard == names, || {
        format!("{heard} of {names} emits were heard")
    })?;
    none_left(manager)
}

/// Returns the heap while all names lived.
fn at_once(manager: &Manager, names: u64, meter: &Meter) -> Result<i64, Wrong> {
    for number in 0..names {
        manager
            .on(format!("used.once.{number}"))
            .once()
            .call(|_: u64| {});
    }
    let most = meter.live();
    let heard: usize = (0..names)
        .map(|number| {
            manager
                .emit(format!("used.once.{number}"), (number,))
                .callbacks
        })
        .sum();
    check(heard as u64 == names, || {
        format!("{heard} of {names} emits were heard")
    })?;
    none_left(manager)?;
    Ok(most)
}

fn none_left(manager: &Manager) -> Result<(), Wrong> {
    let stats = manager.stats();
    check(stats.names == 0 && stats.callbacks == 0, || {
        format!("names are left: {stats:?}")
    })
}
