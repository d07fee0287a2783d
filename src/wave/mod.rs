//! The wave filters: WaveRT miniport, stream, cyclic buffer, clock, events, formats.
#![forbid(unsafe_code)]

mod buffer;
pub(crate) mod channel;
mod clock;
mod dac;
mod events;
mod filter;
mod format;
pub(crate) mod hub;
mod lane;
mod miniport;
mod stream;
mod ways;

pub(crate) use filter::bridge_pin;
pub(crate) use miniport::WaveMiniport;
