//! Callbacks, payloads, wakers and hooks that do their worst: they panic wherever they can, call back into the manager
//! from wherever they are called, and come in great numbers.
#![cfg(all(not(loom), feature = "std"))]
#![allow(
    clippy::unwrap_used,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a test"
)]

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use aioevt_core::{Callback, EventLoop, Manager, PollLoop, Topic, WeakManager};

/// Long enough for any machine: a test that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// Runs `f` on a thread with a stack of `kilobytes`, so that a deadlock and a deep recursion are seen.
fn on_a_stack_of(kilobytes: usize, f: impl FnOnce() + Send + 'static) {
    let (done, ended) = mpsc::channel();
    let worker = thread::Builder::new()
        .stack_size(kilobytes * 1024)
        .spawn(move || {
            f();
            done.send(()).unwrap();
        });
    let worker = worker.unwrap();
    match ended.recv_timeout(LIMIT) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs"),
        // Its panic is passed on below.
        Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => worker.join().unwrap(),
    }
}

fn run(poll_loop: &mut PollLoop) {
    while poll_loop.poll(Duration::ZERO) == Some(Duration::ZERO) {}
}

/// Without the message of the panic hook.
fn boom() {
    resume_unwind(Box::new("boom"));
}

/// Does something when it is dropped.
struct OnDrop(Box<dyn Fn() + Send + Sync>);

impl OnDrop {
    fn new(f: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Box::new(f))
    }
}

impl Drop for OnDrop {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl std::fmt::Debug for OnDrop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnDrop")
    }
}

impl std::fmt::Display for OnDrop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnDrop")
    }
}

impl std::error::Error for OnDrop {}

/// Pending once.
async fn turn() {
    let mut first = true;
    std::future::poll_fn(|cx| {
        if std::mem::take(&mut first) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

/// Registers one bad callback of each kind. `f` is what it does at its bad moment.
fn places(mgr: &Manager, on: &EventLoop, f: fn(&WeakManager)) -> Vec<&'static str> {
    let weak = mgr.downgrade();
    let act = move || f(&weak);
    let mut names = Vec::new();
    let mut add = |name: &'static str| {
        names.push(name);
        mgr.on(name).event_loop(on)
    };
    let then = act.clone();
    add("in a sync call").call(move |_: u8| then());
    let then = act.clone();
    add("before the future is made").call(move |_: u8| {
        then();
        async {}
    });
    let then = act.clone();
    add("before the first await").call(move |_: u8| {
        let then = then.clone();
        async move { then() }
    });
    let then = act.clone();
    add("after an await").call(move |_: u8| {
        let then = then.clone();
        async move {
            turn().await;
            then();
        }
    });
    let then = act.clone();
    add("in the drop of a future").call(move |_: u8| {
        let held = OnDrop::new(then.clone());
        async move {
            let _held = &held;
        }
    });
    let then = act.clone();
    add("in the drop of a suspended future").call(move |_: u8| {
        let held = OnDrop::new(then.clone());
        async move {
            turn().await;
            drop(held);
        }
    });
    let then = act.clone();
    add("in the drop of an error").call(move |_: u8| Err::<(), _>(OnDrop::new(then.clone())));
    let then = act.clone();
    let once = Mutex::new(Some(OnDrop::new(then)));
    add("in the drop of a capture").once().call(move |_: u8| {
        let _kept = once.lock().unwrap().is_some();
    });
    let then = act.clone();
    add("in the drop of a shared callback")
        .once()
        .call(Callback::new({
            let held = OnDrop::new(then);
            move |_: u8| {
                let _kept = &held;
            }
        }));
    names
}

/// Beside each bad callback there are a good one before and a good one after it. Whatever the bad one does, they get
/// every event, the loop lives, and everything accepted has an outcome.
fn each_place(f: fn(&WeakManager)) {
    for inline in [true, false] {
        on_a_stack_of(2048, move || {
            let mut poll_loop = PollLoop::new(|| ());
            let on = if inline {
                EventLoop::inline()
            } else {
                poll_loop.event_loop()
            };
            let mgr = Manager::new(&on);
            let weak = mgr.downgrade();
            // A hook whose own doings are errors would tell itself without end: an inline loop has no timer.
            let told = AtomicUsize::new(0);
            mgr.on_error(move |_| {
                if told.fetch_add(1, SeqCst) == 0 {
                    let _ = catch_unwind(AssertUnwindSafe(|| f(&weak)));
                }
                told.fetch_sub(1, SeqCst);
            });
            let good = Arc::new(AtomicUsize::new(0));
            let count = |mgr: &Manager, name: &str| {
                let good = good.clone();
                mgr.on(name).event_loop(&on).call(move |_: u8| {
                    good.fetch_add(1, SeqCst);
                })
            };
            let names = {
                // The bad ones in the middle.
                let firsts: Vec<_> = PLACES.iter().map(|name| count(&mgr, name)).collect();
                let names = places(&mgr, &on, f);
                assert_eq!(names, PLACES);
                assert!(firsts.iter().all(|reg| reg.is_active()));
                names
            };
            for name in &names {
                count(&mgr, name);
            }
            for name in &names {
                for round in 1..=2 {
                    mgr.emit(name, (7u8,));
                    run(&mut poll_loop);
                    run(&mut poll_loop);
                    assert_eq!(
                        good.swap(0, SeqCst),
                        2,
                        "{name}, round {round}, inline: {inline}"
                    );
                }
            }
            let stats = mgr.stats();
            let ended = stats.ran + stats.failed + stats.panicked + stats.discarded;
            assert_eq!(
                (stats.accepted, stats.pending),
                (ended, 0),
                "inline: {inline}"
            );
            mgr.close();
            run(&mut poll_loop);
            assert_eq!(mgr.stats().callbacks, 0);
            assert_eq!(
                Arc::strong_count(&good),
                1,
                "closures are left, inline: {inline}"
            );
        });
    }
}

const PLACES: [&str; 9] = [
    "in a sync call",
    "before the future is made",
    "before the first await",
    "after an await",
    "in the drop of a future",
    "in the drop of a suspended future",
    "in the drop of an error",
    "in the drop of a capture",
    "in the drop of a shared callback",
];

#[test]
fn a_panic_anywhere_harms_nobody_else() {
    each_place(|_| boom());
}

/// All methods of a manager, in a name of its own. What is left over is cleared away again.
fn every_method(weak: &WeakManager) {
    let Some(mgr) = weak.upgrade() else { return };
    // Not without end: a callback of "hostile" would come here again.
    let reg = mgr.register("hostile", |_: u8| ());
    let _ = mgr.emit("hostile", (1u8,));
    let again = mgr.on("hostile").once().call(|_: u8| ());
    let wait = mgr.wait("hostile").timeout(Duration::from_secs(1));
    let topic: Topic = mgr.topic("hostile");
    let _ = topic.emit((2u8,));
    drop(topic.wait());
    let _ = mgr.emit_after(Duration::ZERO, "hostile", (3u8,)).cancel();
    fn known(_: u8) {}
    mgr.register("hostile", known);
    let _ = mgr.unregister_from("hostile", &known);
    let _ = mgr.unregister_callback(&known);
    let _ = (mgr.callback_count("hostile"), mgr.names(), mgr.stats());
    let mut idle = mgr.idle();
    let _ = Pin::new(&mut idle).poll(&mut Context::from_waker(Waker::noop()));
    let _ = (reg.is_active(), reg.unregister(), again.unregister());
    drop((wait, topic));
    mgr.unregister("hostile");
    let _ = format!("{mgr:?} {reg:?} {weak:?}");
}

#[test]
fn every_method_may_be_called_from_anywhere() {
    each_place(every_method);
}

#[test]
fn every_method_may_be_called_from_a_payload_and_a_name() {
    #[derive(Clone)]
    struct Hostile {
        _drops: Arc<OnDrop>,
    }
    struct Name(WeakManager);
    impl AsRef<str> for Name {
        fn as_ref(&self) -> &str {
            every_method(&self.0);
            "x"
        }
    }
    for panics in [false, true] {
        on_a_stack_of(1024, move || {
            let mut poll_loop = PollLoop::new(|| ());
            let mgr = Manager::new(&poll_loop);
            mgr.on_error(|_| ());
            let payload = || {
                let weak = mgr.downgrade();
                let drops = OnDrop::new(move || {
                    every_method(&weak);
                    if panics {
                        boom();
                    }
                });
                (Hostile {
                    _drops: Arc::new(drops),
                },)
            };
            let called = Arc::new(AtomicUsize::new(0));
            let count = called.clone();
            let name = || Name(mgr.downgrade());
            mgr.register(name(), move |payload: Hostile| {
                count.fetch_add(1, SeqCst);
                drop(payload);
            });
            let _ = mgr.emit("nobody", payload());
            let _ = mgr.emit(name(), payload());
            mgr.emit_after(Duration::ZERO, name(), payload());
            assert!(mgr.emit_after(Duration::ZERO, name(), payload()).cancel());
            run(&mut poll_loop);
            assert_eq!(called.load(SeqCst), 2);
            let wait = mgr.wait(name());
            let _ = mgr.emit(name(), payload());
            let outcome = wait.blocking();
            // Dropping the data may panic here, in the test's own code.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(outcome)));
            run(&mut poll_loop);
            assert_eq!(called.load(SeqCst), 3);
            let _ = mgr.emit(name(), payload());
            assert_eq!(mgr.unregister(name()), 1);
            run(&mut poll_loop);
            let stats = mgr.stats();
            assert_eq!((stats.pending, stats.names), (0, 0));
            assert!(stats.discarded >= 1);
        });
    }
}

#[test]
fn every_method_may_be_called_from_a_waker() {
    struct Hostile(WeakManager, AtomicUsize, bool);
    impl Wake for Hostile {
        fn wake(self: Arc<Self>) {
            self.1.fetch_add(1, SeqCst);
            every_method(&self.0);
            if self.2 {
                boom();
            }
        }
    }
    impl Drop for Hostile {
        fn drop(&mut self) {
            every_method(&self.0);
            if self.2 && !thread::panicking() {
                boom();
            }
        }
    }
    for panics in [false, true] {
        on_a_stack_of(1024, move || {
            let mut poll_loop = PollLoop::new(|| ());
            let mgr = Manager::new(&poll_loop);
            let woken = |f: &mut dyn FnMut(&mut Context<'_>)| {
                let hostile = Arc::new(Hostile(mgr.downgrade(), AtomicUsize::new(0), false));
                let bad = Arc::new(Hostile(mgr.downgrade(), AtomicUsize::new(0), panics));
                // The panicking one is replaced by the next poll, so it is dropped, and then woken.
                f(&mut Context::from_waker(&Waker::from(hostile)));
                f(&mut Context::from_waker(&Waker::from(bad.clone())));
                bad
            };
            let mut waits = [mgr.wait("x"), mgr.wait("x"), mgr.wait("y")];
            let mut idle = mgr.idle();
            let mut bad = Vec::new();
            for wait in &mut waits {
                bad.push(woken(&mut |cx| {
                    assert!(Pin::new(&mut *wait).poll(cx).is_pending())
                }));
            }
            mgr.register("x", || ());
            bad.push(woken(&mut |cx| {
                assert!(Pin::new(&mut idle).poll(cx).is_pending())
            }));
            assert_eq!(mgr.emit("x", ()).waiters, 2);
            mgr.unregister("y");
            run(&mut poll_loop);
            for bad in &bad {
                assert!(bad.1.load(SeqCst) > 0, "not woken");
            }
            for mut wait in waits {
                assert!(
                    Pin::new(&mut wait)
                        .poll(&mut Context::from_waker(Waker::noop()))
                        .is_ready()
                );
            }
            assert_eq!(
                Pin::new(&mut idle).poll(&mut Context::from_waker(Waker::noop())),
                Poll::Ready(Ok(()))
            );
            // What is left of them is dropped by the test, and panics in its own code.
            for bad in bad {
                let _ = catch_unwind(AssertUnwindSafe(|| drop(bad)));
            }
        });
    }
}

#[test]
fn great_closures_and_payloads_travel_by_reference() {
    const SIZE: usize = 1 << 20;
    // Moving them about as arguments takes stack in a build without optimizations; working with them does not.
    on_a_stack_of(64 * 1024, || {
        let mut poll_loop = PollLoop::new(|| ());
        let mgr = Manager::new(&poll_loop);
        let sum = Arc::new(AtomicUsize::new(0));
        let (great, total) = ([1u8; SIZE], sum.clone());
        mgr.register("x", move |payload: aioevt_core::Shared<[u8; SIZE]>| {
            total.fetch_add(
                usize::from(great[SIZE - 1]) + usize::from(payload[0]),
                SeqCst,
            );
        });
        let (great, total) = ([1u8; SIZE], sum.clone());
        mgr.register("x", move || {
            let (great, total) = (great, total.clone());
            async move {
                turn().await;
                total.fetch_add(usize::from(great[7]), SeqCst);
            }
        });
        mgr.emit("x", ([2u8; SIZE],));
        run(&mut poll_loop);
        assert_eq!(sum.load(SeqCst), 4);
        mgr.close();
        run(&mut poll_loop);
        assert_eq!(Arc::strong_count(&sum), 1);
    });
}

const MANY: usize = 100_000;

/// Neither recursion (the stack is small) nor quadratic time (it would take minutes).
#[test]
fn a_great_many_callbacks_come_and_go() {
    on_a_stack_of(256, || {
        let mut poll_loop = PollLoop::new(|| ());
        let mgr = Manager::new(&poll_loop);
        let held = Arc::new(());
        let register = |on: aioevt_core::On| {
            let held = held.clone();
            on.call(move || {
                let _kept = &held;
            })
        };
        // On one name, and removed at once.
        (0..MANY).for_each(|_| drop(register(mgr.on("x"))));
        assert_eq!(mgr.emit("x", ()).callbacks, MANY);
        run(&mut poll_loop);
        assert_eq!(mgr.unregister("x"), MANY);
        run(&mut poll_loop);
        // On one name, removed one by one, the oldest first.
        let regs: Vec<_> = (0..MANY).map(|_| register(mgr.on("x"))).collect();
        run(&mut poll_loop);
        regs.iter().for_each(|reg| assert!(reg.unregister()));
        run(&mut poll_loop);
        // Once each, used up by one event.
        (0..MANY).for_each(|_| drop(register(mgr.on("x").once())));
        assert_eq!(mgr.emit("x", ()).callbacks, MANY);
        run(&mut poll_loop);
        assert_eq!(mgr.stats().ran, 2 * MANY as u64);
        // On a name each, and closed at once.
        (0..MANY).for_each(|n| drop(register(mgr.on(n.to_string()))));
        assert_eq!(mgr.names().len(), MANY);
        mgr.close();
        run(&mut poll_loop);
        assert_eq!(Arc::strong_count(&held), 1);
        assert_eq!(mgr.stats().names, 0);
    });
}

/// A loop that dies with a great deal on it, and a great many waits.
#[test]
fn a_great_many_end_with_their_loop() {
    on_a_stack_of(256, || {
        let mut poll_loop = PollLoop::new(|| ());
        let mgr = Manager::new(&poll_loop);
        let reports = Arc::new(AtomicUsize::new(0));
        let count = reports.clone();
        mgr.on_error(move |_| {
            count.fetch_add(1, SeqCst);
        });
        for n in 0..MANY / 10 {
            mgr.register(n.to_string(), || async {
                turn().await;
            });
        }
        for _ in 0..3 {
            (0..MANY / 10).for_each(|n| assert_eq!(mgr.emit(n.to_string(), ()).callbacks, 1));
            poll_loop.poll(Duration::ZERO);
        }
        let waits: Vec<_> = (0..MANY)
            .map(|n| mgr.wait(format!("wait {}", n % 7)))
            .collect();
        drop(poll_loop);
        let stats = mgr.stats();
        assert_eq!(stats.accepted, 3 * (MANY / 10) as u64);
        assert_eq!(stats.accepted, stats.ran + stats.discarded);
        assert_eq!(
            (stats.pending, stats.callbacks, stats.waiters),
            (0, 0, MANY)
        );
        assert!(reports.load(SeqCst) >= MANY / 10);
        drop(mgr);
        waits
            .into_iter()
            .for_each(|wait| assert!(wait.blocking().is_err()));
    });
}

/// Each callback holds the registration of the next: dropping the first takes down all, one after the other.
#[test]
fn a_chain_of_captures_is_dropped_without_recursion() {
    for inline in [true, false] {
        on_a_stack_of(256, move || {
            let mut poll_loop = PollLoop::new(|| ());
            let on = if inline {
                EventLoop::inline()
            } else {
                poll_loop.event_loop()
            };
            let mgr = Manager::new(&on);
            let mut last = None;
            for _ in 0..MANY / 2 {
                let held = last.take();
                let reg = mgr.register("x", move || {
                    let _kept = &held;
                });
                last = Some(reg.guard());
            }
            assert_eq!(mgr.callback_count("x"), MANY / 2);
            drop(last);
            run(&mut poll_loop);
            assert_eq!(mgr.callback_count("x"), 0);
        });
    }
}

/// The hook is foreign too: its panics are counted, and it still hears of the next error.
#[test]
fn a_hook_that_panics_is_told_again() {
    let mgr = Manager::new(EventLoop::inline());
    let told = Arc::new(AtomicUsize::new(0));
    let count = told.clone();
    mgr.on_error(move |_| {
        count.fetch_add(1, SeqCst);
        boom();
    });
    mgr.register("x", || Err::<(), _>("no"));
    for n in 1..=3 {
        mgr.emit("x", ());
        assert_eq!((told.load(SeqCst), mgr.stats().hook_panics), (n, n as u64));
    }
    assert_eq!(mgr.stats().failed, 3);
}
