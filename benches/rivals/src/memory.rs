//! What idle things weigh, and that buffers which grew in a burst shrink again. Bytes as asked for from the allocator.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aioevt::Wait;

use crate::harness::book::{Book, Size};
use crate::harness::crowd::words;
use crate::harness::heap::Meter;
use crate::harness::plan::Plan;
use crate::harness::wrong::{Wrong, check};
use crate::ours::{EVENT, Rig, other};

type Large = [u64; 16];

pub fn run(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let count = plan.count(100_000, 20_000) as usize;
    names_and_callbacks(count, book);
    waiters(count, book)?;
    delays(count, book)?;
    queued(count, book)?;
    burst(plan.count(1_000_000, 200_000), book)
}

/// The memory of each of `count` things that `make` makes, with the thing itself, and what is left when they are gone.
fn weigh<T>(count: usize, make: impl Fn(usize) -> T, after: impl FnOnce(Vec<T>)) -> (f64, f64) {
    let mut things = Vec::with_capacity(count);
    let meter = Meter::start();
    things.extend((0..count).map(make));
    // The vector of the things was there before the meter.
    let own = (count * size_of::<T>()) as f64;
    let live = meter.live() as f64 + own;
    after(things);
    let left = meter.live() as f64 + own;
    (live / count as f64, left / count as f64)
}

fn names_and_callbacks(count: usize, book: &mut Book) {
    let rig = Rig::new();
    let (name, _) = weigh(count, |number| rig.manager.topic(other(number)), drop);
    book.size(Size::bytes("idle name (a Topic handle, no callback)", name));

    let mut rig = Rig::new();
    let manager = rig.manager.clone();
    let register = |number: usize| manager.register(other(number), |_: u64| {});
    let (both, left) = weigh(count, register, |registrations| {
        for registration in &registrations {
            registration.unregister();
        }
        rig.settle();
        drop(registrations);
    });
    book.size(Size::bytes(
        "name with one callback and its Registration",
        both,
    ));
    book.size(Size::bytes(
        "left of it when they are unregistered, after a quiet time",
        left,
    ));

    let mut rig = Rig::new();
    let manager = rig.manager.clone();
    let register = |_: usize| drop(manager.register(EVENT, |_: u64| {}));
    let (one, _) = weigh(count, register, |_| rig.drain());
    book.size(Size::bytes("one more callback on a name, queued", one));
    let mut rig = Rig::new();
    let manager = rig.manager.clone();
    let (_, kept) = weigh(
        count,
        |_| drop(manager.register(EVENT, |_: u64| {})),
        |_| rig.drain(),
    );
    book.size(Size::bytes(
        "one more callback on a name, taken by its lane",
        kept,
    ));
}

fn waiters(count: usize, book: &mut Book) -> Result<(), Wrong> {
    let rig = Rig::new();
    let mut context = Context::from_waker(Waker::noop());
    let (armed, _) = weigh(count, |_| rig.manager.wait(EVENT), drop);
    book.size(Size::bytes("waiter, armed", armed));
    let topic = rig.manager.topic(EVENT);
    let mut waits = Vec::with_capacity(count);
    let meter = Meter::start();
    waits.extend((0..count).map(|_| topic.wait()));
    let early = waits
        .iter_mut()
        .map(|wait| Pin::new(wait).poll(&mut context))
        .filter(Poll::is_ready)
        .count();
    let polled = meter.live() as f64 / count as f64 + size_of::<Wait>() as f64;
    drop(waits);
    drop(meter);
    check(early == 0 && rig.manager.stats().waiters == 0, || {
        format!("{early} waits were ready")
    })?;
    book.size(Size::bytes("waiter, armed and polled", polled));
    Ok(())
}

fn delays(count: usize, book: &mut Book) -> Result<(), Wrong> {
    const HOUR: Duration = Duration::from_secs(3600);
    let mut rig = Rig::new();
    let topic = rig.manager.topic(EVENT);
    topic.emit_after(HOUR, words(0)).cancel();
    rig.drain();
    let delay = |number| topic.emit_after(HOUR, words(number as u64));
    let mut pending = 0;
    let (each, left) = weigh(count, delay, |delays| {
        pending = rig.manager.stats().delayed;
        for delay in &delays {
            delay.cancel();
        }
        rig.drain();
        drop(delays);
    });
    check(pending == count, || {
        format!("{pending} of {count} delays were pending")
    })?;
    book.size(Size::bytes(
        "pending delay of 4 words with its Delayed",
        each,
    ));
    book.size(Size::bytes("left of it when it is cancelled", left));
    Ok(())
}

fn queued(count: usize, book: &mut Book) -> Result<(), Wrong> {
    let mut rig = Rig::new();
    let topic = rig.manager.topic(EVENT);
    topic.register(|_: u64, _: u64, _: u64, _: u64| {});
    let (small, _) = weigh(count, |number| _ = topic.emit(words(number as u64)), drop);
    rig.drain();
    book.size(Size::bytes("queued event of 4 words", small));

    let mut rig = Rig::new();
    let topic = rig.manager.topic(EVENT);
    topic.register(|_: Large| {});
    let (large, _) = weigh(count, |number| _ = topic.emit(([number as u64; 16],)), drop);
    rig.drain();
    book.size(Size::bytes(
        "queued event of 16 words (128 bytes of them its data)",
        large,
    ));
    let ran = rig.manager.stats().ran;
    check(ran == count as u64, || format!("{ran} of {count} ran"))
}

/// A burst fills the queue of a lane; then a quiet time must give the memory back.
fn burst(events: u64, book: &mut Book) -> Result<(), Wrong> {
    let mut rig = Rig::new();
    let topic = rig.manager.topic(EVENT);
    topic.register(|_: u64, _: u64, _: u64, _: u64| {});
    rig.drain();
    let meter = Meter::start();
    for number in 0..events {
        topic.emit(words(number));
    }
    book.size(Size::bytes(
        format!("queue with a burst of {events} events"),
        meter.live() as f64,
    ));
    rig.drain();
    book.size(Size::bytes(
        "queue right after the burst",
        meter.live() as f64,
    ));
    for number in 0..1000 {
        topic.emit(words(number));
        rig.drain();
    }
    let quiet = meter.live();
    drop(meter);
    book.size(Size::bytes(
        "queue after 1000 single events more",
        quiet as f64,
    ));
    let ran = rig.manager.stats().ran;
    check(ran == events + 1000, || {
        format!("{ran} of {} ran", events + 1000)
    })
}
