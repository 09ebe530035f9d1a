//~ (one that is not used is `_name`, not `_`

use aioevt::{EventLoop, Manager, callback};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    mgr.register("Add", callback!(|_: i64, b: i64| drop(b)));
}
