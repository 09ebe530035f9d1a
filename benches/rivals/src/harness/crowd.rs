//! Checked ends of events: every sink wants each event once and in order, and the last one stops the clock.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::yield_now;

use super::race::{Figure, Round};
use super::wrong::{Wrong, check, wrong};

/// What an event carries in most workloads: four words, by value.
pub type Words = (u64, u64, u64, u64);

/// The payload of the event number `seq`.
#[inline]
pub fn words(seq: u64) -> Words {
    (seq, seq ^ 0x5555, seq + 7, !seq)
}

/// After this the missing events are taken for lost.
const PATIENCE: Duration = Duration::from_secs(120);

/// One end of the events: a callback, or the loop of a receiver.
///
/// Only one thread at a time takes; the fields are atomic because rivals want `Fn` callbacks. Relaxed loads and stores
/// are plain moves, so the check costs everyone the same few instructions.
#[repr(align(128))]
#[derive(Debug)]
pub struct Sink {
    next: AtomicU64,
    left: AtomicU64,
    wrong: AtomicBool,
    gate: Arc<Gate>,
}

impl Sink {
    /// Checks and counts an event.
    #[inline]
    pub fn take(&self, event: Words) {
        self.see(event);
        self.count();
    }

    /// Checks an event that [`count`](Self::count) is called for later.
    #[inline]
    pub fn see(&self, event: Words) {
        let seq = self.next.load(Relaxed);
        if event != words(seq) {
            self.wrong.store(true, Relaxed);
        }
        self.next.store(seq + 1, Relaxed);
    }

    /// Counts an event; the last one stops the clock.
    #[inline]
    pub fn count(&self) {
        let left = self.left.load(Relaxed).wrapping_sub(1);
        self.left.store(left, Relaxed);
        if left == 0 {
            self.gate.arrive();
        }
    }
}

/// Where the sinks of a crowd meet.
#[derive(Debug, Default)]
struct Gate {
    state: Mutex<(usize, Option<Instant>)>,
    changed: Condvar,
}

impl Gate {
    fn arrive(&self) {
        let now = Instant::now();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 = state.0.wrapping_sub(1);
        if state.0 == 0 {
            state.1 = Some(now);
            self.changed.notify_all();
        }
    }

    fn close(&self, sinks: usize) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = (sinks, None);
    }

    fn is_open(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.1.is_some()
    }

    fn wait(&self) -> Option<Instant> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self
            .changed
            .wait_timeout_while(state, PATIENCE, |state| state.1.is_none());
        waited.map_or(None, |(state, _)| state.1)
    }
}

/// The sinks of one contender.
#[derive(Debug)]
pub struct Crowd {
    sinks: Vec<Arc<Sink>>,
    gate: Arc<Gate>,
    sent: u64,
}

impl Crowd {
    pub fn new(size: usize) -> Self {
        let gate = Arc::new(Gate::default());
        let sink = || {
            Arc::new(Sink {
                next: AtomicU64::new(0),
                left: AtomicU64::new(0),
                wrong: AtomicBool::new(false),
                gate: Arc::clone(&gate),
            })
        };
        let sinks = (0..size).map(|_| sink()).collect();
        Self {
            sinks,
            gate,
            sent: 0,
        }
    }

    pub fn sinks(&self) -> impl Iterator<Item = Arc<Sink>> {
        self.sinks.iter().cloned()
    }

    /// The only sink.
    pub fn sink(&self) -> Arc<Sink> {
        Arc::clone(&self.sinks[0])
    }

    /// Sends `events` by `send`, as fast as it returns, and waits until every sink has them all.
    pub fn flood(&mut self, events: u64, mut send: impl FnMut(Words)) -> Result<Figure, Wrong> {
        let range = self.expect(events);
        let start = Instant::now();
        for seq in range {
            send(words(seq));
        }
        let emitted = start.elapsed();
        let end = self.finish()?;
        Ok(Figure::per_event(
            events,
            emitted,
            end.saturating_duration_since(start),
        ))
    }

    /// The same from inside of the runtime on which the receivers run: they do so while `send` waits.
    pub async fn flood_from_inside(
        &mut self,
        events: u64,
        mut send: impl AsyncFnMut(Words),
    ) -> Result<Figure, Wrong> {
        let range = self.expect(events);
        let start = Instant::now();
        for seq in range {
            send(words(seq)).await;
        }
        while !self.gate.is_open() && start.elapsed() < PATIENCE {
            yield_now().await;
        }
        let end = self.finish()?;
        Ok(Figure::whole(events, end.saturating_duration_since(start)))
    }

    /// Makes every sink want the next `events` events, whose numbers are returned.
    pub fn expect(&mut self, events: u64) -> std::ops::Range<u64> {
        self.gate.close(self.sinks.len());
        for sink in &self.sinks {
            sink.left.store(events, Relaxed);
        }
        let first = self.sent;
        self.sent += events;
        first..self.sent
    }

    /// Waits for all events and checks that each came once and in order. The instant is that of the last one.
    pub fn finish(&self) -> Result<Instant, Wrong> {
        let end = self
            .gate
            .wait()
            .ok_or_else(|| wrong("events are missing"))?;
        for (index, sink) in self.sinks.iter().enumerate() {
            check(!sink.wrong.load(Relaxed), || {
                format!("sink {index} got an event out of order")
            })?;
            let next = sink.next.load(Relaxed);
            check(next == self.sent, || {
                format!("sink {index} got {next} of {} events", self.sent)
            })?;
        }
        Ok(end)
    }

    /// A contender that floods by `send`.
    pub fn flooded<'a>(mut self, mut send: impl FnMut(Words) + 'a) -> Round<'a> {
        Box::new(move |events| self.flood(events, &mut send))
    }
}
