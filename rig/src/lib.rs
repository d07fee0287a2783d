pub mod pci;
pub mod report;
pub mod sound;
