//! Makes a machine ready: says what it lacks and why, and installs it where it may.
//!
//! ```text
//!   needs (what is missing?) --> plan (which commands?) --> run them, or show them and stop
//! ```
//!
//! Where nothing is missing this takes a few file look-ups and three short processes.

mod needs;
mod plan;
mod sources;
mod system;

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use self::needs::Need;
use self::plan::{Plan, Step};
use self::sources::Source;
use self::system::OsRelease;
use crate::failure::Failure;

/// What the machine is to be ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Building the driver.
    Build,
    /// Building the driver, and the checks that need no run of it.
    Check,
    /// Mutation testing, which needs nothing of the others.
    Mutants,
    /// Building the driver and making the package that Windows installs.
    Package,
    /// Building the driver and playing through it.
    Play,
    /// All of these, but mutation testing.
    Test,
}

/// Installs what is missing for `purpose`.
///
/// # Errors
/// [`Failure::Environment`] where something is missing that cannot be installed from here; the message has the
/// exact command that does it.
pub fn ensure(purpose: Purpose) -> Result<(), Failure> {
    let missing = needs::missing(purpose);
    if missing.is_empty() {
        return Ok(());
    }
    let os = OsRelease::parse(&fs::read_to_string("/etc/os-release").unwrap_or_default());
    eprintln!("setup: this machine ({}) lacks", os.name());
    for need in &missing {
        eprintln!("  {:<28} {}", need.name(), need.why());
    }
    if cfg!(not(all(target_os = "linux", target_arch = "x86_64"))) {
        return Err(Failure::Environment(
            "the rig needs Linux on x86-64: it runs the driver's own code".into(),
        ));
    }

    let plan = Plan::new(&missing, &os, &apt_sources());
    let by_hand =
        |reason: &str| Failure::Environment(format!("{reason}. This does it:\n\n{}\n", plan.shell()));
    if plan.needs_root() && !os.has_apt() {
        return Err(by_hand("packages can be installed by apt-get only, which this system does not have"));
    }
    if !plan.lost.is_empty() {
        let lost: Vec<String> = plan.lost.iter().map(|need| need.name()).collect();
        return Err(Failure::Environment(format!(
            "there is no source here for {}: install it by the means of this system, then run this again",
            lost.join(", ")
        )));
    }
    if plan.needs_rustup() && !runs("rustup", &["--version"]) {
        return Err(by_hand("this Rust toolchain lacks something, and there is no rustup to add it"));
    }
    let root = Root::find();
    if plan.needs_root() && root == Root::No {
        return Err(by_hand("installing packages takes root, or a sudo that does not ask"));
    }
    let supply = |steps: Vec<Step>| {
        steps.iter().try_for_each(|step| {
            eprintln!("setup: {}", step.shell(root == Root::Already));
            run(step, root).map_err(|error| by_hand(&format!("this failed ({error}); is the network there?")))
        })
    };
    supply(plan.preparation())?;
    supply(plan.installation(available))?;
    let missing = needs::missing(purpose);
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = missing.iter().map(Need::name).collect();
    Err(by_hand(&format!("all was installed, and yet there is no {}", names.join(", no "))))
}

/// How to become root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Already,
    Sudo,
    No,
}

impl Root {
    fn find() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        if system::effective_user(&status) == Some(0) {
            return Self::Already;
        }
        if runs("sudo", &["-n", "true"]) { Self::Sudo } else { Self::No }
    }
}

/// Runs a step; everything it says goes to standard error, so that the output of the task stays its own.
fn run(step: &Step, root: Root) -> io::Result<()> {
    let mut words = Vec::new();
    if step.root && root == Root::Sudo {
        words.extend(["sudo", "-n"]);
    }
    words.extend(step.unattended());
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).stdout(io::stderr());
    if step.input.is_some() {
        command.stdin(Stdio::piped()).stdout(Stdio::null());
    }
    let mut child = command.spawn()?;
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), &step.input) {
        stdin.write_all(input.as_bytes())?;
    }
    let status = child.wait()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{}: {status}", step.words[0]))) }
}

/// Whether apt knows a package by that name.
fn available(package: &str) -> bool {
    runs("apt-cache", &["show", "--no-all-versions", package])
}

/// Whether a command succeeds; nothing is seen of it.
fn runs(program: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Where apt takes packages from.
fn apt_sources() -> Vec<Source> {
    let apt = Path::new("/etc/apt");
    let mut files: Vec<_> = fs::read_dir(apt.join("sources.list.d"))
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .collect();
    files.sort();
    files.insert(0, apt.join("sources.list"));
    let sources = files.into_iter().filter_map(|file| {
        let text = fs::read_to_string(&file).ok()?;
        match file.extension()?.to_str()? {
            "list" => Some(sources::parse_lines(&text)),
            "sources" => Some(sources::parse_stanzas(&text)),
            _ => None,
        }
    });
    sources.flatten().collect()
}
