//~ which `Box<dyn Error>` is not
//~ `E: Into<BoxError>`

use std::error::Error;

use aioevt::{EventLoop, Manager};

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    mgr.register("Read", |text: String| -> Result<(), Box<dyn Error>> {
        text.parse::<i64>()?;
        Ok(())
    });
}
