//! The packet sizes that a driver puts on the interface of a wave filter, as the audio service reads them
//! (ksmedia/ns-ksmedia-_ksaudio_packetsize_constraints, -constraints2, audio/low-latency-audio).

use portcls::raw::DEVPKEY_KsAudio_PacketSize_Constraints;
use portcls::raw::DEVPKEY_KsAudio_PacketSize_Constraints2;
use portcls::raw::DEVPROPKEY;
use portcls::raw::GUID;
use portcls::raw::KSCATEGORY_AUDIO;
use portcls::raw::KSPIN_COMMUNICATION_BOTH;
use portcls::raw::KSPIN_COMMUNICATION_SINK;

use super::adapter::Adapter;
use super::filter::AudioRange;
use super::filter::Filter;
use super::rules;
use crate::nt::Kernel;

/// `DEVPROP_TYPE_BINARY`.
const BINARY: u32 = 0x1003;
/// `FILE_512_BYTE_ALIGNMENT`: the coarsest.
const COARSEST: u32 = 0x1FF;
/// Bytes before the entries of modes, and of an entry.
const HEAD: usize = 16;
const ENTRY: usize = 24;
/// 100 ns in a second.
const SECOND: u64 = 10_000_000;

/// What is said of one signal processing mode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModePacket {
    /// The mode.
    pub mode: GUID,
    /// Samples of a packet; 0 where `duration` counts.
    pub samples: u32,
    /// Time of a packet in 100 ns.
    pub duration: u32,
}

/// Packet sizes that a driver declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PacketSizes {
    /// Shortest period, in 100 ns; 0 for none.
    pub shortest: u32,
    /// `FILE_x_ALIGNMENT` of a packet's bytes.
    pub alignment: u32,
    /// Bytes of the longest packet; 0 for none. The older record does not say.
    pub longest: u32,
    /// What is said of single modes.
    pub modes: Vec<ModePacket>,
}

/// The records: their names, keys, and whether the third number is the longest packet.
const RECORDS: [(&str, DEVPROPKEY, bool); 2] = [
    ("DEVPKEY_KsAudio_PacketSize_Constraints2", DEVPKEY_KsAudio_PacketSize_Constraints2, true),
    ("DEVPKEY_KsAudio_PacketSize_Constraints", DEVPKEY_KsAudio_PacketSize_Constraints, false),
];

fn bytes_of<T, const N: usize>(value: T) -> [u8; N] {
    assert_eq!(size_of::<T>(), N);
    // SAFETY: a record of integers without padding, of this size.
    unsafe { core::mem::transmute_copy(&value) }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    bytes[at..at + 4].iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte))
}

/// Reads a record.
fn parse(kind: u32, bytes: &[u8], has_longest: bool) -> Result<PacketSizes, String> {
    if kind != BINARY {
        return Err(format!("is of type {kind:#x}, not DEVPROP_TYPE_BINARY"));
    }
    let count = if bytes.len() < HEAD { 0 } else { word(bytes, 12) as usize };
    if bytes.len() < HEAD || (bytes.len() - HEAD) / ENTRY < count {
        return Err(format!("has {} bytes, too few for {count} mode(s)", bytes.len()));
    }
    let modes = bytes[HEAD..].chunks_exact(ENTRY).take(count).map(|entry| ModePacket {
        // SAFETY: sixteen bytes of any value are a GUID.
        mode: unsafe { entry.as_ptr().cast::<GUID>().read_unaligned() },
        samples: word(entry, 16),
        duration: word(entry, 20),
    });
    Ok(PacketSizes {
        shortest: word(bytes, 0),
        alignment: word(bytes, 4),
        longest: if has_longest { word(bytes, 8) } else { 0 },
        modes: modes.collect(),
    })
}

/// What is wrong with them, for a filter whose clients' pins have `ranges`.
fn problems(sizes: &PacketSizes, ranges: &[AudioRange]) -> Vec<String> {
    let mut found = Vec::new();
    if sizes.alignment > COARSEST || !(sizes.alignment + 1).is_power_of_two() {
        found.push(format!("the alignment {:#x} is no FILE_x_ALIGNMENT", sizes.alignment));
    }
    let rates = || ranges.iter().map(|range| u64::from(range.rates.1));
    let bytes_a_second = |range: &AudioRange| {
        u64::from(range.rates.1) * u64::from(range.channels) * u64::from(range.bits.1.div_ceil(8))
    };
    let most =
        ranges.iter().filter(|range| range.channels != u32::MAX).map(bytes_a_second).max().unwrap_or(0);
    let (longest, least) = (u64::from(sizes.longest), most.div_ceil(100));
    if longest != 0 && longest < least {
        found.push(format!("the longest packet has {longest} bytes, and 10 ms of a format have {least}"));
    }
    if longest != 0 && longest * SECOND < most * u64::from(sizes.shortest) {
        found.push("the longest packet is shorter than the shortest".to_owned());
    }
    for (number, mode) in sizes.modes.iter().enumerate() {
        let above = |rate: u64| {
            let time = if mode.samples > 0 {
                u64::from(mode.samples) * SECOND / rate.max(1)
            } else {
                u64::from(mode.duration)
            };
            time > u64::from(sizes.shortest)
        };
        if !rates().any(above) {
            found.push(format!("what is said of mode {number} is not above the minimum: Windows ignores it"));
        }
    }
    found
}

/// Looks at what stands on the interface of the filter `name`, which is about to be found by clients.
pub(crate) fn check(kernel: &Kernel, name: &str, filter: &Filter) {
    let clients =
        |communication| [KSPIN_COMMUNICATION_SINK, KSPIN_COMMUNICATION_BOTH].contains(&communication);
    let pins = filter.pins.iter().filter(|pin| clients(pin.raw.KsPinDescriptor.Communication));
    let ranges: Vec<AudioRange> = pins.flat_map(|pin| &pin.ranges).filter_map(|range| range.audio).collect();
    for (key_name, key, has_longest) in RECORDS {
        let Some(property) = kernel.interface_property(bytes_of(KSCATEGORY_AUDIO), name, &bytes_of(key))
        else {
            continue;
        };
        let wrong = match parse(property.kind, &property.data, has_longest) {
            Ok(sizes) => problems(&sizes, &ranges),
            Err(problem) => vec![problem],
        };
        if !wrong.is_empty() {
            note(kernel, format!("{key_name} of filter '{name}': {}", wrong.join("; ")));
        }
    }
}

/// Looks at when they were put there: what is put there while clients find the filter, they have not read.
pub(crate) fn check_time(kernel: &Kernel, name: &str) {
    for (key_name, key, _) in RECORDS {
        let property = kernel.interface_property(bytes_of(KSCATEGORY_AUDIO), name, &bytes_of(key));
        if property.is_some_and(|property| property.late) {
            note(
                kernel,
                format!("{key_name} of filter '{name}' was set after PcRegisterSubdevice, not before"),
            );
        }
    }
}

fn note(kernel: &Kernel, message: String) {
    rules::note(kernel, "PacketSizes", rules::code::PACKET_SIZES, 0, message);
}

impl Adapter {
    /// The packet sizes that the driver declares for a filter, out of the record that this Windows reads: the newer one
    /// since version 1607.
    pub fn packet_sizes(&self, subdevice: &str) -> Option<PacketSizes> {
        let kernel = self.kernel();
        let (_, key, has_longest) = RECORDS[usize::from(kernel.profile.build < 14393)];
        let property = kernel.interface_property(bytes_of(KSCATEGORY_AUDIO), subdevice, &bytes_of(key))?;
        parse(property.kind, &property.data, has_longest).ok()
    }
}
