//! How a cyclic buffer is cut.

/// The shortest chunk at any rate, in frames: one millisecond at 48 kHz.
const MIN_CHUNK_FRAMES: u32 = 48;

/// The shortest chunk at `rate`, in frames: a millisecond, or less at rates that are high.
pub(crate) const fn least_frames(rate: u32) -> u32 {
    let millisecond = rate.div_ceil(1_000);
    if millisecond < MIN_CHUNK_FRAMES { millisecond } else { MIN_CHUNK_FRAMES }
}

/// How many chunks a device wants a cyclic buffer in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunks {
    /// Where nobody wants notifications.
    pub(crate) silent: u32,
    /// Where one is wanted a lap. With two, each half is a chunk.
    pub(crate) once: u32,
}

/// A cyclic buffer cut into pieces.
///
/// # Invariants
///
/// `chunk` is whole frames and divides `bytes`; `period` is 0 or a multiple of `chunk` that divides `bytes`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cut {
    /// Whole buffer, in bytes.
    pub(crate) bytes: u32,
    /// What the device is handed at a time, in bytes.
    pub(crate) chunk: u32,
    /// From one notification to the next, in bytes; 0 without notifications.
    pub(crate) period: u32,
}

impl Cut {
    /// Each half of the buffer is a packet: there are two notifications a lap.
    pub(crate) fn has_packets(&self) -> bool {
        self.period != 0 && self.period.wrapping_mul(2) == self.bytes
    }

    /// The smallest buffer of at least `requested` bytes with so many `notifications` a lap (none to two), in frames
    /// of `frame` bytes at `rate`. Audio clients give up on a buffer smaller than they asked for, so that rounding goes up
    /// only; a request for nothing gets the minimum.
    ///
    /// None if that is more than `limit`, or if there is no such number of notifications, chunks or bytes.
    pub(crate) fn at_least(
        requested: u32,
        notifications: u32,
        chunks: Chunks,
        frame: u32,
        rate: u32,
        limit: u32,
    ) -> Option<Self> {
        let parts = match notifications {
            0 => chunks.silent,
            1 => chunks.once,
            2 => 2,
            _ => return None,
        };
        let frames = requested.checked_add(frame.checked_sub(1)?)?.checked_div(frame)?;
        let chunk_frames = frames.checked_add(parts.checked_sub(1)?)?.checked_div(parts)?;
        let chunk = chunk_frames.max(least_frames(rate)).max(1).checked_mul(frame)?;
        let bytes = chunk.checked_mul(parts)?;
        let period = bytes.checked_div(notifications).unwrap_or(0);
        // INVARIANT: the buffer is `parts` chunks; with notifications it is one period of them, or two of one each.
        (bytes <= limit).then_some(Self { bytes, chunk, period })
    }
}
