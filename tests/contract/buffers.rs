//! Cyclic buffers: rows 7, 8, 9 and 11.

use waverust_rig::client::format::{Shape, data_format};
use waverust_rig::portcls::Pin;
use waverust_rig::sound::{Encoding, Pcm};

use crate::{INVALID_PARAMETER, on_each_device, open, usual};

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
