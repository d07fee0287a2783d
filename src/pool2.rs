//! `ExAllocatePool2` for every Windows 10.
//!
//! wdk-alloc allocates through `ExAllocatePool2`, which the kernel exports from build 19041 (version 2004) on. An
//! image that imports it does not load on anything older. So the driver defines the symbol itself: calls go to the
//! kernel's function where there is one, and to `ExAllocatePoolWithTag` where there is none.

use core::{
    ffi::c_void,
    mem, ptr,
    sync::atomic::{AtomicPtr, Ordering},
};

use wdk_sys::{
    POOL_FLAG_NON_PAGED, POOL_FLAG_RAISE_ON_FAILURE, POOL_FLAG_UNINITIALIZED, POOL_FLAG_USE_QUOTA,
    POOL_FLAGS, PVOID, SIZE_T, ULONG, UNICODE_STRING, ntddk::MmGetSystemRoutineAddress,
};

/// `NonPagedPoolNx` of the kernel's `POOL_TYPE`: non-paged and not executable (Windows 8).
const NON_PAGED_POOL_NX: i32 = 512;

type Pool2 = unsafe extern "system" fn(POOL_FLAGS, SIZE_T, ULONG) -> PVOID;

unsafe extern "system" {
    /// wdk-sys has no binding of it, as it is deprecated in favour of the function that may be missing.
    fn ExAllocatePoolWithTag(pool_type: i32, number_of_bytes: SIZE_T, tag: ULONG) -> PVOID;
}

/// The kernel's `ExAllocatePool2`; null where it has none, and before [`init`].
static KERNELS_OWN: AtomicPtr<c_void> = AtomicPtr::new(ptr::null_mut());

/// Looks up the kernel's `ExAllocatePool2`. Until then allocations take the older way, which is as good.
///
/// IRQL: PASSIVE_LEVEL, which the look-up demands; hence not at the first allocation, whose IRQL is unknown.
///
/// # Safety
/// The caller runs at PASSIVE_LEVEL.
pub(crate) unsafe fn init() {
    static NAME: [u16; 15] = portcls::port::units("ExAllocatePool2");
    const LENGTH: u16 = mem::size_of::<[u16; 15]>() as u16;
    let mut name =
        UNICODE_STRING { Length: LENGTH, MaximumLength: LENGTH, Buffer: (&raw const NAME).cast_mut().cast() };
    // SAFETY: the string is valid for the call and only read; IRQL is the caller's promise.
    let found = unsafe { MmGetSystemRoutineAddress(&raw mut name) };
    KERNELS_OWN.store(found, Ordering::Release);
}

/// Allocates pool, zeroed unless `POOL_FLAG_UNINITIALIZED` is given. Null if there is none, or for flags that the
/// older way cannot honour on a kernel that has no other.
///
/// IRQL: up to DISPATCH_LEVEL for `POOL_FLAG_NON_PAGED`.
///
/// # Safety
/// As for the kernel's function of this name.
// SAFETY: the driver links against no other definition: the import library's is taken only if there is no other.
#[unsafe(no_mangle)]
unsafe extern "system" fn ExAllocatePool2(flags: POOL_FLAGS, number_of_bytes: SIZE_T, tag: ULONG) -> PVOID {
    let kernels_own = KERNELS_OWN.load(Ordering::Acquire);
    if kernels_own.is_null() {
        // SAFETY: the caller's promises are those that the kernel's function asks for.
        return unsafe { allocate_with_tag(flags, number_of_bytes, tag) };
    }
    // SAFETY: the address is that of the kernel's export, whose signature this is.
    let kernels_own = unsafe { mem::transmute::<PVOID, Pool2>(kernels_own) };
    // SAFETY: the caller's promises are those that the kernel's function asks for.
    unsafe { kernels_own(flags, number_of_bytes, tag) }
}

/// What `ExAllocatePool2` does for non-paged memory, on a kernel that lacks it.
///
/// # Safety
/// The caller runs at DISPATCH_LEVEL or below.
unsafe fn allocate_with_tag(flags: POOL_FLAGS, number_of_bytes: SIZE_T, tag: ULONG) -> PVOID {
    let unsupported = POOL_FLAG_RAISE_ON_FAILURE | POOL_FLAG_USE_QUOTA;
    if flags & POOL_FLAG_NON_PAGED == 0 || flags & unsupported != 0 || number_of_bytes == 0 {
        return ptr::null_mut();
    }
    // SAFETY: non-paged pool is to be had up to DISPATCH_LEVEL; size and tag are not zero.
    let memory = unsafe { ExAllocatePoolWithTag(NON_PAGED_POOL_NX, number_of_bytes, tag) };
    if !memory.is_null() && flags & POOL_FLAG_UNINITIALIZED == 0 {
        // SAFETY: the allocation is of that many bytes and nobody else's yet.
        unsafe { ptr::write_bytes(memory.cast::<u8>(), 0, number_of_bytes as usize) };
    }
    memory
}
