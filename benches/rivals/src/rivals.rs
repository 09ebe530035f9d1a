//! The crates people would use instead, each used as its documentation advises. Set-up happens here, outside of any time.

pub mod channels;
pub mod emitters;
pub mod fanout;

use crate::harness::race::Lack::{
    self, Accounting, FanOut, Isolation, Loops, Lossless, Names, Order, Waiters,
};
use crate::harness::race::Rival;

/// A channel to one receiver: a queue and no more.
const QUEUE: &[Lack] = &[Names, FanOut, Waiters, Accounting, Isolation];
const BROADCAST: &[Lack] = &[Names, Lossless, Accounting, Isolation];
const SPAWN: &[Lack] = &[Names, Order, Waiters, Accounting];
const ON_EMITTER: &[Lack] = &[Loops, Waiters, Accounting, Isolation];

pub const TOKIO_MPSC: Rival = Rival {
    name: "tokio mpsc",
    lacks: QUEUE,
};
pub const TOKIO_MPSC_MANY: Rival = Rival {
    name: "tokio mpsc recv_many",
    lacks: QUEUE,
};
pub const TOKIO_BROADCAST: Rival = Rival {
    name: "tokio broadcast",
    lacks: BROADCAST,
};
pub const TOKIO_BROADCAST_SMALL: Rival = Rival {
    name: "tokio broadcast of 1024 slots",
    lacks: BROADCAST,
};
pub const FLUME: Rival = Rival {
    name: "flume",
    lacks: QUEUE,
};
pub const KANAL: Rival = Rival {
    name: "kanal",
    lacks: QUEUE,
};
pub const ASYNC_CHANNEL: Rival = Rival {
    name: "async-channel",
    lacks: QUEUE,
};
pub const ASYNC_BROADCAST: Rival = Rival {
    name: "async-broadcast",
    lacks: BROADCAST,
};
pub const SPAWN_EACH: Rival = Rival {
    name: "tokio spawn per callback",
    lacks: SPAWN,
};
pub const SPAWN_EVENT: Rival = Rival {
    name: "tokio spawn per event",
    lacks: SPAWN,
};
pub const DASHMAP_BROADCAST: Rival = Rival {
    name: "DashMap of tokio broadcast",
    lacks: &[Lossless, Accounting, Isolation],
};
pub const DASHMAP_BROADCAST_SMALL: Rival = Rival {
    name: "DashMap of tokio broadcast, 1024 slots",
    lacks: &[Lossless, Accounting, Isolation],
};
pub const STD_MPSC: Rival = Rival {
    name: "std mpsc between threads",
    lacks: &[Names, FanOut, Loops, Waiters, Accounting, Isolation],
};
pub const HAND_ROLLED: Rival = Rival {
    name: "hand-rolled map",
    lacks: ON_EMITTER,
};
pub const SIGNALS2: Rival = Rival {
    name: "signals2",
    lacks: &[Names, Loops, Waiters, Accounting, Isolation],
};
pub const ASYNC_EVENT_EMITTER: Rival = Rival {
    name: "async-event-emitter",
    lacks: ON_EMITTER,
};
pub const TYPED_EMITTER: Rival = Rival {
    name: "typed-emitter",
    lacks: &[Loops, Order, Waiters, Accounting, Isolation],
};
pub const ONESHOT: Rival = Rival {
    name: "tokio oneshot",
    lacks: &[Names, FanOut, Loops, Accounting, Isolation],
};
pub const EVENT_LISTENER: Rival = Rival {
    name: "event-listener",
    lacks: &[Names, Loops, Accounting, Isolation],
};
pub const SPAWN_SLEEP: Rival = Rival {
    name: "tokio spawn(sleep)",
    lacks: SPAWN,
};
