//! Many waits and delays at once, on loops whose time passes meanwhile: each has exactly one outcome.

use std::time::Duration;

use aioevt_core::{Manager, WaitError};
use shuttle::future::block_on;
use shuttle::thread;

use crate::support::{Count, LoopThread, empty, model};

const SECOND: Duration = Duration::from_secs(1);

/// Waits that are awaited, limited and dropped by three threads, against two that emit and one that unregisters: the
/// emits have counted exactly the waits that got the data.
#[test]
fn each_wait_has_the_outcome_of_one() {
    model(|| {
        let timer = LoopThread::spawn();
        let mgr = Manager::new(timer.event_loop());
        let waiters: Vec<_> = (0..3)
            .map(|_| {
                let mgr = mgr.clone();
                thread::spawn(move || {
                    // Perhaps just while its limit passes.
                    drop(mgr.wait("x").timeout(Duration::ZERO));
                    let waits = [mgr.wait("x"), mgr.wait("x")].map(|wait| wait.timeout(SECOND));
                    waits.map(|wait| block_on(wait).map(|data| data.arg::<u32>(0).unwrap()))
                })
            })
            .collect();
        let emitters: Vec<_> = (1..3u32)
            .map(|n| {
                let mgr = mgr.clone();
                thread::spawn(move || mgr.emit("x", (n,)).waiters)
            })
            .collect();
        let other = mgr.clone();
        let unregister = thread::spawn(move || other.unregister("x"));
        let emitted: Vec<usize> = emitters
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect();
        assert_eq!(unregister.join().unwrap(), 0);
        let outcomes: Vec<_> = waiters
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        for (n, waiters) in (1..3u32).zip(emitted) {
            let got = outcomes.iter().filter(|outcome| **outcome == Ok(n)).count();
            // A wait that is dropped is counted too, by an event that was faster.
            assert!(
                (got..=got + 3).contains(&waiters),
                "{waiters}: {outcomes:?}"
            );
        }
        for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
            assert!(matches!(
                error,
                WaitError::TimedOut | WaitError::Unregistered
            ));
        }
        // Also while a limit that has just passed is still at the removal of the name.
        empty(&mgr);
        timer.stop();
    });
}

/// A wait that is dropped just while its limit passes: nothing of it is left when the drop is done.
#[test]
fn a_wait_dropped_while_its_limit_passes_leaves_no_name() {
    model(|| {
        let timer = LoopThread::spawn();
        let mgr = Manager::new(timer.event_loop());
        drop(mgr.wait("x").timeout(Duration::ZERO));
        empty(&mgr);
        timer.stop();
    });
}

/// Delays of two threads on two runtimes, some of them cancelled by a third: each has fired or was cancelled, none both.
#[test]
fn each_delay_fires_or_is_cancelled() {
    model(|| {
        let loops = [LoopThread::spawn(), LoopThread::spawn()];
        let mgr = Manager::new(loops[0].event_loop());
        let called = Count::default();
        mgr.register("x", called.callback());
        let starters: Vec<_> = loops
            .iter()
            .map(|runtime| {
                let (mgr, runtime) = (mgr.clone(), runtime.event_loop());
                thread::spawn(move || {
                    [2, 1, 0].map(|n| mgr.emit_after_on(&runtime, SECOND * n, "x", (1u32,)))
                })
            })
            .collect();
        let cancellers: Vec<_> = starters
            .into_iter()
            .map(|starter| {
                thread::spawn(move || {
                    let delays = starter.join().unwrap();
                    let cancelled = delays.iter().filter(|delay| delay.cancel()).count();
                    assert!(!delays.iter().any(|delay| delay.cancel()));
                    cancelled as u64
                })
            })
            .collect();
        let cancelled: u64 = cancellers
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum();
        // One that was taken out of its queue is not delayed any more, and perhaps only about to be emitted.
        while called.get() + cancelled < 6 {
            thread::yield_now();
        }
        assert!(block_on(mgr.idle()).is_ok());
        assert_eq!((called.get() + cancelled, mgr.stats().delays_lost), (6, 0));
        mgr.unregister("x");
        empty(&mgr);
        drop(mgr);
        loops.into_iter().for_each(LoopThread::stop);
    });
}

/// A timer whose loop ends under waits and delays: each wait ends, and each delay fired, was cancelled or is lost.
#[test]
fn a_timer_ends_under_waits_and_delays() {
    model(|| {
        let (lives, dies) = (LoopThread::spawn(), LoopThread::spawn());
        let mgr = Manager::new(lives.event_loop());
        mgr.on_error(|_| ());
        let called = Count::default();
        mgr.register("x", called.callback());
        let timer = dies.event_loop();
        let waiters: Vec<_> = (0..2)
            .map(|_| {
                let (mgr, timer) = (mgr.clone(), timer.clone());
                thread::spawn(move || {
                    let wait = mgr.wait("y").timeout_on(&timer, SECOND);
                    block_on(wait).map(drop)
                })
            })
            .collect();
        let (other, runtime) = (mgr.clone(), timer.clone());
        let starter = thread::spawn(move || {
            let delays = [1, 3].map(|n| other.emit_after_on(&runtime, SECOND * n, "x", (1u32,)));
            u64::from(delays[1].cancel())
        });
        let other = mgr.clone();
        let emitter = thread::spawn(move || other.emit("y", (1u32,)).waiters);
        dies.stop();
        let cancelled = starter.join().unwrap();
        let reached = emitter.join().unwrap();
        let outcomes: Vec<_> = waiters
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect();
        let got = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!(got, reached, "{outcomes:?}");
        assert!(block_on(mgr.idle()).is_ok());
        let lost = mgr.stats().delays_lost;
        assert_eq!(called.get() + cancelled + lost, 2);
        mgr.unregister("x");
        empty(&mgr);
        drop((timer, mgr));
        lives.stop();
    });
}
