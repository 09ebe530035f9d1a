//~ this callback cannot be recognised
//~ Keep the `Registration` and call `unregister` on it, or make a `Callback` once and name that

use aioevt::{EventLoop, Manager};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    let base = std::env::args().count();
    let callback = move || println!("{base}");
    mgr.register("Add", callback);
    mgr.unregister_callback(&callback);
}
