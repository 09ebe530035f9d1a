//! Emitters that run their callbacks inside `emit`, on the emitter's thread.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use async_event_emitter::AsyncEventEmitter;
use signals2::{Connect4, Emit4, Signal};
use typed_emitter::TypedEmitter;

use crate::harness::crowd::{Crowd, Words, words};
use crate::harness::race::{Figure, Round};
use crate::harness::wrong::check;
use crate::ours::EVENT;

/// What one writes in ten lines: it calls back under its lock, so a callback that registers another one deadlocks.
#[derive(Default)]
pub struct HandRolled(RwLock<HashMap<String, Vec<Callback>>>);

type Callback = Arc<dyn Fn(Words) + Send + Sync>;

impl HandRolled {
    pub fn on(&self, name: &str, callback: impl Fn(Words) + Send + Sync + 'static) {
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        map.entry(name.to_owned())
            .or_default()
            .push(Arc::new(callback));
    }

    /// An entry without callbacks.
    pub fn name(&self, name: &str) {
        let mut map = self.0.write().unwrap_or_else(PoisonError::into_inner);
        map.entry(name.to_owned()).or_default();
    }

    pub fn emit(&self, name: &str, event: Words) -> usize {
        let map = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let Some(callbacks) = map.get(name) else {
            return 0;
        };
        for callback in callbacks {
            callback(event);
        }
        callbacks.len()
    }
}

pub fn hand_rolled(callbacks: usize) -> Round<'static> {
    let crowd = Crowd::new(callbacks);
    let emitter = HandRolled::default();
    for sink in crowd.sinks() {
        emitter.on(EVENT, move |event| sink.take(event));
    }
    crowd.flooded(move |event| {
        black_box(emitter.emit(black_box(EVENT), event));
    })
}

pub fn signals2(callbacks: usize) -> Round<'static> {
    let crowd = Crowd::new(callbacks);
    let signal: Signal<Words> = Signal::new();
    for sink in crowd.sinks() {
        signal.connect(move |a, b, c, d| sink.take((a, b, c, d)));
    }
    crowd.flooded(move |(a, b, c, d)| {
        signal.emit(a, b, c, d);
    })
}

pub fn async_event_emitter(callbacks: usize) -> Round<'static> {
    let mut crowd = Crowd::new(callbacks);
    let emitter = AsyncEventEmitter::new();
    for sink in crowd.sinks() {
        emitter.on(EVENT, move |event: Words| {
            sink.take(event);
            async {}
        });
    }
    Box::new(move |events| {
        let range = crowd.expect(events);
        let mut refused = 0;
        let start = Instant::now();
        smol::block_on(async {
            for seq in range {
                refused += u64::from(emitter.emit(EVENT, words(seq)).await.is_err());
            }
        });
        let elapsed = start.elapsed();
        check(refused == 0, || {
            format!("{refused} events could not be serialized")
        })?;
        crowd.finish()?;
        Ok(Figure::whole(events, elapsed))
    })
}

pub fn typed_emitter(callbacks: usize) -> Round<'static> {
    let mut crowd = Crowd::new(callbacks);
    let emitter: TypedEmitter<&'static str, Words> = TypedEmitter::new();
    for sink in crowd.sinks() {
        emitter.on(EVENT, move |event| {
            sink.take(event);
            async {}
        });
    }
    Box::new(move |events| {
        let range = crowd.expect(events);
        let start = Instant::now();
        smol::block_on(async {
            for seq in range {
                emitter.emit(EVENT, words(seq)).await;
            }
        });
        let elapsed = start.elapsed();
        crowd.finish()?;
        Ok(Figure::whole(events, elapsed))
    })
}
