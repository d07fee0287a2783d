//! Plays and records through the driver: readies the machine, builds driver and rig, runs the rig.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use crate::driver::{self, Architecture, Profile};
use crate::failure::Failure;
use crate::repository::{self, Repository};
use crate::setup::{self, Purpose};

/// What the rig can do with sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// Play.
    Play,
    /// Record.
    Record,
    /// Both at once.
    Duplex,
}

impl Task {
    fn name(self) -> &'static str {
        match self {
            Self::Play => "play",
            Self::Record => "record",
            Self::Duplex => "duplex",
        }
    }

    /// Files that are written unless the arguments say where else.
    fn written(self) -> Vec<(&'static str, &'static str)> {
        let mut files = vec![("--report", "report.json"), ("--html", "report.html")];
        files.extend(match self {
            Self::Play => vec![("--out", "out.wav")],
            Self::Record => vec![("--out", "recorded.wav")],
            Self::Duplex => vec![("--out", "out.wav"), ("--recording", "recorded.wav")],
        });
        files
    }
}

/// Runs the rig's task with `arguments`, in the current directory. An image given by `--driver` is used instead of
/// ours. The exit status is the rig's: 0 all well, 1 the sound differs, 2 usage or environment, 3 a finding.
///
/// # Errors
/// [`Failure`] where it does not come to a run.
pub fn run(repository: &Repository, task: Task, arguments: &[OsString]) -> Result<ExitCode, Failure> {
    setup::ensure(Purpose::Play)?;
    let rig = rig(repository)?;
    let mut command = Command::new(&rig);
    command.arg(task.name()).args(arguments);
    if !["--help", "-h"].iter().any(|help| arguments.iter().any(|argument| argument == help)) {
        if !has(arguments, "--driver") {
            let driver = driver::build(repository, Architecture::X86_64, Profile::Release)?;
            command.arg("--driver").arg(driver.image);
        }
        for (option, file) in task.written().into_iter().filter(|(option, _)| !has(arguments, option)) {
            command.args([option, file]);
        }
    }
    let status = command
        .status()
        .map_err(|error| Failure::Environment(format!("cannot run {}: {error}", rig.display())))?;
    match status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(code) => Ok(ExitCode::from(code)),
        None => Err(Failure::Environment(format!("the rig did not end by itself: {status}"))),
    }
}

/// Builds the rig, for speed; gives its program.
pub(crate) fn rig(repository: &Repository) -> Result<PathBuf, Failure> {
    let mut cargo = repository.cargo();
    cargo.args(["build", "--profile", "rig", "--package", "waverust-rig"]);
    repository::run(&mut cargo, "the rig does not build")?;
    Ok(repository.target().join("rig/rig"))
}

/// Whether an option is among the arguments, as `--option value` or `--option=value`.
fn has(arguments: &[OsString], option: &str) -> bool {
    let is_it = |argument: &OsStr| {
        let rest = argument.as_encoded_bytes().strip_prefix(option.as_bytes());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(b"="))
    };
    arguments.iter().any(|argument| is_it(argument))
}

#[cfg(test)]
mod tests {
    use super::{Task, has};

    #[test]
    fn every_task_leaves_a_report_and_its_sound() {
        for task in [Task::Play, Task::Record, Task::Duplex] {
            let files: Vec<&str> = task.written().into_iter().map(|(option, _)| option).collect();
            assert!(["--report", "--html", "--out"].iter().all(|option| files.contains(option)), "{task:?}");
        }
    }

    #[test]
    fn options_are_recognised_in_both_forms() {
        let arguments = ["song.wav", "--out", "x.wav", "--report=r.json", "--htmlx", "--driver-path"];
        let arguments = arguments.map(Into::into);
        assert!(has(&arguments, "--out") && has(&arguments, "--report"));
        assert!(!has(&arguments, "--html") && !has(&arguments, "--driver"));
    }
}
