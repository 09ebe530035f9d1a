//~ IntoCallback

use aioevt::{EventLoop, Manager};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    let text = String::from("only once");
    mgr.register("Add", move || drop(text));
}
