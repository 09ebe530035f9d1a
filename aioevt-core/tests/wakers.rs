//! What the tasks of lanes and the waits do with the wakers that they are given: which one is woken, and that cloning,
//! dropping and waking them may panic and may use the manager.
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

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Wake, Waker};
use std::time::Duration;

use aioevt_core::{
    BoxFuture, EventLoop, Manager, PollLoop, Sleep, SpawnError, Spawner, Timer, TimerError, Wait,
    WaitError, args,
};

/// A runtime that keeps what is spawned, for the test to poll with wakers of its own. It has no clock.
#[derive(Clone, Default)]
struct ByHand(Arc<Mutex<Vec<BoxFuture>>>);

impl Spawner for ByHand {
    fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
        self.0.lock().unwrap().push(future);
        Ok(())
    }
}

impl Timer for ByHand {
    fn now(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> Sleep {
        Box::pin(std::future::ready(Err(TimerError::Unsupported)))
    }
}

type Action = Mutex<Option<Box<dyn FnMut() + Send>>>;

/// What became of a waker, and what it does then.
#[derive(Default)]
struct Told {
    clones: AtomicUsize,
    wakes: AtomicUsize,
    drops: AtomicUsize,
    on_clone: Action,
    on_drop: Action,
}

impl Told {
    /// For the rest of the process, which still knows it at its end: it is no leak.
    fn new() -> &'static Self {
        static ALL: Mutex<Vec<&'static Told>> = Mutex::new(Vec::new());
        let told: &'static Self = Box::leak(Box::default());
        ALL.lock().unwrap().push(told);
        told
    }

    /// The waker; forgotten, so that its own drop is not counted.
    fn waker(&'static self) -> std::mem::ManuallyDrop<Waker> {
        // SAFETY: the functions of the table do what a waker's do, with a reference that is never freed.
        std::mem::ManuallyDrop::new(unsafe { Waker::from_raw(self.raw()) })
    }

    fn raw(&'static self) -> RawWaker {
        static TABLE: RawWakerVTable = RawWakerVTable::new(
            |told| {
                let told = Told::of(told);
                told.clones.fetch_add(1, SeqCst);
                act(&told.on_clone);
                told.raw()
            },
            |told| {
                Told::of(told).wakes.fetch_add(1, SeqCst);
                Told::of(told).dropped();
            },
            |told| {
                Told::of(told).wakes.fetch_add(1, SeqCst);
            },
            |told| Told::of(told).dropped(),
        );
        RawWaker::new(std::ptr::from_ref(self).cast(), &TABLE)
    }

    fn of(told: *const ()) -> &'static Self {
        // SAFETY: only `raw` makes these pointers, of a reference that is never freed.
        unsafe { &*told.cast() }
    }

    fn dropped(&self) {
        self.drops.fetch_add(1, SeqCst);
        act(&self.on_drop);
    }

    fn wakes(&self) -> usize {
        self.wakes.load(SeqCst)
    }

    /// Clones that were neither woken nor dropped.
    fn kept(&self) -> usize {
        self.clones.load(SeqCst) - self.drops.load(SeqCst)
    }
}

fn act(action: &Action) {
    let taken = action.lock().unwrap().take();
    if let Some(mut f) = taken {
        f();
        *action.lock().unwrap() = Some(f);
    }
}

fn set(action: &Action, f: impl FnMut() + Send + 'static) {
    *action.lock().unwrap() = Some(Box::new(f));
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
        assert_eq!((lane.ran(), one.kept()), (turn, 1));
    }
    // A turn that ends before there is nothing to do clones none.
    let clones = one.clones.load(SeqCst);
    lane.emit(200);
    assert!(lane.poll(&one.waker()).is_pending());
    assert_eq!(one.clones.load(SeqCst), clones);
    assert!(lane.poll(&one.waker()).is_pending());
    assert_eq!((lane.ran(), one.kept()), (203, 1));
    // Polls that nobody asked for.
    for _ in 0..3 {
        assert!(lane.poll(&one.waker()).is_pending());
        assert_eq!(one.kept(), 1);
    }
    let before = one.wakes();
    assert!(lane.poll(&other.waker()).is_pending());
    assert_eq!((one.kept(), other.kept()), (0, 1));
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
    assert_eq!((one.kept(), other.kept()), (0, 0));
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

fn poll(wait: &mut Wait, waker: &Waker) -> Poll<Result<(), WaitError>> {
    let polled = Pin::new(wait).poll(&mut Context::from_waker(waker));
    polled.map(|outcome| outcome.map(drop))
}

struct Panics;

impl Drop for Panics {
    fn drop(&mut self) {
        panic!("when dropped");
    }
}

/// A runtime that panics at its end.
struct Fragile(ByHand, #[allow(dead_code, reason = "it is dropped")] Panics);

impl Spawner for Fragile {
    fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
        self.0.spawn(future)
    }
}

impl Timer for Fragile {
    fn now(&self) -> Duration {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.0.sleep(duration)
    }
}

/// Drops a wait when it is woken.
struct DropsWait(Mutex<Option<Wait>>);

impl Wake for DropsWait {
    fn wake(self: Arc<Self>) {
        drop(self.0.lock().unwrap().take());
    }
}

/// The emit is the last who has the data then, and nobody else is to blame.
#[test]
fn an_emit_whose_data_panics_after_its_waker_dropped_the_wait_goes_on() {
    let mgr = Manager::new(EventLoop::inline());
    let waker = Arc::new(DropsWait(Mutex::new(None)));
    let mut wait = mgr.wait("x");
    assert!(poll(&mut wait, &Waker::from(waker.clone())).is_pending());
    *waker.0.lock().unwrap() = Some(wait);
    assert_eq!(mgr.emit("x", (Panics,)).waiters, 1);
    assert!(waker.0.lock().unwrap().is_none());
}

#[test]
fn data_that_nobody_gets_may_panic() {
    let mgr = Manager::new(EventLoop::inline());
    assert_eq!(mgr.emit("x", (Panics,)).waiters, 0);
    let topic = mgr.topic("x");
    drop(topic.wait());
    assert_eq!(topic.emit((Panics,)).waiters, 0);
}

#[test]
fn a_wait_s_waker_that_panics_when_it_is_dropped_stops_nobody() {
    let mgr = Manager::new(EventLoop::inline());
    let panics = || {
        let told = Told::new();
        set(&told.on_drop, || panic!("when dropped"));
        told.waker()
    };
    // Replaced by another one, and left behind by a wait that is taken back.
    let mut wait = mgr.wait("x");
    for _ in 0..2 {
        assert!(poll(&mut wait, &panics()).is_pending());
    }
    drop(wait);
    // Woken.
    let mut wait = mgr.wait("x");
    assert!(poll(&mut wait, &panics()).is_pending());
    assert_eq!(mgr.emit("x", (1,)).waiters, 1);
    assert!(matches!(
        poll(&mut wait, Waker::noop()),
        Poll::Ready(Ok(()))
    ));
    assert_eq!(mgr.names(), [""; 0]);
}

/// A timer that does not work leaves the wait armed until it is taken back: the seat stays its own.
#[test]
fn a_wait_whose_timer_failed_is_still_woken_by_what_ends_the_others() {
    let mgr = Manager::new(EventLoop::inline());
    let mut wait = mgr.wait("x").timeout(Duration::from_secs(1));
    assert!(matches!(
        poll(&mut wait, Waker::noop()),
        Poll::Ready(Err(WaitError::Timer(_)))
    ));
    assert_eq!(mgr.names(), [""; 0]);
    // Blocking has a clock of its own.
    let wait = mgr.wait("x").timeout(Duration::from_secs(100));
    mgr.emit("x", (1,));
    assert!(wait.blocking().is_ok());
    assert_eq!(mgr.stats().waiters, 0);
}

#[test]
fn waits_get_data_of_every_kind() {
    #[repr(align(64))]
    struct Aligned(u8);
    let mgr = Manager::new(EventLoop::inline());
    let get = |emit: &dyn Fn()| {
        let waits = [mgr.wait("x"), mgr.wait("x")];
        emit();
        waits.map(|wait| wait.blocking().unwrap())
    };
    for data in get(&|| _ = mgr.emit("x", ())) {
        assert_eq!(data.args::<()>(), Ok(()));
    }
    for data in get(&|| _ = mgr.emit("x", (Aligned(3),))) {
        let aligned: &Aligned = data.arg_ref(0).unwrap();
        assert_eq!(std::ptr::from_ref(aligned).addr() % 64, 0);
        assert_eq!(aligned.0, 3);
    }
    for data in get(&|| _ = mgr.emit("x", (1_u128, [7_u64; 20]))) {
        assert_eq!(data.args(), Ok((1_u128, [7_u64; 20])));
    }
    for data in get(&|| _ = mgr.emit("x", args![1, 2; k = 3])) {
        assert_eq!(data.kwarg("k"), Ok(3));
        assert_eq!(data.keywords().collect::<Vec<_>>(), ["k"]);
    }
    for data in get(&|| _ = mgr.emit("x", (300_i32, 2_u8))) {
        assert_eq!(data.args(), Ok((300_i64, 2_i64)));
        assert!(data.arg::<u8>(0).is_err());
    }
}

/// A limit that is set when all is over already takes no seat, which data that is kept would keep.
#[test]
fn a_limit_after_the_event_changes_nothing() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(EventLoop::inline());
    let mut waits: Vec<_> = (0..10).map(|_| mgr.wait("x")).collect();
    assert_eq!(mgr.emit("x", (1,)).waiters, 10);
    let last = waits.pop().unwrap();
    let last = last.timeout_on(&poll_loop, Duration::ZERO);
    while poll_loop.poll(Duration::from_secs(1)).is_some() {}
    assert!(last.blocking().is_ok());
    for wait in waits {
        let mut wait = wait.timeout_on(EventLoop::inline(), Duration::from_secs(1));
        assert!(matches!(
            poll(&mut wait, Waker::noop()),
            Poll::Ready(Ok(()))
        ));
    }
}

/// Else it would go on waiting for an event that may never come.
#[test]
fn a_wait_is_woken_when_its_timer_dies() {
    let poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(EventLoop::inline());
    let mut wait = mgr.wait("x").timeout_on(&poll_loop, Duration::from_secs(1));
    let told = Told::new();
    assert!(poll(&mut wait, &told.waker()).is_pending());
    drop(poll_loop);
    assert_eq!(told.wakes(), 1);
    let outcome = poll(&mut wait, Waker::noop());
    assert_eq!(
        outcome,
        Poll::Ready(Err(WaitError::Timer(TimerError::Closed)))
    );
}

/// The seat of the one that timed out is kept until it has looked.
#[test]
fn an_event_wakes_those_that_are_left_when_one_of_them_has_timed_out() {
    let mut poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    let (limited, told) = (
        mgr.wait("x").timeout(Duration::ZERO),
        [Told::new(), Told::new()],
    );
    let mut waits = [limited, mgr.wait("x")];
    for (wait, told) in waits.iter_mut().zip(told) {
        assert!(poll(wait, &told.waker()).is_pending());
    }
    while poll_loop.poll(Duration::ZERO).is_some() {}
    assert_eq!(told.map(Told::wakes), [1, 0]);
    assert_eq!(mgr.emit("x", ()).waiters, 1);
    assert_eq!(told.map(Told::wakes), [1, 1]);
    let outcomes = waits.each_mut().map(|wait| poll(wait, Waker::noop()));
    assert_eq!(
        outcomes,
        [Poll::Ready(Err(WaitError::TimedOut)), Poll::Ready(Ok(()))]
    );
}

/// Whoever hears of an event may ask whether its name is still there, and may be waited for by an inline callback.
#[test]
fn the_last_event_of_a_name_ends_that_then_wakes_waits_then_runs_inline_callbacks() {
    for called in [false, true] {
        let mgr = Manager::new(EventLoop::inline());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (told, names, log) = (Told::new(), mgr.clone(), seen.clone());
        set(&told.on_drop, move || {
            log.lock().unwrap().push(("woken", names.names().len()));
        });
        let mut wait = mgr.wait("x");
        assert!(poll(&mut wait, &told.waker()).is_pending());
        let mut expected = vec![("woken", 0)];
        if called {
            let log = seen.clone();
            mgr.on("x").once().call(move |mgr: Manager| {
                log.lock().unwrap().push(("called", mgr.names().len()));
            });
            expected.push(("called", 0));
        }
        assert_eq!(mgr.emit("x", ()).waiters, 1);
        assert_eq!(*seen.lock().unwrap(), expected);
    }
}

#[test]
fn a_runtime_that_panics_when_its_last_limit_goes_stops_no_wait() {
    let mgr = Manager::new(EventLoop::inline());
    let limited = |wait: Wait| {
        let event_loop = EventLoop::new(Fragile(ByHand::default(), Panics));
        wait.timeout_on(event_loop, Duration::from_secs(1))
    };
    let mut wait = limited(mgr.wait("x"));
    mgr.emit("x", ());
    assert_eq!(poll(&mut wait, Waker::noop()), Poll::Ready(Ok(())));
    // The one is replaced, the other left by a wait that has a clock of its own.
    let wait = limited(limited(mgr.wait("x")));
    mgr.emit("x", ());
    assert!(wait.blocking().is_ok());
}
