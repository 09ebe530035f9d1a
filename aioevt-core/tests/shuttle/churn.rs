//! Everything that a registry is asked for at once, on loops that are at work: every delivery is accounted for.

use aioevt_core::{EventLoop, Manager};
use shuttle::future::block_on;
use shuttle::thread;

use crate::support::{Count, LoopThread, accepted, balanced, empty, model};

/// Two emitters on two names, two threads that register, use up and unregister on two loops and inline, one that waits
/// until the manager is idle in between.
#[test]
fn callbacks_come_and_go_while_events_come() {
    model(|| {
        let loops = [LoopThread::spawn(), LoopThread::spawn()];
        let mgr = Manager::new(loops[0].event_loop());
        let (called, kept) = (Count::default(), Count::default());
        let names = ["x", "y"];
        for name in names {
            let called = called.clone();
            let kept = kept.clone();
            mgr.register(name, move |_: u32| {
                called.add(1);
                kept.add(1);
            });
        }
        let emitters: Vec<_> = (0..2)
            .map(|_| {
                let mgr = mgr.clone();
                thread::spawn(move || {
                    let emits = [0, 1, 0].map(|name| mgr.emit(names[name], (1u32,)));
                    assert!(emits.iter().all(|emitted| emitted.callbacks >= 1));
                    accepted(&emits)
                })
            })
            .collect();
        let churners: Vec<_> = [loops[1].event_loop(), EventLoop::inline()]
            .into_iter()
            .map(|event_loop| {
                let (mgr, called) = (mgr.clone(), called.clone());
                thread::spawn(move || {
                    let on = |name| mgr.on(name).event_loop(&event_loop);
                    let recurring = on("x").call(called.callback());
                    let once = on("y").once().call(called.callback());
                    let twice = on("x").times(2).call(called.callback());
                    assert!(recurring.unregister());
                    once.unregister();
                    twice.unregister();
                    assert!(![recurring, once, twice].iter().any(|reg| reg.is_active()));
                })
            })
            .collect();
        assert!(block_on(mgr.idle()).is_ok());
        let accepted: u64 = emitters
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum();
        churners
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        assert!(block_on(mgr.idle()).is_ok());
        assert_eq!(kept.get(), 6);
        balanced(&mgr, accepted, called.get());
        assert_eq!(mgr.unregister("x") + mgr.unregister("y"), 2);
        empty(&mgr);
        assert!(block_on(mgr.idle()).is_ok());
        drop(mgr);
        loops.into_iter().for_each(LoopThread::stop);
    });
}

/// A callback that is counted, under four emitters and two loops that are at work: as many calls as it was registered for,
/// and nothing is left.
#[test]
fn counted_callbacks_are_called_as_often_as_they_are_registered_for() {
    model(|| {
        let loops = [LoopThread::spawn(), LoopThread::spawn()];
        let mgr = Manager::new(loops[0].event_loop());
        let (once, thrice) = (Count::default(), Count::default());
        mgr.on("x").once().call(once.callback());
        let other = mgr.on("x").event_loop(loops[1].event_loop());
        other.times(3).call(thrice.callback());
        let emitters: Vec<_> = (0..4)
            .map(|_| {
                let mgr = mgr.clone();
                thread::spawn(move || mgr.emit("x", (1u32,)).callbacks)
            })
            .collect();
        let accepted: usize = emitters
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum();
        assert_eq!(accepted, 4);
        empty(&mgr);
        assert!(block_on(mgr.idle()).is_ok());
        assert_eq!((once.get(), thrice.get()), (1, 3));
        balanced(&mgr, 4, 4);
        drop(mgr);
        loops.into_iter().for_each(LoopThread::stop);
    });
}

/// Events that go round between two loops and an inline lane, from three emitters: idle is found only when all have come
/// to their end.
#[test]
fn events_that_go_round_are_all_over_when_it_is_idle() {
    model(|| {
        let loops = [LoopThread::spawn(), LoopThread::spawn()];
        let mgr = Manager::new(loops[0].event_loop());
        let called = Count::default();
        let places = [
            loops[0].event_loop(),
            loops[1].event_loop(),
            EventLoop::inline(),
        ];
        const NAMES: [&str; 3] = ["a", "b", "c"];
        for (at, place) in places.iter().enumerate() {
            let called = called.clone();
            let on = mgr.on(NAMES[at]).event_loop(place);
            on.call(move |left: u32, mgr: Manager| {
                called.add(1);
                if left > 0 {
                    mgr.emit(NAMES[(at + 1) % NAMES.len()], (left - 1,));
                }
            });
        }
        let emitters: Vec<_> = NAMES
            .into_iter()
            .map(|name| {
                let mgr = mgr.clone();
                thread::spawn(move || {
                    mgr.emit(name, (3u32,));
                    // Whatever the others are at, its own event is over now.
                    assert!(block_on(mgr.idle()).is_ok());
                })
            })
            .collect();
        emitters
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        assert!(block_on(mgr.idle()).is_ok());
        assert_eq!(called.get(), 12);
        balanced(&mgr, 12, 12);
        drop((places, mgr));
        loops.into_iter().for_each(LoopThread::stop);
    });
}
