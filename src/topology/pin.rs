//! What HD Audio's pin configuration means in Windows' words.
//!
//! Sources: High Definition Audio Specification 1.0a, 7.3.3.31 (the fields and their values); the WDK's page of
//! `KSJACK_DESCRIPTION`; Microsoft's "Pin Configuration Guidelines for High Definition Audio Devices" 1.1 (a line
//! output is a speaker, unless it has RCA sockets).

use portcls::raw::{
    EPcxConnectionType, EPcxGenLocation, EPcxGeoLocation, EPxcPortConnection, GUID, KSJACK_DESCRIPTION,
    KSNODETYPE_HDMI_INTERFACE, KSNODETYPE_HEADPHONES, KSNODETYPE_LINE_CONNECTOR, KSNODETYPE_MICROPHONE,
    KSNODETYPE_SPDIF_INTERFACE, KSNODETYPE_SPEAKER, eConnType3Point5mm, eConnTypeAtapiInternal,
    eConnTypeCombination, eConnTypeMultichannelAnalogDIN, eConnTypeOptical, eConnTypeOtherAnalog,
    eConnTypeOtherDigital, eConnTypeQuarter, eConnTypeRCA, eConnTypeRJ11Modem, eConnTypeUnknown,
    eConnTypeXlrProfessional, eGenLocInternal, eGenLocOther, eGenLocPrimaryBox, eGenLocSeparate,
    eGeoLocATAPI, eGeoLocBottom, eGeoLocDrivebay, eGeoLocFront, eGeoLocHDMI, eGeoLocInsideMobileLid,
    eGeoLocLeft, eGeoLocNotApplicable, eGeoLocOutsideMobileLid, eGeoLocRear, eGeoLocRearPanel, eGeoLocRight,
    eGeoLocRiser, eGeoLocTop, ePortConnBothIntegratedAndJack, ePortConnIntegratedDevice, ePortConnJack,
    ePortConnUnknown,
};

use crate::device::Direction;
use crate::device::jack::{Jack, Pin};

/// What the far end of an endpoint is: the category of the pin that leads out of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlet {
    Speaker,
    Headphones,
    Microphone,
    /// A line input, or an output for an amplifier.
    Line,
    /// Electrical or optical digital audio.
    Spdif,
    /// A display with speakers.
    Hdmi,
}

impl Outlet {
    /// What is at the end of an endpoint. A pin that contradicts its direction is taken for what most of that
    /// direction are.
    pub(crate) fn of(direction: Direction, pin: Pin) -> Self {
        let fields = Fields(pin.configuration);
        match (direction, fields.device()) {
            (Direction::Render, DEVICE_LINE_OUT) if fields.connection() == eConnTypeRCA => Self::Line,
            (Direction::Render, DEVICE_HEADPHONES) => Self::Headphones,
            (Direction::Render, DEVICE_SPDIF_OUT | DEVICE_DIGITAL_OUT) if fields.is_display() => Self::Hdmi,
            (Direction::Render, DEVICE_SPDIF_OUT | DEVICE_DIGITAL_OUT) => Self::Spdif,
            (Direction::Render, _) => Self::Speaker,
            (Direction::Capture, DEVICE_CD | DEVICE_LINE_IN | DEVICE_AUXILIARY) => Self::Line,
            (Direction::Capture, DEVICE_SPDIF_IN | DEVICE_DIGITAL_IN) => Self::Spdif,
            (Direction::Capture, _) => Self::Microphone,
        }
    }

    /// The category.
    pub(crate) const fn category(self) -> &'static GUID {
        match self {
            Self::Speaker => &KSNODETYPE_SPEAKER,
            Self::Headphones => &KSNODETYPE_HEADPHONES,
            Self::Microphone => &KSNODETYPE_MICROPHONE,
            Self::Line => &KSNODETYPE_LINE_CONNECTOR,
            Self::Spdif => &KSNODETYPE_SPDIF_INTERFACE,
            Self::Hdmi => &KSNODETYPE_HDMI_INTERFACE,
        }
    }

    const fn is_digital(self) -> bool {
        matches!(self, Self::Spdif | Self::Hdmi)
    }
}

/// The jack as `KSPROPERTY_JACK_DESCRIPTION` has it. `speakers` are those that the endpoint's channels go to
/// (`KSAUDIO_SPEAKER_`), which Windows wants to know of analog outputs only.
pub(crate) fn description(direction: Direction, speakers: u32, jack: &Jack) -> KSJACK_DESCRIPTION {
    let fields = Fields(jack.pin().configuration);
    let analog_out = direction == Direction::Render && !Outlet::of(direction, jack.pin()).is_digital();
    KSJACK_DESCRIPTION {
        ChannelMapping: if analog_out { speakers } else { 0 },
        Color: fields.color(),
        ConnectionType: fields.connection(),
        GeoLocation: fields.place(),
        GenLocation: fields.chassis(),
        PortConnection: fields.port(),
        IsConnected: jack.is_connected().into(),
    }
}

// Default devices.
const DEVICE_LINE_OUT: u32 = 0x0;
const DEVICE_HEADPHONES: u32 = 0x2;
const DEVICE_CD: u32 = 0x3;
const DEVICE_SPDIF_OUT: u32 = 0x4;
const DEVICE_DIGITAL_OUT: u32 = 0x5;
const DEVICE_LINE_IN: u32 = 0x8;
const DEVICE_AUXILIARY: u32 = 0x9;
const DEVICE_SPDIF_IN: u32 = 0xC;
const DEVICE_DIGITAL_IN: u32 = 0xD;

// Gross locations.
const EXTERNAL: u32 = 0;
const INTERNAL: u32 = 1;
const SEPARATE: u32 = 2;
const OTHER: u32 = 3;

/// The Configuration Default register.
#[derive(Clone, Copy)]
struct Fields(u32);

impl Fields {
    /// The field of `bits` bits that begins at bit `from`.
    const fn field(self, from: u32, bits: u32) -> u32 {
        self.0.wrapping_shr(from) & !(u32::MAX.wrapping_shl(bits))
    }

    /// What is meant to be plugged in, a `DEVICE_` value.
    const fn device(self) -> u32 {
        self.field(20, 4)
    }

    /// Whether the socket is a display's.
    const fn is_display(self) -> bool {
        self.place() == eGeoLocHDMI
    }

    const fn port(self) -> EPxcPortConnection {
        match self.field(30, 2) {
            0 => ePortConnJack,
            2 => ePortConnIntegratedDevice,
            3 => ePortConnBothIntegratedAndJack,
            _ => ePortConnUnknown,
        }
    }

    const fn chassis(self) -> EPcxGenLocation {
        match self.field(28, 2) {
            EXTERNAL => eGenLocPrimaryBox,
            INTERNAL => eGenLocInternal,
            SEPARATE => eGenLocSeparate,
            _ => eGenLocOther,
        }
    }

    /// Where on the chassis; "not applicable" for what is no socket.
    const fn place(self) -> EPcxGeoLocation {
        if self.port() == ePortConnIntegratedDevice || self.port() == ePortConnUnknown {
            return eGeoLocNotApplicable;
        }
        match (self.field(28, 2), self.field(24, 4)) {
            (_, 1) => eGeoLocRear,
            (_, 2) => eGeoLocFront,
            (_, 3) => eGeoLocLeft,
            (_, 4) => eGeoLocRight,
            (_, 5) => eGeoLocTop,
            (_, 6) => eGeoLocBottom,
            (EXTERNAL, 7) => eGeoLocRearPanel,
            (EXTERNAL, 8) => eGeoLocDrivebay,
            (INTERNAL, 7) => eGeoLocRiser,
            (INTERNAL, 8) => eGeoLocHDMI,
            (INTERNAL, 9) => eGeoLocATAPI,
            (OTHER, 7) => eGeoLocInsideMobileLid,
            (OTHER, 8) => eGeoLocOutsideMobileLid,
            _ => eGeoLocNotApplicable,
        }
    }

    const fn connection(self) -> EPcxConnectionType {
        match self.field(16, 4) {
            0x1 => eConnType3Point5mm,
            0x2 => eConnTypeQuarter,
            0x3 => eConnTypeAtapiInternal,
            0x4 => eConnTypeRCA,
            0x5 => eConnTypeOptical,
            0x6 => eConnTypeOtherDigital,
            0x7 => eConnTypeOtherAnalog,
            0x8 => eConnTypeMultichannelAnalogDIN,
            0x9 => eConnTypeXlrProfessional,
            0xA => eConnTypeRJ11Modem,
            0xB => eConnTypeCombination,
            _ => eConnTypeUnknown,
        }
    }

    /// 0x00RRGGBB. Black stands for colours that are not known, too.
    const fn color(self) -> u32 {
        match self.field(12, 4) {
            0x2 => 0x0080_8080,
            0x3 => 0x0000_80FF,
            0x4 => 0x0090_D000,
            0x5 => 0x00E0_0000,
            0x6 => 0x00FF_8000,
            0x7 => 0x00FF_E000,
            0x8 => 0x0080_40A0,
            0x9 => 0x00FF_80A0,
            0xE => 0x00FF_FFFF,
            _ => 0,
        }
    }
}
