//! Instructions that touch a device: where, how wide, and how the code goes on.

use iced_x86::{Instruction, Mnemonic, OpKind, Register};

use super::{
    cause::Cause,
    registers::{Registers, flags::DF},
    work::Work,
};
use crate::pci::Width;

/// Where an access goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Port(u16),
    Memory(usize),
}

/// An instruction that touches a device once.
#[derive(Clone, Copy, Debug)]
pub(super) struct DeviceAccess {
    pub(super) instruction: Instruction,
    pub(super) place: Place,
    pub(super) width: Width,
    pub(super) work: Work,
}

impl DeviceAccess {
    /// What `instruction` does with a port; `None` if it is not about ports.
    pub(super) fn of_port(instruction: &Instruction, registers: &Registers) -> Option<Self> {
        let port = |kind, register| match kind {
            OpKind::Immediate8 => u16::from(instruction.immediate8()),
            _ => registers.get(register).unwrap_or(0) as u16,
        };
        let accumulator = |register: Register| Width::from_bytes(register.size());
        let (number, width, work) = match instruction.mnemonic() {
            Mnemonic::In => {
                let to = instruction.op0_register();
                let port = port(instruction.op1_kind(), Register::DX);
                (port, accumulator(to)?, Work::Load { to, signed: false })
            }
            Mnemonic::Out => {
                let from = instruction.op1_register();
                let port = port(instruction.op0_kind(), Register::DX);
                (port, accumulator(from)?, Work::Store { value: registers.get(from)? })
            }
            Mnemonic::Insb | Mnemonic::Insw | Mnemonic::Insd => {
                (registers.rdx as u16, Width::from_bytes(instruction.memory_size().size())?, Work::ToMemory)
            }
            Mnemonic::Outsb | Mnemonic::Outsw | Mnemonic::Outsd => {
                (registers.rdx as u16, Width::from_bytes(instruction.memory_size().size())?, Work::FromMemory)
            }
            _ => return None,
        };
        Some(Self { instruction: *instruction, place: Place::Port(number), width, work })
    }

    /// What `instruction` does with device memory at `address`, which it was about to read or write; `None` if
    /// the rig does not know how to do that.
    pub(super) fn of_memory(
        instruction: &Instruction,
        registers: &Registers,
        address: usize,
        is_write: bool,
    ) -> Option<Self> {
        let width = Width::from_bytes(instruction.memory_size().size())?;
        let work = Work::with_memory(instruction, registers, width, is_write)?;
        Some(Self { instruction: *instruction, place: Place::Memory(address), width, work })
    }

    /// Whether it is a repeated instruction with nothing left to do.
    pub(super) fn is_exhausted(&self, registers: &Registers) -> bool {
        self.is_repeated() && registers.rcx == 0
    }

    /// Performs it. `ask` tells the hook a cause and returns its answer; without an answer everything stays as
    /// it is, and `false` is returned.
    pub(super) fn perform(
        &self,
        registers: &mut Registers,
        mut ask: impl FnMut(&mut Registers, Cause) -> Option<u64>,
    ) -> bool {
        let mut read = 0;
        if self.work.reads() {
            let Some(answer) = ask(registers, self.read_cause()) else { return false };
            read = answer & self.width.all_ones();
        }
        // Nothing changes before the device has taken what it gets.
        let mut after = *registers;
        if let Some(value) = self.work.apply(&mut after, read, self.width)
            && ask(registers, self.write_cause(value & self.width.all_ones())).is_none()
        {
            return false;
        }
        *registers = after;
        self.advance(registers);
        true
    }

    fn read_cause(&self) -> Cause {
        match self.place {
            Place::Port(port) => Cause::PortRead { port, width: self.width },
            Place::Memory(address) => Cause::MemoryRead { address, width: self.width },
        }
    }

    fn write_cause(&self, value: u64) -> Cause {
        match self.place {
            Place::Port(port) => Cause::PortWrite { port, width: self.width, value: value as u32 },
            Place::Memory(address) => Cause::MemoryWrite { address, width: self.width, value },
        }
    }

    fn is_repeated(&self) -> bool {
        self.instruction.has_rep_prefix() || self.instruction.has_repne_prefix()
    }

    /// Goes on behind the instruction, or to the next element of a repeated one.
    fn advance(&self, registers: &mut Registers) {
        let size = self.width.bytes() as u64;
        let step = if registers.rflags & DF == 0 { size } else { size.wrapping_neg() };
        let is_move = matches!(self.place, Place::Memory(_));
        let (source, target) = match self.work {
            Work::ToMemory => (is_move, true),
            Work::FromMemory => (true, is_move),
            Work::Fill { .. } => (false, true),
            Work::Fetch { .. } => (true, false),
            _ => {
                registers.rip += self.instruction.len() as u64;
                return;
            }
        };
        if source {
            registers.rsi = registers.rsi.wrapping_add(step);
        }
        if target {
            registers.rdi = registers.rdi.wrapping_add(step);
        }
        if self.is_repeated() {
            registers.rcx = registers.rcx.wrapping_sub(1);
            if registers.rcx != 0 {
                return;
            }
        }
        registers.rip += self.instruction.len() as u64;
    }
}
