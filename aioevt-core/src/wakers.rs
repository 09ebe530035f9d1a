//! `Seats`: the wakers of the futures that wait for one thing. Plain data, used under its owner's lock.

use alloc::vec::Vec;
use core::num::NonZeroU64;
use core::task::Waker;

use slab::Slab;

use crate::contain::contain;

/// Seats for which room is kept when all have left.
const KEPT_SEATS: usize = 64;

/// Wakers by seat, each with a note for its future. Seats are reused, tickets are not.
pub(crate) struct Seats<T> {
    seats: Slab<Seat<T>>,
    /// The number of the next ticket.
    next: NonZeroU64,
}

/// Names one seat for as long as it is taken, and nothing afterwards.
#[derive(Clone, Copy)]
pub(crate) struct Ticket {
    seat: usize,
    number: NonZeroU64,
}

pub(crate) struct Seat<T> {
    number: NonZeroU64,
    waker: Option<Waker>,
    pub(crate) note: T,
}

impl<T: Default> Seats<T> {
    pub(crate) const fn new() -> Self {
        Self {
            seats: Slab::new(),
            next: NonZeroU64::MIN,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.seats.is_empty()
    }

    /// Whether memory is kept for seats, taken or not.
    pub(crate) fn have_room(&self) -> bool {
        self.seats.capacity() > 0
    }

    pub(crate) fn take_seat(&mut self) -> Ticket {
        let number = self.next;
        self.next = number.saturating_add(1);
        Ticket {
            seat: self.seats.insert(Seat {
                number,
                waker: None,
                note: T::default(),
            }),
            number,
        }
    }

    /// Another ticket for the same seat, if that is still taken: whoever holds the old one has no say any more.
    pub(crate) fn renew(&mut self, ticket: Ticket) -> Option<Ticket> {
        let number = self.next;
        self.seat(ticket)?.number = number;
        self.next = number.saturating_add(1);
        Some(Ticket { number, ..ticket })
    }

    pub(crate) fn seat(&mut self, ticket: Ticket) -> Option<&mut Seat<T>> {
        self.seats
            .get_mut(ticket.seat)
            .filter(|seat| seat.number == ticket.number)
    }

    /// Gives up a seat. The caller drops what comes back after unlocking: the seat, and the room of a crowd that has
    /// left.
    pub(crate) fn leave(&mut self, ticket: Ticket) -> Option<(Seat<T>, Slab<Seat<T>>)> {
        self.seat(ticket)?;
        let seat = self.seats.try_remove(ticket.seat)?;
        let room = if self.seats.is_empty() && self.seats.capacity() > KEPT_SEATS {
            core::mem::take(&mut self.seats)
        } else {
            Slab::new()
        };
        Some((seat, room))
    }

    /// All wakers, for waking them after unlocking. The seats stay.
    pub(crate) fn take_wakers(&mut self) -> Vec<Waker> {
        let mut wakers = Vec::new();
        for (_, seat) in &mut self.seats {
            wakers.extend(seat.take());
        }
        wakers
    }

    /// Wakes everybody, with no lock held.
    pub(crate) fn wake_all(self) {
        self.seats
            .into_iter()
            .filter_map(|(_, seat)| seat.waker)
            .for_each(wake);
    }
}

impl<T> Seat<T> {
    /// Puts in a waker; the caller drops what comes back after unlocking.
    pub(crate) fn replace(&mut self, waker: Waker) -> Option<Waker> {
        if self.waker.as_ref().is_some_and(|old| old.will_wake(&waker)) {
            return Some(waker);
        }
        self.waker.replace(waker)
    }

    pub(crate) fn take(&mut self) -> Option<Waker> {
        self.waker.take()
    }
}

/// Wakes, with no lock held. A waker is foreign code; its panic is its own affair.
pub(crate) fn wake(waker: Waker) {
    let _ = contain(move || waker.wake());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats_after(crowd: usize) -> Seats<()> {
        let mut seats = Seats::new();
        let tickets: Vec<Ticket> = (0..crowd).map(|_| seats.take_seat()).collect();
        for ticket in tickets {
            assert!(seats.leave(ticket).is_some());
            assert!(seats.leave(ticket).is_none());
        }
        seats
    }

    #[test]
    fn the_room_of_a_crowd_is_given_back_and_that_of_a_few_is_kept() {
        assert_eq!(seats_after(10 * KEPT_SEATS).seats.capacity(), 0);
        assert!(seats_after(KEPT_SEATS / 2).seats.capacity() > 0);
    }

    #[test]
    fn a_ticket_names_nobody_who_sits_there_later() {
        let mut seats = seats_after(0);
        let first = seats.take_seat();
        assert!(seats.leave(first).is_some());
        let second = seats.take_seat();
        assert_eq!(first.seat, second.seat);
        assert!(seats.seat(first).is_none() && seats.seat(second).is_some());
        assert!(seats.leave(first).is_none());
        assert!(seats.seat(second).is_some());
    }

    #[test]
    fn a_ticket_that_is_renewed_names_the_seat_and_the_old_one_nothing() {
        let mut seats = seats_after(0);
        let first = seats.take_seat();
        let second = seats.renew(first).expect("the seat is taken");
        assert_eq!(first.seat, second.seat);
        assert!(seats.seat(first).is_none() && seats.seat(second).is_some());
        assert!(seats.renew(first).is_none());
        assert_ne!(seats.take_seat().number, second.number);
        assert!(seats.leave(second).is_some());
        assert!(seats.renew(second).is_none());
    }
}
