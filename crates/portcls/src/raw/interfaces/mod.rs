//! The COM interfaces of PortCls, in the order of the WDK's vtables.
//!
//! Two methods return a structure from a C++ member function and so take a hidden pointer right after `this`:
//! `IPortWaveRTStream::GetPhysicalPageAddress` and `IDmaChannel::PhysicalAddress`.

pub mod adapter;
pub mod engine;
pub mod helpers;
pub mod miniport;
pub mod port;
pub mod stream;
pub mod unknown;
pub mod wavepci;

use super::InterfaceLayout;

/// All interfaces, by module.
pub const ALL: &[&[&InterfaceLayout]] = &[
    adapter::INTERFACES,
    engine::INTERFACES,
    helpers::INTERFACES,
    miniport::INTERFACES,
    port::INTERFACES,
    stream::INTERFACES,
    unknown::INTERFACES,
    wavepci::INTERFACES,
];
