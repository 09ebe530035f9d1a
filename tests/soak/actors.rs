//! The threads that keep everything busy: they emit, register, unregister, wait, ask for delays, and kill.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use aioevt::{Manager, Spawner, WaitError};
use fastrand::Rng;

use crate::World;
use crate::account::{Account, Tally};

/// Each with its own part of the work.
pub(crate) const ACTORS: [fn(&Arc<World>, Rng); 5] = [emit, churn, wait, delay, kill];

/// Emits to the manager of one loop, or to that of all.
fn emit(world: &Arc<World>, mut rng: Rng) {
    let me = world.new_emitter();
    for number in 0.. {
        if world.is_over() {
            return;
        }
        let account = world.any_account(&mut rng);
        if account.is_behind() {
            thread::yield_now();
            continue;
        }
        let emitted = account.mgr.emit("work", (me, number, world.token.clone()));
        account.note(emitted);
        if rng.u8(..) == 0 {
            account.note(account.mgr.emit("odd", (number,)));
        }
    }
}

/// A task that emits on the loop that it is a task of. It ends with the loop at the latest.
pub(crate) fn spawn_emitter(world: &Arc<World>, place: usize) {
    let (me, shared, account) = (
        world.new_emitter(),
        Arc::downgrade(world),
        world.places[place].account.clone(),
    );
    let event_loop = world.places[place].event_loop();
    let emitter = async move {
        for number in 0.. {
            let Some(world) = shared.upgrade().filter(|world| !world.is_over()) else {
                return;
            };
            if !account.is_behind() {
                let data = (me, number, world.token.clone());
                account.note(account.mgr.emit("work", data));
            }
            drop(world);
            futures_lite::future::yield_now().await;
        }
    };
    // A loop that is being shut down may refuse it.
    let _ = event_loop.spawn(Box::pin(emitter));
}

/// Names, counted callbacks, guards and whole managers come and go.
fn churn(world: &Arc<World>, mut rng: Rng) {
    for number in 0_u64.. {
        if world.is_over() {
            return;
        }
        let place = &world.places[rng.usize(..world.places.len())];
        let event_loop = place.event_loop();
        let Account { mgr, tally } = &place.account;
        let name = format!("churn.{number}");
        let on = || mgr.on(&name).event_loop(&event_loop);
        let (ran, token) = (tally.clone(), world.token.clone());
        let count = move || {
            let _ = &token;
            Tally::add(&ran.ran, 1);
        };
        let times = rng.usize(1..4);
        let counted = on().times(times).call(count.clone());
        let guard = on().call(count.clone()).guard();
        on().call(count);
        for _ in 0..rng.usize(..4) {
            place.account.note(mgr.emit(&name, ()));
        }
        match rng.u8(..4) {
            0 => drop(guard),
            1 => {
                counted.unregister();
            }
            2 => drop(mgr.wait(&name)),
            _ => {}
        }
        mgr.unregister(&name);
        counted.unregister();
        if number % 16 == 0 {
            // One that nobody keeps: it closes with callbacks that have not run.
            let short = Manager::new(&event_loop);
            short.on_error(|_| ());
            let token = world.token.clone();
            short.register("short", move || drop(token.clone()));
            short.emit("short", ());
            world.fault();
        }
    }
}

/// Waits for events that come, or do not come in time, with the timer of any loop.
fn wait(world: &Arc<World>, mut rng: Rng) {
    while !world.is_over() {
        let account = world.any_account(&mut rng);
        let timer = world.places[rng.usize(..world.places.len())].event_loop();
        let limit = Duration::from_micros(rng.u64(..2_000));
        let name = if rng.bool() { "work" } else { "never" };
        let mut wait = account.mgr.wait(name);
        match rng.u8(..3) {
            0 => drop(wait),
            1 => {
                wait = wait.timeout_on(&timer, limit);
                let mut cx = Context::from_waker(Waker::noop());
                let _: Poll<_> = pin!(wait).poll(&mut cx);
            }
            _ => match wait.timeout_on(&timer, limit).blocking() {
                Ok(data) => assert_eq!(data.len(), 3, "an event of another name"),
                Err(WaitError::TimedOut) => world.fault(),
                Err(error) => panic!("nobody unregistered or closed: {error}"),
            },
        }
    }
}

/// Emits later, on the timer of any loop, and sometimes changes its mind.
fn delay(world: &Arc<World>, mut rng: Rng) {
    let Account { mgr, tally } = &world.delays;
    while !world.is_over() {
        if mgr.stats().delayed > 5_000 {
            thread::yield_now();
            continue;
        }
        let timer = world.places[rng.usize(..world.places.len())].event_loop();
        let delay = Duration::from_micros(rng.u64(..5_000));
        Tally::add(&tally.delays, 1);
        let delayed = mgr.emit_after_on(&timer, delay, "late", (world.token.clone(),));
        if rng.bool() && delayed.cancel() {
            Tally::add(&tally.cancelled, 1);
        }
    }
}

/// Shuts loops down in the middle of everything, and puts others in their places.
fn kill(world: &Arc<World>, mut rng: Rng) {
    while !world.is_over() {
        let place = rng.usize(..world.places.len());
        if world.places[place].kind.mortal {
            world.replace(place);
            world.fault();
        }
        // A while in which there is something to be killed again.
        let until = world.emitted.load(SeqCst) + rng.u64(..2_000);
        while world.emitted.load(SeqCst) < until && !world.is_over() {
            thread::yield_now();
        }
    }
}
