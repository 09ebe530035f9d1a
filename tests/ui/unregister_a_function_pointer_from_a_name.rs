//~ this callback cannot be recognised

use aioevt::{EventLoop, Manager};

fn log() {}

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    let pointer: fn() = log;
    mgr.unregister_from("Add", &pointer);
}
