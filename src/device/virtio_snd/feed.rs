//! Which messages go to the device when.
//!
//! A cyclic buffer is cut into equal chunks, each of them one message:
//!
//! ```text
//!   |-----------|-----------|-----------|-----------|      one lap: as many messages as there are slots
//!   |  slot 0   |  slot 1   |  slot 2   |  slot 3   |
//!               A ------- the device's ------- W           completed, submitted: counted on without wrapping
//! ```
//!
//! - **Just in time.** The client says nothing of what it has written. The next chunks are submitted when no more than
//!   [`Shape::low`] is left of those before, and then as many as the device may take at a time, in one batch. Hence the
//!   client has, from the moment it learns that a chunk is done with, a chunk's time less that to write it anew, and less
//!   an eighth of a millisecond where its stream goes out together with another one.
//! - **Packets.** What the client hands over is submitted at once. After the end of the sound silence follows just in time:
//!   a device that ran out of it would stand still, and the packets that are counted with it.
//! - A device that has nothing left gets silence for a chunk that was not handed over, or that the client could not know
//!   to be free: counter and notifications go on at the pace of the sound, and nothing is heard twice.
//!
//! No byte is submitted twice at a time. A notification is given for each message that comes back, at most.

/// Most messages of a lap, and hence under way.
pub(crate) const SLOTS: u8 = 16;

/// How a cyclic buffer is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Messages of a lap.
    pub(crate) slots: u8,
    /// Bytes of a message.
    pub(crate) message: u32,
    /// Frames of a message.
    pub(crate) frames: u32,
    /// Frames left at which the next chunk is due: a quarter of a chunk, 3 ms at most, where the client has but one other
    /// chunk to write meanwhile; half a chunk, 10 ms at most, where it has three or more.
    pub(crate) low: u32,
}

impl Shape {
    /// A buffer of `bytes` in chunks of `chunk` bytes, of frames of `frame` bytes at `rate` Hz. None unless all of them
    /// are whole and there are two to [`SLOTS`] chunks.
    pub(crate) fn new(bytes: u32, chunk: u32, frame: u32, rate: u32) -> Option<Self> {
        let chunks = whole(bytes, chunk)?;
        let frames = whole(chunk, frame)?;
        if chunks < 2 || chunks > u32::from(SLOTS) {
            return None;
        }
        Some(Self {
            slots: chunks as u8,
            message: chunk,
            frames,
            low: if chunks > 3 { (frames / 2).min(rate / 100) } else { (frames / 4).min(rate / 333) },
        })
    }

    /// Frames of a lap.
    pub(crate) fn lap_frames(&self) -> u32 {
        self.frames.saturating_mul(self.slots.into())
    }
}

/// How many times `part` goes into `whole`, if it does so exactly and at least once.
fn whole(whole: u32, part: u32) -> Option<u32> {
    let times = whole.checked_div(part)?;
    (times > 0 && times.checked_mul(part) == Some(whole)).then_some(times)
}

/// What a message carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// What is in the cyclic buffer; capture: what will be.
    Sound,
    /// So many bytes of the cyclic buffer, and silence after them: the end of the sound.
    End(u32),
    /// Nothing but silence.
    Silence,
}

/// A message to be submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Its place in the cyclic buffer, and in all that is kept per message.
    pub(crate) slot: u8,
    pub(crate) content: Content,
}

/// Who says what may be submitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Supply {
    /// Nobody.
    JustInTime,
    /// The client, byte by byte of the linear count; `ended`: there will be no more.
    Packets { upto: u64, ended: bool },
}

/// The messages of one stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Feed {
    shape: Shape,
    /// Silence may stand in for sound.
    render: bool,
    supply: Supply,
    /// Messages ever submitted and the slot of the next one; the same of those that came back.
    submitted: u64,
    next: u8,
    completed: u64,
    head: u8,
    /// One bit a slot: the device has it; it came back, but one before it did not.
    under_way: u32,
    early: u32,
    /// Completed messages that the client could know of when the device was last looked at.
    known: u64,
    /// Messages that are still to be submitted at once, where that is just in time.
    batch: u8,
    /// Chunks of silence where sound was missing.
    missed: u32,
}

impl Feed {
    /// A stream at zero that is fed just in time.
    pub(crate) const fn new(shape: Shape, render: bool) -> Self {
        Self {
            shape,
            render,
            supply: Supply::JustInTime,
            submitted: 0,
            next: 0,
            completed: 0,
            head: 0,
            under_way: 0,
            early: 0,
            known: 0,
            batch: 0,
            missed: 0,
        }
    }

    /// Back to zero, as STOP demands. The device has none of the messages any more.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.shape, self.render);
    }

    /// The device lost all that it had, and may have played up to frame `heard`, rather too far than not far enough.
    /// Nothing is heard twice: what it was in the middle of is left out, the rest is submitted again. Of a recording all
    /// of it is.
    pub(crate) fn lose(&mut self, heard: u64) {
        while self.render && self.completed < self.submitted {
            if self.completed_frames() >= heard && self.early == 0 {
                break;
            }
            self.early &= !bit(self.head);
            self.complete();
        }
        (self.submitted, self.next) = (self.completed, self.head);
        (self.under_way, self.early, self.batch) = (0, 0, 0);
    }

    /// How the buffer is cut.
    pub(crate) const fn shape(&self) -> Shape {
        self.shape
    }

    /// From now on the client hands over packets.
    pub(crate) fn hand_over(&mut self, upto: u64, ended: bool) {
        self.supply = Supply::Packets { upto, ended };
    }

    /// From now on nobody says what has been written.
    pub(crate) fn just_in_time(&mut self) {
        self.supply = Supply::JustInTime;
    }

    /// Whether clients hand over packets.
    pub(crate) fn by_packets(&self) -> bool {
        self.supply != Supply::JustInTime
    }

    /// Bytes that came back, from the start on without a gap.
    pub(crate) fn completed_bytes(&self) -> u64 {
        self.completed.wrapping_mul(u64::from(self.shape.message))
    }

    /// The same in frames.
    pub(crate) fn completed_frames(&self) -> u64 {
        self.completed.wrapping_mul(u64::from(self.shape.frames))
    }

    /// Bytes ever submitted.
    pub(crate) fn submitted_bytes(&self) -> u64 {
        self.submitted.wrapping_mul(u64::from(self.shape.message))
    }

    /// The same in frames.
    pub(crate) fn submitted_frames(&self) -> u64 {
        self.submitted.wrapping_mul(u64::from(self.shape.frames))
    }

    /// The device has none of the messages.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.under_way == 0
    }

    /// Chunks of silence where sound was missing, ever.
    pub(crate) fn missed(&self) -> u32 {
        self.missed
    }

    /// Takes messages back from the device, a bit a slot. What the device did not have changes nothing.
    pub(crate) fn returned(&mut self, came: u32) {
        self.early |= came & self.under_way;
        self.under_way &= !came;
        while self.early & bit(self.head) != 0 {
            self.early &= !bit(self.head);
            self.complete();
        }
    }

    /// The slot of what came back, which is not nothing, if it is the message that is to come back next, and it alone.
    #[inline(always)]
    pub(crate) fn expected(&self, came: u32) -> Option<u8> {
        (self.early == 0 && came == bit(self.head) & self.under_way).then_some(self.head)
    }

    /// [`Feed::returned`] for what is [expected](Feed::expected).
    #[inline(always)]
    pub(crate) fn returned_as_expected(&mut self, came: u32) {
        self.under_way &= !came;
        self.complete();
    }

    /// The next message is due where that goes by the clock: just in time, as many follow it at once as the device may
    /// take at a time, in steps of `step` frames.
    #[inline]
    pub(crate) fn begin(&mut self, step: u64) {
        self.batch = if step > u64::from(self.shape.frames) { self.batch_of(step) } else { 1 };
    }

    /// The next message to submit, if it is due. Asked until it says none; then [`Feed::told`].
    #[inline]
    pub(crate) fn next(&mut self) -> Option<Message> {
        let content = self.content()?;
        Some(Message { slot: self.sound(), content })
    }

    /// The clock alone says what is due, and each message is sound.
    #[inline]
    pub(crate) fn is_just_in_time(&self) -> bool {
        self.supply == Supply::JustInTime
    }

    /// The client has handed over the next message, whole, and there is room for it.
    #[inline]
    pub(crate) fn has_packet(&self) -> bool {
        match self.supply {
            Supply::Packets { upto, ended: false } => self.has_room() && self.is_there(upto, false),
            _ => false,
        }
    }

    /// The slot of the next message.
    #[inline(always)]
    pub(crate) fn next_slot(&self) -> u8 {
        self.next
    }

    /// The client alone says when the next message is due: it has not handed it over, and the device has something yet.
    #[inline]
    pub(crate) fn awaits_packet(&self) -> bool {
        match self.supply {
            Supply::Packets { upto, ended: false } => !self.is_at_rest() && !self.is_there(upto, false),
            _ => false,
        }
    }

    /// Submits the next message, which is sound and for which there is room, and says its slot.
    #[inline(always)]
    pub(crate) fn sound(&mut self) -> u8 {
        let slot = self.next;
        self.under_way |= bit(slot);
        self.next = self.after(slot);
        self.submitted = self.submitted.wrapping_add(1);
        slot
    }

    /// What is due goes by the clock, now or later.
    #[inline]
    pub(crate) fn by_clock(&self) -> bool {
        matches!(self.supply, Supply::JustInTime | Supply::Packets { ended: true, .. })
    }

    /// The client may know by now how far the device is.
    pub(crate) fn told(&mut self) {
        self.known = self.completed;
    }

    /// The client may know of all that came back.
    pub(crate) fn is_told(&self) -> bool {
        self.known == self.completed
    }

    /// The frame at which the next message is due, 0 if that is at once; none where it does not depend on the clock.
    pub(crate) fn due(&self) -> Option<u64> {
        if !self.has_room() {
            return None;
        }
        let by_clock = self.due_by_clock();
        match self.supply {
            Supply::JustInTime => Some(by_clock),
            Supply::Packets { upto, ended } if self.is_there(upto, ended) => Some(0),
            Supply::Packets { ended: true, .. } => Some(by_clock),
            Supply::Packets { .. } => self.is_at_rest().then_some(0),
        }
    }

    /// The frame at which the next message is due by the clock, if there is room by then.
    #[inline]
    pub(crate) fn due_by_clock(&self) -> u64 {
        self.submitted_frames().saturating_sub(u64::from(self.shape.low))
    }

    /// What the next message carries, if it is due.
    fn content(&mut self) -> Option<Content> {
        let dry = self.is_at_rest();
        match self.supply {
            _ if !self.has_room() => None,
            Supply::JustInTime => {
                self.batch = self.batch.checked_sub(1)?;
                let stale = self.render && !self.is_known();
                if stale && !dry {
                    return None;
                }
                self.missed = self.missed.wrapping_add(u32::from(stale));
                Some(if stale { Content::Silence } else { Content::Sound })
            }
            Supply::Packets { upto, ended } => {
                if self.is_there(upto, ended) {
                    if !ended {
                        return Some(Content::Sound);
                    }
                    let left = upto.wrapping_sub(self.submitted_bytes());
                    return match u32::try_from(left) {
                        Ok(left) if left < self.shape.message => Some(Content::End(left)),
                        _ => Some(Content::Sound),
                    };
                }
                if ended {
                    self.batch = self.batch.checked_sub(1)?;
                } else if !dry {
                    return None;
                } else {
                    self.missed = self.missed.wrapping_add(1);
                }
                Some(Content::Silence)
            }
        }
    }

    /// The client has handed over the next message up to byte `upto`: all of it, or the end of the sound.
    fn is_there(&self, upto: u64, ended: bool) -> bool {
        let least = if ended { 1 } else { u64::from(self.shape.message) };
        upto >= self.submitted_bytes().wrapping_add(least)
    }

    /// The next message of the last lap came back.
    #[inline]
    pub(crate) fn has_room(&self) -> bool {
        self.submitted.wrapping_sub(self.completed) < u64::from(self.shape.slots)
    }

    /// The client could know that it did, and write; or it is the first lap.
    fn is_known(&self) -> bool {
        self.submitted < self.known.wrapping_add(u64::from(self.shape.slots))
    }

    /// How many messages a step of the device takes, but no more than half the buffer.
    fn batch_of(&self, step: u64) -> u8 {
        let most = self.shape.slots >> 1;
        let messages = step.checked_next_multiple_of(u64::from(self.shape.frames));
        let messages = messages.and_then(|frames| frames.checked_div(u64::from(self.shape.frames)));
        messages.and_then(|messages| u8::try_from(messages).ok()).map_or(most, |messages| messages.min(most))
    }

    /// The first message that had not come back is done with.
    fn complete(&mut self) {
        self.completed = self.completed.wrapping_add(1);
        self.head = self.after(self.head);
    }

    fn after(&self, slot: u8) -> u8 {
        let next = slot.wrapping_add(1);
        if next >= self.shape.slots { 0 } else { next }
    }
}

/// The bit of a slot.
const fn bit(slot: u8) -> u32 {
    1_u32.wrapping_shl(slot as u32)
}
