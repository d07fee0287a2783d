//! Runs a test program until the first test fails: no more is needed to tell a mutant.

use std::ffi::OsString;
use std::io::{BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};

use crate::failure::Failure;

/// Bytes of address space that a test gets: a mutant may ask for memory without end.
const MEMORY: &str = "--as=4294967296";

/// Runs the program and the arguments in `words`.
///
/// # Errors
/// [`Failure::Environment`] if it cannot be run.
pub fn run(words: &[OsString]) -> Result<ExitCode, Failure> {
    let unusable = |error| Failure::Environment(format!("cannot run the test: {error}"));
    let mut command = Command::new("prlimit");
    command.arg(MEMORY).arg("--").args(words).stdout(Stdio::piped());
    let mut child = command.spawn().map_err(unusable)?;
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line.map_err(unusable)?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            if is_failure(&line) {
                child.kill().map_err(unusable)?;
                break;
            }
        }
    }
    let passed = child.wait().map_err(unusable)?.success();
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Whether a test program says so of one test.
fn is_failure(line: &str) -> bool {
    line.starts_with("test ") && line.trim_end().ends_with("... FAILED")
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::process::ExitCode;

    use super::{is_failure, run};

    /// Runs a shell in the place of a test program.
    fn shell(script: &str) -> ExitCode {
        let words = ["sh", "-c", script].map(OsString::from);
        run(&words).expect("a shell and prlimit")
    }

    #[test]
    fn the_first_failure_ends_it() {
        let script = "echo 'test a ... ok'; echo 'test b ... FAILED'; exec sleep 1000";
        assert_eq!(shell(script), ExitCode::FAILURE);
    }

    #[test]
    fn what_passes_passes() {
        assert_eq!(shell("echo 'test a ... ok'"), ExitCode::SUCCESS);
        assert_eq!(shell("echo 'test a ... ok'; exit 101"), ExitCode::FAILURE);
    }

    #[test]
    fn memory_has_an_end() {
        assert_eq!(shell("test $(ulimit -v) -eq 4194304"), ExitCode::SUCCESS);
    }

    #[test]
    fn only_a_test_that_fails_is_a_failure() {
        assert!(is_failure("test a::b ... FAILED"));
        for line in ["test a ... ok", "test result: FAILED. 1 passed", "FAILED", "", "it said ... FAILED"] {
            assert!(!is_failure(line), "{line}");
        }
    }
}
