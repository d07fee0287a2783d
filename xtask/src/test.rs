//! Everything that continuous integration runs.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::check;
use crate::driver::{self, Architecture, Profile};
use crate::failure::Failure;
use crate::play;
use crate::repository::Repository;
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
    let mut count = Count::default();
    count.test(repository.cargo().args(packages), "a test of a package fails")?;
    eprintln!("testing: driver and rig, end to end");
    let end_to_end = ["test", "--profile", "rig", "--package", "waverust-tests"];
    count.test(repository.cargo().args(end_to_end), "an end-to-end test fails")?;
    println!("{} passed, {} failed", count.passed, count.failed);
    Ok(())
}

/// Tests of all test programs.
#[derive(Default)]
struct Count {
    passed: u64,
    failed: u64,
}

impl Count {
    /// Runs `cargo test`, shows what it prints, and adds up its closing lines.
    fn test(&mut self, command: &mut Command, what: &str) -> Result<(), Failure> {
        let unusable = |error| Failure::Environment(format!("cannot run cargo test: {error}"));
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(unusable)?;
        if let Some(output) = child.stdout.take() {
            for line in BufReader::new(output).lines() {
                let line = line.map_err(unusable)?;
                println!("{line}");
                self.add(&line);
            }
        }
        if child.wait().map_err(unusable)?.success() { Ok(()) } else { Err(Failure::Wrong(what.to_string())) }
    }

    /// Takes in a line like `test result: ok. 3 passed; 0 failed; 0 ignored; ...`.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        for part in result.split([';', '.']) {
            let mut words = part.split_whitespace();
            let Some(number) = words.next().and_then(|word| word.parse::<u64>().ok()) else { continue };
            match words.next() {
                Some("passed") => self.passed += number,
                Some("failed") => self.failed += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[test]
    fn closing_lines_are_added_up() {
        let mut count = Count::default();
        for line in [
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 2.61s",
            "test result: FAILED. 2 passed; 1 failed; 4 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test something ... ok",
        ] {
            count.add(line);
        }
        assert_eq!((count.passed, count.failed), (5, 1));
    }
}
