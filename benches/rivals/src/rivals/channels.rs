//! Unbounded queues to one receiving task on a tokio runtime. Each gives what sends to it.

use std::sync::Arc;

use tokio::runtime::Handle;

use crate::harness::crowd::{Crowd, Sink, Words};
use crate::harness::race::Round;
use crate::runtimes::TokioThread;

/// From this thread to the runtime of another one.
pub fn to_a_thread<S: FnMut(Words) + 'static>(
    queue: fn(&Handle, Arc<Sink>) -> S,
) -> Round<'static> {
    let (thread, crowd) = (TokioThread::start(), Crowd::new(1));
    let mut send = queue(thread.handle(), crowd.sink());
    crowd.flooded(move |event| {
        // For as long as the sender: rounds end before either is dropped.
        let _kept = &thread;
        send(event);
    })
}

pub fn tokio_mpsc(handle: &Handle, sink: Arc<Sink>) -> impl FnMut(Words) + use<> {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    handle.spawn(async move {
        while let Some(event) = receiver.recv().await {
            sink.take(event);
        }
    });
    move |event| sender.send(event).expect("the receiver lives")
}

pub fn tokio_mpsc_many(handle: &Handle, sink: Arc<Sink>) -> impl FnMut(Words) + use<> {
    const AT_ONCE: usize = 128;
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    handle.spawn(async move {
        let mut events = Vec::with_capacity(AT_ONCE);
        while receiver.recv_many(&mut events, AT_ONCE).await > 0 {
            for event in events.drain(..) {
                sink.take(event);
            }
        }
    });
    move |event| sender.send(event).expect("the receiver lives")
}

pub fn flume(handle: &Handle, sink: Arc<Sink>) -> impl FnMut(Words) + use<> {
    let (sender, receiver) = flume::unbounded();
    handle.spawn(async move {
        while let Ok(event) = receiver.recv_async().await {
            sink.take(event);
        }
    });
    move |event| sender.send(event).expect("the receiver lives")
}

pub fn kanal(handle: &Handle, sink: Arc<Sink>) -> impl FnMut(Words) + use<> {
    let (sender, receiver) = kanal::unbounded();
    let receiver = receiver.to_async();
    handle.spawn(async move {
        while let Ok(event) = receiver.recv().await {
            sink.take(event);
        }
    });
    move |event| sender.send(event).expect("the receiver lives")
}

pub fn async_channel(handle: &Handle, sink: Arc<Sink>) -> impl FnMut(Words) + use<> {
    let (sender, receiver) = async_channel::unbounded();
    handle.spawn(async move {
        while let Ok(event) = receiver.recv().await {
            sink.take(event);
        }
    });
    move |event| sender.try_send(event).expect("the receiver lives")
}
