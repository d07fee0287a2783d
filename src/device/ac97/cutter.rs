//! From mappings to buffer descriptors: what the DMA is given of them directly, and what is copied.
//!
//! ```text
//!   mappings   |      A        |B| C |             D              |
//!   frames     |   |   |   |   |   |   |   |   |   |   |   |   |   |
//!   pieces     | direct    | copied    | direct                |  ...
//! ```
//!
//! The DMA wants whole frames at addresses that are multiples of four, below 4 GB: data sheets name multiples of two, and
//! QEMU takes four. A frame that is split between mappings, memory that lies otherwise, and parts that are not worth a
//! descriptor, of which there are but 32, are copied to or from a slot of the driver's own; the rest is not.

use core::ops::DerefMut;

use super::plan::MAX_SEGMENT_BYTES;
use crate::device::mappings::{Extent, Mappings, Place, Stretch};

/// The longest copied piece, in bytes.
pub(crate) const SLOT_BYTES: u32 = 2048;
/// The shortest direct piece, in bytes.
pub(crate) const DIRECT_BYTES: u32 = 1024;
/// What addresses are multiples of.
const ALIGNMENT: u64 = 4;
/// What lies below it is in reach.
const REACH: u64 = 1 << 32;

/// A mapping with an address.
pub(crate) trait Located: Extent {
    /// Where the DMA finds it.
    fn address(&self) -> u64;
}

/// What one descriptor stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Piece {
    /// The part of the stream.
    pub(crate) stretch: Stretch,
    /// Where it lies; none if it is copied.
    pub(crate) address: Option<u32>,
}

/// The next piece of `longest` bytes at most; none if there is nothing. It is not given yet.
pub(crate) fn next<M: Located, S: DerefMut<Target = [Place<M>]>>(
    mappings: &mut Mappings<S>,
    frame: u32,
    longest: u32,
) -> Option<Piece> {
    let ready = mappings.ready();
    if ready.bytes == 0 {
        return None;
    }
    if let Some((address, bytes)) = direct(mappings, ready, frame) {
        let longest = longest.min(MAX_SEGMENT_BYTES);
        let bytes = bytes.min(longest.wrapping_sub(longest.checked_rem(frame).unwrap_or(0)));
        return Some(Piece { stretch: Stretch { bytes, ..ready }, address: Some(address) });
    }
    // As far as nothing can be given directly.
    let most = ready.bytes.min(SLOT_BYTES.wrapping_sub(SLOT_BYTES.checked_rem(frame).unwrap_or(0)));
    let mut bytes = 0_u32;
    for span in mappings.spans(Stretch { bytes: most, ..ready }) {
        bytes = bytes.wrapping_add(span.bytes);
        let whole = bytes.checked_next_multiple_of(frame).unwrap_or(bytes).min(most);
        let rest =
            Stretch { start: ready.start.wrapping_add(whole.into()), bytes: ready.bytes.wrapping_sub(whole) };
        if rest.bytes == 0 || direct(mappings, rest, frame).is_some() {
            bytes = whole;
            break;
        }
    }
    let bytes = bytes.checked_next_multiple_of(frame).unwrap_or(bytes).min(most);
    Some(Piece { stretch: Stretch { bytes, ..ready }, address: None })
}

/// Where the beginning of `ready` lies, and how much of it, if that can be given directly.
fn direct<M: Located, S: DerefMut<Target = [Place<M>]>>(
    mappings: &Mappings<S>,
    ready: Stretch,
    frame: u32,
) -> Option<(u32, u32)> {
    let span = mappings.spans(ready).next()?;
    let address = span.mapping.address().checked_add(span.from.into())?;
    let bytes = span.bytes.wrapping_sub(span.bytes.checked_rem(frame)?);
    let ends_in_reach = address.checked_add(bytes.into())? <= REACH;
    let fits = address.checked_rem(ALIGNMENT) == Some(0) && ends_in_reach;
    (fits && bytes >= DIRECT_BYTES).then_some((address as u32, bytes))
}
