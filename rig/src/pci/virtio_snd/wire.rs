//! Numbers and layouts of the virtio specification, 1.2 and later: sections 2.1 and 6 (status and features), 2.7
//! (split queues), 4.1 (PCI), 5.14 (sound).

/// PCI vendor of every virtio device.
pub const VENDOR: u16 = 0x1AF4;
/// PCI device id: 0x1040 plus the device type, 25.
pub const DEVICE: u16 = 0x1059;

/// Device status (2.1).
pub const ACKNOWLEDGE: u8 = 1;
/// See [`ACKNOWLEDGE`].
pub const DRIVER: u8 = 2;
/// See [`ACKNOWLEDGE`].
pub const DRIVER_OK: u8 = 4;
/// See [`ACKNOWLEDGE`].
pub const FEATURES_OK: u8 = 8;
/// See [`ACKNOWLEDGE`].
pub const NEEDS_RESET: u8 = 0x40;
/// See [`ACKNOWLEDGE`].
pub const FAILED: u8 = 0x80;

/// Feature bits, as masks (5.14.3 and 6).
pub const F_SND_CTLS: u64 = 1 << 0;
/// See [`F_SND_CTLS`].
pub const F_INDIRECT_DESC: u64 = 1 << 28;
/// See [`F_SND_CTLS`].
pub const F_EVENT_IDX: u64 = 1 << 29;
/// See [`F_SND_CTLS`].
pub const F_VERSION_1: u64 = 1 << 32;
/// See [`F_SND_CTLS`].
pub const F_ACCESS_PLATFORM: u64 = 1 << 33;
/// See [`F_SND_CTLS`].
pub const F_RING_RESET: u64 = 1 << 40;

/// Queues (5.14.2).
pub const QUEUE_CONTROL: u16 = 0;
/// See [`QUEUE_CONTROL`].
pub const QUEUE_EVENT: u16 = 1;
/// See [`QUEUE_CONTROL`].
pub const QUEUE_TX: u16 = 2;
/// See [`QUEUE_CONTROL`].
pub const QUEUE_RX: u16 = 3;
/// How many there are.
pub const QUEUE_COUNT: u16 = 4;

/// "No message" in a vector register (4.1.5.1.2).
pub const NO_VECTOR: u16 = 0xFFFF;

/// Interrupt status (4.1.4.5): a queue.
pub const ISR_QUEUE: u8 = 1;
/// Interrupt status: the configuration.
pub const ISR_CONFIG: u8 = 2;

/// Requests (5.14.6).
pub const R_JACK_INFO: u32 = 1;
/// See [`R_JACK_INFO`].
pub const R_JACK_REMAP: u32 = 2;
/// See [`R_JACK_INFO`].
pub const R_PCM_INFO: u32 = 0x0100;
/// See [`R_JACK_INFO`].
pub const R_PCM_SET_PARAMS: u32 = 0x0101;
/// See [`R_JACK_INFO`].
pub const R_PCM_PREPARE: u32 = 0x0102;
/// See [`R_JACK_INFO`].
pub const R_PCM_RELEASE: u32 = 0x0103;
/// See [`R_JACK_INFO`].
pub const R_PCM_START: u32 = 0x0104;
/// See [`R_JACK_INFO`].
pub const R_PCM_STOP: u32 = 0x0105;
/// See [`R_JACK_INFO`].
pub const R_CHMAP_INFO: u32 = 0x0200;
/// See [`R_JACK_INFO`].
pub const R_CTL_INFO: u32 = 0x0300;
/// See [`R_JACK_INFO`].
pub const R_CTL_READ: u32 = 0x0302;
/// See [`R_JACK_INFO`].
pub const R_CTL_WRITE: u32 = 0x0303;
/// See [`R_JACK_INFO`].
pub const R_CTL_TLV_READ: u32 = 0x0304;

/// Access rights of control elements, as masks.
pub const CTL_ACCESS_READ: u32 = 1 << 0;
/// See [`CTL_ACCESS_READ`].
pub const CTL_ACCESS_WRITE: u32 = 1 << 1;
/// See [`CTL_ACCESS_READ`].
pub const CTL_ACCESS_TLV_READ: u32 = 1 << 4;

/// Events (5.14.6).
pub const EVT_JACK_CONNECTED: u32 = 0x1000;
/// See [`EVT_JACK_CONNECTED`].
pub const EVT_JACK_DISCONNECTED: u32 = 0x1001;
/// See [`EVT_JACK_CONNECTED`].
pub const EVT_PCM_XRUN: u32 = 0x1101;
/// See [`EVT_JACK_CONNECTED`].
pub const EVT_CTL_NOTIFY: u32 = 0x1200;

/// Replies (5.14.6).
pub const S_OK: u32 = 0x8000;
/// See [`S_OK`].
pub const S_BAD_MSG: u32 = 0x8001;
/// See [`S_OK`].
pub const S_NOT_SUPP: u32 = 0x8002;
/// See [`S_OK`].
pub const S_IO_ERR: u32 = 0x8003;

/// Feature of a stream: it tells of underruns and overruns.
pub const PCM_F_EVT_XRUNS: u32 = 1 << 4;

/// Sample formats (5.14.6.6.2), by their numbers.
pub const FMT_S8: u8 = 3;
/// See [`FMT_S8`].
pub const FMT_U8: u8 = 4;
/// See [`FMT_S8`].
pub const FMT_S16: u8 = 5;
/// See [`FMT_S8`].
pub const FMT_S24_3: u8 = 11;
/// See [`FMT_S8`].
pub const FMT_S24: u8 = 15;
/// See [`FMT_S8`].
pub const FMT_S32: u8 = 17;
/// See [`FMT_S8`].
pub const FMT_FLOAT: u8 = 19;

/// Frames a second by the specification's number.
const RATES: [u32; 16] = [
    5_512, 8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000, 176_400, 192_000,
    384_000, 12_000, 24_000,
];

/// Frames a second that a rate number stands for.
#[must_use]
pub fn rate(number: u8) -> Option<u32> {
    RATES.get(usize::from(number)).copied()
}

/// The number of a rate.
#[must_use]
pub fn rate_number(frames_per_second: u32) -> Option<u8> {
    RATES.iter().position(|rate| *rate == frames_per_second).map(|number| number as u8)
}

/// Bytes in memory of one sample of a format; `None` for those that have no whole number of them, or are unknown.
#[must_use]
pub fn sample_bytes(format: u8) -> Option<u32> {
    Some(match format {
        1..=4 | 21 => 1,
        5 | 6 | 22 => 2,
        7..=12 => 3,
        13..=19 | 23 | 24 => 4,
        20 => 8,
        _ => return None,
    })
}

/// The byte that silence is made of: all unsigned formats but the one with single bytes have it in the middle of a
/// sample, and are not offered by default.
#[must_use]
pub fn silence(format: u8) -> u8 {
    if format == FMT_U8 { 0x80 } else { 0 }
}

/// The name of a request, for people.
#[must_use]
pub fn request_name(code: u32) -> &'static str {
    match code {
        R_JACK_INFO => "JACK_INFO",
        R_JACK_REMAP => "JACK_REMAP",
        R_PCM_INFO => "PCM_INFO",
        R_PCM_SET_PARAMS => "PCM_SET_PARAMS",
        R_PCM_PREPARE => "PCM_PREPARE",
        R_PCM_RELEASE => "PCM_RELEASE",
        R_PCM_START => "PCM_START",
        R_PCM_STOP => "PCM_STOP",
        R_CHMAP_INFO => "CHMAP_INFO",
        R_CTL_INFO => "CTL_INFO",
        R_CTL_READ => "CTL_READ",
        R_CTL_WRITE => "CTL_WRITE",
        R_CTL_TLV_READ => "CTL_TLV_READ",
        _ => "an unknown request",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_rates_are_the_specifications() {
        assert_eq!(rate_number(44_100), Some(6));
        assert_eq!(rate_number(384_000), Some(13));
        assert_eq!(rate(15), Some(24_000));
        assert_eq!(rate(16), None);
    }

    #[test]
    fn a_sample_has_its_physical_width() {
        assert_eq!(
            [FMT_U8, FMT_S16, FMT_S24_3, FMT_S24, FMT_FLOAT].map(sample_bytes),
            [1, 2, 3, 4, 4].map(Some)
        );
        assert_eq!(sample_bytes(0), None);
    }
}
