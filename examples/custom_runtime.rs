//! A runtime of one's own, made of plain threads: each task has one, and so has each alarm.
//!
//! `cargo run --example custom_runtime`. Two traits with three methods make it an event loop. It wastes threads, but not
//! many: a lane is one task, and however many delays there are, a runtime has one armed sleep.

use std::error::Error;
use std::future::poll_fn;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use aioevt::{BoxFuture, EventLoop, Manager, Sleep, SpawnError, Spawner, Timer};

struct Threads;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn run(mut future: BoxFuture) {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    while future.as_mut().poll(&mut cx).is_pending() {
        thread::park();
    }
}

impl Spawner for Threads {
    fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
        let spawned = thread::Builder::new().spawn(|| run(future));
        spawned.map(drop).map_err(|_| SpawnError::Closed)
    }
}

impl Timer for Threads {
    fn now(&self) -> Duration {
        static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);
        EPOCH.elapsed()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let deadline = Threads.now().saturating_add(duration);
        Box::pin(poll_fn(move |cx| {
            let left = deadline.saturating_sub(Threads.now());
            if left.is_zero() {
                return Poll::Ready(Ok(()));
            }
            let waker = cx.waker().clone();
            thread::spawn(move || {
                thread::sleep(left);
                waker.wake();
            });
            Poll::Pending
        }))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let event_loop = EventLoop::new(Threads);
    let mgr = Manager::new(&event_loop);
    mgr.on("Add")
        .call(|a: i64, b: i64, c: i64, d: i64, mgr: Manager| async move {
            mgr.emit("Calculated", (a + b + c + d,));
        });

    let calculated = mgr.wait("Calculated").timeout(Duration::from_secs(10));
    mgr.emit_after(Duration::from_millis(100), "Add", (1, 2, 3, 4));
    println!("Calculated {}", calculated.blocking()?.arg::<i64>(0)?);
    Ok(())
}
