//! The facts of one run, as they stand in `report.json`.
//!
//! Times are virtual nanoseconds since the driver was loaded. A frame is one sample of every channel. "RUN" is
//! the time between the two `SetState` calls that enter and leave `KSSTATE_RUN`; "steady RUN" leaves out its
//! first buffer and its last, in which streams start and run dry.

use serde::{Deserialize, Serialize};

use super::costs::PerPeriod;
use super::notices::Notices;
use super::stream::Stream;
use super::timeline::Timeline;
use super::traced::Traced;
use crate::sound::GlitchKind;

/// Version of the JSON's shape: raised when a field goes or changes its meaning, not when one is added.
pub const SCHEMA: u32 = 5;

/// Everything a run found out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA`] of the program that wrote the report.
    pub schema: u32,
    /// The sound device, as named on the command line: `ac97`.
    pub device: String,
    /// The clients that played and recorded: `event`, `packet`, `position`, `rewrite`, `wavepci`, joined by ` + `.
    pub client: String,
    /// What they did: `render`, `capture` or `render + capture`.
    pub direction: String,
    /// Build number of the Windows that the driver saw: 26100.
    pub windows: u32,
    /// What that Windows offers.
    pub profile: Profile,
    /// The driver image.
    pub driver: Driver,
    /// Number of functions that the image imports, all modules together.
    pub imports: u64,
    /// The format that the stream was opened with.
    pub format: Format,
    /// Frames per period: half the buffer for two notifications a cycle, the client's polling step otherwise.
    pub period_frames: u64,
    /// Frames in the cyclic buffer, as the driver allocated it.
    pub buffer_frames: u64,
    /// Frames of the input file.
    pub frames_in: u64,
    /// Frames that left the device, silence before and after included.
    pub frames_out: u64,
    /// Silent frames that left the device before the input's first.
    pub lead_in_frames: u64,
    /// Silent frames that left the device after the input's last.
    pub tail_frames: u64,
    /// Whether the device gave out the input's bytes, every one and nothing else (silence around them aside).
    pub bit_exact: bool,
    /// Where it did not.
    pub glitches: Glitches,
    /// How well `GetPosition` told where the device was.
    pub position: Position,
    /// What it cost to call it.
    pub get_position: GetPosition,
    /// What a guest would pay as VM exits.
    pub device_accesses: DeviceAccesses,
    /// Each stream by itself; the figures above are those of all of them, as `Report::sum_up` has them.
    pub streams: Vec<Stream>,
    /// Interrupts that the driver's service routine took as its own, from load to unload.
    pub interrupts: u64,
    /// Periods that the device completed in RUN.
    pub periods: u64,
    /// Notification events that the driver signalled in RUN.
    pub events_signalled: u64,
    /// What the driver did in RUN that it should not have to do.
    pub run: Run,
    /// Deferred procedure calls in RUN.
    pub dpc: Dpc,
    /// Most bytes of the kernel stack that one routine of the driver's used, seen at its calls and register accesses.
    /// Windows has 24 KiB, and needs some itself.
    pub stack_bytes: u64,
    /// Interrupts and threads that the driver registered as resources of the stream, in order of registration.
    pub stream_resources: Vec<StreamResource>,
    /// Why there are none, if there are none: the profile's WaveRT port may offer no interface for it.
    pub stream_resources_note: Option<String>,
    /// Events that the driver wrote for tracing, in order.
    pub traced: Vec<Traced>,
    /// What the driver told Windows beside the sound.
    pub notices: Notices,
    /// What the driver told its client, or did to it, that cannot be right, one line a kind: a position that goes back,
    /// moves in PAUSE or is outside of its limits, an event that does not come. Empty in a good run.
    pub client_errors: Vec<ClientError>,
    /// Rules that the driver broke; the verifier stops a run at the first.
    pub findings: Vec<Finding>,
    /// SHA-256 over every event of the run, in hexadecimal: equal scenarios have equal hashes.
    pub trace_hash: String,
    /// Seed of everything in the run that is chosen freely.
    pub seed: u64,
    /// What the driver printed, and what the rig has to say about it.
    pub log: Vec<LogLine>,
    /// Samples for the plots, bounded in number.
    pub timeline: Timeline,
}

/// A version of Windows, as far as a driver can tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The name it is known by: `Windows 11 24H2`.
    pub name: String,
    /// Interfaces by which its WaveRT port takes stream resources, newest first.
    pub stream_resource_interfaces: Vec<String>,
    /// Whether it has a WaveRT port.
    pub wavert: bool,
    /// Whether PortCls has a lock of its own for positions and packets of each stream (`UsePositionLock`), and not the
    /// device's lock around all requests.
    pub position_lock: bool,
    /// What was put in the device's software key of the registry, as `NAME=NUMBER`.
    pub registry: Vec<String>,
}

/// The driver image that was loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Driver {
    /// Its file.
    pub path: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// File version of its version resource; `None` where it has none.
    pub version: Option<String>,
}

/// A sample format.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Format {
    /// Frames per second.
    pub rate: u32,
    /// Samples per frame.
    pub channels: u16,
    /// Valid bits per sample.
    pub bits: u16,
    /// Bits that a sample occupies.
    pub container_bits: u16,
    /// Whether samples are IEEE 754 numbers.
    pub float: bool,
}

/// Differences between input and output, from the comparison of the two files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glitches {
    /// How many there are.
    pub count: u64,
    /// Each of them, in order of `at_frame`.
    pub list: Vec<Glitch>,
}

/// One stretch in which the output was not the input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glitch {
    /// `dropped`, `repeated`, `silence` or `corrupt`.
    pub kind: GlitchKind,
    /// Input frame at which it happened.
    pub at_frame: u64,
    /// Its length in frames.
    pub frames: u64,
}

/// The position that `GetPosition` reported against the frames that the device had really taken, at every
/// call of a client in RUN.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// Greatest distance of a position before the device, in frames.
    pub max_ahead_frames: f64,
    /// Greatest distance of a position behind the device, in frames.
    pub max_behind_frames: f64,
    /// What the first may be: the device's step, and one frame.
    pub ahead_limit_frames: f64,
    /// What the second may be: the same, and the largest transfer.
    pub behind_limit_frames: f64,
    /// Frames by which the device's own position moves at a time: no driver that asks the device can be nearer than
    /// this.
    pub device_step_frames: f64,
    /// The most frames that the device was given at a time, to give them back as a whole; 0 where its registers say
    /// where it is. As found in its queues, not as the driver says.
    pub transfer_frames: f64,
    /// Calls that reported less than the one before.
    pub backward_steps: u64,
    /// Calls compared.
    pub samples: u64,
    /// Whether every error outside of the limits could be seen.
    pub judged: bool,
    /// Whether that took the linear position of `GetOutputStreamPresentationPosition`: in a buffer that is shorter than
    /// the stretch within the limits, offsets cannot be told apart.
    pub by_presentation: bool,
}

/// Calls of `GetPosition` in RUN.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GetPosition {
    /// How many there were.
    pub calls: u64,
    /// Device registers read in the costliest of them.
    pub max_reads: u64,
    /// Device accesses of any kind in the costliest of them.
    pub max_accesses: u64,
}

/// Register reads and writes of the driver, counted one by one as they trap.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DeviceAccesses {
    /// All of them, from load to unload.
    pub total: u64,
    /// The same by what the driver was doing.
    pub by_context: ByContext,
    /// Averages of steady RUN.
    pub per_period: PerPeriod,
    /// The same, for a minute of it.
    pub per_minute: PerPeriod,
}

/// Device accesses by what the driver was doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ByContext {
    /// Starting, stopping and every other request of the system.
    pub start: u64,
    /// Calls of the client: states, positions, packets.
    pub client: u64,
    /// Interrupt service routine.
    pub isr: u64,
    /// Deferred procedure calls.
    pub dpc: u64,
    /// System threads of the driver.
    pub thread: u64,
}

impl ByContext {
    /// Names and counts, in the order in which they are drawn.
    pub fn parts(&self) -> [(&'static str, u64); 5] {
        [
            ("start", self.start),
            ("client", self.client),
            ("isr", self.isr),
            ("dpc", self.dpc),
            ("thread", self.thread),
        ]
    }

    /// All of them together.
    pub fn total(&self) -> u64 {
        self.parts().iter().map(|(_, count)| count).sum()
    }
}

/// What the data path should not need.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Pool, page and MDL allocations in RUN.
    pub allocations: u64,
    /// Bytes that imported copy functions moved in RUN, DMA memory or not.
    pub bytes_copied: u64,
    /// Whether the driver had mapped the client's buffer: without that it cannot have copied sound by instructions of
    /// its own either.
    pub buffer_mapped: bool,
}

/// Deferred procedure calls in RUN.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dpc {
    /// How many ran.
    pub count: u64,
    /// For how many of them instructions were counted: counting is done by single steps, and slow.
    pub counted: u64,
    /// Instructions of the longest one counted; `None` where none was.
    pub max_instructions: Option<u64>,
}

/// One registration with the WaveRT port's stream resource manager.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamResource {
    /// `interrupt` or `thread`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Interface it went through: `IPortClsStreamResourceManager2`.
    pub via: String,
    /// When it was added, in nanoseconds.
    pub added: u64,
    /// When it was removed, in nanoseconds; `None` where it never was.
    pub removed: Option<u64>,
}

/// Something that a client cannot accept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientError {
    /// When it was first noticed, in nanoseconds.
    pub time_ns: u64,
    /// What it is, in a sentence.
    pub message: String,
}

/// A rule that the driver broke. Windows would stop with a bug check.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Short name of the rule: `irql-too-high`.
    pub rule: String,
    /// Bug check that Windows would raise.
    pub bug_check: BugCheck,
    /// Its four parameters.
    pub parameters: Vec<Hex>,
    /// The import or callback concerned: `ExAllocatePoolWithTag`.
    pub call: Option<String>,
    /// IRQL at that time, 0 to 31.
    pub irql: Option<u8>,
    /// Where in the driver, from its symbols: `waverust::adapter::start (adapter/start.rs:120)`.
    pub at: Option<String>,
    /// The thread, or what ran instead of one: `client`, `DPC`, `ISR`.
    pub thread: Option<String>,
    /// What is wrong, in a sentence.
    pub message: String,
    /// Calls that led there, innermost first, as in `at`.
    pub stack: Vec<String>,
}

/// A bug check, by number and name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BugCheck {
    /// The stop code: 0xC4.
    pub code: Hex,
    /// Its name: `DRIVER_VERIFIER_DETECTED_VIOLATION`.
    pub name: String,
}

/// One line of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When, in nanoseconds.
    pub time_ns: u64,
    /// Who says so: `driver` or `rig`.
    pub source: String,
    /// The text, without a line end.
    pub text: String,
}

/// A number that people read in hexadecimal; a string in JSON, where 64 bits would not survive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Hex(pub u64);

impl std::fmt::Display for Hex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "0x{:X}", self.0)
    }
}

impl From<Hex> for String {
    fn from(hex: Hex) -> Self {
        hex.to_string()
    }
}

impl TryFrom<String> for Hex {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.strip_prefix("0x")
            .and_then(|digits| u64::from_str_radix(digits, 16).ok())
            .map(Self)
            .ok_or_else(|| format!("'{text}' is no number of the form 0x1F"))
    }
}

impl Report {
    /// A report in which nothing has happened yet.
    pub fn new() -> Self {
        Self { schema: SCHEMA, ..Self::default() }
    }

    /// The report as indented JSON, with a line end.
    pub fn to_json(&self) -> String {
        // Plain structs of numbers and strings: nothing in them can fail to be written.
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Reads what [`Report::to_json`] wrote.
    ///
    /// # Errors
    ///
    /// Text that is no such JSON; the error names line and column.
    pub fn from_json(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }
}

impl Format {
    /// Rate, width and channels in words: `48000 Hz, 16-bit, stereo`.
    pub fn describe(&self) -> String {
        crate::sound::Pcm::from(self).describe()
    }
}

impl From<&Format> for crate::sound::Pcm {
    fn from(format: &Format) -> Self {
        use crate::sound::Encoding;
        Self {
            rate: format.rate,
            channels: format.channels,
            bits: format.bits,
            container: format.container_bits,
            encoding: if format.float { Encoding::Float } else { Encoding::Integer },
            data: Vec::new(),
        }
    }
}

impl From<&crate::sound::Pcm> for Format {
    fn from(pcm: &crate::sound::Pcm) -> Self {
        Self {
            rate: pcm.rate,
            channels: pcm.channels,
            bits: pcm.bits,
            container_bits: pcm.container,
            float: pcm.encoding == crate::sound::Encoding::Float,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Hex, Report};
    use crate::report::sample;

    #[test]
    fn a_report_survives_json() {
        for report in [sample::exact(), sample::broken()] {
            assert_eq!(Report::from_json(&report.to_json()).expect("parses"), report);
        }
    }

    #[test]
    fn the_shape_of_the_json_is_stable() {
        let golden = include_str!("golden.json");
        assert_eq!(sample::small().to_json(), golden, "a change of shape raises SCHEMA");
        assert_eq!(Report::from_json(golden).expect("parses"), sample::small());
    }

    #[test]
    fn hexadecimal_is_checked_when_read() {
        assert_eq!(Hex::try_from("0xC4".to_owned()), Ok(Hex(0xC4)));
        assert_eq!(Hex(u64::MAX).to_string(), "0xFFFFFFFFFFFFFFFF");
        for bad in ["C4", "0x", "0xG", "", "0x10000000000000000"] {
            assert!(Hex::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
