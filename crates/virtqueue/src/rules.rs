//! What a chain may be made of.

use crate::{descriptor::Segment, queue::Error};

/// All bytes of one chain together (2.7.5.2).
const MAX_CHAIN_BYTES: u64 = 1 << 32;

/// What holds for the segments of a chain, one after the other.
#[derive(Default)]
pub(crate) struct Rules {
    writable: bool,
    bytes: u64,
}

impl Rules {
    /// The next segment.
    pub(crate) fn admit(&mut self, segment: &Segment) -> Result<(), Error> {
        if segment.bytes == 0 {
            return Err(Error::Empty);
        }
        if self.writable && !segment.writable {
            return Err(Error::Order);
        }
        self.writable = segment.writable;
        self.bytes = self.bytes.saturating_add(u64::from(segment.bytes));
        if self.bytes > MAX_CHAIN_BYTES { Err(Error::Long) } else { Ok(()) }
    }
}
