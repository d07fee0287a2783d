//! The PCI bus driver below the adapter: it owns the physical device object and completes what reaches it.

use std::cell::Cell;

use portcls::raw::DEVICE_CAPABILITIES;
use portcls::raw::PowerDeviceD0;
use portcls::raw::PowerDeviceD3;
use portcls::raw::PowerDeviceUnspecified;

use super::bus_interface;
use super::power::DEVICE_POWER;
use super::power::IRP_MN_SET_POWER;
use super::resource_list;
use super::resource_list::RawList;
use crate::nt::At;
use crate::nt::DEVICE_IRQL;
use crate::nt::Device;
use crate::nt::Kernel;
use crate::nt::Source;
use crate::nt::abi::DO_DEVICE_INITIALIZING;
use crate::nt::abi::DeviceObject;
use crate::nt::abi::DriverObject;
use crate::nt::abi::IRP_MJ_PNP;
use crate::nt::abi::IRP_MJ_POWER;
use crate::nt::abi::IRP_MN_CANCEL_REMOVE_DEVICE;
use crate::nt::abi::IRP_MN_CANCEL_STOP_DEVICE;
use crate::nt::abi::IRP_MN_QUERY_CAPABILITIES;
use crate::nt::abi::IRP_MN_QUERY_INTERFACE;
use crate::nt::abi::IRP_MN_QUERY_REMOVE_DEVICE;
use crate::nt::abi::IRP_MN_QUERY_STOP_DEVICE;
use crate::nt::abi::IRP_MN_READ_CONFIG;
use crate::nt::abi::IRP_MN_REMOVE_DEVICE;
use crate::nt::abi::IRP_MN_START_DEVICE;
use crate::nt::abi::IRP_MN_STOP_DEVICE;
use crate::nt::abi::IRP_MN_SURPRISE_REMOVAL;
use crate::nt::abi::IRP_MN_WRITE_CONFIG;
use crate::nt::abi::IoStatusBlock;
use crate::nt::abi::Irp;
use crate::nt::abi::NtStatus;
use crate::nt::abi::PartialResource;
use crate::nt::abi::Pointer;
use crate::nt::abi::STATUS_BUFFER_TOO_SMALL;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_NOT_SUPPORTED;
use crate::nt::abi::STATUS_OBJECT_NAME_NOT_FOUND;
use crate::nt::abi::STATUS_SUCCESS;
use crate::pci::Space;
use crate::pci::notify_area;

/// `FILE_DEVICE_CONTROLLER`.
const FILE_DEVICE_CONTROLLER: u32 = 4;

/// `CmResourceTypePort`, `Interrupt`, `Memory`.
const PORT: u8 = 1;
const INTERRUPT: u8 = 2;
const MEMORY: u8 = 3;
/// `CmResourceShareDeviceExclusive`, `Shared`.
const EXCLUSIVE: u8 = 1;
const SHARED: u8 = 3;
/// `CM_RESOURCE_PORT_IO`.
const PORT_IO: u16 = 1;
/// `CM_RESOURCE_INTERRUPT_LATCHED`, and with `_MESSAGE`.
const LATCHED: u16 = 1;
const CM_MESSAGE: u16 = 2;
const MESSAGE: u16 = LATCHED | CM_MESSAGE;
/// `CM_RESOURCE_MEMORY_PREFETCHABLE`.
const PREFETCHABLE: u16 = 4;

/// What the function does in each state of the system, from `PowerSystemUnspecified` on: it works while that does.
pub(crate) const DEVICE_STATES: [i32; 7] = [
    PowerDeviceUnspecified,
    PowerDeviceD0,
    PowerDeviceD3,
    PowerDeviceD3,
    PowerDeviceD3,
    PowerDeviceD3,
    PowerDeviceD3,
];

/// `DEVICE_REGISTRY_PROPERTY`.
mod property {
    pub(super) const HARDWARE_ID: i32 = 1;
    pub(super) const LEGACY_BUS_TYPE: i32 = 13;
    pub(super) const BUS_NUMBER: i32 = 14;
    pub(super) const ENUMERATOR_NAME: i32 = 15;
    pub(super) const ADDRESS: i32 = 16;
}

thread_local! {
    static DRIVER: Cell<Option<(usize, *mut DriverObject)>> = const { Cell::new(None) };
}

fn driver(kernel: &'static Kernel) -> *mut DriverObject {
    let machine = core::ptr::from_ref(kernel) as usize;
    if let Some((_, driver)) = DRIVER.get().filter(|(owner, _)| *owner == machine) {
        return driver;
    }
    let driver = kernel.make_driver("pci", 0, 0);
    At::new(driver).with(|driver| driver.major_function = [Some(dispatch); crate::nt::abi::MAJOR_FUNCTIONS]);
    DRIVER.set(Some((machine, driver)));
    driver
}

/// A new physical device object for the function on the bus.
pub(crate) fn enumerate(kernel: &'static Kernel) -> Device {
    let pdo = kernel.make_device(driver(kernel), 0, FILE_DEVICE_CONTROLLER);
    At::new(pdo.pointer()).with(|object| object.flags &= !DO_DEVICE_INITIALIZING);
    pdo
}

unsafe extern "win64" fn dispatch(_device: *mut DeviceObject, irp: *mut Irp) -> NtStatus {
    let kernel = crate::nt::kernel();
    let (major, minor, words) = At::new(irp).with(|irp| {
        let location = At::new(irp.current_stack_location).read();
        (location.major_function, location.minor_function, location.parameters)
    });
    let known = [
        IRP_MN_START_DEVICE,
        IRP_MN_QUERY_STOP_DEVICE,
        IRP_MN_CANCEL_STOP_DEVICE,
        IRP_MN_STOP_DEVICE,
        IRP_MN_QUERY_REMOVE_DEVICE,
        IRP_MN_CANCEL_REMOVE_DEVICE,
        IRP_MN_REMOVE_DEVICE,
        IRP_MN_SURPRISE_REMOVAL,
        IRP_MN_QUERY_CAPABILITIES,
    ];
    if major == IRP_MJ_PNP {
        match minor {
            IRP_MN_START_DEVICE => {
                set_power(kernel, true);
                kernel.enable_messages();
                let area = kernel.with_hardware(|hardware| notify_area(hardware));
                kernel.accounts.set_notify_area(area);
            }
            IRP_MN_STOP_DEVICE | IRP_MN_REMOVE_DEVICE | IRP_MN_SURPRISE_REMOVAL => kernel.disable_messages(),
            _ => {}
        }
    }
    if major == IRP_MJ_POWER && minor == IRP_MN_SET_POWER && words[1] == DEVICE_POWER {
        set_power(kernel, words[2] as i32 == PowerDeviceD0);
    }
    if major == IRP_MJ_PNP
        && let Some((status, information)) = answer(kernel, minor, words)
    {
        At::new(irp).with(|irp| irp.io_status = IoStatusBlock { status, information });
    }
    let handled = (major == IRP_MJ_PNP && known.contains(&minor)) || major == IRP_MJ_POWER;
    let status = At::new(irp).with(|irp| {
        if handled {
            irp.io_status.status = STATUS_SUCCESS;
        }
        irp.io_status.status
    });
    kernel.complete_irp(irp);
    status
}

/// The function gets its power, or loses it. Registers and message table come back empty, and the bus driver restores
/// what is its own.
fn set_power(kernel: &'static Kernel, on: bool) {
    if kernel.verifier.device_asleep.get() != on {
        return;
    }
    kernel.with_hardware(|hardware| hardware.set_power(on));
    kernel.verifier.set_device_asleep(!on);
    if on {
        kernel.restore_messages();
    } else {
        // Another device on the line may still ask for service.
        kernel.foreign_interrupt();
    }
}

/// What the bus driver has to say to a request; a request that it does not know keeps its status.
fn answer(kernel: &'static Kernel, minor: u8, words: [u64; 4]) -> Option<(NtStatus, u64)> {
    match minor {
        IRP_MN_QUERY_INTERFACE => {
            let status = bus_interface::query(kernel, words);
            (status != STATUS_NOT_SUPPORTED).then_some((status, 0))
        }
        IRP_MN_QUERY_CAPABILITIES => {
            At::new(words[0] as *mut DEVICE_CAPABILITIES).with(|told| told.DeviceState = DEVICE_STATES);
            Some((STATUS_SUCCESS, 0))
        }
        IRP_MN_READ_CONFIG => Some(bus_interface::configuration(kernel, false, words)),
        IRP_MN_WRITE_CONFIG => Some(bus_interface::configuration(kernel, true, words)),
        _ => None,
    }
}

/// What a translated interrupt resource stands for.
pub(crate) fn interrupt_source(kernel: &Kernel, translated: PartialResource) -> Option<Source> {
    let vector = translated.u[1];
    if translated.flags & CM_MESSAGE == 0 {
        return (vector == kernel.vector(0)).then_some(Source::Line);
    }
    vector.checked_sub(kernel.vector(0)).map(|message| Source::Message(message as u16))
}

fn words(start: u64, length: u64) -> [u32; 4] {
    [start as u32, (start >> 32) as u32, length as u32, 0]
}

/// The function's resources, raw and translated. Port and memory ranges are the same to the processor and to the
/// bus; the interrupt's level and vector are the bus' line in one and the processor's in the other. A function that
/// gets messages gets no line: each message of MSI-X has an entry (kernel/using-interrupt-resource-descriptors).
pub(crate) fn resources(kernel: &Kernel) -> (RawList, RawList) {
    let messages = kernel.assign_messages();
    let hardware = kernel.hardware.borrow();
    let resources = hardware.resources();
    let ranges = resources.bars.iter().map(|bar| match bar.space {
        Space::Port => PartialResource {
            kind: PORT,
            share_disposition: EXCLUSIVE,
            flags: PORT_IO,
            u: words(bar.base, bar.length),
        },
        Space::Memory { prefetchable } => PartialResource {
            kind: MEMORY,
            share_disposition: EXCLUSIVE,
            flags: if prefetchable { PREFETCHABLE } else { 0 },
            u: words(bar.base, bar.length),
        },
    });
    let mut raw: Vec<PartialResource> = ranges.collect();
    let mut translated = raw.clone();
    let entry = |flags: u16, share_disposition: u8, words: [u32; 2]| PartialResource {
        kind: INTERRUPT,
        share_disposition,
        flags,
        u: [words[0], words[1], 1, 0],
    };
    let irql = u32::from(DEVICE_IRQL);
    for message in 0..messages {
        let vector = kernel.vector(message);
        // Raw: a reserved word, the number of messages that this entry stands for, the vector.
        raw.push(entry(MESSAGE, EXCLUSIVE, [1 << 16, vector]));
        translated.push(entry(MESSAGE, EXCLUSIVE, [irql, vector]));
    }
    if let Some(line) = resources.interrupt.filter(|_| messages == 0) {
        raw.push(entry(0, SHARED, [line, line]));
        translated.push(entry(0, SHARED, [irql, kernel.vector(0)]));
    }
    let list = |entries: &[PartialResource]| {
        resource_list::raw_list(u32::from(resources.bus), resource_list::PCI_BUS, entries)
    };
    (list(&raw), list(&translated))
}

fn multi_string(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0, 0]).flat_map(u16::to_le_bytes).collect()
}

/// `IoGetDeviceProperty`, as far as a PCI function that was never installed has properties.
pub(crate) fn device_property(
    kernel: &Kernel,
    property: i32,
    length: u32,
    buffer: Pointer,
    result: At<u32>,
) -> NtStatus {
    let hardware = kernel.hardware.borrow();
    let (identity, resources) = (hardware.identity(), hardware.resources());
    let value = match property {
        property::HARDWARE_ID => multi_string(&format!(
            "PCI\\VEN_{:04X}&DEV_{:04X}&SUBSYS_{:04X}{:04X}&REV_{:02X}",
            identity.vendor,
            identity.device,
            identity.subsystem,
            identity.subsystem_vendor,
            identity.revision
        )),
        property::LEGACY_BUS_TYPE => resource_list::PCI_BUS.to_le_bytes().to_vec(),
        property::BUS_NUMBER => u32::from(resources.bus).to_le_bytes().to_vec(),
        property::ADDRESS => {
            (u32::from(resources.device) << 16 | u32::from(resources.function)).to_le_bytes().to_vec()
        }
        property::ENUMERATOR_NAME => "PCI\0".encode_utf16().flat_map(u16::to_le_bytes).collect(),
        0..=22 => return STATUS_OBJECT_NAME_NOT_FOUND,
        _ => return STATUS_INVALID_PARAMETER,
    };
    // The driver's pointers are looked at below: a bad one stops the machine, and must not take the device along.
    drop(hardware);
    result.write(value.len() as u32);
    if (length as usize) < value.len() {
        return STATUS_BUFFER_TOO_SMALL;
    }
    for (index, byte) in value.iter().enumerate() {
        At::new(buffer.cast::<u8>().wrapping_add(index)).write(*byte);
    }
    STATUS_SUCCESS
}
