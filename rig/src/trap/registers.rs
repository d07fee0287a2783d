//! The state of the processor at a trap.

use iced_x86::Register;

/// Registers of the interrupted code, in the order in which the trampoline takes them off the stack: the last
/// five are what `iretq` pops.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the processor's")]
pub struct Registers {
    pub rax: u64,
    pub rcx: u64,
    pub rdx: u64,
    pub rbx: u64,
    pub rbp: u64,
    pub rsi: u64,
    pub rdi: u64,
    pub r8: u64,
    pub r9: u64,
    pub r10: u64,
    pub r11: u64,
    pub r12: u64,
    pub r13: u64,
    pub r14: u64,
    pub r15: u64,
    pub rip: u64,
    pub cs: u64,
    pub rflags: u64,
    pub rsp: u64,
    pub ss: u64,
}

/// Bits of [`Registers::rflags`].
pub mod flags {
    /// Carry.
    pub const CF: u64 = 1 << 0;
    /// Parity of the lowest byte.
    pub const PF: u64 = 1 << 2;
    /// Carry out of bit 3.
    pub const AF: u64 = 1 << 4;
    /// Zero.
    pub const ZF: u64 = 1 << 6;
    /// Sign.
    pub const SF: u64 = 1 << 7;
    /// Trap after each instruction.
    pub const TF: u64 = 1 << 8;
    /// String instructions go downwards.
    pub const DF: u64 = 1 << 10;
    /// Signed overflow.
    pub const OF: u64 = 1 << 11;
    /// Alignment check.
    pub const AC: u64 = 1 << 18;
}

impl Registers {
    /// The general register that `register` is, or is a part of.
    fn whole(&mut self, register: Register) -> Option<&mut u64> {
        Some(match register.full_register() {
            Register::RAX => &mut self.rax,
            Register::RCX => &mut self.rcx,
            Register::RDX => &mut self.rdx,
            Register::RBX => &mut self.rbx,
            Register::RSP => &mut self.rsp,
            Register::RBP => &mut self.rbp,
            Register::RSI => &mut self.rsi,
            Register::RDI => &mut self.rdi,
            Register::R8 => &mut self.r8,
            Register::R9 => &mut self.r9,
            Register::R10 => &mut self.r10,
            Register::R11 => &mut self.r11,
            Register::R12 => &mut self.r12,
            Register::R13 => &mut self.r13,
            Register::R14 => &mut self.r14,
            Register::R15 => &mut self.r15,
            _ => return None,
        })
    }

    /// Value of a general register of any width; `None` for other registers.
    pub(super) fn get(&self, register: Register) -> Option<u64> {
        let mut copy = *self;
        let whole = *copy.whole(register)?;
        let shift = high_byte_shift(register);
        Some(whole >> shift & mask(register.size()))
    }

    /// Sets a general register of any width, as an instruction would: a 32-bit one clears the upper half, a
    /// narrower one leaves the rest as it is. Other registers are left alone.
    pub(super) fn set(&mut self, register: Register, value: u64) {
        let (size, shift) = (register.size(), high_byte_shift(register));
        if let Some(whole) = self.whole(register) {
            let kept = if size >= 4 { 0 } else { *whole & !(mask(size) << shift) };
            *whole = kept | (value & mask(size)) << shift;
        }
    }
}

fn high_byte_shift(register: Register) -> u32 {
    if matches!(register, Register::AH | Register::BH | Register::CH | Register::DH) { 8 } else { 0 }
}

/// All ones in `bytes` bytes.
fn mask(bytes: usize) -> u64 {
    match bytes {
        1..8 => !(u64::MAX << (8 * bytes)),
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_set_as_instructions_set_them() {
        let mut registers = Registers { rax: u64::MAX, ..Registers::default() };
        registers.set(Register::AL, 0x12);
        assert_eq!(registers.rax, 0xffff_ffff_ffff_ff12);
        registers.set(Register::AH, 0x34);
        assert_eq!(registers.rax, 0xffff_ffff_ffff_3412);
        registers.set(Register::AX, 0x5678);
        assert_eq!(registers.rax, 0xffff_ffff_ffff_5678);
        assert_eq!(registers.get(Register::AH), Some(0x56));
        registers.set(Register::EAX, 0x9abc_def0);
        assert_eq!(registers.rax, 0x9abc_def0);
        registers.set(Register::R9, u64::MAX);
        assert_eq!(registers.get(Register::R9D), Some(0xffff_ffff));
        assert_eq!(registers.get(Register::XMM0), None);
    }
}
