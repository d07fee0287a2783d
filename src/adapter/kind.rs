//! Which device it is.
#![forbid(unsafe_code)]

use portcls::irql::{Irql, Passive};
use portcls::{Result, Status, handle};

use crate::platform::pci::ConfigSpace;
use crate::platform::trace;

/// The devices of this driver, which are those of the INF.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Intel 82801AA, the ICH's AC'97 controller.
    Ac97,
    /// A virtio sound device of virtio 1.x.
    VirtioSnd,
}

impl Kind {
    /// What the device below `pdo` says that it is.
    ///
    /// # Errors
    ///
    /// `STATUS_NO_SUCH_DEVICE` for a device that this driver does not know, or that does not answer; what the bus
    /// driver says if it has no way to ask.
    pub(super) fn of(irql: &Irql<Passive>, pdo: handle::Device) -> Result<Self> {
        let mut id = [0; 4];
        if !ConfigSpace::of(irql, pdo)?.read(irql, 0, &mut id) {
            return Err(Status::NO_SUCH_DEVICE);
        }
        let [vendor, vendor_high, device, device_high] = id;
        match (u16::from_le_bytes([vendor, vendor_high]), u16::from_le_bytes([device, device_high])) {
            (0x8086, 0x2415) => Ok(Self::Ac97),
            (0x1AF4, 0x1059) => Ok(Self::VirtioSnd),
            _ => {
                trace::value(c"no device of this driver, id", u32::from_le_bytes(id));
                Err(Status::NO_SUCH_DEVICE)
            }
        }
    }
}
