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

/// The same by what `cargo xtask test` has printed, both streams of it: only images are looked at anew.
///
/// # Errors
/// As for [`run`], where an image is to be built.
pub(super) fn read(repository: &Repository, table: &Table, printed: &str) -> Result<Outcomes, Failure> {
    let programs = programs(printed);
    let mut outcomes = BTreeMap::new();
    for test in table.features.iter().flat_map(|feature| &feature.tests) {
        let outcome = if test.package == IMAGE {
            image_outcome(repository, &test.target)?
        } else {
            let name =
                if test.target == "lib" { test.package.replace('-', "_") } else { test.target.clone() };
            let printed = programs.get(name.as_str()).into_iter().flatten().flatten();
            let of_each = printed.map(|printed| outcome(printed, &test.function));
            of_each.max_by_key(|outcome| *outcome != Outcome::Missing).unwrap_or(Outcome::Missing)
        };
        outcomes.insert(test.clone(), outcome);
    }
    Ok(Outcomes(outcomes))
}

/// What each test program printed, by its name, which programs of several packages may have.
///
/// Cargo names a program in a line like `Running tests/a.rs (target/rig/deps/a-0123)`, on the other stream: that may come
/// before the last lines of the program before it, so that what follows up to the next result is looked at, too.
fn programs(printed: &str) -> BTreeMap<&str, Vec<[&str; 2]>> {
    let parts: Vec<_> = printed.split("     Running ").skip(1).collect();
    let mut programs = BTreeMap::<_, Vec<_>>::new();
    for (index, part) in parts.iter().enumerate() {
        let (head, output) = part.split_once('\n').unwrap_or((part, ""));
        let next = parts.get(index + 1).and_then(|next| next.split("\ntest result: ").next());
        let late = if output.contains("\ntest result: ") { "" } else { next.unwrap_or_default() };
        programs.entry(program(head)).or_default().push([output, late]);
    }
    programs
}

/// `a` of `tests/a.rs (target/rig/deps/a-0123)`.
fn program(running: &str) -> &str {
    let file = running.trim_end().trim_end_matches(')').rsplit('/').next().unwrap_or_default();
    file.rsplit_once('-').map_or(file, |(name, _hash)| name)
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
    use super::{Outcome, outcome, programs};

    #[test]
    fn outcomes_are_read_from_what_is_printed() {
        let printed =
            "running 3 tests\ntest a::good ... ok\ntest bad ... FAILED\ntest not_good ... ignored\n";
        assert_eq!(outcome(printed, "good"), Outcome::Passed);
        assert_eq!(outcome(printed, "bad"), Outcome::Failed);
        assert_eq!(outcome(printed, "not_good"), Outcome::Failed);
        assert_eq!(outcome(printed, "absent"), Outcome::Missing);
    }
    #[test]
    fn each_program_of_a_whole_run_is_found() {
        let printed = "testing: each package\n     Running unittests src/lib.rs (/x/rig/deps/portcls-0a1b)\n\
                       test a::same ... ok\n     Running tests/ring.rs (/x/rig/deps/ring-11)\ntest late ... ok\n\
                       \ntest result: ok. 2 passed\ntest another ... ok\n\ntest result: ok. 1 passed\n     \
                       Running pure/ring.rs (/x/ring-22)\ntest same ... FAILED\n\ntest result: FAILED. 0 passed\n";
        let programs = programs(printed);
        let of = |name: &str, function: &str| {
            let each = programs[name].iter().flatten().map(|printed| outcome(printed, function));
            each.filter(|outcome| *outcome != Outcome::Missing).collect::<Vec<_>>()
        };
        assert_eq!(of("portcls", "same"), [Outcome::Passed]);
        assert_eq!(of("portcls", "late"), [Outcome::Passed]);
        assert_eq!(of("portcls", "another"), []);
        assert_eq!(of("ring", "same"), [Outcome::Failed]);
        assert_eq!(of("ring", "another"), [Outcome::Passed]);
    }
}
