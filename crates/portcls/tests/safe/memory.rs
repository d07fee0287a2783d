//! An allocator that counts what this thread holds, and fails on demand.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static FAILING: Cell<bool> = const { Cell::new(false) };
}

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if FAILING.get() {
            return std::ptr::null_mut();
        }
        HELD.set(HELD.get() + 1);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        HELD.set(HELD.get() - 1);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many blocks this thread allocated and did not free, less those it freed for others.
pub(crate) fn held() -> isize {
    HELD.get()
}

/// Runs `work` while every allocation of this thread fails.
pub(crate) fn without_memory<R>(work: impl FnOnce() -> R) -> R {
    FAILING.set(true);
    let result = work();
    FAILING.set(false);
    result
}

#[test]
fn the_allocator_counts_and_fails() {
    let before = held();
    let block = Box::new(1);
    assert_eq!(held(), before + 1);
    drop(block);
    assert_eq!(held(), before);
    assert!(without_memory(|| Vec::<u8>::new().try_reserve(1).is_err()));
}
