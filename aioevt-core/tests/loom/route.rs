//! The way around a topic's lock, which the second of two usual events takes: against everything that ends it.

use aioevt_core::{BoxFuture, Manager, Topic};
use loom::thread;

use crate::support::{Kept, Log, model, poll};

/// A topic with one callback that has heard one event, so that the way is open.
struct Open {
    kept: Kept,
    mgr: Manager,
    topic: Topic,
    heard: Log,
    driver: BoxFuture,
}

impl Open {
    fn new() -> Self {
        let kept = Kept::default();
        let mgr = Manager::new(kept.event_loop());
        let topic = mgr.topic("x");
        let heard = Log::default();
        topic.register(heard.callback());
        let driver = kept.take();
        assert_eq!(topic.emit((0u32,)).callbacks, 1);
        Self {
            kept,
            mgr,
            topic,
            heard,
            driver,
        }
    }

    /// Emits 1 and 2 on a thread of its own, which says how many callbacks each was for.
    fn emitter(&self) -> thread::JoinHandle<[usize; 2]> {
        let topic = self.topic.clone();
        thread::spawn(move || [1u32, 2].map(|n| topic.emit((n,)).callbacks))
    }

    /// Everything accepted has ended, and this many calls ran.
    fn finish(mut self, calls: usize) {
        let _ = poll(&mut self.driver);
        let stats = self.mgr.stats();
        assert_eq!((stats.ran, stats.pending), (calls as u64, 0));
        assert_eq!(stats.accepted, stats.ran + stats.discarded);
    }
}

/// A second callback on the same lane is called for exactly the events that counted it.
#[test]
fn emit_against_register() {
    model(3, || {
        let mut open = Open::new();
        let emitter = open.emitter();
        let new = Log::default();
        open.topic.register(new.callback());
        let counted = emitter.join().unwrap();
        let _ = poll(&mut open.driver);
        assert_eq!(open.heard.all(), [0, 1, 2]);
        let addressed: Vec<u32> = (1..3).filter(|n| counted[*n as usize - 1] == 2).collect();
        assert_eq!(new.all(), addressed);
        open.finish(3 + addressed.len());
    });
}

/// A callback on another lane: from then on both lanes see one order.
#[test]
fn emit_against_a_second_lane() {
    model(4, || {
        let mut open = Open::new();
        let other = Kept::default();
        let emitter = open.emitter();
        let new = Log::default();
        let on = open.topic.on().event_loop(other.event_loop());
        on.call(new.callback());
        open.topic.emit((3u32,));
        let counted = emitter.join().unwrap();
        let mut driver = other.take();
        let _ = (poll(&mut open.driver), poll(&mut driver));
        let (old, new) = (open.heard.all(), new.all());
        assert_eq!(new.len(), 1 + counted.iter().filter(|n| **n == 2).count());
        assert_eq!(old[old.len() - new.len()..], new);
        open.finish(4 + new.len());
    });
}

/// A callback that is called once is called for the first event that counted it.
#[test]
fn emit_against_once() {
    model(3, || {
        let mut open = Open::new();
        let emitter = open.emitter();
        let once = Log::default();
        open.topic.on().once().call(once.callback());
        let counted = emitter.join().unwrap();
        let _ = poll(&mut open.driver);
        let first: Vec<u32> = (1..3).filter(|n| counted[*n as usize - 1] == 2).collect();
        assert!(first.len() <= 1);
        assert_eq!(once.all(), first);
        assert_eq!(open.topic.emit((3u32,)).callbacks, 2 - first.len());
        open.finish(5);
    });
}

/// A wait gets the first event that is later than it, as the lane sees them.
#[test]
fn emit_against_a_wait() {
    model(3, || {
        let open = Open::new();
        let emitter = open.emitter();
        let wait = open.topic.wait();
        let mine = open.topic.emit((3u32,)).waiters;
        emitter.join().unwrap();
        let data = loom::future::block_on(wait).unwrap();
        let got = data.arg::<u32>(0).unwrap();
        assert!(mine == 0 || got == 3);
        assert_eq!(mine == 1, got == 3);
        assert_eq!(open.mgr.stats().waiters, 0);
        open.finish(4);
    });
}

/// Once the callback is unregistered, in whichever way, nobody hears an event, and what was queued is discarded.
#[test]
fn emit_against_unregister() {
    for whole_name in [false, true] {
        model(3, move || {
            let open = Open::new();
            let second = open.topic.register(open.heard.callback());
            assert!(second.unregister());
            assert_eq!(open.topic.emit((0u32,)).callbacks, 1);
            let emitter = open.emitter();
            if whole_name {
                assert_eq!(open.topic.unregister(), 1);
            } else {
                open.mgr.close();
            }
            assert_eq!(open.topic.emit((3u32,)).callbacks, 0);
            let counted: usize = emitter.join().unwrap().iter().sum();
            // What was accepted before a close still runs.
            let runs = if whole_name { 0 } else { 2 + counted };
            let heard = open.heard.clone();
            open.finish(runs);
            assert_eq!(heard.len(), runs);
        });
    }
}

/// The place of the callback on its lane goes to another name, and the old name gets another place: no event is taken to
/// the wrong one.
#[test]
fn emit_against_a_new_owner_of_the_place() {
    model(3, || {
        let mut open = Open::new();
        let (other, anew) = (Log::default(), Log::default());
        let emitter = open.emitter();
        assert_eq!(open.topic.unregister(), 1);
        open.mgr.register("y", other.callback());
        open.topic.register(anew.callback());
        assert_eq!(open.topic.emit((3u32,)).callbacks, 1);
        assert_eq!(open.mgr.emit("y", (4u32,)).callbacks, 1);
        emitter.join().unwrap();
        let _ = poll(&mut open.driver);
        assert_eq!(other.all(), [4]);
        let heard = anew.len();
        assert!(heard > 0);
        open.finish(1 + heard);
    });
}

/// The loop goes away: each event was either discarded with it or rejected.
#[test]
fn emit_against_a_dying_loop() {
    model(3, || {
        let Open {
            kept,
            mgr,
            topic,
            heard,
            driver,
        } = Open::new();
        let emits = topic.clone();
        let emitter = thread::spawn(move || emits.emit((1u32,)));
        drop(driver);
        let emitted = emitter.join().unwrap();
        assert_eq!(topic.emit((2u32,)).callbacks, 0);
        assert_eq!(heard.len(), 0);
        let stats = mgr.stats();
        assert_eq!((stats.ran, stats.pending), (0, 0));
        assert_eq!(stats.accepted, 1 + emitted.callbacks as u64);
        assert_eq!(stats.discarded, stats.accepted);
        // On a loop that comes later the name is heard again, every time.
        let (later, again) = (Kept::default(), Log::default());
        topic
            .on()
            .event_loop(later.event_loop())
            .call(again.callback());
        let mut driver = later.take();
        for n in 3..6 {
            assert_eq!(topic.emit((n,)).callbacks, 1);
        }
        let _ = poll(&mut driver);
        assert_eq!(again.all(), [3, 4, 5]);
        drop(kept);
    });
}
