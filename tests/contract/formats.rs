//! Formats and modes: rows 3, 5, 71, 72 and 73.

use portcls::raw::{
    AUDIO_SIGNALPROCESSINGMODE_COMMUNICATIONS, AUDIO_SIGNALPROCESSINGMODE_DEFAULT,
    AUDIO_SIGNALPROCESSINGMODE_RAW, GUID, KSATTRIBUTEID_AUDIOSIGNALPROCESSING_MODE,
    KSPROPERTY_PIN_PROPOSEDATAFORMAT, KSPROPERTY_PIN_PROPOSEDATAFORMAT2, KSPROPERTY_TYPE_GET,
    KSPROPERTY_TYPE_SET, KSPROPSETID_Pin,
};
use waverust_rig::client::format::{Shape, data_format};
use waverust_rig::portcls::{Adapter, Endpoint, Pin, Request, Target};
use waverust_rig::sound::{Encoding, Pcm};

use crate::{
    BUFFER_OVERFLOW, BUFFER_TOO_SMALL, INVALID_PARAMETER, NO_MATCH, NOT_SUPPORTED, SUCCESS, format,
    on_each_device, usual,
};

/// A GUID as it lies in memory.
fn bytes_of(guid: &GUID) -> Vec<u8> {
    portcls::plain::Plain::as_bytes(guid).to_vec()
}

/// The usual format with a mode behind it.
fn with_mode(mode: &GUID) -> Vec<u8> {
    let mut bytes = usual();
    // KSDATAFORMAT_ATTRIBUTES
    bytes[4..8].copy_from_slice(&2_u32.to_le_bytes());
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes.extend(attributes(mode));
    bytes
}

/// A list of one attribute: the mode.
fn attributes(mode: &GUID) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in [48_u32, 1, 40, 0] {
        bytes.extend(word.to_le_bytes());
    }
    bytes.extend(bytes_of(&KSATTRIBUTEID_AUDIOSIGNALPROCESSING_MODE));
    bytes.extend(bytes_of(mode));
    bytes
}

fn opens(adapter: &Adapter, endpoint: &Endpoint, format: &[u8]) -> bool {
    Pin::open(adapter, &endpoint.wave, endpoint.wave_pin, format).is_ok()
}

fn ask(
    adapter: &Adapter,
    endpoint: &Endpoint,
    (id, verb): (u32, u32),
    instance: &[u8],
    value: &mut [u8],
) -> (i32, u32) {
    let request = Request { target: Target::Filter, set: KSPROPSETID_Pin, id, verb, instance };
    adapter.property(&endpoint.wave, &request, value).expect("the filter has the property")
}

/// `KSP_PIN` behind the head.
fn pin(number: u32) -> Vec<u8> {
    [number.to_le_bytes(), [0; 4]].concat()
}

fn propose(adapter: &Adapter, endpoint: &Endpoint, number: u32, format: &[u8]) -> i32 {
    let what = (KSPROPERTY_PIN_PROPOSEDATAFORMAT, KSPROPERTY_TYPE_SET);
    ask(adapter, endpoint, what, &pin(number), &mut format.to_vec()).0
}

/// Formats that devices have, nearly have, and have not.
fn candidates() -> Vec<Vec<u8>> {
    let mut formats = Vec::new();
    for rate in [8_000, 11_025, 44_100, 48_000, 96_000, 384_000, 48_001, 1] {
        for channels in [1, 2, 6] {
            for (bits, encoding) in [
                (8, Encoding::Integer),
                (16, Encoding::Integer),
                (32, Encoding::Integer),
                (32, Encoding::Float),
            ] {
                let pcm = Pcm { rate, channels, bits, container: bits, encoding, data: Vec::new() };
                formats.push(data_format(&pcm, Shape::Extensible));
            }
        }
    }
    formats
}

/// Row 3: both ways of saying a format mean the same.
#[test]
fn both_encodings_open() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            for shape in [Shape::Plain, Shape::Extensible] {
                assert!(opens(adapter, &endpoint, &format(48_000, shape)), "{shape:?}");
                assert_eq!(propose(adapter, &endpoint, endpoint.wave_pin, &format(48_000, shape)), SUCCESS);
            }
        }
    });
}

/// Rows 5 and 73: DEFAULT and RAW, and no others.
#[test]
fn pins_have_default_and_raw() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            let modes = adapter.processing_modes(&endpoint.wave, endpoint.wave_pin).expect("modes");
            assert_eq!(modes, [AUDIO_SIGNALPROCESSINGMODE_DEFAULT, AUDIO_SIGNALPROCESSINGMODE_RAW]);
            assert_eq!(adapter.processing_modes(&endpoint.wave, 1 - endpoint.wave_pin), Err(NOT_SUPPORTED));
            assert_eq!(adapter.processing_modes(&endpoint.wave, 2), Err(INVALID_PARAMETER));
            for mode in &modes {
                assert!(opens(adapter, &endpoint, &with_mode(mode)), "{mode:?}");
            }
            let other = with_mode(&AUDIO_SIGNALPROCESSINGMODE_COMMUNICATIONS);
            let refused = Pin::open(adapter, &endpoint.wave, endpoint.wave_pin, &other);
            assert_eq!(refused.err(), Some(NOT_SUPPORTED));
            assert!(opens(adapter, &endpoint, &usual()));
        }
    });
}

/// Row 5. Every data range says that a mode may be named.
#[test]
fn ranges_take_modes() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            let ranges = adapter.data_ranges(&endpoint.wave, endpoint.wave_pin).expect("ranges");
            assert!(!ranges.is_empty() && ranges.iter().all(|range| range.takes_mode));
        }
    });
}

/// Row 71: a client's range and one of the pin's meet in a format, by the size protocol; and that format opens.
#[test]
fn intersections_can_be_opened() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            let (filter, number) = (&endpoint.wave, endpoint.wave_pin);
            let ranges = adapter.data_ranges(filter, number).expect("ranges");
            for (own, range) in ranges.iter().enumerate() {
                let anything = wild(range.audio.expect("a range of wave formats").channels);
                let asked =
                    |room: u32| adapter.intersect(filter, number, &anything, own, room).expect("a range");
                let size = asked(0);
                assert_eq!(size.status, BUFFER_OVERFLOW);
                assert_eq!(asked(size.size - 1).status, BUFFER_TOO_SMALL);
                let met = asked(size.size);
                assert_eq!(met.status, SUCCESS);
                assert!(opens(adapter, &endpoint, &met.format), "{range:?}");
            }
        }
    });
}

/// A range of a client that takes anything.
fn wild(channels: u32) -> Vec<u8> {
    use portcls::raw::{
        KSDATAFORMAT_SPECIFIER_WILDCARD, KSDATAFORMAT_SUBTYPE_WILDCARD, KSDATAFORMAT_TYPE_AUDIO,
    };
    let mut bytes = Vec::new();
    for word in [88_u32, 0, 0, 0] {
        bytes.extend(word.to_le_bytes());
    }
    for guid in [KSDATAFORMAT_TYPE_AUDIO, KSDATAFORMAT_SUBTYPE_WILDCARD, KSDATAFORMAT_SPECIFIER_WILDCARD] {
        bytes.extend(bytes_of(&guid));
    }
    for word in [channels, 1, 64, 1, 1_000_000, 0] {
        bytes.extend(word.to_le_bytes());
    }
    bytes
}

/// Row 72: a proposal succeeds exactly where a stream can be opened, and changes nothing.
#[test]
fn what_is_proposed_can_be_opened_and_nothing_else() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            let mut taken = 0;
            for format in candidates() {
                let wanted = if opens(adapter, &endpoint, &format) { SUCCESS } else { NO_MATCH };
                assert_eq!(propose(adapter, &endpoint, endpoint.wave_pin, &format), wanted);
                taken += u32::from(wanted == SUCCESS);
            }
            assert!(taken > 0);
            let unknown = with_mode(&AUDIO_SIGNALPROCESSINGMODE_COMMUNICATIONS);
            assert_eq!(propose(adapter, &endpoint, endpoint.wave_pin, &unknown), NO_MATCH);
            assert_eq!(propose(adapter, &endpoint, 1 - endpoint.wave_pin, &usual()), NOT_SUPPORTED);
            assert_eq!(propose(adapter, &endpoint, 7, &usual()), INVALID_PARAMETER);
        }
    });
}

/// Row 72. What Windows is to use where nobody has chosen: it opens, in each mode.
#[test]
fn the_preferred_format_opens() {
    let what = (KSPROPERTY_PIN_PROPOSEDATAFORMAT2, KSPROPERTY_TYPE_GET);
    on_each_device(move |adapter| {
        for endpoint in adapter.endpoints() {
            for mode in [AUDIO_SIGNALPROCESSINGMODE_DEFAULT, AUDIO_SIGNALPROCESSINGMODE_RAW] {
                let instance = [pin(endpoint.wave_pin), attributes(&mode)].concat();
                assert_eq!(ask(adapter, &endpoint, what, &instance, &mut []), (BUFFER_OVERFLOW, 104));
                let mut format = vec![0; 104];
                assert_eq!(
                    ask(adapter, &endpoint, what, &instance, &mut format[..103]),
                    (BUFFER_TOO_SMALL, 104)
                );
                assert_eq!(ask(adapter, &endpoint, what, &instance, &mut format), (SUCCESS, 104));
                assert!(opens(adapter, &endpoint, &format));
            }
            let other = attributes(&AUDIO_SIGNALPROCESSINGMODE_COMMUNICATIONS);
            let instance = [pin(endpoint.wave_pin), other].concat();
            assert_eq!(ask(adapter, &endpoint, what, &instance, &mut [0; 104]).0, NOT_SUPPORTED);
            assert_eq!(ask(adapter, &endpoint, what, &pin(7), &mut [0; 104]).0, INVALID_PARAMETER);
        }
    });
}
