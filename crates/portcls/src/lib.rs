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
//! | [`handle`] | kernel objects by name: device, IRP, event, interrupt, thread |
//! | `driver` | entry into PortCls, AddDevice, StartDevice, IRPs (Windows targets only) |
//! | [`port`] | ports, subdevices, physical connections |
//! | [`resources`] | the device's translated resources |
//! | [`stream_resource`] | interrupts and threads registered with the port |
//! | [`adapter`] | power callbacks: [`AdapterPowerManagement`](adapter::AdapterPowerManagement) |
//! | [`pnp`] | PnP callbacks: [`AdapterPnpManagement`](pnp::AdapterPnpManagement) |
//! | [`miniport`] | what all miniports answer: [`Miniport`](miniport::Miniport) |
//! | [`wavert`] | the WaveRT miniport: [`MiniportWaveRt`](wavert::MiniportWaveRt) |
//! | [`stream`], [`notification`], [`packets`] | its streams: polled, with events, with packets |
//! | [`wavepci`], [`mapping`] | the WavePci miniport, its streams, and the pieces of memory they play |
//! | [`topology`] | the topology miniport: [`MiniportTopology`](topology::MiniportTopology) |
//! | [`modes`] | signal processing modes of pins: [`AudioSignalProcessing`](modes::AudioSignalProcessing) |
//! | [`pages`] | the pages of a cyclic buffer |
//! | [`descriptor`] | filter, pin and node tables as `static`s |
//! | [`property`], [`event`] | handlers of properties and events |
//! | [`etw`] | trace events of a stream: glitches above all |
//! | [`format`](mod@format), [`range`] | formats and ranges out of untrusted bytes |
//! | [`output`], [`plain`] | answers into a caller's buffer; records as bytes |
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

pub mod adapter;
pub mod com;
pub mod descriptor;
#[cfg(windows)]
pub mod driver;
pub mod etw;
pub mod event;
pub mod format;
pub mod handle;
pub mod irql;
pub mod mapping;
pub mod miniport;
pub mod modes;
pub mod notification;
pub mod output;
pub mod packets;
pub mod pages;
pub mod plain;
pub mod pnp;
pub mod port;
pub mod property;
pub mod range;
pub mod raw;
pub mod resources;
pub mod status;
pub mod stream;
pub mod stream_resource;
pub mod topology;
pub mod wavepci;
pub mod wavert;

pub use com::{Com, ComClass, ComPtr};
pub use status::{Result, Status};
