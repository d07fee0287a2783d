//! The emulator's process: it lives no longer than we do, and its last words are kept.

use std::{
    cell::RefCell,
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::process::CommandExt,
    },
    process::{Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use crate::pci::{HardwareError, Result, ram::memory_file};

/// How long an orderly exit may take.
const EXIT_PATIENCE: Duration = Duration::from_secs(10);

/// A running emulator; killed on drop.
#[derive(Debug)]
pub(super) struct Process {
    child: RefCell<Child>,
    stderr: OwnedFd,
}

impl Process {
    /// Starts `program`. The descriptors of `inherited` keep their numbers in it.
    pub(super) fn start(
        program: &str,
        arguments: &[String],
        environment: &[(&str, String)],
        inherited: &[&OwnedFd],
    ) -> Result<Self> {
        let stderr =
            memory_file(c"qemu-stderr", 0).map_err(HardwareError::system("making a file in memory"))?;
        let said = stderr.try_clone().map_err(HardwareError::system("duplicating a descriptor"))?;
        let numbers: Vec<_> = inherited.iter().map(|descriptor| descriptor.as_raw_fd()).collect();
        let parent = std::process::id();
        let mut command = Command::new(program);
        command.args(arguments).envs(environment.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(said);
        // SAFETY: between fork and exec the closure makes plain system calls only: it neither allocates nor
        // takes a lock.
        unsafe { command.pre_exec(move || tie_to_parent(parent).and_then(|()| keep_open(&numbers))) };
        let child = command.spawn().map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => HardwareError::NotInstalled { program: program.into() },
            _ => HardwareError::System { doing: "starting QEMU", source: error },
        })?;
        Ok(Self { child: RefCell::new(child), stderr })
    }

    /// The error for a connection that broke while the rig was `doing` something.
    pub(super) fn ended(&self, doing: &str) -> HardwareError {
        // Its sockets close a little before it is gone.
        let status = self.wait(Duration::from_secs(1)).map_or(String::new(), |status| status.to_string());
        HardwareError::Ended { doing: doing.into(), status, stderr: self.last_words() }
    }

    /// What it wrote to its standard error.
    pub(super) fn last_words(&self) -> String {
        let mut text = Vec::new();
        let read = self.stderr.try_clone().map(File::from).and_then(|mut file| {
            file.seek(SeekFrom::Start(0))?;
            file.read_to_end(&mut text)
        });
        match read {
            Ok(_) => String::from_utf8_lossy(&text).into_owned(),
            Err(error) => format!("(unreadable: {error})"),
        }
    }

    /// Waits for the end that it was asked for.
    pub(super) fn finish(&self) -> Result<()> {
        let doing = "switching the machine off";
        match self.wait(EXIT_PATIENCE) {
            Some(status) if status.success() => Ok(()),
            Some(_) => Err(self.ended(doing)),
            None => Err(HardwareError::Silent {
                doing: doing.into(),
                seconds: EXIT_PATIENCE.as_secs(),
                stderr: self.last_words(),
            }),
        }
    }

    fn wait(&self, patience: Duration) -> Option<ExitStatus> {
        let end = Instant::now() + patience;
        loop {
            match self.child.borrow_mut().try_wait() {
                Ok(Some(status)) => return Some(status),
                Ok(None) if Instant::now() < end => thread::sleep(Duration::from_millis(2)),
                _ => return None,
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let child = self.child.get_mut();
        // Both fail only if it has ended already.
        let _ = child.kill();
        let _ = child.wait();
    }
}

/// In the child: be killed when the thread that started us ends.
fn tie_to_parent(parent: u32) -> io::Result<()> {
    // SAFETY: takes integers only.
    if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: has no arguments and cannot fail.
    let now = unsafe { libc::getppid() };
    // The parent may have gone before the call above.
    if now as u32 == parent { Ok(()) } else { Err(io::Error::from_raw_os_error(libc::ESRCH)) }
}

/// In the child: let these descriptors through exec.
fn keep_open(numbers: &[i32]) -> io::Result<()> {
    for &number in numbers {
        // SAFETY: takes integers only.
        if unsafe { libc::fcntl(number, libc::F_SETFD, 0) } != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// The path under which the child finds a descriptor that it inherited.
pub(super) fn inherited_path(descriptor: &impl AsFd) -> String {
    format!("/proc/self/fd/{}", descriptor.as_fd().as_raw_fd())
}
