//~ IntoCallback

use std::rc::Rc;

use aioevt::{EventLoop, Manager};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    let rc = Rc::new(5);
    mgr.register("Add", move || println!("{rc}"));
}
