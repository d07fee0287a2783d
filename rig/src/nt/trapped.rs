//! Driver instructions that trap: port and device-memory accesses, and everything that is a fault.

use core::ffi::c_void;
use std::cell::RefCell;

use super::Kernel;
use super::kernel;
use super::trace::Event;
use crate::pci::Hardware;
use crate::pci::HardwareError;
use crate::pci::Space;
use crate::pci::Width;
use crate::trap;
use crate::trap::Cause;
use crate::trap::MmioWindow;
use crate::trap::Privileged;
use crate::trap::Trap;

/// A range of device memory that the driver has mapped.
struct Window {
    window: MmioWindow,
    physical: u64,
    bytes: u64,
}

impl Window {
    /// The driver's address of the first byte.
    fn start(&self) -> u64 {
        self.window.base() as u64 + self.physical % PAGE
    }

    fn physical_of(&self, address: u64) -> Option<u64> {
        let offset = address.checked_sub(self.start())?;
        (offset < self.bytes).then_some(self.physical + offset)
    }
}

thread_local! {
    static WINDOWS: RefCell<Vec<Window>> = const { RefCell::new(Vec::new()) };
}

const PAGE: u64 = 4096;

/// What an access costs the processor.
const ACCESS_COST_NS: u64 = 100;

/// Kinds of access, for the trace.
const PORT_READ: u8 = 0x10;
const PORT_WRITE: u8 = 0x20;
const MEMORY_READ: u8 = 0x30;
const MEMORY_WRITE: u8 = 0x40;

/// `KERNEL_SECURITY_CHECK_FAILURE`, what a fast fail stops with.
const SECURITY_CHECK_FAILURE: u32 = 0x139;
/// `KMODE_EXCEPTION_NOT_HANDLED`, whose first parameter is one of the statuses below.
const EXCEPTION_NOT_HANDLED: u32 = 0x1E;
const STATUS_BREAKPOINT: u64 = 0x8000_0003;
const STATUS_ILLEGAL_INSTRUCTION: u64 = 0xC000_001D;
const STATUS_FLOAT_INVALID_OPERATION: u64 = 0xC000_0090;
const STATUS_INTEGER_DIVIDE_BY_ZERO: u64 = 0xC000_0094;
const STATUS_PRIVILEGED_INSTRUCTION: u64 = 0xC000_0096;
const STATUS_ACCESS_VIOLATION: u64 = 0xC000_0005;
/// `UNEXPECTED_KERNEL_MODE_TRAP` with a double fault: what an overflown stack ends in.
const KERNEL_MODE_TRAP: u32 = 0x7F;
const DOUBLE_FAULT: u64 = 8;

/// Traps come to this kernel from now on.
pub(super) fn install() {
    trap::install(on_trap, on_last_resort).expect("signal handlers can be installed");
}

fn on_trap(trap: &mut Trap) {
    let kernel = kernel();
    if !trap.in_driver() {
        // The rig itself followed a pointer of the driver's to where nothing is.
        match trap.cause() {
            Cause::PageFault { address, .. } => {
                let fault = kernel.pool.fault_at(address as u64);
                kernel.verifier.bad_pointer(kernel, address as u64, fault)
            }
            other => panic!("the rig trapped: {other:?}"),
        }
    }
    if trap.cause() == Cause::Watchdog || kernel.overdue() {
        kernel.verifier.runaway(kernel, Some((trap.registers.rip, trap.registers.rsp)));
    }
    kernel.note_stack(trap.registers.rsp);
    if !perform(kernel, trap) {
        fault(kernel, trap)
    }
    kernel.deliver();
    kernel.preempt();
}

/// Does what a trapping instruction asks for; false if it may not.
fn perform(kernel: &'static Kernel, trap: &mut Trap) -> bool {
    match trap.cause() {
        Cause::PortRead { port, width } => {
            kernel.check_owned(trap, u64::from(port), true);
            let value = kernel.access(PORT_READ, u64::from(port), width, |hardware| {
                hardware.read_port(port, width).map(u64::from)
            });
            trap.complete_read(value);
        }
        Cause::PortWrite { port, width, value } => {
            kernel.check_owned(trap, u64::from(port), true);
            kernel.access(PORT_WRITE, u64::from(port), width, |hardware| {
                hardware.write_port(port, width, value).map(|()| u64::from(value))
            });
            trap.complete();
        }
        Cause::MemoryRead { address, width } => {
            let Some(physical) = kernel.window(address as u64) else { return false };
            kernel.check_owned(trap, physical, false);
            kernel.check_message_table(physical);
            let value =
                kernel.access(MEMORY_READ, physical, width, |hardware| hardware.read_memory(physical, width));
            trap.complete_read(value);
        }
        Cause::MemoryWrite { address, width, value } => {
            let Some(physical) = kernel.window(address as u64) else { return false };
            kernel.check_owned(trap, physical, false);
            kernel.check_message_table(physical);
            kernel.access(MEMORY_WRITE, physical, width, |hardware| {
                hardware.write_memory(physical, width, value).map(|()| value)
            });
            trap.complete();
        }
        // The inline form of KeGetCurrentIrql.
        Cause::Privileged(Privileged::ReadControl(8)) => trap.complete_read(u64::from(kernel.current_irql())),
        // The inline forms of KeRaiseIrql and KeLowerIrql.
        Cause::Privileged(Privileged::WriteControl { register: 8, value }) => {
            kernel.lower_irql(value as u8);
            trap.complete();
        }
        _ => return false,
    }
    true
}

fn fault(kernel: &Kernel, trap: &Trap) -> ! {
    let (rip, rsp) = (trap.registers.rip, trap.registers.rsp);
    let exception = |status: u64, what: &str| -> ! {
        kernel.verifier.driver_exception(
            kernel,
            rip,
            rsp,
            EXCEPTION_NOT_HANDLED,
            [status, rip, 0, 0],
            what.to_owned(),
        )
    };
    match trap.cause() {
        Cause::PageFault { address, .. } => kernel.verifier.driver_fault(kernel, rip, rsp, address as u64),
        Cause::MemoryRead { address, .. } | Cause::MemoryWrite { address, .. } => {
            kernel.verifier.driver_fault(kernel, rip, rsp, address as u64)
        }
        Cause::FastFail { code } => {
            let message = format!("the driver gave up with fast fail {code}");
            let parameters = [u64::from(code), 0, 0, 0];
            kernel.verifier.driver_exception(kernel, rip, rsp, SECURITY_CHECK_FAILURE, parameters, message)
        }
        Cause::Breakpoint => exception(STATUS_BREAKPOINT, "a breakpoint instruction, and no debugger"),
        Cause::InvalidOpcode => exception(STATUS_ILLEGAL_INSTRUCTION, "an illegal instruction"),
        Cause::DivideError => exception(STATUS_INTEGER_DIVIDE_BY_ZERO, "a division by zero or with overflow"),
        Cause::FloatingPoint => exception(STATUS_FLOAT_INVALID_OPERATION, "a floating point exception"),
        Cause::GeneralProtection => {
            exception(STATUS_ACCESS_VIOLATION, "an address that can't exist, or a misaligned operand")
        }
        Cause::Privileged(what) => exception(
            STATUS_PRIVILEGED_INSTRUCTION,
            &format!("a privileged instruction that the rig does not play: {what:?}"),
        ),
        other => exception(STATUS_ILLEGAL_INSTRUCTION, &format!("an exception: {other:?}")),
    }
}

/// A trap that could not be brought to `on_trap`: the stack has no room left. Runs on the signal stack, from which
/// the machine can only be given up.
fn on_last_resort(trap: &trap::LastResort) {
    let kernel = kernel();
    let site = kernel.verifier.site(trap.registers.rip);
    let message = "the kernel stack overflowed".to_owned();
    let parameters = [DOUBLE_FAULT, trap.registers.rsp, trap.registers.rip, 0];
    kernel.verifier.record_at(
        kernel,
        "StackOverflow",
        KERNEL_MODE_TRAP,
        parameters,
        message,
        Some(site),
        Vec::new(),
    );
    kernel.mark_crashed();
    kernel.crash()
}

impl Kernel {
    /// The device may be touched between start and stop only, in D0, and where it was given addresses.
    fn check_owned(&self, trap: &Trap, address: u64, is_port: bool) {
        let (rip, rsp) = (trap.registers.rip, trap.registers.rsp);
        if !self.verifier.device_owned.get() {
            self.verifier.device_not_owned(self, rip, rsp, address);
        }
        if self.verifier.device_asleep.get() {
            self.verifier.device_asleep(self, rip, rsp, address);
        }
        let hardware = self.hardware.borrow();
        let mut bars = hardware.resources().bars.iter();
        let assigned = bars.any(|bar| (bar.space == Space::Port) == is_port && bar.holds(address, 1));
        drop(hardware);
        if !assigned {
            self.verifier.not_assigned(self, rip, rsp, address);
        }
    }

    fn check_message_table(&self, physical: u64) {
        if self.messages.table_holds(physical) {
            self.verifier.message_table_touched(self, physical);
        }
    }

    /// One register access: brings the device up to date, performs, counts, traces.
    fn access(
        &self,
        kind: u8,
        address: u64,
        width: Width,
        perform: impl FnOnce(&mut dyn Hardware) -> Result<u64, HardwareError>,
    ) -> u64 {
        self.sync_hardware();
        let result = perform(self.hardware.borrow_mut().as_mut());
        let value = match result {
            Ok(value) => value,
            Err(error) => self.hardware_failed(&error.to_string()),
        };
        // A loop that waits by reading a register must come to an end.
        self.spend(ACCESS_COST_NS);
        let write = matches!(kind, PORT_WRITE | MEMORY_WRITE);
        self.accounts.access(self.context(), write, address);
        self.trace.add(self.now(), Event::Access(kind | width.bytes() as u8, address, value));
        value
    }

    /// The physical address behind a mapped one.
    fn window(&self, address: u64) -> Option<u64> {
        WINDOWS.with_borrow(|windows| windows.iter().find_map(|window| window.physical_of(address)))
    }

    /// `MmMapIoSpace`: addresses whose every access traps.
    pub(crate) fn map_device_memory(&self, physical: u64, bytes: u64) -> *mut c_void {
        if bytes == 0 || self.injection.fails("MmMapIoSpace") {
            return core::ptr::null_mut();
        }
        let Ok(window) = trap::reserve_mmio((physical % PAGE + bytes) as usize) else {
            return core::ptr::null_mut();
        };
        let window = Window { window, physical, bytes };
        let start = window.start();
        WINDOWS.with_borrow_mut(|windows| windows.push(window));
        start as *mut c_void
    }

    /// `MmUnmapIoSpace`.
    pub(crate) fn unmap_device_memory(&self, address: *mut c_void, bytes: u64) {
        let known = WINDOWS.with_borrow_mut(|windows| {
            let place = windows
                .iter()
                .position(|window| window.start() == address as u64 && window.bytes == bytes)?;
            Some(windows.remove(place))
        });
        if known.is_none() {
            self.verifier.bad_pointer(self, address as u64, None);
        }
    }

    /// Mappings of device memory that exist.
    pub(crate) fn device_mappings(&self) -> usize {
        WINDOWS.with_borrow(Vec::len)
    }
}
