//! Why driver code trapped.

use iced_x86::{Code, Instruction, Mnemonic, OpKind, Register};

use super::registers::Registers;
use crate::pci::Width;

/// Why code trapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// `in`, or one element of `ins`.
    PortRead {
        /// Port number.
        port: u16,
        /// Width of the access.
        width: Width,
    },
    /// `out`, or one element of `outs`.
    PortWrite {
        /// Port number.
        port: u16,
        /// Width of the access.
        width: Width,
        /// What is written.
        value: u32,
    },
    /// Driver code reads device memory ([`super::reserve_mmio`]).
    MemoryRead {
        /// Address in the window.
        address: usize,
        /// Width of the access.
        width: Width,
    },
    /// Driver code writes device memory.
    MemoryWrite {
        /// Address in the window.
        address: usize,
        /// Width of the access.
        width: Width,
        /// What is written.
        value: u64,
    },
    /// Nothing is there, or not with the right to do this. Also an access to device memory by an instruction
    /// that the rig cannot perform; [`super::is_mmio`] tells.
    PageFault {
        /// The address.
        address: usize,
        /// What was tried.
        access: Access,
    },
    /// An instruction for kernels only.
    Privileged(Privileged),
    /// `int3`; `rip` is behind it.
    Breakpoint,
    /// `int 29h`: the code gave up.
    FastFail {
        /// Its reason (`FAST_FAIL_*`).
        code: u32,
    },
    /// Another software interrupt.
    SoftwareInterrupt {
        /// Its vector.
        vector: u8,
    },
    /// There is no such instruction; also `ud2`.
    InvalidOpcode,
    /// Division by zero, or its result does not fit.
    DivideError,
    /// An unmasked floating point exception.
    FloatingPoint,
    /// An address that cannot exist, or an operand that is not aligned as the instruction demands.
    GeneralProtection,
    /// Single-stepping: one instruction of driver code was executed; `rip` is behind it.
    Step,
    /// The code has run for longer than it may ([`super::watch`]).
    Watchdog,
    /// Something else.
    Other {
        /// Linux' signal.
        signal: i32,
        /// The processor's exception number.
        exception: u64,
    },
}

/// What a page fault tried to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read.
    Read,
    /// Write.
    Write,
    /// Execute.
    Execute,
}

/// An instruction for kernels only. The reading ones are answered with [`super::Trap::complete_read`], the
/// others with [`super::Trap::complete`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Privileged {
    /// Reads control register `CRn`.
    ReadControl(u8),
    /// Writes a control register.
    WriteControl {
        /// Its number.
        register: u8,
        /// What is written.
        value: u64,
    },
    /// Reads debug register `DRn`.
    ReadDebug(u8),
    /// Writes a debug register.
    WriteDebug {
        /// Its number.
        register: u8,
        /// What is written.
        value: u64,
    },
    /// Reads a model specific register.
    ReadMsr(u32),
    /// Writes a model specific register.
    WriteMsr {
        /// Its number.
        register: u32,
        /// What is written.
        value: u64,
    },
    /// Disables interrupts.
    Cli,
    /// Enables interrupts.
    Sti,
    /// Waits for an interrupt.
    Hlt,
    /// Any other.
    Other,
}

impl Privileged {
    /// What `instruction` does, if it is for kernels only.
    pub(super) fn of(instruction: &Instruction, registers: &Registers) -> Option<Self> {
        let (to, from) = (instruction.op0_register(), instruction.op1_register());
        let number = |register: Register| register.number() as u8;
        let value = || registers.get(from).unwrap_or(0);
        Some(match instruction.code() {
            Code::Mov_r64_cr | Code::Mov_r32_cr => Self::ReadControl(number(from)),
            Code::Mov_cr_r64 | Code::Mov_cr_r32 => {
                Self::WriteControl { register: number(to), value: value() }
            }
            Code::Mov_r64_dr | Code::Mov_r32_dr => Self::ReadDebug(number(from)),
            Code::Mov_dr_r64 | Code::Mov_dr_r32 => Self::WriteDebug { register: number(to), value: value() },
            Code::Rdmsr => Self::ReadMsr(registers.rcx as u32),
            Code::Wrmsr => {
                let value = registers.rdx << 32 | registers.rax & 0xffff_ffff;
                Self::WriteMsr { register: registers.rcx as u32, value }
            }
            Code::Cli => Self::Cli,
            Code::Sti => Self::Sti,
            Code::Hlt => Self::Hlt,
            _ if instruction.is_privileged() => Self::Other,
            _ => return None,
        })
    }

    /// Puts the answer where `instruction` wants it.
    pub(super) fn store(self, instruction: &Instruction, registers: &mut Registers, value: u64) {
        match self {
            Self::ReadControl(_) | Self::ReadDebug(_) => registers.set(instruction.op0_register(), value),
            Self::ReadMsr(_) => {
                registers.rax = value & 0xffff_ffff;
                registers.rdx = value >> 32;
            }
            _ => {}
        }
    }
}

/// The software interrupt that `instruction` is, if it is one.
pub(super) fn software_interrupt(instruction: &Instruction, registers: &Registers) -> Option<Cause> {
    if instruction.mnemonic() != Mnemonic::Int || instruction.op0_kind() != OpKind::Immediate8 {
        return None;
    }
    Some(match instruction.immediate8() {
        0x29 => Cause::FastFail { code: registers.rcx as u32 },
        vector => Cause::SoftwareInterrupt { vector },
    })
}
