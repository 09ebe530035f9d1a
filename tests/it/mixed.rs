//! Several loops in one process: every ordered pair of them, and all at once.

use std::future::Future;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use aioevt::{CallbackErrorKind, EventLoop, Manager, Spawner, ThreadLoop, WaitError};

use crate::support::{LIMIT, Log, block_on};

/// A loop that runs by itself, and what keeps it running.
struct Running {
    name: &'static str,
    event_loop: EventLoop,
    stop: Option<Box<dyn FnOnce()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop();
        }
    }
}

/// One of each kind.
fn all() -> Vec<Running> {
    #[allow(unused_mut, reason = "without a runtime these are all")]
    let mut all = vec![
        thread_loop("thread loop"),
        thread_loop("another thread loop"),
    ];
    #[cfg(feature = "tokio")]
    all.extend([tokio_current_thread(), tokio_multi_thread()]);
    #[cfg(feature = "async-std")]
    all.push(Running {
        name: "async-std",
        event_loop: EventLoop::new(aioevt::AsyncStdRuntime::new()),
        stop: None,
    });
    #[cfg(feature = "smol")]
    all.extend([smol_global(), smol_own()]);
    all
}

fn thread_loop(name: &'static str) -> Running {
    let worker = ThreadLoop::spawn(name).unwrap();
    Running {
        name,
        event_loop: worker.event_loop(),
        stop: Some(Box::new(move || worker.shutdown())),
    }
}

#[cfg(feature = "tokio")]
fn tokio_current_thread() -> Running {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let event_loop = EventLoop::new(aioevt::TokioRuntime::new(runtime.handle().clone()));
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = thread::spawn(move || {
        let _ = runtime.block_on(stopped);
    });
    Running {
        name: "tokio current-thread",
        event_loop,
        stop: Some(Box::new(move || {
            drop(stop);
            running.join().unwrap();
        })),
    }
}

#[cfg(feature = "tokio")]
fn tokio_multi_thread() -> Running {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .unwrap();
    Running {
        name: "tokio multi-thread",
        event_loop: EventLoop::new(aioevt::TokioRuntime::new(runtime.handle().clone())),
        stop: Some(Box::new(move || drop(runtime))),
    }
}

#[cfg(feature = "smol")]
fn smol_global() -> Running {
    Running {
        name: "smol global",
        event_loop: EventLoop::new(aioevt::SmolRuntime::global()),
        stop: None,
    }
}

#[cfg(feature = "smol")]
fn smol_own() -> Running {
    let executor = std::sync::Arc::new(smol::Executor::new());
    let event_loop = EventLoop::new(aioevt::SmolRuntime::new(&executor));
    let (stop, stopped) = smol::channel::bounded::<()>(1);
    let running = thread::spawn(move || {
        let _ = smol::block_on(executor.run(stopped.recv()));
    });
    Running {
        name: "smol own",
        event_loop,
        stop: Some(Box::new(move || {
            drop(stop);
            running.join().unwrap();
        })),
    }
}

/// Runs `test` for every two loops, and for each with itself, in both orders.
fn every_pair(test: impl Fn(&EventLoop, &EventLoop)) {
    let all = all();
    for one in &all {
        for other in &all {
            println!("{} and {}", one.name, other.name);
            test(&one.event_loop, &other.event_loop);
        }
    }
}

/// Runs a future as a task of the loop, and returns what it returned.
fn on<T: Send + 'static>(
    event_loop: &EventLoop,
    future: impl Future<Output = T> + Send + 'static,
) -> T {
    let (tx, rx) = mpsc::channel();
    let task = async move { tx.send(future.await).unwrap() };
    event_loop.spawn(Box::pin(task)).unwrap();
    rx.recv_timeout(LIMIT).unwrap()
}

#[test]
fn a_task_of_one_registers_for_the_other() {
    every_pair(|one, other| {
        let mgr = Manager::new(one);
        let answer = mgr.wait("answer");
        let (registering, target) = (mgr.clone(), other.clone());
        let active = on(one, async move {
            let registration =
                registering.on("question").event_loop(&target).once().call(
                    |number: i32, mgr: Manager| async move { mgr.emit("answer", (number + 1,)) },
                );
            registering.emit("question", (1,));
            registration.is_active()
        });
        assert!(!active, "its only call is claimed");
        assert_eq!(block_on(answer).unwrap().arg(0), Ok(2));
        assert_eq!(block_on(mgr.idle()), Ok(()));
        assert_eq!((mgr.stats().ran, mgr.stats().names), (1, 0));
    });
}

#[test]
fn a_task_of_one_asks_and_the_other_answers() {
    every_pair(|one, other| {
        let mgr = Manager::new(EventLoop::inline());
        mgr.on("question")
            .event_loop(other)
            .call(|number: i32, mgr: Manager| mgr.emit("answer", (number + 1,)));
        mgr.on("answer")
            .event_loop(one)
            .call(|number: i32, mgr: Manager| async move { mgr.emit("done", (number + 1,)) });
        let asker = mgr.clone();
        let answered = on(one, async move {
            let done = asker.wait("done");
            assert_eq!(asker.emit("question", (1,)).callbacks, 1);
            done.await?.arg::<i32>(0).map_err(|_| WaitError::Closed)
        });
        assert_eq!(answered, Ok(3));
        assert_eq!(block_on(mgr.idle()), Ok(()));
        assert_eq!(mgr.stats().ran, 2);
    });
}

#[test]
fn a_task_of_one_waits_by_the_timer_of_the_other() {
    every_pair(|one, other| {
        let (mgr, timer) = (Manager::new(one), other.clone());
        let never = mgr.wait("never");
        let outcome = on(one, async move {
            never
                .timeout_on(&timer, Duration::from_millis(1))
                .await
                .map(drop)
        });
        assert_eq!(outcome, Err(WaitError::TimedOut));

        let (asker, timer) = (mgr.clone(), other.clone());
        let outcome = on(one, async move {
            let late = asker.wait("late").timeout_on(&timer, LIMIT);
            asker.emit_after_on(&timer, Duration::from_millis(1), "late", (7,));
            late.await?.arg::<i32>(0).map_err(|_| WaitError::Closed)
        });
        assert_eq!(outcome, Ok(7));
        assert_eq!((mgr.stats().waiters, mgr.stats().names), (0, 0));
    });
}

/// One waits, one emits, the timer is that of a third; and the callback in between runs on a fourth.
#[test]
fn a_wait_an_emit_and_a_timer_on_three_loops() {
    let all = all();
    for shift in 0..all.len() {
        let at = |index: usize| all[(shift + index) % all.len()].event_loop.clone();
        let (waiting, emitting, timer) = (at(0), at(1), at(2));
        let mgr = Manager::new(EventLoop::inline());
        mgr.on("asked")
            .event_loop(at(3))
            .call(|mgr: Manager| async move {
                mgr.emit("heard", (7,));
            });
        let answer = mgr.wait("heard").timeout_on(&timer, LIMIT);
        let never = mgr
            .wait("never")
            .timeout_on(&timer, Duration::from_millis(1));
        let asker = mgr.clone();
        on(&emitting, async move { asker.emit("asked", ()) });
        let (answer, never) = on(&waiting, async move { (answer.await, never.await) });
        assert_eq!(answer.unwrap().arg(0), Ok(7));
        assert_eq!(never.unwrap_err(), WaitError::TimedOut);
        assert_eq!((mgr.stats().waiters, mgr.stats().delayed), (0, 0));
    }
}

#[test]
fn a_plain_thread_emits_and_waits_for_each() {
    let all = all();
    let mgr = Manager::new(&all[0].event_loop);
    for running in &all {
        let name = running.name;
        mgr.on("who")
            .event_loop(&running.event_loop)
            .call(move |mgr: Manager| mgr.emit(format!("here: {name}"), (name,)));
    }
    let answers: Vec<_> = all
        .iter()
        .map(|one| mgr.wait(format!("here: {}", one.name)))
        .collect();
    let emitter = mgr.clone();
    let emitted = thread::spawn(move || emitter.emit("who", ()))
        .join()
        .unwrap();
    assert_eq!(emitted.callbacks, all.len());
    for (answer, running) in answers.into_iter().zip(&all) {
        let data = answer.timeout(LIMIT).blocking().unwrap();
        assert_eq!(data.arg(0), Ok(running.name));
    }
    assert_eq!(mgr.idle().timeout(LIMIT).blocking(), Ok(()));
}

#[test]
fn all_loops_hear_the_events_of_two_threads_in_the_same_order() {
    let all = all();
    let mgr = Manager::new(&all[0].event_loop);
    let logs: Vec<Log<(i32, i32)>> = all
        .iter()
        .map(|running| {
            let log = Log::new();
            let recording = log.clone();
            mgr.on("x")
                .event_loop(&running.event_loop)
                .call(move |thread: i32, number: i32| {
                    let log = recording.clone();
                    async move { log.push((thread, number)) }
                });
            log
        })
        .collect();
    thread::scope(|scope| {
        for emitter in 0..2 {
            let mgr = &mgr;
            scope.spawn(move || {
                for number in 0..2000 {
                    mgr.emit("x", (emitter, number));
                }
            });
        }
    });
    block_on(mgr.idle()).unwrap();
    let first = logs[0].take();
    assert_eq!(first.len(), 4000);
    for (log, running) in logs[1..].iter().zip(&all[1..]) {
        assert!(log.take() == first, "{} heard another order", running.name);
    }
}

#[test]
fn a_closed_loop_beside_healthy_ones_is_no_matter_of_theirs() {
    let mut all = all();
    let mgr = Manager::new(EventLoop::inline());
    let (told, closed) = mpsc::channel();
    mgr.on_error(move |error| {
        assert!(
            matches!(error.kind(), CallbackErrorKind::Discarded(_)),
            "{error}"
        );
        told.send(()).unwrap();
    });
    let heard = Log::new();
    for running in &all {
        let (log, name) = (heard.clone(), running.name);
        mgr.on("x")
            .event_loop(&running.event_loop)
            .call(move || log.push(name));
    }
    // One after the other dies, those that can.
    while let Some(dying) = all.iter().position(|running| running.stop.is_some()) {
        mgr.emit("x", ());
        block_on(mgr.idle()).unwrap();
        let mut expected: Vec<_> = all.iter().map(|running| running.name).collect();
        expected.sort_unstable();
        let mut names = heard.take();
        names.sort_unstable();
        assert_eq!(names, expected);
        let dead = all.swap_remove(dying);
        let event_loop = dead.event_loop.clone();
        drop(dead);
        closed.recv_timeout(LIMIT).unwrap();
        assert!(event_loop.is_closed());
        assert_eq!(mgr.callback_count("x"), all.len());
    }
    assert!(closed.try_recv().is_err());
}
