//! Hostile callers for as long as one likes.

use crate::driver::{self, Architecture, Profile};
use crate::failure::Failure;
use crate::play;
use crate::repository::{self, Repository};

/// Runs the tests of `tests/contract/hostile.rs` for `seconds` each, with other changes each time. One that ends badly
/// prints what it tried last.
///
/// # Errors
/// [`Failure::Wrong`] at the first finding; those of building driver and rig.
pub fn run(repository: &Repository, seconds: u32) -> Result<(), Failure> {
    driver::build(repository, Architecture::X86_64, Profile::Release)?;
    play::rig(repository)?;
    let mut cargo = repository.cargo();
    cargo.args([
        "test",
        "--profile",
        "rig",
        "--package",
        "waverust-tests",
        "--test",
        "contract",
        "--",
        "hostile",
    ]);
    cargo.arg("--nocapture").env("WAVERUST_FUZZ_SECONDS", seconds.to_string());
    repository::run(&mut cargo, "a hostile caller came through")
}
