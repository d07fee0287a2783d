//! What device is wanted: what it offers, how its time goes, and where it is as difficult as the specification allows.

use super::script::Fault;
use super::wire;

/// A device, before it is switched on.
#[derive(Clone, Debug)]
pub struct Options {
    /// Guest memory in bytes.
    pub memory: usize,
    /// Entries of the MSI-X table; 0: no such capability, interrupts by the line.
    pub vectors: u16,
    /// Most entries of each queue: a power of two.
    pub queue_size: u16,
    /// Feature bits offered, beside `VERSION_1`.
    pub features: u64,
    /// Whether `FEATURES_OK` is refused whatever the driver accepts.
    pub refuse_features: bool,
    /// Where the registers lie.
    pub layout: Layout,
    /// The streams, by their ids.
    pub streams: Vec<Stream>,
    /// The jacks, by their ids: whether something is plugged in.
    pub jacks: Vec<bool>,
    /// Channel maps: direction and positions.
    pub channel_maps: Vec<ChannelMap>,
    /// Volume and mute elements; with any, `F_SND_CTLS` is offered.
    pub controls: Vec<Control>,
    /// How it moves sound.
    pub pace: Pace,
    /// When it reads what it plays.
    pub reading: Reading,
    /// Frames that the device takes ahead of its own sound, as soon as they are there; 0: none.
    pub ahead_frames: u32,
    /// What `latency_bytes` says when a message is through.
    pub latency_bytes: u32,
    /// What a reset does.
    pub reset: Reset,
    /// Nanoseconds that a reset takes; [`u64::MAX`]: it never ends.
    pub reset_ns: u64,
    /// Messages for each stream that somebody queued before the driver came, and that the device still holds.
    pub predecessor: u16,
    /// Raw frames to record; after them, silence. Empty: [`super::source::sample`]s for ever.
    pub capture: Vec<u8>,
    /// Whether the rig may ask for the sample clock: one that knows nothing of what a driver does after a reset.
    pub tells_clock: bool,
    /// Whether what was played is kept until it is fetched: an hour of it is more than a test wants.
    pub keep_sound: bool,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

impl Default for Options {
    /// Two streams, EVENT_IDX and INDIRECT_DESC, five vectors, steps of 10 ms, no fault.
    fn default() -> Self {
        Self {
            memory: 64 << 20,
            vectors: 5,
            queue_size: 64,
            features: wire::F_EVENT_IDX | wire::F_INDIRECT_DESC | wire::F_RING_RESET,
            refuse_features: false,
            layout: Layout::Plain,
            streams: vec![Stream::output(), Stream::input()],
            jacks: Vec::new(),
            channel_maps: Vec::new(),
            controls: Vec::new(),
            pace: Pace::default(),
            reading: Reading::AsItPlays,
            ahead_frames: 0,
            latency_bytes: 0,
            reset: Reset::Forgets,
            reset_ns: 0,
            predecessor: 0,
            capture: Vec::new(),
            tells_clock: false,
            keep_sound: true,
            faults: Vec::new(),
        }
    }
}

/// One PCM stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Whether the device plays it (or records).
    pub is_output: bool,
    /// `VIRTIO_SND_PCM_F_*`, as a mask.
    pub features: u32,
    /// Sample formats, as a mask.
    pub formats: u64,
    /// Rates, as a mask.
    pub rates: u64,
    /// Fewest and most channels.
    pub channels: (u8, u8),
    /// The function group, which ties jacks, channel maps and streams together.
    pub group: u32,
}

impl Stream {
    /// An output: U8, S16, S24 in three and in four bytes, S32, FLOAT; all rates; 1 to 8 channels; xrun events.
    #[must_use]
    pub fn output() -> Self {
        let formats =
            [wire::FMT_U8, wire::FMT_S16, wire::FMT_S24_3, wire::FMT_S24, wire::FMT_S32, wire::FMT_FLOAT];
        Self {
            is_output: true,
            features: wire::PCM_F_EVT_XRUNS,
            formats: formats.iter().fold(0, |mask, format| mask | 1 << format),
            rates: 0x3FFF,
            channels: (1, 8),
            group: 0,
        }
    }

    /// An input of the same kind.
    #[must_use]
    pub fn input() -> Self {
        Self { is_output: false, ..Self::output() }
    }
}

/// One channel map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelMap {
    /// Whether it is for outputs.
    pub is_output: bool,
    /// `VIRTIO_SND_CHMAP_*`, a channel each, at most 18.
    pub positions: Vec<u8>,
}

/// One control element: integers, or a switch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Control {
    /// The function group.
    pub group: u32,
    /// `VIRTIO_SND_CTL_ROLE_*` shifted left by one, and the direction in bit 0 (0: output).
    pub role: u32,
    /// Whether it is a switch rather than a number.
    pub is_switch: bool,
    /// `VIRTIO_SND_CTL_ACCESS_*`, as a mask.
    pub access: u32,
    /// Smallest value, greatest value, and step.
    pub range: (u32, u32, u32),
    /// The values, one a channel.
    pub values: Vec<u32>,
    /// Its name, at most 43 characters; a longer one has no end.
    pub name: String,
    /// Metadata: the level of the smallest value and the step from value to value, 1/100 dB. With them belongs
    /// [`wire::CTL_ACCESS_TLV_READ`].
    pub decibels: Option<(i32, u32)>,
}

impl Control {
    /// The volume of the output, in steps of 1 from 0 to 100.
    #[must_use]
    pub fn volume() -> Self {
        Self {
            group: 0,
            role: 1 << 1,
            is_switch: false,
            access: wire::CTL_ACCESS_READ | wire::CTL_ACCESS_WRITE,
            range: (0, 100, 1),
            values: vec![100; 2],
            name: "Master Playback Volume".to_owned(),
            decibels: None,
        }
    }

    /// The switch of the output: 1 is sound.
    #[must_use]
    pub fn mute() -> Self {
        let name = "Master Playback Switch".to_owned();
        Self { role: 2 << 1, is_switch: true, range: (0, 1, 1), values: vec![1], name, ..Self::volume() }
    }
}

/// Where the registers lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// As in QEMU: a wide prefetchable BAR 4, each structure in a page of its own, notifications 4 bytes apart.
    Plain,
    /// In BAR 0, close together; all notifications at one address; and among the capabilities some that a driver has
    /// to pass over: of unknown type, with a BAR that does not exist, and a second structure of each type.
    Odd,
}

/// How the device moves sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// Nanoseconds from one step to the next.
    pub step_ns: u64,
    /// When the first step is, after power-on.
    pub phase_ns: u64,
    /// Each step is late by up to this, at random; less than a step.
    pub jitter_ns: u64,
    /// How much faster the sample clock is than it says, in millionths.
    pub drift_ppm: i32,
    /// Where the random numbers begin.
    pub seed: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { step_ns: 10_000_000, phase_ns: 0, jitter_ns: 0, drift_ppm: 0, seed: 0 }
    }
}

/// When the device reads what it plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// All of a message when it is told of it.
    AtSubmission,
    /// Each frame when it plays it.
    AsItPlays,
}

/// What a reset does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reset {
    /// All is forgotten.
    Forgets,
    /// Messages stay with their streams, and complete into whatever ring comes after it, as in QEMU.
    LeavesBuffers,
}
