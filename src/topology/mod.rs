//! The topology filter: where the sound leaves the machine.
#![forbid(unsafe_code)]

mod filter;
mod jack;
mod miniport;

pub(crate) use filter::BRIDGE_PIN;
pub(crate) use miniport::TopologyMiniport;
