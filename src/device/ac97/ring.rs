//! Where the device is: ring indices and sample counts turned into a linear byte count.
//!
//! Every RUN starts the ring anew at descriptor 0. Descriptors are then counted on without wrapping (0, 1, ..
//! 31, 32, ..); the device shows the lowest five bits of that count as CIV. The *last valid* descriptor (LVI)
//! bounds how far it can go unobserved, to less than a lap, which is what makes CIV unambiguous.

use core::ops::Range;

use crate::device::ac97::given::Given;
use crate::device::ac97::plan::{Plan, RING, Segment};

/// How many descriptors the last valid one is put ahead of the one last seen in an interrupt.
///
/// Not 31: the descriptor just behind must stay out of reach, so that a CIV read a moment too early is told
/// from one that is almost a whole lap ahead.
pub(crate) const AHEAD: u64 = 30;

/// With fewer descriptors than this left to play, the last valid one is moved.
pub(crate) const REFILL_BELOW: u64 = 16;

const MASK: u64 = (RING as u64).wrapping_sub(1);

/// How many descriptors further than `seen` the index `civ` is, or 0 where it is just behind.
pub(crate) fn steps(seen: u64, civ: u8) -> u64 {
    let steps = u64::from(civ).wrapping_sub(seen) & MASK;
    if steps > AHEAD { 0 } else { steps }
}

/// Bytes left to play where so many samples are left to fetch. A frame of which one channel is still to come is left
/// as a whole: a RUN that began in the middle of a frame would swap the channels for good.
fn bytes_left(samples: u16) -> u32 {
    (u32::from(samples).wrapping_add(1) & !1).wrapping_mul(2)
}

/// Tries to read samples left and index as one, while the device moves between the reads.
const TRIES: u32 = 5;

/// The two registers that tell where the device is.
pub(crate) trait Registers {
    /// Samples left in the current descriptor (PICB), and the prefetched descriptor (PIV), in one read.
    fn samples_left(&mut self) -> (u16, u8);

    /// The current descriptor (CIV), and whether the DMA stands at the end of the last valid one, in one read; none if
    /// the device is gone.
    fn index(&mut self) -> Option<(u8, bool)>;
}

/// What the descriptors of a RUN stand for.
pub(crate) trait Course {
    /// Linear byte count at the start of descriptor `number`, or at the end of the last one.
    fn start_of(&self, number: u64) -> u64;

    /// Bytes of descriptor `number`.
    fn bytes_of(&self, number: u64) -> u32;
}

/// Where the device is in the descriptors of one RUN.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Track {
    /// Descriptor which the device was last known to be at, counted without wrapping.
    at: u64,
    /// The last valid descriptor, counted without wrapping.
    last_valid: u64,
    /// The greatest byte count that was answered.
    told: u64,
}

impl Track {
    /// A RUN that starts at `linear` bytes, with descriptors up to `last_valid`.
    pub(crate) const fn starting_at(linear: u64, last_valid: u64) -> Self {
        Self { at: 0, last_valid, told: linear }
    }

    /// Descriptor which the device was last known to be at; one more than there are once it is through with all.
    pub(crate) const fn at(&self) -> u64 {
        self.at
    }

    /// Moves the last valid descriptor.
    pub(crate) fn extend(&mut self, last_valid: u64) {
        self.last_valid = self.last_valid.max(last_valid);
    }

    /// Takes in that the device is at descriptor `number` or beyond, and answers the byte count that is surely
    /// played then.
    pub(crate) fn reached(&mut self, course: &impl Course, number: u64) -> u64 {
        self.at = self.at.max(number.min(self.last_valid.wrapping_add(1)));
        course.start_of(self.at)
    }

    /// Asks the device where it is. Answers the linear byte count; it never goes back.
    ///
    /// One read tells while the device is at the descriptor where it was last known to be, which is so as long as the
    /// prefetched one is its successor. Otherwise a second read names the current one. The samples left are read
    /// first: if the prefetched descriptor is the successor of what is current *afterwards*, then the samples were
    /// those of that descriptor, for the device does not go back. So they were if the same descriptor is current
    /// before and after, which serves where nothing was prefetched. Where neither fits, the device has moved on
    /// between the reads, and both are read again.
    ///
    /// A device that was slow to prefetch can pass for being one descriptor behind in the first read. The answer is
    /// then late, by less than that descriptor, until it has prefetched.
    pub(crate) fn position(&mut self, course: &impl Course, registers: &mut impl Registers) -> u64 {
        let mut before = None;
        for _ in 0..TRIES {
            let (picb, piv) = registers.samples_left();
            if let Some(played) = self.still_there(course, picb, piv) {
                return played;
            }
            let Some((civ, halted)) = registers.index() else { break };
            if piv == civ.wrapping_add(1) & MASK as u8 || before == Some(civ) {
                return self.seen(course, civ, picb, halted);
            }
            before = Some(civ);
        }
        self.told.max(course.start_of(self.at))
    }

    /// The linear byte count, if the device is at the descriptor where it was last known to be. Not with no samples
    /// left: it takes the status to tell an end from a descriptor that is not loaded yet.
    fn still_there(&mut self, course: &impl Course, picb: u16, piv: u8) -> Option<u64> {
        if u64::from(piv) != self.at.wrapping_add(1) & MASK || picb == 0 {
            return None;
        }
        let left = bytes_left(picb);
        let played =
            course.start_of(self.at).wrapping_add(u64::from(course.bytes_of(self.at).checked_sub(left)?));
        if played < self.told {
            return None;
        }
        self.told = played;
        Some(played)
    }

    /// Takes in what the registers say: current index, samples left in it, and whether the DMA stands at the
    /// end of the last valid descriptor. Answers the linear byte count.
    ///
    /// Values that the device cannot mean are cut to the descriptor.
    pub(crate) fn seen(&mut self, course: &impl Course, civ: u8, picb: u16, halted: bool) -> u64 {
        let number = self.at.wrapping_add(steps(self.at, civ));
        if number > self.last_valid || u64::from(civ) != number & MASK {
            return self.told.max(course.start_of(self.at));
        }
        self.at = number;
        let start = course.start_of(number);
        let bytes = course.bytes_of(number);
        let left = bytes_left(picb);
        // Samples left that are zero while the DMA runs mean a descriptor which is not loaded yet.
        let played = if left == 0 && !halted { 0 } else { bytes.saturating_sub(left) };
        self.told = self.told.max(start.wrapping_add(u64::from(played)));
        self.told
    }

    /// The device has played all that it was given: `seen` is the descriptor last seen in an interrupt.
    pub(crate) fn is_exhausted(&self, seen: u64) -> bool {
        seen > self.last_valid
    }

    /// Whether it is time to move the last valid descriptor.
    fn is_low(&self, seen: u64) -> bool {
        self.last_valid.saturating_sub(seen) < REFILL_BELOW
    }

    /// The last valid descriptor as the LVI register has it.
    pub(crate) fn last_valid_index(&self) -> u8 {
        (self.last_valid & MASK) as u8
    }
}

/// A cyclic buffer as it goes round in the ring.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Laps {
    plan: Plan,
    /// Segment in descriptor 0.
    first: u64,
    /// Linear count at the start of the lap of the buffer in which this RUN began.
    lap: u64,
    /// The descriptor in whose segment the sound ends, and how many bytes of it are sound: the rest of the segment is the
    /// next descriptor, and whatever follows is one descriptor further on.
    split: Option<(u64, u32)>,
}

impl Laps {
    /// The segment in descriptor `number`, and its linear count.
    ///
    /// It is taken as a whole, also where it is shortened as the first one of a RUN.
    fn segment(&self, number: u64) -> (Segment, u64) {
        match self.split {
            Some((split, bytes)) if number >= split => self.segment_behind(split, bytes, number),
            _ => self.whole(number),
        }
    }

    /// The same from the segment on in which the sound ends.
    #[cold]
    fn segment_behind(&self, split: u64, bytes: u32, number: u64) -> (Segment, u64) {
        let (segment, start) = self.whole(number.saturating_sub(1).max(split));
        match number.wrapping_sub(split) {
            0 => (segment.head(bytes), start),
            1 => (segment.rest(bytes), start.wrapping_add(bytes.into())),
            _ => (segment, start),
        }
    }

    #[inline(always)]
    fn whole(&self, number: u64) -> (Segment, u64) {
        let number = self.first.wrapping_add(number);
        let segment = self.plan.segment(number);
        (segment, self.lap.wrapping_add(self.plan.laps_bytes(number)).wrapping_add(u64::from(segment.offset)))
    }
}

impl Course for Laps {
    fn start_of(&self, number: u64) -> u64 {
        self.segment(number).1
    }

    fn bytes_of(&self, number: u64) -> u32 {
        self.segment(number).0.bytes
    }
}

/// The ring as laid out for one RUN of a cyclic buffer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ring {
    /// What its descriptors stand for.
    pub(crate) laps: Laps,
    /// Where this RUN began, in bytes, and how many of the first segment were played before.
    from: u64,
    skip: u32,
    /// What is sound, and where silence lies: as long as the longest segment.
    given: Given,
    silence: u32,
    /// Where the device is.
    pub(crate) track: Track,
}

impl Ring {
    /// Lays the ring out so that playing starts at `linear` bytes. Nothing of it is silence.
    pub(crate) fn starting_at(plan: Plan, linear: u64) -> Self {
        let offset = linear.checked_rem(u64::from(plan.bytes())).unwrap_or(0);
        let first = plan.segment_at(offset as u32) as u64;
        let skip = (offset as u32).wrapping_sub(plan.segment(first).offset);
        let laps = Laps { plan, first, lap: linear.wrapping_sub(offset), split: None };
        let track = Track::starting_at(linear, AHEAD);
        Self { laps, from: linear, skip, given: Given::ALL, silence: 0, track }
    }

    /// The same where only what is `given` is played, and else what lies at `silence`.
    pub(crate) fn playing(mut self, given: Given, silence: u32) -> Self {
        (self.given, self.silence) = (given, silence);
        self.split_at_end(0);
        self
    }

    /// What descriptor `number` is to say.
    pub(crate) fn descriptor(&self, number: u64) -> Segment {
        let (segment, start) = self.laps.segment(number);
        if number == 0 {
            return self.sounding(segment.rest(self.skip), self.from);
        }
        self.sounding(segment, start)
    }

    fn sounding(&self, segment: Segment, start: u64) -> Segment {
        if self.given.is_sound(start) { segment } else { Segment { address: self.silence, ..segment } }
    }

    /// What is sound.
    pub(crate) const fn given(&self) -> Given {
        self.given
    }

    /// Sound is missing where the device is surely by now; tells of each packet once.
    pub(crate) fn is_missing(&mut self, linear: u64) -> bool {
        self.given.is_missing(linear, self.laps.plan.period())
    }

    /// The end of what the device has read the descriptors of: with the one that it is at, it has the next.
    pub(crate) fn prefetched(&self) -> u64 {
        if self.given.by_packets() { self.laps.start_of(self.track.at().wrapping_add(2)) } else { 0 }
    }

    /// The client has handed over what lies before byte `upto`. Calls `describe` with each descriptor that says something
    /// else now, and what: none that the device has read by now, as far as the position was asked for just before.
    pub(crate) fn hand_over(&mut self, upto: u64, ended: bool, mut describe: impl FnMut(u64, Segment)) {
        let unread = self.track.at().wrapping_add(2);
        let begin = if self.given.by_packets() { self.given.next() } else { 0 };
        // Silence takes its place behind the end, and behind the first packet of all.
        let end = if ended || begin == 0 { u64::MAX } else { upto };
        self.given.take(upto, ended, self.laps.start_of(unread), self.laps.plan.period());
        self.split_at_end(unread);
        for number in unread..=self.track.last_valid {
            let (segment, start) = self.laps.segment(number);
            if start >= end {
                break;
            }
            if start >= begin {
                describe(number, self.sounding(segment, start));
            }
        }
    }

    /// If the sound ends within descriptor `least` or one behind it, that becomes two.
    fn split_at_end(&mut self, least: u64) {
        let Some(end) = self.given.end().filter(|end| *end > self.from && self.laps.split.is_none()) else {
            return;
        };
        for number in least..least.wrapping_add(RING as u64) {
            let before = end.saturating_sub(self.laps.start_of(number));
            if before > 0 && before < u64::from(self.laps.bytes_of(number)) {
                self.laps.split = Some((number, before as u32));
            }
        }
    }

    /// As [`Track::reached`].
    pub(crate) fn reached(&mut self, number: u64) -> u64 {
        self.track.reached(&self.laps, number)
    }

    /// As [`Track::position`].
    pub(crate) fn position(&mut self, registers: &mut impl Registers) -> u64 {
        self.track.position(&self.laps, registers)
    }

    /// As [`Track::is_exhausted`].
    pub(crate) fn is_exhausted(&self, seen: u64) -> bool {
        self.track.is_exhausted(seen)
    }

    /// Moves the last valid descriptor, if it is time: `seen` is the one last seen in an interrupt. Answers the
    /// descriptors that are valid from now on.
    pub(crate) fn refill(&mut self, seen: u64) -> Option<Range<u64>> {
        if !self.track.is_low(seen) {
            return None;
        }
        let before = self.track.last_valid;
        self.track.last_valid = seen.wrapping_add(AHEAD);
        Some(before.wrapping_add(1)..self.track.last_valid.wrapping_add(1))
    }

    /// Descriptor `number` is not to say what the one in its place said a lap of the ring before.
    pub(crate) fn is_new(&self, number: u64) -> bool {
        self.given.by_packets() || (number == RING as u64 && self.skip != 0)
    }

    /// The last valid descriptor as the LVI register has it.
    pub(crate) fn last_valid_index(&self) -> u8 {
        self.track.last_valid_index()
    }
}
