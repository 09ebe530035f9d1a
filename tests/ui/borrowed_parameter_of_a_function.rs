//~ ParametersMustBeOwned

use aioevt::{EventLoop, Manager};

fn log(_: i64, _: &String) {}

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    mgr.register("Add", log);
}
