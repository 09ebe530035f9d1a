//~ cannot be registered as a callback
//~ end the body with `;`, or emit it as an event

use aioevt::{EventLoop, Manager};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    mgr.register("Add", |a: i64, b: i64| async move { a + b });
}
