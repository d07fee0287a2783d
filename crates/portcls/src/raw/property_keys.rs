//! Keys of the device properties that an audio driver sets or reads.

use super::{DEVPROPKEY, GUID};

macro_rules! property_keys {
    ($( $(#[$meta:meta])* $name:ident = $set:literal, $id:literal; )*) => {
        $(
            $(#[$meta])*
            pub const $name: DEVPROPKEY = DEVPROPKEY { fmtid: GUID::from_u128($set), pid: $id };
        )*

        /// All property keys and their names.
        pub const ALL_PROPERTY_KEYS: &[(&str, DEVPROPKEY)] = &[$((stringify!($name), $name)),*];
    };
}

property_keys! {
    /// `KSAUDIO_PACKETSIZE_CONSTRAINTS`: packet sizes that the driver supports (before Windows 10 1607).
    DEVPKEY_KsAudio_PacketSize_Constraints = 0x13E004D6_B066_43BD_913B_A415CD13DA87, 2;
    /// A string: the device interface of the controller.
    DEVPKEY_KsAudio_Controller_DeviceInterface_Path = 0x13E004D6_B066_43BD_913B_A415CD13DA87, 3;
    /// `KSAUDIO_PACKETSIZE_CONSTRAINTS2`: packet sizes that the driver supports (Windows 10 1607).
    DEVPKEY_KsAudio_PacketSize_Constraints2 = 0x9404F781_7191_409B_8B0B_80BF6EC229AE, 2;
}
