//! Jacks, processing modes and audio modules.

use crate::raw::macros::records;
use crate::raw::{
    BOOL, EPcxConnectionType, EPcxGenLocation, EPcxGeoLocation, EPxcPortConnection, GUID, KSATTRIBUTE,
    KSJACK_SINK_CONNECTIONTYPE, KSPROPERTY, LUID,
};

records! {
    /// A jack: channels, colour (0x00RRGGBB), place, and whether something is plugged in.
    #[repr(C)]
    struct KSJACK_DESCRIPTION {
        ChannelMapping: u32,
        Color: u32,
        ConnectionType: EPcxConnectionType,
        GeoLocation: EPcxGeoLocation,
        GenLocation: EPcxGenLocation,
        PortConnection: EPxcPortConnection,
        IsConnected: BOOL,
    }

    /// What a jack can do.
    #[repr(C)]
    struct KSJACK_DESCRIPTION2 {
        DeviceStateInfo: u32,
        JackCapabilities: u32,
    }

    /// Changes when the configuration behind the jack does.
    #[repr(C)]
    struct KSJACK_DESCRIPTION3 {
        ConfigId: u32,
    }

    /// The sink behind a digital jack.
    #[repr(C)]
    struct KSJACK_SINK_INFORMATION {
        ConnType: KSJACK_SINK_CONNECTIONTYPE,
        ManufacturerId: u16,
        ProductId: u16,
        AudioLatency: u16,
        HDCPCapable: BOOL,
        AICapable: BOOL,
        SinkDescriptionLength: u8,
        SinkDescription: [u16; 32],
        PortId: LUID,
    }

    /// The attribute that names a processing mode.
    #[repr(C)]
    struct KSATTRIBUTE_AUDIOSIGNALPROCESSING_MODE {
        AttributeHeader: KSATTRIBUTE,
        SignalProcessingMode: GUID,
    }

    /// A module in the audio path.
    #[repr(C)]
    struct KSAUDIOMODULE_DESCRIPTOR {
        ClassId: GUID,
        InstanceId: u32,
        VersionMajor: u32,
        VersionMinor: u32,
        Name: [u16; 128],
    }

    /// A property of an audio module.
    #[repr(C)]
    struct KSAUDIOMODULE_PROPERTY {
        Property: KSPROPERTY,
        ClassId: GUID,
        InstanceId: u32,
    }

    /// A notification of an audio module.
    #[repr(C)]
    struct KSAUDIOMODULE_NOTIFICATION {
        /// Makes the record 8-aligned, as a LONGLONG arm of a union does in C.
        _align: [u64; 0],
        ProviderId: KSAUDIOMODULE_PROVIDER,
    }

    /// Which module sent it.
    #[repr(C)]
    struct KSAUDIOMODULE_PROVIDER as "KSAUDIOMODULE_NOTIFICATION.ProviderId" {
        DeviceId: GUID,
        ClassId: GUID,
        InstanceId: u32,
        Reserved: u32,
    }
}
