//! The driver as a whole: its entry into PortCls, and the entries of PortCls into it.
//!
//! Windows targets only: here the functions of portcls.sys are called.

use core::ptr::null_mut;

use crate::com::ComPtr;
use crate::handle::{Device, Driver, Irp, Unicode};
use crate::irql::{Irql, Passive};
use crate::raw;
use crate::raw::exports::{
    PcAddAdapterDevice, PcDispatchIrp, PcGetPhysicalDeviceObject, PcInitializeAdapterDriver,
    PcRegisterAdapterPowerManagement, PcUnregisterAdapterPowerManagement,
};
use crate::raw::status::STATUS_INVALID_PARAMETER;
use crate::raw::{IResourceList, IUnknown, NTSTATUS};
use crate::status::{Result, Status, ntstatus};

/// What PortCls calls in an adapter driver.
pub trait AdapterDriver: 'static {
    /// How many subdevices an adapter registers at most.
    const MAX_OBJECTS: u32;

    /// Bytes of the device extension: 0, or at least `PORT_CLASS_DEVICE_EXTENSION_SIZE`, of which the driver
    /// may use those from 32 to 63.
    const EXTENSION_SIZE: u32 = 0;

    /// A device was found. The default makes its adapter.
    ///
    /// # Errors
    ///
    /// Whatever keeps the device from being added.
    fn add_device(irql: &mut Irql<Passive>, driver: Driver, pdo: Device) -> Result {
        add_adapter_device::<Self>(irql, driver, pdo)
    }

    /// The device starts, for the first time or again after a stop.
    ///
    /// # Errors
    ///
    /// Whatever keeps it from starting; everything is undone then.
    fn start_device(
        irql: &mut Irql<Passive>,
        device: Device,
        irp: Option<Irp>,
        resources: &ComPtr<IResourceList>,
    ) -> Result;
}

/// Has PortCls handle the driver's IRPs. Called from DriverEntry with what that was given.
///
/// # Errors
///
/// What PcInitializeAdapterDriver says.
pub fn initialize_adapter_driver<D: AdapterDriver>(
    _irql: &Irql<Passive>,
    driver: Driver,
    registry_path: Unicode,
) -> Result {
    // SAFETY: at PASSIVE_LEVEL, with the objects that DriverEntry was given.
    let status =
        unsafe { PcInitializeAdapterDriver(driver.as_ptr(), registry_path.as_ptr(), add_device::<D>) };
    Status::check(status)
}

/// Makes the adapter of a device that was found.
///
/// # Errors
///
/// What PcAddAdapterDevice says.
pub fn add_adapter_device<D: AdapterDriver + ?Sized>(
    _irql: &Irql<Passive>,
    driver: Driver,
    pdo: Device,
) -> Result {
    // SAFETY: at PASSIVE_LEVEL, with the objects that AddDevice was given.
    let status = unsafe {
        PcAddAdapterDevice(
            driver.as_ptr(),
            pdo.as_ptr(),
            start_device::<D>,
            D::MAX_OBJECTS,
            D::EXTENSION_SIZE,
        )
    };
    Status::check(status)
}

/// Lets PortCls handle an IRP; whoever calls this has done with it.
///
/// The answer is what the dispatch routine returns: it may be a success that is not `STATUS_SUCCESS`, such as
/// `STATUS_PENDING`.
pub fn dispatch_irp(_irql: &Irql<Passive>, device: Device, irp: Irp) -> NTSTATUS {
    // SAFETY: at PASSIVE_LEVEL, with what the dispatch routine was given.
    unsafe { PcDispatchIrp(device.as_ptr(), irp.as_ptr()) }
}

/// The physical device object beneath an adapter. IRQL: any.
///
/// # Errors
///
/// What PcGetPhysicalDeviceObject says.
pub fn physical_device_object(device: Device) -> Result<Device> {
    let mut pdo = null_mut();
    // SAFETY: an adapter's device object, and a place for the answer.
    Status::check(unsafe { PcGetPhysicalDeviceObject(device.as_ptr(), &mut pdo) })?;
    // SAFETY: the device beneath lives as long as the adapter.
    unsafe { Device::from_raw(pdo) }.ok_or(Status::UNSUCCESSFUL)
}

/// Registered power callbacks. The drop unregisters them, at PASSIVE_LEVEL.
///
/// # Invariants
///
/// The device's callbacks were registered by this.
pub struct PowerRegistration(Device);

impl PowerRegistration {
    /// Registers the callbacks of an adapter that has `IAdapterPowerManagement`.
    ///
    /// # Errors
    ///
    /// What PcRegisterAdapterPowerManagement says.
    pub fn register(_irql: &Irql<Passive>, adapter: &ComPtr<IUnknown>, device: Device) -> Result<Self> {
        // SAFETY: at PASSIVE_LEVEL, with a live object and an adapter's device object.
        let status = unsafe { PcRegisterAdapterPowerManagement(adapter.as_raw(), device.as_ptr().cast()) };
        Status::check(status)?;
        // INVARIANT: just registered.
        Ok(Self(device))
    }

    /// Unregisters the callbacks; the drop does the same.
    pub fn remove(self, _irql: &Irql<Passive>) {}
}

impl Drop for PowerRegistration {
    fn drop(&mut self) {
        // SAFETY: registered, by the invariant. Its status can't be helped.
        let _ = unsafe { PcUnregisterAdapterPowerManagement(self.0.as_ptr()) };
    }
}

/// # Safety
///
/// As documented for AddDevice, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn add_device<D: AdapterDriver>(
    driver: *mut raw::DriverObject,
    pdo: *mut raw::DeviceObject,
) -> NTSTATUS {
    // SAFETY: null, or the driver object.
    let driver = unsafe { Driver::from_raw(driver) };
    // SAFETY: null, or the device found.
    let pdo = unsafe { Device::from_raw(pdo) };
    let (Some(driver), Some(pdo)) = (driver, pdo) else {
        return STATUS_INVALID_PARAMETER;
    };
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    ntstatus(D::add_device(&mut irql, driver, pdo))
}

/// # Safety
///
/// As documented for PCPFNSTARTDEVICE, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn start_device<D: AdapterDriver + ?Sized>(
    device: *mut raw::DeviceObject,
    irp: *mut raw::Irp,
    resources: *mut IResourceList,
) -> NTSTATUS {
    // SAFETY: null, or the adapter's device object.
    let device = unsafe { Device::from_raw(device) };
    // SAFETY: null, or the IRP under way.
    let irp = unsafe { Irp::from_raw(irp) };
    // SAFETY: null, or alive during the call.
    let resources = unsafe { ComPtr::borrow(&resources) };
    let (Some(device), Some(resources)) = (device, resources) else {
        return STATUS_INVALID_PARAMETER;
    };
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    ntstatus(D::start_device(&mut irql, device, irp, resources))
}
