//! Room made beforehand: what then emits without allocating. In a process of its own, because it counts allocations.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use core::time::Duration;
use std::alloc::System;

use aioevt_core::{EventLoop, EvtData, Manager, PollLoop};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    /// There is no memory left, for this thread.
    static FAILS: Cell<bool> = const { Cell::new(false) };
}

#[global_allocator]
static COUNTING: Counting = Counting;

// SAFETY: as `System`, to which it passes everything on.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        if FAILS.get() {
            return core::ptr::null_mut();
        }
        // SAFETY: the caller's duty is the same.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's duty is the same.
        unsafe { System.dealloc(block, layout) }
    }
}

/// How often `f` allocates on this thread.
fn allocations(f: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    f();
    ALLOCATIONS.get() - before
}

const ROOM: usize = 32;

#[test]
fn emits_do_not_allocate() {
    let mut poll_loop = PollLoop::new(|| ());
    let event_loop = poll_loop.event_loop();
    let mgr = Manager::new(&event_loop);
    let mut poll = || while poll_loop.poll(Duration::ZERO).is_some() {};
    let burst = |name: &str| {
        for n in 0..ROOM {
            assert_eq!(mgr.emit(name, (n, 2, 3)).callbacks, 1);
        }
    };

    // Reserved before the first registration.
    let early = event_loop.new_lane().reserved(ROOM);
    mgr.on("early")
        .event_loop(&early)
        .call(|_: usize, _: u8, _: u8| ());
    poll();
    // Reserved on a lane that has been running.
    let late = event_loop.new_lane();
    mgr.on("late")
        .event_loop(&late)
        .call(|_: usize, _: u8, _: u8| ());
    poll();
    mgr.emit("late", (1, 2, 3));
    poll();
    let _late = late.reserved(ROOM);
    for name in ["early", "late"] {
        // Whichever buffer has its turn.
        for round in 0..3 {
            assert_eq!(allocations(|| burst(name)), 0, "{name}, round {round}");
            poll();
        }
        assert_eq!(
            allocations(|| (0..3).for_each(|_| {
                burst(name);
                poll()
            })),
            0,
            "{name}"
        );
    }

    // Inline: the callbacks run within.
    let inline = EventLoop::inline().reserved(ROOM);
    mgr.on("inline")
        .event_loop(&inline)
        .call(|_: usize, _: u8, _: u8| ());
    assert_eq!(allocations(|| burst("inline")), 0);
    assert_eq!(mgr.stats().ran, 1 + 2 * 6 * ROOM as u64 + ROOM as u64);
}

/// What an inline callback emits waits in the other buffer while it runs.
#[test]
fn emits_inside_an_inline_callback_do_not_allocate() {
    // Reserved before it is used, and by a callback of its own.
    for inside in [false, true] {
        let mut inline = EventLoop::inline();
        if !inside {
            inline = inline.reserved(ROOM);
        }
        let mgr = Manager::new(&inline);
        mgr.register("inner", |_: usize| ());
        mgr.register("outer", |mgr: Manager| {
            for n in 0..ROOM {
                assert_eq!(mgr.emit("inner", (n,)).callbacks, 1);
            }
        });
        if inside {
            let own = inline.clone();
            mgr.on("reserve")
                .once()
                .call(move || drop(own.clone().reserved(ROOM)));
            mgr.emit("reserve", ());
        }
        // Whichever buffer has its turn.
        for round in 0..4 {
            let emit = || assert_eq!(mgr.emit("outer", ()).callbacks, 1);
            assert_eq!(allocations(emit), 0, "{inside}, round {round}");
        }
    }
}

/// The last event of a counted callback is two messages: itself, and that the place of the callback is free. If there is
/// no memory for both, it is rejected, and the callback stays.
#[test]
fn an_event_that_there_is_no_memory_for_is_rejected_whole() {
    let mut poll_loop = PollLoop::new(|| ());
    let lane = poll_loop.event_loop().new_lane().reserved(ROOM);
    let mgr = Manager::new(&lane);
    mgr.register("fills", || ());
    mgr.on("once").once().call(|| ());
    while poll_loop.poll(Duration::ZERO).is_some() {}
    let emit = |name: &str| {
        FAILS.set(true);
        let emitted = mgr.emit(name, ());
        FAILS.set(false);
        (emitted.callbacks, emitted.rejected)
    };
    // Wakes the loop, which keeps a list.
    mgr.emit("fills", ());
    // All but one.
    for _ in 2..ROOM {
        assert_eq!(emit("fills"), (1, 0));
    }
    assert_eq!(emit("once"), (0, 1));
    assert_eq!(emit("fills"), (1, 0));
    assert_eq!(emit("fills"), (0, 1));
    while poll_loop.poll(Duration::ZERO).is_some() {}
    assert_eq!(mgr.emit("once", ()).callbacks, 1);
    while poll_loop.poll(Duration::ZERO).is_some() {}
    assert_eq!(mgr.stats().ran, 1 + ROOM as u64);
}

/// Neither that it wakes its loop for the first time, nor that it is the last of a counted callback.
#[test]
fn the_last_event_of_a_counted_callback_does_not_allocate() {
    let mut poll_loop = PollLoop::new(|| ());
    let lane = poll_loop.event_loop().reserved(ROOM);
    let mgr = Manager::new(&lane);
    for round in 0..3 {
        mgr.on("once").once().call(|_: u8| ());
        while poll_loop.poll(Duration::ZERO).is_some() {}
        let emit = || assert_eq!(mgr.emit("once", (1u8,)).callbacks, 1);
        assert_eq!(allocations(emit), 0, "round {round}");
        while poll_loop.poll(Duration::ZERO).is_some() {}
    }
}

#[test]
fn the_first_event_of_each_of_many_lanes_does_not_allocate() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(EventLoop::inline());
    for n in 0..20 {
        let lane = poll_loop.event_loop().new_lane().reserved(ROOM);
        mgr.on(n.to_string()).event_loop(lane).call(|_: u8| ());
        // Never more than one at a time, so far.
        while poll_loop.poll(Duration::ZERO).is_some() {}
    }
    for n in 0..20 {
        let topic = mgr.topic(n.to_string());
        let emit = || assert_eq!(topic.emit((1u8,)).callbacks, 1);
        assert_eq!(allocations(emit), 0, "lane {n}");
    }
}

/// The room for the wakers of sleeping lanes stays with the name: what is left to allocate is the payload, and not even
/// that if each may have a copy of it.
#[test]
fn an_event_for_many_lanes_allocates_its_payload_only_and_only_if_there_must_be_one() {
    let mut poll_loop = PollLoop::new(|| ());
    let event_loop = poll_loop.event_loop();
    let mgr = Manager::new(&event_loop);
    let lanes: Vec<_> = (0..12).map(|_| event_loop.new_lane()).collect();
    for lane in &lanes {
        mgr.on("many")
            .event_loop(lane)
            .call(|_: u8, _: &'static str| ());
    }
    let mut poll = || while poll_loop.poll(Duration::ZERO).is_some() {};
    let plain = || allocations(|| assert_eq!(mgr.emit("many", (1, "x")).callbacks, lanes.len()));
    let wait_too = || {
        let mut wait = mgr.wait("many");
        let allocations =
            allocations(|| assert_eq!(mgr.emit("many", (1, "x")).callbacks, lanes.len()));
        let wait = Pin::new(&mut wait).poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(wait, Poll::Ready(Ok(data)) if data.args() == Ok((1, "x"))));
        allocations
    };
    // A type of which the core does not know that it is plain.
    #[derive(Clone)]
    struct Unknown;
    let unknown = || {
        let emit = || mgr.emit("many", (1, "x", Unknown));
        allocations(|| assert_eq!(emit().callbacks, lanes.len()))
    };
    mgr.on_error(|_| ());
    // Both buffers of each lane.
    for _ in 0..3 {
        poll();
        unknown();
    }
    for _ in 0..3 {
        poll();
        assert_eq!(plain(), 0);
        poll();
        assert_eq!(wait_too(), 0);
        poll();
        assert_eq!(unknown(), 1);
    }
    poll();
    assert_eq!(mgr.stats().failed, 6 * lanes.len() as u64);
    assert_eq!(mgr.stats().ran, 6 * lanes.len() as u64);
    assert_eq!(mgr.unregister("many"), lanes.len());
    poll();

    // Each of them keeps what it gets. Once that is known there is one for all.
    for lane in &lanes {
        mgr.on("many").event_loop(lane).call(|_: EvtData| ());
    }
    poll();
    let once = || assert_eq!(mgr.emit("many", (1, "x")).callbacks, lanes.len());
    once();
    poll();
    for _ in 0..3 {
        assert_eq!(allocations(once), 1);
        assert_eq!(allocations(&mut poll), 0);
    }
}

/// Small data stays in what the waits share, which they have made.
#[test]
fn an_emit_that_only_waits_get_does_not_allocate() {
    let mgr = Manager::new(EventLoop::inline());
    let mut cx = Context::from_waker(Waker::noop());
    let mut waits = [mgr.wait("x"), mgr.wait("x"), mgr.wait("x")];
    // One has left a waker, the others have not been polled.
    assert!(Pin::new(&mut waits[0]).poll(&mut cx).is_pending());
    let emit = || assert_eq!(mgr.emit("x", (1, 2, 3)).waiters, 3);
    assert_eq!(allocations(emit), 0);
    for mut wait in waits {
        let mut polled = Poll::Pending;
        assert_eq!(
            allocations(|| polled = Pin::new(&mut wait).poll(&mut cx)),
            0
        );
        let Poll::Ready(Ok(data)) = polled else {
            panic!("an event has come");
        };
        assert_eq!(data.args(), Ok((1, 2, 3)));
    }
}

/// Also if somebody has heard the name before: what ended with its last event is not built for.
#[test]
fn an_emit_that_nobody_hears_any_more_does_not_allocate() {
    let mgr = Manager::new(EventLoop::inline());
    let topic = mgr.topic("x");
    topic.on().once().call(|| ());
    assert_eq!(topic.emit(()).callbacks, 1);
    let emit = || assert_eq!(topic.emit(([0_u64; 20],)).callbacks, 0);
    assert_eq!(allocations(emit), 0);
    for event in [0_u32, 1] {
        let wait = topic.wait();
        assert_eq!(topic.emit((event,)).waiters, 1);
        assert_eq!(allocations(emit), 0);
        drop(wait);
        assert_eq!(allocations(emit), 0);
    }
}

/// One that keeps the data made the topic share it; who comes after it gets copies again.
#[test]
fn a_hot_name_does_not_remember_that_data_was_kept() {
    let mut poll_loop = PollLoop::new(|| ());
    let lanes = [poll_loop.event_loop(), poll_loop.event_loop().new_lane()];
    let mgr = Manager::new(&lanes[0]);
    let mut life = |keeps: bool| {
        let first = if keeps {
            let mut kept = None;
            let keep = move |data: EvtData| drop(kept.replace(data));
            mgr.on("x").event_loop(&lanes[0]).call(keep)
        } else {
            mgr.on("x").event_loop(&lanes[0]).call(|_: u32| ())
        };
        let second = mgr.on("x").event_loop(&lanes[1]).call(|_: u32| ());
        let mut allocated = 0;
        for event in 0..10_u32 {
            while poll_loop.poll(Duration::ZERO).is_some() {}
            allocated = allocations(|| assert_eq!(mgr.emit("x", (event,)).callbacks, 2));
        }
        assert!(first.unregister() && second.unregister());
        while poll_loop.poll(Duration::ZERO).is_some() {}
        allocated
    };
    assert_eq!([life(false), life(true), life(false)], [0, 1, 0]);
}
