//! Delays: exactly one of fired, cancelled, lost; and the watching task is woken for an earlier deadline.

use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use aioevt_core::{BoxFuture, EventLoop, Manager};
use loom::future::block_on;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use crate::support::{Kept, Log, model, poll};

const SECOND: Duration = Duration::from_secs(1);

/// A runtime whose tasks the model polls, its manager, and what a callback of `x` on another loop gets.
fn heard() -> (Kept, Manager, Log) {
    let kept = Kept::default();
    let mgr = Manager::new(kept.event_loop());
    let log = Log::default();
    mgr.on("x")
        .event_loop(EventLoop::inline())
        .call(log.callback());
    (kept, mgr, log)
}

/// The time of the delays has come, for another thread.
fn fire(kept: &Kept) -> thread::JoinHandle<BoxFuture> {
    let mut delays = kept.take();
    let _ = poll(&mut delays);
    kept.set_now(SECOND);
    thread::spawn(move || {
        let _ = poll(&mut delays);
        delays
    })
}

/// Cancel against fire: the event was emitted, or `cancel` says that it kept it.
#[test]
fn cancel_against_fire() {
    model(9, || {
        let (kept, mgr, log) = heard();
        let delayed = mgr.emit_after(SECOND, "x", (1u32,));
        let timer = fire(&kept);
        let cancelled = delayed.cancel();
        drop(timer.join().unwrap());
        assert_eq!(log.len() + usize::from(cancelled), 1);
        assert!(!delayed.cancel());
        assert_eq!(mgr.stats().delayed, 0);
    });
}

/// Close against fire and against `emit_after`: nothing stays pending, and nothing is emitted after `close`.
#[test]
fn close_against_delays() {
    model(3, || {
        let kept = Kept::default();
        let mgr = Manager::new(kept.event_loop());
        mgr.emit_after(SECOND, "x", (1u32,));
        let timer = fire(&kept);
        let other = mgr.clone();
        let adder = thread::spawn(move || other.emit_after(SECOND, "x", (2u32,)));
        mgr.close();
        adder.join().unwrap();
        drop(timer.join().unwrap());
        assert_eq!(mgr.stats().delayed, 0);
    });
}

/// The task that falls asleep without a deadline, or with a later one, is woken for an earlier one.
#[test]
fn the_watching_task_is_woken() {
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
    for later_first in [false, true] {
        model(9, move || {
            let (kept, mgr, log) = heard();
            let first = mgr.emit_after(10 * SECOND, "x", (1u32,));
            let mut delays = kept.take();
            if !later_first {
                first.cancel();
            }
            let woken = Arc::new(Count(AtomicUsize::new(0)));
            let waker = Waker::from(woken.clone());
            let timer = thread::spawn(move || {
                let _ = delays.as_mut().poll(&mut Context::from_waker(&waker));
                delays
            });
            mgr.emit_after(SECOND, "x", (2u32,));
            let mut delays = timer.join().unwrap();
            // If the task had armed its sleep before the new deadline came, it must have been woken.
            kept.set_now(SECOND);
            if woken.0.load(Ordering::SeqCst) == 0 {
                assert!(kept.armed(SECOND), "asleep with a later deadline");
            }
            let _ = poll(&mut delays);
            assert_eq!(log.all(), [2]);
            mgr.close();
            let _ = poll(&mut delays);
        });
    }
}

/// The timer's runtime dies while a delay is added: cancelled, lost (reported, counted) or pending nowhere.
#[test]
fn add_against_a_dying_timer() {
    model(9, || {
        let kept = Kept::default();
        let mgr = Manager::new(kept.event_loop());
        let reports = Log::default();
        let hook = reports.clone();
        mgr.on_error(move |_| hook.push(0));
        mgr.emit_after(SECOND, "x", (1u32,));
        let delays = kept.take();
        kept.close();
        let killer = thread::spawn(move || drop(delays));
        mgr.emit_after(SECOND, "x", (2u32,));
        killer.join().unwrap();
        let stats = mgr.stats();
        assert_eq!((stats.delayed, stats.delays_lost), (0, 2));
        assert_eq!(reports.len(), 2);
    });
}

/// A delay whose timer dies is pending until it is lost: never neither.
#[test]
fn a_dying_delay_is_pending_or_lost() {
    model(3, || {
        let kept = Kept::default();
        let mgr = Manager::new(kept.event_loop());
        mgr.on_error(|_| ());
        mgr.emit_after(SECOND, "x", (1u32,));
        let delays = kept.take();
        let killer = thread::spawn(move || drop(delays));
        let stats = mgr.stats();
        assert!(stats.delayed as u64 + stats.delays_lost >= 1, "{stats:?}");
        killer.join().unwrap();
        let stats = mgr.stats();
        assert_eq!((stats.delayed, stats.delays_lost), (0, 1));
    });
}

/// Whoever finds no delay pending any more finds the manager idle only behind their events.
#[test]
fn idle_against_fire() {
    model(3, || {
        let (kept, mgr, log) = heard();
        mgr.emit_after(SECOND, "x", (1u32,));
        let timer = fire(&kept);
        let none = mgr.stats().delayed == 0;
        assert!(block_on(mgr.idle()).is_ok());
        assert!(!none || log.len() == 1, "idle in between");
        drop(timer.join().unwrap());
        assert_eq!(log.len(), 1);
    });
}
