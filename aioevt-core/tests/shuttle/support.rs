//! What the models share: loops on threads of their own, the way a model is run, and the account at its end.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aioevt_core::{Emitted, EventLoop, Manager, PollLoop, Stats};
use shuttle::sync::{Condvar, Mutex as ModelMutex};
use shuttle::thread::{self, JoinHandle};
use shuttle::{Config, Runner};

/// Schedules of a model, of each kind, if `SHUTTLE_ITERATIONS` does not say otherwise.
const ITERATIONS: usize = 1000;

/// Priorities that change so often in one schedule: what few switches at the right moments bring about.
const SWITCHES: usize = 3;

fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|number| number.parse().unwrap())
}

/// Runs `f` under random schedules of two kinds: any thread may go on at any step, or few switches at chosen ones.
/// `SHUTTLE_RANDOM_SEED` repeats a run, and `SHUTTLE_REPLAY` one schedule of it.
///
/// What a model notes for its assertions goes into std's own types: they are used between two steps of a schedule, so
/// they add none.
pub(crate) fn model(f: impl Fn() + Send + Sync + 'static) {
    if let Ok(schedule) = std::env::var("SHUTTLE_REPLAY") {
        return shuttle::replay(f, &schedule);
    }
    let iterations = number("SHUTTLE_ITERATIONS").map_or(ITERATIONS, |number| number as usize);
    let seed = number("SHUTTLE_RANDOM_SEED").unwrap_or(1);
    let mut config = Config::new();
    // Unoptimized frames are large.
    config.stack_size = 0x4_0000;
    // Loom is there for the orders.
    config.silence_warnings = true;
    let f = Arc::new(f);
    let any = shuttle::scheduler::RandomScheduler::new_from_seed(seed, iterations);
    let random = f.clone();
    Runner::new(any, config.clone()).run(move || random());
    let few = shuttle::scheduler::PctScheduler::new_from_seed(seed, SWITCHES, iterations);
    Runner::new(few, config).run(move || f());
}

/// A `PollLoop` that is run by a thread of its own, until it is told to stop. Its time passes as fast as it can: to the
/// next deadline whenever there is nothing else to do.
pub(crate) struct LoopThread {
    event_loop: EventLoop,
    signal: Arc<Signal>,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct Signal {
    state: ModelMutex<SignalState>,
    changed: Condvar,
}

#[derive(Default)]
struct SignalState {
    notified: bool,
    stopped: bool,
}

impl Signal {
    fn change(&self, f: impl FnOnce(&mut SignalState)) {
        f(&mut self.state.lock().unwrap());
        self.changed.notify_all();
    }

    /// Waits until the loop is notified; `false` if it is to stop.
    fn wait(&self) -> bool {
        let mut state = self.state.lock().unwrap();
        while !state.notified && !state.stopped {
            state = self.changed.wait(state).unwrap();
        }
        state.notified = false;
        !state.stopped
    }

    fn is_stopped(&self) -> bool {
        self.state.lock().unwrap().stopped
    }
}

impl LoopThread {
    pub(crate) fn spawn() -> Self {
        let signal = Arc::new(Signal::default());
        let notify = signal.clone();
        let mut poll_loop = PollLoop::new(move || notify.change(|state| state.notified = true));
        let event_loop = poll_loop.event_loop();
        let told = signal.clone();
        let thread = thread::spawn(move || {
            let mut now = Duration::ZERO;
            while !told.is_stopped() {
                match poll_loop.poll(now) {
                    Some(next) => now = next,
                    None => {
                        if !told.wait() {
                            break;
                        }
                    }
                }
            }
        });
        Self {
            event_loop,
            signal,
            thread,
        }
    }

    pub(crate) fn event_loop(&self) -> EventLoop {
        self.event_loop.clone()
    }

    /// Ends the loop at its next turn, whatever is queued on it.
    pub(crate) fn stop(self) {
        self.signal.change(|state| state.stopped = true);
        self.thread.join().unwrap();
    }
}

/// Counts calls, between two steps of the schedule.
#[derive(Clone, Default)]
pub(crate) struct Count(Arc<AtomicUsize>);

impl Count {
    pub(crate) fn add(&self, n: usize) {
        self.0.fetch_add(n, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed) as u64
    }

    /// A callback that counts its calls.
    pub(crate) fn callback(&self) -> impl FnMut(u32) + Send + 'static {
        let count = self.clone();
        move |_: u32| count.add(1)
    }
}

/// What callbacks write down, in the order of their calls.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u32>>>);

impl Log {
    pub(crate) fn push(&self, value: u32) {
        self.0.lock().unwrap().push(value);
    }

    pub(crate) fn all(&self) -> Vec<u32> {
        self.0.lock().unwrap().clone()
    }

    /// A callback that writes its argument down.
    pub(crate) fn callback(&self) -> impl FnMut(u32) + Send + 'static {
        let log = self.clone();
        move |value: u32| log.push(value)
    }
}

/// Deliveries that the emits have counted.
pub(crate) fn accepted(emitted: &[Emitted]) -> u64 {
    emitted.iter().map(|emitted| emitted.callbacks as u64).sum()
}

/// The account when nothing is left to do: what was `accepted` by the emits has ended, `ran` of it by being called.
pub(crate) fn balanced(mgr: &Manager, accepted: u64, ran: u64) -> Stats {
    let stats = mgr.stats();
    assert_eq!(stats.accepted, accepted, "{stats:?}");
    assert_eq!(stats.ran, ran, "{stats:?}");
    assert_eq!(stats.pending, 0, "{stats:?}");
    let ended = stats.ran + stats.failed + stats.panicked + stats.discarded;
    assert_eq!(stats.accepted, ended, "{stats:?}");
    stats
}

/// Nothing of what was is left.
pub(crate) fn empty(mgr: &Manager) {
    let stats = mgr.stats();
    let left = (stats.names, stats.callbacks, stats.waiters, stats.delayed);
    assert_eq!(left, (0, 0, 0, 0), "{:?}", mgr.names());
}
