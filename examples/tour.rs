//! Every verb once. Prints the same on every run.
//!
//! `cargo run --example tour`

use std::error::Error;
use std::time::Duration;

use aioevt::{
    Callback, CallbackError, EventLoop, EvtData, Manager, Shared, ThreadLoop, WaitError, args,
    callback,
};

const LIMIT: Duration = Duration::from_secs(10);

type Result<T = (), E = Box<dyn Error>> = std::result::Result<T, E>;

fn main() -> Result {
    let thread_loop = ThreadLoop::spawn("tour")?;
    let mgr = Manager::new(&thread_loop);

    register_and_emit(&mgr)?;
    choose_a_loop(&mgr)?;
    pass_data(&mgr)?;
    wait(&mgr)?;
    delay(&mgr)?;
    unregister(&mgr)?;
    fail(&mgr)?;
    look_inside(&mgr)?;
    close(mgr)
}

/// Lets everything that was emitted run to its end, so that the output has one order.
fn settle(mgr: &Manager) -> Result {
    Ok(mgr.idle().timeout(LIMIT).blocking()?)
}

fn register_and_emit(mgr: &Manager) -> Result {
    println!("register, on, emit");
    mgr.register("greet", |name: String| println!("  hello {name}"));
    mgr.on("greet")
        .call(async |name: String| println!("  welcome {name}"));
    mgr.on("greet")
        .once()
        .call(|_: String| println!("  first time here?"));
    mgr.on("greet")
        .times(2)
        .call(|_: EvtData| println!("  how do you do"));

    // A parameter of type `String` takes a `&'static str`, one of type `i64` any integer that fits.
    for name in ["Ada", "Grace", "Mary"] {
        let emitted = mgr.emit("greet", (name,));
        settle(mgr)?;
        println!("  heard by {}", emitted.callbacks);
    }
    Ok(())
}

fn choose_a_loop(mgr: &Manager) -> Result {
    println!("event loops and lanes");
    let other = ThreadLoop::spawn("other")?;
    mgr.on("where")
        .event_loop(&other)
        .call(|mgr: Manager| mgr.emit("here", (thread(),)));
    let here = mgr.wait("here");
    mgr.emit("where", ());
    println!(
        "  on thread {}",
        here.timeout(LIMIT).blocking()?.arg::<String>(0)?
    );

    // A lane of its own on the same thread: another order of events, the same runtime.
    let lane = EventLoop::from(&other).new_lane();
    mgr.on("where")
        .event_loop(&lane)
        .call(|| println!("  and on its second lane"));
    mgr.unregister("here");
    mgr.emit("where", ());
    settle(mgr)?;

    // No thread at all: whoever emits runs it, before `emit` returns.
    mgr.on("inline")
        .event_loop(EventLoop::inline())
        .call(|| println!("  inline"));
    mgr.emit("inline", ());

    mgr.unregister("where");
    settle(mgr)?;
    other.shutdown();
    Ok(())
}

fn pass_data(mgr: &Manager) -> Result {
    println!("keywords and whole events");
    let sum = callback!(|num1: i64, num2: i64, num4: Option<i64>| {
        println!("  {num1} + {num2} + {num4:?}");
    });
    mgr.register("add", sum);
    mgr.emit("add", (1, 2));
    mgr.emit("add", args![1, 2; num4 = 4]);
    mgr.emit("add", args![; num2 = 2, num1 = 1]);

    // The whole event, sent on under another name. Its data is shared, not copied.
    mgr.register("raw", |event: EvtData, mgr: Manager| mgr.emit("add", event));
    mgr.emit("raw", args![5; num2 = 6]);
    settle(mgr)?;

    // What cannot be cloned, or is too large to, is shared.
    mgr.register("big", |text: Shared<Unclonable>| {
        println!("  shared {}", text.0)
    });
    mgr.emit("big", (Unclonable("payload"),));
    settle(mgr)
}

struct Unclonable(&'static str);

fn wait(mgr: &Manager) -> Result {
    println!("wait");
    let (one, other) = (mgr.wait("done"), mgr.wait("done"));
    println!(
        "  {} waiters resolved",
        mgr.emit("done", ("report", 3)).waiters
    );
    let (title, pages) = one.timeout(LIMIT).blocking()?.args::<(String, u32)>()?;
    println!(
        "  {title}, {pages} pages, {} arguments",
        other.timeout(LIMIT).blocking()?.len()
    );

    let never = mgr
        .wait("never")
        .timeout(Duration::from_millis(1))
        .blocking();
    println!("  {}", never.expect_err("nobody emits it"));
    Ok(())
}

fn delay(mgr: &Manager) -> Result {
    println!("emit_after");
    let tick = mgr.wait("tick");
    mgr.emit_after(Duration::from_millis(10), "tick", (1,));
    println!("  tick {}", tick.timeout(LIMIT).blocking()?.arg::<u8>(0)?);

    let delayed = mgr.emit_after(LIMIT, "tick", (2,));
    println!(
        "  cancelled: {}, again: {}",
        delayed.cancel(),
        delayed.cancel()
    );

    let other = ThreadLoop::spawn("clock")?;
    let tick = mgr.wait("tick");
    mgr.emit_after_on(&other, Duration::from_millis(10), "tick", (3,));
    println!("  tick {}", tick.timeout(LIMIT).blocking()?.arg::<u8>(0)?);
    Ok(())
}

fn unregister(mgr: &Manager) -> Result {
    println!("unregister");
    let registration = mgr.register("news", || println!("  never printed"));
    println!(
        "  by its registration: {}, then active: {}",
        registration.unregister(),
        registration.is_active()
    );

    let guard = mgr.register("news", || println!("  never printed")).guard();
    println!("  before the guard goes: {}", mgr.callback_count("news"));
    drop(guard);
    println!("  after: {}", mgr.callback_count("news"));

    let log = Callback::new(|event: EvtData| println!("  never printed: {event:?}"));
    for name in ["news", "weather", "sports"] {
        mgr.register(name, &log);
    }
    println!("  of one name: {}", mgr.unregister_from("news", &log));
    println!("  everywhere: {}", mgr.unregister_callback(&log));

    // A plain function needs no `Callback`: its type tells which it is.
    mgr.register("news", read_out);
    println!("  a function: {}", mgr.unregister_callback(&read_out));

    mgr.register("news", read_out);
    mgr.register("news", read_out);
    let waiting = mgr.wait("news");
    println!(
        "  by name: {}, again: {}",
        mgr.unregister("news"),
        mgr.unregister("news")
    );
    println!(
        "  its waiter: {}",
        waiting.blocking().expect_err("woken with an error")
    );
    mgr.emit("news", ("nobody listens",));
    settle(mgr)
}

fn read_out(headline: String) {
    println!("  never printed: {headline}");
}

fn fail(mgr: &Manager) -> Result {
    println!("errors");
    mgr.on_error(|error: &CallbackError| {
        println!("  {}/{}: {}", error.event(), error.callback(), error.kind());
    });
    mgr.on("save")
        .named("disk")
        .call(|_: u64| Err::<(), _>("no space left"));
    mgr.on("save")
        .named("mirror")
        .call(|pages: u64| println!("  mirrored {pages} pages"));
    mgr.emit("save", (3,));
    mgr.emit("save", ("three",));
    mgr.emit("save", (3, 4));
    settle(mgr)
}

fn look_inside(mgr: &Manager) -> Result {
    println!("topics and statistics");
    // A name that is used often is looked up once.
    let topic = mgr.topic("count");
    topic.register(|_: u32| ());
    for n in 0..1000_u32 {
        topic.emit((n,));
    }
    settle(mgr)?;
    println!(
        "  {} callback of {:?}",
        topic.callback_count(),
        topic.name()
    );
    topic.unregister();
    drop(topic);
    settle(mgr)?;

    println!("  names in use: {}", mgr.names().join(", "));
    let stats = mgr.stats();
    println!(
        "  {} accepted, {} ran, {} failed, {} pending",
        stats.accepted, stats.ran, stats.failed, stats.pending
    );
    Ok(())
}

fn close(mgr: Manager) -> Result {
    println!("close");
    let weak = mgr.downgrade();
    let waiting = mgr.wait("greet");
    mgr.emit("greet", ("last one",));
    mgr.close(); // what was accepted before still runs
    settle(&mgr)?;
    assert!(waiting.blocking().is_ok(), "the greeting came first");
    assert_eq!(
        mgr.wait("greet").blocking().expect_err("closed"),
        WaitError::Closed
    );
    println!("  afterwards: {:?}", mgr.emit("greet", ("too late",)));
    drop(mgr);
    println!("  manager gone: {}", weak.upgrade().is_none());
    println!("goodbye");
    Ok(())
}

fn thread() -> String {
    std::thread::current()
        .name()
        .unwrap_or("unnamed")
        .to_owned()
}
