//! Loops that die: everything accepted is accounted for and reported, nothing is left behind, and nobody else notices.
//! What only tokio or smol can do is in `shutdown/`.

#[cfg(feature = "smol")]
mod smol;
#[cfg(feature = "tokio")]
mod tokio;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use aioevt::{
    CallbackErrorKind, DiscardReason, EventLoop, EvtData, Manager, ThreadLoop, TimerError,
    WaitError,
};

use crate::conformance::foreign::{Caller, OnDrop};
use crate::poll::Virtual;
use crate::support::{Errors, LIMIT, Log, LoopUnderTest, Token, block_on, limited};

/// A loop that can die.
pub(crate) trait Mortal: LoopUnderTest + Sized {
    /// Whether nothing of what `queue` queues is run.
    const AT_ONCE: bool = true;

    /// Calls `queue` while the loop is busy or asleep, and kills it then.
    fn die(self, queue: impl FnOnce());
}

impl Mortal for Virtual {
    fn die(self, queue: impl FnOnce()) {
        queue();
    }
}

impl Mortal for ThreadLoop {
    fn die(self, queue: impl FnOnce()) {
        let mgr = Manager::new(&self);
        let worker = Arc::new(self);
        let own = worker.clone();
        let (entered, inside) = mpsc::channel();
        let (queued, go_on) = mpsc::channel::<()>();
        // From inside, so that the next call is the first that does not come.
        mgr.on("die").once().call(move || {
            entered.send(()).unwrap();
            let _ = go_on.recv_timeout(LIMIT);
            own.shutdown();
        });
        mgr.emit("die", ());
        inside.recv_timeout(LIMIT).unwrap();
        queue();
        drop(queued);
        worker.shutdown();
    }
}

/// What the hook was told of lost deliveries: by event and callback.
fn losses(mgr: &Manager) -> Log<(String, u64)> {
    let log = Log::new();
    let losses = log.clone();
    mgr.on_error(move |error| match error.kind() {
        CallbackErrorKind::Discarded(DiscardReason::LoopClosed { deliveries }) => {
            losses.push((
                format!("{}/{}", error.event(), error.callback()),
                *deliveries,
            ));
        }
        _ => losses.push((error.to_string(), u64::MAX)),
    });
    log
}

fn what_is_queued_is_discarded_counted_and_reported_once<L: Mortal>() {
    let l = L::start();
    let (doomed, healthy) = (l.event_loop(), ThreadLoop::spawn("healthy").unwrap());
    let mgr = Manager::new(&healthy);
    let losses = losses(&mgr);
    let (token, ran) = (Token::default(), Log::new());
    let label = ["x/first", "x/second", "x/once", "x/five", "y/other"];
    for times in [None, None, Some(1), Some(5)] {
        let (captured, ran) = (token.clone(), ran.clone());
        let on = mgr.on("x").event_loop(&doomed);
        let on = match times {
            None => on.named(if token.others() == 1 {
                "first"
            } else {
                "second"
            }),
            Some(1) => on.once().named("once"),
            Some(times) => on.times(times).named("five"),
        };
        on.call(move |_: Token| {
            let _captured = &captured;
            ran.push("x");
        });
    }
    let (other, heard) = (ran.clone(), Log::new());
    let other = mgr
        .on("y")
        .event_loop(&doomed)
        .named("other")
        .call(move || other.push("y"));
    let listening = heard.clone();
    mgr.on("x")
        .event_loop(&healthy)
        .call(move |_: Token| listening.push(()));

    l.die(|| {
        for _ in 0..1000 {
            mgr.emit("x", (token.clone(),));
            mgr.emit("y", ());
        }
    });
    block_on(mgr.idle()).unwrap();
    let (stats, ran) = (mgr.stats(), ran.len() as u64);
    assert_eq!((stats.accepted, stats.pending), (4006, 0));
    assert_eq!((stats.ran, stats.discarded), (1000 + ran, 3006 - ran));
    assert_eq!(heard.len(), 1000);
    let mut told = losses.take();
    told.sort();
    assert_eq!(told.iter().map(|(_, lost)| lost).sum::<u64>(), 3006 - ran);
    let mut names: Vec<_> = told.into_iter().map(|(name, _)| name).collect();
    names.dedup();
    let mut expected = label.to_vec();
    expected.sort_unstable();
    if L::AT_ONCE {
        assert_eq!(
            (ran, names),
            (0, expected.iter().map(ToString::to_string).collect())
        );
    }
    // What was registered there is gone, and with it everything it held.
    assert!(!other.is_active() && !other.unregister() && doomed.is_closed());
    assert_eq!(
        (mgr.callback_count("x"), mgr.names()),
        (1, vec![String::from("x")])
    );
    assert_eq!(token.others(), 0);
    let emitted = mgr.emit("x", (token.clone(),));
    assert_eq!((emitted.callbacks, emitted.rejected), (1, 0));
}

fn a_loop_that_never_ran_reports_its_registrations<L: Mortal>() {
    let l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (losses, token) = (losses(&mgr), Token::default());
    l.die(|| {
        let captured = token.clone();
        mgr.on("x")
            .named("never")
            .call(move || drop(captured.clone()));
        mgr.register("x", || ()).unregister();
    });
    block_on(mgr.idle()).unwrap();
    assert_eq!(losses.take(), [(String::from("x/never"), 0)]);
    assert_eq!((token.others(), mgr.names().len()), (0, 0));
}

fn registering_on_a_dead_loop_is_inert_and_reported<L: Mortal>() {
    let l = L::start();
    let (dead, token) = (l.event_loop(), Token::default());
    l.die(|| ());
    let mgr = Manager::new(&dead);
    let errors = Errors::of(&mgr);
    for _ in 0..3 {
        let captured = token.clone();
        let late = mgr
            .on("x")
            .named("late")
            .call(move || drop(captured.clone()));
        assert!(!late.is_active() && !late.unregister());
    }
    assert!(dead.is_closed());
    let told = errors.take();
    assert_eq!(told.len(), 3);
    assert!(
        told.iter()
            .all(|told| told.starts_with("x/late: its event loop was shut down"))
    );
    assert_eq!(
        (
            token.others(),
            mgr.names().len(),
            mgr.emit("x", ()).callbacks
        ),
        (0, 0, 0)
    );
    assert_eq!(mgr.idle().blocking(), Ok(()));
    // A new lane of it is no better.
    mgr.on("x")
        .event_loop(dead.new_lane())
        .named("late")
        .call(|| ());
    assert_eq!(errors.take().len(), 1);
}

fn the_timers_of_a_dead_loop_end<L: Mortal>() {
    const HOUR: Duration = Duration::from_secs(3600);

    let l = L::start();
    let (dead, token) = (l.event_loop(), Token::default());
    let mgr = Manager::new(&dead);
    let errors = Errors::of(&mgr);
    let before = mgr.wait("x").timeout(HOUR);
    let pending = mgr.emit_after(HOUR, "early", (token.clone(),));
    l.die(|| ());
    assert_eq!(
        block_on(before).unwrap_err(),
        WaitError::Timer(TimerError::Closed)
    );
    assert!(!pending.cancel());

    assert!(
        !mgr.emit_after(Duration::ZERO, "late", (token.clone(),))
            .cancel()
    );
    let after = mgr.wait("x").timeout(HOUR);
    assert_eq!(
        block_on(after).unwrap_err(),
        WaitError::Timer(TimerError::Closed)
    );
    let mut told = errors.take();
    told.sort();
    assert_eq!(told.len(), 2);
    assert!(
        told[0].starts_with("early/emit_after: will never be emitted: the event loop"),
        "{told:?}"
    );
    assert!(
        told[1].starts_with("late/emit_after: will never be emitted"),
        "{told:?}"
    );
    let stats = mgr.stats();
    assert_eq!((stats.delays_lost, stats.delayed, stats.waiters), (2, 0, 0));
    assert_eq!(token.others(), 0);

    // A wait does not depend on the loop, nor does the clock of one that blocks.
    let unlimited = mgr.wait("x");
    mgr.emit("x", (1,));
    assert_eq!(block_on(unlimited).unwrap().arg(0), Ok(1));
    let short = mgr.wait("x").timeout(Duration::from_millis(1));
    assert_eq!(short.blocking().unwrap_err(), WaitError::TimedOut);
}

fn a_suspended_call_is_discarded_and_reported<L: Mortal>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let (errors, token) = (Errors::of(&mgr), Token::default());
    let captured = token.clone();
    let begun = mgr.wait("begun");
    mgr.on("x").named("suspended").call(move |mgr: Manager| {
        let captured = captured.clone();
        async move {
            let never = mgr.wait("never");
            mgr.emit("begun", ());
            let _ = never.await;
            drop(captured);
        }
    });
    mgr.emit("x", ());
    l.run(begun).unwrap();
    l.die(|| ());
    block_on(mgr.idle()).unwrap();
    let mut told = errors.take();
    told.sort();
    assert_eq!(told.len(), 2);
    assert!(
        told[0].starts_with("x/suspended: its event loop was shut down and dropped"),
        "{told:?}"
    );
    assert!(
        told[1].starts_with("x/suspended: its event loop was shut down: the registration"),
        "{told:?}"
    );
    let stats = mgr.stats();
    assert_eq!((stats.accepted, stats.discarded, stats.pending), (1, 1, 0));
    assert_eq!((stats.waiters, stats.names, token.others()), (0, 0, 0));
}

/// Payloads, closures, suspended calls and the hook: all of it is foreign, and dies or is called with the loop.
fn every_method_may_be_called_while_it_dies<L: Mortal>() {
    limited(|| {
        let mut l = L::start();
        let mgr = Manager::new(EventLoop::inline());
        let calls = Arc::new(AtomicUsize::new(0));
        let foreign = || OnDrop(Caller::new(&mgr, &calls));
        let hook = Caller::new(&mgr, &calls);
        mgr.on_error(move |_| hook.call_everything());
        for _ in 0..2 {
            let captured = foreign();
            mgr.on("x")
                .event_loop(l.event_loop())
                .call(move |_: EvtData, mgr: Manager| {
                    let _captured = &captured;
                    async move { mgr.wait("never").await.map(drop) }
                });
        }
        let begun = mgr.wait("begun");
        let kept = foreign();
        mgr.on("y")
            .event_loop(l.event_loop())
            .call(move |mgr: Manager| {
                let _kept = &kept;
                mgr.emit("begun", ())
            });
        mgr.emit("x", (foreign(),));
        mgr.emit("y", ());
        l.run(begun).unwrap();
        mgr.emit_after_on(l.event_loop(), LIMIT, "x", (foreign(),));
        let before = calls.load(Ordering::SeqCst);
        l.die(|| {
            mgr.emit("x", (foreign(), [0_u64; 64]));
            mgr.emit("x", (foreign(),));
            mgr.on("x")
                .event_loop(EventLoop::inline())
                .call(|| ())
                .unregister();
        });
        block_on(mgr.idle()).unwrap();
        assert!(calls.load(Ordering::SeqCst) > before + 5);
        assert_eq!(mgr.stats().hook_panics, 0);
    });
}

/// `rounds` loops die while two threads emit, and the account is exact each time.
fn dying_while_two_threads_emit<L: Mortal>(rounds: usize) {
    for round in 0..rounds {
        let l = L::start();
        let mgr = Manager::new(EventLoop::inline());
        let losses = losses(&mgr);
        let ran = Log::new();
        let recording = ran.clone();
        mgr.on("x")
            .event_loop(l.event_loop())
            .call(move |_: usize| recording.push(()));
        let over = AtomicBool::new(false);
        let emit = || {
            let (mut accepted, mut rejected) = (0, 0);
            while !over.load(Ordering::SeqCst) {
                let emitted = mgr.emit("x", (round,));
                accepted += emitted.callbacks as u64;
                rejected += emitted.rejected as u64;
                thread::yield_now();
            }
            (accepted, rejected)
        };
        let (accepted, _) = thread::scope(|scope| {
            let emitters = [scope.spawn(emit), scope.spawn(emit)];
            l.die(|| while mgr.stats().accepted < (round % 10) as u64 {});
            over.store(true, Ordering::SeqCst);
            emitters
                .map(|emitter| emitter.join().unwrap())
                .into_iter()
                .fold((0, 0), |sum, own| (sum.0 + own.0, sum.1 + own.1))
        });
        block_on(mgr.idle()).unwrap();
        let stats = mgr.stats();
        assert_eq!(
            (stats.accepted, stats.pending, stats.callbacks),
            (accepted, 0, 0)
        );
        assert_eq!(stats.ran, ran.len() as u64);
        assert_eq!(stats.discarded, accepted - stats.ran);
        let told = losses.take();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].1, stats.discarded);
        assert_eq!(mgr.names(), [""; 0]);
    }
}

macro_rules! mortal {
    ($name:ident: $Loop:ty, $rounds:expr) => {
        mod $name {
            mortal!(@ $Loop:
                what_is_queued_is_discarded_counted_and_reported_once
                a_loop_that_never_ran_reports_its_registrations
                registering_on_a_dead_loop_is_inert_and_reported
                the_timers_of_a_dead_loop_end
                a_suspended_call_is_discarded_and_reported
                every_method_may_be_called_while_it_dies
            );

            #[test]
            fn dying_while_two_threads_emit() {
                super::dying_while_two_threads_emit::<$Loop>($rounds);
            }
        }
    };
    (@ $Loop:ty: $($test:ident)+) => {
        $(
            #[test]
            fn $test() {
                super::$test::<$Loop>();
            }
        )+
    };
}

mortal!(poll_loop: crate::poll::Virtual, 1000);
mortal!(thread_loop: aioevt::ThreadLoop, 1000);
#[cfg(feature = "smol")]
mortal!(smol_own: crate::smol::Own, 1000);
#[cfg(feature = "tokio")]
mortal!(tokio_current_thread: crate::tokio::CurrentThread, 1000);
#[cfg(feature = "tokio")]
mortal!(tokio_multi_thread: crate::tokio::MultiThread, 200);
