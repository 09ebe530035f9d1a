//~ nothing is registered until `.call(callback)`

#![deny(unused_must_use)]

use aioevt::{EventLoop, Manager};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    mgr.on("Add").once();
}
