//! Runtimes on threads of their own, the same for every contender. They end when dropped.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};

use smol::Executor;
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

/// A thread that runs a tokio `current_thread` runtime.
#[derive(Debug)]
pub struct TokioThread {
    handle: Handle,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl TokioThread {
    pub fn start() -> Self {
        let runtime = Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a tokio runtime");
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            // Ends by the message or by the sender's drop, the same.
            let _ended = runtime.block_on(stopped);
        });
        Self {
            handle,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Runs a future there, and nobody waits for it.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        drop(self.handle.spawn(future));
    }
}

impl Drop for TokioThread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed, and its workload misses events.
            let _ended = thread.join();
        }
    }
}

/// A thread that runs a smol executor.
#[derive(Debug)]
pub struct SmolThread {
    executor: Arc<Executor<'static>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl SmolThread {
    pub fn start() -> Self {
        let executor = Arc::new(Executor::new());
        let (stop, stopped) = oneshot::channel::<()>();
        let runs = Arc::clone(&executor);
        let thread = thread::spawn(move || {
            let _ended = smol::block_on(runs.run(stopped));
        });
        Self {
            executor,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub fn executor(&self) -> &Arc<Executor<'static>> {
        &self.executor
    }
}

impl Drop for SmolThread {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ended = thread.join();
        }
    }
}

/// Is pending once, and has itself polled again at once: the cheapest await that suspends, on any runtime.
#[derive(Debug, Default)]
pub struct AwaitOnce {
    suspended: bool,
}

impl Future for AwaitOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.suspended {
            return Poll::Ready(());
        }
        self.suspended = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
