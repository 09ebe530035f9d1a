//! Everything at once, for as long as one likes: all kinds of loops in one process, emitters on each, callbacks of every
//! temper, loops that are killed and replaced, names, managers and waits that come and go. At the end every delivery is
//! accounted for, and nothing is left. `cargo xtask soak --seconds N`, or `SOAK_SECONDS` and `SOAK_SEED`.
#![allow(clippy::unwrap_used, reason = "a test")]

mod account;
mod actors;
mod consumers;
mod hosts;
mod process;

use std::env;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use aioevt::{EventLoop, ThreadLoop};
use fastrand::Rng;

use self::account::{Account, LIMIT, Tally};
use self::hosts::{Host, KINDS, Kind};

/// How long one world lives before the next one is made.
const GENERATION: Duration = Duration::from_secs(2);

/// What executors, allocators and thread-locals may keep between two worlds, in bytes.
const SLACK: usize = 256 * 1024;

/// One world: a place for each kind of loop, and managers.
struct World {
    places: Vec<Place>,
    /// Of all places.
    shared: Account,
    /// Of all delays, whose callbacks run inline.
    delays: Account,
    emitters: AtomicUsize,
    emitted: AtomicU64,
    faults: AtomicU64,
    over: AtomicBool,
    /// Travels with every event and every closure.
    token: Arc<()>,
}

/// A loop, which may be replaced by another one of its kind, and a manager of its own.
struct Place {
    kind: &'static Kind,
    host: Mutex<Host>,
    account: Account,
}

impl Place {
    fn event_loop(&self) -> EventLoop {
        self.host.lock().unwrap().event_loop.clone()
    }
}

impl World {
    fn new(clock: &ThreadLoop) -> Arc<Self> {
        let places = KINDS.iter().map(|kind| Place {
            kind,
            host: Mutex::new((kind.start)()),
            // Its limits are kept by a loop that nobody kills.
            account: Account::new(&clock.event_loop()),
        });
        let world = Arc::new(Self {
            places: places.collect(),
            shared: Account::new(&clock.event_loop()),
            delays: Account::new(&clock.event_loop()),
            emitters: AtomicUsize::new(0),
            emitted: AtomicU64::new(0),
            faults: AtomicU64::new(0),
            over: AtomicBool::new(false),
            token: Arc::default(),
        });
        (0..world.places.len()).for_each(|place| world.settle_in(place));
        let Account { mgr, tally } = &world.delays;
        let tally = tally.clone();
        let late = move |_: Arc<()>| Tally::add(&tally.fired, 1);
        mgr.on("late").event_loop(EventLoop::inline()).call(late);
        world
    }

    /// Callbacks on a new loop.
    fn settle_in(self: &Arc<Self>, place: usize) {
        let event_loop = self.places[place].event_loop();
        consumers::register(&self.places[place].account, &event_loop);
        consumers::register(&self.shared, &event_loop);
        actors::spawn_emitter(self, place);
    }

    fn replace(self: &Arc<Self>, place: usize) {
        let next = (self.places[place].kind.start)();
        let old = std::mem::replace(&mut *self.places[place].host.lock().unwrap(), next);
        self.settle_in(place);
        drop(old);
    }

    fn any_account(&self, rng: &mut Rng) -> &Account {
        self.emitted.fetch_add(1, SeqCst);
        let place = self.places.get(rng.usize(..=self.places.len()));
        place.map_or(&self.shared, |place| &place.account)
    }

    fn new_emitter(&self) -> usize {
        self.emitters.fetch_add(1, SeqCst)
    }

    fn fault(&self) {
        self.faults.fetch_add(1, SeqCst);
    }

    fn is_over(&self) -> bool {
        self.over.load(SeqCst)
    }
}

#[derive(Default)]
struct Total {
    delivered: u64,
    faults: u64,
    worlds: u64,
}

impl Total {
    /// One world from its beginning to its end.
    fn live(&mut self, rng: &mut Rng, time: Duration) {
        let clock = ThreadLoop::spawn("clock").unwrap();
        let world = World::new(&clock);
        let threads = actors::ACTORS.map(|actor| {
            let (world, rng) = (world.clone(), rng.fork());
            thread::spawn(move || actor(&world, rng))
        });
        thread::park_timeout(time);
        world.over.store(true, SeqCst);
        for thread in threads {
            thread.join().unwrap();
        }
        // Tasks that emit hold it for a moment each; those that come later find it gone.
        let world = alone(world);
        let accounts = world
            .places
            .iter()
            .map(|place| (&place.account, place.kind.name));
        for (account, name) in accounts.chain([(&world.shared, "all of them")]) {
            let (delivered, faults) = account.settle(name);
            self.delivered += delivered;
            self.faults += faults;
        }
        let delays = || world.delays.has_settled_delays();
        until(delays, "a delay is neither done, nor cancelled, nor lost");
        self.faults += world.faults.load(SeqCst);
        self.worlds += 1;

        for Place { kind, account, .. } in &world.places {
            account.clone().end(kind.name);
        }
        world.shared.end("all of them");
        world.delays.end("the delays");
        drop(world.places);
        clock.shutdown();
        until(
            || Arc::strong_count(&world.token) == 1,
            "a payload or a closure is left",
        );
    }
}

/// What others still have to do comes to an end.
fn until(mut done: impl FnMut() -> bool, otherwise: &str) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < LIMIT, "{otherwise}");
        thread::yield_now();
    }
}

/// What is in there, once all others have let go of it.
fn alone<T>(mut shared: Arc<T>) -> T {
    let start = Instant::now();
    loop {
        shared = match Arc::try_unwrap(shared) {
            Ok(inside) => return inside,
            Err(shared) => shared,
        };
        assert!(start.elapsed() < LIMIT, "a task still runs");
        thread::yield_now();
    }
}

/// A number from the environment.
fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |number| number.parse().unwrap())
}

#[test]
fn nothing_is_lost() {
    let time = Duration::from_secs(number("SOAK_SECONDS", 2));
    let seed = number("SOAK_SEED", 1);
    let (start, mut rng) = (Instant::now(), Rng::with_seed(seed));
    let mut total = Total::default();
    // What the global executors and the allocator keep is there from the first world on.
    total.live(&mut rng, GENERATION.min(time) / 4);
    let (heap, threads) = (process::heap(), process::threads());
    while start.elapsed() < time {
        let left = time.saturating_sub(start.elapsed());
        total.live(&mut rng, GENERATION.min(left));
    }
    // Fewer, if one of the first world had not quite ended.
    until(|| process::threads() <= threads, "a thread is left");
    // A driver that nobody needs any more ends by itself, on an executor that lives on.
    let grown = || process::heap().saturating_sub(heap);
    until(|| grown() < SLACK, "memory is left on the heap");
    let grown = grown();
    let Total {
        delivered,
        faults,
        worlds,
    } = total;
    println!("seed {seed}: {worlds} worlds, {grown} bytes more than after the first one");
    println!("{delivered} events delivered, {faults} faults injected, losses: 0");
}
