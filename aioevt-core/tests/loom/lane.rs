//! The lane's sleep and wake, on a runtime and inline, and the end of its driver.

use aioevt_core::{EventLoop, Manager};
use loom::future::block_on;
use loom::sync::Notify;
use loom::thread;
use std::sync::Arc;

use crate::support::{Kept, Log, model};

/// No wake is lost between the driver that goes to sleep and an emit: each event's callback is waited for before
/// anything else could wake the driver. And the driver ends when the manager and the last handle are gone.
#[test]
fn an_emit_wakes_the_driver() {
    model(3, || {
        let kept = Kept::default();
        let mgr = Manager::new(kept.event_loop());
        let topic = mgr.topic("x");
        let called = Arc::new(Notify::new());
        let notify = called.clone();
        topic.register(move |_: u32| notify.notify());
        let task = kept.take();
        let driver = thread::spawn(move || block_on(task));
        for n in 0..2u32 {
            assert_eq!(topic.emit((n,)).callbacks, 1);
            called.wait();
        }
        drop((topic, mgr));
        driver.join().unwrap();
    });
}

/// Two emitters, one driver: everything is called before the driver ends, and nobody's wake is swallowed by the other's.
#[test]
fn two_emitters_wake_one_driver() {
    model(3, || {
        let kept = Kept::default();
        let mgr = Manager::new(kept.event_loop());
        let topic = mgr.topic("x");
        let log = Log::default();
        topic.register(log.callback());
        let task = kept.take();
        let driver = thread::spawn(move || block_on(task));
        let other = topic.clone();
        let emitter = thread::spawn(move || other.emit((1u32,)));
        topic.emit((2u32,));
        emitter.join().unwrap();
        drop((topic, mgr));
        driver.join().unwrap();
        let mut seen = log.all();
        seen.sort_unstable();
        assert_eq!(seen, [1, 2]);
    });
}

/// The driver ends although the last handle of its loop goes just while it falls asleep.
#[test]
fn the_last_handle_ends_the_driver() {
    model(3, || {
        let kept = Kept::default();
        let event_loop = kept.event_loop();
        let mgr = Manager::new(EventLoop::inline());
        let reg = mgr.on("x").event_loop(&event_loop).call(|| ());
        let task = kept.take();
        let driver = thread::spawn(move || block_on(task));
        reg.unregister();
        drop(event_loop);
        driver.join().unwrap();
    });
}

/// Two threads on one inline lane: whoever finds it busy leaves the event to the runner, and none is left lying.
#[test]
fn an_inline_lane_leaves_nothing_lying() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let topic = mgr.topic("x");
        let log = Log::default();
        topic.register(log.callback());
        let other = topic.clone();
        let emitter = thread::spawn(move || other.emit((1u32,)));
        topic.emit((2u32,));
        emitter.join().unwrap();
        let mut seen = log.all();
        seen.sort_unstable();
        assert_eq!(seen, [1, 2]);
        let stats = mgr.stats();
        assert_eq!((stats.accepted, stats.ran, stats.pending), (2, 2, 0));
    });
}

/// Two inline lanes whose callbacks emit to each other, from two threads: neither a deadlock nor a lost event.
#[test]
fn inline_lanes_that_emit_to_each_other() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let (a, b) = (mgr.topic("a"), mgr.topic("b"));
        let log = Log::default();
        let (to_b, to_a) = (b.clone(), a.clone());
        let (at_a, at_b) = (log.clone(), log.clone());
        a.on().event_loop(EventLoop::inline()).call(move |n: u32| {
            at_a.push(n);
            if n > 0 {
                to_b.emit((n - 1,));
            }
        });
        b.on().event_loop(EventLoop::inline()).call(move |n: u32| {
            at_b.push(n);
            if n > 0 {
                to_a.emit((n - 1,));
            }
        });
        let other = b.clone();
        let emitter = thread::spawn(move || other.emit((1u32,)));
        a.emit((1u32,));
        emitter.join().unwrap();
        assert_eq!(log.len(), 4);
        // They own each other's topics.
        mgr.close();
    });
}

/// A suspended call that ends on another thread while the driver is still handing it over: counted once.
#[test]
fn a_suspended_call_ends_while_it_is_handed_over() {
    use aioevt_core::{BoxFuture, Sleep, SpawnError, Spawner, Timer};
    use std::sync::Mutex;
    use std::task::Poll;
    use std::time::Duration;

    /// The driver is kept; what is spawned after it runs, or is dropped, on a thread of its own at once.
    struct Eager {
        kept: Kept,
        call: Arc<Mutex<Option<thread::JoinHandle<()>>>>,
        drops: bool,
    }
    impl Spawner for Eager {
        fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
            if self.call.lock().unwrap().is_none() && self.kept.started() {
                let drops = self.drops;
                let call = thread::spawn(move || {
                    if drops {
                        drop(future);
                    } else {
                        block_on(future);
                    }
                });
                *self.call.lock().unwrap() = Some(call);
                return Ok(());
            }
            self.kept.spawn(future)
        }
    }
    impl Timer for Eager {
        fn now(&self) -> Duration {
            Duration::ZERO
        }
        fn sleep(&self, duration: Duration) -> Sleep {
            self.kept.sleep(duration)
        }
    }

    for drops in [false, true] {
        model(3, move || {
            let (kept, call) = (Kept::default(), Arc::default());
            let eager = Eager {
                kept: kept.clone(),
                call: Arc::clone(&call),
                drops,
            };
            let mgr = Manager::new(EventLoop::new(eager));
            let reports = Log::default();
            let hook = reports.clone();
            mgr.on_error(move |_| hook.push(0));
            mgr.register("x", || {
                let mut first = true;
                std::future::poll_fn(move |cx| {
                    if std::mem::take(&mut first) {
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                    Poll::Ready(())
                })
            });
            let mut driver = kept.take();
            mgr.emit("x", ());
            let _ = crate::support::poll(&mut driver);
            call.lock().unwrap().take().unwrap().join().unwrap();
            let stats = mgr.stats();
            let outcome = (stats.ran, stats.discarded, stats.pending);
            assert_eq!(outcome, if drops { (0, 1, 0) } else { (1, 0, 0) });
            assert_eq!(reports.len(), usize::from(drops), "reported once");
        });
    }
}

/// An inline lane ends once, whoever comes last: its last handle, or the last call of its last callback.
#[test]
fn the_last_handle_and_the_last_call_end_an_inline_lane() {
    model(4, || {
        let mgr = Manager::new(EventLoop::inline());
        let (topic, log, event_loop) = (mgr.topic("x"), Log::default(), EventLoop::inline());
        topic
            .on()
            .event_loop(&event_loop)
            .once()
            .call(log.callback());
        let last = thread::spawn(move || drop(event_loop));
        assert_eq!(topic.emit((1u32,)).callbacks, 1);
        last.join().unwrap();
        assert_eq!(log.all(), [1]);
        assert_eq!(mgr.stats().pending, 0);
    });
}

/// Nor does it end while somebody else comes with its last handle.
#[test]
fn an_inline_lane_that_one_leaves_while_another_comes_goes_on() {
    model(4, || {
        let mgr = Manager::new(EventLoop::inline());
        let (leaves, comes) = (Manager::new(EventLoop::inline()), mgr.topic("x"));
        let (log, event_loop) = (Log::default(), EventLoop::inline());
        let old = leaves.on("x").event_loop(&event_loop).call(|| ());
        let leaver = thread::spawn(move || assert!(old.unregister()));
        comes.on().event_loop(event_loop).call(log.callback());
        assert_eq!(comes.emit((1u32,)).callbacks, 1);
        leaver.join().unwrap();
        assert_eq!(log.all(), [1]);
        assert_eq!((mgr.stats().pending, leaves.stats().pending), (0, 0));
    });
}
