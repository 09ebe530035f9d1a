//! Hot names: an emit finds them without a lock, also while they end and begin anew. In models there is one place for all
//! names, and the first look-up makes a name hot.

use aioevt_core::{Emitted, EventLoop, Manager};
use loom::sync::Arc;
use loom::sync::atomic::{AtomicBool, Ordering::SeqCst, fence};
use loom::thread;

use crate::support::{Kept, Log, model};

fn heat(mgr: &Manager, name: &str) {
    let registration = mgr.register(name, |_: u32| ());
    assert_eq!(mgr.emit(name, (0u32,)).callbacks, 1);
    assert_eq!(mgr.emit(name, (0u32,)).callbacks, 1);
    assert!(registration.unregister());
}

/// What listens by name before it looks at a flag hears an emit that comes after the flag.
fn before_a_flag<T: 'static>(listen: fn(&Manager) -> T, heard: fn(Emitted) -> usize) {
    model(3, move || {
        let mgr = Manager::new(EventLoop::inline());
        heat(&mgr, "x");
        let flag = Arc::new(AtomicBool::new(false));
        let emitter = thread::spawn({
            let (mgr, flag) = (mgr.clone(), flag.clone());
            move || {
                flag.store(true, SeqCst);
                fence(SeqCst);
                heard(mgr.emit("x", (1u32,)))
            }
        });
        let listener = listen(&mgr);
        let was_set = flag.load(SeqCst);
        assert!(emitter.join().unwrap() == 1 || was_set);
        drop(listener);
    });
}

#[test]
fn a_wait_by_name_before_a_flag() {
    before_a_flag(|mgr| mgr.wait("x"), |emitted| emitted.waiters);
}

#[test]
fn a_callback_by_name_before_a_flag() {
    let listen = |mgr: &Manager| mgr.register("x", |_: u32| ());
    before_a_flag(listen, |emitted| emitted.callbacks);
}

/// A name becomes hot while others emit to it: each finds it, by either way.
#[test]
fn emits_while_a_name_becomes_hot() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let log = Log::default();
        mgr.register("x", log.callback());
        let other = mgr.clone();
        let emitter = thread::spawn(move || {
            let heard = [1, 2].map(|n: u32| other.emit("x", (n,)).callbacks);
            assert_eq!(heard, [1, 1]);
        });
        assert_eq!(mgr.emit("x", (3u32,)).callbacks, 1);
        emitter.join().unwrap();
        let mut all = log.all();
        all.retain(|n| *n != 3);
        assert_eq!((all, log.len()), (vec![1, 2], 3));
    });
}

/// The name ends and begins anew during an emit, which is heard by one side, or by nobody.
fn emit_against_the_end_and_the_next_begin(is_hot: bool) {
    model(3, move || {
        let mgr = Manager::new(EventLoop::inline());
        if is_hot {
            heat(&mgr, "x");
        }
        let (before, after) = (Log::default(), Log::default());
        let old = mgr.register("x", before.callback());
        let other = mgr.clone();
        let emitter = thread::spawn(move || other.emit("x", (1u32,)).callbacks);
        assert!(old.unregister());
        let new = mgr.register("x", after.callback());
        let heard = emitter.join().unwrap();
        let discarded = mgr.stats().discarded as usize;
        assert_eq!(before.len() + after.len() + discarded, heard);
        assert_eq!(mgr.names(), ["x"]);
        for _ in 0..2 {
            assert_eq!(mgr.emit("x", (2u32,)).callbacks, 1);
        }
        assert_eq!(after.all().iter().filter(|n| **n == 2).count(), 2);
        assert!(new.unregister());
        assert!(mgr.names().is_empty());
    });
}

#[test]
fn emit_to_a_hot_name_against_its_end_and_next_begin() {
    emit_against_the_end_and_the_next_begin(true);
}

#[test]
fn emit_that_makes_a_name_hot_against_its_end_and_next_begin() {
    emit_against_the_end_and_the_next_begin(false);
}

/// The only call of one callback ends the name, or another one keeps it.
#[test]
fn once_against_register() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        heat(&mgr, "x");
        let (a, b) = (Log::default(), Log::default());
        mgr.on("x").once().call(a.callback());
        let other = mgr.clone();
        let e = thread::spawn(move || other.emit("x", (1u32,)).callbacks);
        let new = mgr.register("x", b.callback());
        let heard = e.join().unwrap();
        assert_eq!(a.all(), [1]);
        assert_eq!(b.len() + 1, heard);
        assert_eq!(mgr.names(), ["x"]);
        assert_eq!(mgr.emit("x", (2u32,)).callbacks, 1);
        assert!(new.unregister());
        assert!(mgr.names().is_empty());
    });
}

/// A wait that has ended is dropped while another one begins the name anew.
#[test]
fn old_wait_dropped_against_new() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        heat(&mgr, "x");
        let old = mgr.wait("x");
        mgr.unregister("x");
        let other = mgr.clone();
        let w = thread::spawn(move || other.wait("x"));
        drop(old);
        let w = w.join().unwrap();
        assert_eq!(mgr.names(), ["x"]);
        assert_eq!(mgr.emit("x", (1u32,)).waiters, 1);
        assert!(loom::future::block_on(w).is_ok());
        assert!(mgr.names().is_empty());
    });
}

/// A wait is taken back while another one is armed.
#[test]
fn two_drops_against_new_wait() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        heat(&mgr, "x");
        let old = mgr.wait("x");
        let other = mgr.clone();
        let w = thread::spawn(move || {
            let w = other.wait("x");
            (other.emit("x", (1u32,)).waiters, w)
        });
        drop(old);
        let (n, w) = w.join().unwrap();
        assert!(n >= 1);
        assert!(loom::future::block_on(w).is_ok());
        assert!(mgr.names().is_empty());
        assert_eq!(mgr.stats().waiters, 0);
    });
}

/// A `Topic` goes while the only call of a callback ends the name.
#[test]
fn handle_against_emit_and_once() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        heat(&mgr, "x");
        let topic = mgr.topic("x");
        let other = mgr.clone();
        let w = thread::spawn(move || {
            other.on("x").once().call(|_: u32| ());
            other.emit("x", (1u32,)).callbacks
        });
        drop(topic);
        assert_eq!(w.join().unwrap(), 1);
        assert!(mgr.names().is_empty());
        let t = mgr.topic("x");
        mgr.register("x", |_: u32| ());
        assert_eq!(t.emit((1u32,)).callbacks, 1);
        assert_eq!(mgr.emit("x", (1u32,)).callbacks, 1);
    });
}

/// It is heard, or rejected.
#[test]
fn emit_against_close() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        heat(&mgr, "x");
        let a = Log::default();
        mgr.register("x", a.callback());
        let other = mgr.clone();
        let e = thread::spawn(move || {
            let e = other.emit("x", (1u32,));
            (e.callbacks, e.rejected)
        });
        mgr.close();
        let e = e.join().unwrap();
        assert!(e == (1, 0) || e == (0, 1), "{e:?}");
        assert_eq!(a.len(), e.0);
        assert_eq!(mgr.emit("x", (1u32,)).rejected, 1);
    });
}

/// The name begins anew while the manager is closed.
#[test]
fn revive_against_close() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        heat(&mgr, "x");
        let a = Log::default();
        let other = mgr.clone();
        let cb = a.callback();
        let e = thread::spawn(move || {
            let r = other.register("x", cb);
            let e = other.emit("x", (1u32,));
            (e.callbacks, e.rejected, r.is_active())
        });
        mgr.close();
        let e = e.join().unwrap();
        assert!(e.0 + e.1 == 1, "{e:?}");
        assert_eq!(a.len(), e.0);
        assert_eq!(mgr.emit("x", (1u32,)).rejected, 1);
        assert!(mgr.names().is_empty());
        assert_eq!(mgr.stats().callbacks, 0);
    });
}

/// The lane of before dies while the name begins anew elsewhere.
#[test]
fn dying_lane_against_revive() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let kept = Kept::default();
        let a = Log::default();
        let _old = mgr.on("x").event_loop(&kept.event_loop()).call(|_: u32| ());
        mgr.on_error(|_| ());
        mgr.emit("x", (0u32,));
        mgr.emit("x", (0u32,));
        let task = kept.take();
        let t = thread::spawn(move || drop(task));
        let new = mgr.register("x", a.callback());
        let e = mgr.emit("x", (1u32,));
        t.join().unwrap();
        assert!(e.callbacks + e.rejected >= 1);
        assert_eq!(a.all(), [1]);
        assert_eq!(mgr.emit("x", (2u32,)).callbacks, 1);
        assert!(new.unregister());
        assert!(mgr.names().is_empty());
    });
}

/// Two begin it anew at once, and end it.
#[test]
fn two_registrars_after_end() {
    model(2, || {
        let mgr = Manager::new(EventLoop::inline());
        heat(&mgr, "x");
        let regs: Vec<_> = (0..2)
            .map(|_| {
                let m = mgr.clone();
                thread::spawn(move || {
                    let r = m.register("x", |_: u32| ());
                    let n = m.emit("x", (1u32,)).callbacks;
                    assert!(n >= 1);
                    assert!(r.unregister());
                })
            })
            .collect();
        for r in regs {
            r.join().unwrap();
        }
        assert!(mgr.names().is_empty());
        assert_eq!(mgr.emit("x", (1u32,)).callbacks, 0);
        let r = mgr.register("x", |_: u32| ());
        assert_eq!(mgr.emit("x", (1u32,)).callbacks, 1);
        assert!(r.unregister());
    });
}

/// Becomes hot and ends between the two looks of a registrar.
#[test]
fn becomes_hot_and_ends_against_register() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let log = Log::default();
        let old = mgr.register("x", |_: u32| ());
        let other = mgr.clone();
        let t = thread::spawn(move || {
            assert!(other.emit("x", (0u32,)).callbacks >= 1);
            assert!(old.unregister());
        });
        let new = mgr.register("x", log.callback());
        t.join().unwrap();
        let before = log.len();
        assert_eq!(mgr.names(), ["x"]);
        assert_eq!(mgr.emit("x", (2u32,)).callbacks, 1);
        assert_eq!(log.len(), before + 1);
        assert!(new.unregister());
        assert!(mgr.names().is_empty());
    });
}

/// Two names of which one has the place.
#[test]
fn two_names_and_one_place() {
    model(3, || {
        let mgr = Manager::new(EventLoop::inline());
        let (x, y) = (Log::default(), Log::default());
        mgr.register("x", x.callback());
        mgr.register("y", y.callback());
        let other = mgr.clone();
        let t = thread::spawn(move || {
            assert_eq!(other.emit("x", (0u32,)).callbacks, 1);
            assert_eq!(other.emit("x", (0u32,)).callbacks, 1);
        });
        assert_eq!(mgr.emit("y", (1u32,)).callbacks, 1);
        assert_eq!(mgr.emit("y", (1u32,)).callbacks, 1);
        t.join().unwrap();
        assert_eq!((x.all(), y.all()), (vec![0, 0], vec![1, 1]));
    });
}
