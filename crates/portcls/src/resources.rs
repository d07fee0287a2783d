//! The resources that PnP assigned to the device, as the CPU sees them.

use core::ptr::NonNull;

use crate::com::ComPtr;
use crate::irql::{Irql, Passive};
use crate::raw::{
    CM_PARTIAL_RESOURCE_DESCRIPTOR, CM_RESOURCE_INTERRUPT_LATCHED, CM_RESOURCE_INTERRUPT_MESSAGE,
    CM_RESOURCE_MEMORY_LARGE_40, CM_RESOURCE_MEMORY_LARGE_48, CM_RESOURCE_MEMORY_LARGE_64,
    CM_RESOURCE_PORT_IO, CM_RESOURCE_TYPE, CmResourceShareShared, CmResourceTypeInterrupt,
    CmResourceTypeMemory, CmResourceTypeMemoryLarge, CmResourceTypePort, IResourceList,
};

/// A range of I/O ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    /// The first port; a physical address where `memory_mapped`.
    pub start: u64,
    /// In bytes.
    pub length: u32,
    /// The platform has no I/O ports and shows them in memory.
    pub memory_mapped: bool,
}

/// A range of device memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryRange {
    /// A physical address.
    pub start: u64,
    /// In bytes.
    pub length: u64,
}

/// An interrupt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterruptLine {
    /// The IRQL of its service routine.
    pub level: u32,
    /// Its vector.
    pub vector: u32,
    /// The processors it may go to, a bit each.
    pub affinity: usize,
    /// Edge-triggered rather than level-triggered.
    pub latched: bool,
    /// Other devices may have it too.
    pub shared: bool,
    /// Signalled by a message (MSI, MSI-X) rather than a line.
    pub message: bool,
}

impl ComPtr<IResourceList> {
    /// How many port ranges there are.
    #[must_use]
    pub fn port_count(&self, irql: &Irql<Passive>) -> u32 {
        self.count(irql, CmResourceTypePort)
    }

    /// How many ranges of memory there are, ordinary ones.
    #[must_use]
    pub fn memory_count(&self, irql: &Irql<Passive>) -> u32 {
        self.count(irql, CmResourceTypeMemory)
    }

    /// How many interrupts there are; one a message.
    #[must_use]
    pub fn interrupt_count(&self, irql: &Irql<Passive>) -> u32 {
        self.count(irql, CmResourceTypeInterrupt)
    }

    /// Port range `index`.
    #[must_use]
    pub fn port(&self, irql: &Irql<Passive>, index: u32) -> Option<PortRange> {
        let entry = self.find(irql, CmResourceTypePort, index)?;
        // SAFETY: the arm that this type of entry has.
        let port = unsafe { entry.u.Port };
        Some(PortRange {
            start: port.Start as u64,
            length: port.Length,
            memory_mapped: u32::from(entry.Flags) & CM_RESOURCE_PORT_IO == 0,
        })
    }

    /// Ordinary range of memory `index`.
    #[must_use]
    pub fn memory(&self, irql: &Irql<Passive>, index: u32) -> Option<MemoryRange> {
        let entry = self.find(irql, CmResourceTypeMemory, index)?;
        // SAFETY: the arm that this type of entry has.
        let memory = unsafe { entry.u.Memory };
        Some(MemoryRange { start: memory.Start as u64, length: memory.Length.into() })
    }

    /// Ordinary range of memory `index` as the bus has it: what the device's base address register holds.
    #[must_use]
    pub fn raw_memory(&self, irql: &Irql<Passive>, index: u32) -> Option<MemoryRange> {
        if index >= self.memory_count(irql) {
            return None;
        }
        // SAFETY: a method of a live object, at PASSIVE_LEVEL.
        let entry =
            unsafe { (self.vtbl().FindUntranslatedEntry)(self.as_raw(), CmResourceTypeMemory, index) };
        // SAFETY: an entry of the list, which lives as long as the list; entries are packed.
        let entry = NonNull::new(entry).map(|entry| unsafe { entry.read_unaligned() })?;
        // SAFETY: the arm that this type of entry has.
        let memory = unsafe { entry.u.Memory };
        Some(MemoryRange { start: memory.Start as u64, length: memory.Length.into() })
    }

    /// Large range of memory `index`: these are counted apart.
    #[must_use]
    pub fn large_memory(&self, irql: &Irql<Passive>, index: u32) -> Option<MemoryRange> {
        let entry = self.find(irql, CmResourceTypeMemoryLarge, index)?;
        let flags = u32::from(entry.Flags);
        // The three arms differ in the length's unit alone.
        let shift = if flags & CM_RESOURCE_MEMORY_LARGE_40 != 0 {
            8
        } else if flags & CM_RESOURCE_MEMORY_LARGE_48 != 0 {
            16
        } else if flags & CM_RESOURCE_MEMORY_LARGE_64 != 0 {
            32
        } else {
            return None;
        };
        // SAFETY: the arm that this type of entry has.
        let memory = unsafe { entry.u.Memory40 };
        Some(MemoryRange { start: memory.Start as u64, length: u64::from(memory.Length40) << shift })
    }

    /// Interrupt `index`.
    #[must_use]
    pub fn interrupt(&self, irql: &Irql<Passive>, index: u32) -> Option<InterruptLine> {
        let entry = self.find(irql, CmResourceTypeInterrupt, index)?;
        let flags = u32::from(entry.Flags);
        // SAFETY: the arm that this type of entry has; a translated message lies the same.
        let interrupt = unsafe { entry.u.Interrupt };
        Some(InterruptLine {
            level: interrupt.Level,
            vector: interrupt.Vector,
            affinity: interrupt.Affinity,
            latched: flags & CM_RESOURCE_INTERRUPT_LATCHED != 0,
            shared: i32::from(entry.ShareDisposition) == CmResourceShareShared,
            message: flags & CM_RESOURCE_INTERRUPT_MESSAGE != 0,
        })
    }

    fn count(&self, _irql: &Irql<Passive>, kind: CM_RESOURCE_TYPE) -> u32 {
        // SAFETY: a method of a live object, at PASSIVE_LEVEL.
        unsafe { (self.vtbl().NumberOfEntriesOfType)(self.as_raw(), kind) }
    }

    fn find(
        &self,
        irql: &Irql<Passive>,
        kind: CM_RESOURCE_TYPE,
        index: u32,
    ) -> Option<CM_PARTIAL_RESOURCE_DESCRIPTOR> {
        if index >= self.count(irql, kind) {
            return None;
        }
        // SAFETY: a method of a live object, at PASSIVE_LEVEL.
        let entry = unsafe { (self.vtbl().FindTranslatedEntry)(self.as_raw(), kind, index) };
        // SAFETY: an entry of the list, which lives as long as the list; entries are packed.
        NonNull::new(entry).map(|entry| unsafe { entry.read_unaligned() })
    }
}
