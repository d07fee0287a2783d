//! The PCI bus driver's direct-call interface, and configuration space by request
//! (wdm/ns-wdm-_bus_interface_standard, wdm/nc-wdm-get_set_device_data, kernel/irp-mn-query-interface,
//! kernel/irp-mn-read-config).

use portcls::raw::GUID;

use super::rules;
use super::rules::code;
use super::state;
use crate::nt::At;
use crate::nt::Kernel;
use crate::nt::TraceEvent;
use crate::nt::abi::BusInterface;
use crate::nt::abi::DeviceDescription;
use crate::nt::abi::DmaAdapter;
use crate::nt::abi::NtStatus;
use crate::nt::abi::Pointer;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_NOT_SUPPORTED;
use crate::nt::abi::STATUS_SUCCESS;
use crate::nt::declare_exports;
use crate::pci::Space;
use crate::pci::Width;

/// `GUID_BUS_INTERFACE_STANDARD`.
const INTERFACE: GUID = GUID {
    Data1: 0x496B_8280,
    Data2: 0x6F25,
    Data3: 0x11D0,
    Data4: [0xBE, 0xAF, 0x08, 0x00, 0x2B, 0xE2, 0x09, 0x2F],
};
const VERSION: u16 = 1;

/// `PCI_WHICHSPACE_CONFIG`.
const WHICHSPACE_CONFIG: u32 = 0;
/// Bytes of configuration space.
const CONFIG_BYTES: u64 = 256;

/// Kinds of access, for the trace.
const CONFIG_READ: u8 = 0x50;
const CONFIG_WRITE: u8 = 0x60;

/// `IRP_MN_QUERY_INTERFACE` at the PDO: fills the driver's record in, with a reference. `words` are the parameters.
pub(crate) fn query(kernel: &'static Kernel, words: [u64; 4]) -> NtStatus {
    let wanted = At::new(words[0] as *mut GUID).read();
    let (size, version) = (words[1] as u16, (words[1] >> 16) as u16);
    if wanted != INTERFACE {
        return STATUS_NOT_SUPPORTED;
    }
    if usize::from(size) < size_of::<BusInterface>() || version < VERSION {
        return STATUS_INVALID_PARAMETER;
    }
    let routine = |name: &'static str| -> Pointer {
        let export = EXPORTS.iter().find(|export| export.name == name).expect("a name of this file");
        kernel.stub(name, export.address).cast_mut().cast()
    };
    let context = core::ptr::from_ref(state(kernel)).cast_mut().cast();
    At::new(words[2] as *mut BusInterface).write(BusInterface {
        size: size_of::<BusInterface>() as u16,
        version: VERSION,
        context,
        interface_reference: routine("BusInterfaceReference"),
        interface_dereference: routine("BusInterfaceDereference"),
        translate_bus_address: routine("TranslateBusAddress"),
        get_dma_adapter: routine("GetDmaAdapter"),
        set_bus_data: routine("SetBusData"),
        get_bus_data: routine("GetBusData"),
    });
    change_references(kernel, 1);
    STATUS_SUCCESS
}

/// `IRP_MN_READ_CONFIG` and `IRP_MN_WRITE_CONFIG` at the PDO: the status, and the bytes moved.
pub(crate) fn configuration(kernel: &'static Kernel, write: bool, words: [u64; 4]) -> (NtStatus, u64) {
    let (space, buffer, offset, length) = (words[0] as u32, words[1], words[2] as u32, words[3] as u32);
    match transfer(kernel, write, space, buffer as *mut u8, offset, length) {
        0 => (STATUS_INVALID_PARAMETER, 0),
        moved => (STATUS_SUCCESS, moved.into()),
    }
}

/// The driver has references to the interface that it must have given back by now.
pub(crate) fn check_released(kernel: &'static Kernel, when: &str) {
    let left = state(kernel).bus_references.replace(0);
    if left > 0 {
        let message =
            format!("after {when}, {left} reference(s) to the bus driver's interface are not given back");
        rules::note(kernel, "BusInterfaceLeft", code::BUS_INTERFACE, left.into(), message);
    }
}

fn change_references(kernel: &'static Kernel, by: i32) {
    let references = &state(kernel).bus_references;
    references.set(references.get().saturating_add_signed(by));
}

/// The interface may be used only by who holds a reference, and with its own context.
fn check(kernel: &'static Kernel, context: Pointer, routine: &str) {
    let own: *const () = core::ptr::from_ref(state(kernel)).cast();
    if context.cast_const().cast() != own {
        let message =
            format!("{routine}: {:#x} is not the context of the bus driver's interface", context as u64);
        rules::stop(kernel, "BusInterface", code::BUS_INTERFACE, context as u64, message);
    }
    if state(kernel).bus_references.get() == 0 {
        let message =
            format!("{routine} is called, and every reference to the bus driver's interface was given back");
        rules::stop(kernel, "BusInterface", code::BUS_INTERFACE, context as u64, message);
    }
}

/// The widest access that is aligned and does not go too far.
fn width(offset: u32, left: u32) -> Width {
    [Width::Dword, Width::Word]
        .into_iter()
        .find(|width| {
            let bytes = width.bytes() as u32;
            offset.is_multiple_of(bytes) && left >= bytes
        })
        .unwrap_or(Width::Byte)
}

/// Moves bytes between configuration space and the driver's buffer; how many.
fn transfer(
    kernel: &'static Kernel,
    write: bool,
    space: u32,
    buffer: *mut u8,
    offset: u32,
    length: u32,
) -> u32 {
    let end = u64::from(offset) + u64::from(length);
    if space != WHICHSPACE_CONFIG || end > CONFIG_BYTES || length == 0 {
        return 0;
    }
    // Looked at before the device is: a bad pointer stops the machine.
    kernel.check_pointer(buffer as u64, length.into());
    let mut at = 0;
    while at < length {
        let (register, width) = ((offset + at) as u16, width(offset + at, length - at));
        let place = buffer.wrapping_add(at as usize);
        let bytes = width.bytes();
        let value = if write {
            let value = (0..bytes).rev().fold(0_u32, |value, index| {
                value << 8 | u32::from(At::new(place.wrapping_add(index)).read())
            });
            kernel.with_hardware(|hardware| hardware.write_config(register, width, value));
            value
        } else {
            let value = kernel.with_hardware(|hardware| hardware.read_config(register, width));
            for (index, byte) in value.to_le_bytes().into_iter().take(bytes).enumerate() {
                At::new(place.wrapping_add(index)).write(byte);
            }
            value
        };
        let kind = if write { CONFIG_WRITE } else { CONFIG_READ } | bytes as u8;
        kernel.accounts.config_access(write);
        kernel.trace.add(kernel.now(), TraceEvent::Access(kind, register.into(), value.into()));
        at += bytes as u32;
    }
    length
}

declare_exports! { "bus interface";
    fn BusInterfaceReference(context: Pointer) |kernel| {
        check(kernel, context, "InterfaceReference");
        change_references(kernel, 1);
    }

    fn BusInterfaceDereference(context: Pointer) |kernel| {
        check(kernel, context, "InterfaceDereference");
        change_references(kernel, -1);
    }

    /// Addresses of the bus are the processor's. Spaces: 0 memory, 1 ports.
    fn TranslateBusAddress(
        context: Pointer, address: u64, length: u32, space: At<u32>, translated: At<u64>,
    ) -> u8 |kernel| {
        check(kernel, context, "TranslateBusAddress");
        let ports = space.read() == 1;
        let held = kernel.hardware.borrow().resources().bars.iter().any(|bar| {
            (bar.space == Space::Port) == ports && bar.holds(address, length as usize)
        });
        if held {
            translated.write(address);
        }
        u8::from(held)
    }

    fn GetDmaAdapter(
        context: Pointer, description: At<DeviceDescription>, map_registers: At<u32>,
    ) -> *mut DmaAdapter |kernel| {
        check(kernel, context, "GetDmaAdapter");
        kernel.dma_adapter(description, map_registers)
    }

    /// Bytes written.
    fn SetBusData(context: Pointer, space: u32, buffer: *mut u8, offset: u32, length: u32) -> u32 |kernel| {
        check(kernel, context, "SetBusData");
        transfer(kernel, true, space, buffer, offset, length)
    }

    /// Bytes read.
    fn GetBusData(context: Pointer, space: u32, buffer: *mut u8, offset: u32, length: u32) -> u32 |kernel| {
        check(kernel, context, "GetBusData");
        transfer(kernel, false, space, buffer, offset, length)
    }
}
