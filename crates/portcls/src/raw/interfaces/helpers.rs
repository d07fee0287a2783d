//! Objects that PortCls makes for an adapter: interrupts, DMA channels, service groups, registry keys.

use core::ffi::c_void;

use crate::raw::macros::interfaces;
use crate::raw::{
    AdapterObject, BOOLEAN, DRMFORWARD, DRMRIGHTS, FileObject, IUnknown, KEY_INFORMATION_CLASS,
    KEY_VALUE_INFORMATION_CLASS, KInterrupt, NTSTATUS, PHYSICAL_ADDRESS, PINTERRUPTSYNCROUTINE,
    RtlQueryRegistryTable, UNICODE_STRING,
};

interfaces! {
    /// An interrupt with a list of service routines.
    interface IInterruptSync(IInterruptSyncVtbl): IUnknown {
        const IID = 0x22C6AC63_851B_11D0_9A7F_00AA0038ACFE;
        /// Runs a routine excluded from the interrupt; at or below its level. IRQL: any level.
        fn CallSynchronizedRoutine(Routine: PINTERRUPTSYNCROUTINE, DynamicContext: *mut c_void) -> NTSTATUS;
        /// The interrupt object. IRQL: any level.
        fn GetKInterrupt() -> *mut KInterrupt;
        /// Connects the interrupt. IRQL: PASSIVE_LEVEL.
        fn Connect() -> NTSTATUS;
        /// Disconnects it. IRQL: PASSIVE_LEVEL.
        fn Disconnect();
        /// Adds a service routine; due before Connect. IRQL: PASSIVE_LEVEL.
        fn RegisterServiceRoutine(
            Routine: PINTERRUPTSYNCROUTINE,
            DynamicContext: *mut c_void,
            First: BOOLEAN,
        ) -> NTSTATUS;
    }

    /// A DMA channel with its common buffer.
    interface IDmaChannel(IDmaChannelVtbl): IUnknown {
        const IID = 0x22C6AC61_851B_11D0_9A7F_00AA0038ACFE;
        /// Allocates the common buffer; size in bytes. IRQL: PASSIVE_LEVEL.
        fn AllocateBuffer(BufferSize: u32, PhysicalAddressConstraint: *mut PHYSICAL_ADDRESS) -> NTSTATUS;
        /// Frees it. IRQL: PASSIVE_LEVEL.
        fn FreeBuffer();
        /// Size of the transfer, in bytes. IRQL: any level.
        fn TransferCount() -> u32;
        /// In bytes. IRQL: any level.
        fn MaximumBufferSize() -> u32;
        /// In bytes. IRQL: any level.
        fn AllocatedBufferSize() -> u32;
        /// In bytes. IRQL: any level.
        fn BufferSize() -> u32;
        /// Sets the size in use, in bytes. IRQL: any level.
        fn SetBufferSize(BufferSize: u32);
        /// The buffer as the CPU sees it. IRQL: any level.
        fn SystemAddress() -> *mut c_void;
        /// The buffer as the device sees it. The result comes back through the hidden pointer that C++
        /// passes second. IRQL: any level.
        fn PhysicalAddress(Result: *mut PHYSICAL_ADDRESS) -> *mut PHYSICAL_ADDRESS;
        /// The adapter object beneath. IRQL: any level.
        fn GetAdapterObject() -> *mut AdapterObject;
        /// Copies into the buffer. IRQL: any level.
        fn CopyTo(Destination: *mut c_void, Source: *mut c_void, ByteCount: u32);
        /// Copies out of the buffer. IRQL: any level.
        fn CopyFrom(Destination: *mut c_void, Source: *mut c_void, ByteCount: u32);
    }

    /// What can be asked for service from an interrupt.
    interface IServiceSink(IServiceSinkVtbl): IUnknown {
        const IID = 0x22C6AC64_851B_11D0_9A7F_00AA0038ACFE;
        /// Asks for service. IRQL: up to DISPATCH_LEVEL.
        fn RequestService();
    }

    /// A set of service sinks that are called together.
    interface IServiceGroup(IServiceGroupVtbl): IServiceSink {
        const IID = 0x22C6AC65_851B_11D0_9A7F_00AA0038ACFE;
        /// Adds a sink. IRQL: PASSIVE_LEVEL.
        fn AddMember(pServiceSink: *mut IServiceSink) -> NTSTATUS;
        /// Removes a sink. IRQL: PASSIVE_LEVEL.
        fn RemoveMember(pServiceSink: *mut IServiceSink);
        /// Makes delayed requests possible. IRQL: up to DISPATCH_LEVEL.
        fn SupportDelayedService();
        /// Asks for service after a delay in 100 ns. IRQL: PASSIVE_LEVEL.
        fn RequestDelayedService(ullDelay: u64);
        /// Cancels that. IRQL: PASSIVE_LEVEL.
        fn CancelDelayedService();
    }

    /// An open registry key.
    interface IRegistryKey(IRegistryKeyVtbl): IUnknown {
        const IID = 0xE8DA4302_F304_11D0_958B_00C04FB925D3;
        /// As ZwQueryKey. IRQL: PASSIVE_LEVEL.
        fn QueryKey(
            KeyInformationClass: KEY_INFORMATION_CLASS,
            KeyInformation: *mut c_void,
            Length: u32,
            ResultLength: *mut u32,
        ) -> NTSTATUS;
        /// As ZwEnumerateKey. IRQL: PASSIVE_LEVEL.
        fn EnumerateKey(
            Index: u32,
            KeyInformationClass: KEY_INFORMATION_CLASS,
            KeyInformation: *mut c_void,
            Length: u32,
            ResultLength: *mut u32,
        ) -> NTSTATUS;
        /// As ZwQueryValueKey. IRQL: PASSIVE_LEVEL.
        fn QueryValueKey(
            ValueName: *mut UNICODE_STRING,
            KeyValueInformationClass: KEY_VALUE_INFORMATION_CLASS,
            KeyValueInformation: *mut c_void,
            Length: u32,
            ResultLength: *mut u32,
        ) -> NTSTATUS;
        /// As ZwEnumerateValueKey. IRQL: PASSIVE_LEVEL.
        fn EnumerateValueKey(
            Index: u32,
            KeyValueInformationClass: KEY_VALUE_INFORMATION_CLASS,
            KeyValueInformation: *mut c_void,
            Length: u32,
            ResultLength: *mut u32,
        ) -> NTSTATUS;
        /// As ZwSetValueKey. IRQL: PASSIVE_LEVEL.
        fn SetValueKey(
            ValueName: *mut UNICODE_STRING,
            Type: u32,
            Data: *mut c_void,
            DataSize: u32,
        ) -> NTSTATUS;
        /// As RtlQueryRegistryValues. IRQL: PASSIVE_LEVEL.
        fn QueryRegistryValues(QueryTable: *mut RtlQueryRegistryTable, Context: *mut c_void) -> NTSTATUS;
        /// Opens or creates a sub-key. IRQL: PASSIVE_LEVEL.
        fn NewSubKey(
            RegistrySubKey: *mut *mut IRegistryKey,
            OuterUnknown: *mut IUnknown,
            DesiredAccess: u32,
            SubKeyName: *mut UNICODE_STRING,
            CreateOptions: u32,
            Disposition: *mut u32,
        ) -> NTSTATUS;
        /// Deletes the key. IRQL: PASSIVE_LEVEL.
        fn DeleteKey() -> NTSTATUS;
    }

    /// Digital rights of the port.
    interface IDrmPort(IDrmPortVtbl): IUnknown {
        const IID = 0x286D3DF8_CA22_4E2E_B9BC_20B4F0E201CE;
        /// A content id for a mix. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn CreateContentMixed(paContentId: *mut u32, cContentId: u32, pMixedContentId: *mut u32) -> NTSTATUS;
        /// Ends a content id. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn DestroyContent(ContentId: u32) -> NTSTATUS;
        /// Binds content to a file object. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn ForwardContentToFileObject(ContentId: u32, FileObject: *mut FileObject) -> NTSTATUS;
        /// Binds content to an interface. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn ForwardContentToInterface(ContentId: u32, pUnknown: *mut IUnknown, NumMethods: u32) -> NTSTATUS;
        /// The rights of content. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn GetContentRights(ContentId: u32, DrmRights: *mut DRMRIGHTS) -> NTSTATUS;
    }

    /// Digital rights of the port, with content handlers.
    interface IDrmPort2(IDrmPort2Vtbl): IDrmPort {
        const IID = 0x1ACCE59C_7311_4B6B_9FBA_CC3BA59ACDCE;
        /// Names the functions that touch the content. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn AddContentHandlers(ContentId: u32, paHandlers: *mut *mut c_void, NumHandlers: u32) -> NTSTATUS;
        /// Binds content to a device object. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn ForwardContentToDeviceObject(
            ContentId: u32,
            Reserved: *mut c_void,
            DrmForward: *const DRMFORWARD,
        ) -> NTSTATUS;
    }
}
