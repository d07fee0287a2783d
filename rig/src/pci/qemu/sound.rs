//! The machine's loudspeaker and microphone: ALSA's own file plugin, writing to a pipe and reading from a file.
//!
//! Its null slave takes any amount at any time, so the device is served one buffer per tick of QEMU's audio
//! timer: the buffer must be as long as the tick. No sound card, no daemon, no file to clean up.

use std::{
    ffi::CStr,
    fs::File,
    io::{self, Read, Write},
    os::fd::{AsRawFd, OwnedFd},
};

use super::{
    options::{Capture, Options},
    process::inherited_path,
};
use crate::pci::{HardwareError, Result, ram::memory_file};

/// Room that the pipe should have: Linux' limit for everybody.
const PIPE_ROOM: i32 = 1 << 20;

/// The sound side of the machine.
#[derive(Debug)]
pub(super) struct Sound {
    options: Options,
    pipe: File,
    heard: Vec<u8>,
    /// Longest time that may pass before the pipe must be emptied, in nanoseconds.
    longest_step: u64,
}

/// What the emulator's process needs.
pub(super) struct SoundEnd {
    /// The pipe's end to write to.
    pub(super) pipe: OwnedFd,
    /// ALSA's configuration.
    pub(super) configuration: OwnedFd,
    /// The sound to record, if it is in memory.
    pub(super) capture: Option<OwnedFd>,
}

impl Sound {
    /// Makes both ends.
    pub(super) fn new(options: &Options) -> Result<(Self, SoundEnd)> {
        let doing = "making a pipe for sound";
        let (pipe, theirs) = io::pipe().map_err(HardwareError::system(doing))?;
        let (pipe, theirs) = (OwnedFd::from(pipe), OwnedFd::from(theirs));
        // SAFETY: takes integers only. Where the limit is lower the old size stays, and is asked for below.
        unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETPIPE_SZ, PIPE_ROOM) };
        // SAFETY: takes integers only.
        let room = unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_GETPIPE_SZ) };
        // SAFETY: takes integers only.
        let set = unsafe { libc::fcntl(pipe.as_raw_fd(), libc::F_SETFL, libc::O_NONBLOCK) };
        if room <= 0 || set != 0 {
            return Err(HardwareError::system(doing)(io::Error::last_os_error()));
        }
        // A pipe holds pages, which small writes fill by half at worst: a quarter of its size always fits.
        let longest_step = room as u64 / 4 * 1_000_000_000 / options.bytes_per_second() as u64;
        let recorded = recorded(options).map_err(HardwareError::system("reading the sound to record"))?;
        let capture = recorded
            .map(|sound| filled(c"capture", &sound))
            .transpose()
            .map_err(HardwareError::system("writing the sound to record"))?;
        let configuration = configuration(options, &theirs, capture.as_ref())
            .and_then(|text| filled(c"asound.conf", text.as_bytes()))
            .map_err(HardwareError::system("writing ALSA's configuration"))?;
        let options = Options { capture: Capture::Silence, ..options.clone() };
        let ours = Self { options, pipe: File::from(pipe), heard: Vec::new(), longest_step };
        Ok((ours, SoundEnd { pipe: theirs, configuration, capture }))
    }

    /// Longest time that may pass without [`Self::listen`], in nanoseconds.
    pub(super) fn longest_step(&self) -> u64 {
        self.longest_step
    }

    /// Empties the pipe.
    pub(super) fn listen(&mut self) -> Result<()> {
        let mut chunk = [0; 1 << 16];
        loop {
            match self.pipe.read(&mut chunk) {
                Ok(0) => return Ok(()),
                Ok(count) => self.heard.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(HardwareError::system("listening to the machine")(error)),
            }
        }
    }

    /// What was heard since the last call: whole samples.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let whole = self.heard.len() - self.heard.len() % self.options.format.bytes();
        let rest = self.heard.split_off(whole);
        let mut heard = std::mem::replace(&mut self.heard, rest);
        self.options.level(&mut heard);
        heard
    }
}

/// The value of QEMU's `-audiodev` for the device's end, under the name `sound`.
pub(super) fn audio_device(options: &Options) -> String {
    let (tick, rate, format, channels) =
        (options.tick_us, options.rate, options.format.name(), options.channels);
    let direction = |name: &str| {
        let period = tick / 2;
        format!(
            ",{name}.try-poll=off,{name}.frequency={rate},{name}.format={format},{name}.channels={channels}\
             ,{name}.buffer-length={tick},{name}.period-length={period}"
        )
    };
    format!(
        "alsa,id=sound,timer-period={tick},in.dev=capture,out.dev=play{}{}",
        direction("in"),
        direction("out")
    )
}

/// The sound to record, unless the machine reads it from a file as it is.
fn recorded(options: &Options) -> io::Result<Option<Vec<u8>>> {
    let mut sound = match &options.capture {
        Capture::Sound(sound) => sound.to_vec(),
        Capture::File(path) if options.channels == 1 => std::fs::read(path)?,
        Capture::Silence | Capture::File(_) => return Ok(None),
    };
    options.level(&mut sound);
    Ok(Some(sound))
}

/// A file in memory with these bytes.
fn filled(name: &CStr, bytes: &[u8]) -> io::Result<OwnedFd> {
    let mut file = File::from(memory_file(name, 0)?);
    file.write_all(bytes)?;
    Ok(OwnedFd::from(file))
}

fn configuration(options: &Options, pipe: &OwnedFd, capture: Option<&OwnedFd>) -> io::Result<String> {
    let capture = match (&options.capture, capture) {
        (_, Some(sound)) => inherited_path(sound),
        (Capture::File(path), None) => path.canonicalize()?.display().to_string(),
        (_, None) => "/dev/zero".into(),
    };
    if capture.contains(['"', '\\', '\n']) {
        return Err(io::Error::other("the name of the capture file has characters that ALSA cannot take"));
    }
    Ok(format!(
        r#"pcm.capture {{ type file slave.pcm "nowhere" file "/dev/null" infile "{capture}" format "raw" }}
pcm.play {{ type file slave.pcm "nowhere" file "{}" format "raw" }}
pcm.nowhere {{ type null }}
"#,
        inherited_path(pipe)
    ))
}
