//! A virtio device behind a PCI function, whatever its kind.
//!
//! ```text
//!   configuration space --capability--> windows --transport--> status, features, queues, notifications
//!                                                    memory --> the rings, in a common buffer
//! ```
//!
//! Source: Virtual I/O Device (VIRTIO) Version 1.2, sections 2, 3 and 4.1.

pub(crate) mod capability;
pub(crate) mod memory;
mod queue;
pub(crate) mod regs;
mod ring;
pub(crate) mod transport;

pub(crate) use ring::Ring;
pub(crate) use transport::{Features, Transport};
