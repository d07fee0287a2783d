//! Sound as bytes: WAV files, the bundled tune, and the comparison of what went in with what came out.
//!
//! Nothing here knows of drivers or devices. A [`Pcm`] holds frames exactly as a Windows client writes them
//! to its buffer, so that "bit-exact" is a comparison of bytes and never of rounded numbers.

pub mod compare;
mod index;
pub mod tune;
pub mod wav;

pub use compare::{Comparison, Glitch, GlitchKind, compare};
pub use wav::{Encoding, Pcm, WavError, WavSink};
