//! The WavePci port and its miniports.

use core::ffi::c_void;

use crate::raw::macros::interfaces;
use crate::raw::{
    BOOLEAN, DMA_SPEED, DMA_WIDTH, IDmaChannel, IMiniport, IPort, IResourceList, IServiceGroup, IUnknown,
    KSALLOCATOR_FRAMING, KSDATAFORMAT, KSSTATE, NTSTATUS, PHYSICAL_ADDRESS, POOL_TYPE,
};

interfaces! {
    /// The WavePci port driver.
    interface IPortWavePci(IPortWavePciVtbl): IPort {
        const IID = 0xB4C90A50_5791_11D0_86F9_00A0C911B544;
        /// Has the port call the miniport's Service. IRQL: any level.
        fn Notify(ServiceGroup: *mut IServiceGroup);
        /// Makes a bus-master channel. IRQL: PASSIVE_LEVEL.
        fn NewMasterDmaChannel(
            OutDmaChannel: *mut *mut IDmaChannel,
            OuterUnknown: *mut IUnknown,
            PoolType: POOL_TYPE,
            ResourceList: *mut IResourceList,
            ScatterGather: BOOLEAN,
            Dma32BitAddresses: BOOLEAN,
            Dma64BitAddresses: BOOLEAN,
            IgnoreCount: BOOLEAN,
            DmaWidth: DMA_WIDTH,
            DmaSpeed: DMA_SPEED,
            MaximumLength: u32,
            DmaPort: u32,
        ) -> NTSTATUS;
    }

    /// A WavePci stream's source of mappings.
    interface IPortWavePciStream(IPortWavePciStreamVtbl): IUnknown {
        const IID = 0xB4C90A51_5791_11D0_86F9_00A0C911B544;
        /// The next mapping of the client buffer. IRQL: up to DISPATCH_LEVEL.
        fn GetMapping(
            Tag: *mut c_void,
            PhysicalAddress: *mut PHYSICAL_ADDRESS,
            VirtualAddress: *mut *mut c_void,
            ByteCount: *mut u32,
            Flags: *mut u32,
        ) -> NTSTATUS;
        /// Gives mappings back, in the order they were got. IRQL: up to DISPATCH_LEVEL.
        fn ReleaseMapping(Tag: *mut c_void) -> NTSTATUS;
        /// Ends the packet short. IRQL: up to DISPATCH_LEVEL.
        fn TerminatePacket() -> NTSTATUS;
    }

    /// A WavePci miniport.
    interface IMiniportWavePci(IMiniportWavePciVtbl): IMiniport {
        const IID = 0xB4C90A52_5791_11D0_86F9_00A0C911B544;
        /// Gives the miniport its adapter, resources and port. IRQL: PASSIVE_LEVEL.
        fn Init(
            UnknownAdapter: *mut IUnknown,
            ResourceList: *mut IResourceList,
            Port: *mut IPortWavePci,
            ServiceGroup: *mut *mut IServiceGroup,
        ) -> NTSTATUS;
        /// Makes the stream of a newly opened pin, with its DMA channel and service group. IRQL:
        /// PASSIVE_LEVEL.
        fn NewStream(
            Stream: *mut *mut IMiniportWavePciStream,
            OuterUnknown: *mut IUnknown,
            PoolType: POOL_TYPE,
            PortStream: *mut IPortWavePciStream,
            Pin: u32,
            Capture: BOOLEAN,
            DataFormat: *mut KSDATAFORMAT,
            DmaChannel: *mut *mut IDmaChannel,
            ServiceGroup: *mut *mut IServiceGroup,
        ) -> NTSTATUS;
        /// The interrupt's deferred work. IRQL: up to DISPATCH_LEVEL.
        fn Service();
    }

    /// A WavePci stream: one open pin.
    interface IMiniportWavePciStream(IMiniportWavePciStreamVtbl): IUnknown {
        const IID = 0xB4C90A53_5791_11D0_86F9_00A0C911B544;
        /// Changes the format of a stream that does not run. IRQL: PASSIVE_LEVEL.
        fn SetFormat(DataFormat: *mut KSDATAFORMAT) -> NTSTATUS;
        /// One step along STOP, ACQUIRE, PAUSE, RUN; downward it must succeed. IRQL: PASSIVE_LEVEL.
        fn SetState(State: KSSTATE) -> NTSTATUS;
        /// Position in bytes since the stream began. IRQL: PASSIVE_LEVEL.
        fn GetPosition(Position: *mut u64) -> NTSTATUS;
        /// From bytes to 100 ns. IRQL: any level.
        fn NormalizePhysicalPosition(PhysicalPosition: *mut i64) -> NTSTATUS;
        /// What buffers the stream wants. IRQL: PASSIVE_LEVEL.
        fn GetAllocatorFraming(AllocatorFraming: *mut KSALLOCATOR_FRAMING) -> NTSTATUS;
        /// Gives up the mappings from first to last tag, both included. IRQL: up to DISPATCH_LEVEL.
        fn RevokeMappings(FirstTag: *mut c_void, LastTag: *mut c_void, MappingsRevoked: *mut u32) -> NTSTATUS;
        /// There are mappings again after GetMapping failed. IRQL: up to DISPATCH_LEVEL.
        fn MappingAvailable();
        /// The stream's deferred work. IRQL: up to DISPATCH_LEVEL.
        fn Service();
    }

    /// How far the hardware reads ahead of the position it reports.
    interface IPreFetchOffset(IPreFetchOffsetVtbl): IUnknown {
        const IID = 0x7000F480_ED44_4E8B_B38A_412F8D7A504D;
        /// In bytes. IRQL: any level.
        fn SetPreFetchOffset(PreFetchOffset: u32);
    }
}
