//~ cannot be registered as a callback
//~ it returns `()`, `Emitted`, `!` or a `Result` whose error becomes a boxed error; or a future of that

use aioevt::{EventLoop, Manager};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    mgr.register("Add", |a: i64, b: i64| async move { a + b });
}
