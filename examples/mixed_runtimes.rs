//! One event, five event loops: a plain thread asks, callbacks on every runtime answer, the main thread collects.
//!
//! `cargo run --all-features --example mixed_runtimes`

use std::error::Error;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use aioevt::{AsyncStdRuntime, EventLoop, Manager, SmolRuntime, ThreadLoop, TokioRuntime};
use tokio::runtime::Builder;

fn main() -> Result<(), Box<dyn Error>> {
    // A tokio runtime brings its own threads, or runs on the thread that blocks on it.
    let multi = Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("tokio-worker")
        .enable_time()
        .build()?;
    let current = Builder::new_current_thread().enable_time().build()?;
    let current_handle = current.handle().clone();
    let (stop_current, stopped) = tokio::sync::oneshot::channel::<()>();
    let current_thread = thread::Builder::new()
        .name("tokio-own".into())
        .spawn(move || current.block_on(stopped))?;

    // A smol executor belongs to whoever runs it. The loop holds it weakly: nothing but this thread keeps it alive.
    let executor = Arc::new(smol::Executor::new());
    let smol_runtime = SmolRuntime::new(&executor);
    let (stop_smol, stopped) = smol::channel::bounded::<()>(1);
    let smol_thread = thread::Builder::new()
        .name("smol-own".into())
        .spawn(move || smol::block_on(executor.run(stopped.recv())))?;

    let thread_loop = ThreadLoop::spawn("plain-loop")?;
    let loops = [
        ("async-std", EventLoop::new(AsyncStdRuntime::new())),
        ("smol", EventLoop::new(smol_runtime)),
        ("thread loop", EventLoop::from(&thread_loop)),
        (
            "tokio current-thread",
            EventLoop::new(TokioRuntime::new(current_handle)),
        ),
        (
            "tokio multi-thread",
            EventLoop::new(TokioRuntime::new(multi.handle().clone())),
        ),
    ];

    let mgr = Manager::new(&thread_loop);
    let mut answers = Vec::new();
    for (runtime, event_loop) in &loops {
        // Each loop answers under a name of its own, and every wait is armed before the question: none can be missed.
        let answer = format!("answer of {runtime}");
        answers.push(mgr.wait(&answer));

        let runtime = *runtime;
        mgr.on("who is there?")
            .event_loop(event_loop)
            .once()
            .call(move |mgr: Manager| {
                let answer = answer.clone();
                async move {
                    let thread = thread::current().name().unwrap_or("unnamed").to_owned();
                    mgr.emit(&answer, (runtime, thread))
                }
            });
    }

    let asker = mgr.clone();
    thread::spawn(move || asker.emit("who is there?", ()))
        .join()
        .expect("an emit never panics");

    let mut lines = Vec::new();
    for answer in answers {
        let data = answer.timeout(Duration::from_secs(10)).blocking()?;
        let (runtime, thread) = data.args::<(String, String)>()?;
        lines.push(format!("{runtime} answered on thread {thread}"));
    }
    lines.sort();

    // Nothing is left to run, so the loops may go.
    mgr.close();
    mgr.idle().timeout(Duration::from_secs(10)).blocking()?;
    drop((stop_current, stop_smol));
    current_thread
        .join()
        .expect("tokio's thread ends")
        .expect_err("the sender was dropped");
    smol_thread
        .join()
        .expect("smol's thread ends")
        .expect_err("the sender was dropped");

    println!("{}", lines.join("\n"));
    println!("{} loops answered", lines.len());
    Ok(())
}
