//! What machine is wanted.

use std::path::PathBuf;
use std::sync::Arc;

/// A sound device that QEMU has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    /// Intel ICH AC'97 (8086:2415).
    Ac97,
    /// virtio-snd (1af4:1059).
    VirtioSnd,
}

impl Device {
    /// QEMU's name of the model.
    pub(super) const fn model(self) -> &'static str {
        match self {
            Self::Ac97 => "AC97",
            Self::VirtioSnd => "virtio-sound-pci",
        }
    }

    /// Oldest QEMU (major, minor) that has the model and can be stepped.
    pub(super) const fn needs(self) -> (u64, u64) {
        match self {
            Self::Ac97 => (7, 2),
            Self::VirtioSnd => (8, 2),
        }
    }
}

/// Sample format in which the sound comes out of the machine and goes in: interleaved, little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleFormat {
    /// 16-bit integer.
    S16,
    /// 32-bit integer.
    S32,
    /// 32-bit floating point.
    F32,
}

impl SampleFormat {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::S16 => "s16",
            Self::S32 => "s32",
            Self::F32 => "f32",
        }
    }

    /// Bytes of one sample.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::S16 => 2,
            Self::S32 | Self::F32 => 4,
        }
    }
}

/// What the device records: raw samples in the machine's format. Give more than will be recorded: at the end the last
/// block is repeated.
#[derive(Clone, Debug)]
pub enum Capture {
    /// Endless silence.
    Silence,
    /// A file's bytes.
    File(PathBuf),
    /// These bytes.
    Sound(Arc<[u8]>),
}

impl From<Option<PathBuf>> for Capture {
    fn from(path: Option<PathBuf>) -> Self {
        path.map_or(Self::Silence, Self::File)
    }
}

/// What machine is wanted.
#[derive(Clone, Debug)]
pub struct Options {
    /// The sound function.
    pub device: Device,
    /// Rate at which sound comes out and goes in, in frames a second. QEMU resamples a stream that runs at
    /// another rate.
    pub rate: u32,
    /// Format in which sound comes out and goes in.
    pub format: SampleFormat,
    /// Distance of the instants at which the device takes sound and moves its position, in microseconds:
    /// 10000 is QEMU's own; 1000 is known to work.
    pub tick_us: u32,
    /// Channels of the sound that comes out and goes in: 2, or 1 for streams of one channel.
    ///
    /// QEMU's mixer has two. Of one channel it gives the sum of both sides, which is twice as loud. The machine makes up
    /// for it, and so carries such sound bit by bit if it is at most half as loud as it could be (what is played), or if
    /// the last bit of each sample is zero (what is recorded). Of more than two channels the mixer loses most.
    pub channels: u8,
    /// What the device records.
    pub capture: Capture,
    /// Messages that the function can send (MSI-X), where it can be told: none leave it its line.
    pub vectors: u16,
    /// PCM streams of the function, where it can be told: 1 to 10, the first half of them for playing.
    pub streams: u8,
    /// Guest memory in bytes, at most 2 GiB.
    pub memory: usize,
    /// QEMU's program.
    pub program: String,
}

impl Options {
    /// A machine with `device`, 48 kHz 16-bit sound, QEMU's own tick and 64 MiB.
    #[must_use]
    pub fn new(device: Device) -> Self {
        Self {
            device,
            rate: 48_000,
            format: SampleFormat::S16,
            tick_us: 10_000,
            channels: 2,
            capture: Capture::Silence,
            vectors: 5,
            streams: 2,
            memory: 64 << 20,
            program: "qemu-system-x86_64".into(),
        }
    }

    /// Halves samples that the mixer doubles.
    pub(super) fn level(&self, bytes: &mut [u8]) {
        if self.channels != 1 {
            return;
        }
        match self.format {
            SampleFormat::S16 => each(bytes, |sample| (i16::from_le_bytes(sample) >> 1).to_le_bytes()),
            SampleFormat::S32 => each(bytes, |sample| (i32::from_le_bytes(sample) >> 1).to_le_bytes()),
            SampleFormat::F32 => each(bytes, |sample| (f32::from_le_bytes(sample) / 2.0).to_le_bytes()),
        }
    }

    /// Options of the model beyond those that all have.
    pub(super) fn model_options(&self) -> String {
        match self.device {
            Device::Ac97 => String::new(),
            // A kick must take effect at once, not when the main loop gets round to it.
            Device::VirtioSnd => {
                format!(",ioeventfd=off,vectors={},streams={}", self.vectors, self.streams)
            }
        }
    }

    /// Bytes of sound a second.
    pub(super) fn bytes_per_second(&self) -> usize {
        self.rate as usize * usize::from(self.channels) * self.format.bytes()
    }
}

/// Changes each sample of `N` bytes.
fn each<const N: usize>(bytes: &mut [u8], change: impl Fn([u8; N]) -> [u8; N]) {
    let (samples, _) = bytes.as_chunks_mut::<N>();
    samples.iter_mut().for_each(|sample| *sample = change(*sample));
}
