//! The toy driver's objects: two miniports, a stream, and power management.

use core::ffi::c_void;
use std::cell::Cell;

use portcls::raw::{
    BOOLEAN, DEVICE_DESCRIPTION, GUID, IMiniport, IMiniportTopology, IMiniportTopologyVtbl, IMiniportVtbl,
    IMiniportWaveRT, IMiniportWaveRTStream, IMiniportWaveRTStreamNotification,
    IMiniportWaveRTStreamNotificationVtbl, IMiniportWaveRTStreamVtbl, IMiniportWaveRTVtbl, IPortTopology,
    IPortWaveRT, IPortWaveRTStream, IResourceList, IUnknown, IUnknownVtbl, Interface, KEvent,
    KSAUDIO_POSITION, KSDATAFORMAT, KSDATARANGE, KSRTAUDIO_HWLATENCY, KSRTAUDIO_HWREGISTER, KSSTATE, MDL,
    MEMORY_CACHING_TYPE, MmCached, NTSTATUS, PCFILTER_DESCRIPTOR, PHYSICAL_ADDRESS, STATUS_DEVICE_REMOVED,
    STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_PARAMETER, STATUS_NOT_IMPLEMENTED, STATUS_NOT_SUPPORTED,
    STATUS_SUCCESS,
};

use super::driver::Mistake;
use super::driver::count;
use super::driver::import;
use super::driver::log;
use super::driver::makes;
use super::filters;

/// One object: a head, the interfaces that it answers to, and what a stream keeps.
#[repr(C)]
struct Object {
    vtable: *const c_void,
    references: Cell<u32>,
    answers: fn(&GUID) -> bool,
    port_stream: Cell<*mut IPortWaveRTStream>,
    mdl: Cell<*mut MDL>,
    mapped: Cell<*mut c_void>,
    state: Cell<i32>,
}

thread_local!(static FORMAT: Cell<*const u8> = const { Cell::new(core::ptr::null()) });

/// Where the last format was that `NewStream` got.
pub(super) fn last_format() -> *const u8 {
    FORMAT.get()
}

/// An object with one reference.
pub(super) fn new(vtable: *const c_void, answers: fn(&GUID) -> bool) -> *mut IUnknown {
    count(1);
    Box::into_raw(Box::new(Object {
        vtable,
        references: Cell::new(1),
        answers,
        port_stream: Cell::new(core::ptr::null_mut()),
        mdl: Cell::new(core::ptr::null_mut()),
        mapped: Cell::new(core::ptr::null_mut()),
        state: Cell::new(0),
    }))
    .cast()
}

/// `Release` on anything.
pub(super) fn release<T>(object: *mut T) {
    let object: *mut IUnknown = object.cast();
    // SAFETY: the caller gives a reference back that it holds.
    unsafe { ((*(*object).vtbl).Release)(object) };
}

/// `QueryInterface` on anything; null where there is no such interface.
pub(super) fn query<T: Interface>(object: *mut IUnknown) -> *mut T {
    let (iid, mut out) = (T::IID, core::ptr::null_mut());
    // SAFETY: the object is alive; both arguments outlive the call.
    unsafe { ((*(*object).vtbl).QueryInterface)(object, &raw const iid, &raw mut out) };
    out.cast()
}

fn object<'a, T>(this: *mut T) -> &'a Object {
    // SAFETY: every pointer that the driver hands out is to an `Object`, alive while it is referenced.
    unsafe { &*this.cast::<Object>() }
}

unsafe extern "efiapi" fn query_interface(
    this: *mut IUnknown,
    iid: *const GUID,
    out: *mut *mut c_void,
) -> NTSTATUS {
    // SAFETY: PortCls' pointers outlive the call.
    let (known, out) = unsafe { ((object(this).answers)(&*iid), &mut *out) };
    *out = core::ptr::null_mut();
    if !known {
        return STATUS_INVALID_PARAMETER;
    }
    object(this).references.set(object(this).references.get() + 1);
    *out = this.cast();
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn add_reference(this: *mut IUnknown) -> u32 {
    object(this).references.set(object(this).references.get() + 1);
    object(this).references.get()
}

unsafe extern "efiapi" fn release_method(this: *mut IUnknown) -> u32 {
    let left = object(this).references.get() - 1;
    object(this).references.set(left);
    if left == 0 {
        let port_stream = object(this).port_stream.get();
        if !port_stream.is_null() {
            release(port_stream);
            if makes(Mistake::UseStreamPortAfterRelease) {
                release(port_stream);
                release(port_stream);
            }
        }
        count(-1);
        // SAFETY: the last reference is gone.
        drop(unsafe { Box::from_raw(this.cast::<Object>()) });
    }
    left
}

pub(super) const UNKNOWN: IUnknownVtbl =
    IUnknownVtbl { QueryInterface: query_interface, AddRef: add_reference, Release: release_method };

static MINIPORT: IMiniportWaveRTVtbl = IMiniportWaveRTVtbl {
    base: IMiniportVtbl { base: UNKNOWN, GetDescription: describe_wave, DataRangeIntersection: intersect },
    Init: init_wave,
    NewStream: new_stream,
    GetDeviceDescription: device_description,
};

static TOPOLOGY: IMiniportTopologyVtbl = IMiniportTopologyVtbl {
    base: IMiniportVtbl {
        base: UNKNOWN,
        GetDescription: describe_topology,
        DataRangeIntersection: intersect,
    },
    Init: init_topology,
};

static STREAM: IMiniportWaveRTStreamNotificationVtbl = IMiniportWaveRTStreamNotificationVtbl {
    base: IMiniportWaveRTStreamVtbl {
        base: UNKNOWN,
        SetFormat: set_format,
        SetState: set_state,
        GetPosition: position,
        AllocateAudioBuffer: allocate,
        FreeAudioBuffer: free,
        GetHWLatency: latency,
        GetPositionRegister: no_register,
        GetClockRegister: no_register,
    },
    AllocateBufferWithNotification: allocate_with_notification,
    FreeBufferWithNotification: free_with_notification,
    RegisterNotificationEvent: event,
    UnregisterNotificationEvent: event,
};

/// A WaveRT miniport.
pub(super) fn new_miniport() -> *mut IUnknown {
    new((&raw const MINIPORT).cast(), IMiniportWaveRT::answers_to)
}

/// A topology miniport.
pub(super) fn new_topology() -> *mut IUnknown {
    new((&raw const TOPOLOGY).cast(), IMiniportTopology::answers_to)
}

pub(super) unsafe extern "efiapi" fn describe_wave(
    _this: *mut IMiniport,
    out: *mut *const PCFILTER_DESCRIPTOR,
) -> NTSTATUS {
    // SAFETY: PortCls' pointer outlives the call.
    unsafe { *out = filters::wave() };
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn describe_topology(
    _this: *mut IMiniport,
    out: *mut *const PCFILTER_DESCRIPTOR,
) -> NTSTATUS {
    // SAFETY: as above.
    unsafe { *out = filters::topology() };
    STATUS_SUCCESS
}

pub(super) unsafe extern "efiapi" fn intersect(
    _this: *mut IMiniport,
    _pin: u32,
    _range: *mut KSDATARANGE,
    _own: *mut KSDATARANGE,
    _length: u32,
    _format: *mut c_void,
    _result: *mut u32,
) -> NTSTATUS {
    STATUS_NOT_IMPLEMENTED
}

unsafe extern "efiapi" fn init_wave(
    _this: *mut IMiniportWaveRT,
    _adapter: *mut IUnknown,
    _resources: *mut IResourceList,
    port: *mut IPortWaveRT,
) -> NTSTATUS {
    super::events::wave_port(port.cast());
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn init_topology(
    _this: *mut IMiniportTopology,
    _adapter: *mut IUnknown,
    _resources: *mut IResourceList,
    port: *mut IPortTopology,
) -> NTSTATUS {
    super::events::topology_port(port.cast());
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn device_description(
    _this: *mut IMiniportWaveRT,
    out: *mut DEVICE_DESCRIPTION,
) -> NTSTATUS {
    // SAFETY: PortCls' pointer outlives the call.
    unsafe { (*out).Master = 1 };
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn new_stream(
    _this: *mut IMiniportWaveRT,
    out: *mut *mut IMiniportWaveRTStream,
    port_stream: *mut IPortWaveRTStream,
    _pin: u32,
    _capture: BOOLEAN,
    format: *mut KSDATAFORMAT,
) -> NTSTATUS {
    FORMAT.set(format.cast());
    if makes(Mistake::ReadBehindFormat) {
        // SAFETY: the planted fault: the format has 82 bytes.
        std::hint::black_box(unsafe { format.cast::<u8>().add(82).read_volatile() });
    }
    let stream = new((&raw const STREAM).cast(), IMiniportWaveRTStreamNotification::answers_to);
    // SAFETY: PortCls' pointers outlive the call; the allocator is kept with a reference.
    unsafe {
        ((*(*port_stream).vtbl).base.AddRef)(port_stream.cast());
        *out = stream.cast();
    }
    object(stream).port_stream.set(port_stream);
    STATUS_SUCCESS
}

/// A stream keeps a reference to its port stream, which goes with it.
pub(super) fn keep<T>(stream: *mut IUnknown, port_stream: *mut T) {
    let unknown: *mut IUnknown = port_stream.cast();
    // SAFETY: PortCls' object, which begins with IUnknown.
    unsafe { ((*(*unknown).vtbl).AddRef)(unknown) };
    object(stream).port_stream.set(port_stream.cast());
}

unsafe extern "efiapi" fn set_format(
    _this: *mut IMiniportWaveRTStream,
    _format: *mut KSDATAFORMAT,
) -> NTSTATUS {
    STATUS_NOT_SUPPORTED
}

unsafe extern "efiapi" fn set_state(this: *mut IMiniportWaveRTStream, state: KSSTATE) -> NTSTATUS {
    if makes(Mistake::RefuseDown) && state < object(this).state.get() {
        return STATUS_DEVICE_REMOVED;
    }
    log(format!("SetState {state}"));
    object(this).state.set(state);
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn position(
    _this: *mut IMiniportWaveRTStream,
    out: *mut KSAUDIO_POSITION,
) -> NTSTATUS {
    let offset = if makes(Mistake::NotFresh) { 64 } else { 0 };
    // SAFETY: PortCls' pointer outlives the call.
    unsafe { *out = KSAUDIO_POSITION { PlayOffset: offset, WriteOffset: offset } };
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn allocate(
    this: *mut IMiniportWaveRTStream,
    requested: u32,
    mdl: *mut *mut MDL,
    actual: *mut u32,
    offset: *mut u32,
    cache: *mut MEMORY_CACHING_TYPE,
) -> NTSTATUS {
    let pages = object(this).port_stream.get();
    if makes(Mistake::AllocateAtDispatch) {
        let raise: unsafe extern "win64" fn() -> u8 = import("ntoskrnl.exe", "KeRaiseIrqlToDpcLevel");
        // SAFETY: the level is never lowered, as the next call ends the run.
        unsafe { raise() };
    }
    // SAFETY: the allocator is referenced; the out pointers outlive the call.
    unsafe {
        let vtable = &*(*pages).vtbl;
        let made = (vtable.AllocatePagesForMdl)(pages, PHYSICAL_ADDRESS::MAX, requested as usize);
        if made.is_null() {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let count = (vtable.GetPhysicalPagesCount)(pages, made);
        if count * 4096 < requested {
            (vtable.FreePagesFromMdl)(pages, made);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let foreign = if makes(Mistake::MapForeignPages) { made.wrapping_byte_add(64) } else { made };
        let mapped = (vtable.MapAllocatedPages)(pages, foreign, MmCached);
        if mapped.is_null() {
            (vtable.FreePagesFromMdl)(pages, made);
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let last = if makes(Mistake::PageBeyondEnd) { count } else { count - 1 };
        let mut address = 0;
        (vtable.GetPhysicalPageAddress)(pages, &raw mut address, made, last);
        object(this).mdl.set(made);
        object(this).mapped.set(mapped);
        *mdl = made;
        *actual = match () {
            () if makes(Mistake::SmallBuffer) => requested / 2,
            () if makes(Mistake::OddBuffer) => requested + 4,
            () if makes(Mistake::LongBuffer) => requested + 4096,
            () => requested,
        };
        *offset = 0;
        *cache = MmCached;
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn free(this: *mut IMiniportWaveRTStream, mdl: *mut MDL, _size: u32) {
    let pages = object(this).port_stream.get();
    if makes(Mistake::KeepPages) {
        return;
    }
    // SAFETY: the allocator is referenced; the pages are the ones that were mapped.
    unsafe {
        let vtable = &*(*pages).vtbl;
        if !makes(Mistake::FreeWhileMapped) {
            (vtable.UnmapAllocatedPages)(pages, object(this).mapped.get(), mdl);
        }
        (vtable.FreePagesFromMdl)(pages, mdl);
        if makes(Mistake::FreeTwice) {
            (vtable.FreePagesFromMdl)(pages, mdl);
        }
    }
}

unsafe extern "efiapi" fn latency(_this: *mut IMiniportWaveRTStream, out: *mut KSRTAUDIO_HWLATENCY) {
    // SAFETY: PortCls' pointer outlives the call.
    unsafe { (*out).FifoSize = 64 };
}

unsafe extern "efiapi" fn no_register(
    _this: *mut IMiniportWaveRTStream,
    _out: *mut KSRTAUDIO_HWREGISTER,
) -> NTSTATUS {
    STATUS_NOT_SUPPORTED
}

unsafe extern "efiapi" fn allocate_with_notification(
    this: *mut IMiniportWaveRTStreamNotification,
    _count: u32,
    requested: u32,
    mdl: *mut *mut MDL,
    actual: *mut u32,
    offset: *mut u32,
    cache: *mut MEMORY_CACHING_TYPE,
) -> NTSTATUS {
    // SAFETY: the same arguments, the same object.
    unsafe { allocate(this.cast(), requested, mdl, actual, offset, cache) }
}

unsafe extern "efiapi" fn free_with_notification(
    this: *mut IMiniportWaveRTStreamNotification,
    mdl: *mut MDL,
    size: u32,
) {
    // SAFETY: as above.
    unsafe { free(this.cast(), mdl, size) }
}

unsafe extern "efiapi" fn event(
    _this: *mut IMiniportWaveRTStreamNotification,
    _event: *mut KEvent,
) -> NTSTATUS {
    STATUS_SUCCESS
}
