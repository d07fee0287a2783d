//! What nodes and jacks answer: rows 70 and 74.

use portcls::raw::{
    GUID, KSNODETYPE_DAC, KSPROPERTY_AUDIO_CHANNEL_CONFIG, KSPROPERTY_JACK_DESCRIPTION3,
    KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET, KSPROPSETID_Audio,
    KSPROPSETID_Jack,
};
use waverust_rig::portcls::{Adapter, Endpoint, Request, Target};

use crate::{BUFFER_OVERFLOW, BUFFER_TOO_SMALL, NOT_SUPPORTED, SUCCESS, on_each_device};

const STEREO: u32 = 3;
/// Two speakers at the sides, which are no pair that frames of two channels are for.
const SIDES: u32 = 0x600;

fn config(adapter: &Adapter, endpoint: &Endpoint, verb: u32, value: &mut [u8]) -> (i32, u32) {
    let nodes = adapter.nodes(&endpoint.wave).expect("the filter");
    let dac = nodes.iter().position(|kind: &GUID| *kind == KSNODETYPE_DAC).expect("a DAC");
    let request = Request {
        target: Target::Node(dac as u32),
        set: KSPROPSETID_Audio,
        id: KSPROPERTY_AUDIO_CHANNEL_CONFIG,
        verb,
        instance: &[],
    };
    adapter.property(&endpoint.wave, &request, value).expect("the DAC has the property")
}

/// Row 74: the speaker configuration of the DAC, by the size protocol; one that the endpoint does not have changes
/// nothing.
#[test]
fn the_dac_tells_and_takes_a_channel_configuration() {
    on_each_device(|adapter| {
        for endpoint in adapter.render_endpoints() {
            let told = || {
                let mut value = [0; 4];
                assert_eq!(config(adapter, &endpoint, KSPROPERTY_TYPE_GET, &mut value), (SUCCESS, 4));
                u32::from_le_bytes(value)
            };
            let set = |speakers: u32| {
                config(adapter, &endpoint, KSPROPERTY_TYPE_SET, &mut speakers.to_le_bytes()).0
            };
            assert_eq!(config(adapter, &endpoint, KSPROPERTY_TYPE_GET, &mut []), (BUFFER_OVERFLOW, 4));
            assert_eq!(config(adapter, &endpoint, KSPROPERTY_TYPE_GET, &mut [0; 3]).0, BUFFER_TOO_SMALL);
            assert_eq!(told(), STEREO);
            for other in [SIDES, 0, u32::MAX] {
                assert_eq!(set(other), NOT_SUPPORTED, "{other:#x}");
            }
            assert_eq!(told(), STEREO);
            assert_eq!(set(STEREO), SUCCESS);
            assert_eq!(config(adapter, &endpoint, KSPROPERTY_TYPE_SET, &mut [3, 0]).0, BUFFER_TOO_SMALL);
            assert_eq!(told(), STEREO);
            let mut access = [0; 4];
            let support = config(adapter, &endpoint, KSPROPERTY_TYPE_BASICSUPPORT, &mut access);
            let all = KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET | KSPROPERTY_TYPE_BASICSUPPORT;
            assert_eq!((support, u32::from_le_bytes(access)), ((SUCCESS, 4), all));
        }
    });
}

/// Row 70: a jack's configuration has a number, which is the same each time it is asked for and after a restart.
#[test]
fn the_configuration_of_a_jack_has_a_number_that_stays() {
    on_each_device(|adapter| {
        let numbers = || -> Vec<u32> {
            let jacks = adapter.endpoints().into_iter().map(|endpoint| {
                let pin = [endpoint.bridge_pin.to_le_bytes(), [0; 4]].concat();
                let request = Request {
                    target: Target::Filter,
                    set: KSPROPSETID_Jack,
                    id: KSPROPERTY_JACK_DESCRIPTION3,
                    verb: KSPROPERTY_TYPE_GET,
                    instance: &pin,
                };
                let mut value = [0; 12];
                let answer = adapter.property(&endpoint.topology, &request, &mut value);
                assert_eq!(answer, Ok((SUCCESS, 12)));
                assert_eq!(value[..8], [12, 0, 0, 0, 1, 0, 0, 0]);
                u32::from_le_bytes(value[8..].try_into().expect("four bytes"))
            });
            jacks.collect()
        };
        let before = numbers();
        assert!(!before.is_empty() && before.iter().all(|number| *number != 0));
        assert_eq!(numbers(), before);
        assert!(adapter.stop() >= 0 && adapter.start() >= 0);
        assert_eq!(numbers(), before);
    });
}
