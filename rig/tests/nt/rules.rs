//! Rules that a driver breaks with objects, interrupts, IRPs and memory, each by a planted fault.

use core::ffi::c_void;

use waverust_rig::nt::DEVICE_IRQL;
use waverust_rig::nt::DEVICE_VECTOR;
use waverust_rig::nt::Kernel;
use waverust_rig::nt::abi::DeviceDescription;
use waverust_rig::nt::abi::DeviceObject;
use waverust_rig::nt::abi::DmaAdapter;
use waverust_rig::nt::abi::FullySpecified;
use waverust_rig::nt::abi::IoConnectInterruptParameters;
use waverust_rig::nt::abi::IoDisconnectInterruptParameters;
use waverust_rig::nt::abi::Irp;
use waverust_rig::nt::abi::KEvent;
use waverust_rig::nt::abi::KTimer;

use crate::support::call;
use crate::support::expect;
use crate::support::keep;
use crate::support::result;

#[test]
fn an_event_or_a_timer_that_was_never_initialised() {
    expect("ObjectNotInitialized", 0x139, |kernel| {
        call!(kernel, KeSetEvent(keep([0_u64; 3]).cast() => *mut KEvent, 0 => i32, 0 => u8) -> i32);
    });
    expect("ObjectNotInitialized", 0x139, |kernel| {
        let timer = keep([0_u64; 8]).cast();
        call!(kernel, KeSetTimer(timer => *mut KTimer, -1 => i64, 0 => u64) -> u8);
    });
    expect("ObjectNotInitialized", 0x139, |kernel| {
        let event = keep([0xA5A5_A5A5_A5A5_A5A5_u64; 3]).cast();
        call!(kernel, KeWaitForSingleObject(event => *mut KEvent, 0 => u32, 0 => i8, 0 => u8, core::ptr::null() => *const i64) -> i32);
    });
}

#[test]
fn a_mutex_that_is_not_owned_and_a_semaphore_beyond_its_limit() {
    let finding = expect("UnhandledException", 0x1E, |kernel| {
        let mutex = keep([0_u64; 7]);
        call!(kernel, KeInitializeMutex(mutex => *mut [u64; 7], 0 => u32) -> ());
        call!(kernel, KeReleaseMutex(mutex => *mut [u64; 7], 0 => u8) -> i32);
    });
    assert_eq!(finding.parameters[0], 0xC000_0046);
    let finding = expect("UnhandledException", 0x1E, |kernel| {
        let semaphore = keep([0_u64; 4]);
        call!(kernel, KeInitializeSemaphore(semaphore => *mut [u64; 4], 1 => i32, 2 => i32) -> ());
        for _ in 0..2 {
            call!(kernel, KeReleaseSemaphore(semaphore => *mut [u64; 4], 0 => i32, 1 => i32, 0 => u8) -> i32);
        }
    });
    assert_eq!(finding.parameters[0], 0xC000_0047);
}

#[test]
fn a_mutex_is_its_owners_as_often_as_it_is_taken() {
    let states = result(|kernel| {
        let mutex = keep([0_u64; 7]);
        call!(kernel, KeInitializeMutex(mutex => *mut [u64; 7], 0 => u32) -> ());
        for _ in 0..2 {
            call!(kernel, KeWaitForSingleObject(mutex => *mut [u64; 7], 0 => u32, 0 => i8, 0 => u8, core::ptr::null() => *const i64) -> i32);
        }
        [0, 1].map(|_| call!(kernel, KeReleaseMutex(mutex => *mut [u64; 7], 0 => u8) -> i32))
    });
    assert_eq!(states, [-1, 0]);
}

type Routine = extern "win64" fn(*mut c_void, *mut c_void) -> u8;

extern "win64" fn claim(_: *mut c_void, _: *mut c_void) -> u8 {
    1
}

extern "win64" fn decline(_: *mut c_void, _: *mut c_void) -> u8 {
    0
}

/// A way of connecting that is right; tests change what is to be wrong.
fn parameters(kernel: &Kernel, routine: Routine) -> FullySpecified {
    let driver = kernel.make_driver("pci", 0, 0);
    FullySpecified {
        physical_device_object: kernel.make_device(driver, 0, 4).pointer(),
        interrupt_object: keep(core::ptr::null_mut()),
        service_routine: Some(routine),
        service_context: core::ptr::null_mut(),
        spin_lock: core::ptr::null_mut(),
        synchronize_irql: DEVICE_IRQL,
        floating_save: 0,
        share_vector: 1,
        vector: DEVICE_VECTOR,
        irql: DEVICE_IRQL,
        interrupt_mode: 0,
        processor_enable_mask: 1,
        group: 0,
    }
}

fn connect(kernel: &Kernel, fully_specified: FullySpecified) -> i32 {
    let parameters = keep(IoConnectInterruptParameters { version: 1, fully_specified });
    call!(kernel, IoConnectInterruptEx(parameters => *mut IoConnectInterruptParameters) -> i32)
}

#[test]
fn an_interrupt_of_another_device_must_be_declined() {
    expect("ForeignInterruptClaimed", 0xC4, |kernel| {
        connect(kernel, parameters(kernel, claim));
    });
    let status = result(|kernel| {
        let wanted = parameters(kernel, decline);
        let status = connect(kernel, wanted);
        // SAFETY: the kernel has just written it.
        let interrupt_object = unsafe { *wanted.interrupt_object };
        let parameters = keep(IoDisconnectInterruptParameters { version: 1, interrupt_object });
        call!(kernel, IoDisconnectInterruptEx(parameters => *mut IoDisconnectInterruptParameters) -> ());
        status
    });
    assert_eq!(status, 0);
}

#[test]
fn an_interrupt_is_connected_as_its_resource_says() {
    let statuses = result(|kernel| {
        let right = parameters(kernel, decline);
        let wrong = [
            FullySpecified { physical_device_object: core::ptr::null_mut(), ..right },
            FullySpecified { vector: 1, ..right },
            FullySpecified { share_vector: 0, ..right },
            FullySpecified { interrupt_mode: 1, ..right },
            FullySpecified { processor_enable_mask: 0, ..right },
        ];
        wrong.map(|wanted| connect(kernel, wanted)).to_vec()
    });
    // INVALID_PARAMETER, NOT_FOUND, and the one for the tenth parameter.
    let wanted = [0xC000_000D_u32, 0xC000_0225, 0xC000_000D, 0xC000_000D, 0xC000_00F8];
    assert_eq!(statuses, wanted.map(|status| status as i32));
}

#[test]
fn a_level_lowered_under_a_spin_lock() {
    expect("IrqlLoweredWithLock", 0xC4, |kernel| {
        let (outer, inner) = (keep(0_u64), keep(0_u64));
        call!(kernel, KeAcquireSpinLockRaiseToDpc(outer => *mut u64) -> u8);
        call!(kernel, KeAcquireSpinLockRaiseToDpc(inner => *mut u64) -> u8);
        // Given back in the wrong order, with the level that belongs to the other.
        call!(kernel, KeReleaseSpinLock(outer => *mut u64, 0 => u8) -> ());
    });
}

/// A routine with a frame of its own of `N` bytes.
#[inline(never)]
fn with_frame<const N: usize>(kernel: &Kernel) {
    let frame = std::hint::black_box([0_u8; N]);
    call!(kernel, KeGetCurrentIrql() -> u8);
    std::hint::black_box(&frame);
}

#[test]
fn more_stack_than_a_thread_has() {
    expect("StackOverflow", 0x7F, |kernel| {
        kernel.call_driver("routine", 0, || with_frame::<30_000>(kernel));
    });
    let used = result(|kernel| {
        kernel.call_driver("routine", 0, || with_frame::<4_000>(kernel));
        kernel.accounts.deepest_stack.get()
    });
    assert!((4_000..16_000).contains(&used), "{used}");
}

#[test]
fn an_irp_completed_twice() {
    expect("IrpCompletedTwice", 0x44, |kernel| {
        let irp = kernel.allocate_irp(1);
        // SAFETY: an IRP of the rig's own, which a driver would have got by IoCallDriver.
        unsafe { (*irp).current_location -= 1 };
        for _ in 0..2 {
            call!(kernel, IofCompleteRequest(irp => *mut Irp, 0 => i8) -> ());
        }
    });
}

#[test]
fn a_block_of_a_page_or_more_begins_with_a_page() {
    let addresses = result(|kernel| {
        [100_u64, 4096, 5000].map(|size| {
            let block = call!(kernel, ExAllocatePool2(0x40 => u64, size => u64, 0x7473_6554 => u32) -> u64);
            call!(kernel, ExFreePoolWithTag(block => u64, 0x7473_6554 => u32) -> ());
            block % 4096
        })
    });
    assert_eq!(addresses, [4096 - 112, 0, 0]);
    expect("SpecialPool", 0xC1, |kernel| {
        let block = call!(kernel, ExAllocatePool2(0x40 => u64, 5000 => u64, 0x7473_6554 => u32) -> u64);
        // SAFETY: the planted fault; the slack behind the block is mapped.
        unsafe { ((block + 6000) as *mut u8).write(0) };
        call!(kernel, ExFreePoolWithTag(block => u64, 0x7473_6554 => u32) -> ());
    });
}

fn adapter(kernel: &Kernel) -> *mut DmaAdapter {
    let driver = kernel.make_driver("pci", 0, 0);
    let device = kernel.make_device(driver, 0, 4).pointer();
    // SAFETY: integers.
    let mut description: DeviceDescription = unsafe { core::mem::zeroed() };
    (description.version, description.master, description.maximum_length) = (2, 1, 65_536);
    call!(kernel, IoGetDmaAdapter(device => *mut DeviceObject, keep(description) => *mut DeviceDescription, keep(0_u32) => *mut u32) -> *mut DmaAdapter)
}

/// The routine of `DMA_OPERATIONS` with that number.
fn operation<F: Copy>(adapter: *mut DmaAdapter, number: usize) -> F {
    // SAFETY: an adapter of the kernel's; each caller names the type of the routine.
    unsafe { core::mem::transmute_copy(&(*(*adapter).dma_operations).routines[number]) }
}

type Allocate = extern "win64" fn(*mut DmaAdapter, u32, *mut u64, u8) -> *mut u8;
type Free = extern "win64" fn(*mut DmaAdapter, u32, u64, *mut u8, u8);
type Put = extern "win64" fn(*mut DmaAdapter);

#[test]
fn a_common_buffer_promises_no_content() {
    let byte = result(|kernel| {
        let (adapter, logical) = (adapter(kernel), keep(0_u64));
        let buffer = operation::<Allocate>(adapter, 1)(adapter, 4096, logical, 1);
        // SAFETY: a buffer of 4096 bytes.
        let byte = unsafe { buffer.add(100).read() };
        // SAFETY: the kernel has written it.
        operation::<Free>(adapter, 2)(adapter, 4096, unsafe { *logical }, buffer, 1);
        operation::<Put>(adapter, 0)(adapter);
        byte
    });
    assert_eq!(byte, 0xA5);
}

#[test]
fn a_common_buffer_at_dispatch_level() {
    let finding = expect("IrqlDispatch", 0xC4, |kernel| {
        let adapter = adapter(kernel);
        call!(kernel, KfRaiseIrql(2 => u8) -> u8);
        operation::<Allocate>(adapter, 1)(adapter, 4096, keep(0), 1);
    });
    assert_eq!(finding.call.as_deref(), Some("AllocateCommonBuffer"));
}

#[test]
fn a_dma_adapter_must_be_put_back_when_the_device_stops() {
    expect("DmaAdapterLeft", 0xE6, |kernel| {
        let adapter = adapter(kernel);
        kernel.verifier.check_device_released(kernel, "IRP_MN_STOP_DEVICE");
        operation::<Put>(adapter, 0)(adapter);
    });
}

#[test]
fn a_dma_adapter_is_for_a_device() {
    let null = result(|kernel| {
        // SAFETY: integers.
        let mut description: DeviceDescription = unsafe { core::mem::zeroed() };
        description.master = 1;
        call!(kernel, IoGetDmaAdapter(core::ptr::null_mut() => *mut DeviceObject, keep(description) => *mut DeviceDescription, keep(0_u32) => *mut u32) -> u64)
    });
    assert_eq!(null, 0);
}
