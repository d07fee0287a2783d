//! The driver object's entries, and the device instance behind each functional device object.
//!
//! PortCls owns the dispatch table. Of it this driver overrides PnP, to see the requests that end an instance
//! before PortCls does, and hands every request on.

use core::ffi::c_void;
use core::marker::PhantomData;
use core::mem::transmute;
use core::ptr::{NonNull, null_mut};
use core::sync::atomic::AtomicPtr;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Release};

use portcls::driver::{AdapterDriver, dispatch_irp, initialize_adapter_driver, physical_device_object};
use portcls::handle::{Device, Driver, Irp, Unicode};
use portcls::irql::{Irql, Passive};
use portcls::raw::{IResourceList, PORT_CLASS_DEVICE_EXTENSION_SIZE};
use portcls::{ComPtr, Result, Status};
use wdk_sys::{
    DEVICE_OBJECT, DRIVER_OBJECT, IRP, IRP_MJ_PNP, IRP_MN_REMOVE_DEVICE, IRP_MN_STOP_DEVICE,
    IRP_MN_SURPRISE_REMOVAL, NTSTATUS, PCUNICODE_STRING, STATUS_INVALID_PARAMETER,
};

use super::pool::PoolBox;
use super::trace;

/// A started device. Its drop is the whole teardown.
pub(crate) trait Instance: Send + Sync + Sized + 'static {
    /// What PortCls calls in the instance.
    type Ties: Ties;

    /// Subdevices that the instance registers at most.
    const MAX_SUBDEVICES: u32;

    /// Starts the device.
    ///
    /// # Errors
    ///
    /// The status of the step that failed; nothing is left behind then.
    fn start(irql: &mut Irql<Passive>, request: &StartRequest<'_>) -> Result<(Self, Self::Ties)>;
}

/// What PortCls calls in an instance. It outlives the instance while a stop is under way; its drop takes it back.
pub(crate) trait Ties: Send + 'static {
    /// PortCls tells of a stop, upon which [`end`] is called: it wants to stop the streams first.
    fn tell_of_stop(&self) -> bool;
}

/// What PortCls hands over at the start of a device.
pub(crate) struct StartRequest<'a> {
    /// The functional device object.
    pub(crate) fdo: Device,
    /// The physical device object.
    pub(crate) pdo: Device,
    /// The IRP that starts the device, for the length of the start.
    pub(crate) irp: Option<Irp>,
    /// The resources of the device.
    pub(crate) resources: &'a ComPtr<IResourceList>,
}

/// Hands the driver object to PortCls, and puts this driver's PnP routine in front.
///
/// # Errors
///
/// What `PcInitializeAdapterDriver` says.
///
/// # Safety
///
/// For `DriverEntry`, with what it was given.
pub(crate) unsafe fn initialize<I: Instance>(
    driver: &mut DRIVER_OBJECT,
    registry_path: PCUNICODE_STRING,
) -> Result {
    // SAFETY: DriverEntry is called at PASSIVE_LEVEL.
    let irql = unsafe { Irql::<Passive>::assume() };
    // SAFETY: the driver object outlives the driver.
    let object = unsafe { Driver::new(NonNull::from(&mut *driver).cast()) };
    // SAFETY: the path lives during DriverEntry.
    let path = unsafe { Unicode::from_raw(registry_path.cast_mut().cast()) };
    initialize_adapter_driver::<Entries<I>>(&irql, object, path.ok_or(Status::INVALID_PARAMETER)?)?;
    if let Some(entry) = driver.MajorFunction.get_mut(IRP_MJ_PNP as usize) {
        *entry = Some(dispatch_pnp::<I>);
    }
    let theirs = driver.DriverUnload.replace(unload);
    UNLOAD.store(theirs.map_or(null_mut(), |routine| routine as *mut c_void), Release);
    trace::begin(&irql);
    Ok(())
}

/// PortCls' own routine for the unloading of the driver; null for none.
static UNLOAD: AtomicPtr<c_void> = AtomicPtr::new(null_mut());

type Unload = unsafe extern "C" fn(*mut DRIVER_OBJECT);

/// The driver goes; no device is left.
unsafe extern "C" fn unload(driver: *mut DRIVER_OBJECT) {
    // SAFETY: a driver is unloaded at PASSIVE_LEVEL.
    trace::end(&unsafe { Irql::<Passive>::assume() });
    let theirs = UNLOAD.load(Acquire);
    if !theirs.is_null() {
        // SAFETY: what stood in the driver object, which is a routine of this type.
        let theirs = unsafe { transmute::<*mut c_void, Unload>(theirs) };
        // SAFETY: called as the kernel calls it.
        unsafe { theirs(driver) };
    }
}

/// What PortCls calls.
struct Entries<I>(PhantomData<I>);

impl<I: Instance> AdapterDriver for Entries<I> {
    const MAX_OBJECTS: u32 = I::MAX_SUBDEVICES;
    /// Behind the extension of PortCls lie the pointers to the instance and its ties.
    const EXTENSION_SIZE: u32 = PORT_CLASS_DEVICE_EXTENSION_SIZE.wrapping_add(size_of::<Slots<I>>() as u32);

    fn start_device(
        irql: &mut Irql<Passive>,
        fdo: Device,
        irp: Option<Irp>,
        resources: &ComPtr<IResourceList>,
    ) -> Result {
        end::<I>(irql, fdo);
        untie::<I>(irql, fdo);
        let pdo = physical_device_object(fdo)?;
        let started =
            I::start(irql, &StartRequest { fdo, pdo, irp, resources }).and_then(|(instance, ties)| {
                let ties = PoolBox::new(ties)?;
                Ok((PoolBox::new(instance)?, ties))
            });
        let (instance, ties) = started.inspect_err(|status| {
            trace::failure(c"start", *status);
            trace::started(Err(*status));
        })?;
        let slots = Slots::<I>::of(&fdo);
        replace(irql, &slots.instance, Some(instance));
        replace(irql, &slots.ties, Some(ties));
        trace::started(Ok(()));
        Ok(())
    }
}

unsafe extern "C" fn dispatch_pnp<I: Instance>(fdo: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    // SAFETY: a dispatch routine is called with the device object that the request is for.
    let device = unsafe { Device::from_raw(fdo.cast()) };
    // SAFETY: and with the request.
    let request = unsafe { Irp::from_raw(irp.cast()) };
    let (Some(device), Some(request)) = (device, request) else {
        return STATUS_INVALID_PARAMETER;
    };
    // SAFETY: PnP requests come at PASSIVE_LEVEL.
    let irql = unsafe { Irql::<Passive>::assume() };
    // SAFETY: the request has a stack location for this driver.
    let minor = unsafe { minor_function(irp) };
    match minor {
        IRP_MN_SURPRISE_REMOVAL | IRP_MN_REMOVE_DEVICE => {
            end::<I>(&irql, device);
            untie::<I>(&irql, device);
            dispatch_irp(&irql, device, request)
        }
        IRP_MN_STOP_DEVICE => {
            if !is_told_of_stop::<I>(device) {
                end::<I>(&irql, device);
            }
            let status = dispatch_irp(&irql, device, request);
            end::<I>(&irql, device);
            untie::<I>(&irql, device);
            status
        }
        _ => dispatch_irp(&irql, device, request),
    }
}

/// The two pointers behind the extension of PortCls. PnP requests, and what PortCls calls within them, come one at a
/// time.
struct Slots<I: Instance> {
    instance: AtomicPtr<I>,
    ties: AtomicPtr<I::Ties>,
}

impl<I: Instance> Slots<I> {
    /// Those of a device object that [`Entries`] of the same type made.
    fn of(fdo: &Device) -> &Self {
        // SAFETY: the device object lives by the contract of its handle.
        let extension = unsafe { (*fdo.as_ptr().cast::<DEVICE_OBJECT>()).DeviceExtension };
        let slots = extension.wrapping_byte_add(PORT_CLASS_DEVICE_EXTENSION_SIZE as usize);
        // SAFETY: all device objects of this driver are made with EXTENSION_SIZE, zeroed, by one type of instance. The
        // extension is aligned as pool is, and nobody else knows of this part of it.
        unsafe { &*slots.cast::<Self>() }
    }
}

/// Ends the instance of a device object, if there is one.
pub(crate) fn end<I: Instance>(at: &Irql<Passive>, fdo: Device) {
    if replace(at, &Slots::<I>::of(&fdo).instance, None) {
        trace::stopped();
    }
}

/// Takes back what PortCls calls in the instance of a device object, which has ended.
fn untie<I: Instance>(at: &Irql<Passive>, fdo: Device) {
    replace(at, &Slots::<I>::of(&fdo).ties, None);
}

/// Whether PortCls has the instance of a device object [`end`] when the device is stopped.
fn is_told_of_stop<I: Instance>(fdo: Device) -> bool {
    let ties = Slots::<I>::of(&fdo).ties.load(Acquire);
    // SAFETY: null, or a box that PnP requests alone take out, one of which this is called in.
    unsafe { ties.as_ref() }.is_some_and(Ties::tell_of_stop)
}

/// Puts something into a slot, and drops what was there; whether there was something.
fn replace<T>(_at: &Irql<Passive>, slot: &AtomicPtr<T>, new: Option<PoolBox<T>>) -> bool {
    let new = new.map_or(null_mut(), PoolBox::into_raw);
    let old = NonNull::new(slot.swap(new, AcqRel));
    if let Some(old) = old {
        // SAFETY: put there by this function, and taken out for good.
        drop(unsafe { PoolBox::from_raw(old) });
    }
    old.is_some()
}

/// The minor function of the request at its current stack location.
///
/// # Safety
///
/// The IRP is valid and has a current stack location.
unsafe fn minor_function(irp: *mut IRP) -> u32 {
    // SAFETY: the member is the one in use while a driver owns the IRP.
    let location = unsafe { (*irp).Tail.Overlay.__bindgen_anon_2.__bindgen_anon_1.CurrentStackLocation };
    // SAFETY: a valid stack location.
    u32::from(unsafe { (*location).MinorFunction })
}
