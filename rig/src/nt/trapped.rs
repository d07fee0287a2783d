//! Driver instructions that trap: port and device-memory accesses, and everything that is a fault.

use core::ffi::c_void;
use std::cell::RefCell;
use std::ops::Range;

use super::Context;
use super::Kernel;
use super::kernel;
use super::trace::Event;
use crate::pci::HardwareError;
use crate::pci::Width;
use crate::trap;
use crate::trap::Cause;
use crate::trap::Trap;

/// A range of device memory that the driver has mapped.
struct Window {
    range: Range<u64>,
    physical: u64,
}

thread_local! {
    static WINDOWS: RefCell<Vec<Window>> = const { RefCell::new(Vec::new()) };
}

/// Kinds of access, for the trace.
const PORT_READ: u8 = 0x10;
const PORT_WRITE: u8 = 0x20;
const MEMORY_READ: u8 = 0x30;
const MEMORY_WRITE: u8 = 0x40;

/// `STATUS_BREAKPOINT`, `STATUS_ILLEGAL_INSTRUCTION`, `STATUS_INTEGER_DIVIDE_BY_ZERO`, `STATUS_PRIVILEGED_INSTRUCTION`.
const BREAKPOINT: u32 = 0x8000_0003;
const ILLEGAL_INSTRUCTION: u32 = 0xC000_001D;
const DIVIDE_BY_ZERO: u32 = 0xC000_0094;
const PRIVILEGED_INSTRUCTION: u32 = 0xC000_0096;
/// `KERNEL_SECURITY_CHECK_FAILURE`, what a fast fail stops with.
const SECURITY_CHECK_FAILURE: u32 = 0x139;

pub(super) fn install() {
    trap::install(on_trap);
}

fn on_trap(trap: &mut Trap) {
    let kernel = kernel();
    let (rip, rsp) = (trap.rip, trap.rsp);
    match trap.cause {
        Cause::PortRead { port, width } => {
            kernel.check_owned(rip, rsp, u64::from(port));
            let value = kernel.access(PORT_READ, u64::from(port), width, |hardware| {
                hardware.read_port(port, width).map(u64::from)
            });
            trap.complete_read(value);
        }
        Cause::PortWrite { port, width, value } => {
            kernel.check_owned(rip, rsp, u64::from(port));
            kernel.access(PORT_WRITE, u64::from(port), width, |hardware| {
                hardware.write_port(port, width, value).map(|()| u64::from(value))
            });
            trap.complete_write();
        }
        Cause::MemoryRead { address, width } => {
            let physical = kernel.window(rip, rsp, address);
            let value =
                kernel.access(MEMORY_READ, physical, width, |hardware| hardware.read_memory(physical, width));
            trap.complete_read(value);
        }
        Cause::MemoryWrite { address, width, value } => {
            let physical = kernel.window(rip, rsp, address);
            kernel.access(MEMORY_WRITE, physical, width, |hardware| {
                hardware.write_memory(physical, width, value).map(|()| value)
            });
            trap.complete_write();
        }
        Cause::PageFault { address, .. } => kernel.verifier.driver_fault(kernel, rip, rsp, address),
        _ => {}
    }
    kernel.deliver();
    kernel.preempt();
}

impl Kernel {
    /// The device may be touched between start and stop only.
    fn check_owned(&self, rip: u64, stack: u64, address: u64) {
        if !self.verifier.device_owned.get() {
            self.verifier.device_not_owned(self, rip, stack, address);
        }
    }

    /// One register access: brings the device up to date, performs, counts, traces.
    fn access(
        &self,
        kind: u8,
        address: u64,
        width: Width,
        perform: impl FnOnce(&mut dyn crate::pci::Hardware) -> Result<u64, HardwareError>,
    ) -> u64 {
        self.sync_hardware();
        let result = perform(self.hardware.borrow_mut().as_mut());
        let value = match result {
            Ok(value) => value,
            Err(error) => self.hardware_failed(&error.to_string()),
        };
        let write = matches!(kind, PORT_WRITE | MEMORY_WRITE);
        self.accounts.access(self.context(), write);
        self.trace.add(self.now(), Event::Access(kind | width.bytes() as u8, address, value));
        value
    }

    /// The physical address behind a mapped one.
    fn window(&self, rip: u64, stack: u64, address: u64) -> u64 {
        let physical = WINDOWS.with_borrow(|windows| {
            let window = windows.iter().find(|window| window.range.contains(&address))?;
            Some(window.physical + (address - window.range.start))
        });
        let Some(physical) = physical else { self.verifier.driver_fault(self, rip, stack, address) };
        self.check_owned(rip, stack, physical);
        physical
    }

    /// `MmMapIoSpace`: addresses whose every access traps.
    pub(crate) fn map_device_memory(&self, physical: u64, bytes: u64) -> *mut c_void {
        if bytes == 0 || self.injection.fails("MmMapIoSpace") {
            return core::ptr::null_mut();
        }
        let Some(base) = trap::reserve_mmio(bytes as usize) else { return core::ptr::null_mut() };
        let offset = physical % 4096;
        let start = base as u64 + offset;
        WINDOWS.with_borrow_mut(|windows| windows.push(Window { range: start..start + bytes, physical }));
        start as *mut c_void
    }

    /// `MmUnmapIoSpace`.
    pub(crate) fn unmap_device_memory(&self, address: *mut c_void, bytes: u64) {
        let known = WINDOWS.with_borrow_mut(|windows| {
            let place =
                windows.iter().position(|window| window.range == (address as u64..address as u64 + bytes))?;
            Some(windows.remove(place))
        });
        match known {
            Some(window) => trap::release_mmio((window.range.start & !4095) as *mut u8),
            None => self.verifier.bad_pointer(self, address as u64, None),
        }
    }

    /// Mappings of device memory that exist.
    pub(crate) fn device_mappings(&self) -> usize {
        WINDOWS.with_borrow(Vec::len)
    }
}
