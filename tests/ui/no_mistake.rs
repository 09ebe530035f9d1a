//! What looks like the mistakes beside it, and compiles.

#![deny(unused_must_use, warnings)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aioevt::{BoxError, Callback, Emitted, EventLoop, EvtData, Manager, Shared, args, callback};

struct NotClone;

fn log(_: i64, _: String) {}

async fn later(_: i64) -> Result<(), std::fmt::Error> {
    Ok(())
}

fn main() {
    let mgr = Manager::new(EventLoop::inline());
    mgr.emit("Add", (5,));
    mgr.emit("Add", ("x",));
    mgr.emit("Add", ());
    mgr.emit("Add", args![1, 2; num4 = 4]);
    mgr.emit("Add", EvtData::new((1, 2)));

    mgr.register("Add", log);
    mgr.register("Add", later);
    mgr.register("Add", |_: &'static str| ());
    mgr.register("Add", |_: EvtData| async {});
    mgr.register("Add", |_: Shared<NotClone>| ());
    mgr.register("Add", || panic!("of type `!`"));
    mgr.register("Add", |a: i64, mgr: Manager| -> Emitted {
        mgr.emit("Added", (a,))
    });
    mgr.register("Add", |a: i64, mgr: Manager| {
        mgr.emit_after(Duration::ZERO, "Added", (a,))
    });
    mgr.register("Add", |text: String| text.parse::<i64>());
    mgr.register("Add", |text: String| -> Result<(), BoxError> {
        text.parse::<i64>()?;
        Ok(())
    });
    mgr.register(
        "Add",
        |_: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8, _: u8| (),
    );
    let mut numbers = Vec::new();
    mgr.register("Add", move |a: i64| numbers.push(a));
    let mutex = Arc::new(Mutex::new(0));
    mgr.register("Add", move |a: i64| {
        let mutex = mutex.clone();
        async move {
            *mutex.lock().unwrap() += a;
            std::future::ready(()).await;
        }
    });
    mgr.register(
        "Add",
        callback!(|num1: i64, num4: Option<i64>| assert!(Some(num1) > num4)),
    );

    let shared = Callback::new(|a: i64| assert!(a > 0));
    mgr.register("Add", &shared);
    assert_eq!(mgr.unregister_callback(&shared), 1);
    assert_eq!(mgr.unregister_from("Add", &log), 1);
    assert_eq!(mgr.unregister_callback(&later), 1);
    assert_eq!(mgr.unregister_callback(&|| ()), 0);
}
