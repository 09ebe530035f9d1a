//~ a parameter of `callback!` is written `name: Type` or `mut name: Type`

use aioevt::{EventLoop, Manager, callback};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    mgr.register("Add", callback!(|num1, num2: i64| drop((num1, num2))));
}
