//! The queue.

use crate::{
    chains::Chains,
    descriptor::{Segment, descriptor, indirect},
    event::need_event,
    layout::{DESCRIPTOR, Places, RingLayout},
    memory::RingMemory,
    rules::Rules,
};

/// The driver wants no interrupts (`VIRTQ_AVAIL_F_NO_INTERRUPT`, 2.7.6).
const NO_INTERRUPT: u16 = 1;

/// The device wants no kicks (`VIRTQ_USED_F_NO_NOTIFY`, 2.7.8).
const NO_NOTIFY: u16 = 1;

/// As far from any index that counts now as there is.
const FAR: u16 = 0x8000;

/// What was negotiated with the device and matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Features {
    /// `VIRTIO_F_EVENT_IDX`.
    pub event_idx: bool,
    /// `VIRTIO_F_INDIRECT_DESC`.
    pub indirect: bool,
}

/// Why a call was refused. The queue is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Error {
    /// A queue cannot have this size: no power of two up to 32768, or more than is kept track of.
    Size,
    /// Fewer descriptors are free than this takes.
    Full,
    /// No segment, or one of no bytes.
    Empty,
    /// Something to read behind something to write (2.7.4.2).
    Order,
    /// More descriptors than the queue has (2.7.5.3.1), or more than 2^32 bytes (2.7.5.2).
    Long,
    /// The device has not agreed to indirect descriptors.
    NoIndirect,
    /// The device has lied: only [`Queue::restart`] helps.
    Broken,
    /// There is no such parked chain, or it is under way.
    NotParked,
}

/// A chain that keeps its descriptor: see [`Queue::park`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parked(u16);

/// How the device broke the rules. It needs a reset, and the queue [`Queue::restart`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bad {
    /// Its index ran further than there are chains that it has; the index.
    Index(u16),
    /// There is no descriptor of this number.
    Range(u32),
    /// No chain that the device has begins at this descriptor.
    NotInFlight(u16),
}

/// A chain that the device is done with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Used {
    /// What it was added with.
    pub token: u16,
    /// How many bytes the device says it has written, from the first writable one on. **Unchecked**: it may be more than
    /// the chain has, or nonsense altogether.
    pub bytes: u32,
}

/// A split virtqueue of at most `MAX` descriptors, seen from the driver.
///
/// Some 16 bytes for each of the `MAX`, inside.
pub struct Queue<M: RingMemory, const MAX: usize> {
    memory: M,
    layout: RingLayout,
    features: Features,
    chains: Chains<MAX>,
    broken: Option<Bad>,
}

impl<M: RingMemory, const MAX: usize> Queue<M, MAX> {
    /// A queue of `size` descriptors in `memory`, of which it uses and clears [`RingLayout::bytes`]: those of the layout for
    /// `size` where `MAX` have room. It wants an
    /// interrupt at the first completion. The device is told of it afterwards.
    ///
    /// # Errors
    /// [`Error::Size`].
    pub fn new(memory: M, size: u16, features: Features) -> Result<Self, Error> {
        let most = u16::try_from(MAX).map_err(|_| Error::Size)?;
        let layout = RingLayout::of(size, most).ok_or(Error::Size)?;
        let chains = Chains::new(size).ok_or(Error::Size)?;
        let queue = Self { memory, layout, features, chains, broken: None };
        queue.clear();
        Ok(queue)
    }

    /// Forgets every chain and begins anew, with what has been negotiated this time: after a reset of the device, which
    /// must not touch the memory any more. It wants an interrupt at the first completion.
    pub fn restart(&mut self, features: Features) {
        self.features = features;
        self.chains.restart();
        self.broken = None;
        self.clear();
    }

    /// Adds one chain, a descriptor for each segment, all readable ones ahead of the writable ones. The device sees it
    /// when it is published; the token comes back from [`Self::take`].
    ///
    /// # Errors
    /// [`Error::Full`], [`Error::Empty`], [`Error::Order`], [`Error::Long`], [`Error::Broken`].
    pub fn add(&mut self, segments: impl IntoIterator<Item = Segment>, token: u16) -> Result<(), Error> {
        self.sound()?;
        let mut segments = segments.into_iter();
        let mut segment = segments.next().ok_or(Error::Empty)?;
        let mut chain = self.chains.draft()?;
        let mut rules = Rules::default();
        // What is written here belongs to free descriptors, which the device has no business with.
        loop {
            rules.admit(&segment)?;
            let Some(following) = segments.next() else { break };
            let at = chain.last();
            self.chains.extend(&mut chain)?;
            self.write(at, descriptor(segment, Some(chain.last())));
            segment = following;
        }
        self.write(chain.last(), descriptor(segment, None));
        self.offer(chain.head());
        self.chains.add(&chain, token)
    }

    /// Adds one chain that takes one descriptor here. Its `entries` descriptors, made by [`descriptor`], are in a table
    /// at the device's address `table`; it stays as it is until the token comes back.
    ///
    /// # Errors
    /// [`Error::NoIndirect`], [`Error::Full`], [`Error::Empty`], [`Error::Long`], [`Error::Broken`].
    pub fn add_indirect(&mut self, table: u64, entries: u16, token: u16) -> Result<(), Error> {
        self.admit(entries)?;
        let chain = self.chains.draft()?;
        self.point(chain.head(), table, entries);
        self.offer(chain.head());
        self.chains.add(&chain, token)
    }

    /// Makes one chain as [`Self::add_indirect`] does, but does not add it: [`Self::add_parked`] does, again and again, at
    /// next to no cost. Its descriptor stays taken until [`Self::unpark`] or [`Self::restart`]; after that the chain must
    /// not be used any more.
    ///
    /// # Errors
    /// As [`Self::add_indirect`].
    pub fn park(&mut self, table: u64, entries: u16, token: u16) -> Result<Parked, Error> {
        self.admit(entries)?;
        let head = self.chains.park(token)?;
        self.point(head, table, entries);
        Ok(Parked(head))
    }

    /// Gives the descriptor of a chain that is not under way back.
    ///
    /// # Errors
    /// [`Error::NotParked`].
    pub fn unpark(&mut self, parked: Parked) -> Result<(), Error> {
        self.chains.unpark(parked.0)
    }

    /// Adds a parked chain that is not under way.
    ///
    /// # Errors
    /// [`Error::NotParked`], [`Error::Broken`].
    #[inline(always)]
    pub fn add_parked(&mut self, parked: Parked) -> Result<(), Error> {
        self.sound()?;
        let index = self.chains.next_index();
        self.chains.add_parked(parked.0)?;
        self.memory.store16(self.layout.available_entry::<MAX>(index), parked.0);
        Ok(())
    }

    /// Offers the device all that was added since the last time. Whether it wants to be notified of that: then the
    /// caller must do so, once for all of them.
    #[must_use = "the device may be asleep"]
    #[inline(always)]
    pub fn publish(&mut self) -> bool {
        if self.broken.is_some() {
            return false;
        }
        let Some((old, new)) = self.chains.publish() else { return false };
        // The entries and descriptors, and what they point at, before the index that says they are there (2.7.13.3.1).
        self.memory.fence_release();
        self.memory.store16(Places::<MAX>::AVAILABLE_INDEX, new);
        // The index before the device's wish: a device that wishes and then sees no new index sleeps (2.7.13.4.1).
        self.memory.fence_full();
        if self.features.event_idx {
            need_event(self.memory.load16(self.layout.available_event), new, old)
        } else {
            self.allows_kicks()
        }
    }

    #[cold]
    #[inline(never)]
    fn allows_kicks(&self) -> bool {
        self.memory.load16(Places::<MAX>::USED) & NO_NOTIFY == 0
    }

    /// The next chain that the device is done with, in its order; none if there is no further one so far.
    ///
    /// # Errors
    /// [`Bad`] if the device did what it must not; from then on always the same, until [`Self::restart`].
    pub fn take(&mut self) -> Result<Option<Used>, Bad> {
        if self.waiting()? == 0 { Ok(None) } else { self.next().map(Some) }
    }

    /// Takes all chains that the device is done with by now, in its order: at most as many as it has, however fast it is
    /// done with more.
    ///
    /// # Errors
    /// As [`Self::take`]; `each` has got those before the lie.
    #[inline(always)]
    pub fn take_all(&mut self, mut each: impl FnMut(Used)) -> Result<(), Bad> {
        let waiting = self.waiting()?;
        if waiting == 0 {
            return Ok(());
        }
        // Mostly it is one.
        each(self.next()?);
        if waiting == 1 { Ok(()) } else { self.take_rest(waiting, each) }
    }

    /// All but the first of so many chains.
    #[cold]
    #[inline(never)]
    fn take_rest(&mut self, waiting: u16, mut each: impl FnMut(Used)) -> Result<(), Bad> {
        for _ in 1..waiting {
            each(self.next()?);
        }
        Ok(())
    }

    /// Whether there is something to take, or the device has lied.
    #[inline]
    pub fn has_news(&self) -> bool {
        self.memory.load16(Places::<MAX>::USED_INDEX) != self.chains.next_used()
    }

    /// Asks for an interrupt at the next completion. Whether there is one already, for which none may come: then
    /// [`Self::take`] it, and ask again.
    ///
    /// ```text
    ///   loop { while let Some(used) = queue.take()? { .. }  if !queue.want_interrupt() { break } }
    /// ```
    ///
    /// That ends: a broken queue says no, and there are never more completions than chains.
    #[must_use = "no interrupt may come for what is there already"]
    #[inline(always)]
    pub fn want_interrupt(&mut self) -> bool {
        if self.features.event_idx {
            self.memory.store16(self.layout.used_event, self.chains.next_used());
        } else {
            self.allow_interrupts();
        }
        // The wish before the second look: a device that returned a chain meanwhile may not have seen it (2.7.14).
        self.memory.fence_full();
        self.has_news() && self.broken.is_none()
    }

    #[cold]
    #[inline(never)]
    fn allow_interrupts(&self) {
        self.memory.store16(Places::<MAX>::AVAILABLE, 0);
    }

    /// Asks for no more interrupts. One may come nevertheless (2.7.7.2): it's no promise of the device's.
    pub fn want_no_interrupt(&mut self) {
        if self.features.event_idx {
            // The flags must stay 0 (2.7.7.1). This is passed after 32768 completions: one needless interrupt.
            self.memory.store16(self.layout.used_event, self.chains.next_used().wrapping_add(FAR));
        } else {
            self.memory.store16(Places::<MAX>::AVAILABLE, NO_INTERRUPT);
        }
    }

    /// Chains added and not taken, published or not.
    pub fn in_flight(&self) -> u16 {
        self.chains.under_way()
    }

    /// Free descriptors.
    pub fn room(&self) -> u16 {
        self.chains.free()
    }

    /// All descriptors.
    pub fn size(&self) -> u16 {
        self.chains.size()
    }

    /// Where the parts are that the device must be told of.
    pub fn layout(&self) -> &RingLayout {
        &self.layout
    }

    /// The memory it was made with.
    pub fn memory(&self) -> &M {
        &self.memory
    }

    /// How many chains the device says it is done with that were not taken.
    #[inline(always)]
    fn waiting(&mut self) -> Result<u16, Bad> {
        if let Some(bad) = self.broken {
            return Err(bad);
        }
        let index = self.memory.load16(Places::<MAX>::USED_INDEX);
        let waiting = index.wrapping_sub(self.chains.next_used());
        if waiting == 0 {
            return Ok(0);
        }
        if waiting > self.chains.offered() {
            return Err(self.found(Bad::Index(index)));
        }
        // The index before the entries that it says are there, and before the buffers that the device has filled.
        self.memory.fence_acquire();
        Ok(waiting)
    }

    /// The next chain of those.
    #[inline(always)]
    fn next(&mut self) -> Result<Used, Bad> {
        let entry = self.layout.used_entry::<MAX>(self.chains.next_used());
        let head = self.memory.load32(entry);
        let bytes = self.memory.load32(entry.wrapping_add(4));
        let token = self.chains.complete(head).map_err(|bad| self.found(bad))?;
        Ok(Used { token, bytes })
    }

    /// Whether a table of so many descriptors is good.
    fn admit(&self, entries: u16) -> Result<(), Error> {
        self.sound()?;
        if !self.features.indirect {
            return Err(Error::NoIndirect);
        }
        if entries == 0 {
            return Err(Error::Empty);
        }
        if entries > self.size() { Err(Error::Long) } else { Ok(()) }
    }

    /// Has a free descriptor point at a table.
    fn point(&self, head: u16, table: u64, entries: u16) {
        self.write(head, indirect(table, u32::from(entries).wrapping_mul(DESCRIPTOR as u32)));
    }

    #[inline(always)]
    fn sound(&self) -> Result<(), Error> {
        if self.broken.is_some() { Err(Error::Broken) } else { Ok(()) }
    }

    #[cold]
    fn found(&mut self, bad: Bad) -> Bad {
        self.broken = Some(bad);
        bad
    }

    /// Writes a free descriptor.
    fn write(&self, index: u16, [low, high, bytes, flags_and_next]: [u32; 4]) {
        let at = Places::<MAX>::descriptor(index);
        self.memory.store64(at, u64::from(low) | u64::from(high) << 32);
        self.memory.store32(at.wrapping_add(8), bytes);
        self.memory.store32(at.wrapping_add(12), flags_and_next);
    }

    /// Puts a head into the available ring, behind what the device may look at.
    fn offer(&self, head: u16) {
        self.memory.store16(self.layout.available_entry::<MAX>(self.chains.next_index()), head);
    }

    fn clear(&self) {
        for at in (0..self.layout.bytes).step_by(8) {
            self.memory.store64(at, 0);
        }
    }
}
