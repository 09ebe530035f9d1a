//! Loops that end and managers that are closed, in the middle of everything: nothing is lost without being counted.

use aioevt_core::{EventLoop, Manager, PollLoop};
use shuttle::future::block_on;
use shuttle::thread;

use crate::support::{Count, LoopThread, accepted, balanced, empty, model};

/// One of two loops ends under two emitters and somebody who registers on it, with calls that are suspended: the other
/// loop gets every event, and each delivery to the one that ended ran or was discarded.
#[test]
fn a_loop_ends_under_emitters_and_registrations() {
    model(|| {
        let (lives, dies) = (LoopThread::spawn(), LoopThread::spawn());
        let mgr = Manager::new(lives.event_loop());
        mgr.on_error(|_| ());
        let (kept, called) = (Count::default(), Count::default());
        mgr.register("x", kept.callback());
        let dying = dies.event_loop();
        mgr.on("x").event_loop(&dying).call(called.callback());
        let begun = Count::default();
        let (suspends, ended) = (begun.clone(), called.clone());
        mgr.on("x")
            .event_loop(&dying)
            .call(move |_: u32, mgr: Manager| {
                suspends.add(1);
                let (end, ended) = (mgr.wait("end"), ended.clone());
                async move {
                    if end.await.is_ok() {
                        ended.add(1);
                    }
                }
            });
        let emitters: Vec<_> = (0..2)
            .map(|_| {
                let mgr = mgr.clone();
                thread::spawn(move || [(); 3].map(|()| mgr.emit("x", (1u32,))))
            })
            .collect();
        let (other, count) = (mgr.clone(), called.clone());
        let registrar = thread::spawn(move || {
            let recurring = other.on("x").event_loop(&dying).call(count.callback());
            let once = other.on("x").event_loop(&dying).once();
            (recurring, once.call(count.callback()), dying)
        });
        let finisher = mgr.clone();
        let finisher = thread::spawn(move || finisher.emit("end", ()).waiters);
        dies.stop();
        let emitted: Vec<_> = emitters
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        finisher.join().unwrap();
        let (recurring, once, dying) = registrar.join().unwrap();
        assert!(dying.is_closed() && !recurring.is_active() && !once.is_active());
        assert!(block_on(mgr.idle()).is_ok());
        assert_eq!(kept.get(), 6);
        let accepted = accepted(&emitted);
        let stats = balanced(&mgr, accepted, kept.get() + called.get());
        assert!(stats.discarded >= begun.get().saturating_sub(called.get()));
        assert_eq!((mgr.callback_count("x"), stats.waiters), (1, 0));
        drop(mgr);
        lives.stop();
    });
}

/// A manager is closed under emitters, registrations, waits and delays on two loops: what was accepted still runs, and
/// nothing is left.
#[test]
fn a_manager_is_closed_in_the_middle_of_everything() {
    model(|| {
        let loops = [LoopThread::spawn(), LoopThread::spawn()];
        let mgr = Manager::new(loops[0].event_loop());
        mgr.on_error(|_| ());
        // Whose time does not pass: what is left on it was not cancelled.
        let frozen = PollLoop::new(|| ());
        let timer = frozen.event_loop();
        let called = Count::default();
        mgr.register("x", called.callback());
        mgr.on("x")
            .event_loop(loops[1].event_loop())
            .call(called.callback());
        let emitters: Vec<_> = (0..2)
            .map(|_| {
                let mgr = mgr.clone();
                thread::spawn(move || [(); 2].map(|()| mgr.emit("x", (1u32,))))
            })
            .collect();
        let (other, count) = (mgr.clone(), called.clone());
        let registrar = thread::spawn(move || {
            let reg = other.on("x").event_loop(EventLoop::inline());
            let reg = reg.call(count.callback());
            let second = std::time::Duration::from_secs(1);
            other.emit_after_on(timer, second, "later", (1u32,));
            let wait = other.wait("y").timeout(second);
            assert!(block_on(wait).is_err(), "nobody emits it");
            reg
        });
        let closer = mgr.clone();
        let closer = thread::spawn(move || closer.close());
        let emitted: Vec<_> = emitters
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect();
        closer.join().unwrap();
        assert!(!registrar.join().unwrap().is_active());
        assert!(block_on(mgr.idle()).is_ok());
        for emitted in &emitted {
            assert!(
                (emitted.callbacks > 0) != (emitted.rejected > 0),
                "{emitted:?}"
            );
        }
        let accepted = accepted(&emitted);
        let stats = balanced(&mgr, accepted, called.get());
        assert_eq!((stats.discarded, mgr.emit("x", (1u32,)).rejected), (0, 1));
        // A limit that has just passed may still be at the removal of the name.
        loops.into_iter().for_each(LoopThread::stop);
        empty(&mgr);
    });
}

/// Loops end and are replaced by the thread that ends them, while two others emit and one waits for idleness.
#[test]
fn loops_are_replaced_under_emitters() {
    model(|| {
        let mgr = Manager::new(EventLoop::inline());
        mgr.on_error(|_| ());
        let (called, kept) = (Count::default(), Count::default());
        mgr.register("x", kept.callback());
        let emitters: Vec<_> = (0..2)
            .map(|_| {
                let mgr = mgr.clone();
                thread::spawn(move || accepted(&[(); 4].map(|()| mgr.emit("x", (1u32,)))))
            })
            .collect();
        let idle = mgr.clone();
        let idle = thread::spawn(move || assert!(block_on(idle.idle()).is_ok()));
        for _ in 0..3 {
            let short = LoopThread::spawn();
            mgr.on("x")
                .event_loop(short.event_loop())
                .call(called.callback());
            short.stop();
        }
        let accepted: u64 = emitters
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum();
        idle.join().unwrap();
        assert!(block_on(mgr.idle()).is_ok());
        assert_eq!(kept.get(), 8);
        balanced(&mgr, accepted, called.get() + kept.get());
        assert_eq!(mgr.unregister("x"), 1);
        empty(&mgr);
    });
}
