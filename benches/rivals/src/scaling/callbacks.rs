//! The cost of an emit against callbacks on the name, and on other names of the same lane.

use super::{cost, decades, hear};
use crate::harness::book::{Book, Curve, Line};
use crate::harness::plan::Plan;
use crate::harness::wrong::Wrong;
use crate::ours::{EVENT, Rig, other};

/// Names that the other callbacks are spread over.
const OTHERS: u64 = 1000;

pub fn run(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let (emitted, delivered) = on_the_name(plan)?;
    let elsewhere = on_other_names(plan)?;
    book.curve(Curve {
        id: "scaling-callbacks",
        title: "Emit against callbacks",
        x: "callbacks",
        y: "ns an emit",
        note: "The emitter pushes one message for the lane, however many callbacks it has: flat. Running them is \
               linear. Callbacks on other names cost nothing.",
        lines: vec![
            Line { name: "on the name: emit", points: emitted },
            Line { name: "on the name: delivered", points: delivered },
            Line { name: "on other names: emit", points: elsewhere },
        ],
    });
    Ok(())
}

type Points = Vec<(f64, f64)>;

fn on_the_name(plan: Plan) -> Result<(Points, Points), Wrong> {
    let (mut emitted, mut delivered) = (Vec::new(), Vec::new());
    let mut rig = Rig::new();
    let manager = rig.manager.clone();
    let topic = manager.topic(EVENT);
    let mut registered = 0;
    for count in decades(plan.count(100_000, 10_000)) {
        for _ in registered..count {
            topic.register(hear);
        }
        registered = count;
        rig.drain();
        let emits = (plan.count(2_000_000, 500_000) / count).clamp(32, 20_000);
        let point = cost(&mut rig, emits, count, |number| {
            topic.emit((number,));
        })?;
        emitted.push((count as f64, point.emit));
        delivered.push((count as f64, point.delivered));
    }
    Ok((emitted, delivered))
}

fn on_other_names(plan: Plan) -> Result<Points, Wrong> {
    let mut points = Vec::new();
    let mut rig = Rig::new();
    let manager = rig.manager.clone();
    manager.register(EVENT, hear);
    let mut registered = 0;
    for count in decades(plan.count(1_000_000, 100_000)) {
        for number in registered..count {
            manager.register(other((number % OTHERS) as usize), hear);
        }
        registered = count;
        rig.drain();
        let point = cost(&mut rig, plan.count(40_000, 10_000), 1, |number| {
            manager.emit(EVENT, (number,));
        })?;
        points.push((count as f64, point.emit));
    }
    Ok(points)
}
