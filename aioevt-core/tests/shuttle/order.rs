//! One name has one order, with more emitters, lanes and waiters than loom can take.

use aioevt_core::{EventLoop, Manager};
use shuttle::future::block_on;
use shuttle::thread;

use crate::support::{Log, LoopThread, balanced, model};

const EMITTERS: u32 = 3;
const EVENTS: u32 = 3;

/// Three emitters, three lanes that are run meanwhile, and somebody who waits for one event after the other: all see the
/// events in the same order, each emitter's own in that of its emits.
#[test]
fn lanes_and_waiters_see_one_order() {
    model(|| {
        let loops = [LoopThread::spawn(), LoopThread::spawn()];
        let mgr = Manager::new(loops[0].event_loop());
        let topic = mgr.topic("x");
        let logs = [Log::default(), Log::default(), Log::default()];
        topic.register(logs[0].callback());
        topic
            .on()
            .event_loop(loops[1].event_loop())
            .call(logs[1].callback());
        topic
            .on()
            .event_loop(EventLoop::inline())
            .call(logs[2].callback());
        let waiting = topic.clone();
        let waiter = thread::spawn(move || {
            let mut seen = Vec::new();
            // Until the manager is closed. Events between two waits are missed.
            while let Ok(data) = block_on(waiting.wait()) {
                seen.push(data.arg::<u32>(0).unwrap());
            }
            seen
        });
        let emitters: Vec<_> = (0..EMITTERS)
            .map(|emitter| {
                let topic = topic.clone();
                thread::spawn(move || {
                    for n in 0..EVENTS {
                        assert_eq!(topic.emit((emitter * 10 + n,)).callbacks, 3);
                    }
                })
            })
            .collect();
        emitters
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        assert!(block_on(mgr.idle()).is_ok());
        mgr.close();
        let seen = waiter.join().unwrap();
        let order = logs[0].all();
        assert_eq!(order.len() as u32, EMITTERS * EVENTS);
        assert_eq!(order, logs[1].all());
        assert_eq!(order, logs[2].all());
        for emitter in 0..EMITTERS {
            let own: Vec<_> = order.iter().filter(|n| **n / 10 == emitter).collect();
            assert!(own.is_sorted(), "{order:?}");
        }
        let mut rest = order.iter();
        assert!(
            seen.iter().all(|n| rest.any(|other| other == n)),
            "{seen:?} in {order:?}"
        );
        let all = u64::from(3 * EMITTERS * EVENTS);
        balanced(&mgr, all, all);
        loops.into_iter().for_each(LoopThread::stop);
    });
}

/// Two names on one lane, whose callbacks are sync and async: they start in the order in which each thread emitted.
#[test]
fn one_lane_keeps_each_threads_order_across_names() {
    model(|| {
        let lane = LoopThread::spawn();
        let mgr = Manager::new(lane.event_loop());
        let log = Log::default();
        let (x, y) = (mgr.topic("x"), mgr.topic("y"));
        x.register(log.callback());
        let started = log.clone();
        y.register(move |n: u32, mgr: Manager| {
            started.push(n);
            // Suspended until the end of all.
            let end = mgr.wait("end");
            async move {
                end.await.unwrap();
            }
        });
        let emitters: Vec<_> = (0..EMITTERS)
            .map(|emitter| {
                let (x, y) = (x.clone(), y.clone());
                thread::spawn(move || {
                    for n in 0..EVENTS {
                        let topic = if n % 2 == 0 { &x } else { &y };
                        topic.emit((emitter * 10 + n,));
                    }
                })
            })
            .collect();
        emitters
            .into_iter()
            .for_each(|thread| thread.join().unwrap());
        // Behind all others on the lane.
        let last = mgr.wait("last");
        x.on()
            .once()
            .call(|_: u32, mgr: Manager| mgr.emit("last", ()));
        x.emit((99u32,));
        block_on(last).unwrap();
        mgr.emit("end", ());
        assert!(block_on(mgr.idle()).is_ok());
        let order = log.all();
        for emitter in 0..EMITTERS {
            let own: Vec<_> = order.iter().filter(|n| **n / 10 == emitter).collect();
            assert!(own.len() as u32 == EVENTS && own.is_sorted(), "{order:?}");
        }
        let all = u64::from(EMITTERS * EVENTS) + 2;
        balanced(&mgr, all, all);
        drop((x, y, mgr));
        lane.stop();
    });
}
