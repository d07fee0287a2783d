//! Everything that continuous integration runs.

use crate::check;
use crate::driver::{self, Architecture, Profile};
use crate::failure::Failure;
use crate::play;
use crate::repository::{self, Repository};
use crate::setup::{self, Purpose};

/// Readies the machine, checks what can be judged without running, builds driver and rig, and runs all tests.
///
/// The end-to-end tests play minutes of sound through the rig: they and it are compiled for speed.
///
/// # Errors
/// [`Failure::Wrong`] at the first step that is not as it should be, [`Failure::Environment`] as for
/// [`setup::ensure`].
pub fn run(repository: &Repository) -> Result<(), Failure> {
    setup::ensure(Purpose::Test)?;
    check::run(repository)?;
    driver::build(repository, Architecture::X86_64, Profile::Release)?;
    play::rig(repository)?;
    eprintln!("testing: each package");
    // The driver itself is no program of this system: its tests are those of the package waverust-tests.
    let packages =
        ["test", "--profile", "rig", "--workspace", "--exclude", "waverust", "--exclude", "waverust-tests"];
    repository::run(repository.cargo().args(packages), "a test of a package fails")?;
    eprintln!("testing: driver and rig, end to end");
    let end_to_end = ["test", "--profile", "rig", "--package", "waverust-tests"];
    repository::run(repository.cargo().args(end_to_end), "an end-to-end test fails")
}
