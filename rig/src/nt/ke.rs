//! `Ke*` exports: IRQL, locks, events, timers, DPCs, waits.

use core::ffi::c_void;

use super::At;
use super::Deadline;
use super::Kernel;
use super::abi::APC_LEVEL;
use super::abi::DISPATCH_LEVEL;
use super::abi::DeferredRoutine;
use super::abi::DispatcherHeader;
use super::abi::HIGH_LEVEL;
use super::abi::KDpc;
use super::abi::KEvent;
use super::abi::KMutant;
use super::abi::KSemaphore;
use super::abi::KTimer;
use super::abi::NtStatus;
use super::dispatcher;
use super::dispatcher::Setting;
use super::dispatcher::kind;
use super::exports::declare_exports;

/// Statuses of exceptions that the kernel raises.
const STATUS_MUTANT_NOT_OWNED: u32 = 0xC000_0046;
const STATUS_SEMAPHORE_LIMIT_EXCEEDED: u32 = 0xC000_0047;

/// `LARGE_INTEGER *Timeout`: null for never, negative for relative, positive for absolute system time.
fn deadline(kernel: &Kernel, timeout: At<i64>) -> Deadline {
    if timeout.is_null() {
        return Deadline::Never;
    }
    let units = timeout.read();
    match units {
        0 => Deadline::At(kernel.now()),
        ..0 => Deadline::At(dispatcher::next_tick(kernel.now() + units.unsigned_abs().saturating_mul(100))),
        _ => {
            let since_boot = units.unsigned_abs().saturating_sub(super::hal::BOOT_SYSTEM_TIME);
            Deadline::At(dispatcher::next_tick(since_boot.saturating_mul(100)))
        }
    }
}

/// Blocking is allowed up to APC_LEVEL; looking without waiting, up to DISPATCH_LEVEL.
fn check_wait(kernel: &Kernel, timeout: At<i64>) {
    let blocks = timeout.is_null() || timeout.read() != 0;
    if blocks && kernel.current_irql() > APC_LEVEL {
        kernel.verifier.blocking_wait(kernel);
    }
}

pub(super) fn raise(kernel: &Kernel, level: u8) -> u8 {
    if level < kernel.current_irql() || level > HIGH_LEVEL {
        kernel.verifier.bad_raise(kernel, level);
    }
    kernel.set_irql(level)
}

pub(super) fn lower(kernel: &Kernel, level: u8) {
    if level > kernel.current_irql() {
        kernel.verifier.bad_lower(kernel, level);
    }
    kernel.lower_irql(level);
}

declare_exports! { "ntoskrnl.exe";
    fn KeGetCurrentIrql() -> u8 |kernel| { kernel.current_irql() }
    fn KfRaiseIrql(level: u8) -> u8 |kernel| { raise(kernel, level) }
    fn KeRaiseIrqlToDpcLevel() -> u8 |kernel| { raise(kernel, DISPATCH_LEVEL) }
    fn KeLowerIrql(level: u8) |kernel| { lower(kernel, level); }

    fn KeInitializeSpinLock(lock: At<u64>) |_kernel| { lock.write(0); }

    fn KeAcquireSpinLockRaiseToDpc(lock: At<u64>) -> u8 |kernel| {
        let before = raise(kernel, DISPATCH_LEVEL);
        kernel.acquire_spinlock(lock);
        before
    }

    fn KeReleaseSpinLock(lock: At<u64>, level: u8) |kernel| {
        kernel.release_spinlock(lock);
        lower(kernel, level);
    }

    fn KeAcquireSpinLockAtDpcLevel(lock: At<u64>) |kernel| { kernel.acquire_spinlock(lock); }
    fn KeReleaseSpinLockFromDpcLevel(lock: At<u64>) |kernel| { kernel.release_spinlock(lock); }

    fn KeInitializeEvent(event: At<KEvent>, kind: u32, state: u8) |_kernel| {
        let kind = if kind == 0 { kind::NOTIFICATION_EVENT } else { kind::SYNCHRONIZATION_EVENT };
        dispatcher::initialize(At::new(event.pointer().cast()), kind, i32::from(state != 0));
    }

    fn KeSetEvent(event: At<KEvent>, _increment: i32, _wait: u8) -> i32 |kernel| {
        kernel.accounts.event_set(kernel.now(), event.address());
        kernel.signal(event.pointer().cast(), 1)
    }

    fn KeResetEvent(event: At<KEvent>) -> i32 |_kernel| {
        event.with(|event| core::mem::replace(&mut event.header.signal_state, 0))
    }

    fn KeClearEvent(event: At<KEvent>) |_kernel| { event.with(|event| event.header.signal_state = 0); }
    fn KeReadStateEvent(event: At<KEvent>) -> i32 |_kernel| { event.with(|event| event.header.signal_state) }

    fn KeInitializeSemaphore(semaphore: At<KSemaphore>, count: i32, limit: i32) |_kernel| {
        dispatcher::initialize(At::new(semaphore.pointer().cast()), kind::SEMAPHORE, count);
        semaphore.with(|semaphore| semaphore.limit = limit);
    }

    fn KeReleaseSemaphore(semaphore: At<KSemaphore>, _increment: i32, by: i32, _wait: u8) -> i32 |kernel| {
        let (count, limit) = semaphore.with(|semaphore| (semaphore.header.signal_state, semaphore.limit));
        if by <= 0 || count.checked_add(by).is_none_or(|count| count > limit) {
            kernel.verifier.raised(kernel, STATUS_SEMAPHORE_LIMIT_EXCEEDED, "a semaphore was released beyond its limit");
        }
        kernel.signal(semaphore.pointer().cast(), count + by)
    }

    fn KeInitializeMutex(mutex: At<KMutant>, _level: u32) |_kernel| {
        dispatcher::initialize(At::new(mutex.pointer().cast()), kind::MUTANT, 1);
        mutex.with(|mutex| mutex.owner_thread = core::ptr::null_mut());
    }

    fn KeReleaseMutex(mutex: At<KMutant>, _wait: u8) -> i32 |kernel| {
        let owner = mutex.with(|mutex| mutex.owner_thread);
        if kernel.current_thread().is_none_or(|thread| thread.pointer() != owner) {
            kernel.verifier.raised(kernel, STATUS_MUTANT_NOT_OWNED, "a mutex was released by a thread that does not own it");
        }
        let count = mutex.with(|mutex| {
            if mutex.header.signal_state == 0 {
                mutex.owner_thread = core::ptr::null_mut();
            }
            mutex.header.signal_state
        });
        kernel.signal(mutex.pointer().cast(), count + 1)
    }

    fn KeWaitForSingleObject(
        object: *mut DispatcherHeader, _reason: u32, _mode: i8, _alertable: u8, timeout: At<i64>,
    ) -> NtStatus |kernel| {
        check_wait(kernel, timeout);
        At::new(object).read();
        kernel.wait(vec![object], false, deadline(kernel, timeout))
    }

    fn KeWaitForMultipleObjects(
        count: u32, objects: At<*mut DispatcherHeader>, wait_type: u32, _reason: u32, _mode: i8,
        _alertable: u8, timeout: At<i64>, _blocks: *mut c_void,
    ) -> NtStatus |kernel| {
        check_wait(kernel, timeout);
        let each = |index: usize| At::new(objects.pointer().wrapping_add(index)).read();
        let objects = (0..count as usize).map(each).collect();
        kernel.wait(objects, wait_type == 0, deadline(kernel, timeout))
    }

    fn KeDelayExecutionThread(_mode: i8, _alertable: u8, interval: At<i64>) -> NtStatus |kernel| {
        let until = deadline(kernel, interval);
        match until {
            Deadline::At(time) if time > kernel.now() => kernel.sleep_until(time),
            _ => kernel.give_way(),
        }
        super::abi::STATUS_SUCCESS
    }

    fn KeInitializeTimer(timer: At<KTimer>) |_kernel| {
        dispatcher::initialize(At::new(timer.pointer().cast()), kind::NOTIFICATION_TIMER, 0);
    }

    fn KeInitializeTimerEx(timer: At<KTimer>, wanted: u32) |_kernel| {
        let kind = if wanted == 0 { kind::NOTIFICATION_TIMER } else { kind::SYNCHRONIZATION_TIMER };
        dispatcher::initialize(At::new(timer.pointer().cast()), kind, 0);
    }

    fn KeSetTimer(timer: At<KTimer>, due: i64, dpc: *mut KDpc) -> u8 |kernel| {
        u8::from(kernel.set_timer(timer.pointer(), Setting { due, period_ns: 0, exact: false }, dpc))
    }

    fn KeSetTimerEx(timer: At<KTimer>, due: i64, period: u32, dpc: *mut KDpc) -> u8 |kernel| {
        let setting = Setting { due, period_ns: u64::from(period) * 1_000_000, exact: false };
        u8::from(kernel.set_timer(timer.pointer(), setting, dpc))
    }

    /// The tolerance is how much later than due the timer may fire, on top of the clock's tick.
    fn KeSetCoalescableTimer(timer: At<KTimer>, due: i64, period: u32, _tolerance: u32, dpc: *mut KDpc) -> u8 |kernel| {
        let setting = Setting { due, period_ns: u64::from(period) * 1_000_000, exact: false };
        u8::from(kernel.set_timer(timer.pointer(), setting, dpc))
    }

    fn KeReadStateTimer(timer: At<KTimer>) -> u8 |_kernel| {
        timer.with(|timer| u8::from(timer.header.signal_state > 0))
    }

    fn KeCancelTimer(timer: At<KTimer>) -> u8 |kernel| { u8::from(kernel.cancel_timer(timer.pointer())) }

    fn KeInitializeDpc(dpc: At<KDpc>, routine: Option<DeferredRoutine>, context: *mut c_void) |_kernel| {
        dpc.with(|dpc| {
            dpc.kind = 19;
            dpc.importance = 1;
            dpc.number = 0;
            dpc.deferred_routine = routine;
            dpc.deferred_context = context;
            dpc.dpc_data = core::ptr::null_mut();
        });
    }

    fn KeInsertQueueDpc(dpc: At<KDpc>, first: *mut c_void, second: *mut c_void) -> u8 |kernel| {
        u8::from(kernel.queue_dpc(dpc.pointer(), first, second))
    }

    fn KeRemoveQueueDpc(dpc: At<KDpc>) -> u8 |kernel| { u8::from(kernel.remove_dpc(dpc.pointer())) }

    /// Everything queued runs on the way out of the call: that is all that flushing takes on one processor.
    fn KeFlushQueuedDpcs() |kernel| { kernel.deliver(); }

    fn KeSetPriorityThread(thread: *mut c_void, priority: i32) -> i32 |kernel| {
        match kernel.thread_at(thread) {
            Some(thread) => thread.set_priority(priority),
            None => kernel.verifier.bad_reference(kernel, thread as u64),
        }
    }

    fn KeGetCurrentThread() -> *mut c_void |kernel| {
        kernel.current_thread().map_or(core::ptr::null_mut(), |thread| thread.pointer())
    }

    fn KeGetCurrentProcessorNumberEx(_number: *mut c_void) -> u32 |_kernel| { 0 }
    fn KeQueryActiveProcessorCountEx(_group: u16) -> u32 |_kernel| { 1 }
    fn KeQueryTimeIncrement() -> u32 |_kernel| { 156_250 }
    fn KeQueryInterruptTime() -> u64 |kernel| { kernel.interrupt_time() }
    fn KeQueryUnbiasedInterruptTime() -> u64 |kernel| { kernel.interrupt_time() }

    fn KeQueryInterruptTimePrecise(counter: At<u64>) -> u64 |kernel| {
        counter.write(kernel.read_performance_counter());
        kernel.interrupt_time()
    }

    fn KeQuerySystemTimePrecise(time: At<u64>) |kernel| {
        time.write(super::hal::BOOT_SYSTEM_TIME + kernel.interrupt_time());
    }

    fn KeAcquireInterruptSpinLock(interrupt: *mut c_void) -> u8 |kernel| {
        match kernel.interrupts.at(interrupt) {
            Some(interrupt) => raise(kernel, interrupt.irql),
            None => kernel.verifier.bad_interrupt(kernel, interrupt as u64),
        }
    }

    fn KeReleaseInterruptSpinLock(_interrupt: *mut c_void, level: u8) |kernel| { lower(kernel, level); }

    fn KeSynchronizeExecution(
        interrupt: *mut c_void, routine: unsafe extern "win64" fn(*mut c_void) -> u8, context: *mut c_void,
    ) -> u8 |kernel| {
        let Some(interrupt) = kernel.interrupts.at(interrupt) else {
            kernel.verifier.bad_interrupt(kernel, interrupt as u64);
        };
        let level = interrupt.irql;
        kernel.call_driver_at("SynchCritSection", level, || {
            // SAFETY: the driver asked for its routine to be called with its context at this level.
            unsafe { routine(context) }
        })
    }

    fn KeBugCheckEx(code: u32, first: u64, second: u64, third: u64, fourth: u64) |kernel| {
        kernel.verifier.bug_check(kernel, code, [first, second, third, fourth])
    }

    fn KeBugCheck(code: u32) |kernel| { kernel.verifier.bug_check(kernel, code, [0; 4]) }
}
