//~ `&str` is not the data of an event
//~ one value is emitted as a tuple of one: write `(value,)`

use aioevt::{EventLoop, Manager};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    mgr.emit("Add", "x");
}
