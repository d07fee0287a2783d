//! The WavePci port driver: streams whose buffers are requests of the client's, shown to the miniport mapping by mapping
//! (audio/wavepci-latency).
//!
//! ```text
//!   Pin -- submit, cancel --> Source -- Queue of packets, cut into mappings
//!    |                          ^  GetMapping, ReleaseMapping, TerminatePacket
//!    v                          |
//!   Side -- SetState, RevokeMappings, MappingAvailable, Service --> the driver's stream
//!                                                 ^
//!   Notify, RequestService --> Group, as a DPC ---'
//! ```

mod channel;
mod cut;
mod figures;
mod group;
mod memory;
mod port;
mod queue;
mod schedule;
mod side;
mod source;

#[cfg(test)]
pub(crate) use channel::CHANNEL;
pub use cut::Cutter;
pub use figures::Figures;
#[cfg(test)]
pub(crate) use group::GROUP;
pub(crate) use group::Group;
pub(crate) use group::Sink;
pub(crate) use memory::PacketMemory;
pub use memory::Place;
pub(crate) use port::METHODS as PORT_METHODS;
pub use queue::Done;
pub use queue::Piece;
pub use schedule::Schedule;
pub(crate) use side::Membership;
pub(crate) use side::Side;
#[cfg(test)]
pub(crate) use source::SOURCE;
pub(crate) use source::Source;
