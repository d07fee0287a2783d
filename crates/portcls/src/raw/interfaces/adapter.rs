//! The adapter: resources of the device, stream resources, power, PnP.

use core::ffi::c_void;

use crate::raw::macros::interfaces;
use crate::raw::{
    BOOLEAN, CM_PARTIAL_RESOURCE_DESCRIPTOR, CM_RESOURCE_LIST, CM_RESOURCE_TYPE, DEVICE_CAPABILITIES,
    DEVICE_POWER_STATE, DeviceObject, GUID, IUnknown, NTSTATUS, PC_EXIT_LATENCY, PC_REBALANCE_TYPE,
    PCPFNRUNTIME_POWER_CONTROL_CALLBACK, PCSTREAMRESOURCE, PCSTREAMRESOURCE_DESCRIPTOR, POWER_STATE,
    SYSTEM_POWER_STATE,
};

interfaces! {
    /// The resources that PnP assigned to the device.
    interface IResourceList(IResourceListVtbl): IUnknown {
        const IID = 0x22C6AC60_851B_11D0_9A7F_00AA0038ACFE;
        /// Entries of all types. IRQL: PASSIVE_LEVEL.
        fn NumberOfEntries() -> u32;
        /// Entries of one type. IRQL: PASSIVE_LEVEL.
        fn NumberOfEntriesOfType(Type: CM_RESOURCE_TYPE) -> u32;
        /// Entry `Index` of a type as the CPU sees it, or null. IRQL: PASSIVE_LEVEL.
        fn FindTranslatedEntry(Type: CM_RESOURCE_TYPE, Index: u32) -> *mut CM_PARTIAL_RESOURCE_DESCRIPTOR;
        /// Entry `Index` of a type as the bus sees it, or null. IRQL: PASSIVE_LEVEL.
        fn FindUntranslatedEntry(Type: CM_RESOURCE_TYPE, Index: u32) -> *mut CM_PARTIAL_RESOURCE_DESCRIPTOR;
        /// Adds an entry. IRQL: PASSIVE_LEVEL.
        fn AddEntry(
            Translated: *mut CM_PARTIAL_RESOURCE_DESCRIPTOR,
            Untranslated: *mut CM_PARTIAL_RESOURCE_DESCRIPTOR,
        ) -> NTSTATUS;
        /// Adds an entry of the parent list. IRQL: PASSIVE_LEVEL.
        fn AddEntryFromParent(Parent: *mut IResourceList, Type: CM_RESOURCE_TYPE, Index: u32) -> NTSTATUS;
        /// The whole list as the CPU sees it. IRQL: PASSIVE_LEVEL.
        fn TranslatedList() -> *mut CM_RESOURCE_LIST;
        /// The whole list as the bus sees it. IRQL: PASSIVE_LEVEL.
        fn UntranslatedList() -> *mut CM_RESOURCE_LIST;
    }

    /// Registers interrupts and threads as resources of a stream (Windows 10). Asked of the port.
    interface IPortClsStreamResourceManager(IPortClsStreamResourceManagerVtbl): IUnknown {
        const IID = 0xE1CD9915_CAB1_4103_BB2F_7DC09C9BE942;
        /// Registers a resource; `ResourceSet` is reserved, null. IRQL: PASSIVE_LEVEL.
        fn AddStreamResource(
            ResourceSet: *mut c_void,
            ResourceDescriptor: *mut PCSTREAMRESOURCE_DESCRIPTOR,
            ResourceHandle: *mut PCSTREAMRESOURCE,
        ) -> NTSTATUS;
        /// Takes it back, while the resource still exists. IRQL: PASSIVE_LEVEL.
        fn RemoveStreamResource(ResourceHandle: PCSTREAMRESOURCE) -> NTSTATUS;
    }

    /// The same with the physical device object given (Windows 10 1511).
    interface IPortClsStreamResourceManager2(IPortClsStreamResourceManager2Vtbl): IPortClsStreamResourceManager {
        const IID = 0x0D500BAE_D565_469D_A0E2_F283760D7148;
        /// Registers a resource of the given physical device object. IRQL: PASSIVE_LEVEL.
        fn AddStreamResource2(
            PhysicalDeviceObject: *mut DeviceObject,
            ResourceSet: *mut c_void,
            ResourceDescriptor: *mut PCSTREAMRESOURCE_DESCRIPTOR,
            ResourceHandle: *mut PCSTREAMRESOURCE,
        ) -> NTSTATUS;
    }

    /// The adapter as PortCls powers it up and down.
    interface IAdapterPowerManagement(IAdapterPowerManagementVtbl): IUnknown {
        const IID = 0x793417D0_35FE_11D1_AD08_00A0C90AB1B0;
        /// Enters a device power state; must not fail. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn PowerChangeState(NewState: POWER_STATE);
        /// Whether the state may be entered. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn QueryPowerChangeState(NewStateQuery: POWER_STATE) -> NTSTATUS;
        /// May map system states to deeper device states. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn QueryDeviceCapabilities(PowerDeviceCaps: *mut DEVICE_CAPABILITIES) -> NTSTATUS;
    }

    /// The same, told the system state too.
    interface IAdapterPowerManagement2(IAdapterPowerManagement2Vtbl): IAdapterPowerManagement {
        const IID = 0xE0F92E5D_67F5_48EE_B57A_7D1E90C5F43D;
        /// Enters a device power state; must not fail. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn PowerChangeState2(NewDeviceState: DEVICE_POWER_STATE, NewSystemState: SYSTEM_POWER_STATE);
    }

    /// The same, told the exit latency that is asked for.
    interface IAdapterPowerManagement3(IAdapterPowerManagement3Vtbl): IAdapterPowerManagement2 {
        const IID = 0xA8C7303E_F80C_4BC9_B2E3_FB2D08BE920F;
        /// Enters a device power state; must not fail. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn PowerChangeState3(
            NewDeviceState: DEVICE_POWER_STATE,
            NewSystemState: SYSTEM_POWER_STATE,
            D3ExitLatency: PC_EXIT_LATENCY,
        );
        /// How fast D3 must be left from now on. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn D3ExitLatencyChanged(NewD3ExitLatency: PC_EXIT_LATENCY) -> NTSTATUS;
    }

    /// A miniport that wants to hear of power changes.
    interface IPowerNotify(IPowerNotifyVtbl): IUnknown {
        const IID = 0x3DD648B8_969F_11D1_95A9_00C04FB925D3;
        /// The power state changes; before it does on the way down, after on the way up. IRQL: not
        /// documented, taken as PASSIVE_LEVEL.
        fn PowerChangeNotify(PowerState: POWER_STATE);
    }

    /// Idle power management of the port.
    interface IPortClsPower(IPortClsPowerVtbl): IUnknown {
        const IID = 0x47BA0351_BC4B_4869_8134_B74FE17852D8;
        /// Registers the adapter's power callbacks. IRQL: PASSIVE_LEVEL.
        fn RegisterAdapterPowerManagement(
            pUnknown: *mut IUnknown,
            DeviceObject: *mut DeviceObject,
        ) -> NTSTATUS;
        /// Takes them back. IRQL: PASSIVE_LEVEL.
        fn UnregisterAdapterPowerManagement(DeviceObject: *mut DeviceObject) -> NTSTATUS;
        /// Switches idle power-down. IRQL: PASSIVE_LEVEL.
        fn SetIdlePowerManagement(DeviceObject: *mut DeviceObject, bEnabled: BOOLEAN) -> NTSTATUS;
    }

    /// Power control codes to and from the platform extension.
    interface IPortClsRuntimePower(IPortClsRuntimePowerVtbl): IUnknown {
        const IID = 0xE057C351_0430_4DBC_B172_C711D40A2373;
        /// Sends a power control code. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn SendPowerControl(
            DeviceObject: *mut DeviceObject,
            PowerControlCode: *const GUID,
            InBuffer: *mut c_void,
            InBufferSize: usize,
            OutBuffer: *mut c_void,
            OutBufferSize: usize,
            BytesReturned: *mut usize,
        ) -> NTSTATUS;
        /// Registers for power control codes. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn RegisterPowerControlCallback(
            DeviceObject: *mut DeviceObject,
            Callback: PCPFNRUNTIME_POWER_CONTROL_CALLBACK,
            Context: *mut c_void,
        ) -> NTSTATUS;
        /// Takes that back. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn UnregisterPowerControlCallback(DeviceObject: *mut DeviceObject) -> NTSTATUS;
    }

    /// An adapter that supports rebalance (Windows 10 1511).
    interface IAdapterPnpManagement(IAdapterPnpManagementVtbl): IUnknown {
        const IID = 0x706F2368_4086_47F5_B913_57B76EED1A32;
        /// What rebalance the adapter supports. IRQL: PASSIVE_LEVEL.
        fn GetSupportedRebalanceType() -> PC_REBALANCE_TYPE;
        /// A stop is coming; under the device lock. IRQL: PASSIVE_LEVEL.
        fn PnpQueryStop();
        /// The stop is called off; under the device lock. IRQL: PASSIVE_LEVEL.
        fn PnpCancelStop();
        /// PnP stops the device: release all hardware. May wait. IRQL: PASSIVE_LEVEL.
        fn PnpStop();
    }

    /// Registers an adapter for rebalance.
    interface IPortClsPnp(IPortClsPnpVtbl): IUnknown {
        const IID = 0x0485791B_17F5_4B73_902A_20344860B9CA;
        /// Registers the adapter. IRQL: PASSIVE_LEVEL.
        fn RegisterAdapterPnpManagement(pUnknown: *mut IUnknown, DeviceObject: *mut DeviceObject) -> NTSTATUS;
        /// Takes that back. IRQL: PASSIVE_LEVEL.
        fn UnregisterAdapterPnpManagement(DeviceObject: *mut DeviceObject) -> NTSTATUS;
    }
}
