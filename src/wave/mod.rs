//! The wave filters: WaveRT miniport, stream, cyclic buffer, clock, events, formats.
#![forbid(unsafe_code)]

pub(crate) mod bell;
mod buffer;
pub(crate) mod channel;
mod clock;
mod dac;
mod events;
mod face;
mod filter;
mod format;
mod handover;
pub(crate) mod hub;
mod lane;
mod look;
mod mapped;
mod miniport;
mod modes;
pub(crate) mod packet_sizes;
mod packets;
mod power;
mod propose;
mod stream;
mod wake;
mod ways;

pub(crate) use dac::Dac;
pub(crate) use face::{Face, Faced, Kind};
pub(crate) use filter::bridge_pin;
pub(crate) use format::accept;
pub(crate) use miniport::WaveMiniport;
pub(crate) use propose::Proposals;
pub(crate) use wake::Ticking;
