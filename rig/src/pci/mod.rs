//! One PCI sound function, the bus it sits on, and the time it lives in.
//!
//! Everything above this room knows a device as [`Hardware`] only: registers, memory that the device can reach,
//! one interrupt line, messages, and a clock that moves when told to. What stands behind it (an emulator, an
//! in-process model) is chosen when the machine is opened.

mod error;
pub mod fake;
pub mod faults;
mod mailbox;
pub mod messenger;
mod msix;
pub mod qemu;
mod ram;
mod virtio;
pub mod virtio_snd;
mod wiretap;

use std::sync::Arc;

pub use error::{HardwareError, Result};
pub use mailbox::{MESSAGE_COUNT, Message};
pub use msix::{MessageTable, capabilities};
pub use ram::{PAGE_SIZE, PageMapping, Ram};
pub use virtio::notify_area;

/// Width of one access to a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Width {
    /// 8 bits.
    Byte = 1,
    /// 16 bits.
    Word = 2,
    /// 32 bits.
    Dword = 4,
    /// 64 bits (memory only: ports and configuration space end at 32).
    Qword = 8,
}

impl Width {
    /// The width of `bytes` bytes: 1, 2, 4 or 8.
    #[must_use]
    pub const fn from_bytes(bytes: usize) -> Option<Self> {
        Some(match bytes {
            1 => Self::Byte,
            2 => Self::Word,
            4 => Self::Dword,
            8 => Self::Qword,
            _ => return None,
        })
    }

    /// Width in bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self as usize
    }

    /// All ones in this width: the value of a read that nobody answers.
    #[must_use]
    pub const fn all_ones(self) -> u64 {
        u64::MAX >> (64 - 8 * self.bytes())
    }
}

/// Who the function says it is (configuration space 0x00..0x30).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Vendor id.
    pub vendor: u16,
    /// Device id.
    pub device: u16,
    /// Subsystem vendor id.
    pub subsystem_vendor: u16,
    /// Subsystem id.
    pub subsystem: u16,
    /// Revision.
    pub revision: u8,
    /// Class, subclass and programming interface: 0xCCSSPP.
    pub class: u32,
}

/// Address space of a base address register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Space {
    /// I/O ports.
    Port,
    /// Memory; `prefetchable` as the register says.
    Memory {
        /// Reads have no side effects and writes may be merged.
        prefetchable: bool,
    },
}

/// One base address register as assigned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bar {
    /// Number of the register, 0 to 5.
    pub index: u8,
    /// Ports or memory.
    pub space: Space,
    /// First port, or physical address.
    pub base: u64,
    /// Length in bytes: a power of two.
    pub length: u64,
}

impl Bar {
    /// Whether `bytes` bytes from `address` lie in this range.
    #[must_use]
    pub fn holds(&self, address: u64, bytes: usize) -> bool {
        address >= self.base && address - self.base <= self.length.saturating_sub(bytes as u64)
    }
}

/// What the bus gave the function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resources {
    /// Base address registers in use, by index.
    pub bars: Vec<Bar>,
    /// Bus number.
    pub bus: u8,
    /// Device (slot) number.
    pub device: u8,
    /// Function number.
    pub function: u8,
    /// Global system interrupt of the INTx pin: what a raw interrupt resource carries as level and vector.
    /// `None` if the function has no pin.
    pub interrupt: Option<u32>,
}

/// One PCI sound function, its bus and its time.
///
/// A removed function, and one whose COMMAND register has the decoding of a space off, answers reads with all
/// ones, and writes vanish; the same goes for addresses that are not the function's.
pub trait Hardware {
    /// Who the function is, as found when the machine was opened.
    fn identity(&self) -> Identity;

    /// Ranges and interrupt as assigned when the machine was opened.
    fn resources(&self) -> &Resources;

    /// The memory that the function reaches by DMA.
    fn ram(&self) -> &Arc<Ram>;

    /// Reads configuration space; `offset` is aligned to `width`.
    fn read_config(&mut self, offset: u16, width: Width) -> Result<u32>;

    /// Writes configuration space; `offset` is aligned to `width`.
    fn write_config(&mut self, offset: u16, width: Width, value: u32) -> Result<()>;

    /// Reads a port.
    fn read_port(&mut self, port: u16, width: Width) -> Result<u32>;

    /// Writes a port.
    fn write_port(&mut self, port: u16, width: Width, value: u32) -> Result<()>;

    /// Reads device memory at a physical address.
    fn read_memory(&mut self, address: u64, width: Width) -> Result<u64>;

    /// Writes device memory at a physical address.
    fn write_memory(&mut self, address: u64, width: Width, value: u64) -> Result<()>;

    /// Virtual time, in nanoseconds since the machine was opened. It stands still but for [`Self::advance_to`].
    fn now(&self) -> u64;

    /// Lets time run until just after `nanoseconds` and returns the new [`Self::now`].
    ///
    /// What is due at `nanoseconds` has happened on return. The clock then stands a little beyond (10 ns for
    /// QEMU), so that no timer of the device can expire at the very instant at which it stands. An instant that
    /// is not in the future leaves the clock as it is.
    fn advance_to(&mut self, nanoseconds: u64) -> Result<u64>;

    /// The next instant at which the function may do something of its own accord, if that is known: whoever waits
    /// for nothing else need not look sooner.
    fn next_due(&self) -> Option<u64> {
        None
    }

    /// Level of the function's interrupt line: current after every access and every advance.
    fn interrupt_line(&self) -> bool;

    /// Where message `vector` is to be sent: what the rig puts behind the address it shows to the driver.
    ///
    /// `None` if there is no such mailbox (the first [`MESSAGE_COUNT`] vectors have one).
    fn message(&self, vector: u16) -> Option<Message>;

    /// Whether message `vector` has come since it was last asked. Repeated messages in between count as one.
    fn take_message(&mut self, vector: u16) -> bool;

    /// Takes the function's power away, or gives it back: without it, it does not answer, and when it has it again it
    /// knows nothing of what it was told before. Its addresses are the same then.
    fn set_power(&mut self, on: bool) -> Result<()>;

    /// Gives the function other addresses, as the bus does when resources are rebalanced.
    fn relocate(&mut self) -> Result<()>;

    /// Tears the function out of its slot, without a word to the driver.
    fn remove(&mut self) -> Result<()>;

    /// The sound that came out since this was last called: interleaved samples in the format asked for. Of a function
    /// that mixes nothing, that of its first output.
    fn played(&mut self) -> Result<Vec<u8>>;

    /// The same of the outputs behind the first, of a function that mixes nothing.
    fn played_behind(&mut self) -> Vec<Vec<u8>> {
        Vec::new()
    }

    /// Switches the machine off in good order and returns the sound that was still to be fetched.
    fn finish(&mut self) -> Result<Vec<u8>>;

    /// Whether the function is out of its slot, on whoever's account; `None` of one that never leaves it by itself.
    fn is_gone(&self) -> Option<bool> {
        None
    }

    /// Frames of a stream's own sample clock, in RUN since it was prepared, at a time that is not in the future: what
    /// a perfect position would say. `None` if the function cannot tell, or is not to be asked.
    fn sample_clock(&self, _is_output: bool, _nth: usize, _nanoseconds: u64) -> Option<f64> {
        None
    }

    /// The most sound that the function was given at a time, to play or to fill, in bytes, where it tells no more of it
    /// than that it is done with all of it; 0 where its registers say where it is.
    fn largest_transfer(&self, _is_output: bool) -> u64 {
        0
    }

    /// What the driver has done that the function's specification forbids, if the function knows: a sentence each.
    fn complaints(&self) -> Vec<String> {
        Vec::new()
    }
}
