//! Why a file is no image that can be loaded.

use std::{fmt, io};

/// An export that an image wants and its module does not have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// The image that wants it.
    pub importer: String,
    /// The module that should have it.
    pub module: String,
    /// Its name, or `#` and its ordinal.
    pub symbol: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}!{}, wanted by {}", self.module, self.symbol, self.importer)
    }
}

/// Why a file is no image that can be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// It is no PE file at all.
    #[error("{image} is not a Windows driver image: {why}")]
    NotPe {
        /// The image.
        image: String,
        /// What is wrong.
        why: &'static str,
    },
    /// It is for another processor.
    #[error("{image} is made for {found}; the rig runs x86-64 drivers")]
    OtherMachine {
        /// The image.
        image: String,
        /// What it is made for.
        found: String,
    },
    /// It is a program or library, not a driver.
    #[error("{image} is not a driver: its subsystem is {found}, a driver's is 1 (native)")]
    NotNative {
        /// The image.
        image: String,
        /// Its subsystem.
        found: u16,
    },
    /// It must lie at one address, which cannot be had.
    #[error("{image} has no relocations; link it with /DYNAMICBASE, without /FIXED")]
    NoRelocations {
        /// The image.
        image: String,
    },
    /// Something is missing at its end.
    #[error("{image} is truncated: {what} ends at byte {needed}, the file at {length}")]
    Truncated {
        /// The image.
        image: String,
        /// What is cut off.
        what: String,
        /// Where it should end.
        needed: u64,
        /// Where the file ends.
        length: u64,
    },
    /// It contradicts itself.
    #[error("{image} is damaged: {what}")]
    Damaged {
        /// The image.
        image: String,
        /// What makes no sense.
        what: String,
    },
    /// It wants what is not there.
    #[error("{} missing:\n  {}", count(missing), list(missing))]
    MissingExports {
        /// All of it.
        missing: Vec<Missing>,
    },
    /// Linux refused memory.
    #[error("mapping {image} failed: {source}")]
    Memory {
        /// The image.
        image: String,
        /// Why.
        source: io::Error,
    },
}

fn count(missing: &[Missing]) -> String {
    match missing.len() {
        1 => "1 export is".into(),
        count => format!("{count} exports are"),
    }
}

fn list(missing: &[Missing]) -> String {
    missing.iter().map(Missing::to_string).collect::<Vec<_>>().join("\n  ")
}
