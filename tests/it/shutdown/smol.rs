//! Ways in which only a smol executor dies.

use std::sync::Arc;

use aioevt::{EventLoop, Manager, SmolRuntime};
use smol::Executor;

use super::Mortal;
use crate::smol::Own;
use crate::support::{Errors, Log, block_on};

impl Mortal for Own {
    fn die(self, queue: impl FnOnce()) {
        queue();
    }
}

#[test]
fn no_loop_keeps_its_executor_alive() {
    let executor = Arc::new(Executor::new());
    let event_loop = EventLoop::new(SmolRuntime::new(&executor));
    let mgr = Manager::new(&event_loop);
    let errors = Errors::of(&mgr);
    mgr.register("x", || ());
    mgr.emit("x", ());
    while executor.try_tick() {}
    assert_eq!(mgr.stats().ran, 1);
    assert_eq!(Arc::strong_count(&executor), 1);
    drop(executor);
    assert!(event_loop.is_closed());
    assert_eq!(errors.len(), 1);
}

#[test]
fn an_executor_that_a_second_thread_ran_is_dropped_with_events_queued() {
    for _ in 0..200 {
        let executor = Arc::new(Executor::new());
        let mgr = Manager::new(EventLoop::new(SmolRuntime::new(&executor)));
        mgr.on_error(|_| ());
        let log = Log::new();
        let recording = log.clone();
        mgr.register("x", move || recording.push(()));
        let (stop, stopped) = smol::channel::bounded::<()>(1);
        let running = std::thread::spawn(move || {
            // The last `Arc` of the executor is dropped here.
            let _ = smol::block_on(executor.run(stopped.recv()));
        });
        for _ in 0..100 {
            mgr.emit("x", ());
        }
        drop(stop);
        running.join().unwrap();
        block_on(mgr.idle()).unwrap();
        let stats = mgr.stats();
        assert_eq!((stats.accepted, stats.ran), (100, log.len() as u64));
        assert_eq!((stats.ran + stats.discarded, stats.callbacks), (100, 0));
    }
}
