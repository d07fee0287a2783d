//! The command line.

use std::path::PathBuf;

use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;

use crate::client;
use crate::nt::Profile;
use crate::pci::qemu;
use crate::pci::virtio_snd;

mod controls;
mod format;

pub use controls::Control;
pub use controls::Controls;
pub use controls::Setting;
pub use controls::Step;
pub use format::FormatOptions;

/// The value by which the registry asks a driver for the WavePci port.
const FORCE_WAVE_PCI: &str = "ForceWavePci";

/// The device where none is named.
const DEFAULT_DEVICE: DeviceName = DeviceName::VirtioSnd;

/// A small Windows on Linux: loads a WaveRT driver image, plays and records through QEMU's sound devices.
#[derive(Debug, Parser)]
#[command(name = "rig", version)]
pub struct Options {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the rig can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Play a WAV file through the driver and the device, and compare what came out.
    ///
    /// Exit status: 0 all well; 1 the sound that came out is not the sound that went in; 2 usage or environment;
    /// 3 a verifier finding.
    Play(Play),
    /// Record what the device hears, and compare it with that.
    ///
    /// Exit status: as for play.
    Record(Record),
    /// Play and record at the same time.
    ///
    /// Exit status: as for play.
    Duplex(Duplex),
    /// Load, start, stop, remove and unload the driver, again and again.
    Lifecycle(Lifecycle),
    /// Ask for volume and mute of the endpoints, and set them, as a client does.
    ///
    /// Exit status: 0 all well, whatever the driver answers; 2 usage or environment; 3 a verifier finding.
    Controls(Controls),
}

/// The machine, common to all commands.
#[derive(Args, Clone, Debug)]
pub struct MachineOptions {
    /// The sound device.
    #[arg(long, value_enum, default_value_t = DEFAULT_DEVICE)]
    pub device: DeviceName,
    /// The device `fake` in words, KEY=VALUE,KEY=VALUE: how its time goes and what goes wrong, such as
    /// `step_us=2666.667,drift_ppm=500,read=submit,fault=needs_reset@1500ms`. All keys are in
    /// rig/src/pci/virtio_snd/text.rs.
    #[arg(long, value_name = "WORDS", default_value = "", value_parser = virtio_snd::parse)]
    pub fake: virtio_snd::Options,
    /// Microseconds, at most, that deferred procedure calls are held up by those of others, at random.
    #[arg(long, value_name = "MICROSECONDS", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub dpc_delay: u32,
    /// Interrupt messages that the device has (virtio-snd); 0 leaves it the line.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(0..=5))]
    pub vectors: u16,
    /// Do not count the driver's instructions: a short run takes a tenth of the time.
    #[arg(long)]
    pub uncounted: bool,
    /// Streams at once, each with a client and an endpoint of its own: in each direction for virtio-snd, which gets
    /// that many, 5 at most. The device `fake` has as many as its words say.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=32))]
    pub streams: u32,
    /// The Windows build that the driver sees: 10240, 10586, 14393, 19041, 22621 or 26100; with '-noresources'
    /// behind it, a port without stream resource managers, with '-nowavert' one without a WaveRT port.
    #[arg(long, default_value = "26100")]
    pub windows: Profile,
    /// Numbers in the device's software key of the registry, such as `ForceWavePci=1`, or in a key below it:
    /// `DispatchSettings\UsePositionLock=0`, which is 1 otherwise, as the INF file has it.
    #[arg(long = "registry", value_name = "NAME=NUMBER", value_parser = registry_value)]
    pub registry: Vec<(String, u32)>,
    /// The driver image.
    #[arg(long, value_name = "PATH")]
    pub driver: PathBuf,
    /// An image that takes the place of a built-in module.
    #[arg(long = "module", value_name = "NAME=PATH", value_parser = module)]
    pub modules: Vec<(String, PathBuf)>,
    /// Microseconds between the instants at which the device model moves sound: 10000 is QEMU's own. Without it, the
    /// greatest of 10000, 5000 and 1000 that is no more than half a period.
    #[arg(long, value_name = "MICROSECONDS", value_parser = clap::value_parser!(u32).range(1000..=50_000))]
    pub tick: Option<u32>,
    /// Write the report as JSON.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Write the report as one HTML page.
    #[arg(long, value_name = "FILE")]
    pub html: Option<PathBuf>,
}

/// The clients, common to all commands with sound.
#[derive(Args, Clone, Debug)]
pub struct ClientOptions {
    /// The kind of client: `event` waits for notifications, `packet` exchanges packets at each of them, `position`
    /// polls, `rewrite` polls and changes every byte that it may each time (play only). `wavepci` hands over packets
    /// through the WavePci port, and has the registry ask the driver for it (`--registry ForceWavePci=1`).
    #[arg(long, default_value = "event")]
    pub client: client::Kind,
    /// Frames of a period: half of the buffer for `event` and `packet`, the polling interval for the others.
    #[arg(long, default_value_t = 480, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub period: u32,
    /// Microseconds that the client takes over each period before it has written or read it.
    #[arg(long, value_name = "MICROSECONDS", default_value_t = 0)]
    pub late: u32,
    /// Pause for 100 ms at this frame of the sound.
    #[arg(long, value_name = "FRAME", conflicts_with = "remove_at")]
    pub pause_at: Option<usize>,
    /// Tear the device out of its slot at this frame of the sound. What comes after it is not missed.
    #[arg(long, value_name = "FRAME")]
    pub remove_at: Option<usize>,
    /// Send the system to sleep (S3) at this frame of the sound, and wake it 100 ms later. For one stream.
    #[arg(long, value_name = "FRAME", conflicts_with_all = ["remove_at", "pause_at"])]
    pub sleep_at: Option<usize>,
    /// Of `wavepci`: the seed of the lengths of its packets and their mappings, and of everything else that is drawn. 0
    /// makes packets of whole periods, mapped page by page.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Of `wavepci`: revoke mappings so many times, and take packets back now and then. What was revoked is not missed.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub revoke: u32,
    /// Of `wavepci`: hand over nothing for 100 ms at this frame of the sound, beside what is with the driver.
    #[arg(long, value_name = "FRAME")]
    pub starve_at: Option<usize>,
    /// Stop and restart the device, and play or record once more, so many times.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub restarts: u32,
    /// Restart with a rebalance: under a running stream, and with other addresses and vectors.
    #[arg(long, requires = "restarts")]
    pub rebalance: bool,
}

/// `rig play`.
#[derive(Args, Clone, Debug)]
pub struct Play {
    /// The sound; without it, a bundled tune, or noise if a length, a format or several streams are asked for.
    pub wav: Option<PathBuf>,
    /// Play noise of so many seconds.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=86_400), conflicts_with = "wav")]
    pub seconds: Option<u32>,
    /// Of the noise.
    #[command(flatten)]
    pub format: FormatOptions,
    /// The machine.
    #[command(flatten)]
    pub machine: MachineOptions,
    /// The client.
    #[command(flatten)]
    pub client: ClientOptions,
    /// Set a volume or a mute of the device's before it plays, as with `rig controls`: `volume:render0:-1=-98304` (in
    /// 1/65536 dB), `mute:render0:-1=1`. The comparison is with the sound as it was given.
    #[arg(long = "set", value_name = "STEP", value_parser = controls::setting)]
    pub settings: Vec<Setting>,
    /// Write the sound that came out of the device.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `rig record`.
#[derive(Args, Clone, Debug)]
pub struct Record {
    /// Seconds to record; without it the length of the file, or 5.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub seconds: Option<u32>,
    /// What the device hears; noise without it.
    #[arg(long = "in", value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// The endpoint to record from, or the first of several: 0 is the first one that records. AC'97 has the line input
    /// and, as 1, the microphone.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub endpoint: usize,
    /// Of the recording, where the device hears noise.
    #[command(flatten)]
    pub format: FormatOptions,
    /// The machine.
    #[command(flatten)]
    pub machine: MachineOptions,
    /// The client.
    #[command(flatten)]
    pub client: ClientOptions,
    /// Write the recording.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// `rig duplex`.
#[derive(Args, Clone, Debug)]
pub struct Duplex {
    /// The sound to play; noise without it. What the device hears is noise in the same format.
    pub wav: Option<PathBuf>,
    /// Seconds to play and record, without a file.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=86_400), conflicts_with = "wav")]
    pub seconds: Option<u32>,
    /// Of the noise.
    #[command(flatten)]
    pub format: FormatOptions,
    /// The machine.
    #[command(flatten)]
    pub machine: MachineOptions,
    /// Both clients.
    #[command(flatten)]
    pub client: ClientOptions,
    /// Another kind of client for the recording.
    #[arg(long, value_name = "CLIENT")]
    pub record_client: Option<client::Kind>,
    /// Streams that record, where they are not as many as play.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=32))]
    pub record_streams: Option<u32>,
    /// Write the sound that came out of the device.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write the recording.
    #[arg(long, value_name = "FILE")]
    pub recording: Option<PathBuf>,
}

/// `rig lifecycle`.
#[derive(Args, Clone, Debug)]
pub struct Lifecycle {
    /// The machine.
    #[command(flatten)]
    pub machine: MachineOptions,
    /// Load, start, stop, remove, unload: so many times.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub cycles: u32,
    /// Send system and device to sleep in each stage of a cycle, too.
    #[arg(long)]
    pub sleep: bool,
    /// Give the device other addresses and vectors in each stage of a cycle, too.
    #[arg(long)]
    pub rebalance: bool,
    /// Instead, make each call that may fail during start fail in turn; with --rebalance, each call while the device is
    /// idle, and of a sleep and a rebalance under a running stream. The start after each of them must work.
    #[arg(long)]
    pub fail_each_step: bool,
}

/// The devices by the names of the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DeviceName {
    /// virtio-snd.
    VirtioSnd,
    /// Intel ICH AC'97.
    Ac97,
    /// A virtio-snd device in the rig itself, strict, and as difficult as `--fake` says.
    Fake,
}

impl DeviceName {
    /// The name as it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Self::VirtioSnd => "virtio-snd",
            Self::Ac97 => "ac97",
            Self::Fake => "fake",
        }
    }

    /// QEMU's model of it, if it is one of QEMU's.
    pub fn model(self) -> Option<qemu::Device> {
        match self {
            Self::VirtioSnd => Some(qemu::Device::VirtioSnd),
            Self::Ac97 => Some(qemu::Device::Ac97),
            Self::Fake => None,
        }
    }
}

impl MachineOptions {
    /// Has the registry ask the driver for the WavePci port, unless it says something else of it already.
    pub fn ask_for_wavepci(&mut self) {
        if !self.registry.iter().any(|(name, _)| name.eq_ignore_ascii_case(FORCE_WAVE_PCI)) {
            self.registry.push((FORCE_WAVE_PCI.to_owned(), 1));
        }
    }
}

fn registry_value(text: &str) -> Result<(String, u32), String> {
    let wanted = "wanted NAME=NUMBER, like ForceWavePci=1";
    let (name, number) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or(wanted)?;
    let number = number.parse().map_err(|_| wanted)?;
    Ok((name.to_owned(), number))
}

fn module(text: &str) -> Result<(String, PathBuf), String> {
    let (name, path) = text.split_once('=').ok_or("wanted NAME=PATH, like portcls.sys=other.sys")?;
    if name.is_empty() || path.is_empty() {
        return Err("wanted NAME=PATH, like portcls.sys=other.sys".to_owned());
    }
    Ok((name.to_ascii_lowercase(), PathBuf::from(path)))
}

#[cfg(test)]
mod tests {
    use super::Options;
    use clap::CommandFactory;
    use clap::Parser;

    #[test]
    fn the_command_line_is_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn a_windows_that_does_not_exist_is_refused_by_name() {
        let error =
            Options::try_parse_from(["rig", "play", "--driver", "x", "--windows", "9600"]).unwrap_err();
        assert!(error.to_string().contains("10240, 10586, 14393, 19041, 22621, 26100"), "{error}");
    }

    #[test]
    fn what_the_device_has_not_is_refused() {
        for (option, value) in [("--vectors", "6"), ("--streams", "0"), ("--streams", "33"), ("--bits", "12")]
        {
            let error = Options::try_parse_from(["rig", "play", "--driver", "x", option, value]).unwrap_err();
            assert!(error.to_string().contains(option), "{error}");
        }
    }
}
