//! The lock with std. It cannot be reached through the public interface of a build without it, so it is included here.

use std::sync::Arc;

use loom::thread;

use crate::support::model;

#[path = "../../src/lock.rs"]
mod shipped;

use self::shipped::Lock;

/// Each thread takes it `rounds` times. A wake that is lost shows as a deadlock, two at a time as a borrow of both.
fn taken_by(threads: usize, rounds: usize, preemptions: usize) {
    model(preemptions, move || {
        let lock = Arc::new(Lock::new(0));
        let take = {
            let lock = lock.clone();
            move || (0..rounds).for_each(|_| lock.with(|count| *count += 1))
        };
        let others: Vec<_> = (1..threads).map(|_| thread::spawn(take.clone())).collect();
        take();
        others.into_iter().for_each(|other| other.join().unwrap());
        assert_eq!(lock.with(|count| *count), threads * rounds);
    });
}

#[test]
fn two_threads_take_it() {
    taken_by(2, 1, 5);
}

#[test]
fn two_threads_take_it_again_and_again() {
    taken_by(2, 2, 3);
}

#[test]
fn three_threads_take_it() {
    taken_by(3, 1, 2);
}

/// Who finds somebody inside goes on without, and who does not is alone.
#[test]
fn one_thread_takes_it_and_another_tries() {
    model(5, || {
        let lock = Arc::new(Lock::new(0));
        let other = lock.clone();
        let other = thread::spawn(move || other.with(|count| *count += 1));
        let tried = lock.try_with(|count| *count += 1).is_some();
        other.join().unwrap();
        assert_eq!(lock.with(|count| *count), 1 + usize::from(tried));
    });
}
