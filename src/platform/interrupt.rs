//! Interrupts, by line or by message, and the DPC behind them.

use core::cell::UnsafeCell;
use core::ffi::c_void;
use core::ptr::{NonNull, null_mut};
use portcls::{Result, Status, handle};

use portcls::irql::{Device, Dispatch, Irql, Passive};
use wdk_sys::_KINTERRUPT_MODE::{Latched, LevelSensitive};
use wdk_sys::ntddk::{
    IoConnectInterruptEx, IoDisconnectInterruptEx, KeFlushQueuedDpcs, KeInitializeDpc, KeInsertQueueDpc,
};
use wdk_sys::{
    BOOLEAN, CONNECT_FULLY_SPECIFIED, CONNECT_LINE_BASED, CONNECT_MESSAGE_BASED,
    IO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS, IO_CONNECT_INTERRUPT_MESSAGE_BASED_PARAMETERS,
    IO_CONNECT_INTERRUPT_PARAMETERS, IO_DISCONNECT_INTERRUPT_PARAMETERS, IO_INTERRUPT_MESSAGE_INFO,
    IO_INTERRUPT_MESSAGE_INFO_ENTRY, KAFFINITY, KDPC, KIRQL, PKDPC, PKINTERRUPT, PVOID, ULONG,
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
    ///
    /// `message` is the number of the message, or none for the line. A message is this device's alone, and needs no
    /// acknowledgement. Messages may come on several processors at once.
    fn isr(&self, irql: &mut Irql<Device>, message: Option<u32>) -> Claim;

    /// The deferred part, once for one or more claims. IRQL: DISPATCH_LEVEL.
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
/// `connection` is connected with `parts` as its context.
pub(crate) struct Interrupt<H: Handler> {
    connection: Connection,
    _parts: PoolBox<Parts<H>>,
}

/// What IoConnectInterruptEx gave.
enum Connection {
    /// A line, by this version of the parameters.
    Line(ULONG, handle::Interrupt),
    /// Messages: the table lives as long as the connection, and each entry has its interrupt object.
    Messages(NonNull<IO_INTERRUPT_MESSAGE_INFO>),
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
        let parts = Parts::new(handler)?;
        let mut object: PKINTERRUPT = null_mut();
        let mut parameters =
            IO_CONNECT_INTERRUPT_PARAMETERS { Version: CONNECT_FULLY_SPECIFIED, ..Default::default() };
        // Writing a union member that is plain data is safe.
        parameters.__bindgen_anon_1.FullySpecified = IO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS {
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
        // SAFETY: the object lives until the drop disconnects it.
        let object = unsafe { handle::Interrupt::from_raw(object.cast()) }.ok_or(Status::UNSUCCESSFUL)?;
        // INVARIANT: connected just now.
        Ok(Self { connection: Connection::Line(CONNECT_FULLY_SPECIFIED, object), _parts: parts })
    }

    /// Connects `handler` to all messages that the device below `pdo` was given, or to its line if it has none.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`, or what `IoConnectInterruptEx` says (`STATUS_NOT_FOUND` without any interrupt).
    pub(crate) fn connect_messages(_at: &Irql<Passive>, pdo: handle::Device, handler: H) -> Result<Self> {
        let parts = Parts::new(handler)?;
        let mut connection: PVOID = null_mut();
        let mut based_on_messages = IO_CONNECT_INTERRUPT_MESSAGE_BASED_PARAMETERS {
            PhysicalDeviceObject: pdo.as_ptr().cast(),
            MessageServiceRoutine: Some(service_message::<H>),
            ServiceContext: parts.as_ptr().cast(),
            SpinLock: null_mut(),
            SynchronizeIrql: 0,
            FloatingSave: 0,
            FallBackServiceRoutine: Some(service::<H>),
            ..Default::default()
        };
        based_on_messages.ConnectionContext.Generic = &mut connection;
        let mut parameters =
            IO_CONNECT_INTERRUPT_PARAMETERS { Version: CONNECT_MESSAGE_BASED, ..Default::default() };
        parameters.__bindgen_anon_1.MessageBased = based_on_messages;
        // SAFETY: complete parameters; the context outlives the connection.
        let status = unsafe { IoConnectInterruptEx(&mut parameters) };
        Status::check(status)?;
        // The version tells which of the two it has become.
        let connection = if parameters.Version == CONNECT_MESSAGE_BASED {
            Connection::Messages(NonNull::new(connection.cast()).ok_or(Status::UNSUCCESSFUL)?)
        } else {
            // SAFETY: the object lives until the drop disconnects it.
            let object = unsafe { handle::Interrupt::from_raw(connection.cast()) };
            Connection::Line(CONNECT_LINE_BASED, object.ok_or(Status::UNSUCCESSFUL)?)
        };
        // INVARIANT: connected just now.
        Ok(Self { connection, _parts: parts })
    }

    /// How many messages are connected; none stands for the line.
    pub(crate) fn messages(&self) -> Option<u32> {
        match self.connection {
            Connection::Line(..) => None,
            // SAFETY: by the invariant the table lives.
            Connection::Messages(table) => Some(unsafe { (*table.as_ptr()).MessageCount }),
        }
    }

    /// The interrupt object of message `index`, valid as long as this owner; that of the line is the only one.
    pub(crate) fn object(&self, index: u32) -> Option<handle::Interrupt> {
        match self.connection {
            Connection::Line(_, object) => (index == 0).then_some(object),
            Connection::Messages(table) => {
                if index >= self.messages()? {
                    return None;
                }
                // SAFETY: by the invariant the table lives; entries follow one another from the first one on.
                let first = unsafe { &raw const (*table.as_ptr()).MessageInfo };
                let entry = first.cast::<IO_INTERRUPT_MESSAGE_INFO_ENTRY>().wrapping_add(index as usize);
                // SAFETY: one of the table's entries, as checked above.
                let object = unsafe { (*entry).InterruptObject };
                // SAFETY: the object lives until the drop disconnects it.
                unsafe { handle::Interrupt::from_raw(object.cast()) }
            }
        }
    }
}

impl<H> Parts<H> {
    /// The parts of a connection to come.
    fn new(handler: H) -> Result<PoolBox<Self>>
    where
        H: Handler,
    {
        let parts = PoolBox::new(Self { dpc: UnsafeCell::new(KDPC::default()), handler })?;
        // SAFETY: memory of a DPC in the non-paged pool, which stays in place until its owner has flushed it.
        unsafe { KeInitializeDpc(parts.dpc.get(), Some(deferred::<H>), parts.as_ptr().cast()) };
        Ok(parts)
    }
}

impl<H: Handler> Drop for Interrupt<H> {
    fn drop(&mut self) {
        let mut parameters = IO_DISCONNECT_INTERRUPT_PARAMETERS::default();
        match self.connection {
            Connection::Line(version, object) => {
                parameters.Version = version;
                parameters.ConnectionContext.InterruptObject = object.as_ptr().cast();
            }
            Connection::Messages(table) => {
                parameters.Version = CONNECT_MESSAGE_BASED;
                parameters.ConnectionContext.InterruptMessageTable = table.as_ptr();
            }
        }
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
    // SAFETY: the context of the connection, in a service routine.
    unsafe { serve::<H>(context, None) }
}

unsafe extern "C" fn service_message<H: Handler>(
    _interrupt: PKINTERRUPT,
    context: PVOID,
    message: ULONG,
) -> BOOLEAN {
    // SAFETY: the context of the connection, in a service routine.
    unsafe { serve::<H>(context, Some(message)) }
}

/// # Safety
///
/// For service routines, with the context that they are given.
unsafe fn serve<H: Handler>(context: PVOID, message: Option<u32>) -> BOOLEAN {
    // SAFETY: the context is the parts, which live until after the disconnection; they are only shared.
    let parts = unsafe { &*context.cast::<Parts<H>>() };
    // SAFETY: an interrupt service routine runs at DIRQL.
    let mut irql = unsafe { Irql::<Device>::assume() };
    match parts.handler.isr(&mut irql, message) {
        Claim::NotMine => 0,
        Claim::Mine => {
            // SAFETY: initialized in `Parts::new`; queueing a DPC is good at any IRQL.
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
