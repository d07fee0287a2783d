//! Which descriptors are free, and which chains are under way: known to the driver alone.

use crate::queue::{Bad, Error};

/// What is known of one descriptor.
#[derive(Clone, Copy)]
struct Slot {
    /// Of a head under way: how many chains were added before it, ever. Of any other descriptor: [`IDLE`].
    number: u64,
    /// The next descriptor of the chain, or of the free ones; at the end of either it means nothing.
    next: u16,
    /// Of a head under way: the chain's last descriptor.
    last: u16,
    /// Of a head under way: the chain's descriptors. [`PARKED`] if it stays taken when it comes back.
    length: u16,
    /// Of a head: the caller's token.
    token: u16,
}

/// The number of no chain.
const IDLE: u64 = u64::MAX;

/// The length of no chain: the one descriptor is the caller's until it is given up.
const PARKED: u16 = 0;

impl Slot {
    const UNUSED: Self = Self { number: IDLE, next: 0, last: 0, length: 1, token: 0 };
}

/// A chain in the making, out of the first free descriptors. To let go of it changes nothing.
pub(crate) struct Draft {
    head: u16,
    last: u16,
    length: u16,
}

impl Draft {
    /// The first descriptor.
    pub(crate) fn head(&self) -> u16 {
        self.head
    }

    /// The last descriptor so far.
    pub(crate) fn last(&self) -> u16 {
        self.last
    }
}

/// The free descriptors as a linked list, and the chains under way in any order.
///
/// ```text
///   first_free -> 5 -> 0 -> 7          heads: 3 (-> 4 -> 1), 6          number < published: the device's
///   free = 3                           added - completed = 2            number >= published: not yet offered, or idle
/// ```
pub(crate) struct Chains<const MAX: usize> {
    slots: [Slot; MAX],
    size: u16,
    first_free: u16,
    free: u16,
    /// Chains ever added, how many of those the device was ever offered, and how many of these it ever returned. 64 bits
    /// never wrap; the rings' indices are the lowest 16.
    added: u64,
    published: u64,
    completed: u64,
}

impl<const MAX: usize> Chains<MAX> {
    /// `size` free descriptors; none if that is more than can be kept track of.
    pub(crate) fn new(size: u16) -> Option<Self> {
        if usize::from(size) > MAX {
            return None;
        }
        let slots = [Slot::UNUSED; MAX];
        let mut chains = Self { slots, size, first_free: 0, free: 0, added: 0, published: 0, completed: 0 };
        chains.restart();
        Some(chains)
    }

    /// Every descriptor is free again, and nothing was ever added.
    pub(crate) fn restart(&mut self) {
        for (slot, index) in self.slots.iter_mut().zip(0..self.size) {
            *slot = Slot { next: index.wrapping_add(1), ..Slot::UNUSED };
        }
        self.first_free = 0;
        self.free = self.size;
        (self.added, self.published, self.completed) = (0, 0, 0);
    }

    /// Descriptors in all.
    pub(crate) fn size(&self) -> u16 {
        self.size
    }

    /// Free descriptors.
    pub(crate) fn free(&self) -> u16 {
        self.free
    }

    /// Chains added and not completed.
    pub(crate) fn under_way(&self) -> u16 {
        // At most the size of the queue.
        self.added.wrapping_sub(self.completed) as u16
    }

    /// Chains offered to the device and not completed.
    pub(crate) fn offered(&self) -> u16 {
        // At most the size of the queue.
        self.published.wrapping_sub(self.completed) as u16
    }

    /// The used index of the chain that is completed next.
    pub(crate) fn next_used(&self) -> u16 {
        self.completed as u16
    }

    /// The available index that the next chain gets.
    pub(crate) fn next_index(&self) -> u16 {
        self.added as u16
    }

    /// A chain of one free descriptor.
    pub(crate) fn draft(&self) -> Result<Draft, Error> {
        if self.free == 0 {
            return Err(Error::Full);
        }
        Ok(Draft { head: self.first_free, last: self.first_free, length: 1 })
    }

    /// Makes the chain longer by the free descriptor behind its last.
    pub(crate) fn extend(&self, draft: &mut Draft) -> Result<(), Error> {
        if draft.length >= self.free {
            return Err(Error::Full);
        }
        draft.last = self.slot(draft.last).ok_or(Error::Full)?.next;
        draft.length = draft.length.wrapping_add(1);
        Ok(())
    }

    /// The chain is under way.
    pub(crate) fn add(&mut self, draft: &Draft, token: u16) -> Result<(), Error> {
        let next_free = self.slot(draft.last).ok_or(Error::Full)?.next;
        let number = self.added;
        let head = self.slots.get_mut(usize::from(draft.head)).ok_or(Error::Full)?;
        (head.number, head.last, head.length, head.token) = (number, draft.last, draft.length, token);
        self.first_free = next_free;
        self.free = self.free.wrapping_sub(draft.length);
        self.added = self.added.wrapping_add(1);
        Ok(())
    }

    /// All chains are offered to the device: its index before and after, if there is a new one among them.
    #[inline(always)]
    pub(crate) fn publish(&mut self) -> Option<(u16, u16)> {
        if self.published == self.added {
            return None;
        }
        let old = self.published as u16;
        self.published = self.added;
        Some((old, self.added as u16))
    }

    /// Takes a free descriptor for one chain that is added again and again.
    pub(crate) fn park(&mut self, token: u16) -> Result<u16, Error> {
        let head = self.draft()?.head();
        let slot = self.slots.get_mut(usize::from(head)).ok_or(Error::Full)?;
        (slot.length, slot.token) = (PARKED, token);
        self.first_free = slot.next;
        self.free = self.free.wrapping_sub(1);
        Ok(head)
    }

    /// Gives back what [`Chains::park`] took, if it is not under way.
    pub(crate) fn unpark(&mut self, head: u16) -> Result<(), Error> {
        let slot = self.parked(head)?;
        slot.length = 1;
        self.release(head, head, 1);
        Ok(())
    }

    /// The parked chain is under way.
    #[inline(always)]
    pub(crate) fn add_parked(&mut self, head: u16) -> Result<(), Error> {
        let number = self.added;
        self.parked(head)?.number = number;
        self.added = number.wrapping_add(1);
        Ok(())
    }

    /// A parked descriptor that is not under way.
    #[inline(always)]
    fn parked(&mut self, head: u16) -> Result<&mut Slot, Error> {
        let slot = self.slots.get_mut(usize::from(head));
        slot.filter(|slot| slot.length == PARKED && slot.number == IDLE).ok_or(Error::NotParked)
    }

    /// The chain with this head, so the device says, is done: its descriptors are free, unless it is parked, and here is
    /// its token.
    #[inline]
    pub(crate) fn complete(&mut self, head: u32) -> Result<u16, Bad> {
        let published = self.published;
        // Behind the size of the queue no descriptor is the head of anything.
        let slot = self.slots.get_mut(head as usize).filter(|slot| slot.number < published);
        let Some(slot) = slot else { return Err(self.lie(head)) };
        let (length, token) = (slot.length, slot.token);
        slot.number = IDLE;
        self.completed = self.completed.wrapping_add(1);
        if length != PARKED {
            let last = slot.last;
            // The number of a slot.
            self.release(head as u16, last, length);
        }
        Ok(token)
    }

    /// The descriptors from `head` to `last` are free.
    #[inline(never)]
    fn release(&mut self, head: u16, last: u16, length: u16) {
        if let Some(end) = self.slots.get_mut(usize::from(last)) {
            end.next = self.first_free;
        }
        self.first_free = head;
        self.free = self.free.wrapping_add(length);
    }

    /// What is wrong with a head that is none.
    #[cold]
    #[inline(never)]
    fn lie(&self, head: u32) -> Bad {
        match u16::try_from(head) {
            Ok(id) if id < self.size => Bad::NotInFlight(id),
            _ => Bad::Range(head),
        }
    }

    fn slot(&self, index: u16) -> Option<&Slot> {
        self.slots.get(usize::from(index))
    }
}
