//~ Manager::register

use std::sync::{Arc, Mutex};

use aioevt::{EventLoop, Manager};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    let mutex = Arc::new(Mutex::new(5));
    mgr.register("Add", move || {
        let mutex = mutex.clone();
        async move {
            let guard = mutex.lock().unwrap();
            std::future::ready(()).await;
            drop(guard);
        }
    });
}
