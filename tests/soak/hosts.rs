//! Event loops of every kind, each with what shuts it down.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, OnceLock, mpsc};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use aioevt::{AsyncStdRuntime, EventLoop, PollLoop, SmolRuntime, ThreadLoop, TokioRuntime};
use tokio::runtime::Builder;

/// Where a loop comes from, and whether it ever closes.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) start: fn() -> Host,
    pub(crate) mortal: bool,
}

pub(crate) const KINDS: [Kind; 7] = [
    kind("tokio, one thread", tokio_current_thread, true),
    kind("tokio, two threads", tokio_multi_thread, true),
    kind("smol, two threads", smol_of_its_own, true),
    kind("ThreadLoop", thread_loop, true),
    kind("PollLoop", poll_loop, true),
    kind("smol, global", smol_global, false),
    kind("async-std, global", async_std_global, false),
];

const fn kind(name: &'static str, start: fn() -> Host, mortal: bool) -> Kind {
    Kind {
        name,
        start,
        mortal,
    }
}

/// A running event loop.
pub(crate) struct Host {
    pub(crate) event_loop: EventLoop,
    end: Option<Box<dyn FnOnce() + Send>>,
}

impl Host {
    fn new(event_loop: EventLoop, end: impl FnOnce() + Send + 'static) -> Self {
        Self {
            event_loop,
            end: Some(Box::new(end)),
        }
    }
}

/// Shut down with whatever it was doing.
impl Drop for Host {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            end();
        }
    }
}

fn tokio_current_thread() -> Host {
    let (tx, rx) = mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let thread = thread::spawn(move || {
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        tx.send(runtime.handle().clone()).unwrap();
        runtime.block_on(async { stopped.await.unwrap_err() });
    });
    let event_loop = EventLoop::new(TokioRuntime::new(rx.recv().unwrap()));
    Host::new(event_loop, move || {
        drop(stop);
        thread.join().unwrap();
    })
}

fn tokio_multi_thread() -> Host {
    let mut builder = Builder::new_multi_thread();
    let runtime = builder.worker_threads(2).enable_time().build().unwrap();
    let event_loop = EventLoop::new(TokioRuntime::new(runtime.handle().clone()));
    Host::new(event_loop, move || drop(runtime))
}

fn smol_of_its_own() -> Host {
    let executor = Arc::new(smol::Executor::new());
    let event_loop = EventLoop::new(SmolRuntime::new(&executor));
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    let run = |_| {
        let (executor, stopped) = (executor.clone(), stopped.clone());
        thread::spawn(move || smol::block_on(executor.run(stopped.recv())).unwrap_err())
    };
    let threads: Vec<JoinHandle<_>> = (0..2).map(run).collect();
    Host::new(event_loop, move || {
        drop(stop);
        for thread in threads {
            thread.join().unwrap();
        }
        drop(executor);
    })
}

fn thread_loop() -> Host {
    let thread_loop = ThreadLoop::spawn("soak").unwrap();
    let event_loop = thread_loop.event_loop();
    Host::new(event_loop, move || thread_loop.shutdown())
}

fn poll_loop() -> Host {
    let sleeper: Arc<OnceLock<Thread>> = Arc::default();
    let stop = Arc::new(AtomicBool::new(false));
    let (notified, stopped) = (sleeper.clone(), stop.clone());
    let notify = move || {
        if let Some(thread) = notified.get() {
            thread.unpark();
        }
    };
    let mut poll_loop = PollLoop::with_clock(notify, clock);
    let event_loop = poll_loop.event_loop();
    let thread = thread::spawn(move || {
        sleeper.get_or_init(thread::current);
        while !stopped.load(SeqCst) {
            match poll_loop.poll(clock()) {
                Some(next) => thread::park_timeout(next.saturating_sub(clock())),
                None => thread::park(),
            }
        }
    });
    Host::new(event_loop, move || {
        stop.store(true, SeqCst);
        thread.thread().unpark();
        thread.join().unwrap();
    })
}

fn clock() -> Duration {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    EPOCH.get_or_init(Instant::now).elapsed()
}

fn smol_global() -> Host {
    Host::new(EventLoop::new(SmolRuntime::global()), || ())
}

fn async_std_global() -> Host {
    Host::new(EventLoop::new(AsyncStdRuntime::new()), || ())
}
