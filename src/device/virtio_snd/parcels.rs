//! The messages of a stream whose sound is copied: whichever length each has, in the order in which they were submitted.
//!
//! ```text
//!        head                                   head + count
//!          v                                       v
//!   free | filled | filled | under way | under way | free          slots, round and round
//! ```
//!
//! What is recorded stays filled until it was taken out; what was played is free at once.

/// Messages at a time.
pub(crate) const PARCELS: u8 = 6;

/// What a message carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Parcel {
    /// How much.
    pub(crate) frames: u32,
    /// Where that begins in the stream, in bytes.
    pub(crate) start: u64,
    /// Where it ends.
    pub(crate) end: u64,
}

/// The messages of one stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parcels {
    parcels: [Parcel; PARCELS as usize],
    render: bool,
    head: u8,
    /// Filled or under way.
    count: u8,
    filled: u8,
    /// A bit for each slot that came back before one ahead of it did.
    early: u32,
    /// Frames ever submitted, and of those that came back.
    submitted: u64,
    completed: u64,
}

impl Parcels {
    /// None.
    pub(crate) const fn new(render: bool) -> Self {
        let nothing = Parcel { frames: 0, start: 0, end: 0 };
        Self {
            parcels: [nothing; PARCELS as usize],
            render,
            head: 0,
            count: 0,
            filled: 0,
            early: 0,
            submitted: 0,
            completed: 0,
        }
    }

    /// Another one can be submitted.
    pub(crate) const fn has_room(&self) -> bool {
        self.count < PARCELS
    }

    /// How many the device has.
    pub(crate) const fn under_way(&self) -> u8 {
        self.count.saturating_sub(self.filled)
    }

    /// Frames ever submitted.
    pub(crate) const fn submitted_frames(&self) -> u64 {
        self.submitted
    }

    /// Frames of those that came back.
    pub(crate) const fn completed_frames(&self) -> u64 {
        self.completed
    }

    /// Submits a message; says in which slot. There must be room.
    pub(crate) fn add(&mut self, parcel: Parcel) -> u8 {
        let slot = self.slot(self.count);
        if let Some(place) = self.parcels.get_mut(usize::from(slot)) {
            *place = parcel;
        }
        self.count = self.count.saturating_add(1);
        self.submitted = self.submitted.wrapping_add(parcel.frames.into());
        slot
    }

    /// Takes messages back from the device, a bit a slot. What the device did not have changes nothing.
    pub(crate) fn returned(&mut self, came: u32) {
        for number in self.filled..self.count {
            self.early |= came & bit(self.slot(number));
        }
        while self.under_way() > 0 {
            let first = self.slot(self.filled);
            if self.early & bit(first) == 0 {
                break;
            }
            self.early &= !bit(first);
            self.complete();
        }
    }

    /// The first message that the device still has.
    pub(crate) fn first(&self) -> Option<Parcel> {
        if self.under_way() == 0 { None } else { self.parcel(self.slot(self.filled)) }
    }

    /// Where the stream is when frame `frame` of all that were submitted is; none beyond what the device has.
    pub(crate) fn offset_of(&self, frame: u64, frame_bytes: u32) -> Option<u64> {
        let mut first = self.completed;
        for number in self.filled..self.count {
            let parcel = self.parcel(self.slot(number))?;
            let into = frame.saturating_sub(first);
            if into < parcel.frames.into() {
                return Some(parcel.start.wrapping_add(into.wrapping_mul(frame_bytes.into())));
            }
            first = first.wrapping_add(parcel.frames.into());
        }
        None
    }

    /// The slot of the first filled message.
    pub(crate) fn filled(&self) -> Option<u8> {
        (self.filled > 0).then_some(self.head)
    }

    /// It was emptied.
    pub(crate) fn emptied(&mut self) {
        if self.filled > 0 {
            self.free_head();
        }
    }

    /// The device lost all that it had, and may have played up to frame `heard`, rather too far than not far enough. What
    /// it was in the middle of is left out; says where the stream goes on, if something was lost.
    pub(crate) fn lose(&mut self, heard: u64) -> Option<u64> {
        while self.render && self.under_way() > 0 && (self.completed < heard || self.early != 0) {
            self.early &= !bit(self.slot(self.filled));
            self.complete();
        }
        let lost = self.first().map(|parcel| parcel.start);
        self.count = self.filled;
        (self.submitted, self.early) = (self.completed, 0);
        lost
    }

    /// Back to zero, as STOP demands. The device has none of the messages any more.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.render);
    }

    /// The first message that was under way is done with.
    fn complete(&mut self) {
        let frames = self.first().map_or(0, |parcel| parcel.frames);
        self.completed = self.completed.wrapping_add(frames.into());
        self.filled = self.filled.saturating_add(1);
        if self.render {
            self.free_head();
        }
    }

    fn free_head(&mut self) {
        self.head = self.slot(1);
        self.filled = self.filled.saturating_sub(1);
        self.count = self.count.saturating_sub(1);
    }

    /// The slot that is `number` behind the head.
    fn slot(&self, number: u8) -> u8 {
        let slot = self.head.wrapping_add(number);
        if slot >= PARCELS { slot.wrapping_sub(PARCELS) } else { slot }
    }

    fn parcel(&self, slot: u8) -> Option<Parcel> {
        self.parcels.get(usize::from(slot)).copied()
    }
}

/// The bit of a slot.
const fn bit(slot: u8) -> u32 {
    1_u32.wrapping_shl(slot as u32)
}
