//! One end of a socket pair on which the emulator talks in lines.

use std::{
    io::{self, Read, Write},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::net::UnixStream,
    },
    rc::Rc,
    time::Duration,
};

use super::process::Process;
use crate::pci::{HardwareError, Result};

/// How long an answer may take before the rig gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// Connects both ends: ours, and the one that the emulator inherits.
pub(super) fn pair() -> Result<(UnixStream, OwnedFd)> {
    let (ours, theirs) = UnixStream::pair().map_err(HardwareError::system("making a socket pair"))?;
    ours.set_nonblocking(true).map_err(HardwareError::system("setting up a socket"))?;
    Ok((ours, theirs.into()))
}

/// Lines to and from the emulator.
#[derive(Debug)]
pub(super) struct Channel {
    stream: UnixStream,
    process: Rc<Process>,
    received: Vec<u8>,
    /// Start of what has not yet been handed out of `received`.
    next: usize,
}

impl Channel {
    pub(super) fn new(stream: UnixStream, process: Rc<Process>) -> Self {
        Self { stream, process, received: Vec::new(), next: 0 }
    }

    /// Sends `text` as it is.
    pub(super) fn send(&mut self, text: &str, doing: &str) -> Result<()> {
        let mut rest = text.as_bytes();
        while !rest.is_empty() {
            match self.stream.write(rest) {
                Ok(count) => rest = &rest[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait(libc::POLLOUT, doing)?,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return Err(self.process.ended(doing)),
            }
        }
        Ok(())
    }

    /// The next line, without its end.
    pub(super) fn line(&mut self, doing: &str) -> Result<&str> {
        let mut searched = self.next;
        let end = loop {
            if let Some(length) = self.received[searched..].iter().position(|&byte| byte == b'\n') {
                break searched + length;
            }
            if self.next > 0 {
                self.received.drain(..self.next);
                self.next = 0;
            }
            searched = self.received.len();
            self.receive(doing)?;
        };
        let line = &self.received[self.next..end];
        self.next = end + 1;
        std::str::from_utf8(line).map(str::trim_end).map_err(|_| HardwareError::Protocol {
            doing: doing.into(),
            answer: String::from_utf8_lossy(line).into_owned(),
        })
    }

    fn receive(&mut self, doing: &str) -> Result<()> {
        let mut chunk = [0; 4096];
        loop {
            match self.stream.read(&mut chunk) {
                Ok(0) => return Err(self.process.ended(doing)),
                Ok(count) => {
                    self.received.extend_from_slice(&chunk[..count]);
                    return Ok(());
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.wait(libc::POLLIN, doing)?,
                Err(_) => return Err(self.process.ended(doing)),
            }
        }
    }

    fn wait(&self, events: i16, doing: &str) -> Result<()> {
        let mut poll = libc::pollfd { fd: self.stream.as_raw_fd(), events, revents: 0 };
        // SAFETY: `poll` is one valid record, as the count says.
        let ready = unsafe { libc::poll(&mut poll, 1, PATIENCE.as_millis() as i32) };
        if ready == 0 {
            let stderr = self.process.last_words();
            return Err(HardwareError::Silent { doing: doing.into(), seconds: PATIENCE.as_secs(), stderr });
        }
        Ok(())
    }
}
