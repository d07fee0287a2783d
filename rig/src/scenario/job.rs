//! What is to be played and recorded, from the command line.

use std::path::Path;
use std::path::PathBuf;

use super::SetupError;
use super::machine::default_tick;
use super::machine::pace;
use crate::client::Direction;
use crate::client::Disturbance;
use crate::client::Kind;
use crate::client::PacketPlan;
use crate::client::Plan;
use crate::options::ClientOptions;
use crate::options::DeviceName;
use crate::options::Duplex;
use crate::options::FormatOptions;
use crate::options::MachineOptions;
use crate::options::Play;
use crate::options::Record;
use crate::options::Setting;
use crate::sound;
use crate::sound::Lane;
use crate::sound::Pcm;
use crate::sound::carries;
use crate::sound::heard;

/// Seconds of generated sound where no length was asked for.
const USUAL_SECONDS: u32 = 5;

/// Seconds by which the device hears more than is recorded: it begins before the recording, and pauses.
const MORE_SECONDS: usize = 3;

/// Streams of QEMU's devices in each direction, at most.
const MOST_OF_QEMU: u32 = 5;

/// Bytes of a page.
const PAGE: usize = 4096;

/// Seeds of generated sound.
const PLAYED_SEED: u64 = 0x9E1A_0000;
const FED_SEED: u64 = 0xFEED_0000;

/// One client and what it is to do.
#[derive(Clone)]
pub(super) struct Part {
    /// What to do.
    pub(super) plan: Plan,
    /// Which endpoint of its direction.
    pub(super) endpoint: usize,
    /// The sound in words.
    pub(super) input: String,
}

/// All clients of a run.
pub(super) struct Job {
    /// The machine.
    pub(super) machine: MachineOptions,
    /// The clients, at least one.
    pub(super) parts: Vec<Part>,
    /// What the device hears, as the mixer carries it; empty of sound where nobody records.
    pub(super) fed: Pcm,
    /// Whether there is a mixer between the device and what comes out and goes in.
    pub(super) mixed: bool,
    /// The device's step, microseconds.
    pub(super) tick_us: u32,
    /// How often the device is stopped and started again.
    pub(super) restarts: u32,
    /// Whether each restart is a rebalance.
    pub(super) rebalance: bool,
    /// What is set before anything is played.
    pub(super) settings: Vec<Setting>,
    /// Where what came out of the device is to be written.
    pub(super) out: Option<PathBuf>,
    /// Where the recording is to be written.
    pub(super) recording: Option<PathBuf>,
}

/// The parts that are common to all kinds of job.
struct Common<'a> {
    machine: &'a MachineOptions,
    client: &'a ClientOptions,
    tick_us: u32,
}

impl<'a> Common<'a> {
    fn new(machine: &'a MachineOptions, client: &'a ClientOptions, rate: u32) -> Self {
        let own = (machine.device == DeviceName::Fake).then_some((machine.fake.pace.step_ns / 1_000) as u32);
        let tick_us = own.or(machine.tick).unwrap_or_else(|| default_tick(client.period, rate));
        Self { machine, client, tick_us }
    }

    fn plan(&self, direction: Direction, kind: Kind, pcm: Pcm, frames: usize) -> Plan {
        Plan {
            direction,
            endpoint: 0,
            lane: Lane::WHOLE,
            frames,
            kind,
            period: self.client.period as usize,
            late_ns: u64::from(self.client.late) * 1_000,
            pace: pace(self.machine, self.tick_us, pcm.rate),
            pcm,
            disturbance: self.disturbance(),
            packets: self.packets(kind),
        }
    }

    fn packets(&self, kind: Kind) -> PacketPlan {
        let options = self.client;
        if kind != Kind::WavePci {
            return PacketPlan::default();
        }
        PacketPlan { seed: options.seed, revocations: options.revoke, starve_at: options.starve_at }
    }

    fn disturbance(&self) -> Option<Disturbance> {
        let pause = self.client.pause_at.map(|frame| Disturbance::PauseAt { frame });
        let abandon = self.client.remove_at.map(|frame| Disturbance::AbandonAt { frame });
        let sleep = self.client.sleep_at.map(|frame| Disturbance::SleepAt { frame });
        pause.or(abandon).or(sleep)
    }

    /// So many parts. Of several, only the first is disturbed.
    fn parts(&self, of: u32, one: impl Fn(u32, Lane) -> (Plan, String)) -> Vec<Part> {
        let part = |index: u32| {
            // Where nothing is mixed, nothing has to be taken apart.
            let lane = if self.mixed() { Lane { index, of } } else { Lane::WHOLE };
            let (mut plan, input) = one(index, lane);
            if index > 0 {
                plan.disturbance = None;
            }
            (plan.endpoint, plan.lane) = (index as usize, lane);
            Part { plan, endpoint: index as usize, input }
        };
        (0..of).map(part).collect()
    }

    fn render(&self, sound: &Sound) -> Vec<Part> {
        self.parts(self.machine.streams, |index, lane| {
            let (pcm, name) = sound.of(index, lane);
            let frames = pcm.frames();
            (self.plan(Direction::Render, self.client.client, pcm, frames), name)
        })
    }

    fn capture(&self, of: u32, kind: Kind, format: &Pcm, frames: usize, name: &str) -> Vec<Part> {
        self.parts(of, |_, _| (self.plan(Direction::Capture, kind, format.clone(), frames), name.to_owned()))
    }

    /// Whether there is a mixer between the device and what comes out and goes in.
    fn mixed(&self) -> bool {
        self.machine.device.model().is_some()
    }

    /// `fed` is what the device hears, in the format of the sound.
    ///
    /// # Errors
    /// If QEMU's mixer does not carry its channels.
    fn job(&self, parts: Vec<Part>, fed: &Pcm) -> Result<Job, SetupError> {
        if self.client.sleep_at.is_some() && parts.len() > 1 {
            refuse("--sleep-at is for one stream: the clients of others would notice that time was lost")?;
        }
        let by_packets = parts.iter().any(|part| part.plan.kind == Kind::WavePci);
        if self.client.revoke > 0
            && parts.iter().any(|part| !PAGE.is_multiple_of(part.plan.pcm.frame_bytes()))
        {
            refuse(
                "--revoke is for frames that fit in pages: 16-bit or 32-bit samples, one, two or four channels",
            )?;
        }
        let mut machine = self.machine.clone();
        let of = |direction| parts.iter().filter(|part| part.plan.direction == direction).count() as u32;
        machine.streams = of(Direction::Render).max(of(Direction::Capture));
        if self.mixed() && machine.streams > MOST_OF_QEMU {
            refuse(&format!(
                "QEMU's devices have {MOST_OF_QEMU} streams in each direction at most: --device fake has as many as \
                 --fake outputs=N,inputs=N says"
            ))?;
        }
        if by_packets {
            machine.ask_for_wavepci();
        }
        if self.machine.device == DeviceName::VirtioSnd && !carries(fed.channels) {
            refuse(&format!(
                "QEMU's mixer carries one channel or two, not {}: --device fake has no mixer",
                fed.channels
            ))?;
        }
        if self.machine.device == DeviceName::VirtioSnd && fed.container == 8 {
            refuse("QEMU's mixer takes 127 for the middle of 8-bit samples: --device fake has no mixer")?;
        }
        let mixed = self.mixed();
        let fed = if mixed { heard(fed) } else { fed.clone() };
        Ok(Job {
            mixed,
            machine,
            parts,
            fed,
            tick_us: self.tick_us,
            restarts: self.client.restarts,
            rebalance: self.client.rebalance,
            settings: Vec::new(),
            out: None,
            recording: None,
        })
    }
}

/// What is played.
enum Sound {
    Given(Pcm, String),
    Noise { format: Pcm, frames: usize },
}

impl Sound {
    fn noise(format: &FormatOptions, seconds: Option<u32>) -> Self {
        let format = format.format();
        let frames = (seconds.unwrap_or(USUAL_SECONDS) * format.rate) as usize;
        Self::Noise { format, frames }
    }

    fn format(&self) -> Pcm {
        match self {
            Self::Given(pcm, _) => pcm.with_data(Vec::new()),
            Self::Noise { format, .. } => format.clone(),
        }
    }

    fn frames(&self) -> usize {
        match self {
            Self::Given(pcm, _) => pcm.frames(),
            Self::Noise { frames, .. } => *frames,
        }
    }

    fn of(&self, index: u32, lane: Lane) -> (Pcm, String) {
        match self {
            Self::Given(pcm, name) => (pcm.clone(), name.clone()),
            Self::Noise { format, frames } => {
                let seed = PLAYED_SEED + u64::from(index);
                (sound::noise(format, *frames, lane, seed), "the noise".to_owned())
            }
        }
    }
}

fn load(path: &Path) -> Result<Sound, SetupError> {
    Ok(Sound::Given(Pcm::load(path)?, path.display().to_string()))
}

fn refuse(message: &str) -> Result<(), SetupError> {
    Err(SetupError::Environment(message.to_owned()))
}

/// A file has its own format, and is one sound.
fn check(file: bool, format: &FormatOptions, machine: &MachineOptions) -> Result<(), SetupError> {
    if file && format.given() {
        return refuse("--rate, --bits, --channels and --float are for noise: a file has its own format");
    }
    if file && machine.streams > 1 {
        return refuse("--streams plays noise of which each stream has bits of its own: leave the file out");
    }
    Ok(())
}

impl TryFrom<&Play> for Job {
    type Error = SetupError;

    fn try_from(options: &Play) -> Result<Self, SetupError> {
        check(options.wav.is_some(), &options.format, &options.machine)?;
        let generated = options.seconds.is_some()
            || options.format.given()
            || options.machine.streams > 1
            || options.client.client == Kind::Rewrite;
        let sound = match &options.wav {
            Some(path) => load(path)?,
            None if generated => Sound::noise(&options.format, options.seconds),
            None => Sound::Given(sound::tune::demo(), "the tune".to_owned()),
        };
        let format = sound.format();
        let common = Common::new(&options.machine, &options.client, format.rate);
        let job = common.job(common.render(&sound), &format)?;
        Ok(Self { settings: options.settings.clone(), out: options.out.clone(), ..job })
    }
}

impl TryFrom<&Record> for Job {
    type Error = SetupError;

    fn try_from(options: &Record) -> Result<Self, SetupError> {
        check(options.input.is_some(), &options.format, &options.machine)?;
        let (fed, name) = match &options.input {
            Some(path) => (Pcm::load(path)?, path.display().to_string()),
            None => (options.format.format(), "the noise".to_owned()),
        };
        let format = fed.with_data(Vec::new());
        let wanted = options.seconds.map(|seconds| (seconds * format.rate) as usize);
        let frames = match (&options.input, wanted) {
            (Some(path), Some(wanted)) if wanted > fed.frames() => {
                let there = fed.frames() / format.rate as usize;
                let path = path.display();
                let message = format!("{path}: {there} s of sound are there, which is less than --seconds");
                return Err(SetupError::Environment(message));
            }
            (Some(_), wanted) => wanted.unwrap_or(fed.frames()),
            (None, wanted) => wanted.unwrap_or((USUAL_SECONDS * format.rate) as usize),
        };
        let common = Common::new(&options.machine, &options.client, format.rate);
        let fed = match options.input {
            Some(_) => with_silence(&fed),
            None => to_hear(&format, frames, &options.client),
        };
        let mut parts =
            common.capture(options.machine.streams, options.client.client, &format, frames, &name);
        for part in &mut parts {
            part.endpoint += options.endpoint;
            part.plan.endpoint = part.endpoint;
        }
        Ok(Self { recording: options.out.clone(), ..common.job(parts, &fed)? })
    }
}

impl TryFrom<&Duplex> for Job {
    type Error = SetupError;

    fn try_from(options: &Duplex) -> Result<Self, SetupError> {
        check(options.wav.is_some(), &options.format, &options.machine)?;
        let sound = match &options.wav {
            Some(path) => load(path)?,
            None => Sound::noise(&options.format, options.seconds),
        };
        let (format, frames) = (sound.format(), sound.frames());
        let common = Common::new(&options.machine, &options.client, format.rate);
        let mut parts = common.render(&sound);
        let kind = options.record_client.unwrap_or(options.client.client);
        let of = options.record_streams.unwrap_or(options.machine.streams);
        let recorders = common.capture(of, kind, &format, frames, "the noise");
        parts.extend(recorders.into_iter().map(|mut part| {
            part.plan.disturbance = None;
            part
        }));
        let fed = to_hear(&format, frames, &options.client);
        let job = common.job(parts, &fed)?;
        Ok(Self { out: options.out.clone(), recording: options.recording.clone(), ..job })
    }
}

/// Noise for a device to hear while so many frames are recorded, each time that it is started. With each revocation the
/// sound of a mapping is lost.
fn to_hear(format: &Pcm, frames: usize, client: &ClientOptions) -> Pcm {
    let each = frames + (MORE_SECONDS + client.revoke as usize) * format.rate as usize;
    sound::noise(format, each * (client.restarts as usize + 1), Lane::WHOLE, FED_SEED)
}

/// A sound with silence behind it: at the end of what it hears the device would hear the last of it again.
fn with_silence(pcm: &Pcm) -> Pcm {
    let mut data = pcm.data.clone();
    data.resize(data.len() + MORE_SECONDS * pcm.rate as usize * pcm.frame_bytes(), pcm.silence());
    pcm.with_data(data)
}
