//! Traps taken by driver code that runs natively in this process.
//!
//! Driver instructions that a user process may not execute (ports, privileged registers), accesses to device
//! memory, and plain mistakes raise a Linux signal. The signal handler copies the registers to the stack of the
//! interrupted code, makes it go on in a trampoline, and returns; so the [`Hook`] runs in normal context on the
//! driver's own stack. It may call driver code, switch coroutines and take traps itself. When it returns, every
//! register is restored.

mod access;
mod alu;
mod cause;
mod code;
mod handler;
mod mmio;
mod registers;
mod step;
mod trampoline;
mod watchdog;
mod work;

pub use cause::{Access, Cause, Privileged};
pub use code::{Code, Registration, is_code, register_image};
pub use handler::{Hook, LastResort, LastResortHook, install};
pub use mmio::{MmioWindow, is_mmio, reserve_mmio};
pub use registers::{Registers, flags};
pub use step::{count_instructions, set_single_step};
pub use watchdog::{feed, overdue, watch};

/// One trap: what happened, and the registers with which the interrupted code will go on.
#[derive(Debug)]
pub struct Trap<'frame> {
    /// Registers of the interrupted code. What the hook changes here takes effect when it returns.
    pub registers: &'frame mut Registers,
    cause: Cause,
    in_driver: bool,
    /// Vector registers as `fxsave` lays them out.
    vectors: &'frame [u8; 512],
    /// What the hook answered.
    answer: Option<u64>,
}

impl Trap<'_> {
    /// What happened.
    #[must_use]
    pub fn cause(&self) -> Cause {
        self.cause
    }

    /// Whether the instruction at `rip` is driver code. If not, it belongs to the rig, which then most likely
    /// used a bad pointer of the driver's; such traps are always faults.
    #[must_use]
    pub fn in_driver(&self) -> bool {
        self.in_driver
    }

    /// Register XMM0 to XMM15.
    ///
    /// # Panics
    /// If there is no such register.
    #[must_use]
    pub fn xmm(&self, number: usize) -> u128 {
        assert!(number < 16, "there is no XMM{number}");
        let at = 160 + 16 * number;
        u128::from_le_bytes(std::array::from_fn(|index| self.vectors[at + index]))
    }

    /// Answers a read: the value goes where the instruction wants it, and the code goes on behind it.
    ///
    /// For [`Cause::PortRead`], [`Cause::MemoryRead`] and reading [`Cause::Privileged`] operations. An
    /// instruction that also writes then traps again, with [`Cause::MemoryWrite`].
    pub fn complete_read(&mut self, value: u64) {
        self.answer = Some(value);
    }

    /// Goes on behind the instruction, as if it had been performed.
    ///
    /// Without this (or [`Self::complete_read`]) it is executed once more, from the registers as they then are.
    pub fn complete(&mut self) {
        self.answer = Some(0);
    }
}
