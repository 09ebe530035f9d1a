//! `Buffer`: messages in their order. Those that were worked off leave it all at once, and nobody goes through them again
//! for that.

use alloc::vec::Vec;
use core::mem::ManuallyDrop;

use super::message::Message;
use crate::contain::contain;
use crate::prefetch::prefetch_next;

/// Messages are dropped with the buffer, unless they have left it before.
#[derive(Default)]
pub(crate) struct Buffer(Vec<ManuallyDrop<Message>>);

impl Buffer {
    pub(super) const fn new() -> Self {
        Self(Vec::new())
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.0.capacity()
    }

    /// How many messages need no memory.
    #[inline]
    pub(super) fn room(&self) -> usize {
        self.0.capacity() - self.0.len()
    }

    /// Makes room for so many more, if there is memory for it.
    pub(super) fn try_reserve(&mut self, messages: usize) -> bool {
        self.0.try_reserve(messages).is_ok()
    }

    pub(super) fn shrink_to(&mut self, messages: usize) {
        self.0.shrink_to(messages);
    }

    #[inline]
    pub(super) fn push(&mut self, message: Message) {
        self.0.push(ManuallyDrop::new(message));
    }

    /// Asks for the memory that is written to next.
    #[inline(always)]
    pub(super) fn prefetch_next(&mut self) {
        prefetch_next(&mut self.0);
    }

    pub(super) fn append(&mut self, other: &mut Self) {
        self.0.append(&mut other.0);
    }

    #[inline]
    pub(super) fn get_mut(&mut self, at: usize) -> Option<&mut Message> {
        self.0.get_mut(at).map(|message| &mut **message)
    }

    pub(super) fn iter_mut_from(&mut self, first: usize) -> impl Iterator<Item = &mut Message> {
        let messages = self.0.get_mut(first..).unwrap_or_default();
        messages.iter_mut().map(|message| &mut **message)
    }

    /// Empties it. What is left in it is not dropped: all that has to be was replaced when it was worked off.
    #[inline]
    pub(super) fn forget_all(&mut self) {
        self.0.clear();
    }
}

/// The messages are foreign, one by one.
impl Drop for Buffer {
    fn drop(&mut self) {
        for message in &mut self.0 {
            let _ = contain(|| **message = Message::Spent);
        }
    }
}

#[cfg(all(test, feature = "std", not(loom), not(shuttle)))]
mod tests {
    use super::*;
    use crate::data::IntoEvtData;
    use crate::sync::Arc;

    fn event(data: &Arc<()>) -> Message {
        Message::Event {
            slot: 0,
            data: (data.clone(),).into_data(false),
        }
    }

    #[test]
    fn what_was_not_worked_off_is_dropped_with_the_buffer() {
        let data = Arc::new(());
        let mut buffer = Buffer::new();
        (0..3).for_each(|_| buffer.push(event(&data)));
        assert_eq!(Arc::strong_count(&data), 4);
        for message in buffer.iter_mut_from(2) {
            *message = Message::Spent;
        }
        assert_eq!(Arc::strong_count(&data), 3);
        drop(buffer);
        assert_eq!(Arc::strong_count(&data), 1);
    }

    #[test]
    fn the_room_stays_when_all_was_worked_off() {
        let mut buffer = Buffer::new();
        assert!(buffer.try_reserve(10) && buffer.room() >= 10);
        buffer.push(Message::Release { slot: 0 });
        buffer.push(Message::Event {
            slot: 0,
            data: (1, 2).into_data(false),
        });
        assert_eq!(buffer.len(), 2);
        buffer.forget_all();
        assert!(buffer.is_empty() && buffer.room() >= 10);
        assert_eq!(buffer.iter_mut_from(1).count(), 0);
    }
}
