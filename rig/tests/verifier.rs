//! Every rule of the verifier, fired by a planted fault: small "drivers" that call the exports as an image does,
//! through the import stubs.

use core::ffi::c_void;
use std::cell::RefCell;
use std::rc::Rc;

use waverust_rig::nt;
use waverust_rig::nt::Kernel;
use waverust_rig::nt::Resolver;
use waverust_rig::nt::abi::KDpc;
use waverust_rig::nt::abi::KEvent;
use waverust_rig::nt::abi::KTimer;
use waverust_rig::pci::fake::Fake;
use waverust_rig::verify::Finding;

/// Runs `driver` on a fresh machine; returns what was found.
fn findings(driver: impl FnOnce(&'static Kernel) + 'static) -> Vec<Finding> {
    let profile = "26100".parse().expect("a known build");
    let kernel = nt::boot(profile, Box::new(Fake::new().expect("memory")));
    kernel.set_quantum(1_000_000);
    kernel.run(move || {
        driver(kernel);
        kernel.verifier.check_unloaded(kernel);
    });
    kernel.verifier.findings()
}

/// Asserts that exactly this rule was broken, with this bug check.
#[track_caller]
fn expect(rule: &str, bug_check: u32, driver: impl FnOnce(&'static Kernel) + 'static) -> Finding {
    let found = findings(driver);
    let rules: Vec<&str> = found.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(rules, [rule]);
    assert_eq!(found[0].bug_check, bug_check, "{}", found[0]);
    found[0].clone()
}

/// An export's address as an import table has it.
fn import(kernel: &Kernel, name: &str) -> *const () {
    let resolver = Resolver::of(kernel);
    ["ntoskrnl.exe", "hal.dll"]
        .iter()
        .find_map(|module| resolver.resolve(kernel, module, name))
        .unwrap_or_else(|| panic!("no export {name}"))
}

/// Calls an export with the given argument types.
macro_rules! call {
    ($kernel:expr, $name:ident($($value:expr => $type:ty),* $(,)?) -> $result:ty) => {{
        let address = import($kernel, stringify!($name));
        // SAFETY: the export has this signature.
        let routine: extern "win64" fn($($type),*) -> $result = unsafe { core::mem::transmute(address) };
        routine($($value),*)
    }};
}

const TAG: u32 = u32::from_le_bytes(*b"Test");
const NON_PAGED_NX: u32 = 512;
const PAGED: u32 = 1;

fn allocate(kernel: &Kernel, kind: u32, size: u64) -> u64 {
    call!(kernel, ExAllocatePoolWithTag(kind => u32, size => u64, TAG => u32) -> u64)
}

fn free(kernel: &Kernel, block: u64, tag: u32) {
    call!(kernel, ExFreePoolWithTag(block => u64, tag => u32) -> ());
}

fn raise(kernel: &Kernel, level: u8) {
    call!(kernel, KfRaiseIrql(level => u8) -> u8);
}

/// Memory that a test's driver keeps, outside of the pool.
fn keep<T>(value: T) -> *mut T {
    Box::leak(Box::new(value))
}

#[test]
fn a_clean_driver_is_left_alone() {
    let found = findings(|kernel| {
        let block = allocate(kernel, NON_PAGED_NX, 100);
        free(kernel, block, TAG);
        let lock = keep(0_u64);
        let level = call!(kernel, KeAcquireSpinLockRaiseToDpc(lock => *mut u64) -> u8);
        call!(kernel, KeReleaseSpinLock(lock => *mut u64, level => u8) -> ());
    });
    assert!(found.is_empty(), "{}", found[0]);
}

#[test]
fn a_call_at_the_wrong_level() {
    let finding = expect("IrqlPsPassive", 0xC4, |kernel| {
        raise(kernel, 2);
        let thread = import(kernel, "PsCreateSystemThread");
        // SAFETY: no argument is looked at before the level.
        let routine: extern "win64" fn(u64, u64, u64, u64, u64, u64, u64) -> i32 =
            unsafe { core::mem::transmute(thread) };
        routine(0, 0, 0, 0, 0, 0, 0);
    });
    assert_eq!(finding.parameters[0], 0x2001C);
    assert_eq!(finding.call.as_deref(), Some("PsCreateSystemThread"));
}

#[test]
fn a_blocking_wait_at_dispatch_level() {
    expect("IrqlKeDispatchLte", 0xC4, |kernel| {
        let event = event(kernel);
        raise(kernel, 2);
        call!(kernel, KeWaitForSingleObject(event => *mut KEvent, 0 => u32, 0 => i8, 0 => u8, core::ptr::null() => *const i64) -> i32);
    });
}

fn event(kernel: &Kernel) -> *mut KEvent {
    let memory = keep([0_u64; 3]).cast::<KEvent>();
    call!(kernel, KeInitializeEvent(memory => *mut KEvent, 1 => u32, 0 => u8) -> ());
    memory
}

#[test]
fn looking_without_waiting_is_allowed_at_dispatch_level() {
    let found = findings(|kernel| {
        let event = event(kernel);
        raise(kernel, 2);
        let status = call!(kernel, KeWaitForSingleObject(event => *mut KEvent, 0 => u32, 0 => i8, 0 => u8, keep(0_i64).cast_const() => *const i64) -> i32);
        assert_eq!(status, 0x102);
        call!(kernel, KeLowerIrql(0 => u8) -> ());
    });
    assert!(found.is_empty(), "{}", found[0]);
}

#[test]
fn an_irql_raised_downward_or_lowered_upward() {
    expect("RaiseIrql", 0xC4, |kernel| {
        raise(kernel, 2);
        raise(kernel, 1);
    });
    expect("LowerIrql", 0xC4, |kernel| {
        call!(kernel, KeLowerIrql(2 => u8) -> ());
    });
}

#[test]
fn a_leak_at_unload() {
    let finding = expect("PoolLeak", 0xC4, |kernel| {
        allocate(kernel, NON_PAGED_NX, 48);
    });
    assert_eq!(finding.parameters, [0x62, u64::from(TAG), 48, 1]);
}

#[test]
fn a_write_behind_the_block_found_at_free() {
    expect("SpecialPool", 0xC1, |kernel| {
        let block = allocate(kernel, NON_PAGED_NX, 10);
        // SAFETY: the planted fault; the slack behind the block is mapped.
        unsafe { ((block + 10) as *mut u8).write(0) };
        free(kernel, block, TAG);
    });
}

#[test]
fn a_write_before_the_block_found_at_free() {
    expect("SpecialPool", 0xC1, |kernel| {
        let block = allocate(kernel, NON_PAGED_NX, 16);
        // SAFETY: the planted fault; the page before the block is mapped.
        unsafe { ((block - 1) as *mut u8).write(0) };
        free(kernel, block, TAG);
    });
}

#[test]
fn the_kernel_is_handed_a_pointer_behind_the_block() {
    expect("PageFaultBeyondEndOfAllocation", 0xCD, |kernel| {
        let block = allocate(kernel, NON_PAGED_NX, 16);
        call!(kernel, memset(block => u64, 0 => i32, 17 => u64) -> u64);
    });
}

#[test]
fn the_kernel_is_handed_a_freed_pointer() {
    expect("PageFaultInFreedSpecialPool", 0xCC, |kernel| {
        let block = allocate(kernel, NON_PAGED_NX, 16);
        free(kernel, block, TAG);
        call!(kernel, memset(block => u64, 0 => i32, 1 => u64) -> u64);
    });
}

#[test]
fn a_double_free_and_a_wild_one() {
    let finding = expect("BadPoolFree", 0xC4, |kernel| {
        let block = allocate(kernel, NON_PAGED_NX, 16);
        free(kernel, block, TAG);
        free(kernel, block, TAG);
    });
    assert_eq!(finding.parameters[0], 0x13);
    let finding = expect("BadPoolFree", 0xC4, |kernel| free(kernel, 0x1234_5678, TAG));
    assert_eq!(finding.parameters[0], 0x10);
}

#[test]
fn a_free_with_another_tag() {
    expect("BadPoolTag", 0xC2, |kernel| {
        let block = allocate(kernel, NON_PAGED_NX, 16);
        free(kernel, block, 1);
    });
}

#[test]
fn pool_that_must_not_be_asked_for() {
    expect("ZeroBytePool", 0xC4, |kernel| {
        allocate(kernel, NON_PAGED_NX, 0);
    });
    expect("CodeIntegrityPool", 0xC4, |kernel| {
        allocate(kernel, 0, 16);
    });
    expect("IrqlExAllocatePool", 0xC4, |kernel| {
        raise(kernel, 2);
        allocate(kernel, PAGED, 16);
    });
}

#[test]
fn paged_pool_touched_at_dispatch_level() {
    expect("ForceIrql", 0xA, |kernel| {
        let block = allocate(kernel, PAGED, 16);
        raise(kernel, 2);
        call!(kernel, memset(block => u64, 0 => i32, 1 => u64) -> u64);
    });
}

#[test]
fn a_lock_taken_twice_or_never() {
    expect("Deadlock", 0xC4, |kernel| {
        let lock = keep(0_u64);
        for _ in 0..2 {
            call!(kernel, KeAcquireSpinLockRaiseToDpc(lock => *mut u64) -> u8);
        }
    });
    expect("SpinLockNotHeld", 0x10, |kernel| {
        raise(kernel, 2);
        call!(kernel, KeReleaseSpinLock(keep(0_u64) => *mut u64, 0 => u8) -> ());
    });
}

#[test]
fn a_lock_or_a_level_left_at_return() {
    expect("SpinLockHeldAtReturn", 0xC4, |kernel| {
        let lock = keep(0_u64);
        kernel.call_driver(
            "routine",
            0,
            || call!(kernel, KeAcquireSpinLockRaiseToDpc(lock => *mut u64) -> u8),
        );
    });
    expect("IrqlReturn", 0xC4, |kernel| {
        kernel.call_driver("routine", 0, || raise(kernel, 2));
    });
}

extern "win64" fn nothing(_: *mut KDpc, _: *mut c_void, _: *mut c_void, _: *mut c_void) {}

#[test]
fn a_timer_left_set_and_one_freed_while_set() {
    let start = |kernel: &Kernel, timer: *mut KTimer| {
        call!(kernel, KeInitializeTimer(timer => *mut KTimer) -> ());
        call!(kernel, KeSetTimer(timer => *mut KTimer, -10_000_000 => i64, core::ptr::null_mut() => *mut KDpc) -> u8);
    };
    expect("TimerLeft", 0xC7, move |kernel| start(kernel, keep([0_u64; 8]).cast()));
    expect("TimerOrDpcInvalid", 0xC7, move |kernel| {
        let block = allocate(kernel, NON_PAGED_NX, 64);
        start(kernel, block as *mut KTimer);
        free(kernel, block, TAG);
    });
}

#[test]
fn a_dpc_left_queued_and_one_without_routine() {
    let queue = |kernel: &Kernel, routine: *const ()| {
        let dpc: *mut KDpc = keep([0_u64; 8]).cast();
        call!(kernel, KeInitializeDpc(dpc => *mut KDpc, routine => *const (), core::ptr::null_mut() => *mut c_void) -> ());
        raise(kernel, 2);
        call!(kernel, KeInsertQueueDpc(dpc => *mut KDpc, core::ptr::null_mut() => *mut c_void, core::ptr::null_mut() => *mut c_void) -> u8);
    };
    expect("DpcLeft", 0xC7, move |kernel| queue(kernel, nothing as *const ()));
    expect("DpcWithoutRoutine", 0xC7, move |kernel| {
        queue(kernel, core::ptr::null());
        call!(kernel, KeLowerIrql(0 => u8) -> ());
    });
}

#[test]
fn the_drivers_own_bug_check() {
    expect("DriverBugCheck", 0x5250_4E43, |kernel| {
        call!(kernel, KeBugCheckEx(0x5250_4E43 => u32, 1 => u64, 2 => u64, 3 => u64, 4 => u64) -> ());
    });
}

#[test]
fn an_interrupt_that_is_never_taken_back() {
    // A level-triggered line that the routine does not silence.
    extern "win64" fn claim(_: *mut c_void, _: *mut c_void) -> u8 {
        u8::from(nt::kernel().hardware.borrow().interrupt_line())
    }
    expect("InterruptStorm", 0xF2, |kernel| {
        connect(kernel, claim);
        assert_interrupt(kernel);
    });
}

fn assert_interrupt(kernel: &Kernel) {
    let width = waverust_rig::pci::Width::Dword;
    kernel.hardware.borrow_mut().write_port(0xC0F0, width, 1).expect("the fake takes every write");
    kernel.stall(1_000);
    call!(kernel, KeFlushQueuedDpcs() -> ());
}

fn connect(kernel: &Kernel, routine: extern "win64" fn(*mut c_void, *mut c_void) -> u8) -> *mut c_void {
    use waverust_rig::nt::abi::FullySpecified;
    use waverust_rig::nt::abi::IoConnectInterruptParameters;
    let object = keep(core::ptr::null_mut::<c_void>());
    let driver = kernel.make_driver("pci", 0, 0);
    let fully_specified = FullySpecified {
        physical_device_object: kernel.make_device(driver, 0, 4).pointer(),
        interrupt_object: object,
        service_routine: Some(routine),
        service_context: core::ptr::null_mut(),
        spin_lock: core::ptr::null_mut(),
        synchronize_irql: nt::DEVICE_IRQL,
        floating_save: 0,
        share_vector: 1,
        vector: nt::DEVICE_VECTOR,
        irql: nt::DEVICE_IRQL,
        interrupt_mode: 0,
        processor_enable_mask: 1,
        group: 0,
    };
    let parameters = keep(IoConnectInterruptParameters { version: 1, fully_specified });
    let status = call!(kernel, IoConnectInterruptEx(parameters => *mut IoConnectInterruptParameters) -> i32);
    assert_eq!(status, 0);
    // SAFETY: the kernel has just written it.
    unsafe { *object }
}

#[test]
fn an_interrupt_left_connected() {
    extern "win64" fn decline(_: *mut c_void, _: *mut c_void) -> u8 {
        0
    }
    expect("InterruptLeft", 0xC4, |kernel| {
        connect(kernel, decline);
    });
}

extern "win64" fn wait_for_ever(event: *mut c_void) {
    let kernel = nt::kernel();
    call!(kernel, KeWaitForSingleObject(event => *mut c_void, 0 => u32, 0 => i8, 0 => u8, core::ptr::null() => *const i64) -> i32);
}

fn create_thread(kernel: &Kernel, start: extern "win64" fn(*mut c_void), context: *mut c_void) -> u64 {
    let handle = keep(0_u64);
    let status = call!(kernel, PsCreateSystemThread(
        handle => *mut u64, 0 => u32, core::ptr::null_mut() => *mut c_void, 0 => u64,
        core::ptr::null_mut() => *mut c_void, start => extern "win64" fn(*mut c_void), context => *mut c_void,
    ) -> i32);
    assert_eq!(status, 0);
    // SAFETY: the kernel has just written it.
    unsafe { *handle }
}

#[test]
fn a_thread_left_running() {
    expect("ThreadLeft", 0xCE, |kernel| {
        let handle = create_thread(kernel, wait_for_ever, event(kernel).cast());
        call!(kernel, ZwClose(handle => u64) -> i32);
    });
}

#[test]
fn a_handle_left_open() {
    extern "win64" fn end(_: *mut c_void) {}
    expect("HandleLeft", 0xC4, |kernel| {
        create_thread(kernel, end, core::ptr::null_mut());
        kernel.sleep_until(kernel.now() + 1_000_000);
    });
}

#[test]
fn a_machine_in_which_nothing_happens_any_more() {
    expect("Hang", 0x1D5, |kernel| {
        wait_for_ever(event(kernel).cast());
    });
}

#[test]
fn threads_take_turns_and_waits_time_out() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let log = seen.clone();
    let found = findings(move |kernel| {
        let event = event(kernel);
        let timeout = keep(-20_000_i64);
        let before = kernel.now();
        let status = call!(kernel, KeWaitForSingleObject(event => *mut KEvent, 0 => u32, 0 => i8, 0 => u8, timeout.cast_const() => *const i64) -> i32);
        log.borrow_mut().push((status, kernel.now() - before >= 2_000_000));
        call!(kernel, KeSetEvent(event => *mut KEvent, 0 => i32, 0 => u8) -> i32);
        let status = call!(kernel, KeWaitForSingleObject(event => *mut KEvent, 0 => u32, 0 => i8, 0 => u8, timeout.cast_const() => *const i64) -> i32);
        log.borrow_mut().push((status, true));
    });
    assert!(found.is_empty(), "{}", found[0]);
    assert_eq!(*seen.borrow(), [(0x102, true), (0, true)]);
}
