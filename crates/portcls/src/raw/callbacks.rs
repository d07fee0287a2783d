//! Functions that the driver gives to PortCls.

use core::ffi::c_void;

use super::{
    DeviceObject, DriverObject, GUID, IInterruptSync, IResourceList, Irp, NTSTATUS, PCEVENT_REQUEST,
    PCMETHOD_REQUEST, PCPROPERTY_REQUEST,
};

/// AddDevice of the driver object. IRQL: PASSIVE_LEVEL.
pub type PDRIVER_ADD_DEVICE = unsafe extern "efiapi" fn(
    DriverObject: *mut DriverObject,
    PhysicalDeviceObject: *mut DeviceObject,
) -> NTSTATUS;

/// StartDevice of the adapter. IRQL: PASSIVE_LEVEL.
pub type PCPFNSTARTDEVICE = unsafe extern "efiapi" fn(
    DeviceObject: *mut DeviceObject,
    Irp: *mut Irp,
    ResourceList: *mut IResourceList,
) -> NTSTATUS;

/// Handler of a property. IRQL: PASSIVE_LEVEL.
pub type PCPFNPROPERTY_HANDLER =
    unsafe extern "efiapi" fn(PropertyRequest: *mut PCPROPERTY_REQUEST) -> NTSTATUS;

/// Handler of a method. IRQL: PASSIVE_LEVEL.
pub type PCPFNMETHOD_HANDLER = unsafe extern "efiapi" fn(MethodRequest: *mut PCMETHOD_REQUEST) -> NTSTATUS;

/// Handler of an event. IRQL: PASSIVE_LEVEL.
pub type PCPFNEVENT_HANDLER = unsafe extern "efiapi" fn(EventRequest: *mut PCEVENT_REQUEST) -> NTSTATUS;

/// Service routine of an `IInterruptSync`. IRQL: the interrupt's.
pub type PINTERRUPTSYNCROUTINE =
    unsafe extern "efiapi" fn(InterruptSync: *mut IInterruptSync, DynamicContext: *mut c_void) -> NTSTATUS;

/// Receiver of power control codes; sizes in bytes. IRQL: not documented.
pub type PCPFNRUNTIME_POWER_CONTROL_CALLBACK = unsafe extern "efiapi" fn(
    PowerControlCode: *const GUID,
    InBuffer: *mut c_void,
    InBufferSize: usize,
    OutBuffer: *mut c_void,
    OutBufferSize: usize,
    BytesReturned: *mut usize,
    Context: *mut c_void,
) -> NTSTATUS;

/// Routine of an I/O timer. IRQL: DISPATCH_LEVEL.
pub type PIO_TIMER_ROUTINE = unsafe extern "efiapi" fn(DeviceObject: *mut DeviceObject, Context: *mut c_void);
