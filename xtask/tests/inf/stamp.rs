//! What stamping fills in.

use crate::{DATE, SOURCE, stamped};
use xtask::driver::Architecture;
use xtask::package::date::Date;
use xtask::package::stamp::stamp;

#[test]
fn version_and_processors_are_filled_in() {
    let inf = stamped(&Architecture::ALL);
    let lines: Vec<&str> = inf.lines().collect();
    for line in [
        "DriverVer   = 11/21/2026,1.2.3.0",
        "%Provider% = Devices, NTamd64.10.0...16299, NTarm64.10.0...16299",
        "[Devices.NTamd64.10.0...16299]",
        "[Devices.NTarm64.10.0...16299]",
        "[VirtioSnd.NTamd64.Interfaces]",
        "[VirtioSnd.NTarm64.Interfaces]",
        r"ServiceBinary = %13%\waverust.sys",
        r"ServiceBinary = %13%\waverust_arm64.sys",
    ] {
        assert_eq!(lines.iter().filter(|each| **each == line).count(), 1, "{line}");
    }
    assert!(
        !inf.contains('$') || inf.matches('$').count() == 2,
        "but for the signature nothing is left to fill in"
    );
    assert_eq!(lines.iter().filter(|line| line.starts_with('[') && line.ends_with("[Version]")).count(), 1);
}

#[test]
fn one_processor_is_as_stampinf_does_it() {
    let inf = stamped(&[Architecture::X86_64]);
    let replaced = SOURCE.replace("$ARCH$", "amd64");
    let without_version = |text: &str| {
        text.lines().filter(|line| !line.starts_with("DriverVer")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(without_version(&inf), without_version(&replaced));
}

#[test]
fn lines_end_as_on_windows() {
    let inf = stamp(SOURCE, &Architecture::ALL, Date::from_epoch(DATE), "1.2.3").expect("stamped");
    assert_eq!(inf.matches('\n').count(), inf.matches("\r\n").count());
    assert!(inf.ends_with("\r\n") && inf.is_ascii());
}

#[test]
fn what_cannot_be_stamped_is_refused() {
    let refused = |from: &str, to: &str| {
        assert!(SOURCE.contains(from));
        let source = SOURCE.replacen(from, to, 1);
        let failure =
            stamp(&source, &Architecture::ALL, Date::from_epoch(DATE), "1.2.3").expect_err("refused");
        failure.to_string()
    };
    assert!(refused("DriverVer ", "Version ").contains("0 lines for the version"));
    assert!(refused("1 = %DiskName%", "1 = $ARCH$").contains("not a place for a processor"));
}
