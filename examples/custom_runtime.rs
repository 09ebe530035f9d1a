//! A runtime of one's own: a hand-made executor on one thread, which runs tasks as they are woken and keeps alarms.
//!
//! `cargo run --example custom_runtime`. Two traits with three methods make it an event loop. It ends when nobody is left
//! who could send it anything; one that can be shut down before that is in the documentation of `Spawner`.

use std::error::Error;
use std::future::poll_fn;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, LazyLock, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use aioevt::{BoxFuture, EventLoop, Manager, Sleep, SpawnError, Spawner, Timer, TimerError};

/// The way to the executor, for whoever has work for it.
#[derive(Clone)]
struct HandMade(Sender<Work>);

enum Work {
    Poll(Arc<Task>),
    WakeAt(Duration, Waker),
}

struct Task {
    future: Mutex<BoxFuture>,
    executor: HandMade,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        // Without an executor there is nothing to wake.
        let _ = self.executor.clone().0.send(Work::Poll(self));
    }
}

fn run(work: &Receiver<Work>) {
    let mut alarms: Vec<(Duration, Waker)> = Vec::new();
    loop {
        let next = alarms.iter().map(|(at, _)| *at).min();
        let left = next.map_or(Duration::MAX, |at| at.saturating_sub(uptime()));
        match work.recv_timeout(left) {
            Ok(Work::Poll(task)) => {
                let waker = Waker::from(task.clone());
                let mut future = task.future.lock().expect("aioevt contains panics");
                if future
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_ready()
                {
                    *future = Box::pin(async {}); // drops what has ended
                }
            }
            Ok(Work::WakeAt(at, waker)) => alarms.push((at, waker)),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        let now = uptime();
        let (due, later): (Vec<_>, Vec<_>) = alarms.into_iter().partition(|(at, _)| *at <= now);
        alarms = later;
        due.into_iter().for_each(|(_, waker)| waker.wake());
    }
}

fn uptime() -> Duration {
    static EPOCH: LazyLock<Instant> = LazyLock::new(Instant::now);
    EPOCH.elapsed()
}

impl Spawner for HandMade {
    fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
        let (future, executor) = (Mutex::new(future), self.clone());
        let task = Work::Poll(Arc::new(Task { future, executor }));
        self.0.send(task).map_err(|_| SpawnError::Closed)
    }
}

impl Timer for HandMade {
    fn now(&self) -> Duration {
        uptime()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        let (executor, deadline) = (self.clone(), uptime().saturating_add(duration));
        Box::pin(poll_fn(move |cx| {
            if uptime() >= deadline {
                return Poll::Ready(Ok(()));
            }
            let alarm = Work::WakeAt(deadline, cx.waker().clone());
            match executor.0.send(alarm) {
                Ok(()) => Poll::Pending,
                Err(_) => Poll::Ready(Err(TimerError::Closed)),
            }
        }))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let (sender, work) = mpsc::channel();
    let executor = thread::Builder::new().spawn(move || run(&work))?;

    let event_loop = EventLoop::new(HandMade(sender));
    let mgr = Manager::new(&event_loop);
    mgr.on("Add")
        .call(|a: i64, b: i64, c: i64, d: i64, mgr: Manager| async move {
            mgr.emit("Calculated", (a + b + c + d,));
        });

    let calculated = mgr.wait("Calculated").timeout(Duration::from_secs(10));
    mgr.emit_after(Duration::from_millis(100), "Add", (1, 2, 3, 4));
    let sum = calculated.blocking()?.arg::<i64>(0)?;

    // With the last handles go the tasks, and with them the executor.
    drop((mgr, event_loop));
    executor.join().map_err(|_| "the executor panicked")?;
    println!("Calculated {sum}");
    Ok(())
}
