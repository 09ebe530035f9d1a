//~ cannot be registered as a callback
//~ with a type that is `Clone + 'static`, or `Shared<T>`

use aioevt::{EventLoop, Manager};

struct NotClone;

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    mgr.register("Add", |_: NotClone| ());
}
