//! Unbounded queues from this thread to one receiving task on a tokio runtime of another thread.

use std::sync::Arc;

use crate::harness::crowd::{Crowd, Sink, Words};
use crate::harness::race::Round;
use crate::runtimes::TokioThread;

/// Keeps the runtime for as long as the sender: rounds end before either is dropped.
fn with<'a>(thread: TokioThread, crowd: Crowd, mut send: impl FnMut(Words) + 'a) -> Round<'a> {
    crowd.flooded(move |event| {
        let _kept = &thread;
        send(event);
    })
}

fn start() -> (TokioThread, Crowd, Arc<Sink>) {
    let crowd = Crowd::new(1);
    let sink = crowd.sink();
    (TokioThread::start(), crowd, sink)
}

pub fn tokio_mpsc() -> Round<'static> {
    let (thread, crowd, sink) = start();
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    thread.spawn(async move {
        while let Some(event) = receiver.recv().await {
            sink.take(event);
        }
    });
    with(thread, crowd, move |event| {
        sender.send(event).expect("the receiver lives");
    })
}

pub fn tokio_mpsc_many() -> Round<'static> {
    const AT_ONCE: usize = 128;
    let (thread, crowd, sink) = start();
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    thread.spawn(async move {
        let mut events = Vec::with_capacity(AT_ONCE);
        while receiver.recv_many(&mut events, AT_ONCE).await > 0 {
            for event in events.drain(..) {
                sink.take(event);
            }
        }
    });
    with(thread, crowd, move |event| {
        sender.send(event).expect("the receiver lives");
    })
}

pub fn flume() -> Round<'static> {
    let (thread, crowd, sink) = start();
    let (sender, receiver) = flume::unbounded();
    thread.spawn(async move {
        while let Ok(event) = receiver.recv_async().await {
            sink.take(event);
        }
    });
    with(thread, crowd, move |event| {
        sender.send(event).expect("the receiver lives");
    })
}

pub fn kanal() -> Round<'static> {
    let (thread, crowd, sink) = start();
    let (sender, receiver) = kanal::unbounded();
    let receiver = receiver.to_async();
    thread.spawn(async move {
        while let Ok(event) = receiver.recv().await {
            sink.take(event);
        }
    });
    with(thread, crowd, move |event| {
        sender.send(event).expect("the receiver lives");
    })
}

pub fn async_channel() -> Round<'static> {
    let (thread, crowd, sink) = start();
    let (sender, receiver) = async_channel::unbounded();
    thread.spawn(async move {
        while let Ok(event) = receiver.recv().await {
            sink.take(event);
        }
    });
    with(thread, crowd, move |event| {
        sender.try_send(event).expect("the receiver lives");
    })
}
