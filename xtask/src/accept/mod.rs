//! The long run: everything that the driver is to play and record, in every combination that matters.
//!
//! What continuous integration runs is a short cut through this; here each run lasts as long as asked, a minute by
//! default. A table line is printed as each run ends.

mod figures;
mod matrix;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::driver::{self, Architecture, Profile};
use crate::failure::Failure;
use crate::play;
use crate::repository::Repository;
use crate::setup::{self, Purpose};

use figures::Figures;
use matrix::Case;

/// What is to be run.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Seconds of sound in each run.
    pub seconds: u32,
    /// Part of the names of the cases to be run.
    pub only: Option<String>,
    /// Whether the cases are to be named only.
    pub list: bool,
}

/// Runs the matrix.
///
/// # Errors
/// [`Failure::Wrong`] if any run was not as it should be, [`Failure::Environment`] where it does not come to a run.
pub fn run(repository: &Repository, wanted: &Wanted) -> Result<(), Failure> {
    let cases = matrix::cases();
    let part = wanted.only.as_deref().unwrap_or_default();
    let cases: Vec<&Case> = cases.iter().filter(|case| case.name.contains(part)).collect();
    if cases.is_empty() {
        return Err(Failure::Environment(format!("no case has '{part}' in its name; --list names them all")));
    }
    if wanted.list {
        cases.iter().for_each(|case| println!("{:<44} {}", case.name, case.arguments.join(" ")));
        return Ok(());
    }
    setup::ensure(Purpose::Play)?;
    let rig = play::rig(repository)?;
    let image = driver::build(repository, Architecture::X86_64, Profile::Release)?.image;
    let folder = repository.target().join("accept");
    std::fs::create_dir_all(&folder).map_err(|error| Failure::io(&folder, &error))?;
    println!("{}", figures::HEADING);
    let mut failed = Vec::new();
    for case in &cases {
        let faults = accept(&Place { rig: &rig, image: &image, folder: &folder }, case, wanted.seconds)?;
        if !faults.is_empty() {
            faults.iter().for_each(|fault| println!("{:<44} {fault}", ""));
            failed.push(case.name.clone());
        }
    }
    println!("{} of {} as they should be", cases.len() - failed.len(), cases.len());
    if failed.is_empty() { Ok(()) } else { Err(Failure::Wrong(format!("failed: {}", failed.join(", ")))) }
}

/// Where everything lies.
struct Place<'a> {
    rig: &'a Path,
    image: &'a Path,
    folder: &'a Path,
}

/// Runs one case as often as it asks for; what was wrong.
fn accept(place: &Place<'_>, case: &Case, seconds: u32) -> Result<Vec<String>, Failure> {
    let mut faults = Vec::new();
    let mut trace: Option<String> = None;
    for round in 0..case.rounds {
        let (status, report) = rig(place, case, seconds)?;
        let figures = std::fs::read_to_string(&report).ok().and_then(|text| Figures::of(&text));
        let Some(figures) = figures else {
            faults.push(format!("no report was written, exit status {status}"));
            break;
        };
        if round == 0 {
            println!("{}", figures.line(&case.name));
            faults.extend(figures.faults(&case.limits));
        }
        if status != 0 {
            faults.push(format!("exit status {status}"));
        }
        let same = trace.get_or_insert_with(|| figures.trace.clone());
        if *same != figures.trace {
            faults.push(format!("run {} of the same left another trace", round + 1));
        }
        if !faults.is_empty() {
            break;
        }
    }
    Ok(faults)
}

fn rig(place: &Place<'_>, case: &Case, seconds: u32) -> Result<(i32, PathBuf), Failure> {
    let report = place.folder.join("report.json");
    let _ = std::fs::remove_file(&report);
    let status = Command::new(place.rig)
        .args(&case.arguments)
        .args(["--seconds", &seconds.to_string(), "--driver"])
        .arg(place.image)
        .arg("--report")
        .arg(&report)
        .stdout(Stdio::null())
        .status()
        .map_err(|error| Failure::io(place.rig, &error))?;
    Ok((status.code().unwrap_or(-1), report))
}
