//! Many waiters resolved by one emit. Arming them and their first poll are not timed, nor are their drops.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use aioevt::EventLoop;
use event_listener::Event;

use crate::harness::book::Book;
use crate::harness::crowd::{Words, words};
use crate::harness::plan::Plan;
use crate::harness::race::{Figure, Race, Round};
use crate::harness::wrong::{Wrong, check};
use crate::ours::{self, EVENT};
use crate::rivals;

const WAITERS: usize = 8000;

pub(super) fn run(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let finish = Race::new(
        format!("wait-8000: {WAITERS} waiters by one emit"),
        plan.count(20, 5),
    )
    .unit("ns a waiter")
    .ours("aioevt", ours())
    .rival(rivals::EVENT_LISTENER, event_listener())
    .run(plan)?;
    book.ratio(finish.ratio("wait-8000", 1.0));
    book.table(finish.table());
    Ok(())
}

fn ours() -> Round<'static> {
    let manager = ours::manager(EventLoop::inline());
    let topic = manager.topic(EVENT);
    let armed = topic.clone();
    woken(
        move || armed.wait(),
        move |number| {
            let _kept = &manager;
            topic.emit(words(number)).waiters
        },
        |result, number| {
            result
                .as_ref()
                .is_ok_and(|data| data.args::<Words>().ok() == Some(words(number)))
        },
    )
}

fn event_listener() -> Round<'static> {
    let event = Arc::new(Event::new());
    let armed = Arc::clone(&event);
    // The listener carries no data, so there is nothing to compare.
    woken(
        move || armed.listen(),
        move |_| event.notify(WAITERS),
        |(), _| true,
    )
}

#[derive(Default)]
struct Count(AtomicU64);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

/// Arms all, emits once and takes every result; again for each event of the round.
fn woken<F: Future + Unpin + 'static>(
    arm: impl Fn() -> F + 'static,
    emit: impl Fn(u64) -> usize + 'static,
    is_right: impl Fn(&F::Output, u64) -> bool + 'static,
) -> Round<'static> {
    Box::new(move |emits| {
        let count = Arc::new(Count::default());
        let waker = Waker::from(Arc::clone(&count));
        let mut context = Context::from_waker(&waker);
        let mut waits = Vec::with_capacity(WAITERS);
        let mut results = Vec::with_capacity(WAITERS);
        let (mut emitting, mut whole) = (0.0, 0.0);
        for number in 0..emits {
            waits.extend((0..WAITERS).map(|_| arm()));
            let early = waits
                .iter_mut()
                .map(|wait| Pin::new(wait).poll(&mut context))
                .filter(Poll::is_ready)
                .count();
            check(early == 0, || {
                format!("{early} waits ended before the emit")
            })?;
            let start = Instant::now();
            let notified = emit(number);
            emitting += start.elapsed().as_secs_f64();
            for wait in &mut waits {
                if let Poll::Ready(result) = Pin::new(wait).poll(&mut context) {
                    results.push(result);
                }
            }
            whole += start.elapsed().as_secs_f64();
            let woken = count.0.swap(0, Relaxed);
            let right = results
                .iter()
                .filter(|result| is_right(result, number))
                .count();
            let all = notified == WAITERS && woken == WAITERS as u64 && right == WAITERS;
            check(all, || {
                format!("{notified} notified, {woken} woken, {right} right of {WAITERS}")
            })?;
            waits.clear();
            results.clear();
        }
        let each = 1e9 / (emits as f64 * WAITERS as f64);
        Ok(Figure {
            emit: Some(emitting * each),
            delivered: whole * each,
        })
    })
}
