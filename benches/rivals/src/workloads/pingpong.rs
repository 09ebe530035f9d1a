//! Round trips between two runtimes on two threads.

use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use crate::harness::book::Book;
use crate::harness::plan::Plan;
use crate::harness::race::{Figure, Race, Round};
use crate::harness::wrong::{Wrong, check, wrong};
use crate::ours;
use crate::rivals;
use crate::runtimes::TokioThread;

pub(super) fn run(plan: Plan, book: &mut Book) -> Result<(), Wrong> {
    let finish = Race::new(
        "pingpong: there and back between two threads",
        plan.count(20_000, 5_000),
    )
    .unit("ns a round trip")
    .ours("aioevt", ours())
    .rival(rivals::TOKIO_MPSC, tokio_mpsc())
    .shown(rivals::STD_MPSC, std_mpsc())
    .run(plan)?;
    book.ratio(finish.ratio("pingpong", 1.0));
    book.table(finish.table());
    Ok(())
}

/// Starts a round with its number of trips and hears how many came back in order.
fn rounds(start: impl Fn(u64) + 'static, done: mpsc::Receiver<u64>) -> Round<'static> {
    Box::new(move |trips| {
        let begin = Instant::now();
        start(trips);
        let seen = done.recv().map_err(wrong)?;
        let elapsed = begin.elapsed();
        check(seen == trips, || format!("{seen} of {trips} round trips"))?;
        Ok(Figure::whole(trips, elapsed))
    })
}

fn ours() -> Round<'static> {
    let (here, there) = (TokioThread::start(), TokioThread::start());
    let (near, far) = (ours::tokio_loop(&here), ours::tokio_loop(&there));
    let manager = ours::manager(&near);
    let (ping, pong) = (manager.topic("ping"), manager.topic("pong"));
    let (sender, done) = mpsc::channel();
    let answer = pong.clone();
    ping.on()
        .event_loop(&far)
        .call(move |number: u64, of: u64| {
            answer.emit((number, of));
        });
    let again = ping.clone();
    let mut expected = 0;
    pong.on()
        .event_loop(&near)
        .call(move |number: u64, of: u64| {
            expected = if number == expected {
                number + 1
            } else {
                u64::MAX
            };
            if number + 1 < of {
                again.emit((number + 1, of));
            } else {
                sender.send(expected).expect("the round waits");
                expected = 0;
            }
        });
    let first = move |trips| {
        let _kept = (&here, &there, &manager);
        ping.emit((0_u64, trips));
    };
    rounds(first, done)
}

fn tokio_mpsc() -> Round<'static> {
    use tokio::sync::mpsc::unbounded_channel;
    let (here, there) = (TokioThread::start(), TokioThread::start());
    let (begin, mut begun) = unbounded_channel::<u64>();
    let (to_there, mut at_there) = unbounded_channel::<(u64, u64)>();
    let (to_here, mut at_here) = unbounded_channel::<(u64, u64)>();
    let (sender, done) = mpsc::channel();
    there.spawn(async move {
        while let Some(ball) = at_there.recv().await {
            to_here.send(ball).expect("the other side lives");
        }
    });
    here.spawn(async move {
        while let Some(trips) = begun.recv().await {
            let mut seen = 0;
            for number in 0..trips {
                to_there
                    .send((number, trips))
                    .expect("the other side lives");
                seen += u64::from(at_here.recv().await == Some((number, trips)));
            }
            sender.send(seen).expect("the round waits");
        }
    });
    let first = move |trips| {
        let _kept = (&here, &there);
        begin.send(trips).expect("the near side lives");
    };
    rounds(first, done)
}

/// The floor: two blocking queues, no event loops.
fn std_mpsc() -> Round<'static> {
    let (begin, begun) = mpsc::channel::<u64>();
    let (to_there, at_there) = mpsc::channel::<(u64, u64)>();
    let (to_here, at_here) = mpsc::channel::<(u64, u64)>();
    let (sender, done) = mpsc::channel();
    thread::spawn(move || {
        for ball in at_there {
            to_here.send(ball).expect("the other side lives");
        }
    });
    thread::spawn(move || {
        for trips in begun {
            let mut seen = 0;
            for number in 0..trips {
                to_there
                    .send((number, trips))
                    .expect("the other side lives");
                seen += u64::from(at_here.recv() == Ok((number, trips)));
            }
            sender.send(seen).expect("the round waits");
        }
    });
    rounds(
        move |trips| begin.send(trips).expect("the near side lives"),
        done,
    )
}
