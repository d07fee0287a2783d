//! Sound as bytes: WAV files, the bundled tune, noise, and the comparison of what went in with what came out.
//!
//! Nothing here knows of drivers or devices. A [`Pcm`] holds frames exactly as a Windows client writes them
//! to its buffer, so that "bit-exact" is a comparison of bytes and never of rounded numbers.

pub mod carriage;
pub mod compare;
mod index;
pub mod noise;
mod pieces;
pub(crate) mod random;
pub mod recording;
pub mod tune;
pub mod wav;

pub use carriage::{carried, carries, delivered, heard};
pub use compare::{Comparison, Glitch, GlitchKind, compare, compare_cut_off};
pub use noise::{Lane, lane_of, noise, valid_bits};
pub use pieces::{Stretch, compare_kept, compare_stretches};
pub use recording::compare_recording;
pub use wav::{Encoding, Pcm, WavError, WavSink};
