//! The hardware resources of the device.
#![forbid(unsafe_code)]

use portcls::irql::{Irql, Passive};
use portcls::raw::IResourceList;
use portcls::{ComPtr, Result, Status};

use crate::platform::interrupt::Line;
use crate::platform::io::Registers;

/// What PnP assigned, translated.
pub(super) struct Resources {
    /// The codec's registers: the first range.
    pub(super) mixer: Registers,
    /// The bus master's registers: the second range.
    pub(super) bus: Registers,
    /// The interrupt line.
    pub(super) line: Line,
}

impl Resources {
    /// Picks two register ranges and an interrupt from the list.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_CONFIGURATION_ERROR` if one of them is not there.
    pub(super) fn pick(irql: &Irql<Passive>, list: &ComPtr<IResourceList>) -> Result<Self> {
        let interrupt = list.interrupt(irql, 0).ok_or(Status::DEVICE_CONFIGURATION_ERROR)?;
        let line = Line {
            vector: interrupt.vector,
            level: u8::try_from(interrupt.level).map_err(|_| Status::DEVICE_CONFIGURATION_ERROR)?,
            affinity: interrupt.affinity,
            latched: interrupt.latched,
            shared: interrupt.shared,
        };
        Ok(Self { mixer: range(irql, list, 0)?, bus: range(irql, list, 1)?, line })
    }
}

/// Port range number `index`; platforms without ports show it in memory.
fn range(irql: &Irql<Passive>, list: &ComPtr<IResourceList>, index: u32) -> Result<Registers> {
    if let Some(ports) = list.port(irql, index) {
        return if ports.memory_mapped {
            Registers::memory(irql, ports.start, ports.length)
        } else {
            Registers::ports(ports.start, ports.length)
        };
    }
    let memory = list.memory(irql, index).ok_or(Status::DEVICE_CONFIGURATION_ERROR)?;
    let bytes = u32::try_from(memory.length).map_err(|_| Status::DEVICE_CONFIGURATION_ERROR)?;
    Registers::memory(irql, memory.start, bytes)
}
