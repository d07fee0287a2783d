//! Device registers, in port or memory space, until the resources are given back.

use core::ptr::{NonNull, read_volatile, write_volatile};

use portcls::irql::{Irql, Passive};
use portcls::{Result, Status};
use wdk_sys::ntddk::MmUnmapIoSpace;
use wdk_sys::{PAGE_NOCACHE, PAGE_READWRITE, PHYSICAL_ADDRESS, PVOID, SIZE_T, ULONG};

use super::rundown::{Inside, Rundown};
use super::time;

// Not in every header set; MmMapIoSpace, which is, maps device registers executable.
unsafe extern "C" {
    fn MmMapIoSpaceEx(PhysicalAddress: PHYSICAL_ADDRESS, NumberOfBytes: SIZE_T, Protect: ULONG) -> PVOID;
}

/// One base address register of a device: a window of registers.
///
/// An access beyond the window reads all ones and writes nothing, as an absent device does. So does one to a window that
/// was [closed](Registers::close), whoever comes late with it and at whatever IRQL.
pub(crate) struct Registers {
    space: Space,
    bytes: u32,
    /// Who is in the middle of an access.
    users: Rundown,
}

enum Space {
    /// First port.
    #[cfg(target_arch = "x86_64")]
    Port(u16),
    /// Mapped memory; the platforms without port instructions show port ranges there, too.
    Memory(NonNull<u8>),
}

impl Registers {
    /// A window of `bytes` ports from `start` on.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_CONFIGURATION_ERROR` where there are no such ports.
    #[cfg(target_arch = "x86_64")]
    pub(crate) fn ports(start: u64, bytes: u32) -> Result<Self> {
        let first = u16::try_from(start).map_err(|_| Status::DEVICE_CONFIGURATION_ERROR)?;
        let bytes = u16::try_from(bytes).map_err(|_| Status::DEVICE_CONFIGURATION_ERROR)?;
        first.checked_add(bytes).ok_or(Status::DEVICE_CONFIGURATION_ERROR)?;
        Ok(Self { space: Space::Port(first), bytes: u32::from(bytes), users: Rundown::new() })
    }

    /// There are no port instructions.
    #[cfg(not(target_arch = "x86_64"))]
    pub(crate) fn ports(_start: u64, _bytes: u32) -> Result<Self> {
        Err(Status::DEVICE_CONFIGURATION_ERROR)
    }

    /// A window of `bytes` of memory at the physical address `start`, mapped until it is closed or dropped. What is
    /// aligned in the window is aligned as far as `start` is.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn memory(_at: &Irql<Passive>, start: u64, bytes: u32) -> Result<Self> {
        let address = PHYSICAL_ADDRESS { QuadPart: start.cast_signed() };
        // SAFETY: the range is one of the device's translated resources.
        let mapped = unsafe { MmMapIoSpaceEx(address, u64::from(bytes), PAGE_READWRITE | PAGE_NOCACHE) };
        let mapped = NonNull::new(mapped.cast()).ok_or(Status::INSUFFICIENT_RESOURCES)?;
        Ok(Self { space: Space::Memory(mapped), bytes, users: Rundown::new() })
    }

    /// Gives the window up while its owner lives on: the resources behind it go to somebody else. No access is under
    /// way when this returns, and none takes place from then on.
    pub(crate) fn close(&self, at: &Irql<Passive>) {
        if !self.users.close() {
            return;
        }
        // Whoever is inside leaves it after one access, but this thread may have to let it run.
        while !self.users.is_empty() {
            time::sleep(at, 1);
        }
        // SAFETY: nobody is inside, and nobody comes any more; the drop finds the window closed.
        unsafe { self.unmap() };
    }

    /// Unmaps the window.
    ///
    /// # Safety
    ///
    /// Called once. Nobody reaches the window any more.
    unsafe fn unmap(&self) {
        match self.space {
            #[cfg(target_arch = "x86_64")]
            Space::Port(_) => {}
            // SAFETY: mapped at construction, with this length, and unmapped once by the contract.
            Space::Memory(base) => unsafe { MmUnmapIoSpace(base.as_ptr().cast(), u64::from(self.bytes)) },
        }
    }

    /// Bytes of the window.
    pub(crate) fn bytes(&self) -> u32 {
        self.bytes
    }

    /// Reads 8 bits.
    pub(crate) fn read8(&self, register: impl Into<u32>) -> u8 {
        match self.locate::<u8>(register.into()) {
            #[cfg(target_arch = "x86_64")]
            Some((Place::Port(port), _inside)) => ports::read8(port),
            Some((Place::Memory(address), _inside)) => {
                // SAFETY: within the mapping, which stays as long as somebody is inside; aligned.
                let value = unsafe { read_volatile(address) };
                barrier();
                value
            }
            None => u8::MAX,
        }
    }

    /// Reads 16 bits.
    pub(crate) fn read16(&self, register: impl Into<u32>) -> u16 {
        match self.locate::<u16>(register.into()) {
            #[cfg(target_arch = "x86_64")]
            Some((Place::Port(port), _inside)) => ports::read16(port),
            Some((Place::Memory(address), _inside)) => {
                // SAFETY: within the mapping, which stays as long as somebody is inside; aligned.
                let value = unsafe { read_volatile(address) };
                barrier();
                value
            }
            None => u16::MAX,
        }
    }

    /// Reads 32 bits.
    pub(crate) fn read32(&self, register: impl Into<u32>) -> u32 {
        match self.locate::<u32>(register.into()) {
            #[cfg(target_arch = "x86_64")]
            Some((Place::Port(port), _inside)) => ports::read32(port),
            Some((Place::Memory(address), _inside)) => {
                // SAFETY: within the mapping, which stays as long as somebody is inside; aligned.
                let value = unsafe { read_volatile(address) };
                barrier();
                value
            }
            None => u32::MAX,
        }
    }

    /// Writes 8 bits.
    pub(crate) fn write8(&self, register: impl Into<u32>, value: u8) {
        match self.locate::<u8>(register.into()) {
            #[cfg(target_arch = "x86_64")]
            Some((Place::Port(port), _inside)) => ports::write8(port, value),
            Some((Place::Memory(address), _inside)) => {
                barrier();
                // SAFETY: within the mapping, which stays as long as somebody is inside; aligned.
                unsafe { write_volatile(address, value) };
            }
            None => {}
        }
    }

    /// Writes 16 bits.
    pub(crate) fn write16(&self, register: impl Into<u32>, value: u16) {
        match self.locate::<u16>(register.into()) {
            #[cfg(target_arch = "x86_64")]
            Some((Place::Port(port), _inside)) => ports::write16(port, value),
            Some((Place::Memory(address), _inside)) => {
                barrier();
                // SAFETY: within the mapping, which stays as long as somebody is inside; aligned.
                unsafe { write_volatile(address, value) };
            }
            None => {}
        }
    }

    /// Writes 32 bits.
    pub(crate) fn write32(&self, register: impl Into<u32>, value: u32) {
        match self.locate::<u32>(register.into()) {
            #[cfg(target_arch = "x86_64")]
            Some((Place::Port(port), _inside)) => ports::write32(port, value),
            Some((Place::Memory(address), _inside)) => {
                barrier();
                // SAFETY: within the mapping, which stays as long as somebody is inside; aligned.
                unsafe { write_volatile(address, value) };
            }
            None => {}
        }
    }

    /// Where a register of type `T` is, if it lies within the window and is aligned, and leave to reach it.
    #[inline(always)]
    fn locate<T>(&self, register: u32) -> Option<(Place<T>, Inside<'_>)> {
        let size = size_of::<T>() as u32;
        let end = register.checked_add(size)?;
        if end > self.bytes || register & size.wrapping_sub(1) != 0 {
            return None;
        }
        let inside = self.users.enter()?;
        let place = match self.space {
            #[cfg(target_arch = "x86_64")]
            // A window of ports is never longer than 16 bits tell.
            Space::Port(first) => Place::Port(first.wrapping_add(register as u16)),
            Space::Memory(base) => Place::Memory(base.as_ptr().wrapping_add(register as usize).cast()),
        };
        Some((place, inside))
    }
}

impl Drop for Registers {
    fn drop(&mut self) {
        if !self.users.is_closed() {
            // SAFETY: not unmapped yet, and nobody else has it.
            unsafe { self.unmap() };
        }
    }
}

// SAFETY: registers may be reached from any processor; their order is the caller's concern.
unsafe impl Send for Registers {}
// SAFETY: as above.
unsafe impl Sync for Registers {}

enum Place<T> {
    #[cfg(target_arch = "x86_64")]
    Port(u16),
    Memory(*mut T),
}

/// Orders accesses to device registers with those to memory that the device sees, where the processor does not.
pub(crate) fn barrier() {
    #[cfg(target_arch = "aarch64")]
    // SAFETY: a barrier changes nothing.
    unsafe {
        core::arch::asm!("dmb sy", options(nostack, preserves_flags));
    }
}

/// The port instructions.
#[cfg(target_arch = "x86_64")]
mod ports {
    use core::arch::asm;

    macro_rules! port {
        ($read:ident, $write:ident, $type:ty, $accumulator:tt) => {
            pub(super) fn $read(port: u16) -> $type {
                let value: $type;
                // SAFETY: a port of the device, within a window of its resources; reading it changes no memory.
                unsafe {
                    asm!(concat!("in ", $accumulator, ", dx"), in("dx") port, out($accumulator) value,
                        options(nostack, preserves_flags));
                }
                value
            }

            pub(super) fn $write(port: u16, value: $type) {
                // SAFETY: a port of the device, within a window of its resources. What the device does to memory
                // then is between its engine and the owner of that memory.
                unsafe {
                    asm!(concat!("out dx, ", $accumulator), in("dx") port, in($accumulator) value,
                        options(nostack, preserves_flags));
                }
            }
        };
    }

    port!(read8, write8, u8, "al");
    port!(read16, write16, u16, "ax");
    port!(read32, write32, u32, "eax");
}
