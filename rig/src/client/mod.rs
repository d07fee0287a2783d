//! Audio clients: what `AudioSrv` and exclusive-mode applications do with a WaveRT pin.
//!
//! ```text
//!                 session   pin, buffer, states, books of RUN, witness
//!                /       \
//!          render         capture
//!     halves: event,     halves: event,
//!             packet             packet
//!     position           position
//!     rewrite                      requests: packets of both ways
//! ```
//!
//! A client does what the documentation lets it do, and waits for nothing that it does not promise. What belongs to
//! the client it spoils until it is due, so that a driver that uses it too early or too late is heard.

mod books;
mod capture;
mod errors;
pub mod format;
mod limits;
mod packets;
mod render;
mod requests;
mod session;
pub mod track;
mod walk;
mod witness;

use std::cell::Cell;
use std::fmt;
use std::str::FromStr;

pub use books::Books;
pub use books::Fate;
pub use books::Requests;
pub use books::Steady;
pub use books::by_context;
pub use errors::Errors;
pub use packets::PacketFigures;
pub use session::Session;
pub use witness::Judged;
pub use witness::PositionFigures;

use crate::sound::Lane;
use crate::sound::Pcm;

/// The kinds of client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `AllocateBufferWithNotification` with two notifications; waits for events, refills or reads the half just done.
    Event,
    /// The same, with the halves handed over and taken as packets: `SetWritePacket`, `GetReadPacket`.
    Packet,
    /// `AllocateAudioBuffer`; polls `GetPosition`, keeps the buffer filled or empty.
    Position,
    /// As `Position`, but at each poll writes anew every byte of the buffer that is not the device's.
    Rewrite,
    /// No buffer: several packets at a time, which the WavePci port shows to the miniport mapping by mapping.
    WavePci,
}

impl Kind {
    /// Whether the client works by halves of its buffer, and waits for events.
    pub fn by_halves(self) -> bool {
        matches!(self, Self::Event | Self::Packet)
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "event" => Ok(Self::Event),
            "packet" => Ok(Self::Packet),
            "position" => Ok(Self::Position),
            "rewrite" => Ok(Self::Rewrite),
            "wavepci" => Ok(Self::WavePci),
            other => Err(format!("no client '{other}': event, packet, position, rewrite or wavepci")),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Event => "event",
            Self::Packet => "packet",
            Self::Position => "position",
            Self::Rewrite => "rewrite",
            Self::WavePci => "wavepci",
        })
    }
}

/// Which way sound goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the device.
    Render,
    /// From the device to the client.
    Capture,
}

/// What a client is to do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Which way.
    pub direction: Direction,
    /// The sound to be played; of a recording, the format.
    pub pcm: Pcm,
    /// Which endpoint of its direction.
    pub endpoint: usize,
    /// Bits that its sound has in the sum of all that are played.
    pub lane: Lane,
    /// Frames to be played or recorded.
    pub frames: usize,
    /// The kind of client.
    pub kind: Kind,
    /// Frames of a period.
    pub period: usize,
    /// Time that the client takes over each period, nanoseconds.
    pub late_ns: u64,
    /// How the device plays and records.
    pub pace: Pace,
    /// Something that happens in the middle.
    pub disturbance: Option<Disturbance>,
    /// How the client cuts its packets, and takes them back.
    pub packets: PacketPlan,
}

/// What a client with packets of its own does to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PacketPlan {
    /// Of everything that it draws at random; with 0 packets are whole periods, and cut at the borders of pages alone.
    pub seed: u64,
    /// Times that mappings are revoked.
    pub revocations: u32,
    /// Frame of the sound at which it hands over nothing for 100 ms.
    pub starve_at: Option<usize>,
}

impl PacketPlan {
    /// Whether all of the sound is to come out in one piece.
    pub fn is_whole(&self) -> bool {
        self.revocations == 0 && self.starve_at.is_none()
    }
}

impl Plan {
    /// Bytes of the buffer that the client asks for.
    pub fn buffer_bytes(&self) -> u32 {
        let frames = if self.kind.by_halves() {
            2 * self.period
        } else {
            // Room for what the device moves at a time, twice over, whatever the polling interval.
            (4 * self.period).max(self.pcm.rate as usize / 25)
        };
        (frames * self.pcm.frame_bytes()) as u32
    }
}

/// How a device plays and records.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Frames by which it moves its own position at a time.
    pub step_frames: f64,
    /// Frames that it moves in a second: the format's rate, as near as the device comes to it.
    pub frames_per_second: f64,
}

/// What may happen to a client while its sound lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    /// The client pauses here for 100 ms, and goes on.
    PauseAt {
        /// Frame of the sound.
        frame: usize,
    },
    /// The system sleeps here for 100 ms. The client is not told.
    SleepAt {
        /// Frame of the sound.
        frame: usize,
    },
    /// The client is told to give up here: its device is gone.
    AbandonAt {
        /// Frame of the sound.
        frame: usize,
    },
}

/// What a client tells while it works, and is told.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    /// Hears how many frames were written or read, once a period.
    pub progress: &'a dyn Fn(usize),
    /// Whether somebody else has torn the device out.
    pub gone: &'a Cell<bool>,
    /// Sends the system to sleep, or wakes it with `true`; a status.
    pub power: &'a dyn Fn(bool) -> i32,
}

/// Plays or records from STOP to STOP, as the kind of client does.
pub fn perform(session: Session<'_>) -> Books {
    match session.plan.direction {
        _ if session.plan.kind == Kind::WavePci => requests::perform(session),
        Direction::Render => render::perform(session),
        Direction::Capture => capture::perform(session),
    }
}
