//! Audio formats and positions.

use crate::raw::macros::records;
use crate::raw::{BOOL, GUID, KSDATAFORMAT, KSDATARANGE, KSPROPERTY};

records! {
    /// An audio format: rate in Hz, `nBlockAlign` bytes a frame, `cbSize` bytes follow.
    #[repr(C, packed)]
    struct WAVEFORMATEX {
        wFormatTag: u16,
        nChannels: u16,
        nSamplesPerSec: u32,
        nAvgBytesPerSec: u32,
        nBlockAlign: u16,
        wBitsPerSample: u16,
        cbSize: u16,
    }

    /// An audio format with channel mask and sub-format; `cbSize` is 22.
    #[repr(C, packed)]
    struct WAVEFORMATEXTENSIBLE {
        Format: WAVEFORMATEX,
        Samples: u16,
        dwChannelMask: u32,
        SubFormat: GUID,
    }

    /// An encoded format over a digital link.
    #[repr(C, packed)]
    struct WAVEFORMATEXTENSIBLE_IEC61937 {
        FormatExt: WAVEFORMATEXTENSIBLE,
        dwEncodedSamplesPerSec: u32,
        dwEncodedChannelCount: u32,
        dwAverageBytesPerSec: u32,
    }

    /// A range of audio formats: rates in Hz, sizes in bits. `FormatSize` is 88.
    #[repr(C)]
    struct KSDATARANGE_AUDIO {
        DataRange: KSDATARANGE,
        MaximumChannels: u32,
        MinimumBitsPerSample: u32,
        MaximumBitsPerSample: u32,
        MinimumSampleFrequency: u32,
        MaximumSampleFrequency: u32,
    }

    /// A range of music formats.
    #[repr(C)]
    struct KSDATARANGE_MUSIC {
        DataRange: KSDATARANGE,
        Technology: GUID,
        Channels: u32,
        Notes: u32,
        ChannelMask: u32,
    }

    /// An audio format, packed: 82 bytes.
    #[repr(C, packed)]
    struct KSDATAFORMAT_WAVEFORMATEX {
        DataFormat: KSDATAFORMAT,
        WaveFormatEx: WAVEFORMATEX,
    }

    /// An audio format with channel mask and sub-format, packed: 104 bytes.
    #[repr(C, packed)]
    struct KSDATAFORMAT_WAVEFORMATEXTENSIBLE {
        DataFormat: KSDATAFORMAT,
        WaveFormatExt: WAVEFORMATEXTENSIBLE,
    }

    /// An audio format with a DirectSound buffer description.
    #[repr(C, packed)]
    struct KSDATAFORMAT_DSOUND {
        DataFormat: KSDATAFORMAT,
        BufferDesc: [u8; 26],
    }

    /// Offsets into the cyclic buffer, in bytes.
    #[repr(C)]
    struct KSAUDIO_POSITION {
        PlayOffset: u64,
        WriteOffset: u64,
    }

    /// A position between two time stamps.
    #[repr(C)]
    struct KSAUDIO_POSITIONEX {
        TimerFrequency: i64,
        TimeStamp1: i64,
        Position: KSAUDIO_POSITION,
        TimeStamp2: i64,
    }

    /// A position in frames and the performance counter then.
    #[repr(C)]
    struct KSAUDIO_PRESENTATION_POSITION {
        u64PositionInBlocks: u64,
        u64QPCPosition: u64,
    }

    /// A speaker mask.
    #[repr(C)]
    struct KSAUDIO_CHANNEL_CONFIG {
        ActiveSpeakerPositions: i32,
    }

    /// Compression.
    #[repr(C)]
    struct KSAUDIO_DYNAMIC_RANGE {
        QuietCompression: u32,
        LoudCompression: u32,
    }

    /// Level of a mixer input.
    #[repr(C)]
    struct KSAUDIO_MIXLEVEL {
        Mute: BOOL,
        Level: i32,
    }

    /// Range of a mixer input.
    #[repr(C)]
    struct KSAUDIO_MIX_CAPS {
        Mute: BOOL,
        Minimum: i32,
        Maximum: i32,
        Reset: i32,
    }

    /// A property of a node.
    #[repr(C)]
    struct KSNODEPROPERTY {
        Property: KSPROPERTY,
        NodeId: u32,
        Reserved: u32,
    }

    /// A property of a channel of a node.
    #[repr(C)]
    struct KSNODEPROPERTY_AUDIO_CHANNEL {
        NodeProperty: KSNODEPROPERTY,
        Channel: i32,
        Reserved: u32,
    }

    /// A device-specific property of a node.
    #[repr(C)]
    struct KSNODEPROPERTY_AUDIO_DEV_SPECIFIC {
        NodeProperty: KSNODEPROPERTY,
        DevSpecificId: u32,
        DeviceInfo: u32,
        Length: u32,
    }
}
