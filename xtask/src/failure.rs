//! Why a task did not succeed, and what the shell is told.

use std::{fmt, io, path::Path, process::ExitCode};

/// A task that did not succeed.
#[derive(Debug)]
pub enum Failure {
    /// What was checked or built is not right: exit status 1.
    Wrong(String),
    /// The task was not called rightly, or the machine lacks something: exit status 2.
    Environment(String),
}

impl Failure {
    /// An operation on `path` that the system refused.
    pub fn io(path: &Path, error: &io::Error) -> Self {
        Self::Environment(format!("{}: {error}", path.display()))
    }

    /// The exit status that tells the kinds apart.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Wrong(_) => ExitCode::from(1),
            Self::Environment(_) => ExitCode::from(2),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong(message) | Self::Environment(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Failure {}
