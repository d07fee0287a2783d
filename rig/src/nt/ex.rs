//! `Ex*` exports: pool.

use core::ffi::c_void;

use super::Kernel;
use super::abi::APC_LEVEL;
use super::abi::DISPATCH_LEVEL;
use super::exports::declare_exports;

/// `POOL_FLAG_UNINITIALIZED`.
const POOL_FLAG_UNINITIALIZED: u64 = 0x2;
/// `POOL_FLAG_RAISE_ON_FAILURE`.
const POOL_FLAG_RAISE_ON_FAILURE: u64 = 0x20;
/// `POOL_FLAG_NON_PAGED`.
const POOL_FLAG_NON_PAGED: u64 = 0x40;
/// `POOL_FLAG_NON_PAGED_EXECUTE`.
const POOL_FLAG_NON_PAGED_EXECUTE: u64 = 0x80;
/// `POOL_FLAG_PAGED`.
const POOL_FLAG_PAGED: u64 = 0x100;

/// `POOL_TYPE` values: NonPagedPool is executable, NonPagedPoolNx is not.
const NON_PAGED_POOL: u32 = 0;
const PAGED_POOL: u32 = 1;
const NON_PAGED_POOL_NX: u32 = 512;

fn check(kernel: &Kernel, size: u64, paged: bool, executable: bool) {
    let limit = if paged { APC_LEVEL } else { DISPATCH_LEVEL };
    if kernel.current_irql() > limit {
        kernel.verifier.pool_irql(kernel, paged, size);
    }
    if size == 0 {
        kernel.verifier.zero_pool(kernel, paged);
    }
    if executable {
        kernel.verifier.executable_pool(kernel);
    }
}

declare_exports! { "ntoskrnl.exe";
    fn ExAllocatePoolWithTag(kind: u32, size: u64, tag: u32) -> u64 |kernel| {
        let base = kind & !0x400;
        check(kernel, size, base & 1 == PAGED_POOL, base == NON_PAGED_POOL);
        let known = [NON_PAGED_POOL, PAGED_POOL, NON_PAGED_POOL_NX].contains(&base);
        if !known {
            kernel.verifier.not_played(kernel, "a pool type other than NonPagedPool, NonPagedPoolNx and PagedPool")
        }
        kernel.allocate_pool(size, tag, base == PAGED_POOL, false)
    }

    fn ExAllocatePool2(flags: u64, size: u64, tag: u32) -> u64 |kernel| {
        let kinds = flags & (POOL_FLAG_NON_PAGED | POOL_FLAG_NON_PAGED_EXECUTE | POOL_FLAG_PAGED);
        if tag == 0 || size == 0 || !kinds.is_power_of_two() {
            return 0;
        }
        check(kernel, size, kinds == POOL_FLAG_PAGED, kinds == POOL_FLAG_NON_PAGED_EXECUTE);
        let zeroed = flags & POOL_FLAG_UNINITIALIZED == 0;
        let block = kernel.allocate_pool(size, tag, kinds == POOL_FLAG_PAGED, zeroed);
        if block == 0 && flags & POOL_FLAG_RAISE_ON_FAILURE != 0 {
            kernel.verifier.not_played(kernel, "an exception from ExAllocatePool2")
        }
        block
    }

    fn ExFreePoolWithTag(block: u64, tag: u32) |kernel| { kernel.free_pool(block, tag); }
    fn ExFreePool(block: u64) |kernel| { kernel.free_pool(block, 0); }
    fn ExFreePool2(block: u64, tag: u32, _parameters: *mut c_void, _count: u32) |kernel| {
        kernel.free_pool(block, tag);
    }

    fn ExGetPreviousMode() -> i8 |_kernel| { 0 }
}
