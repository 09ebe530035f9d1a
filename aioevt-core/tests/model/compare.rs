//! Runs a program on the real thing and on the model, and compares what could be seen after each operation.

use std::mem;

use crate::program::{NAMES, Op, Program, Seen, State};
use crate::real::Real;
use crate::reference::Model;

/// What could be seen of one operation on the real thing.
struct Step {
    op: Op,
    seen: Vec<Seen>,
    state: State,
    /// For each wait, whether it was woken since it was polled last.
    woken: Vec<bool>,
}

/// What they disagree about, if they do.
pub(crate) fn compare(bytes: &[u8]) -> Result<(), String> {
    let program = Program::from_bytes(bytes);
    let steps = run(&program);
    // In which order a manager closes its names is not promised: one of all orders has to explain what was seen.
    let mut furthest = (0, String::new());
    for order in orders() {
        match explains(&program, &steps, order) {
            Ok(()) => return Ok(()),
            Err(disagreement) if disagreement.0 >= furthest.0 => furthest = disagreement,
            Err(_) => {}
        }
    }
    let (step, what) = furthest;
    let op = steps[step].op;
    Err(format!("after step {step}, {op:?}:\n{what}\nof\n{program}"))
}

/// All orders of the names.
fn orders() -> impl Iterator<Item = [u8; NAMES as usize]> {
    const { assert!(NAMES == 3) };
    [
        [0, 1, 2],
        [0, 2, 1],
        [1, 0, 2],
        [1, 2, 0],
        [2, 0, 1],
        [2, 1, 0],
    ]
    .into_iter()
}

fn run(program: &Program) -> Vec<Step> {
    let mut ops = program.main.clone();
    // Whatever it was, it ends: all that was accepted and can run does.
    ops.extend([Op::Advance { on: 0, by: 10 }, Op::Advance { on: 1, by: 10 }]);
    ops.extend([
        Op::Close,
        Op::Advance { on: 0, by: 0 },
        Op::Advance { on: 1, by: 0 },
    ]);
    ops.extend([Op::Kill { on: 0 }, Op::Kill { on: 1 }]);
    let mut real = Real::new(program.clone());
    let steps = ops.into_iter().map(|op| {
        real.apply(op);
        let state = real.state();
        real.check_idle(state.idle);
        Step {
            op,
            seen: in_order(real.take_seen(), op),
            state,
            woken: real.woken(),
        }
    });
    let steps = steps.collect();
    real.end();
    steps
}

/// Whether the model, closing the names in `order`, does the same; else the step and what is different.
fn explains(
    program: &Program,
    steps: &[Step],
    order: [u8; NAMES as usize],
) -> Result<(), (usize, String)> {
    let mut model = Model::new(program.clone(), order);
    for (number, step) in steps.iter().enumerate() {
        model.apply(step.op);
        let expected = in_order(mem::take(&mut model.seen), step.op);
        if step.seen != expected {
            let both = step.seen.iter().zip(&expected);
            let same = both.take_while(|(a, b)| a == b).count();
            let rest = |all: &[Seen]| all[same..].iter().take(8).cloned().collect::<Vec<_>>();
            let (seen, expected) = (rest(&step.seen), rest(&expected));
            let what = format!("after {same} more, saw {seen:?}\ninstead of {expected:?}");
            return Err((number, what));
        }
        let due = model.state();
        if step.state != due {
            let what = format!("is {:?}\ninstead of {due:?}", step.state);
            return Err((number, what));
        }
        let mut waits = model.must_be_woken().into_iter();
        if let Some(wait) = waits.find(|wait| !step.woken[*wait]) {
            return Err((number, format!("wait {wait} was not woken")));
        }
    }
    Ok(())
}

/// A lane that is shut down goes through its names in the order of its slots, which is not promised: it gets another one.
fn in_order(mut seen: Vec<Seen>, op: Op) -> Vec<Seen> {
    if matches!(op, Op::Kill { .. }) {
        seen.sort_by_key(|seen| format!("{seen:?}"));
    }
    seen
}
