//! Callers that mean ill: rows 4 and 75. Formats, ranges and property requests of any size and content. The driver may
//! refuse them as it likes; the verifier sees what it does meanwhile, and afterwards everything is as before.

use portcls::raw::{
    GUID, KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET, KSPROPSETID_Audio,
    KSPROPSETID_Jack, KSPROPSETID_Pin,
};
use waverust_rig::portcls::{Adapter, Pin, Request, Target};

use crate::{on_each_device, random::Random, usual};

/// How many requests of each kind; `WAVERUST_FUZZ` multiplies them.
fn rounds(least: u64) -> u64 {
    let more = std::env::var("WAVERUST_FUZZ").ok().and_then(|text| text.parse::<u64>().ok());
    least * more.unwrap_or(1)
}

/// Row 4: formats with anything in them, short or long. Whatever opens, closes.
#[test]
fn formats_of_any_content() {
    on_each_device(|adapter| {
        let mut random = Random(0x5EED_0001);
        for endpoint in adapter.endpoints() {
            for _ in 0..rounds(500) {
                let mut format = usual();
                for _ in 0..1 + random.below(6) {
                    let at = random.below(format.len() as u64) as usize;
                    format[at] = random.bytes(1)[0];
                }
                let size = if random.below(2) == 0 { format.len() } else { random.below(120) as usize };
                format.resize(size, 0xA5);
                if random.below(2) == 0 && size >= 4 {
                    format[..4].copy_from_slice(&(size as u32).to_le_bytes());
                }
                drop(Pin::open(adapter, &endpoint.wave, endpoint.wave_pin, &format));
            }
            assert!(Pin::open(adapter, &endpoint.wave, endpoint.wave_pin, &usual()).is_ok());
        }
    });
}

/// Row 75: any property, verb, node, instance and room.
#[test]
fn properties_of_any_content() {
    const SETS: [GUID; 3] = [KSPROPSETID_Audio, KSPROPSETID_Jack, KSPROPSETID_Pin];
    const VERBS: [u32; 3] = [KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET, KSPROPERTY_TYPE_BASICSUPPORT];
    // Those that a filter may have, and some that none has.
    const IDS: [u32; 12] = [0, 1, 2, 3, 4, 5, 13, 14, 15, 36, 40, u32::MAX];
    on_each_device(|adapter| {
        let mut random = Random(0x5EED_0002);
        let mut handled = 0_u32;
        for filter in adapter.subdevices() {
            for _ in 0..rounds(3_000) {
                let instance_size = random.below(64) as usize;
                let instance = random.bytes(instance_size);
                let request = Request {
                    target: if random.below(2) == 0 {
                        Target::Filter
                    } else {
                        Target::Node(random.below(3) as u32)
                    },
                    set: SETS[random.below(3) as usize],
                    id: IDS[random.below(IDS.len() as u64) as usize],
                    verb: if random.below(8) == 0 {
                        random.next() as u32
                    } else {
                        VERBS[random.below(3) as usize]
                    },
                    instance: &instance,
                };
                let room = random.below(160) as usize;
                let mut value = random.bytes(room);
                handled += u32::from(adapter.property(&filter, &request, &mut value).is_ok());
            }
        }
        assert!(handled > 100, "{handled} requests came to a handler");
        assert!(still_opens(adapter));
    });
}

/// Row 75: ranges of any content, of any size that KS lets through.
#[test]
fn ranges_of_any_content() {
    on_each_device(|adapter| {
        let mut random = Random(0x5EED_0003);
        for endpoint in adapter.endpoints() {
            for _ in 0..rounds(500) {
                let size = 64 + random.below(64) as usize;
                let mut range = random.bytes(size);
                range[..4].copy_from_slice(&(size as u32).to_le_bytes());
                let room = random.below(160) as u32;
                let met =
                    adapter.intersect(&endpoint.wave, endpoint.wave_pin, &range, 0, room).expect("a range");
                assert!(met.format.len() <= room as usize);
            }
        }
        assert!(still_opens(adapter));
    });
}

fn still_opens(adapter: &Adapter) -> bool {
    let opens = |(filter, pin): (String, u32)| Pin::open(adapter, &filter, pin, &usual()).is_ok();
    adapter.endpoints().into_iter().map(|endpoint| (endpoint.wave, endpoint.wave_pin)).all(opens)
}
