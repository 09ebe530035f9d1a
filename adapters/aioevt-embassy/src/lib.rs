//! embassy as an event loop of aioevt: [`EmbassyRuntime`], a [`Spawner`] and [`Timer`] for an embassy executor. Lanes,
//! callbacks and names are in [`aioevt_core`].
//!
//! ```
//! use aioevt_core::{EventLoop, Manager};
//! use aioevt_embassy::{EmbassyRuntime, TaskPool};
//!
//! static POOL: TaskPool<8> = TaskPool::new();
//!
//! #[embassy_executor::main]
//! async fn main(spawner: embassy_executor::Spawner) {
//!     let event_loop = EventLoop::new(EmbassyRuntime::new(spawner.make_send(), &POOL));
//!     let mgr = Manager::new(&event_loop);
//!     mgr.register("Add", |a: i64, b: i64, mgr: Manager| mgr.emit("Added", (a + b,)));
//!
//!     let added = mgr.wait("Added");
//!     mgr.emit("Add", (1, 2)); // also from an interrupt handler
//!     assert_eq!(added.await.and_then(|data| Ok(data.arg::<i64>(0).ok())), Ok(Some(3)));
//! #   std::process::exit(0);
//! }
//! ```
//!
//! # Tasks
//!
//! embassy has no heap, so it has no tasks at run time: they are statics. A [`TaskPool`] is as many as one decides on.
//! Each lane on which something is registered takes one for as long as it lives, all delays and timeouts of a runtime
//! together take one, and each suspended call of an async callback takes one until it ends.
//!
//! # Several executors
//!
//! An executor in thread mode and others in interrupt mode (of other priorities) are different event loops: a runtime
//! and a pool each. Events cross between them like between any two loops.
#![no_std]
#![forbid(unsafe_code)]

use core::fmt;
use core::time::Duration;

use aioevt_core::{BoxFuture, Sleep, SpawnError, Spawner, Timer};
use embassy_executor::SendSpawner;
use embassy_executor::raw::{AvailableTask, TaskStorage};
use embassy_time::{Instant, TICK_HZ};

extern crate alloc;

/// `N` tasks that futures are run in: `static POOL: TaskPool<8> = TaskPool::new()`. Each takes the RAM of a task of
/// embassy's, about 40 bytes on a microcontroller; what the future holds is on the heap.
pub struct TaskPool<const N: usize>([TaskStorage<BoxFuture>; N]);

impl<const N: usize> TaskPool<N> {
    /// A pool whose tasks are all free.
    #[must_use]
    pub const fn new() -> Self {
        Self([const { TaskStorage::new() }; N])
    }
}

impl<const N: usize> Default for TaskPool<N> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize> fmt::Debug for TaskPool<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TaskPool")
            .field("capacity", &N)
            .finish_non_exhaustive()
    }
}

/// An embassy executor with a pool of tasks, as an event loop's [`Spawner`] and [`Timer`].
///
/// An executor cannot be shut down, so its event loop is closed only if the pool has no room for a lane's driver when the
/// first callback is registered there: that one and all later ones are reported as [`SpawnError::Full`], with the size of the
/// pool. An executor that is not run any more, as a host can do, holds its tasks for ever.
/// Delays and limits are lost, and reported, if there is no room for the one task that keeps them.
#[derive(Clone, Copy)]
pub struct EmbassyRuntime {
    spawner: SendSpawner,
    pool: &'static [TaskStorage<BoxFuture>],
}

impl EmbassyRuntime {
    /// The executor of `spawner`, which runs futures in the tasks of `pool`.
    ///
    /// `Spawner::make_send` makes the spawner of the executor's `main` one that every thread and interrupt handler may
    /// use. One pool may serve several runtimes; they then take tasks from each other.
    #[must_use]
    pub fn new<const N: usize>(spawner: SendSpawner, pool: &'static TaskPool<N>) -> Self {
        Self {
            spawner,
            pool: &pool.0,
        }
    }
}

impl fmt::Debug for EmbassyRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbassyRuntime")
            .field("capacity", &self.pool.len())
            .finish_non_exhaustive()
    }
}

impl Spawner for EmbassyRuntime {
    /// # Errors
    ///
    /// [`SpawnError::Full`] if all tasks of the pool are taken.
    fn spawn(&self, future: BoxFuture) -> Result<(), SpawnError> {
        let Some(task) = self.pool.iter().find_map(AvailableTask::claim) else {
            return Err(SpawnError::Full {
                capacity: self.pool.len(),
            });
        };
        self.spawner.spawn(task.initialize(|| future));
        Ok(())
    }
}

impl Timer for EmbassyRuntime {
    fn now(&self) -> Duration {
        let ticks = Instant::now().as_ticks();
        let (seconds, rest) = (ticks / TICK_HZ, ticks % TICK_HZ);
        // Rounded down, like the clock itself.
        let nanoseconds = u128::from(rest) * 1_000_000_000 / u128::from(TICK_HZ);
        Duration::from_secs(seconds) + Duration::from_nanos(nanoseconds as u64)
    }

    /// With the time driver's resolution, rounded up. A duration that is beyond the clock ends with the clock.
    ///
    /// Unless embassy-time has one of its `generic-queue` features, a sleep may be polled in tasks of embassy
    /// executors only: elsewhere embassy-time panics. The core polls it in a task of this runtime.
    fn sleep(&self, duration: Duration) -> Sleep {
        let until = Instant::now()
            .as_ticks()
            .saturating_add(ticks(duration))
            // The present tick has begun already.
            .saturating_add(1);
        let timer = embassy_time::Timer::at(Instant::from_ticks(until));
        alloc::boxed::Box::pin(async move {
            timer.await;
            Ok(())
        })
    }
}

/// Ticks that take at least `duration`.
fn ticks(duration: Duration) -> u64 {
    let ticks = (duration.as_nanos().saturating_mul(TICK_HZ.into())).div_ceil(1_000_000_000);
    u64::try_from(ticks).unwrap_or(u64::MAX)
}

/// The README's example, compiled and run with the documentation tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}
