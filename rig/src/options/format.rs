//! A format of samples on the command line.

use clap::Args;

use crate::sound::Encoding;
use crate::sound::Pcm;

/// The format of generated sound: 48 kHz, 16-bit, stereo where nothing else is said.
#[derive(Args, Clone, Debug, Default)]
pub struct FormatOptions {
    /// Frames a second.
    #[arg(long, value_name = "HZ", value_parser = clap::value_parser!(u32).range(4_000..=384_000))]
    pub rate: Option<u32>,
    /// Bits of a sample: 8, 16, 24 (in containers of 24) or 32.
    #[arg(long, value_name = "N", value_parser = bits)]
    pub bits: Option<u16>,
    /// Samples of a frame.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=8))]
    pub channels: Option<u16>,
    /// 32-bit floating-point samples.
    #[arg(long, conflicts_with = "bits")]
    pub float: bool,
}

impl FormatOptions {
    /// Whether anything was said.
    pub fn given(&self) -> bool {
        self.rate.is_some() || self.bits.is_some() || self.channels.is_some() || self.float
    }

    /// The format, with no frames in it.
    pub fn format(&self) -> Pcm {
        let (bits, encoding) =
            if self.float { (32, Encoding::Float) } else { (self.bits.unwrap_or(16), Encoding::Integer) };
        Pcm {
            rate: self.rate.unwrap_or(48_000),
            channels: self.channels.unwrap_or(2),
            bits,
            container: bits,
            encoding,
            data: Vec::new(),
        }
    }
}

fn bits(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(bits @ (8 | 16 | 24 | 32)) => Ok(bits),
        _ => Err("8, 16, 24 or 32".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::FormatOptions;

    #[test]
    fn what_is_not_said_is_the_usual() {
        assert_eq!(FormatOptions::default().format().describe(), "48000 Hz, 16-bit, stereo");
        let float = FormatOptions { rate: Some(44_100), float: true, ..FormatOptions::default() };
        assert!(float.given());
        assert_eq!(float.format().describe(), "44100 Hz, 32-bit float, stereo");
    }
}
