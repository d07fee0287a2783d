//! PortCls, WaveRT and kernel-streaming interfaces for Windows audio drivers in Rust.
//!
//! Two storeys. [`raw`] is the ABI, word for word: vtables, records, numbers; it builds on every system, so
//! that a port driver written elsewhere can share it. Above it lies the safe layer, in which a driver
//! implements traits and calls wrapped interfaces without an unsafe block of its own:
//!
//! | module | what a driver finds there |
//! |---|---|
//! | [`status`] | [`Status`] and [`Result`]: NTSTATUS as an error type |
//! | [`irql`] | tokens that prove at which IRQL the code runs |
//! | [`com`] | objects with several interfaces ([`Com`]), pointers to those of others ([`ComPtr`]) |
//! | [`wavert`] | the WaveRT miniport: `MiniportWaveRt` |
//! | [`stream`] | its streams: `WaveRtStream`, notification and packet interfaces |
//! | [`topology`] | the topology miniport: `MiniportTopology` |
//! | [`adapter`] | the adapter: power, PnP |
//! | [`port`] | what a driver calls of PortCls and its ports |
//! | [`pages`] | the pages of a cyclic buffer |
//! | [`resources`] | the device's translated resources, and stream resources |
//! | [`descriptor`] | filter, pin and node tables as `static`s |
//! | [`property`] | property handlers |
//! | [`format`](mod@format) | formats out of untrusted bytes |
//!
//! The crate is `no_std` and allocates through `alloc::alloc::alloc` only, fallibly, when an object is made.

#![no_std]
#![cfg_attr(
    not(test),
    deny(
        clippy::arithmetic_side_effects,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic,
        clippy::unwrap_used
    )
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod com;
pub mod irql;
pub mod raw;
pub mod status;

pub use com::{Com, ComClass, ComPtr};
pub use status::{Result, Status};
