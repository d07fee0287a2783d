//! The only room that knows the kernel.
//!
//! Everything here turns a kernel service into something that cannot be misused by accident: IRQL stands in
//! the signatures, what is allocated is freed by its owner's drop, what is locked is reached through the lock.

mod abi;
pub(crate) mod dma;
pub(crate) mod ending;
mod etw;
pub(crate) mod event;
pub(crate) mod gate;
pub(crate) mod interface;
pub(crate) mod interrupt;
pub(crate) mod io;
pub(crate) mod lock;
pub(crate) mod once;
pub(crate) mod pci;
pub(crate) mod pnp;
pub(crate) mod pool;
pub(crate) mod registry;
mod rundown;
pub(crate) mod shared;
pub(crate) mod thread;
pub(crate) mod time;
pub(crate) mod timer;
pub(crate) mod trace;
