//! The wave filters: WaveRT miniport, stream, cyclic buffer, clock, events, formats.
#![forbid(unsafe_code)]

mod buffer;
pub(crate) mod channel;
mod clock;
mod dac;
mod events;
mod filter;
mod format;
mod handover;
pub(crate) mod hub;
mod lane;
mod look;
mod miniport;
mod modes;
pub(crate) mod packet_sizes;
mod packets;
mod power;
mod propose;
mod stream;
mod wake;
mod ways;

pub(crate) use filter::bridge_pin;
pub(crate) use miniport::WaveMiniport;
pub(crate) use wake::Ticking;
