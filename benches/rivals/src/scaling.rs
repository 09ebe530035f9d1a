//! How costs grow, on a loop of this thread: the emitter's time and the whole are told apart without a second core.

pub mod callbacks;
pub mod lanes;
pub mod names;
pub mod population;
pub mod waiters;

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::harness::stats::median;
use crate::harness::wrong::{Wrong, check};
use crate::ours::Rig;

/// Deliveries heard by [`hear`] of this process, which runs one workload at a time.
static HEARD: AtomicU64 = AtomicU64::new(0);

const REPEATS: usize = 7;
const BATCH: u64 = 32;

/// The callback of every curve.
fn hear(_: u64) {
    HEARD.store(HEARD.load(Relaxed) + 1, Relaxed);
}

/// The medians of a point, in nanoseconds an emit.
#[derive(Clone, Copy)]
struct Cost {
    emit: f64,
    delivered: f64,
}

/// Emits in small batches and runs the loop after each. Every emit must be heard by `heard_by` callbacks.
fn cost(rig: &mut Rig, emits: u64, heard_by: u64, emit: impl Fn(u64)) -> Result<Cost, Wrong> {
    let batches = (emits / BATCH).max(1);
    let (mut emitting, mut delivering) = (Vec::new(), Vec::new());
    for repeat in 0..=REPEATS {
        HEARD.store(0, Relaxed);
        let (mut emitted, mut delivered) = (Duration::ZERO, Duration::ZERO);
        for batch in 0..batches {
            let start = Instant::now();
            for number in 0..BATCH {
                emit(batch * BATCH + number);
            }
            emitted += start.elapsed();
            rig.drain();
            delivered += start.elapsed();
        }
        let (heard, expected) = (HEARD.load(Relaxed), batches * BATCH * heard_by);
        check(heard == expected, || {
            format!("{heard} of {expected} deliveries")
        })?;
        if repeat > 0 {
            let each = 1e9 / (batches * BATCH) as f64;
            emitting.push(emitted.as_secs_f64() * each);
            delivering.push(delivered.as_secs_f64() * each);
        }
    }
    Ok(Cost {
        emit: median(&emitting),
        delivered: median(&delivering),
    })
}

/// 1, 10, 100, .. up to `most`.
fn decades(most: u64) -> impl Iterator<Item = u64> {
    (0..)
        .map(|power| 10_u64.pow(power))
        .take_while(move |&count| count <= most)
}

/// Numbers below `count` in an order that no prefetcher foresees.
fn scattered(number: u64, count: u64) -> usize {
    let mixed = number
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .rotate_left(23)
        .wrapping_mul(0xD134_2543_DE82_EF95);
    (mixed % count) as usize
}
