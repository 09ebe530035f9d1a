//~ keyword arguments of `args!` are written behind a `;`

use aioevt::{EventLoop, Manager, args};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    let mut timeout = 1;
    mgr.emit("Add", args![1, 2, 3, 4, 5, 6, timeout = 5]);
    timeout += 1;
    println!("{timeout}");
}
