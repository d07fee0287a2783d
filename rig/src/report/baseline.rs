//! What Linux pays on the same devices.
//!
//! Counted on the device's side over 20 s of RUN: Linux 6.12 guest, QEMU 10.0.2, 48 kHz, 16-bit, stereo,
//! playback. The counts are constants of each driver: the same for periods of 48 to 1024 frames.

use super::costs::PerPeriod;

/// Another driver for the same device, and what it pays per period.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Baseline {
    /// The driver's name.
    pub driver: &'static str,
    /// Interactions per period.
    pub per_period: PerPeriod,
}

/// The driver to compare with, by the device's name on the command line.
pub fn of(device: &str) -> Option<Baseline> {
    let (driver, kicks, writes, reads, interrupts, instructions) = match device {
        "ac97" => ("snd_intel8x0", 0.0, 3.0, 9.0, 1.0, 323.0),
        "hda" => ("snd_hda_intel", 0.0, 1.0, 5.0, 1.0, 409.0),
        "es1370" => ("snd_ens1370", 0.0, 4.0, 5.0, 1.0, 140.0),
        // The driver's own 491, and 760 of the virtio bus below it, which is part of our driver.
        "virtio-snd" => ("virtio_snd", 1.0, 0.0, 0.0, 1.0, 1_251.0),
        _ => return None,
    };
    let per_period = PerPeriod {
        kicks,
        reads,
        writes,
        interrupts,
        sum: kicks + reads + writes + interrupts,
        instructions: Some(instructions),
        ..PerPeriod::default()
    };
    Some(Baseline { driver, per_period })
}

#[cfg(test)]
mod tests {
    #[test]
    fn thirteen_on_ac97_and_two_on_virtio() {
        assert_eq!(super::of("ac97").map(|baseline| baseline.per_period.sum), Some(13.0));
        let virtio = super::of("virtio-snd").map(|baseline| baseline.per_period);
        assert_eq!(virtio.map(|per| (per.sum, per.instructions)), Some((2.0, Some(1_251.0))));
        assert_eq!(super::of("piano"), None);
    }
}
