//~ is not the data of an event
//~ a tuple has at most 12 members, and each is `Send + Sync + 'static`; use `args![..]` for more

use aioevt::{EventLoop, Manager};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    mgr.emit("Add", (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13));
}
