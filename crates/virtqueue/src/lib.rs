//! The driver's side of the split virtqueue of virtio 1.x (specification 1.2, section 2.7), generic over memory.
//!
//! Physical runs go in, opaque tokens come out. One piece of memory, shared with the device, has three parts:
//!
//! ```text
//!    descriptor table                available ring                      used ring
//!    driver writes                   driver writes                       device writes
//!
//!    +---------+-----+---+----+      +-------+                           +-------+
//!  0 | address | len | f | 1  |--+   | flags | 1: no interrupts, please  | flags | 1: no kicks, please
//!    +---------+-----+---+----+  |   +-------+                           +-------+
//!  1 | address | len | f | 2  |<-+   | index | how many chains were      | index | how many chains were
//!    +---------+-----+---+----+--+   +-------+ ever offered, mod 2^16    +-------+ ever returned, mod 2^16
//!  2 | address | len | - |    |<-+   |   0   | head of a chain           | 0 |len| head, bytes written
//!    +---------+-----+---+----+      |   3   |                           | 3 |len|
//!  3 | table   | len | i |    |--+   |   .   |                           | .   . |
//!    +---------+-----+---+----+  |   +-------+                           +-------+
//!    | ...                    |  |   | used_ | interrupt me when the     | avail_| kick me when the
//!    +------------------------+  |   | event | used index passes this    | event | available index passes this
//!                                |   +-------+                           +-------+
//!    f: goes on in `next`        |      ^ both events only with VIRTIO_F_EVENT_IDX, then in place of the flags
//!    i: indirect                 +-> | descriptors of one chain, in memory of the caller's |
//! ```
//!
//! A chain's life, and the routine that moves it on:
//!
//! ```text
//!   free --add--> added --publish--> the device's --(device)--> used --take--> free
//! ```
//!
//! **Order of memory accesses.** [`Queue::publish`] has a release fence between what was added and the available index
//! (2.7.13.3), and a full fence between that index and the reading of the device's wish for kicks (2.7.13.4.1):
//! without it both sides can go to sleep, on any processor that lets a load pass a store. [`Queue::want_interrupt`]
//! has the same full fence between its wish and a second look at the used index (2.7.14). [`Queue::take`] has an
//! acquire fence between the used index and the entry. The fences are the memory's: [`RingMemory`].
//!
//! **The device is not trusted.** What the driver must know about a chain it keeps in memory of its own. From the device
//! come the used index, two fields of a used entry, flags and an event index; each is read once and checked. Whatever
//! it writes, a token comes out once, as the answer to the [`Queue::add`] it went in with; no descriptor is lost or freed
//! twice, and no call does more work than its arguments say. After the first lie ([`Bad`]) the queue does nothing
//! more until [`Queue::restart`].
//!
//! No allocation, no `unsafe`, no panic; nothing waits. The caller brings the lock and keeps the pages in place.

#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    missing_docs
)]

mod chains;
mod descriptor;
mod event;
mod layout;
mod memory;
mod queue;
mod rules;

pub use descriptor::{Segment, descriptor};
pub use event::need_event;
pub use layout::RingLayout;
pub use memory::RingMemory;
pub use queue::{Bad, Error, Features, Parked, Queue, Used};
