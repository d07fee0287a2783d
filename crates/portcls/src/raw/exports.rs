//! The functions that portcls.sys exports.
//!
//! Declared for Windows targets only, and without a library: the driver's build names the import library.

use core::ffi::c_void;

use super::{
    CM_RESOURCE_LIST, DEVICE_DESCRIPTION, DEVICE_POWER_STATE, DEVICE_REGISTRY_PROPERTY, DRMFORWARD,
    DRMRIGHTS, DeviceObject, DriverObject, FileObject, GUID, IDmaChannel, IInterruptSync, IMiniport,
    INTERRUPTSYNCMODE, IPort, IRegistryKey, IResourceList, IServiceGroup, IUnknown, Irp, NTSTATUS,
    ObjectAttributes, PC_POWER_FRAMEWORK_SETTINGS, PCPFNSTARTDEVICE, PCPROPERTY_REQUEST, PCSTREAMRESOURCE,
    PCSTREAMRESOURCE_DESCRIPTOR, PDRIVER_ADD_DEVICE, PIO_TIMER_ROUTINE, POOL_TYPE, UNICODE_STRING,
};

unsafe extern "efiapi" {
    /// Installs the IRP handlers of PortCls and the AddDevice given. IRQL: PASSIVE_LEVEL.
    pub fn PcInitializeAdapterDriver(
        DriverObject: *mut DriverObject,
        RegistryPathName: *mut UNICODE_STRING,
        AddDevice: PDRIVER_ADD_DEVICE,
    ) -> NTSTATUS;

    /// Lets PortCls handle an IRP. IRQL: PASSIVE_LEVEL.
    pub fn PcDispatchIrp(pDeviceObject: *mut DeviceObject, pIrp: *mut Irp) -> NTSTATUS;

    /// Makes the adapter device object; at most `MaxObjects` subdevices. `DeviceExtensionSize` is 0 or
    /// at least PORT_CLASS_DEVICE_EXTENSION_SIZE. IRQL: PASSIVE_LEVEL.
    pub fn PcAddAdapterDevice(
        DriverObject: *mut DriverObject,
        PhysicalDeviceObject: *mut DeviceObject,
        StartDevice: PCPFNSTARTDEVICE,
        MaxObjects: u32,
        DeviceExtensionSize: u32,
    ) -> NTSTATUS;

    /// Completes an IRP. IRQL: up to DISPATCH_LEVEL.
    pub fn PcCompleteIrp(pDeviceObject: *mut DeviceObject, pIrp: *mut Irp, ntStatus: NTSTATUS) -> NTSTATUS;

    /// Sends an IRP down and waits. IRQL: PASSIVE_LEVEL.
    pub fn PcForwardIrpSynchronous(DeviceObject: *mut DeviceObject, Irp: *mut Irp) -> NTSTATUS;

    /// Registers a port as a subdevice. `Name` is null-terminated, matches the INF's reference string,
    /// and lives as long as the device. IRQL: PASSIVE_LEVEL.
    pub fn PcRegisterSubdevice(
        DeviceObject: *mut DeviceObject,
        Name: *const u16,
        Unknown: *mut IUnknown,
    ) -> NTSTATUS;

    /// Connects two subdevices. IRQL: PASSIVE_LEVEL.
    pub fn PcRegisterPhysicalConnection(
        DeviceObject: *mut DeviceObject,
        FromUnknown: *mut IUnknown,
        FromPin: u32,
        ToUnknown: *mut IUnknown,
        ToPin: u32,
    ) -> NTSTATUS;

    /// Connects to a foreign filter. IRQL: PASSIVE_LEVEL.
    pub fn PcRegisterPhysicalConnectionToExternal(
        DeviceObject: *mut DeviceObject,
        FromUnknown: *mut IUnknown,
        FromPin: u32,
        ToString: *mut UNICODE_STRING,
        ToPin: u32,
    ) -> NTSTATUS;

    /// Connects from a foreign filter. IRQL: PASSIVE_LEVEL.
    pub fn PcRegisterPhysicalConnectionFromExternal(
        DeviceObject: *mut DeviceObject,
        FromString: *mut UNICODE_STRING,
        FromPin: u32,
        ToUnknown: *mut IUnknown,
        ToPin: u32,
    ) -> NTSTATUS;

    /// Makes a port driver object. IRQL: PASSIVE_LEVEL.
    pub fn PcNewPort(OutPort: *mut *mut IPort, ClassID: *const GUID) -> NTSTATUS;

    /// Makes one of the miniports of PortCls. IRQL: PASSIVE_LEVEL.
    pub fn PcNewMiniport(OutMiniPort: *mut *mut IMiniport, ClassID: *const GUID) -> NTSTATUS;

    /// Makes a DMA channel. IRQL: PASSIVE_LEVEL.
    pub fn PcNewDmaChannel(
        OutDmaChannel: *mut *mut IDmaChannel,
        OuterUnknown: *mut IUnknown,
        PoolType: POOL_TYPE,
        DeviceDescription: *mut DEVICE_DESCRIPTION,
        DeviceObject: *mut DeviceObject,
    ) -> NTSTATUS;

    /// Completes a property request that was left pending. IRQL: up to DISPATCH_LEVEL.
    pub fn PcCompletePendingPropertyRequest(
        PropertyRequest: *mut PCPROPERTY_REQUEST,
        NtStatus: NTSTATUS,
    ) -> NTSTATUS;

    /// Time since `Since`, in 100 ns. IRQL: any level.
    pub fn PcGetTimeInterval(Since: u64) -> u64;

    /// Makes a resource list. IRQL: PASSIVE_LEVEL.
    pub fn PcNewResourceList(
        OutResourceList: *mut *mut IResourceList,
        OuterUnknown: *mut IUnknown,
        PoolType: POOL_TYPE,
        TranslatedResources: *mut CM_RESOURCE_LIST,
        UntranslatedResources: *mut CM_RESOURCE_LIST,
    ) -> NTSTATUS;

    /// Makes an empty list beneath another one. IRQL: PASSIVE_LEVEL.
    pub fn PcNewResourceSublist(
        OutResourceList: *mut *mut IResourceList,
        OuterUnknown: *mut IUnknown,
        PoolType: POOL_TYPE,
        ParentList: *mut IResourceList,
        MaximumEntries: u32,
    ) -> NTSTATUS;

    /// Makes an interrupt object. IRQL: PASSIVE_LEVEL.
    pub fn PcNewInterruptSync(
        OutInterruptSync: *mut *mut IInterruptSync,
        OuterUnknown: *mut IUnknown,
        ResourceList: *mut IResourceList,
        ResourceIndex: u32,
        Mode: INTERRUPTSYNCMODE,
    ) -> NTSTATUS;

    /// Makes a service group. IRQL: PASSIVE_LEVEL.
    pub fn PcNewServiceGroup(
        OutServiceGroup: *mut *mut IServiceGroup,
        OuterUnknown: *mut IUnknown,
    ) -> NTSTATUS;

    /// Opens or creates a registry key. IRQL: PASSIVE_LEVEL.
    pub fn PcNewRegistryKey(
        OutRegistryKey: *mut *mut IRegistryKey,
        OuterUnknown: *mut IUnknown,
        RegistryKeyType: u32,
        DesiredAccess: u32,
        DeviceObject: *mut c_void,
        SubDevice: *mut c_void,
        ObjectAttributes: *mut ObjectAttributes,
        CreateOptions: u32,
        Disposition: *mut u32,
    ) -> NTSTATUS;

    /// A property of the device. IRQL: PASSIVE_LEVEL.
    pub fn PcGetDeviceProperty(
        DeviceObject: *mut c_void,
        DeviceProperty: DEVICE_REGISTRY_PROPERTY,
        BufferLength: u32,
        PropertyBuffer: *mut c_void,
        ResultLength: *mut u32,
    ) -> NTSTATUS;

    /// Registers the adapter's power callbacks. IRQL: PASSIVE_LEVEL.
    pub fn PcRegisterAdapterPowerManagement(Unknown: *mut IUnknown, pvContext1: *mut c_void) -> NTSTATUS;

    /// Takes them back. IRQL: PASSIVE_LEVEL.
    pub fn PcUnregisterAdapterPowerManagement(pDeviceObject: *mut DeviceObject) -> NTSTATUS;

    /// Asks for a device power state. IRQL: PASSIVE_LEVEL.
    pub fn PcRequestNewPowerState(
        pDeviceObject: *mut DeviceObject,
        RequestedNewState: DEVICE_POWER_STATE,
    ) -> NTSTATUS;

    /// Has a routine called once a second. IRQL: PASSIVE_LEVEL.
    pub fn PcRegisterIoTimeout(
        pDeviceObject: *mut DeviceObject,
        pTimerRoutine: PIO_TIMER_ROUTINE,
        pContext: *mut c_void,
    ) -> NTSTATUS;

    /// Takes that back. IRQL: PASSIVE_LEVEL.
    pub fn PcUnregisterIoTimeout(
        pDeviceObject: *mut DeviceObject,
        pTimerRoutine: PIO_TIMER_ROUTINE,
        pContext: *mut c_void,
    ) -> NTSTATUS;

    /// The physical device object beneath the adapter. IRQL: any level.
    pub fn PcGetPhysicalDeviceObject(
        pDeviceObject: *mut DeviceObject,
        ppPhysicalObject: *mut *mut DeviceObject,
    ) -> NTSTATUS;

    /// Names the functions that touch a content. IRQL: not documented, taken as PASSIVE_LEVEL.
    pub fn PcAddContentHandlers(ContentId: u32, paHandlers: *mut *mut c_void, NumHandlers: u32) -> NTSTATUS;

    /// A content id for a mix. IRQL: not documented, taken as PASSIVE_LEVEL.
    pub fn PcCreateContentMixed(
        paContentId: *mut u32,
        cContentId: u32,
        pMixedContentId: *mut u32,
    ) -> NTSTATUS;

    /// Ends a content id. IRQL: not documented, taken as PASSIVE_LEVEL.
    pub fn PcDestroyContent(ContentId: u32) -> NTSTATUS;

    /// Binds content to a device object. IRQL: not documented, taken as PASSIVE_LEVEL.
    pub fn PcForwardContentToDeviceObject(
        ContentId: u32,
        Reserved: *mut c_void,
        DrmForward: *const DRMFORWARD,
    ) -> NTSTATUS;

    /// Binds content to a file object. IRQL: not documented, taken as PASSIVE_LEVEL.
    pub fn PcForwardContentToFileObject(ContentId: u32, FileObject: *mut FileObject) -> NTSTATUS;

    /// Binds content to an interface. IRQL: not documented, taken as PASSIVE_LEVEL.
    pub fn PcForwardContentToInterface(ContentId: u32, pUnknown: *mut IUnknown, NumMethods: u32) -> NTSTATUS;

    /// The rights of a content. IRQL: not documented, taken as PASSIVE_LEVEL.
    pub fn PcGetContentRights(ContentId: u32, DrmRights: *mut DRMRIGHTS) -> NTSTATUS;

    /// How PortCls registers with the power framework. IRQL: not documented, taken as PASSIVE_LEVEL.
    pub fn PcAssignPowerFrameworkSettings(
        DeviceObject: *mut DeviceObject,
        PowerFrameworkSettings: *mut PC_POWER_FRAMEWORK_SETTINGS,
    ) -> NTSTATUS;

    /// Registers a stream resource. A hard import: the port driver's IPortClsStreamResourceManager2
    /// serves older Windows too. IRQL: PASSIVE_LEVEL.
    pub fn PcAddStreamResource(
        PhysicalDeviceObject: *mut DeviceObject,
        ResourceSet: *mut c_void,
        ResourceDescriptor: *mut PCSTREAMRESOURCE_DESCRIPTOR,
        ResourceHandle: *mut PCSTREAMRESOURCE,
    ) -> NTSTATUS;

    /// Takes it back. IRQL: PASSIVE_LEVEL.
    pub fn PcRemoveStreamResource(ResourceHandle: PCSTREAMRESOURCE) -> NTSTATUS;

    /// Registers the adapter for rebalance. Not in Windows 10 1507. IRQL: PASSIVE_LEVEL.
    pub fn PcRegisterAdapterPnpManagement(
        Unknown: *mut IUnknown,
        DeviceObject: *mut DeviceObject,
    ) -> NTSTATUS;

    /// Takes that back. Not in Windows 10 1507. IRQL: PASSIVE_LEVEL.
    pub fn PcUnregisterAdapterPnpManagement(DeviceObject: *mut DeviceObject) -> NTSTATUS;
}
