//! A queue that a burst can pass without moving the others.

use std::collections::VecDeque;

/// So many elements are exchanged at once: in vectors.
const TOGETHER: usize = 4;

/// Elements in the order in which they came.
///
/// ```text
/// before   5 6 [1] 2 3 4     first = 2; 7 and 8 come
/// after    5 6  7 8 [3] 4    first = 4; 1 and 2 have left
/// ```
pub(super) struct Queue<T> {
    elements: VecDeque<T>,
    /// Where the first is, since others took the places of those that left.
    first: usize,
    room: usize,
}

impl<T> Queue<T> {
    /// Room for so many, and all the memory for it.
    pub(super) fn with_room(room: usize) -> Self {
        Self { elements: VecDeque::with_capacity(room), first: 0, room }
    }

    /// How many there are.
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.elements.len()
    }

    /// How many more have room.
    #[inline]
    pub(super) fn free(&self) -> usize {
        self.room - self.elements.len()
    }

    /// Puts a burst in, and the first of those that were there, of which there are as many at least, in its place.
    #[inline]
    pub(super) fn exchange(&mut self, burst: &mut [T]) {
        let (after_wrap, from_first) = self.elements.make_contiguous().split_at_mut(self.first);
        let (early, late) = burst.split_at_mut(burst.len().min(from_first.len()));
        swap(early, &mut from_first[..early.len()]);
        swap(late, &mut after_wrap[..late.len()]);
        self.first = if late.is_empty() { self.first + early.len() } else { late.len() };
    }

    /// Adds one behind the last. There is room.
    pub(super) fn push(&mut self, element: T) {
        self.straighten();
        self.elements.push_back(element);
    }

    /// Takes the first ones out. There are so many.
    pub(super) fn take_first(&mut self, count: usize) -> impl Iterator<Item = T> {
        self.straighten();
        self.elements.drain(..count)
    }

    /// Has the first be the first in memory.
    fn straighten(&mut self) {
        self.elements.rotate_left(std::mem::take(&mut self.first));
    }
}

/// Exchanges the elements of two slices of a length.
#[inline]
fn swap<T>(some: &mut [T], others: &mut [T]) {
    let (some, some_rest) = some.as_chunks_mut::<TOGETHER>();
    let (others, others_rest) = others.as_chunks_mut::<TOGETHER>();
    for (some, others) in some.iter_mut().zip(others) {
        std::mem::swap(some, others);
    }
    some_rest.swap_with_slice(others_rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_leaves_in_the_order_in_which_it_came() {
        let mut queue = Queue::with_room(100);
        let (mut came, mut left) = (0, 0);
        for round in 0..1000 {
            for _ in 0..(round * 7 % 40).min(queue.free()) {
                queue.push(came);
                came += 1;
            }
            for count in [3, 32, round % 50, queue.len()] {
                if count > queue.len() {
                    continue;
                }
                let mut burst: Vec<_> = (came..came + count).collect();
                queue.exchange(&mut burst);
                assert!(burst.iter().copied().eq(left..left + count), "{round}: {burst:?}");
                (came, left) = (came + count, left + count);
            }
            let count = round * 5 % 37 % (queue.len() + 1);
            assert!(queue.take_first(count).eq(left..left + count), "{round}");
            left += count;
            assert_eq!((queue.len(), queue.free()), (came - left, 100 - (came - left)));
        }
    }
}
