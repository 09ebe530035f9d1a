//~ ParametersMustBeOwned

use aioevt::{EventLoop, EvtData, Manager};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    mgr.register("Add", |event: &EvtData| println!("{event:?}"));
}
