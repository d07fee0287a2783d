//! The tests that the table names: do they pass?

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::process::Command;

use super::table::{Table, TestName};
use crate::check;
use crate::driver::{self, Architecture, Profile};
use crate::failure::Failure;
use crate::play;
use crate::repository::Repository;

/// What came of a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It passed.
    Passed,
    /// It failed.
    Failed,
    /// It did not run: there is none of this name, or its program could not be built.
    Missing,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "pass",
            Self::Failed => "FAIL",
            Self::Missing => "MISSING",
        })
    }
}

/// What came of all of them.
pub(super) struct Outcomes(BTreeMap<TestName, Outcome>);

impl Outcomes {
    /// What came of `test`.
    pub(super) fn of(&self, test: &TestName) -> Outcome {
        self.0.get(test).copied().unwrap_or(Outcome::Missing)
    }
}

/// What stands for a package where the built image of an architecture is checked: `image/x86_64/rules`.
pub(super) const IMAGE: &str = "image";

/// Runs each test program that `table` names, once.
///
/// # Errors
/// Those of building driver and rig; [`Failure::Environment`] if cargo cannot be run.
pub(super) fn run(repository: &Repository, table: &Table) -> Result<Outcomes, Failure> {
    driver::build(repository, Architecture::X86_64, Profile::Release)?;
    play::rig(repository)?;
    let mut programs: BTreeMap<(&str, &str), BTreeSet<&TestName>> = BTreeMap::new();
    for test in table.features.iter().flat_map(|feature| &feature.tests) {
        programs.entry((&test.package, &test.target)).or_default().insert(test);
    }
    let mut outcomes = BTreeMap::new();
    for ((package, target), tests) in programs {
        eprintln!("running: {package}/{target}");
        if package == IMAGE {
            let outcome = image_outcome(repository, target)?;
            outcomes.extend(tests.into_iter().map(|test| (test.clone(), outcome)));
            continue;
        }
        let printed = printed(&mut command(repository, package, target, &tests))?;
        for test in tests {
            outcomes.insert(test.clone(), outcome(&printed, &test.function));
        }
    }
    Ok(Outcomes(outcomes))
}

/// The image of the driver for the processor `name` is as it must be.
fn image_outcome(repository: &Repository, name: &str) -> Result<Outcome, Failure> {
    let Some(architecture) = Architecture::ALL.into_iter().find(|each| each.to_string() == name) else {
        return Ok(Outcome::Missing);
    };
    match check::image(repository, architecture) {
        Ok(()) => Ok(Outcome::Passed),
        Err(Failure::Wrong(_)) => Ok(Outcome::Failed),
        Err(failure) => Err(failure),
    }
}

fn command(repository: &Repository, package: &str, target: &str, tests: &BTreeSet<&TestName>) -> Command {
    let mut cargo = repository.cargo();
    cargo.args(["test", "--profile", "rig", "--package", package]);
    if target == "lib" {
        cargo.arg("--lib");
    } else {
        cargo.args(["--test", target]);
    }
    cargo.arg("--").args(tests.iter().map(|test| &test.function));
    cargo
}

/// What a program writes to its standard output, whether it succeeds or not.
fn printed(command: &mut Command) -> Result<String, Failure> {
    let output = command
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|error| Failure::Environment(format!("cannot run cargo test: {error}")))?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What became of `function` by the lines `test PATH ... ok`.
fn outcome(printed: &str, function: &str) -> Outcome {
    let result = printed.lines().find_map(|line| {
        let (path, result) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
        let name = path.strip_suffix(" - should panic").unwrap_or(path);
        (name.rsplit("::").next() == Some(function)).then_some(result)
    });
    match result {
        Some("ok") => Outcome::Passed,
        Some(_) => Outcome::Failed,
        None => Outcome::Missing,
    }
}

#[cfg(test)]
mod tests {
    use super::{Outcome, outcome};

    #[test]
    fn outcomes_are_read_from_what_is_printed() {
        let printed =
            "running 3 tests\ntest a::good ... ok\ntest bad ... FAILED\ntest not_good ... ignored\n";
        assert_eq!(outcome(printed, "good"), Outcome::Passed);
        assert_eq!(outcome(printed, "bad"), Outcome::Failed);
        assert_eq!(outcome(printed, "not_good"), Outcome::Failed);
        assert_eq!(outcome(printed, "absent"), Outcome::Missing);
    }
}
