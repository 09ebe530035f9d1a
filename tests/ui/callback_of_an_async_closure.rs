//~ `callback!` takes a closure that returns a future

use aioevt::{EventLoop, Manager, callback};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    mgr.register("Add", callback!(async |a: i64| drop(a)));
}
