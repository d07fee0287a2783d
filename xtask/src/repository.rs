//! Where things are.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use crate::failure::Failure;

/// A checkout of this repository.
#[derive(Debug, Clone)]
pub struct Repository {
    root: PathBuf,
    target: PathBuf,
}

impl Repository {
    /// The checkout that this program is run from.
    ///
    /// # Errors
    /// [`Failure::Environment`] if the checkout has been moved since this program was built.
    pub fn find() -> Result<Self, Failure> {
        let manifest = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        let root = Path::new(&manifest)
            .ancestors()
            .find(|directory| directory.join("Cargo.lock").is_file())
            .ok_or_else(|| Failure::Environment("no checkout here: run it as `cargo xtask`".to_string()))?;
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(directory) => root.join(directory),
            None => root.join("target"),
        };
        Ok(Self { root: root.to_path_buf(), target })
    }

    /// The directory that holds the workspace's Cargo.toml.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The directory for everything that is made: `target`, or what CARGO_TARGET_DIR says.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Cargo, run in the root.
    pub fn cargo(&self) -> Command {
        cargo_in(&self.root)
    }
}

/// The cargo that started this program, run in `directory`.
pub(crate) fn cargo_in(directory: &Path) -> Command {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    cargo.current_dir(directory);
    cargo
}

/// Runs `command` with its output on the terminal.
///
/// # Errors
/// [`Failure::Environment`] if it cannot be started, [`Failure::Wrong`] saying `what` if it fails.
pub(crate) fn run(command: &mut Command, what: &str) -> Result<(), Failure> {
    let status = command.status().map_err(|error| {
        Failure::Environment(format!("cannot run {}: {error}", command.get_program().to_string_lossy()))
    })?;
    if status.success() { Ok(()) } else { Err(Failure::Wrong(what.to_string())) }
}
