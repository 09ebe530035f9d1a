//! Names: any string, and no memory for those that nobody needs.

use aioevt::Manager;

use crate::support::{Log, LoopUnderTest};

pub(crate) fn every_string_is_a_name<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let everything: String = ('\0'..=char::MAX).collect();
    let long = "n".repeat(1 << 20);
    let names = [
        "",
        " ",
        "Add",
        "add",
        "ADD",
        "a\0b",
        "\u{e9}",
        "e\u{301}",
        "*",
        "a.b",
        &everything,
        &long,
    ];
    for (number, name) in names.iter().enumerate() {
        let log = log.clone();
        mgr.register(name, move || log.push(number));
    }
    for name in names {
        assert_eq!(mgr.emit(name, ()).callbacks, 1, "no two are the same");
    }
    l.settle(&mgr);
    assert_eq!(log.take(), (0..names.len()).collect::<Vec<_>>());
    let mut sorted = names.map(String::from);
    sorted.sort();
    assert_eq!(mgr.names(), sorted);
}

pub(crate) fn names_that_nobody_needs_leave_no_entry<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    for number in 0..10_000 {
        let name = format!("rpc.{number}");
        mgr.emit(&name, ());
        match number % 4 {
            0 => drop(mgr.wait(&name)),
            1 => {
                mgr.register(&name, || ()).unregister();
            }
            2 => {
                mgr.on(&name).once().call(|| ());
                mgr.emit(&name, ());
            }
            _ => drop(mgr.topic(&name)),
        }
        assert_eq!(mgr.callback_count(&name), 0);
    }
    assert_eq!(mgr.names(), [""; 0]);
    l.settle(&mgr);
    assert_eq!(mgr.stats().ran, 2_500);
}

pub(crate) fn a_topic_keeps_its_name<L: LoopUnderTest>() {
    let mut l = L::start();
    let mgr = Manager::new(l.event_loop());
    let log = Log::new();
    let topic = mgr.topic("x");
    assert_eq!((topic.name(), mgr.names().len()), ("x", 1));
    let heard = log.clone();
    mgr.register("x", move || heard.push(()));
    assert_eq!((topic.callback_count(), topic.emit(()).callbacks), (1, 1));
    assert_eq!(topic.unregister(), 1);
    let heard = log.clone();
    let registration = topic.register(move || heard.push(()));
    assert_eq!(mgr.emit("x", ()).callbacks, 1);
    registration.unregister();
    let copy = topic.clone();
    drop(topic);
    assert_eq!(mgr.names(), ["x"]);
    drop(copy);
    assert_eq!(mgr.names(), [""; 0]);
    l.settle(&mgr);
    assert_eq!(log.len() + mgr.stats().discarded as usize, 2);
}
