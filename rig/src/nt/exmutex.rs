//! Fast mutexes, critical regions, and lists that a spin lock guards.

use core::ffi::c_void;

use super::At;
use super::Deadline;
use super::Kernel;
use super::abi::APC_LEVEL;
use super::abi::FastMutex;
use super::abi::ListEntry;
use super::exports::declare_exports;

/// Takes the mutex if nobody has it. `ExInitializeFastMutex` is inline and leaves a count of 1.
fn take(kernel: &Kernel, mutex: At<FastMutex>) -> bool {
    let owner = kernel.current_thread().map_or(core::ptr::null_mut(), |thread| thread.pointer());
    mutex.with(|mutex| {
        let free = mutex.count == 1;
        if free {
            mutex.count = 0;
            mutex.owner = owner;
        }
        free
    })
}

fn acquire(kernel: &Kernel, mutex: At<FastMutex>) {
    let owner = kernel.current_thread().map(|thread| thread.pointer());
    if mutex.with(|mutex| mutex.count != 1 && Some(mutex.owner) == owner) {
        kernel.verifier.deadlock(kernel, mutex.address());
    }
    while !take(kernel, mutex) {
        let event = mutex.with(|mutex| {
            mutex.contention += 1;
            &raw mut mutex.event
        });
        kernel.wait(vec![event.cast()], false, Deadline::Never);
    }
}

fn release(kernel: &Kernel, mutex: At<FastMutex>) {
    let owner = kernel.current_thread().map(|thread| thread.pointer());
    if mutex.with(|mutex| mutex.count == 1 || Some(mutex.owner) != owner) {
        kernel.verifier.lock_not_held(kernel, mutex.address());
    }
    let waited_for = mutex.with(|mutex| {
        mutex.count = 1;
        mutex.owner = core::ptr::null_mut();
        core::mem::replace(&mut mutex.contention, 0) > 0
    });
    if waited_for {
        let event = mutex.with(|mutex| &raw mut mutex.event);
        kernel.signal(event.cast(), 1);
    }
}

/// The first entry of a list, if it has one.
fn first(head: *mut ListEntry) -> *mut ListEntry {
    let entry = At::new(head).read().flink;
    if entry == head { core::ptr::null_mut() } else { entry }
}

fn link(before: *mut ListEntry, entry: *mut ListEntry, behind: *mut ListEntry) {
    At::new(entry).write(ListEntry { flink: behind, blink: before });
    At::new(before).with(|before| before.flink = entry);
    At::new(behind).with(|behind| behind.blink = entry);
}

declare_exports! { "ntoskrnl.exe";
    fn ExAcquireFastMutex(mutex: At<FastMutex>) |kernel| {
        let level = kernel.set_irql(APC_LEVEL);
        acquire(kernel, mutex);
        mutex.with(|mutex| mutex.old_irql = u32::from(level));
    }

    fn ExReleaseFastMutex(mutex: At<FastMutex>) |kernel| {
        let level = mutex.with(|mutex| mutex.old_irql) as u8;
        release(kernel, mutex);
        kernel.set_irql(level.min(APC_LEVEL));
    }

    fn ExTryToAcquireFastMutex(mutex: At<FastMutex>) -> u8 |kernel| {
        let level = kernel.set_irql(APC_LEVEL);
        let taken = take(kernel, mutex);
        if taken {
            mutex.with(|mutex| mutex.old_irql = u32::from(level));
        } else {
            kernel.set_irql(level);
        }
        u8::from(taken)
    }

    fn ExAcquireFastMutexUnsafe(mutex: At<FastMutex>) |kernel| { acquire(kernel, mutex); }
    fn ExReleaseFastMutexUnsafe(mutex: At<FastMutex>) |kernel| { release(kernel, mutex); }

    /// Nothing here is interrupted by kernel APCs anyway.
    fn KeEnterCriticalRegion() |_kernel| {}
    fn KeLeaveCriticalRegion() |_kernel| {}
    fn KeAreApcsDisabled() -> u8 |_kernel| { 0 }

    /// The entry that was first before; null for an empty list. On one processor nobody interrupts the routine.
    fn ExInterlockedInsertHeadList(head: *mut ListEntry, entry: *mut ListEntry, _lock: *mut c_void) -> *mut ListEntry |_kernel| {
        let before = first(head);
        link(head, entry, At::new(head).read().flink);
        before
    }

    /// The entry that was last before; null for an empty list.
    fn ExInterlockedInsertTailList(head: *mut ListEntry, entry: *mut ListEntry, _lock: *mut c_void) -> *mut ListEntry |_kernel| {
        let last = At::new(head).read().blink;
        link(last, entry, head);
        if last == head { core::ptr::null_mut() } else { last }
    }

    fn ExInterlockedRemoveHeadList(head: *mut ListEntry, _lock: *mut c_void) -> *mut ListEntry |_kernel| {
        let entry = first(head);
        if !entry.is_null() {
            let next = At::new(entry).read().flink;
            At::new(head).with(|head| head.flink = next);
            At::new(next).with(|next| next.blink = head);
        }
        entry
    }
}
