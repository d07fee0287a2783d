//! Queued spin locks, and what x64 does without: floating point state.

use core::ffi::c_void;

use super::At;
use super::Kernel;
use super::abi::DISPATCH_LEVEL;
use super::abi::LockQueueHandle;
use super::abi::NtStatus;
use super::abi::STATUS_SUCCESS;
use super::exports::declare_exports;

fn enter(kernel: &Kernel, lock: *mut u64, handle: At<LockQueueHandle>, level: u8) {
    kernel.acquire_spinlock(At::new(lock));
    handle.write(LockQueueHandle { next: core::ptr::null_mut(), lock, old_irql: level });
}

fn leave(kernel: &Kernel, handle: At<LockQueueHandle>) -> u8 {
    let (lock, level) = handle.with(|handle| (handle.lock, handle.old_irql));
    kernel.release_spinlock(At::new(lock));
    level
}

declare_exports! { "ntoskrnl.exe";
    fn KeAcquireInStackQueuedSpinLock(lock: *mut u64, handle: At<LockQueueHandle>) |kernel| {
        let before = super::ke::raise(kernel, DISPATCH_LEVEL);
        enter(kernel, lock, handle, before);
    }

    fn KeReleaseInStackQueuedSpinLock(handle: At<LockQueueHandle>) |kernel| {
        let level = leave(kernel, handle);
        super::ke::lower(kernel, level);
    }

    fn KeAcquireInStackQueuedSpinLockAtDpcLevel(lock: *mut u64, handle: At<LockQueueHandle>) |kernel| {
        let level = kernel.current_irql();
        enter(kernel, lock, handle, level);
    }

    fn KeReleaseInStackQueuedSpinLockFromDpcLevel(handle: At<LockQueueHandle>) |kernel| { leave(kernel, handle); }

    fn KeTryToAcquireSpinLockAtDpcLevel(lock: At<u64>) -> u8 |kernel| { u8::from(kernel.try_spinlock(lock)) }

    /// Drivers save nothing for SSE, and have no x87 (kernel/floating-point-support-for-64-bit-drivers).
    fn KeSaveFloatingPointState(_state: *mut c_void) -> NtStatus |_kernel| { STATUS_SUCCESS }
    fn KeRestoreFloatingPointState(_state: *mut c_void) -> NtStatus |_kernel| { STATUS_SUCCESS }
    fn KeSaveExtendedProcessorState(_mask: u64, _state: *mut c_void) -> NtStatus |_kernel| { STATUS_SUCCESS }
    fn KeRestoreExtendedProcessorState(_state: *mut c_void) |_kernel| {}

    /// There is one processor, and DPCs are run in the order in which they come.
    fn KeSetTargetProcessorDpc(_dpc: *mut c_void, _number: i8) |_kernel| {}
    fn KeSetTargetProcessorDpcEx(_dpc: *mut c_void, _number: *mut c_void) -> NtStatus |_kernel| { STATUS_SUCCESS }
    fn KeSetImportanceDpc(_dpc: *mut c_void, _importance: i32) |_kernel| {}
}
