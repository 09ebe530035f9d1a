//! The watchdog: it turns a hang into a failure, and decides nothing else.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

/// So long may anything take: seconds, more of them where all takes longer, as under a sanitizer.
pub(crate) const LIMIT: Duration = Duration::from_secs(match option_env!("TEST_LIMIT") {
    None => 60,
    Some(seconds) => match u64::from_str_radix(seconds, 10) {
        Ok(seconds) => seconds,
        Err(_) => panic!("TEST_LIMIT is not a number of seconds"),
    },
});

/// `future`, which panics if it is not ready in time.
pub(crate) async fn watched<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let (_alive, over) = mpsc::channel::<()>();
    let bark = Arc::new(Mutex::new((false, None::<Waker>)));
    let dog = bark.clone();
    thread::spawn(move || {
        if over.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
            let waker = {
                let mut bark = dog.lock().unwrap();
                bark.0 = true;
                bark.1.take()
            };
            waker.into_iter().for_each(Waker::wake);
        }
    });
    poll_fn(|cx| {
        let barked = {
            let mut bark = bark.lock().unwrap();
            bark.1 = Some(cx.waker().clone());
            bark.0
        };
        assert!(!barked, "hung for {LIMIT:?}");
        future.as_mut().poll(cx)
    })
    .await
}

/// Blocks the calling thread on `future`, watched.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(watched(future));
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut cx) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// Wakes a thread.
pub(crate) struct Unpark(pub(crate) Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Looks at a future, without anybody to wake.
pub(crate) fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Runs on another thread what would hang for ever in a lock.
pub(crate) fn limited(test: impl FnOnce() + Send + 'static) {
    let (tx, rx) = mpsc::channel();
    let running = thread::spawn(move || {
        let _over = tx;
        test();
        let () = _over.send(()).unwrap();
    });
    if rx.recv_timeout(LIMIT) == Err(RecvTimeoutError::Timeout) {
        panic!("hung for {LIMIT:?}");
    }
    if let Err(panic) = running.join() {
        std::panic::resume_unwind(panic);
    }
}
