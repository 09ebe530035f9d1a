//~ the callback is unregistered as soon as the guard is dropped: bind it to a name such as `_guard`

#![deny(unused_must_use)]

use aioevt::{EventLoop, Manager};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    mgr.register("Add", || ()).guard();
}
