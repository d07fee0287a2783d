//! What the numbers in the codec's volume register mean.

use super::regs::nam;

/// From one level to the next one: 1.5 dB, in 1/65536 dB.
pub(crate) const STEP: u32 = 3 << 15;

/// The lowest level: -46.5 dB.
pub(crate) const LOWEST: i32 = -(nam::MASTER_MOST as i32 * STEP as i32);

/// Where the attenuation of a channel is: the left one, 0, is above the right one.
const fn shift(channel: u32) -> u32 {
    if channel == 0 { 8 } else { 0 }
}

/// The level of a channel, in 1/65536 dB.
pub(crate) fn level(register: u16, channel: u32) -> i32 {
    let steps = register.wrapping_shr(shift(channel)) & nam::MASTER_MOST;
    i32::from(steps).saturating_mul(STEP.cast_signed()).saturating_neg()
}

/// The register with the level of a channel as near to `level` as it gets.
pub(crate) fn with_level(register: u16, channel: u32, level: i32) -> u16 {
    let below = level.min(0).unsigned_abs();
    let steps = below.saturating_add(STEP / 2) / STEP;
    let steps = u16::try_from(steps).unwrap_or(u16::MAX).min(nam::MASTER_MOST);
    let others = !nam::MASTER_MOST.wrapping_shl(shift(channel));
    register & others | steps.wrapping_shl(shift(channel))
}
