//! Instructions that the driver's routines take, by kind.

use super::Accounts;
use super::Kernel;
use crate::trap;

/// The first of a kind are all stepped through to count their instructions, later ones now and then: stepping is slow.
/// The distance is a prime number, for what comes in turns not to hide between.
const COUNT_ALL_BELOW: u64 = 48;
const COUNT_EVERY: u64 = 17;

/// A kind of routine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Interrupt service routines, by line or by message.
    Isr,
    /// Deferred procedure calls.
    Dpc,
    /// Callbacks of timers that have one.
    Timer,
    /// `SetWritePacket`.
    SetWritePacket,
    /// `GetReadPacket`.
    GetReadPacket,
}

/// All kinds.
pub const WORKS: [Work; 5] = [Work::Isr, Work::Dpc, Work::Timer, Work::SetWritePacket, Work::GetReadPacket];

/// What routines of one kind took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkFigures {
    /// How many ran.
    pub ran: u64,
    /// How many of them were stepped through.
    pub counted: u64,
    /// Instructions of those that were, all together. What interrupted them is in its own kind.
    pub instructions: u64,
    /// The most that one of them took, since power-on.
    pub max_instructions: u64,
}

impl WorkFigures {
    /// Instructions of all that ran, from those that were counted.
    pub fn estimate(&self) -> f64 {
        if self.counted == 0 { 0.0 } else { self.instructions as f64 / self.counted as f64 * self.ran as f64 }
    }

    pub(super) fn since(self, earlier: Self) -> Self {
        Self {
            ran: self.ran - earlier.ran,
            counted: self.counted - earlier.counted,
            instructions: self.instructions - earlier.instructions,
            max_instructions: self.max_instructions,
        }
    }
}

impl Accounts {
    fn change_work<R>(&self, kind: Work, change: impl FnOnce(&mut WorkFigures) -> R) -> R {
        let mut work = self.work.get();
        let place = WORKS.iter().position(|each| *each == kind).unwrap_or(0);
        let result = change(&mut work[place]);
        self.work.set(work);
        result
    }
}

impl Kernel {
    /// Runs a routine of the driver's, and counts its instructions if it is its turn. What comes in between is counted
    /// apart, whether it is its turn or not.
    pub(crate) fn counted<R>(&self, kind: Work, run: impl FnOnce() -> R) -> R {
        let ran = self.accounts.change_work(kind, |figures| {
            figures.ran += 1;
            figures.ran
        });
        let depth = self.accounts.counting.get();
        let later = ran > COUNT_ALL_BELOW && !ran.is_multiple_of(COUNT_EVERY);
        if self.accounts.uncounted.get() || depth == 0 && later {
            return run();
        }
        self.accounts.counting.set(depth + 1);
        let (result, instructions) = trap::count_instructions(run);
        self.accounts.counting.set(depth);
        self.accounts.change_work(kind, |figures| {
            figures.counted += 1;
            figures.instructions += instructions;
            figures.max_instructions = figures.max_instructions.max(instructions);
        });
        result
    }
}
