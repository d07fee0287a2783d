pub mod pci;
pub mod sound;
