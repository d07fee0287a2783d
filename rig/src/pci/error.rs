//! What can go wrong between the rig and the machine.

use std::io;

/// Result of an operation on the machine.
pub type Result<T, E = HardwareError> = std::result::Result<T, E>;

/// A failure of the machine or of its set-up: what happened, where, and what would be right.
#[derive(Debug, thiserror::Error)]
pub enum HardwareError {
    /// The program does not exist.
    #[error(
        "{program} was not found; install QEMU with its ALSA module (Debian, Ubuntu: apt-get install \
             qemu-system-x86 libasound2)"
    )]
    NotInstalled {
        /// Program that was looked for.
        program: String,
    },

    /// The program is too old.
    #[error("QEMU {found} is too old; {device} needs at least {needed}")]
    TooOld {
        /// Version found.
        found: String,
        /// Oldest version that will do.
        needed: String,
        /// What needs it.
        device: &'static str,
    },

    /// The program ended, or hung up on us.
    #[error("QEMU ended while the rig was {doing}{}{}", said("; ", status), said("; it said:\n", stderr))]
    Ended {
        /// What the rig was doing.
        doing: String,
        /// Exit status as text, empty if unknown.
        status: String,
        /// Whatever it wrote to its standard error.
        stderr: String,
    },

    /// It does not answer.
    #[error(
        "QEMU did not answer within {seconds} s while the rig was {doing}{}",
        said("; it said:\n", stderr)
    )]
    Silent {
        /// What the rig was doing.
        doing: String,
        /// How long it waited.
        seconds: u64,
        /// Whatever QEMU wrote to its standard error.
        stderr: String,
    },

    /// It answered something else than the protocol says.
    #[error("QEMU answered {answer:?} while the rig was {doing}")]
    Protocol {
        /// What the rig was doing.
        doing: String,
        /// The answer.
        answer: String,
    },

    /// Time did not stop where it should have.
    #[error(
        "virtual time stopped at {found} ns instead of {wanted} ns: this QEMU cannot be stepped exactly; \
             versions 7.2 to 10.0 are known to work"
    )]
    ClockOff {
        /// Where it should have stopped.
        wanted: u64,
        /// Where it stands.
        found: u64,
    },

    /// The slot holds no function that the rig can use.
    #[error("no usable PCI function in slot {slot}: {why}")]
    NoFunction {
        /// Slot number.
        slot: u8,
        /// What is missing.
        why: String,
    },

    /// The rig's own request was not possible.
    #[error("{what} is not possible: {why}")]
    Request {
        /// What was asked for.
        what: String,
        /// Why not, and what would be.
        why: String,
    },

    /// A call to Linux failed.
    #[error("{doing} failed: {source}")]
    System {
        /// What the rig was doing.
        doing: &'static str,
        /// Linux' answer.
        source: io::Error,
    },
}

impl HardwareError {
    /// For `map_err`: a call to Linux failed while `doing`.
    pub(crate) fn system(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { doing, source }
    }
}

fn said(before: &str, text: &str) -> String {
    if text.trim().is_empty() { String::new() } else { format!("{before}{}", text.trim_end()) }
}
