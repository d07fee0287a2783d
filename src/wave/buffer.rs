//! The cyclic buffer: pages that the client writes and the device reads.

use portcls::irql::{Irql, Passive};
use portcls::pages::Pages;
use portcls::raw::IPortWaveRTStream;
use portcls::{ComPtr, Result, Status};

use super::channel::Channel;
use crate::device::SoundDevice;
use crate::device::cut::Cut;
use crate::device::formats::StreamFormat;
use crate::device::run::Run;

/// Physical runs that are looked at; a buffer in more pieces is allocated anew in one.
const MAX_RUNS: usize = 32;
/// The highest address for a bus master with 32 address bits.
const HIGHEST: u64 = 0xFFFF_FFFF;
const PAGE_BYTES: u32 = 4096;

/// Allocates pages for the buffer `cut`, and has the device of `channel` cut them up.
///
/// Scattered pages are tried first, as they are the easier ones to have. Where they lie so scattered that the
/// device cannot describe them, contiguous ones take their place.
///
/// # Errors
///
/// `STATUS_INSUFFICIENT_RESOURCES`.
pub(super) fn allocate<D: SoundDevice>(
    at: &Irql<Passive>,
    port: &ComPtr<IPortWaveRTStream>,
    channel: &Channel<D>,
    cut: Cut,
    format: &StreamFormat,
) -> Result<(Pages, D::Layout)> {
    let scattered = Pages::allocate(at, port, HIGHEST, cut.bytes)?;
    if scattered.byte_count() < cut.bytes {
        // Memory is short, and a smaller buffer is of no use to the client.
        return Err(Status::INSUFFICIENT_RESOURCES);
    }
    if let Ok(layout) = lay_out(at, &scattered, channel, cut, format) {
        return Ok((scattered, layout));
    }
    scattered.free(at);
    let contiguous = Pages::allocate_contiguous(at, port, 0, HIGHEST, cut.bytes)?;
    let layout = lay_out(at, &contiguous, channel, cut, format)?;
    Ok((contiguous, layout))
}

/// Finds the physical runs of the buffer, and has the device cut them up.
fn lay_out<D: SoundDevice>(
    at: &Irql<Passive>,
    pages: &Pages,
    channel: &Channel<D>,
    cut: Cut,
    format: &StreamFormat,
) -> Result<D::Layout> {
    let mut runs = [Run::default(); MAX_RUNS];
    let mut used = 0_usize;
    let mut left = cut.bytes;
    let mut page = 0;
    while left > 0 {
        let address = pages.page_address(at, page).ok_or(Status::INSUFFICIENT_RESOURCES)?;
        let next = Run { address, bytes: left.min(PAGE_BYTES) };
        left = left.saturating_sub(PAGE_BYTES);
        page = page.wrapping_add(1);
        let last = used.checked_sub(1).and_then(|last| runs.get_mut(last));
        if let Some(last) = last
            && let Some(merged) = last.merged(next)
        {
            *last = merged;
            continue;
        }
        *runs.get_mut(used).ok_or(Status::INSUFFICIENT_RESOURCES)? = next;
        used = used.wrapping_add(1);
    }
    let runs = runs.get(..used).unwrap_or_default();
    channel.device().lay_out(at, channel.endpoint(), runs, cut, format)
}
