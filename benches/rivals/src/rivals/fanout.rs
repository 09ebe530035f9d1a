//! One event to many receivers: broadcast channels with one receiving task each, and a task per callback.

use std::future::Future;
use std::sync::Arc;
use std::thread;

use dashmap::DashMap;
use tokio::sync::broadcast::{self, Receiver, Sender};

use crate::harness::crowd::{Crowd, Sink, Words};
use crate::harness::race::Round;
use crate::ours::EVENT;
use crate::runtimes::{SmolThread, TokioThread};

/// A broadcast channel has a bound and loses events beyond it: either it has room for a whole round, or the sender
/// looks now and then whether it has to wait.
#[derive(Clone, Copy, Debug)]
pub enum Room {
    For(u64),
    Slots1024,
}

impl Room {
    fn slots(self) -> usize {
        match self {
            Self::For(events) => usize::try_from(events).expect("a round fits the memory"),
            Self::Slots1024 => 1024,
        }
    }

    /// Waits until there is room for the next 256 events.
    fn wait(self, event: Words, sender: &Sender<Words>) {
        if matches!(self, Self::Slots1024) && event.0.is_multiple_of(256) {
            while sender.len() > 512 {
                thread::yield_now();
            }
        }
    }
}

async fn receive(mut receiver: Receiver<Words>, sink: Arc<Sink>) {
    // An error is the end, or a loss: then events are missing, and that is noticed.
    while let Ok(event) = receiver.recv().await {
        sink.take(event);
    }
}

pub fn tokio_broadcast(receivers: usize, room: Room) -> Round<'static> {
    let thread = TokioThread::start();
    let crowd = Crowd::new(receivers);
    let (sender, _) = broadcast::channel(room.slots());
    for sink in crowd.sinks() {
        thread.spawn(receive(sender.subscribe(), sink));
    }
    crowd.flooded(move |event| {
        let _kept = &thread;
        room.wait(event, &sender);
        sender.send(event).expect("a receiver lives");
    })
}

pub fn async_broadcast(receivers: usize, events: u64) -> Round<'static> {
    let thread = TokioThread::start();
    let crowd = Crowd::new(receivers);
    let (sender, receiver) = async_broadcast::broadcast(Room::For(events).slots());
    for sink in crowd.sinks() {
        let mut receiver = receiver.new_receiver();
        thread.spawn(async move {
            while let Ok(event) = receiver.recv_direct().await {
                sink.take(event);
            }
        });
    }
    drop(receiver);
    crowd.flooded(move |event| {
        let _kept = &thread;
        sender
            .try_broadcast(event)
            .expect("there is room for a whole round");
    })
}

/// What an emitter without queues of its own does: a task for every callback of every event.
pub fn spawn_each(callbacks: usize) -> Round<'static> {
    type Callback = Arc<dyn Fn(Words) + Send + Sync>;
    let thread = TokioThread::start();
    let crowd = Crowd::new(callbacks);
    let list: Vec<Callback> = crowd
        .sinks()
        .map(|sink| Arc::new(move |event| sink.take(event)) as Callback)
        .collect();
    crowd.flooded(move |event| {
        for callback in &list {
            let callback = Arc::clone(callback);
            thread.spawn(async move { callback(event) });
        }
    })
}

/// No rival: the calls alone, on the emitter's own thread.
pub fn bare_loop(callbacks: usize) -> Round<'static> {
    let crowd = Crowd::new(callbacks);
    let mut list: Vec<Box<dyn FnMut(Words)>> = crowd
        .sinks()
        .map(|sink| Box::new(move |event| sink.take(event)) as _)
        .collect();
    crowd.flooded(move |event| list.iter_mut().for_each(|callback| callback(event)))
}

/// A task for every event, whose future `work` makes.
pub fn spawn_event<F>(mut work: impl FnMut(Arc<Sink>, Words) -> F + 'static) -> Round<'static>
where
    F: Future<Output = ()> + Send + 'static,
{
    let thread = TokioThread::start();
    let crowd = Crowd::new(1);
    let sink = crowd.sink();
    crowd.flooded(move |event| thread.spawn(work(Arc::clone(&sink), event)))
}

/// Named broadcast channels, and a receiving task on each of tokio, smol and async-std.
pub fn three_runtimes(room: Room) -> Round<'static> {
    let tokio = TokioThread::start();
    let smol = SmolThread::start();
    let crowd = Crowd::new(3);
    let mut sinks = crowd.sinks();
    let map: DashMap<String, Sender<Words>> = DashMap::new();
    let (sender, receiver) = broadcast::channel(room.slots());
    map.insert(EVENT.to_owned(), sender.clone());
    if let (Some(first), Some(second), Some(third)) = (sinks.next(), sinks.next(), sinks.next()) {
        tokio.spawn(receive(receiver, first));
        smol.executor()
            .spawn(receive(sender.subscribe(), second))
            .detach();
        drop(async_std::task::spawn(receive(sender.subscribe(), third)));
    }
    drop((sinks, sender));
    crowd.flooded(move |event| {
        let _kept = (&tokio, &smol);
        let sender = map.get(EVENT).expect("the name is there");
        room.wait(event, &sender);
        sender.send(event).expect("a receiver lives");
    })
}
