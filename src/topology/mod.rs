//! The topology filters: where the sound enters and leaves the machine.
#![forbid(unsafe_code)]

mod filter;
mod herald;
mod jack;
mod levels;
mod miniport;
mod pin;

pub(crate) use filter::bridge_pin;
pub(crate) use herald::{Herald, Watch};
pub(crate) use miniport::TopologyMiniport;
