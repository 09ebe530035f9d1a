//~ the list in front of the closure of `callback!` holds names of variables

use std::sync::Arc;

use aioevt::{EventLoop, Manager, callback};

struct Service;

impl Service {
    fn register(self: Arc<Self>, mgr: &Manager) {
        let (a, b) = (1, 2);
        mgr.register("Add", callback!([a, b, self] |n: i64| async move { drop((a, b, n, self)) }));
    }
}

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    Arc::new(Service).register(&mgr);
}
