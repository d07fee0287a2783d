//! Mutation testing: in the parts of the driver that tests run on this system, what cargo-mutants changes must make a
//! test fail.
//!
//! ```text
//!   mutants.txt --(source, its tests)--> cargo-mutants, in a copy --(outcomes.json)--> held against mutants.txt
//! ```
//!
//! The driver is no program of this system: what a mutant costs is building and running the few tests that its source
//! is compiled into.

mod copy;
mod outcomes;
mod runner;
mod table;
mod verdict;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::failure::Failure;
use crate::repository::{self, Repository};
use crate::setup::{self, Purpose};

pub use runner::run as run_test;
use table::Source;
use verdict::Verdict;

/// The table.
const TEXT: &str = include_str!("mutants.txt");

/// How cargo-mutants ends when it has tried all mutants: all were caught, some were not, some took too long.
const COMPLETE: [i32; 3] = [0, 2, 3];

/// How mutants are built.
const PROFILE: &str = "mutants";

/// How long a test may take beyond four times what it takes as a rule.
const PATIENCE: Duration = Duration::from_secs(10);

/// What is to be run.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Part of the names of the sources.
    pub only: Option<String>,
    /// Whether the sources are to be named only.
    pub list: bool,
}

/// Tries all mutants of the sources that are `wanted`.
///
/// # Errors
/// [`Failure::Wrong`] if a mutant lives and nobody has said why, or an explanation is out of date;
/// [`Failure::Environment`] where it does not come to a result.
pub fn run(repository: &Repository, wanted: &Wanted) -> Result<(), Failure> {
    let sources = table::parse(TEXT).map_err(Failure::Wrong)?;
    let part = wanted.only.as_deref().unwrap_or_default();
    let sources: Vec<Source> = sources.into_iter().filter(|source| source.file.contains(part)).collect();
    if sources.is_empty() {
        return Err(Failure::Environment(format!(
            "no source has '{part}' in its name; --list names them all"
        )));
    }
    if wanted.list {
        for Source { file, package, tests, .. } in &sources {
            println!("{file:<40} {package} {}", tests.join(" "));
        }
        return Ok(());
    }
    setup::ensure(Purpose::Mutants)?;
    let workshop = Workshop::new(repository)?;
    let mut faults = Vec::new();
    let mut report = format!("{:<40} caught unviable explained open\n", "source");
    for source in &sources {
        let Verdict { counts, faults: more } = workshop.try_all(source)?;
        report += &format!(
            "{:<40} {:>6} {:>8} {:>9} {:>4}\n",
            source.file, counts.caught, counts.unviable, counts.explained, counts.open
        );
        faults.extend(more);
    }
    print!("{report}");
    if faults.is_empty() {
        return Ok(());
    }
    let advice = "a test is missing, the code does nothing, or xtask/src/mutants/mutants.txt has to say why";
    Err(Failure::Wrong(format!("{}\n{advice}", faults.join("\n"))))
}

/// Where mutants are made, by one run at a time.
struct Workshop {
    _alone: File,
    copy: PathBuf,
    made: PathBuf,
    results: PathBuf,
}

impl Workshop {
    fn new(repository: &Repository) -> Result<Self, Failure> {
        let place = repository.target().join("mutants");
        fs::create_dir_all(&place).map_err(|error| Failure::io(&place, &error))?;
        let path = place.join("lock");
        let alone = File::create(&path).map_err(|error| Failure::io(&path, &error))?;
        if alone.try_lock().is_err() {
            return Err(Failure::Environment("mutants are being made here already".into()));
        }
        let copy = place.join("copy");
        copy::sync(repository.root(), &copy)?;
        Ok(Self { _alone: alone, copy, made: place.join("target"), results: place.join("results") })
    }

    /// Tries the mutants of one source.
    fn try_all(&self, source: &Source) -> Result<Verdict, Failure> {
        let results = self.results.join(source.file.replace('/', "-"));
        fs::create_dir_all(&results).map_err(|error| Failure::io(&results, &error))?;
        eprintln!("mutants: {}", source.file);
        let patience = PATIENCE + 4 * self.time_tests(source)?;
        let mut mutants = self.mutants(source, patience, &results)?;
        let status = mutants
            .status()
            .map_err(|error| Failure::Environment(format!("cannot run cargo mutants: {error}")))?;
        if !status.code().is_some_and(|code| COMPLETE.contains(&code)) {
            return Err(Failure::Environment(format!("{}: cargo mutants: {status}", source.file)));
        }
        let outcomes = read(&results.join("mutants.out/outcomes.json"))?;
        let tried = outcomes::parse(&outcomes).map_err(Failure::Environment)?;
        if tried.is_empty() {
            return Err(Failure::Wrong(format!("{}: there is nothing in it to mutate", source.file)));
        }
        Ok(verdict::judge(&source.file, &read(&self.copy.join(&source.file))?, &tried, &source.explained))
    }

    /// How long the tests run that hold a source: as it is, they must pass.
    ///
    /// cargo-mutants would do so, too, but with the tests of the package that the source is of.
    fn time_tests(&self, source: &Source) -> Result<Duration, Failure> {
        let tests = || {
            let mut cargo = self.cargo();
            cargo.args(["test", "--quiet", "--profile", PROFILE, "--package", &source.package]);
            cargo.args(source.tests.iter().map(|test| format!("--test={test}")));
            cargo
        };
        let what = format!("{}: its tests fail as it is", source.file);
        repository::run(tests().arg("--no-run"), &what)?;
        let begin = Instant::now();
        repository::run(tests().arg(format!("--config={}", runner()?)).stdout(Stdio::null()), &what)?;
        Ok(begin.elapsed())
    }

    fn mutants(&self, source: &Source, patience: Duration, results: &Path) -> Result<Command, Failure> {
        let mut cargo = self.cargo();
        cargo.args([
            "mutants",
            "--no-config",
            "--in-place",
            "--no-times",
            "--baseline",
            "skip",
            "--workspace",
        ]);
        cargo.args(["--profile", PROFILE, "--file", &source.file, "--test-package", &source.package]);
        cargo.arg(format!("--timeout={}", patience.as_secs())).arg("--output").arg(results);
        cargo.args(source.tests.iter().map(|test| format!("--cargo-arg=--test={test}")));
        cargo.arg(format!("--cargo-test-arg=--config={}", runner()?));
        Ok(cargo)
    }

    /// Cargo in the copy. Tests try the same cases each time, and make none smaller once it fails; short ones need not
    /// wait for long ones.
    fn cargo(&self) -> Command {
        let mut cargo = repository::cargo_in(&self.copy);
        cargo.env("CARGO_TARGET_DIR", &self.made);
        cargo.env("PROPTEST_RNG_SEED", "1").env("PROPTEST_MAX_SHRINK_ITERS", "0");
        cargo.env("PROPTEST_DISABLE_FAILURE_PERSISTENCE", "true").env("RUST_BACKTRACE", "0");
        cargo.env("RUST_TEST_THREADS", "8");
        cargo
    }
}

/// Cargo's setting that makes this program run the tests.
fn runner() -> Result<String, Failure> {
    let own = std::env::current_exe()
        .map_err(|error| Failure::Environment(format!("cannot find this program: {error}")))?;
    let own = own.to_str().filter(|path| !path.contains('\''));
    let own =
        own.ok_or_else(|| Failure::Environment("this program's path cannot be told to cargo".into()))?;
    Ok(format!("target.'cfg(all())'.runner=['{own}','run-mutant']"))
}

fn read(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| Failure::io(path, &error))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::{TEXT, table};
    use crate::mutants::table::Source;

    fn root() -> &'static Path {
        Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package is in the workspace")
    }

    fn sources() -> Vec<Source> {
        table::parse(TEXT).expect("the table is well-formed")
    }

    /// The test program that models locks: it shows in which order things happen, not what comes of them.
    const MODELS: &str = "serialisation";

    /// The test programs of the driver's arithmetic, as the manifest of the tests has them.
    fn pure_tests() -> Vec<String> {
        let manifest = fs::read_to_string(root().join("tests/Cargo.toml")).expect("a manifest");
        let targets = manifest.split("[[test]]").filter(|target| target.contains("path = \"pure/"));
        let name = |target: &str| Some(target.split_once("name = \"")?.1.split_once('"')?.0.to_owned());
        targets.map(|target| name(target).expect("a name")).filter(|name| name != MODELS).collect()
    }

    #[test]
    fn every_source_is_there_with_the_code_that_is_explained() {
        for Source { file, explained, .. } in sources() {
            let code = fs::read_to_string(root().join(&file)).expect(&file);
            for known in explained {
                let there = code.lines().any(|line| line.trim() == known.code);
                assert!(there, "{file}: no longer there: {}", known.code);
            }
        }
    }

    #[test]
    fn sources_of_the_driver_are_held_by_all_tests_of_its_arithmetic() {
        let mut named: Vec<String> = Vec::new();
        for Source { file, package, tests, .. } in sources() {
            if package == "waverust-tests" {
                assert!(!tests.is_empty(), "{file}: all tests of the package are too many");
                named.extend(tests);
            }
        }
        named.sort();
        named.dedup();
        let mut pure = pure_tests();
        pure.sort();
        assert_eq!(named, pure);
    }
}
