//! Stand-ins for the objects of PortCls.

use std::ffi::c_void;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use portcls::com::{Com, ComClass, ComPtr, Head, unknown_vtbl, value};
use portcls::irql::{Irql, Passive};
use portcls::raw::*;

/// The token of a test.
pub(crate) fn passive() -> Irql<Passive> {
    // SAFETY: a test runs at what stands for PASSIVE_LEVEL.
    unsafe { Irql::assume() }
}

/// A fake as one of its interfaces.
pub(crate) fn pointer<I: Interface, T: ComClass>(value: T) -> (Com<T>, ComPtr<I>) {
    let object = Com::new(&passive(), value).unwrap();
    let pointer = object.query(&passive()).unwrap();
    (object, pointer)
}

/// The page allocator of a WaveRT stream: page `i` of any list lies at `0x1000 * (0x100 + 2 * i)`.
#[derive(Default)]
pub(crate) struct PortStream {
    /// The most bytes it gives at once; 0 is none.
    pub(crate) limit: u32,
    /// Highest address and bytes of each request.
    pub(crate) requests: Mutex<Vec<(i64, usize)>>,
    /// Lists and mappings that exist.
    pub(crate) lists: AtomicU32,
    pub(crate) mappings: AtomicU32,
}

impl ComClass for PortStream {
    type Interfaces = (IPortWaveRTStream,);
}

// SAFETY: the methods below expect place `N` of this class.
unsafe impl<const N: usize> Head<PortStream, N> for IPortWaveRTStream {
    const VTBL: &'static IPortWaveRTStreamVtbl = &IPortWaveRTStreamVtbl {
        base: unknown_vtbl::<PortStream, N>(),
        AllocatePagesForMdl: allocate::<N>,
        AllocateContiguousPagesForMdl: allocate_contiguous::<N>,
        MapAllocatedPages: map::<N>,
        UnmapAllocatedPages: unmap::<N>,
        FreePagesFromMdl: free::<N>,
        GetPhysicalPagesCount: count,
        GetPhysicalPageAddress: address,
    };
}

unsafe extern "efiapi" fn allocate<const N: usize>(
    this: *mut IPortWaveRTStream,
    highest: i64,
    bytes: usize,
) -> *mut MDL {
    // SAFETY: called on a live fake.
    let port = unsafe { value::<PortStream, _, N>(this) };
    port.requests.lock().unwrap().push((highest, bytes));
    let bytes = (bytes as u32).next_multiple_of(4096).min(port.limit);
    if bytes == 0 {
        return std::ptr::null_mut();
    }
    port.lists.fetch_add(1, SeqCst);
    Box::into_raw(Box::new(MDL { ByteCount: bytes, ..MDL::ZERO }))
}

unsafe extern "efiapi" fn allocate_contiguous<const N: usize>(
    this: *mut IPortWaveRTStream,
    _lowest: i64,
    highest: i64,
    bytes: usize,
) -> *mut MDL {
    // SAFETY: as this function.
    unsafe { allocate::<N>(this, highest, bytes) }
}

unsafe extern "efiapi" fn map<const N: usize>(
    this: *mut IPortWaveRTStream,
    mdl: *mut MDL,
    _cache: MEMORY_CACHING_TYPE,
) -> *mut c_void {
    // SAFETY: called on a live fake.
    unsafe { value::<PortStream, _, N>(this) }.mappings.fetch_add(1, SeqCst);
    // SAFETY: a list of this fake.
    let bytes = unsafe { (*mdl).ByteCount } as usize;
    Box::into_raw(vec![0xAAu8; bytes].into_boxed_slice()).cast()
}

unsafe extern "efiapi" fn unmap<const N: usize>(
    this: *mut IPortWaveRTStream,
    base: *mut c_void,
    mdl: *mut MDL,
) {
    // SAFETY: called on a live fake.
    unsafe { value::<PortStream, _, N>(this) }.mappings.fetch_sub(1, SeqCst);
    // SAFETY: a list of this fake.
    let bytes = unsafe { (*mdl).ByteCount } as usize;
    // SAFETY: mapped above with this size.
    drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(base.cast::<u8>(), bytes)) });
}

unsafe extern "efiapi" fn free<const N: usize>(this: *mut IPortWaveRTStream, mdl: *mut MDL) {
    // SAFETY: called on a live fake.
    let port = unsafe { value::<PortStream, _, N>(this) };
    assert_eq!(port.mappings.load(SeqCst), 0, "unmapped before it is freed");
    port.lists.fetch_sub(1, SeqCst);
    // SAFETY: allocated above.
    drop(unsafe { Box::from_raw(mdl) });
}

unsafe extern "efiapi" fn count(_this: *mut IPortWaveRTStream, mdl: *mut MDL) -> u32 {
    // SAFETY: a list of this fake.
    unsafe { (*mdl).ByteCount / 4096 }
}

unsafe extern "efiapi" fn address(
    _this: *mut IPortWaveRTStream,
    result: *mut i64,
    mdl: *mut MDL,
    index: u32,
) -> *mut i64 {
    // SAFETY: a list of this fake.
    assert!(index < unsafe { (*mdl).ByteCount / 4096 });
    // SAFETY: the hidden pointer leads to the caller's place for the result.
    unsafe { result.write(0x1000 * (0x100 + 2 * i64::from(index))) };
    result
}
