//! The cost of an emit by name against the number of names.

use super::{cost, decades, hear, scattered};
use crate::harness::book::{Book, Curve, Line};
use crate::harness::plan::Plan;
use crate::harness::wrong::Wrong;
use crate::ours::{Rig, other};

pub fn run(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let (mut same, mut any, mut topic) = (Vec::new(), Vec::new(), Vec::new());
    let mut rig = Rig::new();
    let manager = rig.manager.clone();
    let handle = manager.topic(other(0));
    let mut names = Vec::new();
    for count in decades(plan.count(1_000_000, 100_000)) {
        for number in names.len()..count as usize {
            names.push(other(number));
            manager.register(&names[number], hear);
        }
        rig.drain();
        let x = count as f64;
        let emits = plan.count(40_000, 10_000);
        let by_same = cost(&mut rig, emits, 1, |number| {
            manager.emit(&names[0], (number,));
        })?;
        let by_any = cost(&mut rig, emits, 1, |number| {
            manager.emit(&names[scattered(number, count)], (number,));
        })?;
        let by_topic = cost(&mut rig, emits, 1, |number| {
            handle.emit((number,));
        })?;
        same.push((x, by_same.emit));
        any.push((x, by_any.emit));
        topic.push((x, by_topic.emit));
    }
    book.curve(Curve {
        id: "scaling-names",
        title: "Emit against names",
        x: "names with a callback",
        y: "ns an emit",
        note: "Flat for a name that is used often, and by `Topic`. For names taken at random the entry, its callback \
               list and the name itself have left the processor's caches, as with every map of that size.",
        lines: vec![
            Line { name: "the same name", points: same },
            Line { name: "names at random", points: any },
            Line { name: "by Topic", points: topic },
        ],
    });
    Ok(())
}
