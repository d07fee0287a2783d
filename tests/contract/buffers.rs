//! Cyclic buffers and the packets in them: rows 7, 8, 9, 11, 38 and 39.

use portcls::raw::AUDIO_SIGNALPROCESSINGMODE_DEFAULT;
use waverust_rig::client::format::{Shape, data_format};
use waverust_rig::portcls::Pin;
use waverust_rig::sound::{Encoding, Pcm};

use crate::{INVALID_PARAMETER, format, on, on_each_device, open, usual};

/// `MmCached`.
const CACHED: i32 = 1;

/// Formats of frames of several sizes; not every device has each of them.
fn several_formats() -> Vec<(u32, Vec<u8>)> {
    [(1, 16), (2, 16), (2, 32)]
        .into_iter()
        .map(|(channels, bits)| {
            let (rate, container, encoding) = (48_000, bits, Encoding::Integer);
            let pcm = Pcm { rate, channels, bits, container, encoding, data: Vec::new() };
            (u32::from(channels) * u32::from(bits) / 8, data_format(&pcm, Shape::Extensible))
        })
        .collect()
}

/// Row 7: at least as long as asked for, and whole frames.
#[test]
fn a_buffer_is_as_long_as_asked_for_and_whole_frames() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            for (frame, format) in several_formats() {
                for frames in [96, 97, 127, 441, 480, 1_000, 1_023, 4_801, 9_600] {
                    let opened = Pin::open(adapter, &endpoint.wave, endpoint.wave_pin, &format);
                    let Ok(pin) = opened else { continue };
                    let bytes = frames * frame;
                    let buffer = pin.allocate(bytes).expect("a buffer");
                    let len = buffer.len() as u32;
                    assert!(len >= bytes && len.is_multiple_of(frame), "{len} for {bytes}");
                }
            }
        }
    });
}

/// Row 8: one notification or two; each part of the buffer is whole frames.
#[test]
fn one_or_two_notifications_and_no_others() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            for (count, taken) in [(0, false), (1, true), (2, true), (3, false), (u32::MAX, false)] {
                let pin = open(adapter, &endpoint);
                match pin.allocate_with_notification(4_001, count) {
                    Ok(buffer) => {
                        assert!(taken, "{count} notifications were taken");
                        assert!(buffer.len() >= 4_001 && (buffer.len() as u32).is_multiple_of(4 * count));
                    }
                    Err(status) => assert_eq!((taken, status), (false, INVALID_PARAMETER), "{count}"),
                }
            }
        }
    });
}

/// Row 9: sizes that no machine has are refused; the next one that is asked for is given.
#[test]
fn absurd_sizes_are_refused_and_leave_nothing() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            for bytes in [0x7FFF_FFFF, 0xFFFF_FFFC, u32::MAX] {
                let pin = open(adapter, &endpoint);
                assert!(pin.allocate(bytes).is_err(), "{bytes}");
                assert!(pin.allocate_with_notification(bytes, 2).is_err(), "{bytes}");
                assert!(pin.allocate(3_840).is_ok());
            }
        }
    });
}

/// Row 11: both devices see what is in the caches.
#[test]
fn buffers_are_cached() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            let pin = Pin::open(adapter, &endpoint.wave, endpoint.wave_pin, &usual()).expect("a stream");
            assert_eq!(pin.allocate(3_840).expect("a buffer").cache_type, CACHED);
            assert!(!pin.buffer_mapped(), "the driver does not look into it");
        }
    });
}

/// What a second has of 100 ns.
const SECOND: u64 = 10_000_000;

/// Rows 38 and 39: each wave filter tells its packet sizes before clients find it, in each Windows. DEFAULT has more
/// than the minimum, and the longest packet takes 10 ms of every format.
#[test]
fn packet_sizes_are_told_beforehand_and_make_sense() {
    for (device, windows) in [("virtio-snd", "26100"), ("ac97", "26100"), ("virtio-snd", "10240")] {
        on(&["--device", device, "--windows", windows], move |adapter| {
            for endpoint in adapter.endpoints() {
                let sizes = adapter.packet_sizes(&endpoint.wave).expect("sizes are declared");
                assert_eq!((sizes.shortest, sizes.alignment), (10_000, 0));
                let [mode] = &sizes.modes[..] else { panic!("{} modes", sizes.modes.len()) };
                assert_eq!((mode.mode, mode.samples), (AUDIO_SIGNALPROCESSINGMODE_DEFAULT, 0));
                assert!(mode.duration > sizes.shortest);
                let ranges = adapter.data_ranges(&endpoint.wave, endpoint.wave_pin).expect("ranges");
                let second = ranges.iter().filter_map(|range| range.audio).map(|range| {
                    u64::from(range.rates.1) * u64::from(range.channels) * u64::from(range.bits.1.div_ceil(8))
                });
                let second = second.max().expect("a range of wave formats");
                let told = windows != "10240";
                assert!(if told { u64::from(sizes.longest) * 100 >= second } else { sizes.longest == 0 });
            }
        });
    }
}

/// Row 39: packets of the shortest period can be had as they are, at every rate of every endpoint.
#[test]
fn the_shortest_packets_can_be_had() {
    on_each_device(|adapter| {
        for endpoint in adapter.endpoints() {
            let sizes = adapter.packet_sizes(&endpoint.wave).expect("sizes are declared");
            let ranges = adapter.data_ranges(&endpoint.wave, endpoint.wave_pin).expect("ranges");
            let mut rates: Vec<u32> =
                ranges.iter().filter_map(|range| range.audio).map(|range| range.rates.1).collect();
            rates.dedup();
            assert!(!rates.is_empty());
            for rate in rates {
                let format = format(rate, Shape::Extensible);
                let pin = Pin::open(adapter, &endpoint.wave, endpoint.wave_pin, &format).expect("a stream");
                let frames = (u64::from(rate) * u64::from(sizes.shortest)).div_ceil(SECOND) as u32;
                let buffer = pin.allocate_with_notification(2 * 4 * frames, 2).expect("a buffer");
                assert_eq!(buffer.len() as u32, 2 * 4 * frames, "at {rate} Hz");
            }
        }
    });
}
