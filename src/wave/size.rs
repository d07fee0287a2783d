//! How large the cyclic buffer gets.

/// The shortest notification period, in frames: one millisecond at 48 kHz.
pub(crate) const MIN_PERIOD_FRAMES: u32 = 48;

/// Size of a cyclic buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BufferSize {
    /// Whole buffer, in bytes.
    pub(crate) bytes: u32,
    /// One notification period, in bytes: whole frames.
    pub(crate) period: u32,
}

impl BufferSize {
    /// The smallest buffer of at least `requested` bytes that has `periods` equal periods of whole frames
    /// (`frame` bytes each). Audio clients give up on a buffer smaller than they asked for, so that rounding
    /// goes up only; a request for nothing gets the minimum.
    ///
    /// None if that is more than `limit`, or if `periods` or `frame` is zero.
    pub(crate) fn at_least(requested: u32, periods: u32, frame: u32, limit: u32) -> Option<Self> {
        let frames = requested.checked_add(frame.checked_sub(1)?)?.checked_div(frame)?;
        let period_frames = frames.checked_add(periods.checked_sub(1)?)?.checked_div(periods)?;
        let period = period_frames.max(MIN_PERIOD_FRAMES).checked_mul(frame)?;
        let bytes = period.checked_mul(periods)?;
        (bytes <= limit).then_some(Self { bytes, period })
    }
}
