//! Register and unregister against how many callbacks there are already, on the name and elsewhere.

use std::time::Instant;

use aioevt::Manager;

use super::{REPEATS, decades, hear};
use crate::harness::book::{Book, Curve, Line};
use crate::harness::plan::Plan;
use crate::harness::stats::median;
use crate::harness::wrong::{Wrong, check};
use crate::ours::{EVENT, Rig, other};

pub fn run(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let most = plan.count(1_000_000, 100_000);
    let pairs = plan.count(20_000, 5_000);
    let on_the_name = grow(most, pairs, |manager, _| {
        manager.register(EVENT, hear);
    })?;
    let on_names = grow(most, pairs, |manager, number| {
        manager.register(other(number), hear);
    })?;
    book.curve(Curve {
        id: "scaling-churn",
        title: "Register and unregister against population",
        x: "callbacks there already",
        y: "ns a pair, with the lane's work",
        note: "Flat: a callback is found by its slot and a binary search, and its place is reused without a scan.",
        lines: vec![
            Line { name: "on the same name", points: on_the_name },
            Line { name: "on as many names", points: on_names },
        ],
    });
    Ok(())
}

fn grow(
    most: u64,
    pairs: u64,
    register: impl Fn(&Manager, usize),
) -> Result<Vec<(f64, f64)>, Wrong> {
    let mut rig = Rig::new();
    let manager = rig.manager.clone();
    let mut points = Vec::new();
    let mut registered = 0;
    for count in decades(most) {
        for number in registered..count {
            register(&manager, number as usize);
        }
        registered = count;
        rig.drain();
        let mut times = Vec::new();
        for repeat in 0..=REPEATS {
            let start = Instant::now();
            let removed = (0..pairs)
                .filter(|_| manager.register(EVENT, hear).unregister())
                .count() as u64;
            rig.drain();
            let elapsed = start.elapsed().as_secs_f64() * 1e9 / pairs as f64;
            check(removed == pairs, || {
                format!("{removed} of {pairs} were removed")
            })?;
            if repeat > 0 {
                times.push(elapsed);
            }
        }
        let left = manager.stats().callbacks as u64;
        check(left == count, || {
            format!("{left} callbacks instead of {count}")
        })?;
        points.push((count as f64, median(&times)));
    }
    Ok(points)
}
