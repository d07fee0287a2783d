//! The toy driver's WavePci miniport: one stream, played as fast as it is asked for service.

use core::ffi::c_void;
use std::cell::Cell;
use std::cell::RefCell;
use std::collections::VecDeque;

use portcls::raw::{
    BOOLEAN, IDmaChannel, IMiniportVtbl, IMiniportWavePci, IMiniportWavePciStream,
    IMiniportWavePciStreamVtbl, IMiniportWavePciVtbl, IPortWavePci, IPortWavePciStream, IResourceList,
    IServiceGroup, IUnknown, Interface, KSALLOCATOR_FRAMING, KSDATAFORMAT, KSSTATE, NTSTATUS, POOL_TYPE,
    STATUS_NOT_SUPPORTED, STATUS_SUCCESS, STATUS_UNSUCCESSFUL,
};

use super::driver::Mistake;
use super::driver::import;
use super::driver::log;
use super::driver::makes;
use super::objects;
use super::objects::UNKNOWN;

/// Mappings that the toy has at once.
const MOST: usize = 6;

/// A mapping that the toy has got.
#[derive(Clone, Copy)]
pub(super) struct Mapping {
    tag: usize,
    pub(super) physical: i64,
    address: *mut u8,
    pub(super) bytes: u32,
    pub(super) flags: u32,
}

thread_local! {
    static PORT: Cell<*mut IPortWavePci> = const { Cell::new(core::ptr::null_mut()) };
    static GROUP: Cell<*mut IServiceGroup> = const { Cell::new(core::ptr::null_mut()) };
    static SOURCE: Cell<*mut IPortWavePciStream> = const { Cell::new(core::ptr::null_mut()) };
    static QUEUE: RefCell<VecDeque<Mapping>> = const { RefCell::new(VecDeque::new()) };
    static NEXT: Cell<usize> = const { Cell::new(0) };
    static PLAYED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static REVOKED: Cell<usize> = const { Cell::new(0) };
    static SERVED: Cell<u32> = const { Cell::new(0) };
    static GOT: RefCell<Vec<Mapping>> = const { RefCell::new(Vec::new()) };
    static NOTIFIES: Cell<bool> = const { Cell::new(false) };
    static LOCK: Cell<u64> = const { Cell::new(0) };
}

/// What the toy has played since this was last asked.
pub(super) fn played() -> Vec<u8> {
    PLAYED.take()
}

/// Every mapping that it got since this was last asked.
pub(super) fn got() -> Vec<Mapping> {
    GOT.take()
}

/// Tags begin there.
pub(super) fn tags_from(tag: usize) {
    NEXT.set(tag);
}

/// The toy asks for service whenever mappings are revoked.
pub(super) fn notify_when_revoked() {
    NOTIFIES.set(true);
}

/// The group that the stream has handed out.
pub(super) fn group() -> *mut IServiceGroup {
    GROUP.get()
}

/// The port.
pub(super) fn port() -> *mut IPortWavePci {
    PORT.get()
}

/// The device has played a mapping, and its interrupt comes.
pub(super) fn interrupt() {
    let port = PORT.get();
    // SAFETY: the port is alive as long as the device is started.
    unsafe { ((*(*port).vtbl).Notify)(port, GROUP.get()) };
}

static MINIPORT: IMiniportWavePciVtbl = IMiniportWavePciVtbl {
    base: IMiniportVtbl {
        base: UNKNOWN,
        GetDescription: objects::describe_wave,
        DataRangeIntersection: objects::intersect,
    },
    Init: init,
    NewStream: new_stream,
    Service: miniport_service,
};

static STREAM: IMiniportWavePciStreamVtbl = IMiniportWavePciStreamVtbl {
    base: UNKNOWN,
    SetFormat: set_format,
    SetState: set_state,
    GetPosition: position,
    NormalizePhysicalPosition: normalize,
    GetAllocatorFraming: framing,
    RevokeMappings: revoke,
    MappingAvailable: available,
    Service: service,
};

/// The miniport, with one reference.
pub(super) fn new_miniport() -> *mut IUnknown {
    objects::new((&raw const MINIPORT).cast(), IMiniportWavePci::answers_to)
}

/// A service group, with one reference.
pub(super) fn new_group() -> *mut IServiceGroup {
    let new: unsafe extern "win64" fn(*mut *mut IServiceGroup, *mut IUnknown) -> i32 =
        import("portcls.sys", "PcNewServiceGroup");
    let mut group = core::ptr::null_mut();
    // SAFETY: the out parameter outlives the call.
    assert!(unsafe { new(&raw mut group, core::ptr::null_mut()) } >= 0);
    group
}

unsafe extern "efiapi" fn init(
    _this: *mut IMiniportWavePci,
    _adapter: *mut IUnknown,
    _resources: *mut IResourceList,
    port: *mut IPortWavePci,
    group: *mut *mut IServiceGroup,
) -> NTSTATUS {
    PORT.set(port);
    // SAFETY: PortCls' pointer outlives the call; the reference is the port's from now on.
    unsafe { *group = new_group() };
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn new_stream(
    _this: *mut IMiniportWavePci,
    out: *mut *mut IMiniportWavePciStream,
    _outer: *mut IUnknown,
    _pool: POOL_TYPE,
    source: *mut IPortWavePciStream,
    _pin: u32,
    _capture: BOOLEAN,
    _format: *mut KSDATAFORMAT,
    channel: *mut *mut IDmaChannel,
    group: *mut *mut IServiceGroup,
) -> NTSTATUS {
    let stream = objects::new((&raw const STREAM).cast(), IMiniportWavePciStream::answers_to);
    objects::keep(stream, source);
    SOURCE.set(source);
    GROUP.set(new_group());
    // SAFETY: PortCls' pointers outlive the call.
    unsafe {
        *out = stream.cast();
        *channel = core::ptr::null_mut();
        *group = GROUP.get();
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn miniport_service(_this: *mut IMiniportWavePci) {
    log("miniport Service".to_owned());
}

unsafe extern "efiapi" fn set_format(
    _this: *mut IMiniportWavePciStream,
    _format: *mut KSDATAFORMAT,
) -> NTSTATUS {
    STATUS_NOT_SUPPORTED
}

unsafe extern "efiapi" fn set_state(_this: *mut IMiniportWavePciStream, state: KSSTATE) -> NTSTATUS {
    log(format!("SetState {state}"));
    if state == portcls::raw::KSSTATE_RUN {
        fill();
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn position(_this: *mut IMiniportWavePciStream, out: *mut u64) -> NTSTATUS {
    // SAFETY: PortCls' pointer outlives the call.
    unsafe { *out = PLAYED.with_borrow(|played| played.len() as u64) };
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn normalize(_this: *mut IMiniportWavePciStream, position: *mut i64) -> NTSTATUS {
    // SAFETY: PortCls' pointer outlives the call.
    unsafe { *position = *position * 10_000_000 / 192_000 };
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn framing(
    _this: *mut IMiniportWavePciStream,
    out: *mut KSALLOCATOR_FRAMING,
) -> NTSTATUS {
    // SAFETY: PortCls' pointer outlives the call.
    unsafe { (*out).FrameSize = 1_920 };
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn revoke(
    _this: *mut IMiniportWavePciStream,
    first: *mut c_void,
    last: *mut c_void,
    count: *mut u32,
) -> NTSTATUS {
    log(format!("RevokeMappings {} {}", first as usize, last as usize));
    if makes(Mistake::RefuseRevocation) {
        return STATUS_UNSUCCESSFUL;
    }
    REVOKED.set(last as usize);
    QUEUE.with_borrow_mut(|queue| {
        let before = queue.len();
        let from = queue.iter().position(|mapping| mapping.tag == first as usize);
        let to = queue.iter().position(|mapping| mapping.tag == last as usize);
        if let (Some(from), Some(to)) = (from, to) {
            queue.drain(from..=to);
        }
        let wrong = u32::from(makes(Mistake::MiscountRevoked));
        // SAFETY: PortCls' pointer outlives the call.
        unsafe { *count = (before - queue.len()) as u32 + wrong };
    });
    if NOTIFIES.get() {
        interrupt();
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn available(_this: *mut IMiniportWavePciStream) {
    log("MappingAvailable".to_owned());
    fill();
}

/// Plays what it has got first, and gets more.
unsafe extern "efiapi" fn service(_this: *mut IMiniportWavePciStream) {
    SERVED.set(SERVED.get() + 1);
    let Some(mapping) = QUEUE.with_borrow_mut(VecDeque::pop_front) else { return fill() };
    // SAFETY: the mapping was got and is not released.
    let bytes = unsafe { core::slice::from_raw_parts(mapping.address, mapping.bytes as usize) };
    PLAYED.with_borrow_mut(|played| played.extend_from_slice(bytes));
    match () {
        () if makes(Mistake::ReleaseUnknown) => release(mapping.tag + 1_000_000),
        () if makes(Mistake::ReleaseOutOfOrder) => release(mapping.tag + 1),
        () => release(mapping.tag),
    }
    if makes(Mistake::ReleaseTwice) {
        release(mapping.tag);
    }
    if makes(Mistake::ReleaseRevoked) && REVOKED.get() > 0 {
        release(REVOKED.get());
    }
    if makes(Mistake::WriteAfterRelease) {
        let kernel = crate::nt::kernel();
        kernel.hardware.borrow().ram().write(mapping.physical as u64, &[1]);
    }
    fill();
}

fn release(tag: usize) {
    let source = SOURCE.get();
    // SAFETY: the source is referenced by the stream.
    unsafe { ((*(*source).vtbl).ReleaseMapping)(source, tag as *mut c_void) };
}

/// Gets as many mappings as it can have.
fn fill() {
    let lock: *mut u64 = LOCK.with(Cell::as_ptr);
    let acquire: unsafe extern "win64" fn(*mut u64) -> u8 =
        import("ntoskrnl.exe", "KeAcquireSpinLockRaiseToDpc");
    if makes(Mistake::HoldLock) {
        // SAFETY: a lock of the toy's, which the next call finds held.
        unsafe { acquire(lock) };
    }
    while QUEUE.with_borrow(VecDeque::len) < MOST {
        let tag = NEXT.get();
        let mut mapping = Mapping { tag, physical: 0, address: core::ptr::null_mut(), bytes: 0, flags: 0 };
        let source = SOURCE.get();
        let mut address: *mut c_void = core::ptr::null_mut();
        // SAFETY: the source is referenced by the stream; the out parameters outlive the call.
        let status = unsafe {
            ((*(*source).vtbl).GetMapping)(
                source,
                tag as *mut c_void,
                &raw mut mapping.physical,
                &raw mut address,
                &raw mut mapping.bytes,
                &raw mut mapping.flags,
            )
        };
        if status < 0 {
            return;
        }
        mapping.address = address.cast();
        if !makes(Mistake::ReuseTag) {
            NEXT.set(tag.wrapping_add(1));
        }
        QUEUE.with_borrow_mut(|queue| queue.push_back(mapping));
        GOT.with_borrow_mut(|got| got.push(mapping));
    }
}

/// Forgets what a run has left.
pub(super) fn reset() {
    QUEUE.take();
    GOT.take();
    PLAYED.take();
    NEXT.set(1);
    REVOKED.set(0);
    SERVED.set(0);
    LOCK.set(0);
    NOTIFIES.set(false);
}
