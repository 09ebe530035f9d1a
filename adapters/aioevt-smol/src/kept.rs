//! `Kept`: a future whose executor is kept while it is woken.
//!
//! smol's executor, when it is dropped, wakes all its tasks and drops those in its queue. A task that another thread is
//! waking just then is marked as woken already and reaches the queue when nobody looks at it any more: its future would
//! never be dropped, and whoever waits for what it does would wait for ever. So whoever wakes holds the executor
//! meanwhile, and an executor that is being dropped is left to wake its tasks itself.

use alloc::sync::{Arc, Weak};
use alloc::task::Wake;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::thread;

use aioevt_core::BoxFuture;
use smol::Executor;

pub(crate) struct Kept {
    future: BoxFuture,
    executor: Weak<Executor<'static>>,
    /// The task's own waker, and the one that the future gets in its place. The same as long as the first is, for wakers
    /// are compared.
    wakers: Option<(Waker, Waker)>,
}

impl Kept {
    pub(crate) fn new(future: BoxFuture, executor: &Weak<Executor<'static>>) -> Self {
        Self {
            future,
            executor: executor.clone(),
            wakers: None,
        }
    }
}

impl Future for Kept {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self {
            future,
            executor,
            wakers,
        } = &mut *self;
        let task = cx.waker();
        if wakers.as_ref().is_none_or(|(own, _)| !own.will_wake(task)) {
            let waker = Waker::from(Arc::new(KeepingWaker {
                task: task.clone(),
                executor: executor.clone(),
            }));
            *wakers = Some((task.clone(), waker));
        }
        let waker = wakers.as_ref().map_or(task, |(_, waker)| waker);
        future.as_mut().poll(&mut Context::from_waker(waker))
    }
}

struct KeepingWaker {
    task: Waker,
    executor: Weak<Executor<'static>>,
}

impl Wake for KeepingWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let Some(executor) = self.executor.upgrade() else {
            return;
        };
        self.task.wake_by_ref();
        // Everybody else may have dropped theirs by now. Not here: many wake while they hold a lock, which what is
        // dropped with the executor might want. If there is no other thread to be had, it is here all the same.
        if let Some(last) = Arc::into_inner(executor) {
            let name = "aioevt-smol-drop".into();
            drop(thread::Builder::new().name(name).spawn(move || drop(last)));
        }
    }
}
