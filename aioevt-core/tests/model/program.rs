//! Programs: sequences of operations on one manager, made from bytes, and what can be seen of their effects.

use std::fmt;

/// Names in use.
pub(crate) const NAMES: u8 = 3;
/// Lanes: 0 and 1 share the `PollLoop` 0, lane 2 is the only one of `PollLoop` 1, lanes 3 and 4 are inline.
pub(crate) const LANES: usize = 5;
pub(crate) const LOOPS: usize = 2;
/// The lane of callbacks that are registered by identity. One lane only: the order in which several registrations of
/// one callback are removed is not promised.
pub(crate) const SHARED_LANE: usize = 2;
/// Operations that callbacks carry out, all in all: so that every program ends.
pub(crate) const FUEL: usize = 150;
/// Delays and limits, all in all: fewer than a timer's task fires in one turn.
pub(crate) const DELAYS: usize = 60;

/// Where timers run: one of the `PollLoop`s, or `LOOPS` for an inline lane, which has none.
pub(crate) type Clock = usize;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Register {
        name: u8,
        lane: usize,
        times: Option<usize>,
        behaviour: Behaviour,
        script: usize,
    },
    /// Registers one of two callbacks that have an identity.
    RegisterShared {
        name: u8,
        shared: usize,
        times: Option<usize>,
    },
    Emit {
        name: u8,
    },
    EmitMany {
        name: u8,
        count: usize,
    },
    EmitAfter {
        name: u8,
        clock: Clock,
        delay: u64,
    },
    Cancel {
        delay: usize,
    },
    Unregister {
        reg: usize,
    },
    UnregisterName {
        name: u8,
    },
    UnregisterShared {
        shared: usize,
    },
    UnregisterSharedFrom {
        name: u8,
        shared: usize,
    },
    Wait {
        name: u8,
        limit: Option<(Clock, u64)>,
    },
    /// A wait gets a limit, or another one.
    Limit {
        wait: usize,
        clock: Clock,
        limit: u64,
    },
    PollWait {
        wait: usize,
    },
    DropWait {
        wait: usize,
    },
    TakeTopic {
        name: u8,
    },
    DropTopic {
        topic: usize,
    },
    /// Lets a suspended call go on.
    Resume {
        call: usize,
    },
    Close,
    /// One turn of a loop. Not in callbacks, nor are those below.
    Poll {
        on: usize,
    },
    /// Turns until nothing is ready; then time passes, and turns until nothing is ready.
    Advance {
        on: usize,
        by: u64,
    },
    /// A loop is shut down.
    Kill {
        on: usize,
    },
}

/// What a callback does after it has run its script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Behaviour {
    Returns(End),
    /// Its parameters do not fit.
    Misfits,
    /// Async, and ready at its first poll.
    Ready(End),
    /// Async: waits to be resumed, and runs its script again then.
    Suspends(End),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Fine,
    Fails,
    Panics,
}

/// One thing that can be seen. The model and the manager have to agree on the whole sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    Called {
        reg: usize,
        event: u64,
    },
    SharedCalled {
        shared: usize,
        event: u64,
    },
    Resumed {
        call: usize,
    },
    /// The closure of a registration was dropped.
    Dropped {
        reg: usize,
    },
    Reported {
        event: u8,
        label: String,
        what: String,
    },
    Emitted {
        callbacks: usize,
        waiters: usize,
        rejected: usize,
    },
    Removed(usize),
    Answered(bool),
    /// The event's number, or the error.
    Waited(Option<Result<u64, String>>),
    /// What `poll` returned.
    Polled(Option<u64>),
}

/// What can be asked between two operations.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct State {
    /// accepted, ran, failed, panicked, discarded, pending, delays lost
    pub(crate) ledger: [u64; 7],
    /// callbacks, waiters, delayed
    pub(crate) held: [usize; 3],
    pub(crate) names: Vec<String>,
    /// Which registrations are active.
    pub(crate) active: Vec<bool>,
    /// Which loops are closed, as their lanes see it.
    pub(crate) closed: Vec<bool>,
    pub(crate) idle: bool,
    /// How often each `PollLoop` asked to be polled.
    pub(crate) notified: Vec<usize>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Program {
    pub(crate) main: Vec<Op>,
    /// What callbacks do.
    pub(crate) scripts: [Vec<Op>; 4],
}

impl Program {
    /// Four bytes make an operation. Every sequence of bytes is a program.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let mut program = Self::default();
        for chunk in bytes.chunks_exact(4).take(120) {
            let op = Op::from_bytes(chunk[0] & 0x1f, [chunk[1], chunk[2], chunk[3]]);
            if chunk[0] & 0x80 == 0 {
                program.main.push(op);
                continue;
            }
            let script = &mut program.scripts[usize::from(chunk[0] >> 5 & 3)];
            if script.len() < 5 && op.is_for_callbacks() {
                script.push(op);
            }
        }
        program
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, op) in self.main.iter().enumerate() {
            writeln!(f, "{number:4}: {op:?}")?;
        }
        for (number, script) in self.scripts.iter().enumerate() {
            writeln!(f, "script {number}: {script:?}")?;
        }
        Ok(())
    }
}

impl Op {
    fn is_for_callbacks(&self) -> bool {
        !matches!(
            self,
            Self::EmitMany { .. } | Self::Poll { .. } | Self::Advance { .. } | Self::Kill { .. }
        )
    }

    fn from_bytes(tag: u8, [a, b, c]: [u8; 3]) -> Self {
        let name = a % NAMES;
        let times = |byte: u8| match byte % 6 {
            0 | 1 => Some(1),
            2 => Some(2),
            3 => Some(3),
            _ => None,
        };
        let clock = usize::from(b) % (LOOPS + 1);
        let (index, on) = (usize::from(a), usize::from(a) % LOOPS);
        match tag {
            0..=6 => Self::Register {
                name,
                lane: usize::from(a >> 2) % LANES,
                times: times(b),
                behaviour: Behaviour::from_byte(c),
                script: usize::from(b >> 6),
            },
            7 => Self::RegisterShared {
                name,
                shared: usize::from(b & 1),
                times: times(c),
            },
            8..=11 => Self::Emit { name },
            12 => Self::EmitMany {
                name,
                count: usize::from(b),
            },
            13 | 14 => Self::EmitAfter {
                name,
                clock,
                delay: u64::from(c % 8),
            },
            15 => Self::Cancel { delay: index },
            16 => Self::Unregister { reg: index },
            17 => Self::UnregisterName { name },
            18 if b & 1 == 0 => Self::UnregisterShared {
                shared: usize::from(c & 1),
            },
            18 => Self::UnregisterSharedFrom {
                name,
                shared: usize::from(c & 1),
            },
            19 => Self::Wait { name, limit: None },
            20 => Self::Wait {
                name,
                limit: Some((clock, u64::from(c % 8))),
            },
            21 if c >= 128 => Self::Limit {
                wait: index,
                clock,
                limit: u64::from(c % 8),
            },
            21 | 22 => Self::PollWait { wait: index },
            23 => Self::DropWait { wait: index },
            24 if b & 1 == 0 => Self::TakeTopic { name },
            24 => Self::DropTopic { topic: index },
            25 | 26 => Self::Resume { call: index },
            27 if b < 32 => Self::Close,
            27 if b < 80 => Self::Kill { on },
            27 | 28 => Self::Poll { on },
            _ => Self::Advance {
                on,
                by: u64::from(b % 10),
            },
        }
    }
}

impl Behaviour {
    fn from_byte(byte: u8) -> Self {
        let end = match byte >> 4 & 3 {
            0 | 1 => End::Fine,
            2 => End::Fails,
            // Without std a panic cannot be contained.
            _ if cfg!(feature = "std") => End::Panics,
            _ => End::Fails,
        };
        match byte & 0xf {
            0..=7 => Self::Returns(end),
            8 => Self::Misfits,
            9..=10 => Self::Ready(end),
            _ => Self::Suspends(end),
        }
    }
}
