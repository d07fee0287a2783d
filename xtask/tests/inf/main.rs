//! The INF, stamped, against the rules and the driver's own constants.

mod planted;
mod stamp;

use xtask::driver::Architecture;
use xtask::inf::{Driver, Finding, check};
use xtask::package::date::Date;

const SOURCE: &str = include_str!("../../../inf/waverust.inx");
const SUBDEVICES: &str = include_str!("../../../src/adapter/subdevices.rs");
const KINDS: &str = include_str!("../../../src/adapter/kind.rs");

/// 2026-11-21.
const DATE: u64 = 1_795_219_200;

/// The INF for `architectures`, with plain line ends.
fn stamped(architectures: &[Architecture]) -> String {
    let date = Date::from_epoch(DATE);
    xtask::package::stamp::stamp(SOURCE, architectures, date, "1.2.3").expect("stamped").replace("\r\n", "\n")
}

fn driver() -> Driver {
    Driver::of(SUBDEVICES, KINDS)
}

/// Row 76: valid INF.
#[test]
fn nothing_is_wrong() {
    for architectures in [&Architecture::ALL[..], &Architecture::ALL[..1], &Architecture::ALL[1..]] {
        assert_eq!(check(&stamped(architectures), &driver()), [] as [Finding; 0], "{architectures:?}");
    }
}

#[test]
fn the_driver_has_two_devices_and_twelve_endpoints_to_play_and_eight_to_record() {
    let mut expected = Vec::new();
    for (direction, count) in [("Render", 12), ("Capture", 8)] {
        for number in 0..count {
            expected.push(format!("Wave{direction}{number}"));
            expected.push(format!("Topology{direction}{number}"));
        }
    }
    assert_eq!(driver().subdevices, expected);
    assert_eq!(driver().hardware, [r"PCI\VEN_8086&DEV_2415", r"PCI\VEN_1AF4&DEV_1059"]);
}
