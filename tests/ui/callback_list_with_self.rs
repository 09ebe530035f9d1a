//~ the list in front of the closure of `callback!` holds names of variables

use std::sync::Arc;

use aioevt::{EventLoop, Manager, callback};

struct Service;

impl Service {
    async fn add(&self, _: i64) {}

    fn register(self: Arc<Self>, mgr: &Manager) {
        mgr.register("Add", callback!([self] |a: i64| async move { self.add(a).await }));
    }
}

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    Arc::new(Service).register(&mgr);
}
