//! What the bus driver gives: messages among the resources, configuration space, its direct-call interface.

use portcls::raw::GUID;

use super::driver::Mistake;
use super::driver::import;
use super::life;
use super::on_with;
use super::play;
use crate::nt;
use crate::nt::abi::BusInterface;
use crate::nt::abi::DeviceObject;
use crate::nt::abi::IoStatusBlock;
use crate::nt::abi::Irp;
use crate::nt::abi::KEvent;
use crate::nt::abi::STATUS_NOT_SUPPORTED;
use crate::nt::notification_event;
use crate::pci::messenger::Messenger;
use crate::pci::messenger::TABLE;
use crate::portcls::Adapter;
use crate::portcls::bus;
use crate::verify::Finding;

type Build = unsafe extern "win64" fn(
    u32,
    *mut DeviceObject,
    *mut u8,
    u32,
    *mut i64,
    *mut KEvent,
    *mut IoStatusBlock,
) -> *mut Irp;
type Call = unsafe extern "win64" fn(*mut DeviceObject, *mut Irp) -> i32;
type Top = unsafe extern "win64" fn(*mut DeviceObject) -> *mut DeviceObject;

const PNP: u32 = 0x1B;
const QUERY_INTERFACE: u8 = 0x08;
const READ_CONFIG: u8 = 0x0F;

const STANDARD: GUID = GUID {
    Data1: 0x496B_8280,
    Data2: 0x6F25,
    Data3: 0x11D0,
    Data4: [0xBE, 0xAF, 0x08, 0x00, 0x2B, 0xE2, 0x09, 0x2F],
};

/// A device with three messages, in its slot.
fn with_device(driver: impl FnOnce(Adapter) + 'static) -> Vec<Finding> {
    on_with(Box::new(Messenger::new(3).expect("memory")), "26100", Mistake::None, driver)
}

/// Sends a PnP request to the device's stack, as a driver does; the status, whether the event was set, and the block.
fn send(adapter: &Adapter, minor: u8, words: [u64; 4], first: i32) -> (i32, bool, IoStatusBlock) {
    let (build, call, top): (Build, Call, Top) = (
        import("ntoskrnl.exe", "IoBuildSynchronousFsdRequest"),
        import("ntoskrnl.exe", "IofCallDriver"),
        import("ntoskrnl.exe", "IoGetAttachedDeviceReference"),
    );
    let event = notification_event();
    let mut outcome = IoStatusBlock { status: 1, information: 1 };
    // SAFETY: the device is alive; event and block outlive the request, which ends in the call.
    let status = unsafe {
        let target = top(adapter.fdo().expect("added").pdo.pointer());
        let none = core::ptr::null_mut;
        let irp = build(PNP, target, none(), 0, core::ptr::null_mut(), event.get(), &raw mut outcome);
        (*irp).io_status.status = first;
        let next = (*irp).current_stack_location.wrapping_sub(1);
        ((*next).minor_function, (*next).parameters) = (minor, words);
        call(target, irp)
    };
    // SAFETY: the test's own event.
    (status, unsafe { (*event.get()).header.signal_state != 0 }, outcome)
}

fn query(adapter: &Adapter, guid: &GUID) -> (i32, bool, BusInterface) {
    let null = core::ptr::null_mut();
    let mut interface = BusInterface {
        size: 0,
        version: 0,
        context: null,
        interface_reference: null,
        interface_dereference: null,
        translate_bus_address: null,
        get_dma_adapter: null,
        set_bus_data: null,
        get_bus_data: null,
    };
    let words = [core::ptr::from_ref(guid) as u64, 1 << 16 | 64, &raw mut interface as u64, 0];
    let (status, signalled, _) = send(adapter, QUERY_INTERFACE, words, STATUS_NOT_SUPPORTED);
    (status, signalled, interface)
}

fn started(test: impl FnOnce(&Adapter) + 'static) -> Vec<Finding> {
    with_device(|adapter| {
        nt::kernel().support_messages(None);
        assert!(adapter.add_device() >= 0 && adapter.start() >= 0);
        test(&adapter);
        assert!(adapter.remove() >= 0);
        adapter.unload();
    })
}

fn dereference(interface: &BusInterface) {
    // SAFETY: the interface's own routine.
    let routine: unsafe extern "win64" fn(*mut core::ffi::c_void) =
        unsafe { core::mem::transmute(interface.interface_dereference) };
    // SAFETY: with its own context.
    unsafe { routine(interface.context) };
}

fn get(interface: &BusInterface, offset: u32, bytes: &mut [u8]) -> u32 {
    type Get = unsafe extern "win64" fn(*mut core::ffi::c_void, u32, *mut u8, u32, u32) -> u32;
    // SAFETY: the interface's own routine.
    let routine: Get = unsafe { core::mem::transmute(interface.get_bus_data) };
    // SAFETY: with its own context, and a buffer of that length.
    unsafe { routine(interface.context, 0, bytes.as_mut_ptr(), offset, bytes.len() as u32) }
}

#[test]
fn the_bus_interface_reads_configuration_space() {
    let found = started(|adapter| {
        let kernel = nt::kernel();
        let before = kernel.accounts.snapshot();
        let (status, signalled, interface) = query(adapter, &STANDARD);
        assert_eq!((status, signalled, interface.size, interface.version), (0, true, 64, 1));
        let mut bytes = [0xEE; 5];
        assert_eq!(get(&interface, 0x98, &mut bytes), 5);
        // MSI-X: id, no next, control (enabled, three entries), and the first byte of where the table is.
        assert_eq!(bytes, [0x11, 0, 2, 0x80, 1]);
        assert_eq!(get(&interface, 0xFE, &mut bytes), 0, "beyond the end");
        let after = kernel.accounts.snapshot().since(&before);
        assert_eq!((after.config.reads, after.config.writes, after.total().reads), (2, 0, 0));
        dereference(&interface);
    });
    assert_eq!(found.len(), 0, "{}", found[0]);
}

#[test]
fn configuration_space_is_read_by_request() {
    let found = started(|adapter| {
        let mut bytes = [0_u8; 4];
        let words = [0, bytes.as_mut_ptr() as u64, 0x40, 4];
        let (status, signalled, outcome) = send(adapter, READ_CONFIG, words, STATUS_NOT_SUPPORTED);
        assert_eq!((status, signalled, outcome.status, outcome.information), (0, true, 0, 4));
        assert_eq!(bytes, [0x09, 0x98, 4, 0]);
    });
    assert_eq!(found.len(), 0, "{}", found[0]);
}

#[test]
fn a_request_that_fails_at_once_tells_nobody() {
    let found = started(|adapter| {
        let (status, signalled, interface) = query(adapter, &GUID { Data1: 1, ..STANDARD });
        assert_eq!((status, signalled, interface.size), (STATUS_NOT_SUPPORTED, false, 0));
    });
    assert_eq!(found.len(), 0, "{}", found[0]);
}

fn rules(found: &[Finding]) -> Vec<&str> {
    found.iter().map(|finding| finding.rule.as_str()).collect()
}

#[test]
fn references_to_the_interface_are_given_back() {
    let found = started(|adapter| {
        query(adapter, &STANDARD);
    });
    assert_eq!(rules(&found), ["BusInterfaceLeft"]);
    let found = started(|adapter| {
        let (_, _, interface) = query(adapter, &STANDARD);
        dereference(&interface);
        get(&interface, 0, &mut [0; 4]);
    });
    assert_eq!(rules(&found), ["BusInterface"]);
}

#[test]
fn a_pnp_request_starts_out_as_not_supported() {
    let found = started(|adapter| {
        send(adapter, READ_CONFIG, [0; 4], 0);
    });
    assert_eq!(rules(&found), ["PnpIrpStatus"]);
}

#[test]
fn a_request_that_is_built_is_sent() {
    let found = started(|adapter| {
        let build: Build = import("ntoskrnl.exe", "IoBuildSynchronousFsdRequest");
        let mut outcome = IoStatusBlock { status: 1, information: 1 };
        let (event, none) = (notification_event(), core::ptr::null_mut());
        let device = adapter.fdo().expect("added").pdo.pointer();
        // SAFETY: the device is alive; nothing is sent.
        unsafe { build(PNP, device, none, 0, core::ptr::null_mut(), event.get(), &raw mut outcome) };
    });
    assert_eq!(rules(&found), ["IrpLeft"]);
}

#[test]
fn messages_take_the_place_of_the_line() {
    for (vectors, registry, wanted) in [(3, true, 3), (3, false, 0), (0, true, 0)] {
        let device = Box::new(Messenger::new(vectors).expect("memory"));
        on_with(device, "26100", Mistake::None, move |_adapter| {
            let kernel = nt::kernel();
            if registry {
                kernel.support_messages(None);
            }
            let (raw, translated) = bus::resources(kernel);
            let of = |list: &super::super::resource_list::RawList| {
                let partial = list.partial;
                let entries = &partial[..list.partial_count as usize];
                let interrupts = entries.iter().filter(|entry| entry.kind == 2);
                interrupts.map(|entry| (entry.share_disposition, entry.flags, entry.u)).collect::<Vec<_>>()
            };
            let (line, vector) = (21, nt::DEVICE_VECTOR);
            let irql = u32::from(nt::DEVICE_IRQL);
            if wanted == 0 {
                assert_eq!(of(&raw), [(3, 0, [line, line, 1, 0])]);
                assert_eq!(of(&translated), [(3, 0, [irql, vector, 1, 0])]);
                return;
            }
            let entry = |level, number| (1, 3, [level, vector + number, 1, 0]);
            assert_eq!(of(&raw), [0, 1, 2].map(|number| entry(1 << 16, number)));
            assert_eq!(of(&translated), [0, 1, 2].map(|number| entry(irql, number)));
        });
    }
}

#[test]
fn messages_live_from_start_to_stop() {
    let enabled = || {
        let mut hardware = nt::kernel().hardware.borrow_mut();
        hardware.read_config(0x9A, crate::pci::Width::Word).expect("an answer") >> 15 != 0
    };
    let found = with_device(move |adapter| {
        nt::kernel().support_messages(None);
        assert!(adapter.add_device() >= 0);
        for _ in 0..2 {
            assert!(!enabled() && adapter.start() >= 0 && enabled());
            assert_eq!(nt::kernel().messages.count(), 3);
            assert!(
                !nt::kernel().messages.table_holds(TABLE - 1)
                    && nt::kernel().messages.table_holds(TABLE + 47)
            );
            play(&adapter);
            assert!(adapter.stop() >= 0 && !enabled());
        }
        assert!(adapter.remove() >= 0 && adapter.unload());
    });
    assert_eq!(found.len(), 0, "{}", found[0]);
}

#[test]
fn a_driver_that_knows_the_line_only_gets_one_message() {
    let found = with_device(|adapter| {
        nt::kernel().support_messages(Some(1));
        life(adapter);
    });
    assert_eq!(found.len(), 0, "{}", found[0]);
}
