//! What arming a wait, the emit and taking the result cost against the number of waiters.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use aioevt::Topic;

use super::{REPEATS, decades};
use crate::harness::book::{Book, Curve, Line};
use crate::harness::plan::Plan;
use crate::harness::stats::median;
use crate::harness::wrong::{Wrong, check};
use crate::ours::{EVENT, Rig};

pub fn run(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let (mut arming, mut emitting, mut taking) = (Vec::new(), Vec::new(), Vec::new());
    let rig = Rig::new();
    let topic = rig.manager.topic(EVENT);
    for waiters in decades(plan.count(1_000_000, 100_000)) {
        let mut points = [Vec::new(), Vec::new(), Vec::new()];
        let rounds = (100_000 / waiters).clamp(1, 1000);
        for repeat in 0..=REPEATS {
            let times = round(&topic, waiters, rounds)?;
            if repeat > 0 {
                for (point, time) in points.iter_mut().zip(times) {
                    point.push(time.as_secs_f64() * 1e9 / rounds as f64);
                }
            }
        }
        let x = waiters as f64;
        arming.push((x, median(&points[0]) / x));
        emitting.push((x, median(&points[1])));
        taking.push((x, median(&points[2]) / x));
    }
    book.curve(Curve {
        id: "scaling-waiters",
        title: "Waiting against waiters",
        x: "waiters on the name",
        y: "ns",
        note: "Arming and taking the result are flat for each waiter. The emit is linear: it wakes each of them, once \
               its lock is released; its commit is one step for all.",
        lines: vec![
            Line { name: "arm and first poll, each", points: arming },
            Line { name: "emit, whole", points: emitting },
            Line { name: "take the result, each", points: taking },
        ],
    });
    Ok(())
}

fn round(topic: &Topic, waiters: u64, rounds: u64) -> Result<[Duration; 3], Wrong> {
    let mut context = Context::from_waker(Waker::noop());
    let mut times = [Duration::ZERO; 3];
    let mut waits = Vec::with_capacity(waiters as usize);
    for number in 0..rounds {
        let start = Instant::now();
        for _ in 0..waiters {
            let mut wait = topic.wait();
            let poll = Pin::new(&mut wait).poll(&mut context);
            check(poll.is_pending(), || {
                "a wait ended before the emit".to_owned()
            })?;
            waits.push(wait);
        }
        let armed = Instant::now();
        let heard = topic.emit((number,)).waiters as u64;
        let emitted = Instant::now();
        check(heard == waiters, || {
            format!("{heard} of {waiters} waiters were resolved")
        })?;
        let ready =
            waits
                .drain(..)
                .filter_map(|mut wait| match Pin::new(&mut wait).poll(&mut context) {
                    std::task::Poll::Ready(result) => Some(result.is_ok()),
                    std::task::Poll::Pending => None,
                });
        let right = ready.filter(|&is_right| is_right).count() as u64;
        let taken = Instant::now();
        check(right == waiters, || {
            format!("{right} of {waiters} waits were ready")
        })?;
        for (time, part) in times
            .iter_mut()
            .zip([armed - start, emitted - armed, taken - emitted])
        {
            *time += part;
        }
    }
    Ok(times)
}
