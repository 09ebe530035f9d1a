//~ the list in front of the closure of `callback!` holds names of variables

use aioevt::{EventLoop, Manager, callback};

struct Sender {
    tx: String,
}

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    let sender = Sender { tx: String::new() };
    mgr.register("Add", callback!([sender.tx] |a: i64| async move { drop((tx, a)) }));
}
