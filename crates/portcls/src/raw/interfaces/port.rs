//! Port drivers: what the adapter creates and miniports call.

use core::ffi::c_void;

use crate::raw::macros::interfaces;
use crate::raw::{
    BOOL, DEVICE_REGISTRY_PROPERTY, DeviceObject, EPcMiniportEngineEvent, GUID, IRegistryKey, IResourceList,
    IUnknown, Irp, KSEVENT_ENTRY, MDL, MEMORY_CACHING_TYPE, NTSTATUS, ObjectAttributes,
    PCNOTIFICATION_BUFFER, PCPIN_DESCRIPTOR, PHYSICAL_ADDRESS, POOL_TYPE, UNICODE_STRING,
};

interfaces! {
    /// What every port driver offers to the adapter driver that creates it.
    interface IPort(IPortVtbl): IUnknown {
        const IID = 0xB4C90A25_5791_11D0_86F9_00A0C911B544;
        /// Binds the port to a miniport. IRQL: PASSIVE_LEVEL.
        fn Init(
            DeviceObject: *mut DeviceObject,
            Irp: *mut Irp,
            UnknownMiniport: *mut IUnknown,
            UnknownAdapter: *mut IUnknown,
            ResourceList: *mut IResourceList,
        ) -> NTSTATUS;
        /// A property of the device, as IoGetDeviceProperty. IRQL: PASSIVE_LEVEL.
        fn GetDeviceProperty(
            DeviceProperty: DEVICE_REGISTRY_PROPERTY,
            BufferLength: u32,
            PropertyBuffer: *mut c_void,
            ResultLength: *mut u32,
        ) -> NTSTATUS;
        /// Opens or creates one of the registry keys that belong to the device. IRQL: PASSIVE_LEVEL.
        fn NewRegistryKey(
            OutRegistryKey: *mut *mut IRegistryKey,
            OuterUnknown: *mut IUnknown,
            RegistryKeyType: u32,
            DesiredAccess: u32,
            ObjectAttributes: *mut ObjectAttributes,
            CreateOptions: u32,
            Disposition: *mut u32,
        ) -> NTSTATUS;
    }

    /// The WaveRT port driver.
    interface IPortWaveRT(IPortWaveRTVtbl): IPort {
        const IID = 0x339FF909_68A9_4310_B09B_274E96EE4CBD;
    }

    /// The allocator of cyclic buffers that a WaveRT stream gets at its creation.
    interface IPortWaveRTStream(IPortWaveRTStreamVtbl): IUnknown {
        const IID = 0x1809CE5A_64BC_4E62_BD7D_95BCE43DE393;
        /// Locked pages below `HighAddress`, not mapped; whole pages, maybe fewer bytes than asked. Null
        /// on failure. IRQL: PASSIVE_LEVEL.
        fn AllocatePagesForMdl(HighAddress: PHYSICAL_ADDRESS, TotalBytes: usize) -> *mut MDL;
        /// The same, physically contiguous, all of it or null. IRQL: PASSIVE_LEVEL.
        fn AllocateContiguousPagesForMdl(
            LowAddress: PHYSICAL_ADDRESS,
            HighAddress: PHYSICAL_ADDRESS,
            TotalBytes: usize,
        ) -> *mut MDL;
        /// Maps the pages into kernel space. Null on failure. IRQL: PASSIVE_LEVEL.
        fn MapAllocatedPages(MemoryDescriptorList: *mut MDL, CacheType: MEMORY_CACHING_TYPE) -> *mut c_void;
        /// Undoes the mapping; due before the pages are freed. IRQL: PASSIVE_LEVEL.
        fn UnmapAllocatedPages(BaseAddress: *mut c_void, MemoryDescriptorList: *mut MDL);
        /// Frees the pages and the MDL. IRQL: PASSIVE_LEVEL.
        fn FreePagesFromMdl(MemoryDescriptorList: *mut MDL);
        /// Number of pages in the MDL. IRQL: PASSIVE_LEVEL.
        fn GetPhysicalPagesCount(MemoryDescriptorList: *mut MDL) -> u32;
        /// Physical address of page `Index`. The result comes back through the hidden pointer that C++
        /// passes second. IRQL: PASSIVE_LEVEL.
        fn GetPhysicalPageAddress(
            Result: *mut PHYSICAL_ADDRESS,
            MemoryDescriptorList: *mut MDL,
            Index: u32,
        ) -> *mut PHYSICAL_ADDRESS;
    }

    /// The topology port driver.
    interface IPortTopology(IPortTopologyVtbl): IPort {
        const IID = 0xB4C90A30_5791_11D0_86F9_00A0C911B544;
    }

    /// Event lists of a port, for miniports that raise KS events.
    interface IPortEvents(IPortEventsVtbl): IUnknown {
        const IID = 0xA80F29C4_5498_11D2_95D9_00C04FB925D3;
        /// Adds an event that KS enables. IRQL: PASSIVE_LEVEL.
        fn AddEventToEventList(EventEntry: *mut KSEVENT_ENTRY);
        /// Signals the matching events; above DISPATCH_LEVEL some may be lost. IRQL: any level.
        fn GenerateEventList(
            Set: *mut GUID,
            EventId: u32,
            PinEvent: BOOL,
            PinId: u32,
            NodeEvent: BOOL,
            NodeId: u32,
        );
    }

    /// The version of PortCls; not answered by the WaveRT port.
    interface IPortClsVersion(IPortClsVersionVtbl): IUnknown {
        const IID = 0x7D89A7BB_869B_4567_8DBE_1E168CC853DE;
        /// One of the `kVersion` values. IRQL: PASSIVE_LEVEL.
        fn GetVersion() -> u32;
    }

    /// Changes pin descriptors of a registered subdevice.
    interface IPortClsSubdeviceEx(IPortClsSubdeviceExVtbl): IUnknown {
        const IID = 0xC3D5E80C_7F55_40C5_88B2_6210D0CB2B59;
        /// Replaces the descriptor of a pin. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn UpdatePinDescriptor(ulPinId: u32, ulFlags: u32, pPinDescriptor: *mut PCPIN_DESCRIPTOR) -> NTSTATUS;
    }

    /// Sends notifications to user mode (Windows 10 1703).
    interface IPortClsNotifications(IPortClsNotificationsVtbl): IUnknown {
        const IID = 0x1E092CE2_DB25_483B_8446_B0961215258B;
        /// Allocates a notification payload. IRQL: up to DISPATCH_LEVEL.
        fn AllocNotificationBuffer(
            PoolType: POOL_TYPE,
            NumberOfBytes: u16,
            NotificationBuffer: *mut *mut PCNOTIFICATION_BUFFER,
        ) -> NTSTATUS;
        /// Frees a payload that was not sent. IRQL: PASSIVE_LEVEL.
        fn FreeNotificationBuffer(NotificationBuffer: *mut PCNOTIFICATION_BUFFER);
        /// Sends the payload and frees it. IRQL: PASSIVE_LEVEL.
        fn SendNotification(NotificationId: *const GUID, NotificationBuffer: *mut PCNOTIFICATION_BUFFER);
    }

    /// Writes PortCls trace events.
    interface IPortClsEtwHelper(IPortClsEtwHelperVtbl): IUnknown {
        const IID = 0x80EF6667_E8B1_4252_AB09_8F6D5EBBD19F;
        /// Writes one event. IRQL: up to DISPATCH_LEVEL.
        fn MiniportWriteEtwEvent(
            miniportEventType: EPcMiniportEngineEvent,
            pvData1: u64,
            pvData2: u64,
            ulData3: u64,
            ulData4: u64,
        ) -> NTSTATUS;
    }

    /// WMI registration of the port.
    interface IPortWMIRegistration(IPortWMIRegistrationVtbl): IUnknown {
        const IID = 0xD80B18E7_804C_4E1E_82D3_2461EC06E7C7;
        /// Registers with WMI. IRQL: PASSIVE_LEVEL.
        fn RegisterWMIProvider(DeviceObject: *mut DeviceObject, Context: *mut c_void) -> NTSTATUS;
        /// Takes that back. IRQL: PASSIVE_LEVEL.
        fn UnregisterWMIProvider(DeviceObject: *mut DeviceObject) -> NTSTATUS;
    }

    /// Takes back PcRegisterSubdevice. Asked of the port.
    interface IUnregisterSubdevice(IUnregisterSubdeviceVtbl): IUnknown {
        const IID = 0x16738177_E199_41F9_9A87_ABB2A5432F21;
        /// Takes the subdevice down. IRQL: PASSIVE_LEVEL.
        fn UnregisterSubdevice(DeviceObject: *mut DeviceObject, Unknown: *mut IUnknown) -> NTSTATUS;
    }

    /// Takes back PcRegisterPhysicalConnection and its kin. Asked of the port.
    interface IUnregisterPhysicalConnection(IUnregisterPhysicalConnectionVtbl): IUnknown {
        const IID = 0x6C38E231_2A0D_428D_81F8_07CC428BB9A4;
        /// Forgets a connection between two subdevices. IRQL: PASSIVE_LEVEL.
        fn UnregisterPhysicalConnection(
            DeviceObject: *mut DeviceObject,
            FromUnknown: *mut IUnknown,
            FromPin: u32,
            ToUnknown: *mut IUnknown,
            ToPin: u32,
        ) -> NTSTATUS;
        /// Forgets a connection to a foreign filter. IRQL: PASSIVE_LEVEL.
        fn UnregisterPhysicalConnectionToExternal(
            DeviceObject: *mut DeviceObject,
            FromUnknown: *mut IUnknown,
            FromPin: u32,
            ToString: *mut UNICODE_STRING,
            ToPin: u32,
        ) -> NTSTATUS;
        /// Forgets a connection from a foreign filter. IRQL: PASSIVE_LEVEL.
        fn UnregisterPhysicalConnectionFromExternal(
            DeviceObject: *mut DeviceObject,
            FromString: *mut UNICODE_STRING,
            FromPin: u32,
            ToUnknown: *mut IUnknown,
            ToPin: u32,
        ) -> NTSTATUS;
    }
}
