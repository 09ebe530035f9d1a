//~ keyword arguments of `args!` are written behind a `;`

use aioevt::{EventLoop, Manager, args};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    let num4 = 4;
    mgr.emit("Add", args![1, num4 = num4]);
}
