//! Two threads emit at once, on different names and on the same one, against one thread. Callbacks run on inline
//! loops: with two cores there is none left for another thread.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

use aioevt::{EventLoop, Topic};

use crate::harness::book::{Book, Ratio};
use crate::harness::plan::Plan;
use crate::harness::race::{Figure, Race, Round};
use crate::harness::wrong::{Wrong, check, wrong};
use crate::ours;

const MEANING: &str = "aioevt with 1 thread (events per second, higher is better)";

pub(super) fn run(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let finish = Race::new(
        "threads-2: emitting threads, callbacks on inline loops",
        plan.count(1_000_000, 200_000),
    )
    .ours("1 thread", emitting(1, 1))
    .ours("2 threads, different names", emitting(2, 2))
    .ours("2 threads, the same name", emitting(2, 1))
    .run(plan)?;
    let floor = finish.own();
    book.ratio(Ratio::speed_up(
        "threads-2-different",
        floor / finish.own_at(1),
        1.6,
        MEANING,
    ));
    book.ratio(Ratio::speed_up(
        "threads-2-same",
        floor / finish.own_at(2),
        0.9,
        MEANING,
    ));
    book.table(finish.table());
    Ok(())
}

/// What one name has heard: for each emitter the next number, and how many came out of order.
#[repr(align(128))]
#[derive(Debug, Default)]
struct Heard {
    next: [AtomicU64; 2],
    wrong: AtomicU64,
}

impl Heard {
    fn hear(&self, emitter: u64, number: u64) {
        let next = &self.next[usize::from(emitter == 1)];
        if next.load(Relaxed) != number {
            self.wrong.store(1, Relaxed);
        }
        next.store(number + 1, Relaxed);
    }

    fn total(&self) -> u64 {
        self.next.iter().map(|next| next.load(Relaxed)).sum()
    }
}

/// Figures are nanoseconds for an event of all threads together.
fn emitting(threads: u64, names: usize) -> Round<'static> {
    let manager = ours::manager(EventLoop::inline());
    let listen = |number: usize| {
        let heard = Arc::new(Heard::default());
        let topic = manager.topic(format!("event.{number}"));
        let sink = Arc::clone(&heard);
        let call = move |emitter: u64, number: u64, _: u64, _: u64| sink.hear(emitter, number);
        topic.on().event_loop(EventLoop::inline()).call(call);
        (topic, heard)
    };
    let ends: Vec<(Topic, Arc<Heard>)> = (0..names).map(listen).collect();
    let mut sent = 0;
    Box::new(move |events| {
        let _kept = &manager;
        let each = events / threads;
        let barrier = Barrier::new(threads as usize);
        let emit = |emitter: u64| {
            let topic = &ends[emitter as usize % names].0;
            barrier.wait();
            let start = Instant::now();
            for number in sent..sent + each {
                topic.emit((emitter, number, 0_u64, 0_u64));
            }
            (start, Instant::now())
        };
        let times: Vec<_> = thread::scope(|scope| {
            let emitters: Vec<_> = (0..threads)
                .map(|emitter| scope.spawn(move || emit(emitter)))
                .collect();
            emitters
                .into_iter()
                .map(|emitter| emitter.join().map_err(|_| wrong("an emitter panicked")))
                .collect::<Result<_, _>>()
        })?;
        sent += each;
        let total: u64 = ends.iter().map(|(_, heard)| heard.total()).sum();
        let disorder: u64 = ends
            .iter()
            .map(|(_, heard)| heard.wrong.load(Relaxed))
            .sum();
        check(total == sent * threads && disorder == 0, || {
            format!(
                "{total} of {} heard, in order: {}",
                sent * threads,
                disorder == 0
            )
        })?;
        let start = times.iter().map(|time| time.0).min();
        let end = times.iter().map(|time| time.1).max();
        let elapsed = end
            .zip(start)
            .map(|(end, start)| end - start)
            .unwrap_or_default();
        Ok(Figure::whole(each * threads, elapsed))
    })
}
