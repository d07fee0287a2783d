pub mod pci;
pub mod report;
pub mod sound;
pub mod trap;
