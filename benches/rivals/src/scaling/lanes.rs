//! The cost of an emit against the number of lanes that listen, with one callback each.

use super::{cost, decades, hear};
use crate::harness::book::{Book, Curve, Line};
use crate::harness::plan::Plan;
use crate::harness::wrong::Wrong;
use crate::ours::{EVENT, Rig};

pub fn run(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let (mut emitted, mut delivered) = (Vec::new(), Vec::new());
    let mut rig = Rig::new();
    let manager = rig.manager.clone();
    let topic = manager.topic(EVENT);
    let mut lanes = 0;
    for count in decades(plan.count(10_000, 1000)) {
        for _ in lanes..count {
            topic
                .on()
                .event_loop(rig.event_loop().new_lane())
                .call(hear);
        }
        lanes = count;
        rig.drain();
        let emits = (plan.count(1_000_000, 200_000) / count).clamp(32, 20_000);
        let point = cost(&mut rig, emits, count, |number| {
            topic.emit((number,));
        })?;
        emitted.push((count as f64, point.emit));
        delivered.push((count as f64, point.delivered));
    }
    book.curve(Curve {
        id: "scaling-lanes",
        title: "Emit against lanes",
        x: "lanes with one callback each",
        y: "ns an emit",
        note: "Linear: one push for each lane, and one wake for each lane that sleeps.",
        lines: vec![
            Line {
                name: "emit",
                points: emitted,
            },
            Line {
                name: "delivered",
                points: delivered,
            },
        ],
    });
    Ok(())
}
