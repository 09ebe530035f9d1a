//! The reference model: what a manager, its lanes and its loops are supposed to do, one step after the other, in plain
//! lists. Where the order between lanes is not promised it follows the implementation.

// The paths are for the fuzz target, which has these files by path.
#[path = "reference/lanes.rs"]
mod lanes;
#[path = "reference/loops.rs"]
mod loops;
#[path = "reference/registry.rs"]
mod registry;
#[path = "reference/time.rs"]
mod time;

use std::collections::{BTreeMap, VecDeque};

use crate::program::{
    Behaviour, Clock, End, FUEL, LANES, LOOPS, NAMES, Op, Program, SHARED_LANE, Seen, State,
};

/// Calls, and changes of the table, in one turn of a driver.
const BUDGET: usize = 128;

pub(crate) struct Model {
    program: Program,
    /// In which the names are closed.
    order: [u8; NAMES as usize],
    pub(crate) seen: Vec<Seen>,
    fuel: usize,
    events: u64,
    closed: bool,
    ledger: [u64; 7],
    /// Registrations and removals on their way.
    controls: usize,
    regs: Vec<Reg>,
    topics: BTreeMap<u8, Topic>,
    lanes: Vec<Lane>,
    loops: Vec<Loop>,
    waits: Vec<Wait>,
    delays: Vec<(Clock, usize)>,
    handles: Vec<Option<u8>>,
    calls: Vec<Call>,
}

const ACCEPTED: usize = 0;
const RAN: usize = 1;
const FAILED: usize = 2;
const PANICKED: usize = 3;
const DISCARDED: usize = 4;
const LOST: usize = 6;

/// How far a registration has come.
#[derive(Clone, Copy, PartialEq)]
enum Stage {
    Active,
    /// Its last call was accepted.
    Claimed,
    Revoked,
    Ended,
}

struct Reg {
    name: u8,
    lane: usize,
    shared: Option<usize>,
    behaviour: Behaviour,
    script: usize,
    left: Option<usize>,
    stage: Stage,
    /// Events reach it.
    registered: bool,
    /// Its manager was closed.
    closed: bool,
    dropped: bool,
    lost: u64,
}

#[derive(Default)]
struct Topic {
    groups: Vec<Group>,
    waits: Vec<usize>,
    handles: usize,
}

/// The registrations of a topic on one lane.
struct Group {
    lane: usize,
    regs: Vec<usize>,
}

enum Message {
    /// Whom it is addressed to, and whether it is the last call of them.
    Event {
        event: u64,
        to: VecDeque<(usize, bool)>,
    },
    Add,
    Remove(usize),
    Release(Vec<usize>),
}

struct Lane {
    /// `None`: inline.
    on: Option<usize>,
    spawned: bool,
    closed: bool,
    /// Asleep, or, inline, free: whoever pushes sets it going.
    free: bool,
    queue: VecDeque<Message>,
}

#[derive(Clone, Copy, PartialEq)]
enum Task {
    Driver(usize),
    Timer,
    Call(usize),
}

#[derive(Default)]
struct Loop {
    dead: bool,
    now: u64,
    ready: VecDeque<Task>,
    running: Option<Task>,
    /// The running task was woken.
    again: bool,
    asleep: bool,
    notified: usize,
    /// All tasks, in the order in which they were spawned: a shutdown drops them in it.
    tasks: Vec<Task>,
    timer: Timer,
}

#[derive(Default)]
struct Timer {
    spawned: bool,
    sleeps: bool,
    armed: Option<u64>,
    numbers: usize,
    /// By deadline and number.
    entries: BTreeMap<(u64, usize), Action>,
}

#[derive(Clone, Copy, PartialEq)]
enum Action {
    Emit { name: u8, event: u64 },
    Limit { wait: usize },
}

struct Wait {
    name: u8,
    /// Made when its manager was closed: it never waited.
    settled: bool,
    /// Among the waits of its topic.
    armed: bool,
    outcome: Option<Result<u64, String>>,
    /// Its limit will never come.
    broken: Option<&'static str>,
    limit: Option<(Clock, usize)>,
    over: bool,
    polled: bool,
}

struct Call {
    reg: usize,
    open: bool,
    /// Who is woken when it is resumed.
    waker: Option<Task>,
}

impl Model {
    pub(crate) fn new(program: Program, order: [u8; NAMES as usize]) -> Self {
        let lane = |on| Lane {
            on,
            spawned: false,
            closed: false,
            free: on.is_none(),
            queue: VecDeque::new(),
        };
        Self {
            program,
            order,
            seen: Vec::new(),
            fuel: FUEL,
            events: 0,
            closed: false,
            ledger: [0; 7],
            controls: 0,
            regs: Vec::new(),
            topics: BTreeMap::new(),
            lanes: [Some(0), Some(0), Some(1), None, None].map(lane).into(),
            loops: (0..LOOPS).map(|_| Loop::default()).collect(),
            waits: Vec::new(),
            delays: Vec::new(),
            handles: Vec::new(),
            calls: Vec::new(),
        }
    }

    pub(crate) fn state(&self) -> State {
        let mut ledger = self.ledger;
        ledger[5] = ledger[ACCEPTED] - ledger[RAN..=DISCARDED].iter().sum::<u64>();
        let delayed = |timer: &Timer| {
            let pending = timer.entries.values();
            pending
                .filter(|action| matches!(action, Action::Emit { .. }))
                .count()
        };
        State {
            ledger,
            held: [
                self.regs.iter().filter(|reg| reg.registered).count(),
                self.waits.iter().filter(|wait| wait.armed).count(),
                self.loops.iter().map(|on| delayed(&on.timer)).sum(),
            ],
            names: self.topics.keys().map(u8::to_string).collect(),
            active: self.regs.iter().map(|reg| reg.registered).collect(),
            closed: self.lanes.iter().map(|lane| lane.closed).collect(),
            idle: ledger[5] == 0 && self.controls == 0,
            notified: self.loops.iter().map(|on| on.notified).collect(),
        }
    }

    /// Waits that were polled, were pending, and would not be now.
    pub(crate) fn must_be_woken(&self) -> Vec<usize> {
        let ready = |wait: &Wait| {
            wait.polled && !wait.over && (wait.outcome.is_some() || wait.broken.is_some())
        };
        (0..self.waits.len())
            .filter(|wait| ready(&self.waits[*wait]))
            .collect()
    }

    pub(crate) fn apply(&mut self, op: Op) {
        let pick = |index: usize, of: usize| if of == 0 { None } else { Some(index % of) };
        match op {
            Op::Register {
                name,
                lane,
                times,
                behaviour,
                script,
            } => {
                self.register(name, lane, times, None, behaviour, script);
            }
            Op::RegisterShared {
                name,
                shared,
                times,
            } => {
                let behaviour = Behaviour::Returns(End::Fine);
                self.register(name, SHARED_LANE, times, Some(shared), behaviour, 0);
            }
            Op::Emit { name } => self.emit_new(name),
            Op::EmitMany { name, count } => (0..count).for_each(|_| self.emit_new(name)),
            Op::EmitAfter { name, clock, delay } => self.emit_after(name, clock, delay),
            Op::Cancel { delay } => {
                if let Some(delay) = pick(delay, self.delays.len()) {
                    let (clock, number) = self.delays[delay];
                    let cancelled = self.cancel(clock, number);
                    self.seen.push(Seen::Answered(cancelled));
                }
            }
            Op::Unregister { reg } => {
                if let Some(reg) = pick(reg, self.regs.len()) {
                    let removed = self.unregister(reg);
                    self.seen.push(Seen::Answered(removed));
                }
            }
            Op::UnregisterName { name } => {
                let topic = self.topics.get(&name);
                let removed = topic.map_or(0, |topic| self.registered(topic).count());
                let wakes = self.clear(name, "Unregistered");
                self.wake_lanes(wakes);
                self.sweep(name);
                self.seen.push(Seen::Removed(removed));
            }
            Op::UnregisterShared { shared } => self.unregister_shared(shared, None),
            Op::UnregisterSharedFrom { name, shared } => self.unregister_shared(shared, Some(name)),
            Op::Wait { name, limit } => self.wait(name, limit),
            Op::Limit { wait, clock, limit } => {
                if let Some(wait) = pick(wait, self.waits.len()) {
                    self.limit(wait, clock, limit);
                }
            }
            Op::PollWait { wait } => {
                if let Some(wait) = pick(wait, self.waits.len()) {
                    let outcome = self.poll_wait(wait);
                    self.seen.push(Seen::Waited(outcome));
                }
            }
            Op::DropWait { wait } => {
                if let Some(wait) = pick(wait, self.waits.len()) {
                    self.end_wait(wait);
                }
            }
            Op::TakeTopic { name } => {
                self.handles.push(Some(name));
                if !self.closed {
                    self.topics.entry(name).or_default().handles += 1;
                }
            }
            Op::DropTopic { topic } => {
                if let Some(topic) = pick(topic, self.handles.len()) {
                    if let Some(name) = self.handles[topic].take().filter(|_| !self.closed) {
                        self.topics.entry(name).or_default().handles -= 1;
                        self.sweep(name);
                    }
                }
            }
            Op::Resume { call } => {
                if let Some(call) = pick(call, self.calls.len()) {
                    self.calls[call].open = true;
                    let lane = self.regs[self.calls[call].reg].lane;
                    if let (Some(task), Some(on)) =
                        (self.calls[call].waker.take(), self.lanes[lane].on)
                    {
                        self.wake(on, task);
                    }
                }
            }
            Op::Close => self.close(),
            Op::Poll { on } => self.poll(on, self.loops[on].now),
            Op::Advance { on, by } => {
                let now = self.loops[on].now;
                self.run(on, now);
                self.run(on, now + by);
            }
            Op::Kill { on } => self.kill(on),
        }
    }
}

const _: () = assert!(LANES == 5 && LOOPS == 2, "the lanes in `Model::new`");
