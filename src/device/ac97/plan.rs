//! From physical runs to buffer descriptors: where the cyclic buffer is cut.
//!
//! ```text
//!   pages      |4096    |4096    |4096    |         physical runs, neighbours merged
//!   periods    |      A      |      B      |         one notification each
//!   segments   |   0    | 1  | 2 |    3    |         one descriptor each, a power of two of them
//! ```
//!
//! The device walks a ring of exactly 32 descriptors. When the number of segments divides 32, the ring
//! repeats as the buffer does, and is written once instead of once a lap.

use crate::device::run::Run;

/// Descriptors in the ring of one DMA engine.
pub(crate) const RING: usize = 32;

/// The longest segment, in bytes: whole frames within the 16-bit sample count of a descriptor.
pub(crate) const MAX_SEGMENT_BYTES: u32 = 0x1_FFFC;

/// The longest buffer that any plan can cover, in bytes.
pub(crate) const MAX_BUFFER_BYTES: u32 = MAX_SEGMENT_BYTES.wrapping_mul(RING as u32);

/// What one descriptor says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Physical address.
    pub(crate) address: u32,
    /// Length in bytes, whole frames.
    pub(crate) bytes: u32,
    /// Where the segment starts in the buffer, in bytes.
    pub(crate) offset: u32,
    /// A notification is due when the device is done with it.
    pub(crate) ends_period: bool,
}

impl Segment {
    /// The first `bytes` bytes of the segment, without its end.
    pub(crate) fn head(self, bytes: u32) -> Self {
        if bytes < self.bytes { Self { bytes, ends_period: false, ..self } } else { self }
    }

    /// The same segment without its first `skip` bytes.
    pub(crate) fn rest(self, skip: u32) -> Self {
        let skip = skip.min(self.bytes);
        Self {
            address: self.address.wrapping_add(skip),
            bytes: self.bytes.wrapping_sub(skip),
            offset: self.offset.wrapping_add(skip),
            ..self
        }
    }
}

/// Why a buffer cannot be described.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PlanError {
    /// More than 32 segments; memory in fewer pieces would do.
    TooManySegments,
    /// Memory beyond the 32 address bits of the device.
    OutOfReach,
    /// The runs do not make up whole periods of whole frames.
    NotWholePeriods,
}

/// The segments of one cyclic buffer.
///
/// # Invariants
///
/// Their number is a power of two, at most [`RING`]; they cover the buffer from start to end without gap or
/// overlap; each is whole frames, not empty, at most [`MAX_SEGMENT_BYTES`], and within one run and one period.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    segments: [Segment; RING],
    count: usize,
    bytes: u32,
    period: u32,
}

impl Plan {
    /// Cuts the buffer made of `runs` at the borders of the runs and at every `period` bytes. Where `last` is not 0, the
    /// last `last` bytes of each period are a segment of their own.
    ///
    /// # Errors
    ///
    /// See [`PlanError`].
    pub(crate) fn new(runs: &[Run], period: u32, last: u32, frame: u32) -> Result<Self, PlanError> {
        if frame == 0 || period == 0 || !period.is_multiple_of(frame) {
            return Err(PlanError::NotWholePeriods);
        }
        let mut plan = Self { segments: [Segment::default(); RING], count: 0, bytes: 0, period };
        let mut left_in_period = period;
        for run in runs {
            let mut address = u32::try_from(run.address).map_err(|_| PlanError::OutOfReach)?;
            address.checked_add(run.bytes.saturating_sub(1)).ok_or(PlanError::OutOfReach)?;
            let mut left = run.bytes;
            while left > 0 {
                let up_to_cut = left_in_period.checked_sub(last).filter(|bytes| *bytes > 0);
                let bytes = left.min(up_to_cut.unwrap_or(left_in_period)).min(MAX_SEGMENT_BYTES);
                if !bytes.is_multiple_of(frame) {
                    return Err(PlanError::NotWholePeriods);
                }
                left_in_period = left_in_period.wrapping_sub(bytes);
                let ends_period = left_in_period == 0;
                plan.push(Segment { address, bytes, offset: plan.bytes, ends_period })?;
                if ends_period {
                    left_in_period = period;
                }
                address = address.wrapping_add(bytes);
                left = left.wrapping_sub(bytes);
            }
        }
        if plan.count == 0 || left_in_period != period {
            return Err(PlanError::NotWholePeriods);
        }
        while !plan.count.is_power_of_two() {
            plan.halve_longest(frame)?;
        }
        Ok(plan)
    }

    /// The segments in the order in which the device plays them.
    pub(crate) fn segments(&self) -> &[Segment] {
        self.segments.get(..self.count).unwrap_or_default()
    }

    /// The segment with this number, counted round and round.
    pub(crate) fn segment(&self, number: u64) -> Segment {
        // INVARIANT: the count is a power of two, so that the mask is the remainder, and in range.
        let index = (number as usize) & self.count.wrapping_sub(1);
        self.segments.get(index).copied().unwrap_or_default()
    }

    /// Bytes of the whole laps before the segment with this number, counted round and round.
    pub(crate) fn laps_bytes(&self, number: u64) -> u64 {
        // INVARIANT: the count is a power of two.
        let laps = number.wrapping_shr(self.count.trailing_zeros());
        laps.wrapping_mul(u64::from(self.bytes))
    }

    /// Length of the buffer in bytes.
    pub(crate) fn bytes(&self) -> u32 {
        self.bytes
    }

    /// Length of a period in bytes.
    pub(crate) fn period(&self) -> u32 {
        self.period
    }

    /// Length of the longest segment in bytes.
    pub(crate) fn longest(&self) -> u32 {
        self.segments().iter().map(|segment| segment.bytes).max().unwrap_or(0)
    }

    /// Number of the segment that holds the byte at `offset` (less than [`Plan::bytes`]).
    pub(crate) fn segment_at(&self, offset: u32) -> usize {
        self.segments().iter().rposition(|segment| segment.offset <= offset).unwrap_or(0)
    }

    fn push(&mut self, segment: Segment) -> Result<(), PlanError> {
        let slot = self.segments.get_mut(self.count).ok_or(PlanError::TooManySegments)?;
        *slot = segment;
        self.count = self.count.wrapping_add(1);
        self.bytes = self.bytes.checked_add(segment.bytes).ok_or(PlanError::TooManySegments)?;
        Ok(())
    }

    /// Cuts the longest segment in two, at a frame.
    fn halve_longest(&mut self, frame: u32) -> Result<(), PlanError> {
        let longest = self
            .segments()
            .iter()
            .enumerate()
            .max_by_key(|(_, segment)| segment.bytes)
            .map(|(index, _)| index);
        let mut carried = None;
        for (index, slot) in self.segments.iter_mut().enumerate() {
            if let Some(previous) = carried {
                carried = Some(core::mem::replace(slot, previous));
            } else if Some(index) == longest {
                let whole = *slot;
                let frames = whole.bytes.checked_div(frame).unwrap_or(0);
                let head = (frames >> 1).wrapping_mul(frame);
                if head == 0 {
                    return Err(PlanError::NotWholePeriods);
                }
                *slot = whole.head(head);
                carried = Some(whole.rest(head));
            }
        }
        // INVARIANT: the count is not a power of two here, hence below 32, and what falls off the end is empty.
        self.count = self.count.wrapping_add(1);
        Ok(())
    }
}
