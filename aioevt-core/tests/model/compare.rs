//! Runs a program on the model and on the real thing, and compares after each operation.

use std::mem;

use crate::program::{Op, Program, Seen};
use crate::real::Real;
use crate::reference::Model;

/// What they disagree about, if they do.
pub(crate) fn compare(bytes: &[u8]) -> Result<(), String> {
    let program = Program::from_bytes(bytes);
    let mut ops = program.main.clone();
    // Whatever it was, it ends: all that was accepted and can run does.
    ops.extend([Op::Advance { on: 0, by: 10 }, Op::Advance { on: 1, by: 10 }]);
    ops.extend([
        Op::Close,
        Op::Advance { on: 0, by: 0 },
        Op::Advance { on: 1, by: 0 },
    ]);
    ops.extend([Op::Kill { on: 0 }, Op::Kill { on: 1 }]);
    let mut model = Model::new(program.clone());
    let mut real = Real::new(program.clone());
    for (step, op) in ops.into_iter().enumerate() {
        model.apply(op);
        real.apply(op);
        let disagree =
            |what: String| Err(format!("after step {step}, {op:?}:\n{what}\nof\n{program}"));
        let (mut expected, mut seen) = (mem::take(&mut model.seen), real.take_seen());
        sort(&mut expected, op, real.is_closed());
        sort(&mut seen, op, real.is_closed());
        if seen != expected {
            let same = seen
                .iter()
                .zip(&expected)
                .take_while(|(a, b)| a == b)
                .count();
            let rest = |all: &[Seen]| all[same..].iter().take(8).cloned().collect::<Vec<_>>();
            let (seen, expected) = (rest(&seen), rest(&expected));
            return disagree(format!(
                "after {same} more, saw {seen:?}\ninstead of {expected:?}"
            ));
        }
        let (due, is) = (model.state(), real.state());
        if is != due {
            return disagree(format!("is {is:?}\ninstead of {due:?}"));
        }
        let asleep = model
            .must_be_woken()
            .into_iter()
            .find(|wait| !real.was_woken(*wait));
        if let Some(wait) = asleep {
            return disagree(format!("wait {wait} was not woken"));
        }
        real.check_idle(due.idle);
    }
    real.end();
    Ok(())
}

/// What has no promised order gets one: a lane that is shut down goes through its names in the order of its slots, a
/// manager that is closed in the order of its hashes.
fn sort(seen: &mut [Seen], op: Op, closed: bool) {
    if matches!(op, Op::Kill { .. }) {
        seen.sort_by_key(|seen| format!("{seen:?}"));
    } else if closed {
        seen.sort_by_key(|seen| match seen {
            Seen::Dropped { reg } => *reg,
            _ => usize::MAX,
        });
    }
}
