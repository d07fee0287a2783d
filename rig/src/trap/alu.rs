//! What arithmetic instructions do to their operands and to the flags.

use super::registers::flags::{AF, CF, OF, PF, SF, ZF};
use crate::pci::Width;

/// An operation with two operands; also the ones with one, whose second operand is given here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Add,
    AddWithCarry,
    Subtract,
    SubtractWithBorrow,
    And,
    Or,
    Xor,
    /// Subtract, for the flags alone.
    Compare,
    /// And, for the flags alone.
    Test,
    /// Add one, carry flag untouched.
    Increment,
    /// Subtract one, carry flag untouched.
    Decrement,
    /// Subtract from zero.
    Negate,
    /// Invert; no flags.
    Not,
}

impl Operation {
    /// Whether the result goes anywhere.
    pub(super) const fn stores(self) -> bool {
        !matches!(self, Self::Compare | Self::Test)
    }

    /// Result of `left` and `right` in `width`, and the flags after it.
    pub(super) fn perform(self, left: u64, right: u64, width: Width, rflags: u64) -> (u64, u64) {
        let carry = rflags & CF;
        let (result, changed) = match self {
            Self::Add => add(left, right, 0, width),
            Self::AddWithCarry => add(left, right, carry, width),
            Self::Subtract | Self::Compare => subtract(left, right, 0, width),
            Self::SubtractWithBorrow => subtract(left, right, carry, width),
            Self::And | Self::Test => logic(left & right, width),
            Self::Or => logic(left | right, width),
            Self::Xor => logic(left ^ right, width),
            Self::Increment => with_carry(add(left, 1, 0, width), carry),
            Self::Decrement => with_carry(subtract(left, 1, 0, width), carry),
            Self::Negate => subtract(0, left, 0, width),
            Self::Not => return (!left & width.all_ones(), rflags),
        };
        (result, rflags & !(CF | PF | AF | ZF | SF | OF) | changed)
    }
}

fn add(left: u64, right: u64, carry: u64, width: Width) -> (u64, u64) {
    let (left, right) = (left & width.all_ones(), right & width.all_ones());
    let sum = u128::from(left) + u128::from(right) + u128::from(carry);
    let result = sum as u64 & width.all_ones();
    let carried = sum > u128::from(width.all_ones());
    let overflowed = sign((left ^ result) & (right ^ result), width);
    (result, bits(left ^ right ^ result, result, carried, overflowed, width))
}

fn subtract(left: u64, right: u64, borrow: u64, width: Width) -> (u64, u64) {
    let (left, right) = (left & width.all_ones(), right & width.all_ones());
    let result = left.wrapping_sub(right).wrapping_sub(borrow) & width.all_ones();
    let borrowed = u128::from(left) < u128::from(right) + u128::from(borrow);
    let overflowed = sign((left ^ right) & (left ^ result), width);
    (result, bits(left ^ right ^ result, result, borrowed, overflowed, width))
}

fn logic(result: u64, width: Width) -> (u64, u64) {
    let result = result & width.all_ones();
    (result, bits(0, result, false, false, width))
}

fn with_carry((result, flags): (u64, u64), carry: u64) -> (u64, u64) {
    (result, flags & !CF | carry)
}

fn sign(value: u64, width: Width) -> bool {
    value >> (8 * width.bytes() - 1) & 1 != 0
}

fn bits(carries: u64, result: u64, carry: bool, overflow: bool, width: Width) -> u64 {
    let when = |condition: bool, flag: u64| if condition { flag } else { 0 };
    when(carry, CF)
        | when((result as u8).count_ones().is_multiple_of(2), PF)
        | carries & AF
        | when(result == 0, ZF)
        | when(sign(result, width), SF)
        | when(overflow, OF)
}

#[cfg(test)]
mod tests {
    use std::arch::asm;

    use super::*;

    const ALL: u64 = CF | PF | AF | ZF | SF | OF;

    /// Performs `$instruction` on the processor itself.
    macro_rules! real {
        ($instruction:literal, $kind:ident, $left:expr, $right:expr, $carry:expr) => {{
            let (mut left, right) = ($left as $kind, $right as $kind);
            let flags: u64;
            // SAFETY: works on registers, and restores the stack it uses.
            unsafe {
                asm!(
                    "bt {carry}, 0", $instruction, "pushfq", "pop {flags}",
                    left = inout(reg) left, right = in(reg) right, carry = in(reg) $carry, flags = out(reg) flags,
                );
            }
            (u64::from(left), flags & ALL, right)
        }};
    }

    macro_rules! compare {
        ($operation:expr, $word:literal, $dword:literal, $qword:literal, $mask:expr) => {
            for left in VALUES {
                for right in VALUES {
                    for carry in [0_u64, 1] {
                        let ours = |width: Width| {
                            let (result, flags) = $operation.perform(left, right, width, carry);
                            (result, flags & $mask)
                        };
                        let real = real!($word, u16, left, right, carry);
                        assert_eq!(ours(Width::Word), (real.0, real.1 & $mask), "{left:x} {right:x} {carry}");
                        let real = real!($dword, u32, left, right, carry);
                        assert_eq!(
                            ours(Width::Dword),
                            (real.0, real.1 & $mask),
                            "{left:x} {right:x} {carry}"
                        );
                        let real = real!($qword, u64, left, right, carry);
                        assert_eq!(
                            ours(Width::Qword),
                            (real.0, real.1 & $mask),
                            "{left:x} {right:x} {carry}"
                        );
                    }
                }
            }
        };
    }

    const VALUES: [u64; 14] = [
        0,
        1,
        0x7f,
        0x80,
        0xff,
        0x7fff,
        0x8000,
        0xffff,
        0x7fff_ffff,
        0x8000_0000,
        0xffff_ffff,
        i64::MAX as u64,
        1 << 63,
        u64::MAX,
    ];

    #[test]
    fn results_and_flags_are_those_of_the_processor() {
        // AF is undefined after logic.
        let defined = ALL & !AF;
        compare!(
            Operation::Add,
            "add {left:x}, {right:x}",
            "add {left:e}, {right:e}",
            "add {left}, {right}",
            ALL
        );
        compare!(
            Operation::AddWithCarry,
            "adc {left:x}, {right:x}",
            "adc {left:e}, {right:e}",
            "adc {left}, {right}",
            ALL
        );
        compare!(
            Operation::Subtract,
            "sub {left:x}, {right:x}",
            "sub {left:e}, {right:e}",
            "sub {left}, {right}",
            ALL
        );
        compare!(
            Operation::SubtractWithBorrow,
            "sbb {left:x}, {right:x}",
            "sbb {left:e}, {right:e}",
            "sbb {left}, {right}",
            ALL
        );
        compare!(
            Operation::And,
            "and {left:x}, {right:x}",
            "and {left:e}, {right:e}",
            "and {left}, {right}",
            defined
        );
        compare!(
            Operation::Or,
            "or {left:x}, {right:x}",
            "or {left:e}, {right:e}",
            "or {left}, {right}",
            defined
        );
        compare!(
            Operation::Xor,
            "xor {left:x}, {right:x}",
            "xor {left:e}, {right:e}",
            "xor {left}, {right}",
            defined
        );
        compare!(
            Operation::Increment,
            "inc {left:x} # {right:r}",
            "inc {left:e} # {right:r}",
            "inc {left} # {right:r}",
            ALL
        );
        compare!(
            Operation::Decrement,
            "dec {left:x} # {right:r}",
            "dec {left:e} # {right:r}",
            "dec {left} # {right:r}",
            ALL
        );
        compare!(
            Operation::Negate,
            "neg {left:x} # {right:r}",
            "neg {left:e} # {right:r}",
            "neg {left} # {right:r}",
            ALL
        );
    }

    #[test]
    fn not_leaves_the_flags_alone() {
        assert_eq!(Operation::Not.perform(0x0f, 0, Width::Byte, ZF), (0xf0, ZF));
    }
}
