//! The PCI configuration space of a device, read through the bus driver below it.

use core::ptr::{NonNull, null_mut};

use portcls::handle::Device;
use portcls::irql::{AtMostDispatch, Irql, Passive};
use portcls::{Result, Status};
use wdk_sys::_KWAIT_REASON::Executive;
use wdk_sys::_MODE::KernelMode;
use wdk_sys::ntddk::{
    IoBuildSynchronousFsdRequest, IoGetAttachedDeviceReference, IofCallDriver, KeWaitForSingleObject,
    ObfDereferenceObject,
};
use wdk_sys::{
    BUS_INTERFACE_STANDARD, DEVICE_OBJECT, GUID, IO_STATUS_BLOCK, IRP_MJ_PNP, IRP_MN_QUERY_INTERFACE,
    NTSTATUS, PCI_WHICHSPACE_CONFIG, STATUS_NOT_SUPPORTED, STATUS_PENDING,
};

use super::event::Event;

/// `GUID_BUS_INTERFACE_STANDARD` of wdmguid.h.
const GUID_BUS_INTERFACE_STANDARD: GUID = GUID {
    Data1: 0x496B_8280,
    Data2: 0x6F25,
    Data3: 0x11D0,
    Data4: [0xBE, 0xAF, 0x08, 0x00, 0x2B, 0xE2, 0x09, 0x2F],
};

/// The only version of the interface.
const VERSION: u16 = 1;

/// The configuration space of one device. The drop gives the bus driver's interface back.
///
/// # Invariants
///
/// `interface` was filled in by the bus driver, which has referenced it for this owner.
pub(crate) struct ConfigSpace {
    interface: BUS_INTERFACE_STANDARD,
}

impl ConfigSpace {
    /// Asks the bus driver below `pdo` for its interface.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`, or what the stack of drivers says (`STATUS_NOT_SUPPORTED` from one without the
    /// interface).
    pub(crate) fn of(at: &Irql<Passive>, pdo: Device) -> Result<Self> {
        let done = Event::new()?;
        // SAFETY: the PDO lives by the contract of its handle.
        let top = unsafe { IoGetAttachedDeviceReference(pdo.as_ptr().cast()) };
        let top = NonNull::new(top).ok_or(Status::NO_SUCH_DEVICE)?;
        let answer = query_interface(at, top, &done);
        // SAFETY: referenced above, once.
        unsafe { ObfDereferenceObject(top.as_ptr().cast()) };
        // INVARIANT: a bus driver that says so has filled the interface in, and referenced it.
        answer.map(|interface| Self { interface })
    }

    /// Reads `bytes.len()` bytes from `offset` on. Says false, and leaves the bytes undefined, if the bus driver does
    /// not read them all.
    #[must_use]
    pub(crate) fn read<L: AtMostDispatch>(&self, _at: &Irql<L>, offset: u16, bytes: &mut [u8]) -> bool {
        let Ok(length) = u32::try_from(bytes.len()) else { return false };
        self.interface.GetBusData.is_some_and(|get| {
            let buffer = bytes.as_mut_ptr().cast();
            // SAFETY: the interface's own routine with its context, good up to DISPATCH_LEVEL; the buffer has this
            // length.
            let read = unsafe {
                get(self.interface.Context, PCI_WHICHSPACE_CONFIG, buffer, u32::from(offset), length)
            };
            read == length
        })
    }
}

impl Drop for ConfigSpace {
    fn drop(&mut self) {
        if let Some(dereference) = self.interface.InterfaceDereference {
            // SAFETY: the reference of this owner.
            unsafe { dereference(self.interface.Context) };
        }
    }
}

// SAFETY: the bus driver serves its interface on any thread.
unsafe impl Send for ConfigSpace {}
// SAFETY: as above.
unsafe impl Sync for ConfigSpace {}

/// Sends IRP_MN_QUERY_INTERFACE to `top` and waits for its end.
fn query_interface(
    _at: &Irql<Passive>,
    top: NonNull<DEVICE_OBJECT>,
    done: &Event,
) -> Result<BUS_INTERFACE_STANDARD> {
    let mut interface = BUS_INTERFACE_STANDARD::default();
    let mut outcome = IO_STATUS_BLOCK::default();
    // SAFETY: PASSIVE_LEVEL; event and status block outlive the request, whose end is waited for below.
    let irp = unsafe {
        IoBuildSynchronousFsdRequest(
            IRP_MJ_PNP,
            top.as_ptr(),
            null_mut(),
            0,
            null_mut(),
            done.as_ptr(),
            &mut outcome,
        )
    };
    let irp = NonNull::new(irp).ok_or(Status::INSUFFICIENT_RESOURCES)?;
    // SAFETY: a request of this routine's own: PnP requests start out as not supported.
    unsafe { (*irp.as_ptr()).IoStatus.__bindgen_anon_1.Status = STATUS_NOT_SUPPORTED };
    // SAFETY: the request was made with stack locations; the next one is just below the current one.
    let location = unsafe {
        (*irp.as_ptr()).Tail.Overlay.__bindgen_anon_2.__bindgen_anon_1.CurrentStackLocation.wrapping_sub(1)
    };
    // SAFETY: the location of the driver that is called, which nobody reads before the call. IRP_MJ_PNP is in place.
    unsafe { (*location).MinorFunction = IRP_MN_QUERY_INTERFACE as u8 };
    // SAFETY: as above; the member is the one of this minor function.
    let wanted = unsafe { &mut (*location).Parameters.QueryInterface };
    wanted.InterfaceType = &GUID_BUS_INTERFACE_STANDARD;
    wanted.Size = size_of::<BUS_INTERFACE_STANDARD>() as u16;
    wanted.Version = VERSION;
    wanted.Interface = (&raw mut interface).cast();
    wanted.InterfaceSpecificData = null_mut();

    // SAFETY: a complete request, which the I/O manager frees at its end.
    let mut status: NTSTATUS = unsafe { IofCallDriver(top.as_ptr(), irp.as_ptr()) };
    if status == STATUS_PENDING {
        // SAFETY: an initialized event; PASSIVE_LEVEL allows to wait. The wait has no limit, for the request
        // refers to memory of this stack frame.
        let _ =
            unsafe { KeWaitForSingleObject(done.as_ptr().cast(), Executive, KernelMode as _, 0, null_mut()) };
        // SAFETY: the request has ended, which has filled the block in.
        status = unsafe { outcome.__bindgen_anon_1.Status };
    }
    Status::check(status)?;
    Ok(interface)
}
