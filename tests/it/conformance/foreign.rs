//! No foreign code runs under a lock: every method may be called from wherever foreign code runs.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use aioevt::{Callback, EvtData, Manager, WeakManager};

use crate::support::{LIMIT, LoopUnderTest, limited, panic, poll_once};

/// Foreign code that calls everything. It holds the manager weakly, so that it may be kept by it.
pub(crate) struct Caller {
    mgr: WeakManager,
    /// It would call itself.
    busy: AtomicBool,
    calls: Arc<AtomicUsize>,
}

impl Caller {
    pub(crate) fn new(mgr: &Manager, calls: &Arc<AtomicUsize>) -> Self {
        Self {
            mgr: mgr.downgrade(),
            busy: AtomicBool::new(false),
            calls: calls.clone(),
        }
    }

    pub(crate) fn call_everything(&self) {
        let Some(mgr) = self.mgr.upgrade() else {
            return;
        };
        if self.busy.swap(true, Ordering::SeqCst) {
            return;
        }
        let callback = Callback::new(|| ());
        // The names that the tests use are busy right now; the other is not. It is unregistered as a whole, and others may
        // be in here at the same time: each has its own.
        let own = format!("{:p}", self);
        for name in ["x", "y", &own] {
            let registration = mgr.register(name, &callback);
            let topic = mgr.topic(name);
            let mut wait = topic.wait();
            assert!(poll_once(&mut wait).is_pending());
            drop(wait.timeout(Duration::from_secs(3600)));
            let mut wait = mgr.wait(name);
            assert!(poll_once(&mut wait).is_pending());
            mgr.on(name).once().call(|| async {});
            // The once may be claimed already: others emit as well.
            assert!(topic.callback_count() >= 1 && mgr.callback_count(name) >= 1);
            assert!(mgr.unregister_from(name, &callback) >= 1);
            assert!(!registration.unregister());
            drop(mgr.emit_after(Duration::from_secs(3600), name, (1,)));
            drop(mgr.register(name, || ()).guard());
        }
        mgr.emit(&own, ());
        mgr.unregister(&own);
        mgr.unregister_callback(&callback);
        let _ = (mgr.stats(), mgr.names());
        let _ = poll_once(&mut mgr.idle());
        drop(mgr.downgrade());
        drop(EvtData::new((1,)));
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.busy.store(false, Ordering::SeqCst);
    }
}

/// Runs `test` with a manager and a caller, and sees to it that the caller was called.
fn everything_from<L: LoopUnderTest>(test: impl FnOnce(&mut L, &Manager, Caller) + Send + 'static) {
    limited(move || {
        let mut l = L::start();
        let mgr = Manager::new(l.event_loop());
        mgr.on_error(|_| ());
        let calls = Arc::new(AtomicUsize::new(0));
        let caller = Caller::new(&mgr, &calls);
        test(&mut l, &mgr, caller);
        l.settle(&mgr);
        assert!(calls.load(Ordering::SeqCst) > 0, "it was called");
        let stats = mgr.stats();
        assert_eq!(stats.pending, 0);
    });
}

pub(crate) fn every_method_may_be_called_from_a_callback<L: LoopUnderTest>() {
    everything_from::<L>(|l, mgr, caller| {
        mgr.register("x", move || caller.call_everything());
        mgr.emit("x", ());
        l.settle(mgr);
    });
}

struct OnClone(Arc<Caller>);

impl Clone for OnClone {
    fn clone(&self) -> Self {
        self.0.call_everything();
        Self(self.0.clone())
    }
}

pub(crate) fn every_method_may_be_called_from_a_payload_s_clone<L: LoopUnderTest>() {
    everything_from::<L>(|l, mgr, caller| {
        mgr.register("x", |_: OnClone| ());
        mgr.register("x", |_: OnClone| async {});
        let wait = mgr.wait("x");
        mgr.emit("x", (OnClone(Arc::new(caller)),));
        l.settle(mgr);
        let data = l.run(wait).unwrap();
        assert!(data.arg::<OnClone>(0).is_ok());
        mgr.emit("x", data);
    });
}

pub(crate) struct OnDrop(pub(crate) Caller);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.call_everything();
    }
}

pub(crate) fn every_method_may_be_called_from_a_payload_s_drop<L: LoopUnderTest>() {
    everything_from::<L>(|l, mgr, caller| {
        let calls = caller.calls.clone();
        let payload = || OnDrop(Caller::new(mgr, &calls));
        // Heard by nobody, by one lane, by two, by waits only; cancelled; on a closed manager.
        mgr.emit("nobody", (payload(),));
        let mut wait = mgr.wait("x");
        mgr.emit("x", (payload(),));
        let _ = poll_once(&mut wait);
        drop(wait);
        mgr.register("x", |_: EvtData| ());
        mgr.emit("x", (payload(),));
        mgr.on("x")
            .event_loop(l.event_loop().new_lane())
            .call(|_: EvtData| async {});
        mgr.emit("x", (payload(), [0_u8; 256]));
        let delayed = mgr.emit_after(Duration::from_secs(3600), "x", (payload(),));
        delayed.cancel();
        mgr.emit_after(Duration::from_secs(3600), "x", (payload(),));
        l.settle(mgr);
        let strong = mgr.clone();
        mgr.close();
        drop(strong);
        l.settle(mgr);
        assert!(calls.load(Ordering::SeqCst) >= 4);
    });
}

pub(crate) fn every_method_may_be_called_from_a_closure_s_drop<L: LoopUnderTest>() {
    everything_from::<L>(|l, mgr, caller| {
        let calls = caller.calls.clone();
        let closure = |mgr: &Manager| {
            let captured = OnDrop(Caller::new(mgr, &calls));
            move || {
                let _captured = &captured;
            }
        };
        mgr.register("x", closure(mgr)).unregister();
        l.settle(mgr);
        mgr.on("x").once().call(closure(mgr));
        mgr.emit("x", ());
        l.settle(mgr);
        mgr.register("x", Callback::new(closure(mgr)));
        mgr.unregister("x");
        l.settle(mgr);
        mgr.on("x").times(0).call(closure(mgr));
        assert!(calls.load(Ordering::SeqCst) >= 4);
        let captured = OnDrop(caller);
        mgr.on_error(move |_| {
            let _captured = &captured;
        });
        mgr.on_error(|_| ());
        assert!(calls.load(Ordering::SeqCst) >= 5);
    });
}

struct OnWake(Caller, Sender<()>);

impl Wake for OnWake {
    fn wake(self: Arc<Self>) {
        self.0.call_everything();
        self.1.send(()).unwrap();
    }
}

pub(crate) fn every_method_may_be_called_from_a_waker<L: LoopUnderTest>() {
    everything_from::<L>(|l, mgr, caller| {
        let calls = caller.calls.clone();
        let (tx, woken) = mpsc::channel();
        let waker = Waker::from(Arc::new(OnWake(caller, tx)));
        let mut cx = Context::from_waker(&waker);
        let mut wait = mgr.wait("x");
        assert!(pin!(&mut wait).poll(&mut cx).is_pending());
        mgr.emit("x", (1,));
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        let mut wait = mgr.wait("x");
        assert!(pin!(&mut wait).poll(&mut cx).is_pending());
        mgr.unregister("x");
        assert_eq!(calls.load(Ordering::SeqCst), 2);
        l.settle(mgr);
        // The lane wakes whoever waits for it to be idle.
        let held = l.hold();
        mgr.register("x", || ());
        let mut idle = mgr.idle();
        assert!(pin!(&mut idle).poll(&mut cx).is_pending());
        drop(held);
        l.settle(mgr);
        for _ in 0..3 {
            woken.recv_timeout(LIMIT).unwrap();
        }
    });
}

pub(crate) fn every_method_may_be_called_from_the_hook<L: LoopUnderTest>() {
    everything_from::<L>(|l, mgr, caller| {
        mgr.on_error(move |_| caller.call_everything());
        mgr.register("x", || panic("boom"));
        mgr.register("x", || Err::<(), _>("no"));
        mgr.register("x", |_: i32| async {});
        mgr.emit("x", ());
        l.settle(mgr);
        assert_eq!(mgr.stats().hook_panics, 0);
    });
}

struct AsName(Caller);

impl AsRef<str> for AsName {
    fn as_ref(&self) -> &str {
        self.0.call_everything();
        "x"
    }
}

pub(crate) fn every_method_may_be_called_from_as_ref<L: LoopUnderTest>() {
    everything_from::<L>(|l, mgr, caller| {
        let name = Arc::new(AsName(caller));
        let name = || Name(name.clone());
        mgr.register(name(), || ());
        drop(mgr.wait(name()));
        mgr.emit(name(), ());
        mgr.emit_after(Duration::ZERO, name(), ()).cancel();
        drop(mgr.topic(name()));
        assert!(mgr.callback_count(name()) >= 1);
        mgr.unregister_from(name(), &Callback::new(|| ()));
        assert!(mgr.unregister(name()) >= 1);
        l.settle(mgr);
    });
}

struct Name(Arc<AsName>);

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        (*self.0).as_ref()
    }
}
