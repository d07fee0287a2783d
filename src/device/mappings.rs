//! The mappings of a stream: what is asked of its port when, what goes to the device, what is given back.
//!
//! ```text
//!   offsets of the stream, in bytes, as its mappings were got
//!
//!   given back | tag 7  | tag 8      | revoked | tag 11 | tag 12   | asked for: tag 13
//!   -----------+--------+------------+---------+--------+----------+
//!              ^     ^                   ^
//!              |     done: the device    given: what lies before is the device's, or was
//!              front    is through
//! ```
//!
//! - Mappings are got one at a time and given back in the same order, each once the device is through with its last byte.
//! - What is revoked leaves a gap: its bytes are counted, but neither played nor given back. A frame of which a part is
//!   missing is left out altogether, or all that follows would be played on the wrong channels.
//! - The port may revoke a mapping while it is being got, and say that there is one again while it still says that there
//!   is none: both are remembered until the call has returned.
//!
//! Nothing here calls the port: what is to be called is asked for under the lock ([`Mappings::next_call`]), and called
//! outside it.

use core::ops::DerefMut;

/// Most mappings that a stream has at a time; a power of two.
pub(crate) const MOST: usize = 128;

/// The tag of a stream's first mapping: the numbers wrap soon, so that this is nothing rare.
pub(crate) const FIRST_TAG: u32 = 0xFFFF_FF80;

/// A mapping as far as its length goes.
pub(crate) trait Extent {
    /// How long it is, in bytes.
    fn bytes(&self) -> u32;
}

/// A mapping that the stream has.
pub(crate) struct Entry<M> {
    tag: u32,
    /// Where it begins in the stream.
    start: u64,
    mapping: M,
}

impl<M: Extent> Entry<M> {
    fn end(&self) -> u64 {
        self.start.wrapping_add(self.mapping.bytes().into())
    }
}

/// A place for a mapping.
pub(crate) type Place<M> = Option<Entry<M>>;

/// A call to the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// The mapping with this tag goes back.
    Release(u32),
    /// The next mapping is got, with this tag. What comes of it is told by [`Mappings::got`].
    Get(u32),
}

/// A part of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span<'a, M> {
    /// The mapping.
    pub(crate) mapping: &'a M,
    /// Its first byte that belongs to the part.
    pub(crate) from: u32,
    /// How many do.
    pub(crate) bytes: u32,
}

/// A stretch of the stream without a gap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// Where it begins.
    pub(crate) start: u64,
    /// How long it is.
    pub(crate) bytes: u32,
}

impl Stretch {
    /// Where it ends.
    pub(crate) fn end(&self) -> u64 {
        self.start.wrapping_add(self.bytes.into())
    }
}

/// The mappings of a stream, in memory `S` of [`MOST`] places.
///
/// # Invariants
///
/// The first `count` places from `head` on, round and round, have entries, in the order of their starts; no other has
/// one. Entries do not overlap, and end at `end` at the latest. `done` and `given` are whole frames from the start of the
/// stream; `done <= given`, and `given` is less than a frame behind `end`, if at all.
pub(crate) struct Mappings<S> {
    places: S,
    head: usize,
    count: usize,
    /// Bytes of a frame.
    frame: u32,
    /// Bytes that are got ahead of what is done.
    ahead: u64,
    next_tag: u32,
    /// The tag that is being got.
    asked: Option<u32>,
    /// It was revoked meanwhile.
    asked_in_vain: bool,
    /// The port has no mapping at present, and will say when it has.
    starved: bool,
    /// It said so since it was last asked.
    offered: bool,
    /// Mappings are wanted.
    open: bool,
    end: u64,
    given: u64,
    done: u64,
    /// The offset that counts as the stream's zero.
    origin: u64,
}

impl<M: Extent, S: DerefMut<Target = [Place<M>]>> Mappings<S> {
    /// None yet. The stream has frames of `frame` bytes, not zero, and gets up to `ahead` bytes ahead of the device, and
    /// the rest of a mapping.
    pub(crate) fn new(places: S, frame: u32, ahead: u32) -> Self {
        Self {
            places,
            head: 0,
            count: 0,
            frame,
            ahead: ahead.into(),
            next_tag: FIRST_TAG,
            asked: None,
            asked_in_vain: false,
            starved: false,
            offered: false,
            open: false,
            end: 0,
            given: 0,
            done: 0,
            origin: 0,
        }
    }

    /// Mappings are wanted from now on, or not any more.
    pub(crate) fn open(&mut self, open: bool) {
        self.open = open;
        // Asked once more in any case: what the port said before the stream was halted may be forgotten.
        self.starved &= !open;
    }

    /// What the port is to be called for next; none if for nothing. Called by one at a time, who calls the port and
    /// tells what came of it before the next call.
    pub(crate) fn next_call(&mut self) -> Option<Call> {
        if let Some(front) = self.entry(0)
            && front.end() <= self.done
        {
            let tag = front.tag;
            self.drop_front();
            return Some(Call::Release(tag));
        }
        let wanted = self.open && !self.starved && self.count < self.places.len();
        if !wanted || self.end.saturating_sub(self.done) >= self.ahead {
            return None;
        }
        let tag = self.next_tag;
        // Not zero: a null pointer stands for nothing in too many places.
        self.next_tag = tag.wrapping_add(1).max(1);
        (self.asked, self.asked_in_vain, self.offered) = (Some(tag), false, false);
        Some(Call::Get(tag))
    }

    /// The mapping that was asked for, or that there is none.
    pub(crate) fn got(&mut self, mapping: Option<M>) {
        let tag = self.asked.take();
        let (Some(tag), Some(mapping)) = (tag, mapping) else {
            self.starved = !self.offered;
            return;
        };
        let start = self.end;
        self.end = start.wrapping_add(mapping.bytes().into());
        if core::mem::take(&mut self.asked_in_vain) {
            return;
        }
        let at = self.index(self.count);
        if let Some(place) = self.places.get_mut(at) {
            *place = Some(Entry { tag, start, mapping });
            self.count = self.count.wrapping_add(1);
        }
    }

    /// The port has mappings again.
    pub(crate) fn offer(&mut self) {
        (self.offered, self.starved) = (true, false);
    }

    /// Whether the device has, or had, something of the mappings from `first` to `last`: it is to be halted before they
    /// are revoked.
    pub(crate) fn is_given(&self, first: u32, last: u32) -> bool {
        (0..self.count)
            .filter_map(|number| self.entry(number))
            .filter(|entry| entry.start < self.given && entry.end() > self.done)
            .any(|entry| lies_in(entry.tag, first, last))
    }

    /// Takes the mappings from tag `first` to tag `last` out, and says how many those were. The device has nothing of
    /// them any more.
    pub(crate) fn revoke(&mut self, first: u32, last: u32) -> u32 {
        let mut revoked = 0_u32;
        let mut kept = 0_usize;
        for number in 0..self.count {
            let Some(entry) = self.take(number) else { continue };
            if lies_in(entry.tag, first, last) {
                revoked = revoked.wrapping_add(1);
                continue;
            }
            let to = self.index(kept);
            if let Some(place) = self.places.get_mut(to) {
                *place = Some(entry);
            }
            kept = kept.wrapping_add(1);
        }
        self.count = kept;
        if let Some(asked) = self.asked.filter(|_| !self.asked_in_vain)
            && lies_in(asked, first, last)
        {
            self.asked_in_vain = true;
            revoked = revoked.wrapping_add(1);
        }
        revoked
    }

    /// What the device can have next: whole frames in a row. What is missing, and the frames that it was a part of, is
    /// passed over.
    pub(crate) fn ready(&mut self) -> Stretch {
        let frame = u64::from(self.frame);
        let whole = |at: u64| at.checked_next_multiple_of(frame).unwrap_or(at);
        loop {
            let number = self.number_at(self.given);
            let Some(entry) = self.entry(number) else {
                // Nothing is left of what was got, or nothing was.
                if self.given < self.end {
                    self.given = whole(self.end);
                }
                return Stretch { start: self.given, bytes: 0 };
            };
            if entry.start > self.given {
                self.given = whole(entry.start);
                continue;
            }
            let end = self.end_of_row(number);
            let most = u64::from(u32::MAX.wrapping_sub(self.frame));
            let bytes = end.saturating_sub(self.given).min(most);
            let bytes = bytes.wrapping_sub(bytes.checked_rem(frame).unwrap_or(0));
            if bytes > 0 || end == self.end {
                return Stretch { start: self.given, bytes: bytes as u32 };
            }
            // The rest of the frame is missing.
            self.given = self.given.wrapping_add(frame);
        }
    }

    /// The parts of mappings that make up a stretch, in order.
    pub(crate) fn spans<'a>(&'a self, stretch: Stretch) -> impl Iterator<Item = Span<'a, M>>
    where
        M: 'a,
    {
        let mut at = stretch.start;
        let first = self.number_at(at);
        (first..self.count).map_while(move |number| {
            let entry = self.entry(number)?;
            let left = stretch.end().checked_sub(at).filter(|left| *left > 0)?;
            let from = at.checked_sub(entry.start)? as u32;
            let bytes =
                entry.mapping.bytes().saturating_sub(from).min(u32::try_from(left).unwrap_or(u32::MAX));
            at = at.wrapping_add(bytes.into());
            Some(Span { mapping: &entry.mapping, from, bytes })
        })
    }

    /// The device has what lies before `upto`.
    pub(crate) fn give(&mut self, upto: u64) {
        self.given = self.given.max(upto);
    }

    /// The device is through with what lies before `upto`.
    pub(crate) fn finish(&mut self, upto: u64) {
        self.done = self.done.max(upto.min(self.given));
    }

    /// The device has nothing: what it was not through with it is given anew.
    pub(crate) fn take_back(&mut self) {
        self.given = self.done;
    }

    /// The stream was stopped: its position is zero where the device would go on.
    pub(crate) fn rewind(&mut self) {
        self.take_back();
        self.origin = self.done;
    }

    /// Up to where the device is through.
    pub(crate) fn done(&self) -> u64 {
        self.done
    }

    /// Up to where it was given something.
    pub(crate) fn given(&self) -> u64 {
        self.given
    }

    /// The position that a client is told of offset `at`.
    pub(crate) fn told(&self, at: u64) -> u64 {
        at.saturating_sub(self.origin)
    }

    /// Where the row without a gap ends that entry `number` belongs to.
    fn end_of_row(&self, number: usize) -> u64 {
        let mut end = self.entry(number).map_or(0, Entry::end);
        let mut next = number.wrapping_add(1);
        while let Some(entry) = self.entry(next).filter(|entry| entry.start == end) {
            end = entry.end();
            next = next.wrapping_add(1);
        }
        end
    }

    /// Number of the first entry that ends behind offset `at`.
    fn number_at(&self, at: u64) -> usize {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = low.wrapping_add(high) >> 1;
            match self.entry(middle) {
                Some(entry) if entry.end() <= at => low = middle.wrapping_add(1),
                _ => high = middle,
            }
        }
        low
    }

    fn index(&self, number: usize) -> usize {
        self.head.wrapping_add(number) & self.places.len().wrapping_sub(1)
    }

    fn entry(&self, number: usize) -> Option<&Entry<M>> {
        if number < self.count { self.places.get(self.index(number))?.as_ref() } else { None }
    }

    fn take(&mut self, number: usize) -> Option<Entry<M>> {
        let at = self.index(number);
        self.places.get_mut(at)?.take()
    }

    fn drop_front(&mut self) {
        drop(self.take(0));
        self.head = self.index(1);
        self.count = self.count.saturating_sub(1);
    }
}

/// Whether `tag` is one of those from `first` to `last`, which follow one another modulo 2^32.
fn lies_in(tag: u32, first: u32, last: u32) -> bool {
    let length = last.wrapping_sub(first);
    length.cast_signed() >= 0 && tag.wrapping_sub(first) <= length
}
