//! Time that moves only when told to, and stops exactly where told to, on an unmodified QEMU.
//!
//! The machine's only processor is halted for ever. With QEMU's instruction counter on and its sleep off, the
//! virtual clock then jumps from one timer deadline to the next, whatever the time of day. What stops it is a
//! comparator of the HPET which sends its message not to a processor but to a pvpanic device, whose "guest
//! panicked" pauses the machine. QEMU always makes one more jump before it obeys; a second comparator, the
//! guard, makes sure that this jump is one tick of 10 ns.

use super::{qmp::Qmp, qtest::Qtest};
use crate::pci::{HardwareError, Result, Width};

/// One tick of the HPET, in nanoseconds.
const TICK: u64 = 10;

/// Where the pvpanic device gets its register. Device memory of the sound function lies below.
pub(super) const PANIC_BASE: u32 = 0xf000_0000;

/// Physical address of a dword that the guard may write.
const SCRATCH: u32 = 0x7000;

const HPET: u64 = 0xfed0_0000;
const CONFIGURATION: u64 = HPET + 0x10;
const COUNTER: u64 = HPET + 0xf0;

/// Comparator that stops the machine, and the one that comes a tick later.
const STOP: Comparator = Comparator(HPET + 0x100);
const GUARD: Comparator = Comparator(HPET + 0x120);

/// An instant that never comes. A larger one would overflow QEMU's nanoseconds and be due at once.
const NEVER: u64 = 0x00ff_ffff_ffff_ffff;

/// Registers of one comparator.
#[derive(Clone, Copy)]
struct Comparator(u64);

impl Comparator {
    const ENABLED_MESSAGE: u32 = 0x4004;

    /// Writes that have it send `value` to `address`.
    const fn set_up(self, value: u32, address: u32) -> [(u64, u32); 5] {
        [
            (self.0 + 0x10, value),
            (self.0 + 0x14, address),
            (self.low(), NEVER as u32),
            (self.high(), (NEVER >> 32) as u32),
            (self.0, Self::ENABLED_MESSAGE),
        ]
    }

    const fn low(self) -> u64 {
        self.0 + 8
    }

    const fn high(self) -> u64 {
        self.0 + 12
    }
}

/// The machine's clock.
#[derive(Debug)]
pub(super) struct TimeBase {
    /// The HPET's counter: what it must show.
    tick: u64,
    /// Ticks before the machine's last reset, which sets the counter to zero.
    before: u64,
    /// High dword that both comparators hold.
    high: u32,
}

impl TimeBase {
    /// Sets up the comparators of a machine that has not run yet.
    pub(super) fn new(qtest: &mut Qtest) -> Result<Self> {
        Self::beginning_at(qtest, 0)
    }

    /// Sets up those of a machine that was reset, which does not set its time back.
    pub(super) fn after_reset(&self, qtest: &mut Qtest) -> Result<Self> {
        Self::beginning_at(qtest, self.before + self.tick)
    }

    fn beginning_at(qtest: &mut Qtest, before: u64) -> Result<Self> {
        qtest.write_dwords(&STOP.set_up(1, PANIC_BASE))?;
        qtest.write_dwords(&GUARD.set_up(0, SCRATCH))?;
        qtest.write_dwords(&[(CONFIGURATION, 1)])?;
        Ok(Self { tick: 0, before, high: (NEVER >> 32) as u32 })
    }

    /// Nanoseconds since the machine was switched on.
    pub(super) fn now(&self) -> u64 {
        (self.before + self.tick) * TICK
    }

    /// Runs until just after `nanoseconds`, if that is in the future.
    pub(super) fn advance_to(&mut self, qtest: &mut Qtest, qmp: &mut Qmp, nanoseconds: u64) -> Result<()> {
        let stop = nanoseconds.div_ceil(TICK).saturating_sub(self.before);
        if stop <= self.tick {
            return Ok(());
        }
        if stop >= NEVER {
            return Err(HardwareError::Request {
                what: format!("letting time run until {nanoseconds} ns"),
                why: format!("the machine's clock ends at {} ns", NEVER * TICK),
            });
        }
        let guard = stop + 1;
        let high = (guard >> 32) as u32;
        if high != self.high || (stop >> 32) as u32 != self.high {
            // High dword first: the comparator must not be in the past for a moment.
            qtest.write_dwords(&[(GUARD.high(), high), (STOP.high(), (stop >> 32) as u32)])?;
            self.high = high;
        }
        qtest.write_dwords(&[(GUARD.low(), guard as u32), (STOP.low(), stop as u32)])?;
        qmp.run_until_stop()?;
        self.check(qtest, guard)?;
        self.tick = guard;
        Ok(())
    }

    /// Fails unless the counter stands at `tick`. The answer also brings whatever interrupt lines have changed.
    fn check(&self, qtest: &mut Qtest, tick: u64) -> Result<()> {
        let low = qtest.read_memory(COUNTER, Width::Dword)?;
        // The high dword cannot be wrong without the low one, but for a step over its wrap.
        let high = if tick >> 32 == self.tick >> 32 {
            tick >> 32
        } else {
            qtest.read_memory(COUNTER + 4, Width::Dword)?
        };
        let found = high << 32 | low;
        if found == tick {
            return Ok(());
        }
        Err(HardwareError::ClockOff { wanted: tick * TICK, found: found * TICK })
    }
}
