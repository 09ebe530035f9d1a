//! Blocking the calling thread on one of our futures, with the operating system's clock.

use alloc::sync::Arc;
use alloc::task::Wake;
use core::future::Future;
use core::pin::Pin;
use core::task::{Context, Poll, Waker};
use std::thread::{self, Thread};
use std::time::Instant;

/// Wakes by unparking. A parked thread looks at its future again, so that a token left over from elsewhere is harmless.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls until the future is ready, or until `deadline`: `None` then.
pub(crate) fn block_on<F: Future + Unpin>(
    future: &mut F,
    deadline: Option<Instant>,
) -> Option<F::Output> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut cx = Context::from_waker(&waker);
    loop {
        if let Poll::Ready(output) = Pin::new(&mut *future).poll(&mut cx) {
            return Some(output);
        }
        match deadline {
            None => thread::park(),
            Some(deadline) => {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return None;
                }
                thread::park_timeout(left);
            }
        }
    }
}

#[cfg(all(test, not(loom), not(shuttle)))]
mod tests {
    use super::*;
    use core::future::poll_fn;
    use core::time::Duration;

    const HOUR: Duration = Duration::from_secs(3600);

    /// Whoever is woken between its look and its sleep does not sleep, with and without a deadline.
    #[test]
    fn a_wake_before_the_thread_parks_is_not_lost() {
        for deadline in [None, Instant::now().checked_add(HOUR)] {
            let mut looks = 0;
            let mut future = poll_fn(|cx| {
                looks += 1;
                let kept = cx.waker().clone();
                match looks {
                    1 => kept.wake_by_ref(),
                    2 => crate::wakers::wake(kept),
                    _ => return Poll::Ready(looks),
                }
                Poll::Pending
            });
            assert_eq!(block_on(&mut future, deadline), Some(3));
        }
    }
}
