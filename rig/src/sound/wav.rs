//! WAV files to and from raw frames.

use std::fmt;
use std::fs;
use std::io::{self, Cursor};
use std::path::{Path, PathBuf};

use hound::{SampleFormat, WavReader, WavSpec, WavSpecEx, WavWriter};

/// How one sample is coded in its container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// Little-endian integer; unsigned in an 8-bit container, signed in every other.
    Integer,
    /// Little-endian IEEE 754 number.
    Float,
}

/// Interleaved frames, byte for byte as a Windows client writes them to its buffer.
#[derive(Clone, PartialEq, Eq)]
pub struct Pcm {
    /// Frames per second.
    pub rate: u32,
    /// Samples per frame.
    pub channels: u16,
    /// Valid bits per sample (`wValidBitsPerSample`).
    pub bits: u16,
    /// Bits a sample occupies (`wBitsPerSample`), a multiple of 8.
    pub container: u16,
    /// Integer or float samples.
    pub encoding: Encoding,
    /// The frames; the length is a multiple of [`Pcm::frame_bytes`].
    pub data: Vec<u8>,
}

impl Pcm {
    /// 16-bit integer samples, already interleaved.
    pub fn from_s16(rate: u32, channels: u16, samples: &[i16]) -> Self {
        let data = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        Self { rate, channels, bits: 16, container: 16, encoding: Encoding::Integer, data }
    }

    /// The same format with other frames. A partial frame at the end is cut off.
    pub fn with_data(&self, mut data: Vec<u8>) -> Self {
        data.truncate(data.len() - data.len() % self.frame_bytes());
        Self { data, ..*self }
    }

    /// Bytes per frame (`nBlockAlign`).
    pub fn frame_bytes(&self) -> usize {
        usize::from(self.channels) * usize::from(self.container / 8)
    }

    /// Number of frames.
    pub fn frames(&self) -> usize {
        self.data.len() / self.frame_bytes()
    }

    /// Frames `from..to` as bytes.
    pub fn span(&self, from: usize, to: usize) -> &[u8] {
        let size = self.frame_bytes();
        &self.data[from * size..to * size]
    }

    /// The byte that a silent sample consists of: 8-bit samples are unsigned and rest at their middle.
    pub fn silence(&self) -> u8 {
        if self.container == 8 && self.encoding == Encoding::Integer { 0x80 } else { 0 }
    }

    /// 24-bit samples that are packed in three bytes, in containers of four; `None` of every other format.
    pub fn widened(&self) -> Option<Self> {
        if (self.container, self.encoding) != (24, Encoding::Integer) {
            return None;
        }
        let data =
            self.data.chunks_exact(3).flat_map(|sample| [0, sample[0], sample[1], sample[2]]).collect();
        Some(Self { container: 32, data, ..*self })
    }

    /// Rate, width and channels in words, e.g. `48000 Hz, 16-bit, stereo`.
    pub fn describe(&self) -> String {
        let mut width = format!("{}-bit", self.bits);
        if self.container != self.bits {
            width += &format!(" in {}", self.container);
        }
        if self.encoding == Encoding::Float {
            width += " float";
        }
        let channels = match self.channels {
            1 => "mono".to_owned(),
            2 => "stereo".to_owned(),
            n => format!("{n} channels"),
        };
        format!("{} Hz, {width}, {channels}", self.rate)
    }

    /// Reads a WAV file whole.
    ///
    /// # Errors
    ///
    /// A [`WavError`], whose text names the file, what is wrong with it and what would work.
    pub fn load(path: &Path) -> Result<Self, WavError> {
        let name = || path.to_owned();
        if path.is_dir() {
            return Err(WavError::Directory { path: name() });
        }
        let bytes = fs::read(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => WavError::Missing { path: name() },
            _ => WavError::Unreadable { path: name(), error },
        })?;
        Self::parse(bytes).map_err(|fault| match fault {
            Fault::NoWav => WavError::NoWav { path: name() },
            Fault::Header(what) => WavError::Header { path: name(), what },
            Fault::Compressed => WavError::Compressed { path: name() },
            Fault::Empty => WavError::Empty { path: name() },
            Fault::Truncated { promised, present } => WavError::Truncated { path: name(), promised, present },
        })
    }

    fn parse(bytes: Vec<u8>) -> Result<Self, Fault> {
        if bytes.is_empty() {
            return Err(Fault::Empty);
        }
        if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
            return Err(Fault::NoWav);
        }
        let reader = WavReader::new(Cursor::new(bytes)).map_err(|error| match error {
            hound::Error::Unsupported => Fault::Compressed,
            hound::Error::IoError(_) => Fault::Header("it ends before its data begins"),
            hound::Error::FormatError(what) => Fault::Header(what),
            _ => Fault::Header("its header contradicts itself"),
        })?;
        let (spec, samples) = (reader.spec(), u64::from(reader.len()));
        let cursor = reader.into_inner();
        let start = usize::try_from(cursor.position()).unwrap_or(usize::MAX);
        let bytes = cursor.into_inner();
        // hound keeps the container's width to itself, but stops right behind the data chunk's length.
        let promised = start
            .checked_sub(4)
            .and_then(|at| bytes.get(at..start)?.try_into().ok())
            .map_or(0, |length: [u8; 4]| u64::from(u32::from_le_bytes(length)));
        if samples == 0 {
            return Err(Fault::Empty);
        }
        let present = (bytes.len() - start) as u64;
        if present < promised {
            return Err(Fault::Truncated { promised, present });
        }
        let data = bytes[start..start + promised as usize].to_vec();
        Ok(Self {
            rate: spec.sample_rate,
            channels: spec.channels,
            bits: spec.bits_per_sample,
            container: (promised * 8 / samples) as u16,
            encoding: match spec.sample_format {
                SampleFormat::Int => Encoding::Integer,
                SampleFormat::Float => Encoding::Float,
            },
            data,
        })
    }

    /// Writes all frames to a WAV file; see [`WavSink`].
    ///
    /// # Errors
    ///
    /// [`WavError::Unwritable`].
    pub fn save(&self, path: &Path) -> Result<(), WavError> {
        let mut sink = WavSink::create(path, self)?;
        sink.write(&self.data)?;
        sink.finish()
    }
}

impl fmt::Debug for Pcm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pcm({}, {} frames)", self.describe(), self.frames())
    }
}

/// A WAV file being written, frame by frame.
///
/// The samples' bytes are kept as they are: a file of 24-bit samples in 32-bit containers becomes a file of
/// 32-bit samples.
pub struct WavSink {
    writer: WavWriter<io::BufWriter<fs::File>>,
    path: PathBuf,
    encoding: Encoding,
    container: usize,
}

impl WavSink {
    /// Creates (or empties) the file. Of `format` everything but the frames counts.
    ///
    /// # Errors
    ///
    /// [`WavError::Unwritable`].
    pub fn create(path: &Path, format: &Pcm) -> Result<Self, WavError> {
        let spec = WavSpec {
            channels: format.channels,
            sample_rate: format.rate,
            bits_per_sample: format.container,
            sample_format: match format.encoding {
                Encoding::Integer => SampleFormat::Int,
                Encoding::Float => SampleFormat::Float,
            },
        };
        let unwritable = |error| WavError::Unwritable { path: path.to_owned(), error };
        let file = fs::File::create(path).map_err(unwritable)?;
        let spec = WavSpecEx { spec, bytes_per_sample: format.container / 8 };
        let writer = WavWriter::new_with_spec_ex(io::BufWriter::new(file), spec)
            .map_err(|error| unwritable(into_io(error)))?;
        Ok(Self {
            writer,
            path: path.to_owned(),
            encoding: format.encoding,
            container: usize::from(format.container / 8),
        })
    }

    /// Appends raw frames.
    ///
    /// # Errors
    ///
    /// [`WavError::Unwritable`].
    pub fn write(&mut self, frames: &[u8]) -> Result<(), WavError> {
        for sample in frames.chunks_exact(self.container) {
            let written = match (self.encoding, sample) {
                (Encoding::Float, [a, b, c, d]) => {
                    self.writer.write_sample(f32::from_le_bytes([*a, *b, *c, *d]))
                }
                // hound takes 8-bit samples as signed numbers and stores them unsigned.
                (_, [byte]) => self.writer.write_sample(byte.wrapping_sub(0x80).cast_signed()),
                (_, [a, b]) => self.writer.write_sample(i16::from_le_bytes([*a, *b])),
                (_, [a, b, c]) => self.writer.write_sample(i32::from_le_bytes([0, *a, *b, *c]) >> 8),
                (_, [a, b, c, d]) => self.writer.write_sample(i32::from_le_bytes([*a, *b, *c, *d])),
                _ => Err(hound::Error::Unsupported),
            };
            written.map_err(|error| self.unwritable(into_io(error)))?;
        }
        Ok(())
    }

    /// Completes the header. A sink dropped without this tries the same, and keeps a failure to itself.
    ///
    /// # Errors
    ///
    /// [`WavError::Unwritable`].
    pub fn finish(self) -> Result<(), WavError> {
        let path = self.path;
        self.writer.finalize().map_err(|error| WavError::Unwritable { path, error: into_io(error) })
    }

    fn unwritable(&self, error: io::Error) -> WavError {
        WavError::Unwritable { path: self.path.clone(), error }
    }
}

fn into_io(error: hound::Error) -> io::Error {
    match error {
        hound::Error::IoError(error) => error,
        other => io::Error::other(other),
    }
}

/// What `parse` finds wrong with a file's bytes; `load` adds the name.
enum Fault {
    NoWav,
    Header(&'static str),
    Compressed,
    Empty,
    Truncated { promised: u64, present: u64 },
}

/// Why a WAV file cannot be played, or written: what, where, and what would work.
#[derive(Debug, thiserror::Error)]
pub enum WavError {
    /// There is no such file.
    #[error("{}: no such file. Give the path of a WAV file, or none at all for the bundled tune.", path.display())]
    Missing {
        /// The file as given.
        path: PathBuf,
    },
    /// The path names a directory.
    #[error("{}: this is a directory. Give the path of one WAV file in it.", path.display())]
    Directory {
        /// The directory as given.
        path: PathBuf,
    },
    /// The file exists and cannot be read.
    #[error("{}: cannot be read: {error}.", path.display())]
    Unreadable {
        /// The file as given.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
    /// The file is something else.
    #[error("{}: not a WAV file (it does not begin with RIFF....WAVE). \
             Convert it, for instance: ffmpeg -i INPUT -c:a pcm_s16le -ar 48000 -ac 2 song.wav", path.display())]
    NoWav {
        /// The file as given.
        path: PathBuf,
    },
    /// The file's header cannot be right.
    #[error("{}: damaged WAV header: {what}. Write the file anew from its source.", path.display())]
    Header {
        /// The file as given.
        path: PathBuf,
        /// The contradiction found.
        what: &'static str,
    },
    /// The samples are compressed.
    #[error("{}: the sound in this WAV file is compressed; only plain PCM samples can be played. \
             Convert it, for instance: ffmpeg -i INPUT -c:a pcm_s16le song.wav", path.display())]
    Compressed {
        /// The file as given.
        path: PathBuf,
    },
    /// There is no frame in it.
    #[error("{}: there is no sound in this file: it holds no frame. Give a file with at least one.", path.display())]
    Empty {
        /// The file as given.
        path: PathBuf,
    },
    /// The data end before the header says.
    #[error("{}: truncated: its header promises {promised} bytes of sound and {present} are there. \
             Copy or record it again, or let a converter repair the header.", path.display())]
    Truncated {
        /// The file as given.
        path: PathBuf,
        /// Bytes of sound according to the header.
        promised: u64,
        /// Bytes of sound present.
        present: u64,
    },
    /// The file cannot be written.
    #[error("{}: cannot be written: {error}. Give a path in a directory you may write to.", path.display())]
    Unwritable {
        /// The file as given.
        path: PathBuf,
        /// The system's reason.
        error: io::Error,
    },
}

#[cfg(test)]
#[path = "wav_tests.rs"]
mod tests;
