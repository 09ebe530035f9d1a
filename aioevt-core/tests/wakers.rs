//! What the tasks of lanes do with the wakers that they are given: which one is woken, and that cloning, dropping and
//! waking them may panic and may use the manager. Those of waits are in `wait_wakers.rs`.
#![cfg(all(not(loom), feature = "std"))]
#![allow(
    clippy::unwrap_used,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    reason = "a test"
)]
#![allow(
    unsafe_code,
    reason = "a waker that notices its clones is made by hand"
)]

#[path = "support/told.rs"]
mod told;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use aioevt_core::{BoxFuture, EventLoop, Manager, WaitError};

use self::told::{ByHand, Fragile, Panics, Told, set};

/// Clones that were neither woken nor dropped.
fn kept(told: &Told) -> usize {
    told.clones.load(SeqCst) - told.drops.load(SeqCst)
}

/// A lane with one callback, and its task.
struct Lane {
    mgr: Manager,
    event_loop: EventLoop,
    ran: Arc<AtomicUsize>,
    task: BoxFuture,
}

impl Lane {
    fn new() -> Self {
        let runtime = ByHand::default();
        let event_loop = EventLoop::new(runtime.clone());
        let mgr = Manager::new(&event_loop);
        mgr.on_error(|_| ());
        let ran = Arc::new(AtomicUsize::new(0));
        let count = ran.clone();
        mgr.register("x", move |_: i32| {
            count.fetch_add(1, SeqCst);
        });
        let task = runtime.0.lock().unwrap().pop().unwrap();
        Self {
            mgr,
            event_loop,
            ran,
            task,
        }
    }

    fn emit(&self, events: i32) {
        (0..events).for_each(|n| assert_eq!(self.mgr.emit("x", (n,)).callbacks, 1));
    }

    fn poll(&mut self, waker: &Waker) -> Poll<()> {
        turn(&mut self.task, waker)
    }

    fn ran(&self) -> usize {
        self.ran.load(SeqCst)
    }
}

fn turn(task: &mut BoxFuture, waker: &Waker) -> Poll<()> {
    task.as_mut().poll(&mut Context::from_waker(waker))
}

#[test]
fn a_sleeping_lane_keeps_one_waker_that_of_its_last_poll() {
    let mut lane = Lane::new();
    let (one, other) = (Told::new(), Told::new());
    for turn in 1..=3 {
        lane.emit(1);
        assert!(lane.poll(&one.waker()).is_pending());
        assert_eq!((lane.ran(), kept(one)), (turn, 1));
    }
    // A turn that ends before there is nothing to do clones none.
    let clones = one.clones.load(SeqCst);
    lane.emit(200);
    assert!(lane.poll(&one.waker()).is_pending());
    assert_eq!(one.clones.load(SeqCst), clones);
    assert!(lane.poll(&one.waker()).is_pending());
    assert_eq!((lane.ran(), kept(one)), (203, 1));
    // Polls that nobody asked for.
    for _ in 0..3 {
        assert!(lane.poll(&one.waker()).is_pending());
        assert_eq!(kept(one), 1);
    }
    let before = one.wakes();
    assert!(lane.poll(&other.waker()).is_pending());
    assert_eq!((kept(one), kept(other)), (0, 1));
    lane.emit(1);
    assert_eq!((one.wakes(), other.wakes()), (before, 1));
    assert!(lane.poll(&other.waker()).is_pending());
    // Nobody needs it any more.
    let Lane {
        mgr,
        event_loop,
        mut task,
        ..
    } = lane;
    drop((mgr, event_loop));
    assert!(turn(&mut task, &other.waker()).is_ready());
    drop(task);
    assert_eq!((kept(one), kept(other)), (0, 0));
}

#[test]
fn a_waker_may_use_the_manager_when_it_is_cloned_and_dropped() {
    let mut lane = Lane::new();
    let told = Told::new();
    let mgr = lane.mgr.clone();
    // Cloned on the way to sleep: the event is found.
    set(&told.on_clone, move || {
        mgr.emit("x", (1,));
        drop(mgr.wait("x"));
    });
    assert!(lane.poll(&told.waker()).is_pending());
    assert_eq!((lane.ran(), told.wakes()), (1, 0));
    *told.on_clone.lock().unwrap() = None;
    // Dropped for another one, when the task sleeps: that one is woken.
    let (other, mgr) = (Told::new(), lane.mgr.clone());
    set(&told.on_drop, move || {
        mgr.emit("x", (1,));
    });
    assert!(lane.poll(&other.waker()).is_pending());
    assert_eq!(other.wakes(), 1);
    *told.on_drop.lock().unwrap() = None;
    assert!(lane.poll(&other.waker()).is_pending());
    assert_eq!(lane.ran(), 2);
}

#[test]
fn a_waker_that_panics_when_it_is_dropped_stops_no_lane() {
    let mut lane = Lane::new();
    let told = Told::new();
    assert!(lane.poll(&told.waker()).is_pending());
    set(&told.on_drop, || panic!("when dropped"));
    assert!(lane.poll(Waker::noop()).is_pending());
    lane.emit(1);
    assert!(lane.poll(Waker::noop()).is_pending());
    assert_eq!(lane.ran(), 1);
}

#[test]
fn a_waker_that_panics_when_it_is_woken_stops_no_emit() {
    let mut lane = Lane::new();
    let told = Told::new();
    assert!(lane.poll(&told.waker()).is_pending());
    set(&told.on_drop, || panic!("when woken"));
    lane.emit(1);
    assert_eq!(told.wakes(), 1);
    assert!(lane.poll(Waker::noop()).is_pending());
    assert_eq!(lane.ran(), 1);
}

/// Without a waker it would never be polled again, so the loop is closed. What was queued before has run.
#[test]
fn a_waker_that_panics_when_it_is_cloned_closes_the_lane() {
    let mut lane = Lane::new();
    lane.emit(10);
    let told = Told::new();
    set(&told.on_clone, || panic!("when cloned"));
    assert!(lane.poll(&told.waker()).is_ready());
    assert_eq!(lane.ran(), 10);
    let Lane {
        mgr,
        event_loop,
        task,
        ..
    } = lane;
    drop(task);
    assert!(event_loop.is_closed());
    let stats = mgr.stats();
    assert_eq!((stats.ran, stats.pending), (10, 0));
}

/// A blocking wait is refused in a lane's turn only, not on a thread that once polled one.
#[test]
fn a_thread_that_has_polled_a_lane_may_block_afterwards() {
    let mut lane = Lane::new();
    lane.emit(1);
    assert!(lane.poll(Waker::noop()).is_pending());
    assert!(lane.mgr.idle().blocking().is_ok());
    let wait = lane.mgr.wait("y");
    lane.mgr.emit("y", (1,));
    assert!(wait.blocking().is_ok());
    // Nor after a turn that ended on its budget, or with the lane.
    lane.emit(200);
    assert!(lane.poll(Waker::noop()).is_pending());
    let wait = lane.mgr.wait("y");
    lane.mgr.emit("y", (1,));
    assert!(wait.blocking().is_ok());
}

/// Whatever the runtime: here it is the lane that says so. Other threads may block meanwhile.
#[test]
fn a_thread_that_polls_a_lane_may_not_block_and_others_may() {
    let mut lane = Lane::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = seen.clone();
    lane.mgr.register("blocks", move |mgr: Manager| {
        let blocking = || {
            let wait = mgr.wait("y");
            mgr.emit("y", (1,));
            wait.blocking().err()
        };
        let elsewhere = std::thread::scope(|scope| scope.spawn(blocking).join().unwrap());
        log.lock().unwrap().extend([blocking(), elsewhere]);
    });
    lane.mgr.emit("blocks", ());
    assert!(lane.poll(Waker::noop()).is_pending());
    assert_eq!(
        *seen.lock().unwrap(),
        [Some(WaitError::WouldDeadlock), None]
    );
}

/// Its account is over in the middle of a batch, the rest of which is another manager's.
#[test]
fn who_waits_until_a_manager_is_idle_is_woken_at_the_end_of_a_turn() {
    let mut lane = Lane::new();
    let other = Manager::new(&lane.event_loop);
    other.register("y", || ());
    assert!(lane.poll(Waker::noop()).is_pending());
    other.emit("y", ());
    lane.emit(200);
    let (mut idle, told) = (other.idle(), Told::new());
    let mut is_idle = || Pin::new(&mut idle).poll(&mut Context::from_waker(&told.waker()));
    assert!(is_idle().is_pending());
    assert!(lane.poll(Waker::noop()).is_pending());
    assert_eq!((lane.ran(), told.wakes()), (127, 1));
    assert!(is_idle().is_ready());
}

/// What runs inside of the emit may wait for what runs elsewhere.
#[test]
fn an_event_wakes_all_lanes_before_it_runs_the_inline_ones() {
    for order in ["IWWI", "WIIW", "WWII"] {
        let runtime = ByHand::default();
        let mgr = Manager::new(EventLoop::inline());
        let (seen, told) = (Arc::new(Mutex::new(Vec::new())), [Told::new(), Told::new()]);
        for lane in order.chars() {
            if lane == 'I' {
                let log = seen.clone();
                let on = mgr.on("x").event_loop(EventLoop::inline());
                on.call(move || log.lock().unwrap().push(told.map(Told::wakes)));
            } else {
                mgr.on("x")
                    .event_loop(EventLoop::new(runtime.clone()))
                    .call(|| ());
            }
        }
        for (task, told) in runtime.0.lock().unwrap().iter_mut().zip(told) {
            assert!(turn(task, &told.waker()).is_pending());
        }
        assert_eq!(mgr.emit("x", ()).callbacks, 4);
        assert_eq!(*seen.lock().unwrap(), [[1, 1], [1, 1]], "{order}");
        // They hold the runtime, which holds them.
        mgr.on_error(|_| ());
        let tasks = std::mem::take(&mut *runtime.0.lock().unwrap());
        drop(tasks);
    }
}

/// Its last event may end a lane, and with that a runtime, before the emit returns.
#[test]
fn a_runtime_that_panics_when_its_lane_ends_stops_no_emit() {
    let runtime = ByHand::default();
    let mgr = Manager::new(EventLoop::inline());
    let event_loop = EventLoop::new(Fragile(runtime.clone(), Panics));
    mgr.on("x").event_loop(event_loop).once().call(|| ());
    let mut task = runtime.0.lock().unwrap().pop().unwrap();
    let told = Told::new();
    assert!(turn(&mut task, &told.waker()).is_pending());
    // An executor that runs what is woken at once.
    let (task, ended) = (Mutex::new(Some(task)), Arc::new(AtomicUsize::new(0)));
    let count = ended.clone();
    set(&told.on_drop, move || {
        if let Some(mut task) = task.lock().unwrap().take() {
            assert!(turn(&mut task, Waker::noop()).is_ready());
            count.fetch_add(1, SeqCst);
        }
    });
    assert_eq!(mgr.emit("x", ()).callbacks, 1);
    assert_eq!(ended.load(SeqCst), 1);
}

/// Lanes drop their drivers' wakers when they are closed already, and still in their topics.
#[test]
fn data_that_dying_lanes_reject_may_panic() {
    let runtime = ByHand::default();
    let mgr = Manager::new(EventLoop::inline());
    mgr.on_error(|_| ());
    let event_loop = EventLoop::new(runtime.clone());
    let lanes = [event_loop.new_lane(), event_loop.new_lane()];
    for lane in &lanes {
        mgr.on("x").event_loop(lane).call(|| ());
    }
    let told = [Told::new(), Told::new()];
    let mut tasks = std::mem::take(&mut *runtime.0.lock().unwrap());
    for (task, told) in tasks.iter_mut().zip(told) {
        assert!(turn(task, &told.waker()).is_pending());
    }
    let (emitter, seen) = (mgr.clone(), Arc::new(Mutex::new(Vec::new())));
    let (log, mut last) = (seen.clone(), tasks.pop());
    set(&told[0].on_drop, move || drop(last.take()));
    set(&told[1].on_drop, move || {
        let emitted = emitter.emit("x", (Panics,));
        log.lock()
            .unwrap()
            .push((emitted.callbacks, emitted.rejected));
    });
    drop(tasks);
    assert_eq!(*seen.lock().unwrap(), [(0, 2)]);
}
