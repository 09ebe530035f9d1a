//! Heap allocations of an emit in the steady state. Counts, not times: exact on every machine.

use aioevt::Manager;

use crate::harness::book::{Book, Ratio};
use crate::harness::crowd::words;
use crate::harness::heap::Meter;
use crate::harness::plan::Plan;
use crate::harness::wrong::{Wrong, check};
use crate::ours::{EVENT, Rig};

const BATCH: u64 = 64;
/// As many emits as a count is made of.
const EMITS: u64 = BATCH * 200;

/// Too large for a queue to hold by value.
type Large = [u64; 16];

pub(super) fn run(_plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let cases = [
        (
            "allocs-small",
            0.0,
            "none: 4 words to one lane (allocations an emit)",
            small(1, 10)?,
        ),
        (
            "allocs-large",
            1.0,
            "one: 16 words to one lane (allocations an emit)",
            large(1, 1)?,
        ),
        (
            "allocs-fanout",
            1.0,
            "at most one: 4 words to 10 lanes of 10 callbacks (allocations an emit)",
            small(10, 10)?,
        ),
        (
            "allocs-fanout-large",
            1.0,
            "one: 16 words to 10 lanes of 10 callbacks (allocations an emit)",
            large(10, 10)?,
        ),
    ];
    for (id, goal, versus, allocations) in cases {
        book.ratio(Ratio::to_ourselves(id, allocations, goal, versus));
    }
    Ok(())
}

fn small(lanes: usize, callbacks: usize) -> Result<f64, Wrong> {
    let register = |manager: &Manager, rig: &Rig| {
        for _ in 0..lanes {
            let lane = rig.event_loop().new_lane();
            for _ in 0..callbacks {
                manager
                    .on(EVENT)
                    .event_loop(&lane)
                    .call(|_: u64, _: u64, _: u64, _: u64| {});
            }
        }
    };
    count(
        register,
        |manager, number| manager.emit(EVENT, words(number)).callbacks,
        lanes * callbacks,
    )
}

fn large(lanes: usize, callbacks: usize) -> Result<f64, Wrong> {
    let register = |manager: &Manager, rig: &Rig| {
        for _ in 0..lanes {
            let lane = rig.event_loop().new_lane();
            for _ in 0..callbacks {
                manager.on(EVENT).event_loop(&lane).call(|_: Large| {});
            }
        }
    };
    let emit = |manager: &Manager, number| manager.emit(EVENT, ([number; 16],)).callbacks;
    count(register, emit, lanes * callbacks)
}

fn count(
    register: impl FnOnce(&Manager, &Rig),
    emit: impl Fn(&Manager, u64) -> usize,
    heard_by: usize,
) -> Result<f64, Wrong> {
    let mut rig = Rig::new();
    let manager = rig.manager.clone();
    register(&manager, &rig);
    rig.drain();
    let mut heard = 0;
    let mut emit_all = |rig: &mut Rig, emits: u64| {
        for _ in 0..emits / BATCH {
            heard += (0..BATCH)
                .map(|number| emit(&manager, number))
                .sum::<usize>();
            rig.drain();
        }
    };
    emit_all(&mut rig, EMITS);
    let meter = Meter::start();
    emit_all(&mut rig, EMITS);
    let allocations = meter.allocations();
    drop(meter);
    let expected = 2 * EMITS as usize * heard_by;
    let stats = manager.stats();
    check(heard == expected && stats.ran == expected as u64, || {
        format!("{heard} of {expected} deliveries: {stats:?}")
    })?;
    Ok(allocations as f64 / EMITS as f64)
}
