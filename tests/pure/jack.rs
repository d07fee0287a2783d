//! Jacks: what HD Audio's registers mean to Windows, and what Windows is told when.

#[path = "../../src/device"]
mod device {
    pub(crate) mod jack;

    /// As the driver's.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Direction {
        Render,
        Capture,
    }
}
#[path = "../../src/topology/pin.rs"]
mod pin;

use device::Direction::{Capture, Render};
use device::jack::{Jack, Pin};
use pin::Outlet;
use portcls::raw::{
    KSAUDIO_SPEAKER_STEREO, KSJACK_DESCRIPTION, KSNODETYPE_HDMI_INTERFACE, KSNODETYPE_HEADPHONES,
    KSNODETYPE_LINE_CONNECTOR, KSNODETYPE_MICROPHONE, KSNODETYPE_SPDIF_INTERFACE, KSNODETYPE_SPEAKER,
    eConnType3Point5mm, eConnTypeAtapiInternal, eConnTypeCombination, eConnTypeMultichannelAnalogDIN,
    eConnTypeOptical, eConnTypeOtherAnalog, eConnTypeOtherDigital, eConnTypeQuarter, eConnTypeRCA,
    eConnTypeRJ11Modem, eConnTypeUnknown, eConnTypeXlrProfessional, eGenLocInternal, eGenLocOther,
    eGenLocPrimaryBox, eGenLocSeparate, eGeoLocATAPI, eGeoLocBottom, eGeoLocDrivebay, eGeoLocFront,
    eGeoLocHDMI, eGeoLocInsideMobileLid, eGeoLocLeft, eGeoLocNotApplicable, eGeoLocOutsideMobileLid,
    eGeoLocRear, eGeoLocRearPanel, eGeoLocRight, eGeoLocRiser, eGeoLocTop, ePortConnBothIntegratedAndJack,
    ePortConnIntegratedDevice, ePortConnJack, ePortConnUnknown,
};
use proptest::prelude::*;

/// The capability of presence detection.
const DETECTS: u32 = 1 << 2;

const fn pin(configuration: u32) -> Pin {
    Pin { configuration, capabilities: 0 }
}

fn describe(direction: device::Direction, configuration: u32) -> KSJACK_DESCRIPTION {
    pin::description(direction, KSAUDIO_SPEAKER_STEREO, &Jack::new(pin(configuration), true))
}

#[test]
fn the_end_of_an_endpoint() {
    use Outlet::{Hdmi, Headphones, Line, Microphone, Spdif, Speaker};
    // Default device, and the two ways round; 1 is a 3.5 mm plug.
    let table = [
        (0x0, Speaker, Microphone),
        (0x1, Speaker, Microphone),
        (0x2, Headphones, Microphone),
        (0x3, Speaker, Line),
        (0x4, Spdif, Microphone),
        (0x5, Spdif, Microphone),
        (0x6, Speaker, Microphone),
        (0x7, Speaker, Microphone),
        (0x8, Speaker, Line),
        (0x9, Speaker, Line),
        (0xA, Speaker, Microphone),
        (0xB, Speaker, Microphone),
        (0xC, Speaker, Spdif),
        (0xD, Speaker, Spdif),
        (0xE, Speaker, Microphone),
        (0xF, Speaker, Microphone),
    ];
    for (kind, render, capture) in table {
        let configuration = 0x0101_0000 | kind << 20;
        assert_eq!(Outlet::of(Render, pin(configuration)), render, "{kind:#x}");
        assert_eq!(Outlet::of(Capture, pin(configuration)), capture, "{kind:#x}");
    }
    assert_eq!(Outlet::of(Render, pin(0x0104_0000)), Line, "RCA sockets");
    assert_eq!(Outlet::of(Capture, pin(0x0104_0000)), Microphone, "a line output does not record");
    assert_eq!(Outlet::of(Render, pin(0x1846_0000)), Hdmi, "the socket of a display");
    assert_eq!(Outlet::of(Render, pin(0x1856_0000)), Hdmi);
    assert_eq!(Outlet::of(Render, pin(0x5846_0000)), Spdif, "no socket, so not that of a display");
}

/// Row 62: visible endpoints.
#[test]
fn categories_are_those_of_endpoints_that_show() {
    let table = [
        (Outlet::Speaker, KSNODETYPE_SPEAKER),
        (Outlet::Headphones, KSNODETYPE_HEADPHONES),
        (Outlet::Microphone, KSNODETYPE_MICROPHONE),
        (Outlet::Line, KSNODETYPE_LINE_CONNECTOR),
        (Outlet::Spdif, KSNODETYPE_SPDIF_INTERFACE),
        (Outlet::Hdmi, KSNODETYPE_HDMI_INTERFACE),
    ];
    for (outlet, category) in table {
        assert_eq!(*outlet.category(), category, "{outlet:?}");
    }
}

#[test]
fn plugs() {
    let table = [
        eConnTypeUnknown,
        eConnType3Point5mm,
        eConnTypeQuarter,
        eConnTypeAtapiInternal,
        eConnTypeRCA,
        eConnTypeOptical,
        eConnTypeOtherDigital,
        eConnTypeOtherAnalog,
        eConnTypeMultichannelAnalogDIN,
        eConnTypeXlrProfessional,
        eConnTypeRJ11Modem,
        eConnTypeCombination,
        eConnTypeUnknown,
        eConnTypeUnknown,
        eConnTypeUnknown,
        eConnTypeUnknown,
    ];
    for (value, plug) in (0_u32..).zip(table) {
        assert_eq!(describe(Render, value << 16).ConnectionType, plug, "{value:#x}");
    }
}

#[test]
fn places() {
    let nowhere = eGeoLocNotApplicable;
    let sides = [nowhere, eGeoLocRear, eGeoLocFront, eGeoLocLeft, eGeoLocRight, eGeoLocTop, eGeoLocBottom];
    // Chassis, and what its special places are, from 7 on.
    let table = [
        (eGenLocPrimaryBox, [eGeoLocRearPanel, eGeoLocDrivebay, nowhere]),
        (eGenLocInternal, [eGeoLocRiser, eGeoLocHDMI, eGeoLocATAPI]),
        (eGenLocSeparate, [nowhere, nowhere, nowhere]),
        (eGenLocOther, [eGeoLocInsideMobileLid, eGeoLocOutsideMobileLid, nowhere]),
    ];
    for (gross, (chassis, special)) in (0_u32..).zip(table) {
        for place in 0..16_u32 {
            let expected = sides.iter().chain(&special).nth(place as usize).copied().unwrap_or(nowhere);
            let jack = describe(Render, gross << 28 | place << 24);
            assert_eq!((jack.GenLocation, jack.GeoLocation), (chassis, expected), "{gross} {place}");
        }
    }
}

#[test]
fn what_has_no_socket_has_no_place() {
    let table = [
        (0_u32, ePortConnJack, eGeoLocRear),
        (1, ePortConnUnknown, eGeoLocNotApplicable),
        (2, ePortConnIntegratedDevice, eGeoLocNotApplicable),
        (3, ePortConnBothIntegratedAndJack, eGeoLocRear),
    ];
    for (port, connection, place) in table {
        let jack = describe(Render, port << 30 | 0x0100_0000);
        assert_eq!((jack.PortConnection, jack.GeoLocation), (connection, place));
    }
}

#[test]
fn colours_are_told_apart() {
    let colors: Vec<u32> = (0..16).map(|color| describe(Render, color << 12).Color).collect();
    let named = [0x2, 0x3, 0x4, 0x5, 0x6, 0x7, 0x8, 0x9, 0xE];
    for (value, color) in colors.iter().enumerate() {
        let same = colors.iter().filter(|other| *other == color).count();
        assert_eq!(same == 1, named.contains(&value), "{value:#x}");
        assert_eq!(*color == 0, !named.contains(&value), "{value:#x}");
        assert_eq!(color >> 24, 0, "{value:#x}");
    }
    let green = colors[4];
    assert!(green >> 8 & 0xFF > green >> 16 & 0xFF && green >> 8 & 0xFF > green & 0xFF, "{green:#x}");
    assert_eq!(colors[3] & 0xFF, 0xFF, "blue is in the lowest byte");
    assert_eq!(colors[5] & 0xFFFF, 0, "red is in the highest byte");
}

#[test]
fn speakers_are_named_for_analog_outputs_only() {
    assert_eq!(describe(Render, 0x0101_4110).ChannelMapping, KSAUDIO_SPEAKER_STEREO);
    assert_eq!(describe(Capture, 0x01A1_9110).ChannelMapping, 0);
    assert_eq!(describe(Render, 0x0145_0000).ChannelMapping, 0);
    assert_eq!(describe(Render, 0x1856_0000).ChannelMapping, 0);
}

#[test]
fn devices_without_a_word_on_jacks() {
    for (direction, outlet) in [(Render, Outlet::Speaker), (Capture, Outlet::Microphone)] {
        let jack = Jack::new(Pin::unknown(direction), false);
        assert_eq!(Outlet::of(direction, jack.pin()), outlet);
        assert!(jack.is_connected() && !jack.detects());
        let described = pin::description(direction, KSAUDIO_SPEAKER_STEREO, &jack);
        assert_eq!((described.PortConnection, described.IsConnected), (ePortConnUnknown, 1));
    }
}

#[test]
fn the_sockets_of_a_codec() {
    for (direction, pin, outlet, color) in [
        (Render, Pin::LINE_OUT, Outlet::Speaker, 0x0090_D000),
        (Capture, Pin::LINE_IN, Outlet::Line, 0x0000_80FF),
        (Capture, Pin::MICROPHONE, Outlet::Microphone, 0x00FF_80A0),
    ] {
        assert_eq!(Outlet::of(direction, pin), outlet);
        let socket = describe(direction, pin.configuration);
        assert_eq!((socket.PortConnection, socket.ConnectionType), (ePortConnJack, eConnType3Point5mm));
        assert_eq!((socket.GeoLocation, socket.Color), (eGeoLocRear, color));
        assert!(!Jack::new(pin, false).detects());
    }
}

#[test]
fn only_some_pins_detect() {
    let table = [
        (0x0101_4010, DETECTS, true),
        (0x0101_4010, !DETECTS, false),
        (0x0101_4110, DETECTS, false),
        (0x4101_4010, DETECTS, false),
        (0x8101_4010, DETECTS, false),
        (0xC101_4010, DETECTS, true),
    ];
    for (configuration, capabilities, detects) in table {
        let jack = Jack::new(Pin { configuration, capabilities }, false);
        assert_eq!(jack.detects(), detects, "{configuration:#x} {capabilities:#x}");
        assert_eq!(jack.is_connected(), !detects, "{configuration:#x} {capabilities:#x}");
        assert!(!jack.take_change(), "Windows asks by itself at first");
    }
}

/// Row 69: jack changes.
#[test]
fn a_change_is_told_once() {
    let jack = Jack::new(Pin { configuration: 0x0101_4010, capabilities: DETECTS }, true);
    assert!(!jack.plug(true), "nothing new");
    assert!(!jack.take_change());
    assert!(jack.plug(false));
    assert!(!jack.is_connected());
    assert!(jack.plug(false), "Windows still does not know");
    assert!(jack.take_change());
    assert!(!jack.take_change());
    assert!(!jack.plug(false), "now it does");
    assert!(jack.plug(true) && jack.is_connected() && jack.take_change());
}

#[test]
fn a_jack_that_tells_after_all_is_believed() {
    let jack = Jack::new(Pin::unknown(Render), false);
    assert!(jack.is_connected());
    assert!(jack.plug(true), "that it detects is news, too");
    assert!(jack.detects() && jack.is_connected() && jack.take_change());
    assert!(jack.plug(false));
    assert!(!jack.is_connected());
}

proptest! {
    #[test]
    fn windows_always_knows_in_the_end(
        detects: bool,
        first: bool,
        steps in proptest::collection::vec((any::<bool>(), any::<bool>()), 0..40),
    ) {
        let capabilities = if detects { DETECTS } else { 0 };
        let jack = Jack::new(Pin { configuration: 0x0101_4010, capabilities }, first);
        let mut known = (jack.is_connected(), jack.detects());
        for (plugged, served) in steps {
            let due = jack.plug(plugged);
            prop_assert_eq!(jack.is_connected(), plugged);
            let stale = known != (jack.is_connected(), jack.detects());
            prop_assert!(due || !stale);
            if served && jack.take_change() {
                known = (jack.is_connected(), jack.detects());
            }
        }
        jack.take_change();
        prop_assert!(!jack.take_change());
    }

    #[test]
    fn whatever_the_registers_say_the_answer_is_one_that_windows_knows(configuration: u32, capabilities: u32) {
        for direction in [Render, Capture] {
            let jack = Jack::new(Pin { configuration, capabilities }, false);
            let described = pin::description(direction, 0x3F, &jack);
            prop_assert!((0..=eConnTypeCombination).contains(&described.ConnectionType));
            prop_assert!((eGeoLocRear..=eGeoLocNotApplicable).contains(&described.GeoLocation));
            prop_assert!((eGenLocPrimaryBox..=eGenLocOther).contains(&described.GenLocation));
            prop_assert!((ePortConnJack..=ePortConnUnknown).contains(&described.PortConnection));
            let outlet = Outlet::of(direction, jack.pin());
            prop_assert_eq!(direction == Capture && outlet == Outlet::Speaker, false);
            prop_assert_eq!(direction == Render && outlet == Outlet::Microphone, false);
        }
    }
}
