//~ a wait is armed by the call, and its data comes by awaiting it (or by `blocking()`); dropping it cancels it

#![deny(unused_must_use)]

use aioevt::{EventLoop, Manager};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    mgr.wait("Add");
}
