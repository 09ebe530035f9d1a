//! What is shown of the public types, and what errors say: what, and what to do about it.
#![cfg(not(loom))]
#![allow(clippy::std_instead_of_core, reason = "a test")]

use std::error::Error;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use aioevt_core::{
    Args, Callback, CallbackErrorKind, DiscardReason, EventLoop, EvtData, Manager, PollLoop,
    Shared, Sleep, SpawnError, Spawner, ThreadLoop, Timer, TimerError, WaitError, args, callback,
};
use futures_core::FusedFuture;

fn shown(value: &impl Debug, parts: &[&str]) {
    let text = format!("{value:?}");
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in {text}");
    }
}

fn look<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn everything_can_be_shown() {
    let poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(&poll_loop);
    shown(&poll_loop, &["PollLoop"]);
    shown(&poll_loop.event_loop(), &["EventLoop", "lane"]);
    shown(&mgr, &["Manager", "closed: false"]);
    shown(&mgr.downgrade(), &["WeakManager", "closed: false"]);
    shown(&mgr.on("x").once().named("me"), &["On", "times", "me"]);
    shown(&mgr.topic("x"), &["Topic", "\"x\""]);
    let registration = mgr.on("x").named("me").call(|| ());
    shown(&registration, &["\"x\"", "\"me\"", "active: true"]);
    shown(&registration.guard(), &["RegistrationGuard"]);
    shown(&Callback::new(|_: u8| ()), &["Callback"]);
    shown(&mgr.idle(), &["Idle", "over: false"]);
    shown(&mgr.emit_after(Duration::ZERO, "x", ()), &["Delayed"]);
    shown(
        &mgr.emit("y", ()),
        &["callbacks: 0", "waiters: 0", "rejected: 0"],
    );
    shown(&mgr.stats(), &["accepted", "pending", "delays_lost"]);
    shown(
        &EvtData::new(args![1_u8; k = "v"]),
        &["EvtData", "u8", "k = &str"],
    );
    shown(&Args::new().with(1_u8), &["Args", "u8"]);
    let mut wait = mgr.wait("x");
    shown(&wait, &["Wait", "\"x\""]);
    mgr.close();
    shown(&mgr.wait("x"), &["failed"]);
    assert!(look(&mut wait).is_ready());
    shown(&wait, &["over"]);
    if let Ok(worker) = ThreadLoop::spawn("worker") {
        shown(&worker, &["ThreadLoop", "worker"]);
    }
}

#[test]
fn futures_say_when_they_are_over() {
    let mgr = Manager::new(EventLoop::inline());
    let (mut wait, mut idle) = (mgr.wait("x"), mgr.idle());
    assert!(!wait.is_terminated() && !idle.is_terminated());
    mgr.emit("x", ());
    assert!(look(&mut wait).is_ready() && look(&mut idle).is_ready());
    assert!(wait.is_terminated() && idle.is_terminated());
    assert!(look(&mut wait).is_pending() && look(&mut idle).is_pending());
}

#[test]
fn errors_say_what_to_do() {
    let timer = TimerError::Disabled("build it with one");
    for (error, help) in [
        (
            &SpawnError::Closed as &dyn Error,
            "register on one that runs",
        ),
        (&SpawnError::Full { capacity: 4 }, "all 4 task slots"),
        (&SpawnError::Unsupported, "use an event loop with a runtime"),
        (&TimerError::Closed, "use one that runs"),
        (&timer, "build it with one"),
        (&TimerError::Unsupported, "`timeout_on`"),
        (&WaitError::TimedOut, "limit passed"),
        (&WaitError::Closed, "never come"),
        (&WaitError::Unregistered, "unregistered"),
        (&WaitError::Timer(timer), "build it with one"),
        (&WaitError::WouldDeadlock, "await it instead"),
    ] {
        let text = error.to_string();
        assert!(text.contains(help), "`{help}` is not in {text}");
        assert_eq!(text.lines().count(), 1, "{text}");
    }
    assert!(
        WaitError::Timer(timer)
            .source()
            .is_some_and(|source| source.to_string().contains("build"))
    );
    assert!(WaitError::TimedOut.source().is_none());
    for (reason, help) in [
        (
            DiscardReason::LoopClosed { deliveries: 3 },
            "3 queued deliveries",
        ),
        (DiscardReason::Dropped, "`idle()`"),
        (DiscardReason::Refused(SpawnError::Closed), "was shut down"),
        (DiscardReason::ManagerClosed, "before `close()`"),
    ] {
        assert!(reason.to_string().contains(help), "{reason}");
    }
}

/// The source of a reported error is the error underneath, whatever kind it is.
#[test]
fn a_reported_error_leads_to_its_cause() {
    let poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(EventLoop::inline());
    let (tx, rx) = std::sync::mpsc::channel();
    mgr.on_error(move |error| {
        let kind = match error.kind() {
            CallbackErrorKind::Arguments(_) => "arguments",
            CallbackErrorKind::Failed(_) => "failed",
            CallbackErrorKind::Panicked(_) => "panicked",
            CallbackErrorKind::Timer(_) => "timer",
            CallbackErrorKind::Discarded(_) => "discarded",
            _ => "new",
        };
        let cause = error.source().map(ToString::to_string);
        let _ = tx.send((kind, cause, error.to_string(), error.location().line() > 0));
    });
    mgr.on("x").named("me").call(|_: u8| Err::<(), _>("full"));
    mgr.emit("x", (1_u8,));
    mgr.emit("x", ("text",));
    mgr.register("p", || -> () { std::panic::resume_unwind(Box::new(7)) });
    mgr.register("q", || -> () {
        std::panic::resume_unwind(Box::new(String::from("a String")))
    });
    mgr.emit("p", ());
    mgr.emit("q", ());
    mgr.emit_after(Duration::ZERO, "late", ());
    mgr.on("d").event_loop(&poll_loop).call(|| ());
    drop(poll_loop);
    let told: Vec<_> = rx.try_iter().collect();
    let kinds: Vec<_> = told
        .iter()
        .map(|(kind, cause, ..)| (*kind, cause.is_some()))
        .collect();
    assert_eq!(
        kinds,
        [
            ("failed", true),
            ("arguments", true),
            ("panicked", false),
            ("panicked", false),
            ("timer", true),
            ("discarded", false),
        ]
    );
    assert!(told.iter().all(|(.., located)| *located));
    assert!(
        told[0].2.starts_with("event `x`, callback `me` ("),
        "{}",
        told[0].2
    );
    assert!(
        told[1].2.contains("not called: argument 1"),
        "{}",
        told[1].2
    );
    assert!(
        told[2]
            .2
            .ends_with("panicked: a panic whose payload is not text"),
        "{}",
        told[2].2
    );
    assert!(told[3].2.ends_with("panicked: a String"), "{}", told[3].2);
    assert!(told[4].2.contains("will never be emitted"), "{}", told[4].2);
}

/// Whoever has an `Arc` of a runtime, of a known type or not, has the runtime; an inline loop says that it has none.
#[test]
fn a_runtime_behind_an_arc_is_a_runtime() {
    trait Both: Spawner + Timer {}
    impl<T: Spawner + Timer> Both for T {}
    let inline: Arc<dyn Both> = Arc::new(Arc::new(EventLoop::inline()));
    assert_eq!(
        inline.spawn(Box::pin(async {})),
        Err(SpawnError::Unsupported)
    );
    assert_eq!(inline.now(), Duration::ZERO);
    let mut sleep: Sleep = inline.sleep(Duration::ZERO);
    assert_eq!(look(&mut sleep), Poll::Ready(Err(TimerError::Unsupported)));
    let mgr = Manager::new(EventLoop::new(Arc::new(EventLoop::inline())));
    mgr.on_error(|_| ());
    assert!(!mgr.register("x", || ()).is_active(), "its spawner refuses");
}

#[test]
fn a_shared_argument_is_what_it_shares() {
    let mgr = Manager::new(EventLoop::inline());
    let (tx, rx) = std::sync::mpsc::channel();
    mgr.register("x", move |text: Shared<String>| {
        let _ = tx.send((format!("{text:?}"), text.as_ref().len(), text.clone().len()));
    });
    mgr.emit("x", (String::from("abc"),));
    assert_eq!(rx.try_recv(), Ok(("\"abc\"".to_string(), 3, 3)));
}

#[test]
fn a_topic_can_do_what_its_manager_can() {
    let poll_loop = PollLoop::new(|| ());
    let mgr = Manager::new(EventLoop::inline());
    let topic = mgr.topic("x");
    let delayed = topic.emit_after_on(&poll_loop, Duration::from_secs(1), ());
    assert_eq!(mgr.stats().delayed, 1);
    assert!(delayed.cancel() && !delayed.cancel());
    drop(poll_loop);
    assert!(!delayed.cancel(), "its runtime is gone");
}

/// Parameters with names: the manager takes no argument, what is missing is named, and what is there is read.
#[test]
fn named_parameters_say_what_is_missing() {
    let mgr = Manager::new(EventLoop::inline());
    let (tx, rx) = std::sync::mpsc::channel();
    mgr.on_error(move |error| drop(tx.send(error.to_string())));
    let (ok, ran) = std::sync::mpsc::channel();
    mgr.on("x")
        .call(callback!(move |mgr: Manager, width: u64, height: i8| {
            let _ = ok.send((mgr.names().len(), width, height));
        }));
    mgr.emit("x", args![1_u128; height = -1_i64]);
    assert_eq!(ran.try_recv(), Ok((1, 1, -1)));
    mgr.emit("x", (1_u8,));
    mgr.emit("x", args![1; height = 1, height = 2]);
    mgr.emit("x", args![1, 2; deep = 3]);
    let told: Vec<String> = rx.try_iter().collect();
    for (told, part) in told.iter().zip(["`height`", "`height`", "`deep`"]) {
        assert!(told.contains(part) && told.contains("not called"), "{told}");
    }
    assert_eq!(told.len(), 3);

    let data = EvtData::new(args![1_u8; k = 2_u8]);
    let errors = [
        data.args::<(u8, u8)>().unwrap_err().to_string(),
        data.args::<()>().unwrap_err().to_string(),
        data.kwarg_ref::<String>("k").unwrap_err().to_string(),
        data.arg::<String>(7).unwrap_err().to_string(),
    ];
    assert!(
        errors
            .iter()
            .all(|text| text.contains("expected") || text.contains("accept")),
        "{errors:?}"
    );
}
