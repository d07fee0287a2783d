//! Interrupts by message: who gets them, how they are connected, and what comes when.

use core::ffi::c_void;
use std::cell::RefCell;

use waverust_rig::nt;
use waverust_rig::nt::Kernel;
use waverust_rig::nt::abi::CONNECT_FULLY_SPECIFIED;
use waverust_rig::nt::abi::CONNECT_LINE_BASED;
use waverust_rig::nt::abi::CONNECT_MESSAGE_BASED;
use waverust_rig::nt::abi::DeviceObject;
use waverust_rig::nt::abi::FullySpecified;
use waverust_rig::nt::abi::IoConnectInterruptParameters;
use waverust_rig::nt::abi::IoDisconnectInterruptParameters;
use waverust_rig::nt::abi::MessageBased;
use waverust_rig::nt::abi::MessageInfo;
use waverust_rig::nt::abi::MessageInfoEntry;
use waverust_rig::pci::Width;
use waverust_rig::pci::messenger::LINE;
use waverust_rig::pci::messenger::Messenger;
use waverust_rig::pci::messenger::SEND;
use waverust_rig::verify::Finding;

use crate::support::call;
use crate::support::findings_with;
use crate::support::keep;

const NOT_FOUND: i32 = 0xC000_0225_u32 as i32;
const INVALID_DEVICE_REQUEST: i32 = 0xC000_0010_u32 as i32;

/// `ServiceContext` of these tests' routines.
const CONTEXT: usize = 0x1234_5678;

thread_local! {
    /// Each call of a routine: its interrupt object, context and message, and the level.
    static CALLS: RefCell<Vec<(usize, usize, u32, u8)>> = const { RefCell::new(Vec::new()) };
}

extern "win64" fn on_message(object: *mut c_void, context: *mut c_void, message: u32) -> u8 {
    let call = (object as usize, context as usize, message, nt::kernel().current_irql());
    CALLS.with_borrow_mut(|calls| calls.push(call));
    1
}

extern "win64" fn on_line(object: *mut c_void, context: *mut c_void) -> u8 {
    let asserted = nt::kernel().hardware.borrow().interrupt_line();
    if asserted {
        on_message(object, context, u32::MAX);
        write(nt::kernel(), LINE, 0);
    }
    u8::from(asserted)
}

fn write(kernel: &Kernel, register: u64, value: u64) {
    kernel.hardware.borrow_mut().write_memory(register, Width::Dword, value).expect("takes every write");
}

/// Has the device send a message, and lets it in.
fn send(kernel: &Kernel, message: u64) {
    write(kernel, SEND, message);
    call!(kernel, KeGetCurrentIrql() -> u8);
}

fn device(kernel: &Kernel) -> *mut DeviceObject {
    let driver = kernel.make_driver("pci", 0, 0);
    kernel.make_device(driver, 0, 4).pointer()
}

/// As the driver's parameters lie in memory.
#[repr(C)]
struct Parameters {
    version: u32,
    messages: MessageBased,
    rest: [u64; 2],
}

fn parameters(kernel: &Kernel) -> *mut Parameters {
    let messages = MessageBased {
        physical_device_object: device(kernel),
        connection_context: keep(core::ptr::null_mut()),
        message_service_routine: Some(on_message),
        service_context: CONTEXT as *mut c_void,
        spin_lock: core::ptr::null_mut(),
        synchronize_irql: 0,
        floating_save: 0,
        fall_back_service_routine: Some(on_line),
    };
    keep(Parameters { version: CONNECT_MESSAGE_BASED, messages, rest: [0; 2] })
}

/// The status, the version that came back, and the connection.
fn connect(kernel: &Kernel, parameters: *mut Parameters) -> (i32, u32, *mut c_void) {
    let status =
        call!(kernel, IoConnectInterruptEx(parameters.cast() => *mut IoConnectInterruptParameters) -> i32);
    // SAFETY: the test's own record, which is never freed.
    unsafe { (status, (*parameters).version, *(*parameters).messages.connection_context) }
}

fn disconnect(kernel: &Kernel, version: u32, interrupt_object: *mut c_void) {
    let parameters = keep(IoDisconnectInterruptParameters { version, interrupt_object });
    call!(kernel, IoDisconnectInterruptEx(parameters => *mut IoDisconnectInterruptParameters) -> ());
}

fn start(kernel: &Kernel) -> u16 {
    let count = kernel.assign_messages();
    kernel.enable_messages();
    count
}

/// A machine whose device has so many messages, and whose registry asks for them.
fn found(vectors: u16, driver: impl FnOnce(&'static Kernel) + 'static) -> Vec<Finding> {
    CALLS.take();
    findings_with(Box::new(Messenger::new(vectors).expect("memory")), move |kernel| {
        kernel.support_messages(None);
        start(kernel);
        driver(kernel);
    })
}

#[track_caller]
fn clean(vectors: u16, driver: impl FnOnce(&'static Kernel) + 'static) {
    let found = found(vectors, driver);
    assert!(found.is_empty(), "{}", found[0]);
}

#[track_caller]
fn expect(rule: &str, driver: impl FnOnce(&'static Kernel) + 'static) {
    let found = found(3, driver);
    assert_eq!(found.iter().map(|finding| finding.rule.as_str()).collect::<Vec<_>>(), [rule]);
}

/// `IO_INTERRUPT_MESSAGE_INFO` as a driver reads it.
fn table(context: *mut c_void) -> (u8, Vec<MessageInfoEntry>) {
    let info: *const MessageInfo = context.cast_const().cast();
    // SAFETY: the kernel's own table, alive while the interrupts are connected; it has as many entries as it says.
    unsafe {
        let first = (&raw const (*info).message_info).cast::<MessageInfoEntry>();
        let entries = (0..(*info).message_count as usize).map(|index| first.add(index).read());
        ((*info).unified_irql, entries.collect())
    }
}

#[test]
fn each_message_reaches_the_routine_with_its_number() {
    clean(3, |kernel| {
        let (status, version, context) = connect(kernel, parameters(kernel));
        assert_eq!((status, version), (0, CONNECT_MESSAGE_BASED));
        let (irql, entries) = table(context);
        assert_eq!((irql, entries.len()), (nt::DEVICE_IRQL, 3));
        for (number, entry) in entries.iter().enumerate() {
            assert_eq!((entry.vector, entry.message_data), (nt::DEVICE_VECTOR + number as u32, entry.vector));
            assert_eq!((entry.irql, entry.mode, entry.polarity), (nt::DEVICE_IRQL, 1, 1));
            assert_eq!((entry.target_processor_set, entry.message_address), (1, 0xFEE0_0000));
        }
        send(kernel, 2);
        send(kernel, 0);
        let object = |number: usize| entries[number].interrupt_object as usize;
        let call = |number: usize| (object(number), CONTEXT, number as u32, nt::DEVICE_IRQL);
        assert_eq!(CALLS.take(), [call(2), call(0)]);
        assert_eq!(kernel.accounts.snapshot().messages[..3], [1, 0, 1]);
        assert_eq!(kernel.accounts.snapshot().interrupts, 2);
        disconnect(kernel, version, context);
        send(kernel, 1);
        assert!(CALLS.take().is_empty(), "a message after the end");
    });
}

#[test]
fn a_message_waits_until_it_is_connected_and_comes_once() {
    clean(3, |kernel| {
        for _ in 0..3 {
            send(kernel, 1);
        }
        let (_, version, context) = connect(kernel, parameters(kernel));
        call!(kernel, KeFlushQueuedDpcs() -> ());
        assert_eq!(CALLS.take().len(), 1);
        disconnect(kernel, version, context);
    });
}

#[test]
fn a_message_waits_below_its_level_and_the_highest_vector_goes_first() {
    clean(3, |kernel| {
        let (_, version, context) = connect(kernel, parameters(kernel));
        call!(kernel, KfRaiseIrql(nt::DEVICE_IRQL => u8) -> u8);
        send(kernel, 0);
        send(kernel, 2);
        assert!(CALLS.with_borrow(Vec::is_empty));
        call!(kernel, KeLowerIrql(0 => u8) -> ());
        assert_eq!(CALLS.take().iter().map(|call| call.2).collect::<Vec<_>>(), [2, 0]);
        disconnect(kernel, version, context);
    });
}

#[test]
fn without_messages_the_line_has_its_routine() {
    clean(0, |kernel| {
        let (status, version, context) = connect(kernel, parameters(kernel));
        assert_eq!((status, version), (0, CONNECT_LINE_BASED));
        write(kernel, LINE, 1);
        call!(kernel, KeFlushQueuedDpcs() -> ());
        assert_eq!(CALLS.take(), [(context as usize, CONTEXT, u32::MAX, nt::DEVICE_IRQL)]);
        disconnect(kernel, version, context);
        let without = parameters(kernel);
        // SAFETY: the test's own record.
        unsafe { (*without).messages.fall_back_service_routine = None };
        assert_eq!(connect(kernel, without).0, NOT_FOUND);
    });
}

#[test]
fn the_registry_decides_how_many_messages_there_are() {
    for (limit, wanted) in [(None, 5), (Some(2), 2), (Some(64), 5), (Some(0), 0)] {
        clean(5, move |kernel| {
            kernel.support_messages(limit);
            assert_eq!(start(kernel), wanted, "{limit:?}");
        });
    }
    let device = Box::new(Messenger::new(5).expect("memory"));
    let found = findings_with(device, |kernel| assert_eq!(start(kernel), 0));
    assert!(found.is_empty());
}

fn fully_specified(kernel: &Kernel, routine: Routine, vector: u32) -> (i32, *mut c_void) {
    let object = keep(core::ptr::null_mut());
    let fully_specified = FullySpecified {
        physical_device_object: device(kernel),
        interrupt_object: object,
        service_routine: Some(routine),
        service_context: CONTEXT as *mut c_void,
        spin_lock: core::ptr::null_mut(),
        synchronize_irql: nt::DEVICE_IRQL,
        floating_save: 0,
        share_vector: 0,
        vector,
        irql: nt::DEVICE_IRQL,
        interrupt_mode: 1,
        processor_enable_mask: 1,
        group: 0,
    };
    let version = CONNECT_FULLY_SPECIFIED;
    let parameters = keep(IoConnectInterruptParameters { version, fully_specified });
    let status = call!(kernel, IoConnectInterruptEx(parameters => *mut IoConnectInterruptParameters) -> i32);
    // SAFETY: the test's own variable.
    (status, unsafe { *object })
}

type Routine = extern "win64" fn(*mut c_void, *mut c_void) -> u8;

extern "win64" fn single(object: *mut c_void, context: *mut c_void) -> u8 {
    on_message(object, context, 77)
}

#[test]
fn a_single_message_is_connected_by_its_vector() {
    clean(3, |kernel| {
        let (status, object) = fully_specified(kernel, single, nt::DEVICE_VECTOR + 1);
        assert_eq!(status, 0);
        // The others are masked: nobody listens.
        for message in [0, 1, 2] {
            send(kernel, message);
        }
        assert_eq!(CALLS.take(), [(object as usize, CONTEXT, 77, nt::DEVICE_IRQL)]);
        assert_eq!(fully_specified(kernel, single, nt::DEVICE_VECTOR + 3).0, NOT_FOUND);
        disconnect(kernel, CONNECT_FULLY_SPECIFIED, object);
    });
}

#[test]
fn several_messages_are_no_line() {
    for (vectors, status) in [(1, 0), (2, INVALID_DEVICE_REQUEST)] {
        clean(vectors, move |kernel| {
            let (object, parameters) = (keep(core::ptr::null_mut()), parameters(kernel));
            // SAFETY: the test's own record; the arms begin alike: device, where the object goes, routine.
            unsafe {
                (*parameters).version = CONNECT_LINE_BASED;
                (*parameters).messages.connection_context = object;
            }
            assert_eq!(connect(kernel, parameters).0, status);
            if status == 0 {
                // SAFETY: the kernel has just written it.
                disconnect(kernel, CONNECT_LINE_BASED, unsafe { *object });
            }
        });
    }
}

#[test]
fn messages_are_connected_once() {
    expect("InterruptConnectedTwice", |kernel| {
        connect(kernel, parameters(kernel));
        connect(kernel, parameters(kernel));
    });
}

#[test]
fn an_interrupt_is_disconnected_as_it_was_connected() {
    expect("InterruptDisconnect", |kernel| {
        let (_, _, context) = connect(kernel, parameters(kernel));
        disconnect(kernel, CONNECT_LINE_BASED, context);
    });
    // One object of several is not what the driver got.
    expect("InterruptObject", |kernel| {
        let (_, _, context) = connect(kernel, parameters(kernel));
        disconnect(kernel, CONNECT_MESSAGE_BASED, table(context).1[0].interrupt_object);
    });
}

#[test]
fn messages_left_connected() {
    expect("InterruptLeft", |kernel| {
        connect(kernel, parameters(kernel));
    });
}

#[test]
fn a_message_that_brings_itself_for_ever() {
    extern "win64" fn again(_: *mut c_void, _: *mut c_void, message: u32) -> u8 {
        write(nt::kernel(), SEND, message.into());
        1
    }
    expect("InterruptStorm", |kernel| {
        let parameters = parameters(kernel);
        // SAFETY: the test's own record.
        unsafe { (*parameters).messages.message_service_routine = Some(again) };
        connect(kernel, parameters);
        send(kernel, 0);
    });
}
