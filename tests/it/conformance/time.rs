//! Limits and delays. Real time may pass, so nothing here depends on how fast anything is.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use aioevt::{EventLoop, Manager, Timer, WaitError};

use crate::support::{LIMIT, Log, LoopUnderTest, Token};

const SHORT: Duration = Duration::from_millis(5);
const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn a_wait_times_out_and_leaves_nothing<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    assert_eq!(
        l.run(mgr.wait("x").timeout(SHORT)).unwrap_err(),
        WaitError::TimedOut
    );
    let topic = mgr.topic("y");
    // A limit set before is replaced.
    let wait = topic.wait().timeout(HOUR).timeout_on(l.event_loop(), SHORT);
    assert_eq!(l.run(wait).unwrap_err(), WaitError::TimedOut);
    drop(topic);
    assert_eq!((mgr.stats().waiters, mgr.stats().names), (0, 0));
    assert_eq!(mgr.emit("x", ()).waiters, 0);
}

pub(crate) fn a_limit_of_nothing_passes_too<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let wait = mgr.wait("x").timeout(Duration::ZERO);
    assert_eq!(l.run(wait).unwrap_err(), WaitError::TimedOut);
}

pub(crate) fn an_event_in_time_is_received<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    for limit in [HOUR, Duration::MAX] {
        let wait = mgr.wait("x").timeout(limit);
        mgr.emit("x", (1,));
        assert_eq!(l.run(wait).unwrap().arg(0), Ok(1));
    }
    let wait = mgr.wait("x").timeout(HOUR);
    mgr.unregister("x");
    assert_eq!(l.run(wait).unwrap_err(), WaitError::Unregistered);
}

pub(crate) fn a_limit_races_an_emit_and_there_is_one_outcome<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (mut resolved, mut received) = (0, 0);
    for round in 0..1000 {
        let waits: Vec<_> = (0..3)
            .map(|_| mgr.wait("x").timeout(Duration::from_micros(round % 50)))
            .collect();
        thread::scope(|scope| {
            let emitter = scope.spawn(|| mgr.emit("x", (round,)));
            for wait in waits {
                match l.run(wait) {
                    Ok(data) => received += usize::from(data.arg(0) == Ok(round)),
                    Err(error) => assert_eq!(error, WaitError::TimedOut),
                }
            }
            resolved += emitter.join().unwrap().waiters;
        });
    }
    assert_eq!(resolved, received);
    assert_eq!((mgr.stats().waiters, mgr.stats().names), (0, 0));
}

pub(crate) fn idle_times_out_while_a_call_is_suspended<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    mgr.register(
        "x",
        |mgr: Manager| async move { mgr.wait("go").await.map(drop) },
    );
    let begun = mgr.wait("begun");
    mgr.emit("x", ());
    mgr.register("y", |mgr: Manager| mgr.emit("begun", ()));
    mgr.emit("y", ());
    l.run(begun).unwrap();
    assert_eq!(l.run(mgr.idle().timeout(SHORT)), Err(WaitError::TimedOut));
    mgr.emit("go", ());
    l.settle(&mgr);
    assert_eq!(l.run(mgr.idle().timeout(LIMIT)), Ok(()));
}

pub(crate) fn idle_times_out_after_close<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (other, begun) = (Manager::new(EventLoop::inline()), mgr.wait("begun"));
    mgr.register("x", {
        let other = other.clone();
        move |mgr: Manager| {
            let end = other.wait("end");
            mgr.emit("begun", ());
            async move { end.await.map(drop) }
        }
    });
    mgr.emit("x", ());
    l.run(begun).unwrap();
    mgr.close();
    assert_eq!(l.run(mgr.idle().timeout(SHORT)), Err(WaitError::TimedOut));
    other.emit("end", ());
    assert_eq!(l.run(mgr.idle().timeout(LIMIT)), Ok(()));
    // Nothing is outstanding, so there is no timer, and no need of one.
    assert_eq!(l.run(mgr.idle().timeout(SHORT)), Ok(()));
    assert_eq!(mgr.stats().ran, 1);
}

pub(crate) fn a_delay_is_not_early<L: LoopUnderTest>() {
    let mut l = L::start();
    let (mgr, timer) = (Manager::new(l.event_loop()), l.event_loop());
    for millis in [0, 1, 3, 10] {
        let delay = Duration::from_millis(millis);
        let fired = mgr.wait("x");
        let before = timer.now();
        mgr.emit_after(delay, "x", ());
        l.run(fired).unwrap();
        assert!(timer.now() >= before + delay);
    }
    assert_eq!((mgr.stats().delayed, mgr.stats().delays_lost), (0, 0));
}

pub(crate) fn a_delay_of_nothing_does_not_run_inside_emit_after<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let (outer, inner) = (log.clone(), log.clone());
    mgr.register("outer", move |mgr: Manager| {
        mgr.emit_after(Duration::ZERO, "inner", ());
        mgr.emit("queued", ());
        outer.push("after the call");
    });
    mgr.register("inner", move |mgr: Manager| {
        inner.push("inner");
        mgr.emit("done", ())
    });
    let done = mgr.wait("done");
    mgr.emit("outer", ());
    l.run(done).unwrap();
    assert_eq!(log.take(), ["after the call", "inner"]);
}

pub(crate) fn ten_thousand_equal_delays_fire_in_the_order_of_the_calls<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let recording = log.clone();
    mgr.register("x", move |number: i32, mgr: Manager| {
        recording.push(number);
        if number == 9_999 {
            mgr.emit("done", ());
        }
    });
    let done = mgr.wait("done");
    for number in 0..10_000 {
        mgr.emit_after(SHORT, "x", (number,));
    }
    l.run(done).unwrap();
    assert_eq!(log.take(), (0..10_000).collect::<Vec<_>>());
}

pub(crate) fn a_cancelled_delay_never_fires_and_frees_its_payload<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (log, token) = (Log::new(), Token::default());
    let recording = log.clone();
    mgr.register("x", move |number: i32, _: Token| recording.push(number));
    let delays: Vec<_> = (0..1000)
        .map(|number| mgr.emit_after(HOUR, "x", (number, token.clone())))
        .collect();
    assert_eq!((mgr.stats().delayed, token.others()), (1000, 1000));
    for delayed in &delays {
        assert!(delayed.cancel());
        assert!(!delayed.clone().cancel());
    }
    assert_eq!((mgr.stats().delayed, token.others()), (0, 0));
    // Later ones fire all the same, though those before them are gone.
    let fired = mgr.wait("x");
    mgr.emit_after(SHORT, "x", (1000, token.clone()));
    l.run(fired).unwrap();
    l.settle(&mgr);
    assert_eq!(log.take(), [1000]);
}

pub(crate) fn a_delay_that_has_fired_cannot_be_cancelled<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let fired = mgr.wait("x");
    let delayed = mgr.emit_after(Duration::ZERO, "x", ());
    l.run(fired).unwrap();
    assert!(!delayed.cancel());
    assert_eq!(mgr.stats().delayed, 0);
}

pub(crate) fn cancel_races_fire_and_there_is_one_outcome<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let fired = Arc::new(AtomicUsize::new(0));
    let counted = fired.clone();
    mgr.register("x", move || {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let delays: Vec<_> = (0..2000)
        .map(|number| mgr.emit_after(Duration::from_micros(number), "x", ()))
        .collect();
    let cancelled = thread::scope(|scope| {
        let canceller = scope.spawn(|| delays.iter().filter(|delayed| delayed.cancel()).count());
        canceller.join().unwrap()
    });
    // Behind all of them.
    let last = mgr.wait("last");
    mgr.emit_after(SHORT, "last", ());
    l.run(last).unwrap();
    l.settle(&mgr);
    assert_eq!(fired.load(Ordering::SeqCst) + cancelled, 2000);
    assert_eq!(mgr.stats().delayed, 0);
}

pub(crate) fn delays_die_with_their_manager<L: LoopUnderTest>() {
    let mut l = L::start();
    let (mgr, other) = (Manager::new(l.event_loop()), Manager::new(l.event_loop()));
    let token = Token::default();
    let fired = other.wait("x");
    other.emit_after(SHORT, "x", ());
    let delayed = mgr.emit_after(SHORT, "x", (token.clone(),));
    mgr.topic("y").emit_after(HOUR, (token.clone(),));
    mgr.emit_after_on(l.event_loop().new_lane(), HOUR, "z", (token.clone(),));
    assert_eq!(token.others(), 3);
    drop(mgr);
    assert_eq!(token.others(), 0);
    assert!(!delayed.cancel());
    // Another manager's delay on the same timer is none of its business.
    l.run(fired).unwrap();
}

pub(crate) fn a_delay_reaches_who_is_registered_when_it_fires<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let (early, late) = (log.clone(), log.clone());
    let early = mgr.register("x", move || early.push("early"));
    mgr.emit_after(SHORT, "x", ());
    early.unregister();
    // It may have fired by now, where time is real: then for nobody.
    mgr.register("y", move || late.push("late"));
    let fired = mgr.wait("y");
    mgr.emit_after(SHORT, "y", ());
    l.run(fired).unwrap();
    l.settle(&mgr);
    let heard = log.take();
    assert!(heard == ["late"] || heard == ["early", "late"], "{heard:?}");
}

pub(crate) fn the_longest_delay_is_taken<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let endless = mgr.emit_after(Duration::MAX, "x", ());
    let fired = mgr.wait("y");
    mgr.emit_after(SHORT, "y", ());
    l.run(fired).unwrap();
    assert_eq!(mgr.stats().delayed, 1);
    assert!(endless.cancel());
}

pub(crate) fn a_callback_starts_delays<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    mgr.register("tick", |left: u32, mgr: Manager| {
        if left == 0 {
            mgr.emit("done", ());
        } else {
            mgr.emit_after(Duration::from_micros(100), "tick", (left - 1,));
        }
    });
    let done = mgr.wait("done");
    mgr.emit("tick", (20_u32,));
    l.run(done).unwrap();
    l.settle(&mgr);
    assert_eq!(mgr.stats().ran, 21);
}

/// Of whichever manager the callback is: the loop that keeps the other one's limits and delays stands still.
pub(crate) fn blocking_on_a_manager_of_the_same_loop_is_refused<L: LoopUnderTest>() {
    let mut l = L::start();
    let (mgr, other) = (Manager::new(l.event_loop()), Manager::new(l.event_loop()));
    let log = Log::new();
    let told = log.clone();
    mgr.register("x", move || {
        other.emit_after(Duration::ZERO, "y", ());
        told.push(other.wait("y").timeout(LIMIT).blocking().map(drop));
    });
    mgr.emit("x", ());
    l.settle(&mgr);
    assert_eq!(log.take(), [Err(WaitError::WouldDeadlock)]);
}
