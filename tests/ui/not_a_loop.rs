//~ EventLoop

use aioevt::Manager;

fn main() {
    let _mgr = Manager::new("tokio");
}
