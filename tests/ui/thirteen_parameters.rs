//~ cannot be registered as a callback
//~ it has 0 to 12 parameters

use aioevt::{EventLoop, Manager};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    mgr.register(
        "Add",
        |_: u8,
         _: u8,
         _: u8,
         _: u8,
         _: u8,
         _: u8,
         _: u8,
         _: u8,
         _: u8,
         _: u8,
         _: u8,
         _: u8,
         _: u8| (),
    );
}
