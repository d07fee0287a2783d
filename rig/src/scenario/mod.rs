//! What the rig does from power-on to the report.

mod clients;
mod controls;
mod ear;
mod failures;
mod job;
mod judge;
mod lifecycle;
mod machine;
mod notices;
mod occupant;
mod progress;
mod streams;
mod summary;

use std::path::PathBuf;

pub use controls::controls;
pub use lifecycle::lifecycle;
pub use machine::LoadedImage;
pub use machine::Machine;
pub use streams::duplex;
pub use streams::play;
pub use streams::record;

use crate::nt::Kernel;
use crate::pci::HardwareError;
use crate::pe::ImageError;
use crate::sound::WavError;

/// Why a run never began, or could not be finished for reasons outside the driver: exit status 2.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The sound file.
    #[error(transparent)]
    Sound(#[from] WavError),
    /// The device model.
    #[error(transparent)]
    Hardware(#[from] HardwareError),
    /// A driver image.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// An output file.
    #[error("{path}: can't be written: {source}", path = path.display())]
    Output {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The driver does not take the format.
    #[error(
        "{input} can't be {what} by this device: the driver answers {status:#010x} to {format}. \
         What would work: {accepted}. For example: sox song.wav -r 48000 -b 16 -c 2 converted.wav"
    )]
    Refused {
        /// The sound.
        input: String,
        /// What can't be done: `played` or `recorded`.
        what: &'static str,
        /// The format in words.
        format: String,
        /// `NewStream`'s status.
        status: i32,
        /// The driver's data ranges in words.
        accepted: String,
    },
    /// The driver did not come up.
    #[error("{what} failed with status {status:#010x}")]
    Driver {
        /// The step.
        what: &'static str,
        /// Its status.
        status: i32,
    },
    /// The machine itself.
    #[error("{0}")]
    Environment(String),
}

fn failed(what: &'static str) -> impl Fn(i32) -> SetupError {
    move |status| SetupError::Driver { what, status }
}

/// A machine that stopped has a finding, or an environment to blame; never neither.
fn stopped_for_a_reason(kernel: &Kernel) -> Result<(), SetupError> {
    kernel.verifier.hear_device(kernel);
    match kernel.verifier.environment() {
        Some(message) => Err(SetupError::Environment(message)),
        None if kernel.crashed() && kernel.verifier.findings().is_empty() => {
            Err(SetupError::Environment("the machine stopped, and nobody said why".to_owned()))
        }
        None => Ok(()),
    }
}

fn check(what: &'static str, status: i32) -> Result<(), SetupError> {
    if status < 0 { Err(failed(what)(status)) } else { Ok(()) }
}
