//! What driver and sound device say to each other, as bytes.
//!
//! Source: virtio 1.3, section 5.14 ("Sound Device"); the names are the specification's. All numbers are
//! little-endian. What comes from the device is taken apart here and judged elsewhere; too few bytes give nothing.
//!
//! Control elements are in [`super::wire_ctl`]. Memory shared with the device, which the specification only reserves
//! numbers for, is left out.

/// Queues, by their numbers.
pub(crate) mod queue {
    /// Requests.
    pub(crate) const CONTROL: u16 = 0;
    /// Notifications.
    pub(crate) const EVENT: u16 = 1;
    /// Sound to the device.
    pub(crate) const TX: u16 = 2;
    /// Sound from the device.
    pub(crate) const RX: u16 = 3;
}

/// The configuration structure: byte offsets of its 32-bit fields.
pub(crate) mod config {
    /// `jacks`, `streams` and `chmaps` follow one another.
    pub(crate) const JACKS: u32 = 0;
}

/// Codes of requests.
pub(crate) mod request {
    /// Query of jacks.
    pub(crate) const JACK_INFO: u32 = 0x0001;
    /// Query of streams.
    pub(crate) const PCM_INFO: u32 = 0x0100;
    /// Stream: parameters.
    pub(crate) const PCM_SET_PARAMS: u32 = 0x0101;
    /// Stream: get ready.
    pub(crate) const PCM_PREPARE: u32 = 0x0102;
    /// Stream: give everything back.
    pub(crate) const PCM_RELEASE: u32 = 0x0103;
    /// Stream: run.
    pub(crate) const PCM_START: u32 = 0x0104;
    /// Stream: stand still.
    pub(crate) const PCM_STOP: u32 = 0x0105;
    /// Query of channel maps.
    pub(crate) const CHMAP_INFO: u32 = 0x0200;
}

/// Codes of answers.
pub(crate) mod status {
    /// Done.
    pub(crate) const OK: u32 = 0x8000;
    /// The request makes no sense, or not now.
    pub(crate) const BAD_MSG: u32 = 0x8001;
    /// The device does not do this.
    pub(crate) const NOT_SUPP: u32 = 0x8002;
    /// It went wrong.
    pub(crate) const IO_ERR: u32 = 0x8003;
}

/// Directions of data flow.
pub(crate) mod direction {
    /// To the device.
    pub(crate) const OUTPUT: u8 = 0;
    /// From the device.
    pub(crate) const INPUT: u8 = 1;
}

/// Sample formats, by their numbers, as far as Windows has the like.
pub(crate) mod format {
    /// Unsigned, 8 bits.
    pub(crate) const U8: u8 = 4;
    /// Signed, 16 bits.
    pub(crate) const S16: u8 = 5;
    /// Signed, 24 bits in three bytes.
    pub(crate) const S24_3: u8 = 11;
    /// Signed, 32 bits.
    pub(crate) const S32: u8 = 17;
    /// IEEE 754, 32 bits.
    pub(crate) const FLOAT: u8 = 19;
}

/// Features of a stream, as bits.
pub(crate) mod stream_feature {
    /// The device tells of underruns and overruns.
    pub(crate) const EVT_XRUNS: u32 = 1 << 4;
}

/// A header: a code, or the number of a stream ahead of sound.
pub(crate) const HEADER: usize = 4;

/// Length of the header ahead of the sound of a message, and of the status behind it.
pub(crate) const XFER_HEADER: usize = HEADER;
/// See [`XFER_HEADER`].
pub(crate) const XFER_STATUS: usize = 8;

/// Asks for `count` items of `size` bytes each from item `start` on.
pub(crate) fn query(code: u32, start: u32, count: u32, size: u32) -> [u8; 16] {
    join([code, start, count, size])
}

/// A request that is a header and the number of the stream, jack or control element it is for.
pub(crate) fn command(code: u32, id: u32) -> [u8; 8] {
    join([code, id])
}

/// The parameters of a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Params {
    /// Stream.
    pub(crate) stream: u32,
    /// Bytes of the whole buffer, a multiple of the next.
    pub(crate) buffer_bytes: u32,
    /// Bytes of each message.
    pub(crate) period_bytes: u32,
    /// See [`stream_feature`].
    pub(crate) features: u32,
    /// Channels.
    pub(crate) channels: u8,
    /// See [`format`].
    pub(crate) format: u8,
    /// Number of the rate: its place among the 14 rates.
    pub(crate) rate: u8,
}

impl Params {
    /// The request that sets them.
    pub(crate) fn request(&self) -> [u8; 24] {
        let last = u32::from_le_bytes([self.channels, self.format, self.rate, 0]);
        join([
            request::PCM_SET_PARAMS,
            self.stream,
            self.buffer_bytes,
            self.period_bytes,
            self.features,
            last,
        ])
    }
}

/// What can be asked about items of a kind.
pub(crate) trait Item: Sized {
    /// The request.
    const QUERY: u32;
    /// Bytes of an item.
    const BYTES: usize;

    /// Takes an item apart.
    fn parse(bytes: &[u8]) -> Option<Self>;
}

/// A stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PcmInfo {
    /// Function group: streams, jacks and channel maps of the same one belong together.
    pub(crate) group: u32,
    /// See [`stream_feature`].
    pub(crate) features: u32,
    /// A bit for each [`format`].
    pub(crate) formats: u64,
    /// A bit for each rate.
    pub(crate) rates: u64,
    /// See [`direction`].
    pub(crate) direction: u8,
    /// Least channels.
    pub(crate) channels_min: u8,
    /// Most channels.
    pub(crate) channels_max: u8,
}

impl Item for PcmInfo {
    const QUERY: u32 = request::PCM_INFO;
    const BYTES: usize = 32;

    fn parse(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            group: u32_at(bytes, 0)?,
            features: u32_at(bytes, 4)?,
            formats: u64_at(bytes, 8)?,
            rates: u64_at(bytes, 16)?,
            direction: u8_at(bytes, 24)?,
            channels_min: u8_at(bytes, 25)?,
            channels_max: u8_at(bytes, 26)?,
        })
    }
}

/// A jack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JackInfo {
    /// Function group.
    pub(crate) group: u32,
    /// Configuration Default of HD Audio.
    pub(crate) configuration: u32,
    /// Pin Capabilities of HD Audio.
    pub(crate) capabilities: u32,
    /// Something is plugged in.
    pub(crate) connected: bool,
}

impl Item for JackInfo {
    const QUERY: u32 = request::JACK_INFO;
    const BYTES: usize = 24;

    fn parse(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            group: u32_at(bytes, 0)?,
            configuration: u32_at(bytes, 8)?,
            capabilities: u32_at(bytes, 12)?,
            connected: u8_at(bytes, 16)? != 0,
        })
    }
}

/// Most channels of a map.
pub(crate) const CHMAP_MAX: usize = 18;

/// A channel map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChmapInfo {
    /// Function group.
    pub(crate) group: u32,
    /// See [`direction`].
    pub(crate) direction: u8,
    /// Channels, as the device says.
    pub(crate) channels: u8,
    /// Where each of them is.
    pub(crate) positions: [u8; CHMAP_MAX],
}

impl Item for ChmapInfo {
    const QUERY: u32 = request::CHMAP_INFO;
    const BYTES: usize = 24;

    fn parse(bytes: &[u8]) -> Option<Self> {
        Some(Self {
            group: u32_at(bytes, 0)?,
            direction: u8_at(bytes, 4)?,
            channels: u8_at(bytes, 5)?,
            positions: *bytes.get(6..)?.first_chunk()?,
        })
    }
}

/// A notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Something was plugged into this jack, or pulled out of it.
    Jack(u32, bool),
    /// This stream ran dry, or over.
    Xrun(u32),
    /// Something about this control element changed: what, as bits, see [`super::wire_ctl::CHANGED_VALUE`].
    Control(u16, u16),
}

impl Event {
    /// Bytes of every notification.
    pub(crate) const BYTES: usize = 8;

    /// Reads one; none if it is of an unknown kind.
    pub(crate) fn parse(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        const JACK_CONNECTED: u32 = 0x1000;
        const JACK_DISCONNECTED: u32 = 0x1001;
        const PCM_XRUN: u32 = 0x1101;
        const CTL_NOTIFY: u32 = 0x1200;
        let [.., e, f, g, h] = *bytes;
        let data = u32::from_le_bytes([e, f, g, h]);
        match u32_at(bytes, 0)? {
            JACK_CONNECTED => Some(Self::Jack(data, true)),
            JACK_DISCONNECTED => Some(Self::Jack(data, false)),
            PCM_XRUN => Some(Self::Xrun(data)),
            CTL_NOTIFY => Some(Self::Control(u16::from_le_bytes([e, f]), u16::from_le_bytes([g, h]))),
            _ => None,
        }
    }
}

/// Numbers, one behind the other; `B` is four times `N`.
pub(super) fn join<const N: usize, const B: usize>(numbers: [u32; N]) -> [u8; B] {
    let mut bytes = [0; B];
    for (place, number) in bytes.chunks_exact_mut(4).zip(numbers) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    bytes
}

pub(super) fn u8_at(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

pub(super) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}
