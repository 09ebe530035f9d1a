//~ `callback!` takes a closure

use aioevt::{EventLoop, Manager, callback};

fn log(_: i64) {}

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    mgr.register("Add", callback!(log));
}
