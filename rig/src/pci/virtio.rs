//! What of a virtio function the rig tells apart from other registers: where drivers notify the device, and where they
//! set up its queues (Virtual I/O Device 1.2, 4.1.4).

use std::ops::Range;

use super::Hardware;
use super::Result;
use super::Space;
use super::Width;
use super::capabilities;

/// Vendor-specific capability, as which virtio describes its structures.
const VENDOR_SPECIFIC: u32 = 0x09;
/// `VIRTIO_PCI_CAP_COMMON_CFG` and `VIRTIO_PCI_CAP_NOTIFY_CFG`.
const COMMON: u32 = 1;
const NOTIFY: u32 = 2;

const VENDOR: u16 = 0x1af4;

/// Physical addresses at which the driver notifies a virtio function; none for another function.
///
/// # Errors
/// The machine does not answer.
pub fn notify_area(hardware: &mut dyn Hardware) -> Result<Option<Range<u64>>> {
    area(hardware, NOTIFY)
}

/// Physical addresses of the common configuration of a virtio function; none for another function.
///
/// # Errors
/// The machine does not answer.
pub(super) fn common_area(hardware: &mut dyn Hardware) -> Result<Option<Range<u64>>> {
    area(hardware, COMMON)
}

fn area(hardware: &mut dyn Hardware, kind: u32) -> Result<Option<Range<u64>>> {
    if hardware.identity().vendor != VENDOR {
        return Ok(None);
    }
    for at in capabilities(hardware, VENDOR_SPECIFIC)? {
        if hardware.read_config(at + 3, Width::Byte)? != kind {
            continue;
        }
        let index = hardware.read_config(at + 4, Width::Byte)?;
        let offset = u64::from(hardware.read_config(at + 8, Width::Dword)?);
        let length = u64::from(hardware.read_config(at + 12, Width::Dword)?);
        let bars = &hardware.resources().bars;
        let bar = bars.iter().find(|bar| u32::from(bar.index) == index && bar.space != Space::Port);
        return Ok(bar.map(|bar| bar.base + offset..bar.base + offset + length));
    }
    Ok(None)
}
