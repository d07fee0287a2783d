//! Audio clients: what `AudioSrv` and exclusive-mode applications do with a WaveRT pin.

mod errors;
mod event;
pub mod format;
mod player;
mod position;
pub mod track;
mod witness;

use std::fmt;
use std::str::FromStr;

pub use errors::Errors;
pub use player::Played;
pub use player::Player;

use crate::sound::Pcm;

/// The kinds of client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `AllocateBufferWithNotification` with two notifications; waits for events, refills the half just played.
    Event,
    /// `AllocateAudioBuffer`; polls `GetPosition`, keeps the buffer filled.
    Position,
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "event" => Ok(Self::Event),
            "position" => Ok(Self::Position),
            other => Err(format!("no client '{other}': event or position")),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Event => "event",
            Self::Position => "position",
        })
    }
}

/// What is to be played, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The sound.
    pub pcm: Pcm,
    /// The kind of client.
    pub kind: Kind,
    /// Frames of a period.
    pub period: usize,
    /// How the device plays it.
    pub pace: Pace,
    /// Something that happens in the middle.
    pub disturbance: Option<Disturbance>,
}

/// How a device plays.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// Frames by which it moves its own position at a time.
    pub step_frames: f64,
    /// Frames that it plays in a second: the format's rate, as near as the device comes to it.
    pub frames_per_second: f64,
}

/// What may happen to a client while it plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disturbance {
    /// The client pauses here for 100 ms, and goes on.
    PauseAt {
        /// Frame of the input.
        frame: usize,
    },
    /// The client is told to give up here: its device is gone.
    AbandonAt {
        /// Frame of the input.
        frame: usize,
    },
}
