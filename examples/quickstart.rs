//! Adds four numbers on an event loop of its own thread, and waits for the sum on the main thread.
//!
//! `cargo run --example quickstart`. No runtime is needed: a `ThreadLoop` is an event loop on a thread of its own.

use std::error::Error;
use std::time::Duration;

use aioevt::{Manager, ThreadLoop};

fn main() -> Result<(), Box<dyn Error>> {
    let thread_loop = ThreadLoop::spawn("adder")?;
    let mgr = Manager::new(&thread_loop);

    // Runs on the thread `adder`. A parameter of type `Manager` takes no argument: it is the manager that delivers.
    mgr.on("Add")
        .call(|a: i64, b: i64, c: i64, d: i64, mgr: Manager| {
            mgr.emit("Calculated", (a + b + c + d,))
        });

    // A wait is armed by the call, so the answer cannot slip by between the emit and the wait.
    let calculated = mgr.wait("Calculated");
    mgr.emit_after(Duration::from_millis(100), "Add", (1, 2, 3, 4));

    let data = calculated.timeout(Duration::from_secs(10)).blocking()?;
    println!("Calculated {}", data.arg::<i64>(0)?);
    Ok(())
}
