//! Many pending delays on a tokio runtime: the processor time of arming and firing them all, and the memory of each.
//!
//! The wall clock would show the sleeping only, so `delivered` is processor time of the whole process here.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use aioevt::Manager;

use crate::harness::book::{Book, Ratio};
use crate::harness::heap::Meter;
use crate::harness::machine::processor_time;
use crate::harness::plan::Plan;
use crate::harness::race::{Figure, Race, Round};
use crate::harness::wrong::{Wrong, check};
use crate::ours::{self, EVENT};
use crate::rivals;
use crate::runtimes::TokioThread;

const DELAYS: u64 = 100_000;
/// All delays must be armed before the first is due.
const FIRST: Duration = Duration::from_millis(400);
/// From the first to the last one due.
const SPREAD: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) fn run(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let delays = plan.count(DELAYS, DELAYS / 2);
    let finish = Race::new(
        format!("delay-100k: {delays} pending delays armed and fired, processor time"),
        delays,
    )
    .unit("ns a delay")
    .ours("aioevt", armed(Ours::start()))
    .rival(rivals::SPAWN_SLEEP, armed(SpawnSleep::start()))
    .run(plan)?;
    book.ratio(finish.ratio("delay-100k", 1.2));
    book.table(finish.table());
    let ours = bytes(&Ours::start(), delays)?;
    let rival = bytes(&SpawnSleep::start(), delays)?;
    println!(
        "#   bytes each: aioevt {ours:.0}, {} {rival:.0}",
        rivals::SPAWN_SLEEP.name
    );
    book.ratio(Ratio::to_rival(
        "delay-100k-bytes",
        ours / rival,
        1.2,
        rivals::SPAWN_SLEEP.name,
    ));
    Ok(())
}

/// What the delays do when they fire; the numbers of those due together may come in any order on some rivals.
#[derive(Debug, Default)]
struct Fired {
    count: AtomicU64,
    sum: AtomicU64,
    early: AtomicBool,
}

impl Fired {
    fn fire(&self, number: u64, due: Instant) {
        if Instant::now() < due {
            self.early.store(true, Relaxed);
        }
        self.sum.fetch_add(number, Relaxed);
        self.count.fetch_add(1, Relaxed);
    }
}

trait Delays {
    fn arm(&self, delay: Duration, number: u64, due: Instant);
    fn fired(&self) -> &Fired;
}

struct Ours {
    topic: aioevt::Topic,
    fired: Arc<Fired>,
    _manager: Manager,
    _thread: TokioThread,
}

impl Ours {
    fn start() -> Self {
        let thread = TokioThread::start();
        let manager = ours::manager(ours::tokio_loop(&thread));
        let fired = Arc::new(Fired::default());
        let sink = Arc::clone(&fired);
        manager.register(EVENT, move |number: u64, due: Instant| {
            sink.fire(number, due);
        });
        Self {
            topic: manager.topic(EVENT),
            fired,
            _manager: manager,
            _thread: thread,
        }
    }
}

impl Delays for Ours {
    fn arm(&self, delay: Duration, number: u64, due: Instant) {
        self.topic.emit_after(delay, (number, due));
    }

    fn fired(&self) -> &Fired {
        &self.fired
    }
}

struct SpawnSleep {
    fired: Arc<Fired>,
    thread: TokioThread,
}

impl SpawnSleep {
    fn start() -> Self {
        Self {
            fired: Arc::default(),
            thread: TokioThread::start(),
        }
    }
}

impl Delays for SpawnSleep {
    fn arm(&self, delay: Duration, number: u64, due: Instant) {
        let fired = Arc::clone(&self.fired);
        self.thread.spawn(async move {
            tokio::time::sleep(delay).await;
            fired.fire(number, due);
        });
    }

    fn fired(&self) -> &Fired {
        &self.fired
    }
}

/// Arms all of them; their deadlines are spread over a tenth of a second, in a mixed order.
fn arm_all(who: &impl Delays, delays: u64) {
    let first = Instant::now() + FIRST;
    for number in 0..delays {
        let due = first + SPREAD.mul_f64((number * 7919 % delays) as f64 / delays as f64);
        who.arm(due.saturating_duration_since(Instant::now()), number, due);
    }
}

fn wait_all(who: &impl Delays, delays: u64) -> Result<(), Wrong> {
    let limit = Instant::now() + PATIENCE;
    while who.fired().count.load(Relaxed) < delays && Instant::now() < limit {
        thread::sleep(Duration::from_millis(5));
    }
    let (count, sum) = (
        who.fired().count.swap(0, Relaxed),
        who.fired().sum.swap(0, Relaxed),
    );
    let all = count == delays && sum == delays * (delays - 1) / 2;
    check(all, || format!("{count} of {delays} delays fired"))?;
    check(!who.fired().early.load(Relaxed), || {
        "a delay fired too early".to_owned()
    })
}

fn armed(who: impl Delays + 'static) -> Round<'static> {
    Box::new(move |delays| {
        let used = processor_time();
        let start = Instant::now();
        arm_all(&who, delays);
        let arming = start.elapsed();
        check(arming < FIRST, || {
            format!("arming took {arming:?}, longer than the first delay")
        })?;
        wait_all(&who, delays)?;
        Ok(Figure::per_event(
            delays,
            arming,
            processor_time().saturating_sub(used),
        ))
    })
}

/// The heap that a pending delay holds.
fn bytes(who: &impl Delays, delays: u64) -> Result<f64, Wrong> {
    who.arm(Duration::ZERO, 0, Instant::now());
    wait_all(who, 1)?;
    let meter = Meter::start();
    arm_all(who, delays);
    thread::sleep(FIRST / 4);
    let live = meter.live() as f64 / delays as f64;
    drop(meter);
    wait_all(who, delays)?;
    Ok(live)
}
