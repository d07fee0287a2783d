//! The wave filter: WaveRT miniport, stream, cyclic buffer, clock, events, formats.
#![forbid(unsafe_code)]

mod buffer;
pub(crate) mod channel;
mod clock;
mod dac;
mod events;
mod filter;
mod format;
mod miniport;
mod size;
mod stream;

pub(crate) use filter::BRIDGE_PIN;
pub(crate) use miniport::WaveMiniport;
