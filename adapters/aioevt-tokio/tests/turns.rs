//! A lane with much to do and the other business of its runtime: whose turn it is.
#![allow(clippy::std_instead_of_core, reason = "a test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::Context;
use std::time::Duration;

use aioevt_core::{BoxFuture, EventLoop, Manager, Sleep, SpawnError, Spawner, Timer, callback};
use aioevt_tokio::TokioRuntime;
use tokio::runtime::Builder;
use tokio::sync::mpsc;

/// Counts the tasks that are no drivers: calls that had to wait.
struct Counting(TokioRuntime, Arc<AtomicUsize>);

impl Spawner for Counting {
    fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
        self.1.fetch_add(1, Relaxed);
        self.0.spawn(future)
    }

    fn spawn_driver(&self, future: BoxFuture) -> Result<(), SpawnError> {
        self.0.spawn_driver(future)
    }

    fn yield_now(&self, cx: &mut Context<'_>) {
        self.0.yield_now(cx);
    }
}

impl Timer for Counting {
    fn now(&self) -> Duration {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.0.sleep(duration)
    }
}

/// How many calls have waited, of a thousand that are ready at once.
fn waited(on: fn(Counting) -> EventLoop) -> usize {
    const EVENTS: u32 = 1000;
    let runtime = Builder::new_current_thread().build().expect("a runtime");
    let waited = Arc::new(AtomicUsize::new(0));
    let tokio = TokioRuntime::new(runtime.handle().clone());
    let mgr = Manager::new(on(Counting(tokio, waited.clone())));
    let (tx, mut rx) = mpsc::channel(2 * EVENTS as usize);
    mgr.register(
        "x",
        callback!([tx] |n: u32| async move {
            tx.send(n).await?;
            tx.send(n).await
        }),
    );
    for n in 0..EVENTS {
        mgr.emit("x", (n,));
    }
    runtime.block_on(mgr.idle()).expect("there is no limit");
    for n in 0..EVENTS {
        assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(n), Ok(n)));
    }
    waited.load(Relaxed)
}

/// tokio makes a task wait that has done much in one turn, and the calls of a lane are one task.
#[test]
fn async_callbacks_that_are_ready_do_not_wait_because_there_are_many() {
    assert_eq!(waited(EventLoop::new), 0);
}

#[test]
fn nor_where_the_runtime_is_behind_another_handle() {
    assert_eq!(waited(|runtime| EventLoop::new(Arc::new(runtime))), 0);
    assert_eq!(waited(|runtime| EventLoop::new(EventLoop::new(runtime))), 0);
}

/// It looks at them after so many tasks, and a lane that wakes itself is one each time. About real time, but not about how
/// long anything takes: a slow machine makes fewer calls before the timer is due, and only a timer that is never looked at
/// lets them come to an end.
#[test]
fn timers_get_their_turns_while_a_lane_has_much_to_do() {
    const FOR_EVER: usize = 5_000_000;
    let runtime = Builder::new_current_thread()
        .enable_time()
        .event_interval(u32::MAX)
        .build()
        .unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    runtime.block_on(async {
        let mgr = Manager::new(EventLoop::new(TokioRuntime::current().unwrap()));
        mgr.register(
            "x",
            callback!([calls] |mgr: Manager| {
                if calls.fetch_add(1, Relaxed) < FOR_EVER {
                    mgr.emit("x", ());
                }
            }),
        );
        mgr.emit("x", ());
        tokio::time::sleep(Duration::from_millis(1)).await;
    });
    assert!(calls.load(Relaxed) < FOR_EVER);
}
