//! An event to an inline loop that is at rest is delivered without being queued, from the second one of its name on. That
//! must not show: what is not as usual goes on as with an event that was queued.
#![cfg(not(loom))]
#![allow(clippy::std_instead_of_core, reason = "a test")]

use std::future::{Future, pending};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use aioevt_core::{
    CallbackErrorKind, EventLoop, EvtData, IntoEvtData, Manager, Registration, Stats, Topic,
    WaitError,
};

/// A manager with an inline loop, what its callbacks and its hook write down, and a topic by which one event has gone.
struct Scene {
    mgr: Manager,
    topic: Topic,
    log: Log,
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn push(&self, text: impl ToString) {
        let mut log = self.0.lock().expect("nobody panics inside");
        log.push(text.to_string());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().expect("nobody panics inside"))
    }
}

impl Scene {
    fn new() -> Self {
        let mgr = Manager::new(EventLoop::inline());
        let log = Log::default();
        let told = log.clone();
        mgr.on_error(move |error| {
            let kind = match error.kind() {
                CallbackErrorKind::Panicked(text) => format!("panicked: {text}"),
                CallbackErrorKind::Failed(error) => format!("failed: {error}"),
                CallbackErrorKind::Arguments(_) => String::from("arguments"),
                other => format!("{other:?}"),
            };
            told.push(format!("{} {kind}", error.callback()));
        });
        let topic = mgr.topic("x");
        Self { mgr, topic, log }
    }

    /// A callback that writes down its name.
    fn register(&self, name: &'static str) -> Registration {
        let log = self.log.clone();
        self.topic.on().named(name).call(move || log.push(name))
    }

    /// After what is on the way now, events are usual ones again, and the next goes directly.
    fn emit_twice<D: IntoEvtData>(&self, mut data: impl FnMut() -> D) -> Vec<String> {
        self.topic.emit(data());
        self.log.take();
        self.topic.emit(data());
        self.log.take()
    }

    fn stats(&self) -> Stats {
        let stats = self.mgr.stats();
        let ended = stats.ran + stats.failed + stats.panicked + stats.discarded;
        assert_eq!(stats.accepted, ended + stats.pending);
        stats
    }
}

#[test]
fn what_does_not_simply_run_is_accounted_for_and_stops_nobody() {
    let scene = Scene::new();
    scene.register("first");
    let topic = &scene.topic;
    topic.on().named("panics").call(|| -> () { panic!("oh") });
    scene.register("second");
    topic.on().named("fails").call(|| Err::<(), _>("no"));
    topic.on().named("wants more").call(|_: u8| ());
    topic.on().named("waits").call(pending::<()>);
    scene.register("third");
    let expected = [
        "first",
        "panics panicked: oh",
        "second",
        "fails failed: no",
        "wants more arguments",
        "waits failed: ",
        "third",
    ];
    let told = scene.emit_twice(|| ());
    assert_eq!(told.len(), expected.len());
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told:?}");
    }
    let stats = scene.stats();
    assert_eq!((stats.ran, stats.failed, stats.panicked), (6, 6, 2));
    assert_eq!(stats.pending, 0);
}

#[test]
fn trouble_of_the_first_and_of_the_last_callback_is_one_of_theirs() {
    for (troubled, panics) in [(0, true), (1, true), (0, false), (1, false)] {
        let scene = Scene::new();
        for number in 0..2 {
            let callback = move || match number == troubled {
                true if panics => panic!("oh"),
                true => Err("oh"),
                false => Ok(()),
            };
            scene.topic.on().named(number.to_string()).call(callback);
        }
        let kind = if panics { "panicked" } else { "failed" };
        assert_eq!(scene.emit_twice(|| ()), [format!("{troubled} {kind}: oh")]);
        let stats = scene.stats();
        assert_eq!((stats.ran, stats.panicked + stats.failed), (2, 2));
        assert_eq!(stats.panicked > 0, panics);
    }
}

#[test]
fn data_is_dropped_before_emit_returns_and_may_panic() {
    struct Panics(Log);
    impl Drop for Panics {
        fn drop(&mut self) {
            self.0.push("dropped");
            panic!("late");
        }
    }
    let scene = Scene::new();
    scene.register("first");
    scene.register("second");
    let told = scene.emit_twice(|| (Panics(scene.log.clone()),));
    assert_eq!(
        told,
        [
            "first",
            "second",
            "dropped",
            "first panicked: the event's data, when it was dropped: late"
        ]
    );
    // The drop is no call.
    assert_eq!((scene.stats().ran, scene.stats().panicked), (4, 0));
}

#[test]
fn data_that_a_callback_keeps_stays() {
    let scene = Scene::new();
    let kept = Arc::new(Mutex::new(Vec::new()));
    let keeps = kept.clone();
    scene
        .topic
        .register(move |data: EvtData| keeps.lock().expect("alone").push(data));
    for n in 1..4u64 {
        scene.topic.emit((n, String::from("text")));
        scene.topic.emit((n,));
        scene.topic.emit(EvtData::new((n,)));
    }
    let kept = kept.lock().expect("alone");
    let numbers: Vec<_> = kept.iter().map(|data| data.arg::<u64>(0)).collect();
    assert_eq!(numbers, [1, 1, 1, 2, 2, 2, 3, 3, 3].map(Ok));
    assert_eq!(kept[6].arg::<String>(1).as_deref(), Ok("text"));
}

#[test]
fn what_is_emitted_meanwhile_comes_after_it() {
    let scene = Scene::new();
    let (log, depth) = (scene.log.clone(), AtomicUsize::new(0));
    scene.topic.register(move |mgr: Manager| {
        if depth.fetch_add(1, Ordering::Relaxed) % 3 == 0 {
            assert_eq!(mgr.emit("x", ()).callbacks, 2);
            assert_eq!(mgr.emit("y", ()).callbacks, 1);
            assert_eq!(mgr.emit("x", ()).callbacks, 2);
        }
        log.push("first");
    });
    scene.register("second");
    let log = scene.log.clone();
    scene.mgr.register("y", move || log.push("y"));
    for _ in 0..3 {
        let told = scene.emit_twice(|| ());
        assert_eq!(
            told,
            ["first", "second", "first", "second", "y", "first", "second"]
        );
        assert_eq!(scene.stats().pending, 0);
    }
}

#[test]
fn what_another_thread_emits_meanwhile_is_run_by_the_first() {
    let scene = Scene::new();
    let (entered, inside) = mpsc::channel();
    let (left, leave) = mpsc::channel::<()>();
    let mut calls = 0;
    let log = scene.log.clone();
    scene.topic.register(move || {
        calls += 1;
        if calls == 2 {
            entered.send(()).expect("the test waits");
            leave.recv().expect("the test lets go");
        }
        log.push(format!("{calls} {:?}", thread::current().id()));
    });
    scene.topic.emit(());
    scene.log.take();
    let id = thread::scope(|scope| {
        let first = scope.spawn(|| scene.topic.emit(()));
        inside.recv().expect("it comes");
        assert_eq!(scene.topic.emit(()).callbacks, 1);
        assert!(scene.log.take().is_empty());
        left.send(()).expect("it waits");
        first.thread().id()
    });
    assert_eq!(scene.log.take(), [2, 3].map(|n| format!("{n} {id:?}")));
    assert_eq!(scene.stats().pending, 0);
}

#[test]
fn who_unregisters_itself_or_another_one_is_heeded_at_once() {
    for itself in [true, false] {
        let scene = Scene::new();
        let gone = Arc::new(Mutex::new(None::<Registration>));
        let (log, ends) = (scene.log.clone(), gone.clone());
        let first = scene.topic.register(move || {
            log.push("first");
            if let Some(registration) = ends.lock().expect("alone").take() {
                assert!(registration.unregister());
            }
        });
        let second = scene.register("second");
        scene.register("third");
        assert_eq!(scene.emit_twice(|| ()), ["first", "second", "third"]);
        *gone.lock().expect("alone") = Some(if itself { first } else { second });
        assert_eq!(scene.topic.emit(()).callbacks, 3);
        let (now, later): (&[_], _) = if itself {
            (&["first", "second", "third"], ["second", "third"])
        } else {
            (&["first", "third"], ["first", "third"])
        };
        assert_eq!(scene.log.take(), now);
        assert_eq!(scene.stats().discarded, u64::from(!itself));
        assert_eq!(scene.emit_twice(|| ()), later);
        assert_eq!(scene.stats().pending, 0);
    }
}

#[test]
fn counted_callbacks_come_and_go_beside_recurring_ones() {
    let scene = Scene::new();
    scene.register("always");
    scene.emit_twice(|| ());
    let log = scene.log.clone();
    scene.topic.on().times(2).call(move || log.push("counted"));
    for expected in [2, 2, 1, 1] {
        assert_eq!(scene.topic.emit(()).callbacks, expected);
        assert_eq!(scene.log.take().len(), expected);
    }
}

struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn who_waits_for_the_end_of_all_is_told() {
    let scene = Scene::new();
    let woken = Arc::new(Count(AtomicUsize::new(0)));
    let waker = Waker::from(woken.clone());
    let idle = Arc::new(Mutex::new(None));
    let waits = idle.clone();
    scene.topic.register(move |mgr: Manager| {
        let mut idle = Box::pin(mgr.idle());
        let poll = idle.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(poll.is_pending());
        *waits.lock().expect("alone") = Some(idle);
    });
    for times in 1..4 {
        scene.topic.emit(());
        let mut idle = idle.lock().expect("alone").take().expect("it was called");
        assert_eq!(woken.0.load(Ordering::Relaxed), times);
        let mut cx = Context::from_waker(Waker::noop());
        assert_eq!(idle.as_mut().poll(&mut cx), Poll::Ready(Ok(())));
    }
}

#[test]
fn a_name_that_ends_in_its_own_callback_leaves_nothing() {
    let scene = Scene::new();
    let probe = Arc::new(());
    let (captured, mut calls) = (probe.clone(), 0);
    scene.topic.register(move |mgr: Manager| {
        let _probe = &captured;
        calls += 1;
        if calls == 3 {
            assert_eq!(mgr.unregister("x"), 1);
        }
    });
    for callbacks in [1, 1, 1, 0] {
        assert_eq!(scene.topic.emit(()).callbacks, callbacks);
    }
    assert_eq!(Arc::strong_count(&probe), 1);
    assert_eq!((scene.stats().ran, scene.stats().pending), (3, 0));
}

/// The lane's account of it goes, too, and with that everything that it keeps.
#[test]
fn a_manager_that_ends_in_its_own_callback_leaves_nothing() {
    let event_loop = EventLoop::inline();
    let mgr = Manager::new(&event_loop);
    let (weak, topic) = (mgr.downgrade(), mgr.topic("x"));
    let (last, mut calls) = (Arc::new(Mutex::new(Some(mgr))), 0);
    let ends = last.clone();
    topic.register(move || {
        calls += 1;
        if calls == 3 {
            drop(ends.lock().expect("alone").take());
        }
    });
    for _ in 0..3 {
        assert_eq!(topic.emit(()).callbacks, 1);
    }
    assert!(weak.upgrade().is_none());
    assert_eq!(topic.emit(()).rejected, 1);
    // The callback is dropped.
    assert_eq!(Arc::strong_count(&last), 1);
}

#[test]
fn it_is_the_loops_own_thread_in_the_callback_and_no_longer_after_it() {
    let scene = Scene::new();
    let log = scene.log.clone();
    scene
        .topic
        .register(move |mgr: Manager| log.push(format!("{:?}", mgr.idle().blocking())));
    let refused = format!("{:?}", Err::<(), _>(WaitError::WouldDeadlock));
    assert_eq!(scene.emit_twice(|| ()), [refused]);
    assert_eq!(scene.mgr.idle().blocking(), Ok(()));
}
