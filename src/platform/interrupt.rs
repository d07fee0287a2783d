//! A line interrupt and the DPC behind it.

use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::ptr::null_mut;
use portcls::{Result, Status, handle};

use portcls::irql::{Device, Dispatch, Irql, Passive};
use wdk_sys::_KINTERRUPT_MODE::{Latched, LevelSensitive};
use wdk_sys::ntddk::{
    IoConnectInterruptEx, IoDisconnectInterruptEx, KeFlushQueuedDpcs, KeInitializeDpc, KeInsertQueueDpc,
};
use wdk_sys::{
    BOOLEAN, CONNECT_FULLY_SPECIFIED, IO_CONNECT_INTERRUPT_PARAMETERS, IO_DISCONNECT_INTERRUPT_PARAMETERS,
    KAFFINITY, KDPC, KIRQL, PKDPC, PKINTERRUPT, PVOID,
};

use super::pool::PoolBox;

/// What the service routine found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The interrupt is another device's.
    NotMine,
    /// The device's request is taken back; the DPC has work.
    Mine,
}

/// Who serves an interrupt.
pub(crate) trait Handler: Send + Sync + 'static {
    /// The service routine: claims or declines, acknowledges, and remembers. IRQL: DIRQL.
    fn isr(&self, irql: &mut Irql<Device>) -> Claim;

    /// The deferred part. IRQL: DISPATCH_LEVEL.
    fn dpc(&self, irql: &mut Irql<Dispatch>);
}

/// The translated resource of a line interrupt.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    /// Vector.
    pub(crate) vector: u32,
    /// DIRQL.
    pub(crate) level: u8,
    /// Processors that may be interrupted.
    pub(crate) affinity: usize,
    /// Edge, not level.
    pub(crate) latched: bool,
    /// Other devices may use the line.
    pub(crate) shared: bool,
}

/// A connected interrupt. The drop disconnects it and waits for the DPC to end.
///
/// # Invariants
///
/// `object` is connected with `parts` as its context.
pub(crate) struct Interrupt<H: Handler> {
    object: handle::Interrupt,
    _parts: PoolBox<Parts<H>>,
}

struct Parts<H> {
    dpc: UnsafeCell<KDPC>,
    handler: H,
}

impl<H: Handler> Interrupt<H> {
    /// Connects `handler` to the line of the device below `pdo`.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`, or what `IoConnectInterruptEx` says.
    pub(crate) fn connect(_at: &Irql<Passive>, pdo: handle::Device, line: Line, handler: H) -> Result<Self> {
        let parts = PoolBox::new(Parts { dpc: UnsafeCell::new(KDPC::default()), handler })?;
        // SAFETY: memory of a DPC in the non-paged pool, which stays in place until the drop has flushed it.
        unsafe { KeInitializeDpc(parts.dpc.get(), Some(deferred::<H>), parts.as_ptr().cast()) };

        let mut object: PKINTERRUPT = null_mut();
        let mut parameters =
            IO_CONNECT_INTERRUPT_PARAMETERS { Version: CONNECT_FULLY_SPECIFIED, ..Default::default() };
        // Writing a union member that is plain data is safe.
        let specified = &mut parameters.__bindgen_anon_1;
        specified.FullySpecified = wdk_sys::IO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS {
            PhysicalDeviceObject: pdo.as_ptr().cast(),
            InterruptObject: &mut object,
            ServiceRoutine: Some(service::<H>),
            ServiceContext: parts.as_ptr().cast(),
            SpinLock: null_mut(),
            SynchronizeIrql: KIRQL::from(line.level),
            FloatingSave: 0,
            ShareVector: BOOLEAN::from(line.shared),
            Vector: line.vector,
            Irql: KIRQL::from(line.level),
            InterruptMode: if line.latched { Latched } else { LevelSensitive },
            ProcessorEnableMask: line.affinity as KAFFINITY,
            Group: 0,
        };
        // SAFETY: complete parameters; the context outlives the connection.
        let status = unsafe { IoConnectInterruptEx(&mut parameters) };
        Status::check(status)?;
        // INVARIANT: connected just now.
        // SAFETY: the object lives until the drop disconnects it.
        let object = unsafe { handle::Interrupt::from_raw(object.cast()) }.ok_or(Status::UNSUCCESSFUL)?;
        Ok(Self { object, _parts: parts })
    }

    /// The interrupt object, valid as long as this owner.
    pub(crate) fn object(&self) -> handle::Interrupt {
        self.object
    }
}

impl<H: Handler> Drop for Interrupt<H> {
    fn drop(&mut self) {
        let mut parameters =
            IO_DISCONNECT_INTERRUPT_PARAMETERS { Version: CONNECT_FULLY_SPECIFIED, ..Default::default() };
        parameters.ConnectionContext.InterruptObject = self.object.as_ptr().cast();
        // SAFETY: connected by this owner. It is dropped at PASSIVE_LEVEL, like all that hangs at an adapter.
        unsafe { IoDisconnectInterruptEx(&mut parameters) };
        // No service routine runs any more, hence none queues the DPC. One that is queued ends here, before
        // its memory goes.
        // SAFETY: PASSIVE_LEVEL, as above.
        unsafe { KeFlushQueuedDpcs() };
    }
}

// SAFETY: the interrupt object is the kernel's, and the parts are only touched by the routines.
unsafe impl<H: Handler> Send for Interrupt<H> {}
// SAFETY: as above.
unsafe impl<H: Handler> Sync for Interrupt<H> {}

unsafe extern "C" fn service<H: Handler>(_interrupt: PKINTERRUPT, context: PVOID) -> BOOLEAN {
    // SAFETY: the context is the parts, which live until after the disconnection; they are only shared.
    let parts = unsafe { &*context.cast::<Parts<H>>() };
    // SAFETY: an interrupt service routine runs at DIRQL.
    let mut irql = unsafe { Irql::<Device>::assume() };
    match parts.handler.isr(&mut irql) {
        Claim::NotMine => 0,
        Claim::Mine => {
            // SAFETY: initialized in `connect`; queueing a DPC is good at any IRQL.
            unsafe { KeInsertQueueDpc(parts.dpc.get(), null_mut(), null_mut()) };
            1
        }
    }
}

unsafe extern "C" fn deferred<H: Handler>(_dpc: PKDPC, context: *mut c_void, _first: PVOID, _second: PVOID) {
    // SAFETY: the context is the parts, which live until the DPCs are flushed; they are only shared.
    let parts = unsafe { &*context.cast::<Parts<H>>() };
    // SAFETY: a DPC runs at DISPATCH_LEVEL.
    let mut irql = unsafe { Irql::<Dispatch>::assume() };
    parts.handler.dpc(&mut irql);
}
