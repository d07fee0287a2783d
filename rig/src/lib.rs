//! A small Windows on Linux: loads a WaveRT driver image, unmodified, and plays through QEMU's sound devices.

pub mod client;
pub mod nt;
pub mod options;
pub mod pci;
pub mod pe;
pub mod portcls;
pub mod report;
pub mod scenario;
pub mod sound;
pub mod trap;
pub mod verify;
