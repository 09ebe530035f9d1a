//~ ParametersMustBeOwned

use aioevt::{EventLoop, Manager};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    mgr.register("Add", |text: &str| println!("{text}"));
}
