//! WaveRusT: a Windows WaveRT audio driver for PCI sound devices.
//!
//! How sound flows:
//!
//! ```text
//!   audio engine                     user mode
//!   ------|--------------------------------------------------------------------------------
//!         | writes the cyclic buffer                      waits for events, asks the position
//!         v                                                      ^               |
//!   [cyclic buffer] <-- pages --- wave::stream ---> wave::hub: clocks, events    |
//!         |                                               ^        ^             |
//!         | physical runs                                 |        +-------------+
//!         v                                               | bytes played
//!   device::ac97: plan -> ring -> descriptors       advance, position
//!         |                                               ^
//!   ------|-----------------------------------------------|---------------------------------
//!         | DMA                          interrupt -> ISR: latch -> DPC       hardware
//!         v                                               |
//!   [PCM out engine] -------------------------------------+---> AC-link ---> codec ---> jack
//! ```
//!
//! No room copies a sample, and between RUN and PAUSE nothing is allocated and nothing waits: the ISR reads and
//! acknowledges, the DPC moves the clock and signals, and whatever takes longer is left to the service thread.
//!
//! The rooms, from the ground up; none names one above it:
//!
//! | room | what it knows |
//! |---|---|
//! | `platform` | the kernel: IRQL, locks, events, DPCs, threads, DMA memory, registers |
//! | `device` | sound devices, behind one trait |
//! | `wave`, `topology` | the two filters that Windows sees |
//! | `wavepci` | the wave filter for a port that is not WaveRT's |
//! | `adapter` | one device instance, from start to teardown |
//!
//! `unsafe` lives in `platform`, in the crate `portcls`, in `pool2` (the allocator's kernel function, for kernels that
//! lack it), and in the entry point below.

#![no_std]
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

extern crate alloc;
extern crate wdk_panic;

mod adapter;
mod device;
mod platform;
mod pool2;
mod topology;
mod wave;
mod wavepci;

use wdk_alloc::WdkAllocator;
use wdk_sys::{DRIVER_OBJECT, NTSTATUS, PCUNICODE_STRING};

#[global_allocator]
static ALLOCATOR: WdkAllocator = WdkAllocator;

/// What the kernel calls once the image is loaded.
///
/// IRQL: PASSIVE_LEVEL.
///
/// # Safety
///
/// For the kernel only.
// SAFETY: no other symbol of this name is linked in; the entry point is looked up by it.
#[unsafe(export_name = "DriverEntry")]
pub unsafe extern "system" fn driver_entry(
    driver: &mut DRIVER_OBJECT,
    registry_path: PCUNICODE_STRING,
) -> NTSTATUS {
    // SAFETY: this is DriverEntry, at PASSIVE_LEVEL, before anything is allocated.
    unsafe { pool2::init() };
    // SAFETY: what DriverEntry was given.
    let initialized = unsafe { platform::pnp::initialize::<adapter::Adapter>(driver, registry_path) };
    portcls::status::ntstatus(initialized)
}
