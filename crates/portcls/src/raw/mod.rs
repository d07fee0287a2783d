//! The raw ABI: vtables, records, constants and GUIDs as the WDK has them, under the WDK's names.
//!
//! Nothing here does anything. Every function pointer is `extern "efiapi"`, the calling convention of Windows
//! on x86-64 and AArch64 alike, also when this crate is built for another system. The numbers were
//! taken from the WDK 10.0.22621 and are held against the golden tables in `golden/` by the tests.
//!
//! | module | content |
//! |---|---|
//! | [`interfaces`] | vtables and IIDs |
//! | [`guids`] | categories, node types, formats, property sets, processing modes, effects |
//! | [`descriptors`], [`adapter`] | PortCls records |
//! | [`ks_pin`], [`ks_property`], [`ks_stream`] | kernel streaming records |
//! | [`audio`], [`rtaudio`], [`jack`] | audio records |
//! | [`kernel`], [`resources`] | kernel records that PortCls methods take |
//! | [`property_keys`] | keys of device properties |
//! | [`constants_ks`], [`constants_properties`], [`constants_audio`] | numbers of kernel streaming |
//! | [`constants_portcls`], [`constants_kernel`], [`status`] | numbers of PortCls and the kernel |
//! | [`callbacks`] | functions that a driver gives to PortCls |
//! | `exports` | functions of portcls.sys (Windows targets only) |

#![allow(non_camel_case_types, non_snake_case, non_upper_case_globals)]

pub mod adapter;
pub mod audio;
pub mod callbacks;
pub mod constants_audio;
pub mod constants_kernel;
pub mod constants_ks;
pub mod constants_portcls;
pub mod constants_properties;
pub mod descriptors;
#[cfg(windows)]
pub mod exports;
pub mod guids;
pub mod interfaces;
pub mod jack;
pub mod kernel;
pub mod ks_pin;
pub mod ks_property;
pub mod ks_stream;
pub mod layout;
pub(crate) mod macros;
pub mod property_keys;
pub mod resources;
pub mod rtaudio;
pub mod status;
pub mod types;

pub use adapter::*;
pub use audio::*;
pub use callbacks::*;
pub use constants_audio::*;
pub use constants_kernel::*;
pub use constants_ks::*;
pub use constants_portcls::*;
pub use constants_properties::*;
pub use descriptors::*;
pub use guids::classes::*;
pub use guids::effects::*;
pub use guids::formats::*;
pub use guids::names::*;
pub use guids::nodes::*;
pub use guids::sets::*;
pub use interfaces::adapter::*;
pub use interfaces::engine::*;
pub use interfaces::helpers::*;
pub use interfaces::miniport::*;
pub use interfaces::port::*;
pub use interfaces::stream::*;
pub use interfaces::unknown::*;
pub use interfaces::wavepci::*;
pub use jack::*;
pub use kernel::*;
pub use ks_pin::*;
pub use ks_property::*;
pub use ks_stream::*;
pub use layout::*;
pub use property_keys::*;
pub use resources::*;
pub use rtaudio::*;
pub use status::*;
pub use types::*;

/// All records, by module.
pub const ALL_RECORDS: &[&[&RecordLayout]] = &[
    adapter::RECORDS,
    audio::RECORDS,
    descriptors::RECORDS,
    jack::RECORDS,
    kernel::RECORDS,
    ks_pin::RECORDS,
    ks_property::RECORDS,
    ks_stream::RECORDS,
    resources::RECORDS,
    rtaudio::RECORDS,
    types::RECORDS,
];

/// All constants, by module.
pub const ALL_CONSTANTS: &[&[Constant]] = &[
    constants_audio::CONSTANTS,
    constants_kernel::CONSTANTS,
    constants_ks::CONSTANTS,
    constants_portcls::CONSTANTS,
    constants_properties::CONSTANTS,
    status::CONSTANTS,
];
