//! WaveRT streams: what a driver implements for each open pin.

use crate::raw::macros::interfaces;
use crate::raw::{
    BOOL, DRMRIGHTS, IUnknown, KEvent, KSAUDIO_POSITION, KSAUDIO_PRESENTATION_POSITION, KSDATAFORMAT,
    KSRTAUDIO_HWLATENCY, KSRTAUDIO_HWREGISTER, KSSTATE, MDL, MEMORY_CACHING_TYPE, NTSTATUS,
};

interfaces! {
    /// A WaveRT stream: one open pin.
    interface IMiniportWaveRTStream(IMiniportWaveRTStreamVtbl): IUnknown {
        const IID = 0x000AC9AB_FAAB_4F3D_9455_6FF8306A74A0;
        /// Changes the format of a stream that does not run. IRQL: PASSIVE_LEVEL.
        fn SetFormat(DataFormat: *mut KSDATAFORMAT) -> NTSTATUS;
        /// One step along STOP, ACQUIRE, PAUSE, RUN; downward it must succeed. IRQL: PASSIVE_LEVEL.
        fn SetState(State: KSSTATE) -> NTSTATUS;
        /// Play and write offsets in bytes from the start of the cyclic buffer. IRQL: up to
        /// DISPATCH_LEVEL.
        fn GetPosition(Position: *mut KSAUDIO_POSITION) -> NTSTATUS;
        /// Allocates the cyclic buffer; `ActualSize`, in bytes, may only be larger than asked. IRQL:
        /// PASSIVE_LEVEL.
        fn AllocateAudioBuffer(
            RequestedSize: u32,
            AudioBufferMdl: *mut *mut MDL,
            ActualSize: *mut u32,
            OffsetFromFirstPage: *mut u32,
            CacheType: *mut MEMORY_CACHING_TYPE,
        ) -> NTSTATUS;
        /// Frees the cyclic buffer; `BufferSize` is an input, in bytes. IRQL: PASSIVE_LEVEL.
        fn FreeAudioBuffer(AudioBufferMdl: *mut MDL, BufferSize: u32);
        /// FIFO size in bytes, chipset and codec delays in 100 ns. IRQL: PASSIVE_LEVEL.
        fn GetHWLatency(hwLatency: *mut KSRTAUDIO_HWLATENCY);
        /// The register to be mapped to the client, or STATUS_NOT_SUPPORTED. IRQL: PASSIVE_LEVEL.
        fn GetPositionRegister(Register: *mut KSRTAUDIO_HWREGISTER) -> NTSTATUS;
        /// The register to be mapped to the client, or STATUS_NOT_SUPPORTED. IRQL: PASSIVE_LEVEL.
        fn GetClockRegister(Register: *mut KSRTAUDIO_HWREGISTER) -> NTSTATUS;
    }

    /// A WaveRT stream that signals events as it crosses packet borders.
    interface IMiniportWaveRTStreamNotification(IMiniportWaveRTStreamNotificationVtbl): IMiniportWaveRTStream {
        const IID = 0x23759128_96F1_423B_AB4D_81635BCF8CA1;
        /// As AllocateAudioBuffer, with 1 or 2 events a buffer. IRQL: PASSIVE_LEVEL.
        fn AllocateBufferWithNotification(
            NotificationCount: u32,
            RequestedSize: u32,
            AudioBufferMdl: *mut *mut MDL,
            ActualSize: *mut u32,
            OffsetFromFirstPage: *mut u32,
            CacheType: *mut MEMORY_CACHING_TYPE,
        ) -> NTSTATUS;
        /// Frees what AllocateBufferWithNotification allocated. IRQL: PASSIVE_LEVEL.
        fn FreeBufferWithNotification(AudioBufferMdl: *mut MDL, BufferSize: u32);
        /// Adds an event to be set at each packet border. IRQL: PASSIVE_LEVEL.
        fn RegisterNotificationEvent(NotificationEvent: *mut KEvent) -> NTSTATUS;
        /// Takes the event off the list. IRQL: PASSIVE_LEVEL.
        fn UnregisterNotificationEvent(NotificationEvent: *mut KEvent) -> NTSTATUS;
    }

    /// A capture stream that hands over packets (Windows 10).
    interface IMiniportWaveRTInputStream(IMiniportWaveRTInputStreamVtbl): IUnknown {
        const IID = 0xCD8E756A_5FC7_4624_984B_2AF02925B91F;
        /// The oldest packet not yet read; STATUS_DEVICE_NOT_READY if there is none. IRQL: PASSIVE_LEVEL.
        fn GetReadPacket(
            PacketNumber: *mut u32,
            Flags: *mut u32,
            PerformanceCounterValue: *mut u64,
            MoreData: *mut BOOL,
        ) -> NTSTATUS;
    }

    /// A render stream that takes packets (Windows 10).
    interface IMiniportWaveRTOutputStream(IMiniportWaveRTOutputStreamVtbl): IUnknown {
        const IID = 0x831FC7BC_6347_44BC_B47B_C0C657B5BF73;
        /// Hands over a packet; `EosPacketLength` in bytes. IRQL: PASSIVE_LEVEL.
        fn SetWritePacket(PacketNumber: u32, Flags: u32, EosPacketLength: u32) -> NTSTATUS;
        /// The frame that leaves the system, and the performance counter then. IRQL: PASSIVE_LEVEL.
        fn GetOutputStreamPresentationPosition(
            pPresentationPosition: *mut KSAUDIO_PRESENTATION_POSITION,
        ) -> NTSTATUS;
        /// Packets completely transferred; 0 after STOP. IRQL: PASSIVE_LEVEL.
        fn GetPacketCount(pPacketCount: *mut u32) -> NTSTATUS;
    }

    /// A stream that is told the rights of what it plays.
    interface IDrmAudioStream(IDrmAudioStreamVtbl): IUnknown {
        const IID = 0x1915C967_3299_48CB_A3E4_69FD1D1B306E;
        /// The content and its rights. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn SetContentId(ContentId: u32, DrmRights: *const DRMRIGHTS) -> NTSTATUS;
    }
}
