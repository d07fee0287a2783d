//! Everything that can be judged without running the driver.

use std::{fs, process::Command};

use crate::{
    driver::{self, Architecture, Profile},
    failure::Failure,
    image,
    inf::{self, Driver},
    mirror::Mirror,
    package::{self, date::Date},
    repository::{self, Repository},
};

/// Checks the format of all sources, the INF, lints, and the driver's images.
///
/// # Errors
/// [`Failure::Wrong`] at the first of these that is not as it should be; an image is reported on whole.
pub fn run(repository: &Repository) -> Result<(), Failure> {
    say("format");
    format(repository)?;
    say("the INF (these rules are not InfVerif, which runs on Windows alone)");
    inf(repository)?;
    say("lints of the workspace");
    let mut clippy = repository.cargo();
    clippy.args([
        "clippy",
        "--workspace",
        "--exclude",
        "waverust",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]);
    repository::run(&mut clippy, "clippy finds fault with the workspace")?;
    say("lints of crates/wdk-cross");
    lint_wdk_cross(repository)?;
    for architecture in Architecture::ALL {
        say(&format!("lints of the driver for {architecture}"));
        driver::lint(repository, architecture)?;
    }
    for architecture in Architecture::ALL {
        say(&format!("image of the driver for {architecture}"));
        image(repository, architecture)?;
    }
    Ok(())
}

fn say(what: &str) {
    eprintln!("checking: {what}");
}

/// rustfmt over the workspace, and over the package that is no member of it.
fn format(repository: &Repository) -> Result<(), Failure> {
    const UNFORMATTED: &str = "not formatted: run `cargo fmt --all`, and rustfmt in crates/wdk-cross";
    repository::run(repository.cargo().args(["fmt", "--all", "--check"]), UNFORMATTED)?;
    let package = repository.root().join("crates/wdk-cross");
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--edition", "2024", "--check", "build.rs", "src/lib.rs"]).current_dir(package);
    repository::run(&mut rustfmt, UNFORMATTED)
}

/// Clippy over crates/wdk-cross, from a mirror: in place it would leave a lock file of its own.
fn lint_wdk_cross(repository: &Repository) -> Result<(), Failure> {
    let root = repository.root();
    let mirror = Mirror::new(
        &root.join("crates/wdk-cross"),
        &root.join("Cargo.lock"),
        repository.target().join("wdk-cross"),
    )?;
    let mut clippy = mirror.cargo();
    clippy.args(["clippy", "--all-targets", "--", "--deny", "warnings"]);
    repository::run(&mut clippy, "clippy finds fault with crates/wdk-cross")?;
    mirror.verify_lock()
}

/// The INF for all processors, and for each one alone.
fn inf(repository: &Repository) -> Result<(), Failure> {
    // Any date will do: there need not be a commit to take it from.
    const SOME_DAY: u64 = 1_767_225_600;
    let driver = Driver::read(repository)?;
    let mut count = 0;
    for architectures in [&Architecture::ALL[..], &Architecture::ALL[..1], &Architecture::ALL[1..]] {
        let text = package::inf(repository, architectures, Date::from_epoch(SOME_DAY))?;
        let findings = inf::check(&text, &driver);
        findings.iter().for_each(|finding| eprintln!("{finding}"));
        count += findings.len();
    }
    if count == 0 { Ok(()) } else { Err(Failure::Wrong(format!("inf/waverust.inx: {count} findings"))) }
}

/// Builds the image of the driver for `architecture` and checks it; findings go to the terminal.
///
/// # Errors
/// [`Failure::Wrong`] if the driver cannot be built or there is a finding, [`Failure::Environment`] if the image cannot
/// be read.
pub(crate) fn image(repository: &Repository, architecture: Architecture) -> Result<(), Failure> {
    let driver = driver::build(repository, architecture, Profile::Release)?;
    let bytes = fs::read(&driver.image).map_err(|error| Failure::io(&driver.image, &error))?;
    let findings = image::check(&bytes, architecture);
    for finding in &findings {
        eprintln!("{finding}");
    }
    if findings.is_empty() {
        Ok(())
    } else {
        Err(Failure::Wrong(format!("{}: {} findings", driver.image.display(), findings.len())))
    }
}
