//! What the instructions that touch a device do with what they read, and what they write.

use std::ptr;

use iced_x86::{Instruction, Mnemonic, OpKind, Register};

use super::{
    alu::Operation,
    registers::{
        Registers,
        flags::{CF, ZF},
    },
};
use crate::pci::Width;

/// What an instruction does to one place in device memory, or to one port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Register from device.
    Load { to: Register, signed: bool },
    /// Value to device.
    Store { value: u64 },
    /// Register operation device, result to the register.
    Combine { operation: Operation, to: Register },
    /// Device operation value, result to the device.
    Modify { operation: Operation, value: u64 },
    /// Register to device and back; with `add`, their sum to the device.
    Exchange { with: Register, add: bool },
    /// If the device holds what the accumulator holds, `value` to the device; else the accumulator from it.
    CompareExchange { value: u64, accumulator: Register },
    /// Carry from bit `bit` of the device, which is then kept, set, cleared or inverted.
    Bit { bit: u32, change: BitChange },
    /// One element of a string instruction, from the device to memory at `rdi`.
    ToMemory,
    /// One element of a string instruction, from memory at `rsi` to the device.
    FromMemory,
    /// One element of a string instruction, from the accumulator to the device.
    Fill { value: u64 },
    /// One element of a string instruction, from the device to the accumulator.
    Fetch { to: Register },
}

/// What happens to a bit that was tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BitChange {
    Keep,
    Set,
    Clear,
    Invert,
}

impl Work {
    /// Whether it begins with a read.
    pub(super) const fn reads(self) -> bool {
        !matches!(self, Self::Store { .. } | Self::Fill { .. } | Self::FromMemory)
    }

    /// Does its part in `registers`, and in the driver's memory, with what was `read`. What goes to the device.
    pub(super) fn apply(self, registers: &mut Registers, read: u64, width: Width) -> Option<u64> {
        match self {
            Self::Load { to, signed } => {
                registers.set(to, if signed { extend(read, width) } else { read });
                None
            }
            Self::Fetch { to } => {
                registers.set(to, read);
                None
            }
            Self::ToMemory => {
                store(registers.rdi, width, read);
                None
            }
            Self::Combine { operation, to } => {
                let left = registers.get(to).unwrap_or(0);
                let (result, flags) = operation.perform(left, read, width, registers.rflags);
                registers.rflags = flags;
                if operation.stores() {
                    registers.set(to, result);
                }
                None
            }
            Self::Modify { operation, value } => {
                let (result, flags) = operation.perform(read, value, width, registers.rflags);
                registers.rflags = flags;
                operation.stores().then_some(result)
            }
            Self::Exchange { with, add } => {
                let mut new = registers.get(with).unwrap_or(0);
                if add {
                    (new, registers.rflags) = Operation::Add.perform(read, new, width, registers.rflags);
                }
                registers.set(with, read);
                Some(new)
            }
            Self::CompareExchange { value, accumulator } => {
                let expected = registers.get(accumulator).unwrap_or(0);
                registers.rflags = Operation::Compare.perform(expected, read, width, registers.rflags).1;
                if registers.rflags & ZF != 0 {
                    return Some(value);
                }
                registers.set(accumulator, read);
                // The processor writes the old value back.
                Some(read)
            }
            Self::Bit { bit, change } => {
                let one = 1 << bit;
                registers.rflags = registers.rflags & !CF | if read & one != 0 { CF } else { 0 };
                match change {
                    BitChange::Keep => None,
                    BitChange::Set => Some(read | one),
                    BitChange::Clear => Some(read & !one),
                    BitChange::Invert => Some(read ^ one),
                }
            }
            Self::Store { value } | Self::Fill { value } => Some(value),
            Self::FromMemory => Some(load(registers.rsi, width)),
        }
    }

    /// What `instruction` does with device memory, which it was about to read or write; `None` if the rig does
    /// not know how to do that.
    pub(super) fn with_memory(
        instruction: &Instruction,
        registers: &Registers,
        width: Width,
        is_write: bool,
    ) -> Option<Self> {
        let to_memory = instruction.op0_kind() == OpKind::Memory;
        let to = instruction.op0_register();
        let from = instruction.op1_register();
        let value = || operand(instruction, registers, 1);
        let arithmetic = |operation| {
            Some(if to_memory {
                Self::Modify { operation, value: value()? }
            } else {
                Self::Combine { operation, to }
            })
        };
        let unary = |operation| Some(Self::Modify { operation, value: 0 });
        let bit = |change| Some(Self::Bit { bit: value()? as u32 % (8 * width.bytes() as u32), change });
        match instruction.mnemonic() {
            Mnemonic::Mov if to_memory => Some(Self::Store { value: value()? }),
            Mnemonic::Mov | Mnemonic::Movzx => Some(Self::Load { to, signed: false }),
            Mnemonic::Movsx | Mnemonic::Movsxd => Some(Self::Load { to, signed: true }),
            Mnemonic::Movnti => Some(Self::Store { value: value()? }),
            Mnemonic::Add => arithmetic(Operation::Add),
            Mnemonic::Adc => arithmetic(Operation::AddWithCarry),
            Mnemonic::Sub => arithmetic(Operation::Subtract),
            Mnemonic::Sbb => arithmetic(Operation::SubtractWithBorrow),
            Mnemonic::And => arithmetic(Operation::And),
            Mnemonic::Or => arithmetic(Operation::Or),
            Mnemonic::Xor => arithmetic(Operation::Xor),
            Mnemonic::Cmp => arithmetic(Operation::Compare),
            Mnemonic::Test => arithmetic(Operation::Test),
            Mnemonic::Inc => unary(Operation::Increment),
            Mnemonic::Dec => unary(Operation::Decrement),
            Mnemonic::Neg => unary(Operation::Negate),
            Mnemonic::Not => unary(Operation::Not),
            Mnemonic::Bt => bit(BitChange::Keep),
            Mnemonic::Bts => bit(BitChange::Set),
            Mnemonic::Btr => bit(BitChange::Clear),
            Mnemonic::Btc => bit(BitChange::Invert),
            Mnemonic::Xchg => Some(Self::Exchange { with: if to_memory { from } else { to }, add: false }),
            Mnemonic::Xadd => Some(Self::Exchange { with: from, add: true }),
            Mnemonic::Cmpxchg => {
                Some(Self::CompareExchange { value: value()?, accumulator: accumulator(width) })
            }
            Mnemonic::Movsb | Mnemonic::Movsw | Mnemonic::Movsd | Mnemonic::Movsq
                if is_string(instruction) =>
            {
                Some(if is_write { Self::FromMemory } else { Self::ToMemory })
            }
            Mnemonic::Stosb | Mnemonic::Stosw | Mnemonic::Stosd | Mnemonic::Stosq => {
                Some(Self::Fill { value: registers.get(accumulator(width))? })
            }
            Mnemonic::Lodsb | Mnemonic::Lodsw | Mnemonic::Lodsd | Mnemonic::Lodsq => {
                Some(Self::Fetch { to: accumulator(width) })
            }
            _ => None,
        }
    }
}

/// `movsd` is also the name of a vector instruction.
fn is_string(instruction: &Instruction) -> bool {
    instruction.is_string_instruction()
}

fn operand(instruction: &Instruction, registers: &Registers, index: u32) -> Option<u64> {
    match instruction.op_kind(index) {
        OpKind::Register => registers.get(instruction.op_register(index)),
        OpKind::Memory => None,
        _ => instruction.try_immediate(index).ok(),
    }
}

fn accumulator(width: Width) -> Register {
    match width {
        Width::Byte => Register::AL,
        Width::Word => Register::AX,
        Width::Dword => Register::EAX,
        Width::Qword => Register::RAX,
    }
}

/// Sign-extends a value of `width`.
fn extend(value: u64, width: Width) -> u64 {
    let unused = 64 - 8 * width.bytes() as u32;
    ((value << unused) as i64 >> unused) as u64
}

/// Reads the driver's own memory on its behalf. A bad address faults, as it would have without the rig.
fn load(address: u64, width: Width) -> u64 {
    let mut value = 0_u64;
    let from = ptr::with_exposed_provenance::<u8>(address as usize);
    // SAFETY: `value` has room for any width. The other side is the driver's responsibility: it asked the
    // processor to read there, and reads only from memory that is not Rust's.
    unsafe { ptr::copy_nonoverlapping(from, (&raw mut value).cast(), width.bytes()) };
    value
}

/// Writes the driver's own memory on its behalf.
fn store(address: u64, width: Width, value: u64) {
    let to = ptr::with_exposed_provenance_mut::<u8>(address as usize);
    // SAFETY: as in `load`.
    unsafe { ptr::copy_nonoverlapping((&raw const value).cast(), to, width.bytes()) };
}
