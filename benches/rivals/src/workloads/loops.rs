//! One event to callbacks on tokio, smol and async-std at once.

use aioevt::{AsyncStdRuntime, EventLoop};

use crate::harness::book::Book;
use crate::harness::crowd::Crowd;
use crate::harness::plan::Plan;
use crate::harness::race::{Race, Round};
use crate::harness::wrong::Wrong;
use crate::ours::{self, EVENT};
use crate::rivals::{self, fanout};
use crate::runtimes::{SmolThread, TokioThread};

pub(super) fn run(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let events = plan.count(200_000, 50_000);
    let finish = Race::new(
        "loops-3: one callback on each of tokio, smol and async-std, by name",
        events,
    )
    .ours("aioevt", ours())
    .rival(
        rivals::DASHMAP_BROADCAST,
        fanout::three_runtimes(fanout::Room::For(events)),
    )
    .rival(
        rivals::DASHMAP_BROADCAST_SMALL,
        fanout::three_runtimes(fanout::Room::Slots1024),
    )
    .run(plan)?;
    book.ratio(finish.ratio("loops-3", 0.6));
    book.table(finish.table());
    Ok(())
}

fn ours() -> Round<'static> {
    let tokio = TokioThread::start();
    let smol = SmolThread::start();
    let crowd = Crowd::new(3);
    let loops = [
        ours::tokio_loop(&tokio),
        ours::smol_loop(&smol),
        EventLoop::new(AsyncStdRuntime::new()),
    ];
    let manager = ours::manager(&loops[0]);
    for (event_loop, sink) in loops.iter().zip(crowd.sinks()) {
        manager
            .on(EVENT)
            .event_loop(event_loop)
            .call(ours::taking(sink));
    }
    let mut send = ours::by_name(manager);
    crowd.flooded(move |event| {
        let _kept = (&tokio, &smol);
        send(event);
    })
}
