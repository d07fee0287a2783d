//! What crosses the boundary to a WaveRT client: buffers, registers, packets, and packet size constraints.

use core::ffi::c_void;

use crate::raw::macros::records;
use crate::raw::{BOOL, GUID, KSPROPERTY};

records! {
    /// Request for a cyclic buffer; size in bytes.
    #[repr(C)]
    struct KSRTAUDIO_BUFFER_PROPERTY {
        Property: KSPROPERTY,
        BaseAddress: *mut c_void,
        RequestedBufferSize: u32,
    }

    /// Request for a cyclic buffer; size in bytes, from a 32-bit client.
    #[repr(C)]
    struct KSRTAUDIO_BUFFER_PROPERTY32 {
        Property: KSPROPERTY,
        BaseAddress: u32,
        RequestedBufferSize: u32,
    }

    /// Request for a cyclic buffer with events.
    #[repr(C)]
    struct KSRTAUDIO_BUFFER_PROPERTY_WITH_NOTIFICATION {
        Property: KSPROPERTY,
        BaseAddress: *mut c_void,
        RequestedBufferSize: u32,
        NotificationCount: u32,
    }

    /// Request for a cyclic buffer with events, from a 32-bit client.
    #[repr(C)]
    struct KSRTAUDIO_BUFFER_PROPERTY_WITH_NOTIFICATION32 {
        Property: KSPROPERTY,
        BaseAddress: u32,
        RequestedBufferSize: u32,
        NotificationCount: u32,
    }

    /// The cyclic buffer as the client gets it.
    #[repr(C)]
    struct KSRTAUDIO_BUFFER {
        BufferAddress: *mut c_void,
        ActualBufferSize: u32,
        CallMemoryBarrier: BOOL,
    }

    /// The cyclic buffer as the client gets it, from a 32-bit client.
    #[repr(C)]
    struct KSRTAUDIO_BUFFER32 {
        BufferAddress: u32,
        ActualBufferSize: u32,
        CallMemoryBarrier: BOOL,
    }

    /// Request for a register.
    #[repr(C)]
    struct KSRTAUDIO_HWREGISTER_PROPERTY {
        Property: KSPROPERTY,
        BaseAddress: *mut c_void,
    }

    /// Request for a register, from a 32-bit client.
    #[repr(C)]
    struct KSRTAUDIO_HWREGISTER_PROPERTY32 {
        Property: KSPROPERTY,
        BaseAddress: u32,
    }

    /// A register mapped to the client: width in bits.
    #[repr(C)]
    struct KSRTAUDIO_HWREGISTER {
        Register: *mut c_void,
        Width: u32,
        Numerator: u64,
        Denominator: u64,
        Accuracy: u32,
    }

    /// A register mapped to the client: width in bits, from a 32-bit client.
    #[repr(C)]
    struct KSRTAUDIO_HWREGISTER32 {
        Register: u32,
        Width: u32,
        Numerator: u64,
        Denominator: u64,
        Accuracy: u32,
    }

    /// FIFO size in bytes, delays in 100 ns.
    #[repr(C)]
    struct KSRTAUDIO_HWLATENCY {
        FifoSize: u32,
        ChipsetDelay: u32,
        CodecDelay: u32,
    }

    /// Request to register an event.
    #[repr(C)]
    struct KSRTAUDIO_NOTIFICATION_EVENT_PROPERTY {
        Property: KSPROPERTY,
        NotificationEvent: *mut c_void,
    }

    /// Request to register an event, from a 32-bit client.
    #[repr(C)]
    struct KSRTAUDIO_NOTIFICATION_EVENT_PROPERTY32 {
        Property: KSPROPERTY,
        NotificationEvent: u32,
    }

    /// A packet read.
    #[repr(C)]
    struct KSRTAUDIO_GETREADPACKET_INFO {
        PacketNumber: u32,
        Flags: u32,
        PerformanceCounterValue: u64,
        MoreData: BOOL,
    }

    /// A packet written; length in bytes.
    #[repr(C)]
    struct KSRTAUDIO_SETWRITEPACKET_INFO {
        PacketNumber: u32,
        Flags: u32,
        EosPacketLength: u32,
    }

    /// Registers that tell of completed packets.
    #[repr(C)]
    struct KSRTAUDIO_PACKETVREGISTER {
        CompletedPacketCount: *mut u64,
        CompletedPacketQPC: *mut u64,
        CompletedPacketHash: *mut u64,
    }

    /// Request for those.
    #[repr(C)]
    struct KSRTAUDIO_PACKETVREGISTER_PROPERTY {
        Property: KSPROPERTY,
        BaseAddress: *mut c_void,
    }

    /// Packet sizes that the driver supports; periods in 100 ns.
    #[repr(C)]
    struct KSAUDIO_PACKETSIZE_CONSTRAINTS {
        MinPacketPeriodInHns: u32,
        PacketSizeFileAlignment: u32,
        Reserved: u32,
        NumProcessingModeConstraints: u32,
        ProcessingModeConstraints: [KSAUDIO_PACKETSIZE_PROCESSINGMODE_CONSTRAINT; 1],
    }

    /// Packet sizes that the driver supports; periods in 100 ns. One mode is declared, the given number
    /// follow.
    #[repr(C)]
    struct KSAUDIO_PACKETSIZE_CONSTRAINTS2 {
        MinPacketPeriodInHns: u32,
        PacketSizeFileAlignment: u32,
        MaxPacketSizeInBytes: u32,
        NumProcessingModeConstraints: u32,
        ProcessingModeConstraints: [KSAUDIO_PACKETSIZE_PROCESSINGMODE_CONSTRAINT; 1],
    }

    /// The packet of a processing mode.
    #[repr(C)]
    struct KSAUDIO_PACKETSIZE_PROCESSINGMODE_CONSTRAINT {
        ProcessingMode: GUID,
        SamplesPerProcessingPacket: u32,
        ProcessingPacketDurationInHns: u32,
    }
}
