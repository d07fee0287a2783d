//! Hardware audio engines (offload).

use crate::raw::macros::interfaces;
use crate::raw::{
    AUDIO_CURVE_TYPE, BOOL, CONSTRICTOR_OPTION, IUnknown, KSAUDIO_PRESENTATION_POSITION,
    KSAUDIOENGINE_BUFFER_SIZE_RANGE, KSAUDIOENGINE_DESCRIPTOR, KSDATAFORMAT_WAVEFORMATEX, KSMULTIPLE_ITEM,
    KSPROPERTY_STEPPING_LONG, NTSTATUS, eChannelTargetType, eEngineFormatType,
};

interfaces! {
    /// A miniport with a hardware audio engine.
    interface IMiniportAudioEngineNode(IMiniportAudioEngineNodeVtbl): IUnknown {
        const IID = 0x2EBF536C_EF57_4C64_BEDC_25C1A6D668E6;
        /// The pins of the engine. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn GetAudioEngineDescriptor(
            ulNodeId: u32,
            pAudioEngineDescriptor: *mut KSAUDIOENGINE_DESCRIPTOR,
        ) -> NTSTATUS;
        /// Whether the global effect is on. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn GetGfxState(ulNodeId: u32, pbEnable: *mut BOOL) -> NTSTATUS;
        /// Switches the global effect. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn SetGfxState(ulNodeId: u32, bEnable: BOOL) -> NTSTATUS;
        /// Size of a format, in bytes. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn GetEngineFormatSize(
            ulNodeId: u32,
            formatType: eEngineFormatType,
            pulFormatSize: *mut u32,
        ) -> NTSTATUS;
        /// The format the engine mixes in. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn GetMixFormat(
            ulNodeId: u32,
            pFormat: *mut KSDATAFORMAT_WAVEFORMATEX,
            ulBufferSize: u32,
        ) -> NTSTATUS;
        /// The format the device runs at. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn GetDeviceFormat(
            ulNodeId: u32,
            pFormat: *mut KSDATAFORMAT_WAVEFORMATEX,
            ulBufferSize: u32,
        ) -> NTSTATUS;
        /// Sets the format the device runs at. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn SetDeviceFormat(
            ulNodeId: u32,
            pFormat: *mut KSDATAFORMAT_WAVEFORMATEX,
            ulBufferSize: u32,
        ) -> NTSTATUS;
        /// The formats the device can run at. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn GetSupportedDeviceFormats(
            ulNodeId: u32,
            pFormats: *mut KSMULTIPLE_ITEM,
            ulBufferSize: u32,
        ) -> NTSTATUS;
        /// Channels of one kind of control. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn GetDeviceChannelCount(
            ulNodeId: u32,
            targetType: eChannelTargetType,
            pulChannelCount: *mut u32,
        ) -> NTSTATUS;
        /// Range and step of one kind of control. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn GetDeviceAttributeSteppings(
            ulNodeId: u32,
            targetType: eChannelTargetType,
            pKsPropStepLong: *mut KSPROPERTY_STEPPING_LONG,
            ui32DataSize: u32,
        ) -> NTSTATUS;
        /// Volume of a channel, in 1/65536 dB. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn GetDeviceChannelVolume(ulNodeId: u32, ulChannel: u32, plVolume: *mut i32) -> NTSTATUS;
        /// Sets the volume of a channel. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn SetDeviceChannelVolume(ulNodeId: u32, ulChannel: u32, lVolume: i32) -> NTSTATUS;
        /// Mute of a channel. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn GetDeviceChannelMute(ulNodeId: u32, ulChannel: u32, pbMute: *mut BOOL) -> NTSTATUS;
        /// Sets mute of a channel. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn SetDeviceChannelMute(ulNodeId: u32, ulChannel: u32, bMute: BOOL) -> NTSTATUS;
        /// Peak of a channel since last read. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn GetDeviceChannelPeakMeter(ulNodeId: u32, ulChannel: u32, plPeakMeter: *mut i32) -> NTSTATUS;
        /// Smallest and largest buffer for a format, in bytes. IRQL: not documented, taken as
        /// PASSIVE_LEVEL.
        fn GetBufferSizeRange(
            ulNodeId: u32,
            pKsDataFormatWfx: *mut KSDATAFORMAT_WAVEFORMATEX,
            pBufferSizeRange: *mut KSAUDIOENGINE_BUFFER_SIZE_RANGE,
        ) -> NTSTATUS;
    }

    /// A stream that plays through a hardware audio engine.
    interface IMiniportStreamAudioEngineNode(IMiniportStreamAudioEngineNodeVtbl): IUnknown {
        const IID = 0xBD6EEB4B_E6E5_40FD_8D5A_5B1DCDE20C42;
        /// Whether the local effect is on. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn GetLfxState(pbEnable: *mut BOOL) -> NTSTATUS;
        /// Switches the local effect. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn SetLfxState(bEnable: BOOL) -> NTSTATUS;
        /// Channels of one kind of control. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn GetStreamChannelCount(targetType: eChannelTargetType, pulChannelCount: *mut u32) -> NTSTATUS;
        /// Range and step of one kind of control. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn GetStreamAttributeSteppings(
            targetType: eChannelTargetType,
            pKsPropStepLong: *mut KSPROPERTY_STEPPING_LONG,
            ui32DataSize: u32,
        ) -> NTSTATUS;
        /// Volume of a channel, in 1/65536 dB. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn GetStreamChannelVolume(ulChannel: u32, plValue: *mut i32) -> NTSTATUS;
        /// Sets the volume, in 1/65536 dB, along a curve; duration in 100 ns. IRQL: not documented, taken
        /// as PASSIVE_LEVEL.
        fn SetStreamChannelVolume(
            Channel: u32,
            TargetVolume: i32,
            CurveType: AUDIO_CURVE_TYPE,
            CurveDuration: u64,
        ) -> NTSTATUS;
        /// Mute of a channel. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn GetStreamChannelMute(ulChannel: u32, pbMute: *mut BOOL) -> NTSTATUS;
        /// Sets mute of a channel. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn SetStreamChannelMute(ulChannel: u32, bMute: BOOL) -> NTSTATUS;
        /// Peak of a channel since last read. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn GetStreamChannelPeakMeter(ulChannel: u32, plPeakMeter: *mut i32) -> NTSTATUS;
        /// The frame that leaves the system, and the performance counter then. IRQL: not documented,
        /// taken as PASSIVE_LEVEL.
        fn GetStreamPresentationPosition(
            pPresentationPosition: *mut KSAUDIO_PRESENTATION_POSITION,
        ) -> NTSTATUS;
        /// Offset up to which the client has written, in bytes. IRQL: not documented, taken as
        /// PASSIVE_LEVEL.
        fn SetStreamCurrentWritePosition(ulCurrentWritePosition: u32) -> NTSTATUS;
        /// Bytes fetched since the stream began. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn GetStreamLinearBufferPosition(pullLinearBufferPosition: *mut u64) -> NTSTATUS;
        /// Whether loopback may hear the stream. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn SetStreamLoopbackProtection(ProtectionOption: CONSTRICTOR_OPTION) -> NTSTATUS;
    }

    /// An offload stream that can be told where its last buffer ends.
    interface IMiniportStreamAudioEngineNode2(IMiniportStreamAudioEngineNode2Vtbl): IUnknown {
        const IID = 0xAEB7F86A_6CBA_44CF_A2D2_B3FA5B696817;
        /// Write offset of the last buffer of the stream. IRQL: not documented, taken as PASSIVE_LEVEL.
        fn SetStreamCurrentWritePositionForLastBuffer(ulWritePosition: u32) -> NTSTATUS;
    }
}
