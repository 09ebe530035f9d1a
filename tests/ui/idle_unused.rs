//~ an `Idle` does nothing until it is awaited (or `blocking()` is called)

#![deny(unused_must_use)]

use aioevt::{EventLoop, Manager};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    mgr.idle();
}
