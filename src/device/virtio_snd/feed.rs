//! Which messages go to the device when.
//!
//! A cyclic buffer is cut into equal messages; a chunk is what a notification is given for, one or more messages:
//!
//! ```text
//!            chunk                    chunk
//!   |-----------|-----------|-----------|-----------|      one lap: as many messages as there are slots
//!   |  slot 0   |  slot 1   |  slot 2   |  slot 3   |
//!               A ------- the device's ------- W           completed, submitted: counted on without wrapping
//! ```
//!
//! - **Just in time.** The client says nothing of what it has written. The next chunks are submitted when no more than
//!   [`Shape::low`] is left of those before, and then as many as the device may take at a time, in one batch. Hence the
//!   client has, from the moment it learns that a chunk is done with, a chunk's time less that to write it anew.
//! - **Packets.** What the client hands over is submitted at once. After the end of the sound silence follows just in time:
//!   a device that ran out of it would stand still, and the packets that are counted with it.
//! - A device that has nothing left gets silence for a chunk that was not handed over, or that the client could not know
//!   to be free: counter and notifications go on at the pace of the sound, and nothing is heard twice.
//!
//! No byte is submitted twice at a time, and none of a chunk before all of its last lap came back.

/// Most messages of a lap, and hence under way.
pub(crate) const SLOTS: u8 = 16;

/// How a cyclic buffer is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// Messages of a lap.
    pub(crate) slots: u8,
    /// Messages of a chunk: a divisor of the slots.
    pub(crate) per_chunk: u8,
    /// Bytes of a message.
    pub(crate) message: u32,
    /// Frames of a message.
    pub(crate) frames: u32,
    /// Frames left at which the next chunk is due: a quarter of a chunk, 2 ms at most, where the client has but one other
    /// chunk to write meanwhile; half a chunk, 10 ms at most, where it has three or more.
    pub(crate) low: u32,
}

impl Shape {
    /// A buffer of `bytes` in chunks of `chunk` bytes, of frames of `frame` bytes at `rate` Hz. None unless all of them
    /// are whole and there are two to [`SLOTS`] chunks.
    ///
    /// A chunk is one message, or two where that many slots can be had and frames stay whole: the position that may be
    /// told lags behind the device by as much as a message.
    pub(crate) fn new(bytes: u32, chunk: u32, frame: u32, rate: u32) -> Option<Self> {
        let chunks = whole(bytes, chunk)?;
        let frames = whole(chunk, frame)?;
        if chunks < 2 || chunks > u32::from(SLOTS) {
            return None;
        }
        let halves = frames & 1 == 0 && frames >= 64 && chunks.wrapping_mul(2) <= u32::from(SLOTS);
        let per_chunk = if halves { 2 } else { 1 };
        Some(Self {
            slots: chunks.wrapping_mul(per_chunk) as u8,
            per_chunk: per_chunk as u8,
            message: whole(chunk, per_chunk)?,
            frames: whole(frames, per_chunk)?,
            low: if chunks > 3 { (frames / 2).min(rate / 100) } else { (frames / 4).min(rate / 500) },
        })
    }

    /// Bytes of a chunk.
    fn chunk_bytes(&self) -> u64 {
        u64::from(self.message).wrapping_mul(u64::from(self.per_chunk))
    }

    /// Frames of a chunk.
    fn chunk(&self) -> u64 {
        u64::from(self.frames).wrapping_mul(u64::from(self.per_chunk))
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

/// The device gave back a message that it did not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotUnderWay;

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
    /// Messages of the chunk in the making that are submitted already.
    begun: u8,
    /// What is in the rest of that chunk.
    silent: bool,
    /// One bit a slot: the device has it; it came back, but one before it did not.
    under_way: u32,
    early: u32,
    /// Completed messages that the client could know of when the device was last looked at.
    known: u64,
    /// A batch has begun: it goes on until there is enough.
    filling: bool,
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
            begun: 0,
            silent: false,
            under_way: 0,
            early: 0,
            known: 0,
            filling: false,
            missed: 0,
        }
    }

    /// Back to zero, as STOP demands. The device has none of the messages any more.
    pub(crate) fn reset(&mut self) {
        *self = Self::new(self.shape, self.render);
    }

    /// The device lost all that it had, and may have played up to frame `heard`, rather too far than not far enough.
    /// Nothing is heard twice: what it was in the middle of is left out to the end of its chunk, the rest is submitted
    /// again. Of a recording all of it is.
    pub(crate) fn lose(&mut self, heard: u64) {
        let mut inside = false;
        while self.render && self.completed < self.submitted {
            if self.completed_frames() >= heard && self.early == 0 && !inside {
                break;
            }
            self.early &= !1_u32.wrapping_shl(u32::from(self.head));
            self.completed = self.completed.wrapping_add(1);
            self.head = self.after(self.head);
            inside = self.place_in_chunk() > 0;
        }
        let lost = self.submitted.wrapping_sub(self.completed);
        self.begun = self.place_in_chunk();
        // What is in the chunk in the making stays as it is.
        self.silent &= self.begun > 0 && lost <= u64::from(self.shape.per_chunk.wrapping_sub(self.begun));
        (self.submitted, self.next) = (self.completed, self.head);
        (self.under_way, self.early, self.filling) = (0, 0, false);
    }

    /// Frames of a chunk.
    pub(crate) fn chunk(&self) -> u64 {
        self.shape.chunk()
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

    /// How many messages come back ahead of the one that completes a chunk.
    pub(crate) fn rest_of_chunk(&self) -> u8 {
        self.shape.per_chunk.wrapping_sub(self.place_in_chunk()).wrapping_sub(1)
    }

    /// How many messages of its chunk are before the first that did not come back.
    fn place_in_chunk(&self) -> u8 {
        self.head.checked_rem(self.shape.per_chunk).unwrap_or(0)
    }

    /// Chunks of silence where sound was missing, ever.
    pub(crate) fn missed(&self) -> u32 {
        self.missed
    }

    /// Takes a message back from the device.
    ///
    /// # Errors
    ///
    /// [`NotUnderWay`]: the device did not have it, and nothing changes.
    pub(crate) fn returned(&mut self, slot: u8) -> Result<(), NotUnderWay> {
        let bit = 1_u32.checked_shl(u32::from(slot)).unwrap_or(0);
        if self.under_way & bit == 0 {
            return Err(NotUnderWay);
        }
        self.under_way &= !bit;
        self.early |= bit;
        while self.early & 1_u32.wrapping_shl(u32::from(self.head)) != 0 {
            self.early &= !1_u32.wrapping_shl(u32::from(self.head));
            self.completed = self.completed.wrapping_add(1);
            self.head = self.after(self.head);
        }
        Ok(())
    }

    /// The next message to submit, if one is due where the device may have consumed `consumed` frames and may take
    /// `step` at a time. Asked until it says none; then [`Feed::told`].
    pub(crate) fn next(&mut self, consumed: u64, step: u64) -> Option<Message> {
        if self.begun == 0 {
            self.begin(consumed, step)?;
        }
        let slot = self.next;
        self.under_way |= 1_u32.wrapping_shl(u32::from(slot));
        let content = self.content();
        self.next = self.after(slot);
        self.submitted = self.submitted.wrapping_add(1);
        self.begun = self.begun.wrapping_add(1);
        if self.begun >= self.shape.per_chunk {
            self.begun = 0;
        }
        Some(Message { slot, content })
    }

    /// The client may know by now how far the device is.
    pub(crate) fn told(&mut self) {
        self.known = self.completed;
    }

    /// The frame at which the next chunk is due; none where that does not depend on the clock.
    pub(crate) fn due(&self) -> Option<u64> {
        let by_clock = match self.supply {
            Supply::JustInTime => true,
            Supply::Packets { upto, ended } => ended && upto <= self.submitted_bytes(),
        };
        (by_clock && self.has_room())
            .then(|| self.submitted_frames().saturating_sub(u64::from(self.shape.low)))
    }

    /// Whether a chunk is to be submitted, and how.
    fn begin(&mut self, consumed: u64, step: u64) -> Option<()> {
        let dry = self.is_at_rest();
        let filling = core::mem::take(&mut self.filling);
        if !self.has_room() {
            return None;
        }
        self.silent = match self.supply {
            Supply::JustInTime => {
                if !self.is_short(consumed, step, filling) {
                    return None;
                }
                let stale = self.render && !self.is_known();
                if stale && !dry {
                    return None;
                }
                self.filling = true;
                self.missed = self.missed.wrapping_add(u32::from(stale));
                stale
            }
            Supply::Packets { upto, ended } => {
                let end =
                    self.submitted_bytes().wrapping_add(if ended { 1 } else { self.shape.chunk_bytes() });
                let missing = upto < end;
                let due = if ended { self.is_short(consumed, step, filling) } else { dry };
                if missing && !due {
                    return None;
                }
                self.filling = missing && ended;
                self.missed = self.missed.wrapping_add(u32::from(missing && !ended));
                missing
            }
        };
        Some(())
    }

    /// Whether the device is to be given more just in time: a batch is begun when little is left, and goes on until there
    /// is enough.
    fn is_short(&self, consumed: u64, step: u64, filling: bool) -> bool {
        let lead = self.submitted_frames().saturating_sub(consumed);
        let enough = step.min(self.half()).max(self.shape.chunk());
        lead < enough && (filling || lead <= u64::from(self.shape.low))
    }

    /// What the next message carries, in a chunk that was begun.
    fn content(&self) -> Content {
        match self.supply {
            _ if self.silent => Content::Silence,
            Supply::JustInTime => Content::Sound,
            Supply::Packets { upto, .. } => {
                let left = upto.saturating_sub(self.submitted_bytes());
                match u32::try_from(left) {
                    Ok(0) => Content::Silence,
                    Ok(left) if left < self.shape.message => Content::End(left),
                    _ => Content::Sound,
                }
            }
        }
    }

    /// All of the next chunk's last lap came back.
    fn has_room(&self) -> bool {
        let after = self.submitted.wrapping_add(u64::from(self.shape.per_chunk));
        after.wrapping_sub(self.completed) <= u64::from(self.shape.slots)
    }

    /// The client could know that it did, and write; or it is the first lap.
    fn is_known(&self) -> bool {
        let after = self.submitted.wrapping_add(u64::from(self.shape.per_chunk));
        after.saturating_sub(u64::from(self.shape.slots)) <= self.known
    }

    /// Frames of half the buffer.
    fn half(&self) -> u64 {
        u64::from(self.shape.frames).wrapping_mul(u64::from(self.shape.slots)) >> 1
    }

    fn after(&self, slot: u8) -> u8 {
        let next = slot.wrapping_add(1);
        if next >= self.shape.slots { 0 } else { next }
    }
}
