//! The real thing: carries out the same operations on a `Manager`, and writes down the same observations.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use aioevt_core::{
    Callback, CallbackError, CallbackErrorKind, Delayed, DiscardReason, EventLoop, EvtData, Idle,
    Manager, PollLoop, Registration, TimerError, Topic, Wait, WaitError,
};

use crate::program::{
    Behaviour, Clock, DELAYS, End, FUEL, LOOPS, Op, Program, SHARED_LANE, Seen, State,
};

/// Travels with every event: when all is over, none must be left.
type Token = Arc<()>;

pub(crate) struct Real {
    world: Arc<World>,
    loops: Vec<Option<PollLoop>>,
    now: Vec<u64>,
    idle: Option<(Idle, Arc<Woken>)>,
}

/// What callbacks can reach.
struct World {
    program: Program,
    lanes: Vec<EventLoop>,
    notified: [Arc<AtomicUsize>; LOOPS],
    token: Token,
    shared: Mutex<Vec<Callback>>,
    seen: Mutex<Vec<Seen>>,
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    manager: Option<Manager>,
    fuel: usize,
    events: u64,
    regs: Vec<Registration>,
    waits: Vec<(Option<Wait>, Arc<Woken>)>,
    delays: Vec<Option<Delayed>>,
    topics: Vec<Option<Topic>>,
    gates: Vec<Arc<Gate>>,
}

/// A waker that remembers.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

/// What a suspended call waits for.
#[derive(Default)]
struct Gate(Mutex<(bool, Option<Waker>)>);

/// The part of a callback that is dropped with it.
struct Captured {
    world: Arc<World>,
    reg: usize,
    script: usize,
}

impl Drop for Captured {
    fn drop(&mut self) {
        self.world.see(Seen::Dropped { reg: self.reg });
    }
}

fn millis(time: u64) -> Duration {
    Duration::from_millis(time)
}

impl Real {
    pub(crate) fn new(program: Program) -> Self {
        let notified: [Arc<AtomicUsize>; LOOPS] = Default::default();
        let loops = notified.clone().map(|count| {
            PollLoop::new(move || {
                count.fetch_add(1, SeqCst);
            })
        });
        let lanes = vec![
            loops[0].event_loop(),
            loops[0].event_loop().new_lane(),
            loops[1].event_loop(),
            EventLoop::inline(),
            EventLoop::inline(),
        ];
        let manager = Manager::new(&lanes[0]);
        let world = Arc::new(World {
            program,
            lanes,
            notified,
            token: Arc::new(()),
            shared: Mutex::default(),
            seen: Mutex::default(),
            tables: Mutex::new(Tables {
                fuel: FUEL,
                manager: Some(manager.clone()),
                ..Tables::default()
            }),
        });
        for shared in 0..2 {
            let weak = Arc::downgrade(&world);
            let callback = Callback::new(move |event: u64, _: Token| {
                if let Some(world) = weak.upgrade() {
                    world.see(Seen::SharedCalled { shared, event });
                }
            });
            world.shared.lock().unwrap().push(callback);
        }
        let weak = Arc::downgrade(&world);
        manager.on_error(move |error| {
            if let Some(world) = weak.upgrade() {
                world.see(reported(error));
            }
        });
        Self {
            world,
            loops: loops.into_iter().map(Some).collect(),
            now: vec![0; LOOPS],
            idle: None,
        }
    }

    pub(crate) fn take_seen(&self) -> Vec<Seen> {
        mem::take(&mut *self.world.seen.lock().unwrap())
    }

    pub(crate) fn apply(&mut self, op: Op) {
        match op {
            Op::Poll { on } => {
                self.poll(on);
            }
            Op::Advance { on, by } => {
                self.run(on);
                if self.loops[on].is_some() {
                    self.now[on] += by;
                }
                self.run(on);
            }
            Op::Kill { on } => drop(self.loops[on].take()),
            other => self.world.apply(other),
        }
    }

    fn run(&mut self, on: usize) {
        while self.poll(on) == Some(self.now[on]) {}
    }

    fn poll(&mut self, on: usize) -> Option<u64> {
        let next = self.loops[on].as_mut()?.poll(millis(self.now[on]));
        let next = next.map(|next| u64::try_from(next.as_millis()).unwrap());
        self.world.see(Seen::Polled(next));
        next
    }

    pub(crate) fn state(&self) -> State {
        let tables = self.world.tables();
        let manager = tables.manager.as_ref().unwrap();
        let stats = manager.stats();
        assert_eq!(stats.hook_panics, 0);
        assert_eq!(stats.names, manager.names().len());
        let idle = Pin::new(&mut manager.idle()).poll(&mut Context::from_waker(Waker::noop()));
        let count = |name: &String| manager.callback_count(name);
        assert_eq!(
            manager.names().iter().map(count).sum::<usize>(),
            stats.callbacks
        );
        State {
            ledger: [
                stats.accepted,
                stats.ran,
                stats.failed,
                stats.panicked,
                stats.discarded,
                stats.pending,
                stats.delays_lost,
            ],
            held: [stats.callbacks, stats.waiters, stats.delayed],
            names: manager.names(),
            active: tables.regs.iter().map(Registration::is_active).collect(),
            closed: self.world.lanes.iter().map(EventLoop::is_closed).collect(),
            idle: idle.is_ready(),
            notified: self
                .world
                .notified
                .iter()
                .map(|count| count.load(SeqCst))
                .collect(),
        }
    }

    /// For each wait, whether it was woken since it was polled last.
    pub(crate) fn woken(&self) -> Vec<bool> {
        let tables = self.world.tables();
        let woken = |(_, woken): &(_, Arc<Woken>)| woken.0.load(SeqCst) > 0;
        tables.waits.iter().map(woken).collect()
    }

    /// Somebody waits for idleness all the time: if there was work, and there is none, they must have been woken.
    pub(crate) fn check_idle(&mut self, idle: bool) {
        if let Some((mut waits, woken)) = self.idle.take() {
            if !idle {
                self.idle = Some((waits, woken));
                return;
            }
            assert!(woken.0.load(SeqCst) > 0, "idle, and nobody was told");
            let poll = Pin::new(&mut waits).poll(&mut Context::from_waker(Waker::noop()));
            assert_eq!(poll, Poll::Ready(Ok(())));
        } else if !idle {
            let mut waits = self.world.manager().idle();
            let woken = Arc::new(Woken::default());
            let waker = Waker::from(woken.clone());
            assert!(
                Pin::new(&mut waits)
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
            self.idle = Some((waits, woken));
        }
    }

    /// Everything is dropped: nothing may be left of closures and payloads.
    pub(crate) fn end(self) {
        let Self {
            world, loops, idle, ..
        } = self;
        drop(idle);
        let tables = mem::take(&mut *world.tables());
        drop(tables);
        drop(loops);
        world.shared.lock().unwrap().clear();
        assert_eq!(Arc::strong_count(&world.token), 1, "payloads are left");
        assert_eq!(Arc::strong_count(&world), 1, "closures are left");
    }
}

impl World {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap()
    }

    fn see(&self, seen: Seen) {
        self.seen.lock().unwrap().push(seen);
    }

    fn manager(&self) -> Manager {
        self.tables().manager.clone().unwrap()
    }

    fn data(&self) -> (u64, Token) {
        let mut tables = self.tables();
        tables.events += 1;
        (tables.events, self.token.clone())
    }

    fn clock(&self, clock: Clock) -> &EventLoop {
        &self.lanes[[0, 2, 3][clock]]
    }

    fn apply(self: &Arc<Self>, op: Op) {
        let manager = self.manager();
        let pick = |index: usize, of: usize| if of == 0 { None } else { Some(index % of) };
        match op {
            Op::Register {
                name,
                lane,
                times,
                behaviour,
                script,
            } => {
                self.register(&manager, name, lane, times, behaviour, script);
            }
            Op::RegisterShared {
                name,
                shared,
                times,
            } => {
                let callback = self.shared.lock().unwrap()[shared].clone();
                let on = manager
                    .on(name.to_string())
                    .event_loop(&self.lanes[SHARED_LANE]);
                let on = on.named(self.tables().regs.len().to_string());
                let reg = match times {
                    Some(times) => on.times(times),
                    None => on,
                }
                .call(callback);
                self.tables().regs.push(reg);
            }
            Op::Emit { name } => self.emit(&manager, name),
            Op::EmitMany { name, count } => (0..count).for_each(|_| self.emit(&manager, name)),
            Op::EmitAfter { name, clock, delay } => {
                let data = self.data();
                let place = self.tables().delays.len();
                if place < DELAYS {
                    self.tables().delays.push(None);
                    let delayed = manager.emit_after_on(
                        self.clock(clock),
                        millis(delay),
                        name.to_string(),
                        data,
                    );
                    self.tables().delays[place] = Some(delayed);
                }
            }
            Op::Cancel { delay } => {
                let tables = self.tables();
                if let Some(delay) = pick(delay, tables.delays.len()) {
                    let delayed = tables.delays[delay].clone();
                    drop(tables);
                    self.see(Seen::Answered(
                        delayed.is_some_and(|delayed| delayed.cancel()),
                    ));
                }
            }
            Op::Unregister { reg } => {
                let tables = self.tables();
                if let Some(reg) = pick(reg, tables.regs.len()) {
                    let reg = tables.regs[reg].clone();
                    drop(tables);
                    let removed = reg.unregister();
                    self.see(Seen::Answered(removed));
                }
            }
            Op::UnregisterName { name } => {
                let removed = manager.unregister(name.to_string());
                self.see(Seen::Removed(removed));
            }
            Op::UnregisterShared { shared } => {
                let callback = self.shared.lock().unwrap()[shared].clone();
                self.see(Seen::Removed(manager.unregister_callback(&callback)));
            }
            Op::UnregisterSharedFrom { name, shared } => {
                let callback = self.shared.lock().unwrap()[shared].clone();
                self.see(Seen::Removed(
                    manager.unregister_from(name.to_string(), &callback),
                ));
            }
            Op::Wait { name, limit } => {
                let mut wait = manager.wait(name.to_string());
                if let Some((clock, limit)) = limit {
                    // On a closed manager there is nothing to limit.
                    if !is_closed(&manager) && self.tables().delays.len() < DELAYS {
                        self.tables().delays.push(None);
                        wait = wait.timeout_on(self.clock(clock), millis(limit));
                    }
                }
                self.tables().waits.push((Some(wait), Arc::default()));
            }
            Op::Limit { wait, clock, limit } => {
                let mut tables = self.tables();
                let place = pick(wait, tables.waits.len());
                let Some(place) = place.filter(|_| tables.delays.len() < DELAYS) else {
                    return;
                };
                if let Some(wait) = tables.waits[place].0.take() {
                    tables.delays.push(None);
                    drop(tables);
                    let wait = wait.timeout_on(self.clock(clock), millis(limit));
                    self.tables().waits[place].0 = Some(wait);
                }
            }
            Op::PollWait { wait } => {
                let mut tables = self.tables();
                if let Some(place) = pick(wait, tables.waits.len()) {
                    let (wait, woken) = &mut tables.waits[place];
                    let (wait, woken) = (wait.take(), woken.clone());
                    drop(tables);
                    self.poll_wait(place, wait, woken);
                }
            }
            Op::DropWait { wait } => {
                let mut tables = self.tables();
                if let Some(wait) = pick(wait, tables.waits.len()) {
                    let wait = tables.waits[wait].0.take();
                    drop(tables);
                    drop(wait);
                }
            }
            Op::TakeTopic { name } => {
                let topic = manager.topic(name.to_string());
                self.tables().topics.push(Some(topic));
            }
            Op::DropTopic { topic } => {
                let mut tables = self.tables();
                if let Some(topic) = pick(topic, tables.topics.len()) {
                    let topic = tables.topics[topic].take();
                    drop(tables);
                    drop(topic);
                }
            }
            Op::Resume { call } => {
                let tables = self.tables();
                if let Some(call) = pick(call, tables.gates.len()) {
                    let gate = tables.gates[call].clone();
                    drop(tables);
                    let waker = {
                        let mut gate = gate.0.lock().unwrap();
                        gate.0 = true;
                        gate.1.take()
                    };
                    waker.into_iter().for_each(Waker::wake);
                }
            }
            Op::Close => manager.close(),
            Op::Poll { .. } | Op::Advance { .. } | Op::Kill { .. } => {
                unreachable!("not in callbacks")
            }
        }
    }

    /// By a `Topic` if there is one, which must make no difference.
    fn emit(&self, manager: &Manager, name: u8) {
        let data = self.data();
        let topic = self
            .tables()
            .topics
            .iter()
            .flatten()
            .find(|topic| topic.name() == name.to_string())
            .cloned();
        let emitted = match topic {
            Some(topic) => topic.emit(data),
            None => manager.emit(name.to_string(), data),
        };
        self.see(Seen::Emitted {
            callbacks: emitted.callbacks,
            waiters: emitted.waiters,
            rejected: emitted.rejected,
        });
    }

    fn poll_wait(&self, place: usize, wait: Option<Wait>, woken: Arc<Woken>) {
        let Some(mut wait) = wait else {
            return self.see(Seen::Waited(None));
        };
        let waker = Waker::from(woken.clone());
        match Pin::new(&mut wait).poll(&mut Context::from_waker(&waker)) {
            Poll::Pending => {
                woken.0.store(0, SeqCst);
                self.tables().waits[place].0 = Some(wait);
                self.see(Seen::Waited(None));
            }
            Poll::Ready(outcome) => {
                let outcome = outcome
                    .map_err(wait_error)
                    .map(|data: EvtData| data.arg::<u64>(0).unwrap());
                self.see(Seen::Waited(Some(outcome)));
            }
        }
    }

    fn register(
        self: &Arc<Self>,
        manager: &Manager,
        name: u8,
        lane: usize,
        times: Option<usize>,
        behaviour: Behaviour,
        script: usize,
    ) {
        let (reg, topic) = {
            let tables = self.tables();
            let topic = tables
                .topics
                .iter()
                .flatten()
                .find(|topic| topic.name() == name.to_string());
            (tables.regs.len(), topic.cloned())
        };
        let on = match &topic {
            Some(topic) => topic.on(),
            None => manager.on(name.to_string()),
        };
        let on = on.event_loop(&self.lanes[lane]).named(reg.to_string());
        let on = match times {
            Some(times) => on.times(times),
            None => on,
        };
        let captured = Captured {
            world: self.clone(),
            reg,
            script,
        };
        // Callbacks do nothing before the registration is in the table: registering runs none of them.
        let reg = match behaviour {
            Behaviour::Returns(end) => on.call(move |event: u64, _: Token| {
                captured.world.begin(captured.reg, captured.script, event);
                finish(end)
            }),
            Behaviour::Misfits => on.call(move |_: String| drop(captured.world.clone())),
            Behaviour::Ready(end) => on.call(move |event: u64, token: Token| {
                let (world, reg, script) = (captured.world.clone(), captured.reg, captured.script);
                async move {
                    world.begin(reg, script, event);
                    drop(token);
                    finish(end)
                }
            }),
            Behaviour::Suspends(end) => on.call(move |event: u64, token: Token| {
                let (world, reg, script) = (captured.world.clone(), captured.reg, captured.script);
                async move {
                    world.see(Seen::Called { reg, event });
                    let gate = Arc::new(Gate::default());
                    let call = {
                        let mut tables = world.tables();
                        tables.gates.push(gate.clone());
                        tables.gates.len() - 1
                    };
                    world.script(script);
                    gate.opened().await;
                    world.see(Seen::Resumed { call });
                    world.script(script);
                    drop(token);
                    finish(end)
                }
            }),
        };
        self.tables().regs.push(reg);
    }

    fn begin(self: &Arc<Self>, reg: usize, script: usize, event: u64) {
        self.see(Seen::Called { reg, event });
        self.script(script);
    }

    fn script(self: &Arc<Self>, script: usize) {
        for op in &self.program.scripts[script] {
            {
                let mut tables = self.tables();
                if tables.fuel == 0 {
                    return;
                }
                tables.fuel -= 1;
            }
            self.apply(*op);
        }
    }
}

impl Gate {
    async fn opened(&self) {
        std::future::poll_fn(|cx| {
            let mut gate = self.0.lock().unwrap();
            if gate.0 {
                return Poll::Ready(());
            }
            gate.1 = Some(cx.waker().clone());
            Poll::Pending
        })
        .await;
    }
}

fn is_closed(manager: &Manager) -> bool {
    manager.downgrade().upgrade().is_none()
}

fn finish(end: End) -> Result<(), &'static str> {
    match end {
        End::Fine => Ok(()),
        End::Fails => Err("no"),
        // Without the panic hook's message.
        End::Panics => std::panic::resume_unwind(Box::new("boom")),
    }
}

fn timer_error(error: &TimerError) -> String {
    format!("Timer {error:?}")
}

fn wait_error(error: WaitError) -> String {
    match error {
        WaitError::Timer(error) => timer_error(&error),
        other => format!("{other:?}"),
    }
}

fn reported(error: &CallbackError) -> Seen {
    let what = match error.kind() {
        CallbackErrorKind::Arguments(_) => "Arguments".into(),
        CallbackErrorKind::Failed(_) => "Failed".into(),
        CallbackErrorKind::Panicked(message) => format!("Panicked {message}"),
        CallbackErrorKind::Discarded(DiscardReason::LoopClosed { deliveries }) => {
            format!("LoopClosed {deliveries}")
        }
        CallbackErrorKind::Discarded(reason) => format!("{reason:?}"),
        CallbackErrorKind::Timer(error) => timer_error(error),
        other => format!("{other:?}"),
    };
    Seen::Reported {
        event: error.event().parse().unwrap(),
        label: error.callback().into(),
        what,
    }
}
