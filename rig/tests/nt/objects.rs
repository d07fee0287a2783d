//! Timers with callbacks, work items, fast mutexes, queued locks, contiguous memory, event providers.

use core::ffi::c_void;
use std::cell::Cell;
use std::cell::RefCell;

use waverust_rig::nt;
use waverust_rig::nt::Context;
use waverust_rig::nt::Kernel;
use waverust_rig::nt::abi::DeviceObject;
use waverust_rig::nt::abi::FastMutex;
use waverust_rig::nt::abi::KEvent;
use waverust_rig::nt::abi::LockQueueHandle;

use crate::support::call;
use crate::support::expect;
use crate::support::keep;
use crate::support::result;

const NULL: *mut c_void = core::ptr::null_mut();

thread_local! {
    static FIRED: RefCell<Vec<(u64, u8)>> = const { RefCell::new(Vec::new()) };
}

/// Notes when it was called, and at which level.
extern "win64" fn tick(_timer: *mut c_void, context: *mut c_void) {
    let kernel = nt::kernel();
    assert_eq!(context as u64, 0x1234);
    FIRED.with_borrow_mut(|fired| fired.push((kernel.now(), kernel.current_irql())));
}

fn timer(kernel: &Kernel, attributes: u32) -> *mut c_void {
    call!(kernel, ExAllocateTimer(tick => extern "win64" fn(*mut c_void, *mut c_void), 0x1234 as *mut c_void => *mut c_void, attributes => u32) -> *mut c_void)
}

fn delete(kernel: &Kernel, timer: *mut c_void) -> u8 {
    call!(kernel, ExDeleteTimer(timer => *mut c_void, 1 => u8, 0 => u8, NULL => *mut c_void) -> u8)
}

#[test]
fn a_timer_of_high_resolution_fires_at_its_times() {
    let fired = result(|kernel| {
        let timer = timer(kernel, 4);
        let begin = kernel.now();
        call!(kernel, ExSetTimer(timer => *mut c_void, -10_000 => i64, 10_000 => i64, NULL => *mut c_void) -> u8);
        kernel.sleep_until(begin + 10_500_000);
        assert_eq!(call!(kernel, ExCancelTimer(timer => *mut c_void, NULL => *mut c_void) -> u8), 1);
        kernel.sleep_until(kernel.now() + 5_000_000);
        assert_eq!(delete(kernel, timer), 0);
        FIRED.take().into_iter().map(|(time, level)| (time - begin, level)).collect::<Vec<_>>()
    });
    assert_eq!(fired.len(), 10, "{fired:?}");
    for (number, (time, level)) in fired.iter().enumerate() {
        let due = (number as u64 + 1) * 1_000_000;
        assert!((due..due + 1_000_000).contains(time), "timer {number} at {time}");
        assert_eq!(*level, 2);
    }
}

#[test]
fn a_timer_without_high_resolution_waits_for_the_clock() {
    let fired = result(|kernel| {
        let timer = timer(kernel, 0);
        call!(kernel, ExSetTimer(timer => *mut c_void, -10_000 => i64, 0 => i64, NULL => *mut c_void) -> u8);
        kernel.sleep_until(40_000_000);
        delete(kernel, timer);
        FIRED.take()
    });
    assert_eq!(fired.len(), 1);
    assert!(fired[0].0 >= 15_625_000, "{fired:?}");
}

#[test]
fn a_timer_left_or_deleted_twice() {
    expect("ExTimerLeft", 0xC7, |kernel| {
        timer(kernel, 0);
    });
    expect("ExTimer", 0xC7, |kernel| {
        let timer = timer(kernel, 0);
        delete(kernel, timer);
        delete(kernel, timer);
    });
    expect("ExTimer", 0xC7, |kernel| {
        timer(kernel, 4 | 8);
    });
}

thread_local!(static WORK: Cell<u64> = const { Cell::new(0) });

extern "win64" fn work(_device: *mut DeviceObject, context: *mut c_void) {
    let kernel = nt::kernel();
    assert_eq!(kernel.current_irql(), 0);
    WORK.set(context as u64);
}

fn queue(kernel: &Kernel, item: *mut c_void) {
    call!(kernel, IoQueueWorkItem(item => *mut c_void, work => extern "win64" fn(*mut DeviceObject, *mut c_void), 1 => i32, 77 as *mut c_void => *mut c_void) -> ());
}

fn work_item(kernel: &Kernel) -> *mut c_void {
    call!(kernel, IoAllocateWorkItem(NULL => *mut c_void) -> *mut c_void)
}

#[test]
fn a_work_item_runs_at_passive_level() {
    let done = result(|kernel| {
        let item = work_item(kernel);
        kernel.call_driver_at("routine", 2, || queue(kernel, item));
        assert_eq!(WORK.get(), 0, "not before its turn");
        kernel.sleep_until(kernel.now() + 1_000_000);
        call!(kernel, IoFreeWorkItem(item => *mut c_void) -> ());
        WORK.get()
    });
    assert_eq!(done, 77);
}

#[test]
fn a_work_item_left_or_freed_too_early_or_queued_twice() {
    expect("WorkItemLeft", 0xCE, |kernel| {
        work_item(kernel);
    });
    expect("WorkItem", 0xE4, |kernel| {
        let item = work_item(kernel);
        queue(kernel, item);
        call!(kernel, IoFreeWorkItem(item => *mut c_void) -> ());
    });
    expect("WorkItem", 0xE4, |kernel| {
        let item = work_item(kernel);
        queue(kernel, item);
        queue(kernel, item);
    });
}

fn mutex(kernel: &Kernel) -> *mut FastMutex {
    // As ExInitializeFastMutex, which is inline, leaves it.
    let mutex: *mut FastMutex = keep([0_u64; 7]).cast();
    // SAFETY: memory of the test's own.
    let event = unsafe {
        (*mutex).count = 1;
        &raw mut (*mutex).event
    };
    call!(kernel, KeInitializeEvent(event => *mut KEvent, 1 => u32, 0 => u8) -> ());
    mutex
}

fn acquire(kernel: &Kernel, mutex: *mut FastMutex) {
    call!(kernel, ExAcquireFastMutex(mutex => *mut FastMutex) -> ());
}

fn release(kernel: &Kernel, mutex: *mut FastMutex) {
    call!(kernel, ExReleaseFastMutex(mutex => *mut FastMutex) -> ());
}

#[test]
fn a_fast_mutex_has_one_owner_and_raises_to_apc_level() {
    thread_local!(static LOG: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) });
    let note = |what: &'static str| LOG.with_borrow_mut(|log| log.push(what));
    let log = result(move |kernel| {
        let mutex = mutex(kernel);
        acquire(kernel, mutex);
        assert_eq!(kernel.current_irql(), 1);
        let tried = std::rc::Rc::new(Cell::new(9));
        let other = tried.clone();
        let thread = kernel.spawn("other", Context::Thread, false, move || {
            let kernel = nt::kernel();
            assert_eq!(kernel.current_irql(), 0, "the level of another thread is not this one's");
            other.set(call!(kernel, ExTryToAcquireFastMutex(mutex => *mut FastMutex) -> u8));
            note("other waits");
            acquire(kernel, mutex);
            note("other has it");
            release(kernel, mutex);
        });
        kernel.sleep_until(kernel.now() + 1_000_000);
        assert_eq!((kernel.current_irql(), tried.get()), (1, 0));
        note("first gives it back");
        release(kernel, mutex);
        assert_eq!(kernel.current_irql(), 0);
        kernel.join(&thread);
        LOG.take()
    });
    assert_eq!(log, ["other waits", "first gives it back", "other has it"]);
}

#[test]
fn a_fast_mutex_taken_twice_or_given_back_by_another() {
    expect("Deadlock", 0xC4, |kernel| {
        let mutex = mutex(kernel);
        acquire(kernel, mutex);
        acquire(kernel, mutex);
    });
    expect("SpinLockNotHeld", 0x10, |kernel| {
        let mutex = mutex(kernel);
        call!(kernel, KfRaiseIrql(1 => u8) -> u8);
        release(kernel, mutex);
    });
}

#[test]
fn a_queued_spin_lock_is_a_spin_lock() {
    let levels = result(|kernel| {
        let (lock, handle) = (keep(0_u64), keep([0_u64; 3]).cast::<LockQueueHandle>());
        call!(kernel, KeAcquireInStackQueuedSpinLock(lock => *mut u64, handle => *mut LockQueueHandle) -> ());
        let held = kernel.current_irql();
        assert_eq!(call!(kernel, KeTryToAcquireSpinLockAtDpcLevel(lock => *mut u64) -> u8), 0);
        call!(kernel, KeReleaseInStackQueuedSpinLock(handle => *mut LockQueueHandle) -> ());
        [held, kernel.current_irql()]
    });
    assert_eq!(levels, [2, 0]);
    expect("Deadlock", 0xC4, |kernel| {
        let (lock, handle) = (keep(0_u64), keep([0_u64; 3]).cast::<LockQueueHandle>());
        for _ in 0..2 {
            call!(kernel, KeAcquireInStackQueuedSpinLock(lock => *mut u64, handle => *mut LockQueueHandle) -> ());
        }
    });
}

#[test]
fn a_spin_lock_that_was_never_initialised() {
    expect("SpinLockNotInitialized", 0xC4, |kernel| {
        let lock = keep(0xA5A5_A5A5_A5A5_A5A5_u64);
        call!(kernel, KeAcquireSpinLockRaiseToDpc(lock => *mut u64) -> u8);
    });
}

fn contiguous(kernel: &Kernel, bytes: u64, highest: u64) -> *mut c_void {
    call!(kernel, MmAllocateContiguousMemorySpecifyCache(bytes => u64, 0 => u64, highest => u64, 0 => u64, 1 => i32) -> *mut c_void)
}

#[test]
fn contiguous_memory_is_contiguous_and_below_its_limit() {
    let ends = result(|kernel| {
        let base = contiguous(kernel, 20_000, 0x3F_FFFF);
        let physical = |at: u64| call!(kernel, MmGetPhysicalAddress(base as u64 + at => u64) -> u64);
        let ends = [physical(0), physical(19_999)];
        assert!(contiguous(kernel, 1 << 30, u64::MAX).is_null());
        call!(kernel, MmFreeContiguousMemory(base => *mut c_void) -> ());
        ends
    });
    assert!(ends[0] > 0 && ends[1] == ends[0] + 19_999 && ends[1] < 0x40_0000, "{ends:x?}");
    expect("ContiguousMemoryLeft", 0xE6, |kernel| {
        contiguous(kernel, 1, u64::MAX);
    });
    expect("ContiguousMemory", 0xC4, |kernel| {
        call!(kernel, MmFreeContiguousMemory(0x5000 as *mut c_void => *mut c_void) -> ());
    });
}

#[test]
fn an_event_provider_left_registered() {
    let register = |kernel: &Kernel| {
        let handle = keep(0_u64);
        assert_eq!(
            call!(kernel, EtwRegister(NULL => *mut c_void, NULL => *mut c_void, NULL => *mut c_void, handle => *mut u64) -> i32),
            0
        );
        // SAFETY: the kernel has just written it.
        unsafe { *handle }
    };
    expect("EtwProviderLeft", 0xCE, move |kernel| {
        register(kernel);
    });
    let status = result(move |kernel| {
        let handle = register(kernel);
        call!(kernel, EtwUnregister(handle => u64) -> i32)
    });
    assert_eq!(status, 0);
}

#[test]
fn what_may_fail_can_be_made_to_fail() {
    let failed = result(|kernel| {
        let mut failed = Vec::new();
        let mut fail = |call: &dyn Fn() -> bool| {
            kernel.injection.arm(Some(0));
            let refused = call();
            let (_, hit) = kernel.injection.disarm();
            failed.push((hit.unwrap_or_default(), refused));
        };
        fail(&|| timer(kernel, 0).is_null());
        fail(&|| work_item(kernel).is_null());
        fail(&|| contiguous(kernel, 4096, u64::MAX).is_null());
        let handle = keep(0_u64);
        fail(&|| {
            call!(kernel, EtwRegister(NULL => *mut c_void, NULL => *mut c_void, NULL => *mut c_void, handle => *mut u64) -> i32)
                < 0
        });
        failed
    });
    assert!(failed.iter().all(|(hit, refused)| *refused && !hit.is_empty()), "{failed:?}");
}
