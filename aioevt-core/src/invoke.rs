//! `Invoke`: one callback behind a `dyn`, sync or async. How arguments are bound to parameters is in `bind.rs`.

use alloc::boxed::Box;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::arg_error::ArgError;
use crate::bind::Bind;
use crate::callback::Outcome;
use crate::contain::{Panic, contain, contain_drop};
use crate::data::Data;
use crate::error::BoxError;
use crate::lane::{CallEnd, CallGuard, Site};
use crate::manager::Manager;
use crate::record::Record;
use crate::runtime::BoxFuture;
use crate::sync::Arc;

/// One event on its way into one callback.
#[doc(hidden)]
#[allow(
    missing_debug_implementations,
    reason = "an implementation detail of the macros"
)]
pub struct Event<'a> {
    data: &'a mut Data,
    site: Site<'a>,
    /// How the last call ended, unless it simply ran. Not the result of `invoke`, so that the usual call has nothing to
    /// move and nothing to drop.
    trouble: &'a mut Option<Trouble>,
}

impl<'a> Event<'a> {
    #[inline]
    pub(crate) fn new(
        data: &'a mut Data,
        site: Site<'a>,
        trouble: &'a mut Option<Trouble>,
    ) -> Self {
        Self {
            data,
            site,
            trouble,
        }
    }

    /// The callback that is called next.
    #[inline]
    pub(crate) fn set_record(&mut self, record: &'a Arc<Record>) {
        self.site.record = Some(record);
    }

    /// Whether the call simply ran, by what its function returned.
    #[inline]
    fn ended(&mut self, outcome: impl Outcome) -> bool {
        match outcome.into_result() {
            Ok(()) => true,
            Err(error) => self.end(Trouble::Failed(error)),
        }
    }

    #[cold]
    fn end(&mut self, trouble: Trouble) -> bool {
        *self.trouble = Some(trouble);
        false
    }

    /// The payload as it travels. Whoever keeps it makes it shared.
    #[inline]
    pub(crate) fn data(&mut self) -> &mut Data {
        self.data
    }

    /// A fresh handle of the delivering manager.
    pub(crate) fn manager(&self) -> Manager {
        self.site.manager()
    }
}

/// How a call ended that did not simply run.
pub(crate) enum Trouble {
    /// It is waiting for something; the future goes on and settles the account by itself.
    Suspended(BoxFuture),
    /// It returned an error.
    Failed(BoxError),
    /// The arguments did not fit; it was not called.
    Rejected(ArgError),
    /// What it left behind panicked when dropped, or its future when polled.
    Panicked(Panic),
}

/// A callback with its type erased.
#[doc(hidden)]
pub trait Invoke: Send {
    /// Binds the event's arguments and calls. `cx` is the driver's own context. `true` if the call has simply run, else
    /// the event knows more.
    fn invoke(&mut self, event: &mut Event<'_>, cx: &mut Context<'_>) -> bool;
}

/// Makes a callback that has run when its function returns.
pub(crate) fn invoke_sync<B, C, R>(bind: B, call: C) -> Box<dyn Invoke>
where
    B: Bind,
    C: FnMut(B::Params) -> R + Send + 'static,
    R: Outcome,
{
    Box::new(SyncInvoke { bind, call })
}

/// Makes a callback whose function returns a future.
pub(crate) fn invoke_async<B, C, F>(bind: B, call: C) -> Box<dyn Invoke>
where
    B: Bind,
    C: FnMut(B::Params) -> F + Send + 'static,
    F: Future + Send + 'static,
    F::Output: Outcome,
{
    Box::new(AsyncInvoke {
        bind,
        call,
        spare: None,
    })
}

struct SyncInvoke<B, C> {
    bind: B,
    call: C,
}

impl<B, C, R> Invoke for SyncInvoke<B, C>
where
    B: Bind,
    C: FnMut(B::Params) -> R + Send + 'static,
    R: Outcome,
{
    /// Short, and with nothing to keep while the function runs: a crowd of callbacks takes most of its time here.
    #[inline]
    fn invoke(&mut self, event: &mut Event<'_>, _: &mut Context<'_>) -> bool {
        match self.bind.at_once(event) {
            Some(params) => event.ended((self.call)(params)),
            None => self.invoke_bound(event),
        }
    }
}

impl<B, C, R> SyncInvoke<B, C>
where
    B: Bind,
    C: FnMut(B::Params) -> R + Send + 'static,
    R: Outcome,
{
    #[inline(never)]
    fn invoke_bound(&mut self, event: &mut Event<'_>) -> bool {
        match self.bind.bind(event) {
            Ok(params) => event.ended((self.call)(params)),
            Err(error) => event.end(Trouble::Rejected(error)),
        }
    }
}

struct AsyncInvoke<B, C, F: Future>
where
    F::Output: Outcome,
{
    bind: B,
    call: C,
    /// The box of a call that was ready at once, for the next call.
    spare: Option<Pin<Box<Call<F>>>>,
}

impl<B, C, F> Invoke for AsyncInvoke<B, C, F>
where
    B: Bind,
    C: FnMut(B::Params) -> F + Send + 'static,
    F: Future + Send + 'static,
    F::Output: Outcome,
{
    fn invoke(&mut self, event: &mut Event<'_>, cx: &mut Context<'_>) -> bool {
        let future = match self.bind.bind(event) {
            Ok(params) => (self.call)(params),
            Err(error) => return event.end(Trouble::Rejected(error)),
        };
        let mut call = match self.spare.take() {
            Some(mut call) => {
                call.as_mut().project().future.set(Some(future));
                call
            }
            None => Box::pin(Call {
                future: Some(future),
                guard: None,
            }),
        };
        match call.as_mut().poll_once(cx) {
            Poll::Pending => match event.site.suspend() {
                Some(guard) => {
                    *call.as_mut().project().guard = Some(guard);
                    event.end(Trouble::Suspended(call))
                }
                None => {
                    let dropped = call.as_mut().drop_future();
                    self.spare = Some(call);
                    event.end(match dropped {
                        Ok(()) => Trouble::Failed(Box::new(NotReady)),
                        Err(panic) => Trouble::Panicked(panic),
                    })
                }
            },
            Poll::Ready(result) => {
                let result = call.as_mut().end(result);
                self.spare = Some(call);
                match result {
                    Ok(Ok(())) => true,
                    Ok(Err(error)) => event.end(Trouble::Failed(error)),
                    Err(panic) => event.end(Trouble::Panicked(panic)),
                }
            }
        }
    }
}

/// An async callback on an inline loop was not ready at its first poll.
#[derive(Debug)]
struct NotReady;

impl core::fmt::Display for NotReady {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(
            "the async callback was not ready at its first poll, and an inline event loop has nothing to run it on; \
             register it on an event loop with a runtime",
        )
    }
}

impl core::error::Error for NotReady {}

pin_project! {
    /// The one box of an async call: its future and, once it is suspended, the guard of its account.
    struct Call<F: Future>
    where
        F::Output: Outcome,
    {
        #[pin]
        future: Option<F>,
        guard: Option<CallGuard>,
    }

    impl<F: Future> PinnedDrop for Call<F>
    where
        F::Output: Outcome,
    {
        fn drop(this: Pin<&mut Self>) {
            // Dropped by its runtime: first the foreign future, then the account by the guard's own drop.
            let _ = this.drop_future();
        }
    }
}

impl<F: Future> Call<F>
where
    F::Output: Outcome,
{
    /// Polls the future; a panic is its result.
    fn poll_once(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Result<(), BoxError>, Panic>> {
        let this = self.project();
        let polled = contain(|| match this.future.as_pin_mut() {
            Some(future) => future.poll(cx).map(Outcome::into_result),
            None => Poll::Pending,
        });
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }

    /// Drops the future, which has ended so, and says how it all did.
    fn end(
        self: Pin<&mut Self>,
        result: Result<Result<(), BoxError>, Panic>,
    ) -> Result<Result<(), BoxError>, Panic> {
        match (self.drop_future(), result) {
            (Err(panic), Ok(outcome)) => {
                // An error is foreign, too.
                let _ = contain_drop(outcome);
                Err(panic)
            }
            (_, result) => result,
        }
    }

    fn drop_future(self: Pin<&mut Self>) -> Result<(), Panic> {
        let mut future = self.project().future;
        contain(move || future.set(None))
    }
}

impl<F: Future> Future for Call<F>
where
    F::Output: Outcome,
{
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Poll::Ready(result) = self.as_mut().poll_once(cx) else {
            return Poll::Pending;
        };
        let end = match self.as_mut().end(result) {
            Ok(Ok(())) => CallEnd::Done,
            Ok(Err(error)) => CallEnd::Failed(error),
            Err(panic) => CallEnd::Panicked(panic),
        };
        if let Some(guard) = self.project().guard.take() {
            guard.finish(end);
        }
        Poll::Ready(())
    }
}

/// Drops a callback. With no lock held.
pub(crate) fn drop_invoke(invoke: Option<Box<dyn Invoke>>) -> Result<(), Panic> {
    contain_drop(invoke)
}
