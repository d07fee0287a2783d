//! Each rule fires when it is broken.

use std::collections::BTreeSet;

use crate::{driver, stamped};
use xtask::driver::Architecture;
use xtask::inf::{Driver, Finding, check, rules};

/// A text of the INF, another in its place, the rule that fires, and what it says.
type Fault = (&'static str, &'static str, &'static str, &'static str);

const FAULTS: &[Fault] = &[
    ("%Wave.Name%", "%Waves.Name%", "strings", "%Waves.Name% is not among"),
    ("%Wave.Name%", "%Topology.Name%", "strings", "%Wave.Name% is unused"),
    ("AddReg = Topology.AddReg", "AddReg = Other.AddReg", "sections", "no [Other.AddReg]"),
    ("AddReg = Topology.AddReg", "AddReg = Other.AddReg", "sections", "nobody names [Topology.AddReg]"),
    ("[Ac97.NTamd64.HW]", "[Ac97.NTamd64.Hw]", "sections", "no [Ac97.NTamd64.HW]"),
    ("[Wave]", "[Topology]", "sections", "two sections [Topology]"),
    ("$WINDOWS NT$", "$CHICAGO$", "version", "Signature"),
    ("Class       = MEDIA", "Class       = SYSTEM", "version", "Class is \"SYSTEM\""),
    ("4d36e96c-e325", "4d36e97d-e325", "version", "ClassGuid"),
    ("Provider    = %Provider%", "", "version", "no Provider"),
    ("CatalogFile = waverust.cat", "", "version", "CatalogFile"),
    ("PnpLockdown = 1", "PnpLockdown = 0", "version", "PnpLockdown"),
    ("11/21/2026,1.2.3.0", "11/21/2026,0.0.0.0", "version", "a version above 0"),
    ("11/21/2026,1.2.3.0", "21/11/2026,1.2.3.0", "version", "DriverVer"),
    ("11/21/2026,1.2.3.0", "11/21/2026,1.2.3", "version", "DriverVer"),
    ("11/21/2026,1.2.3.0", "11/21/2026,1.2.3.65536", "version", "DriverVer"),
    ("[Wave]\n", "[Wave]\nDelReg = Wave.AddReg\n", "universal", "[Wave] has DelReg"),
    ("[Wave]\n", "[Wave]\nRegisterDlls = Wave.AddReg\n", "universal", "[Wave] has RegisterDlls"),
    ("[VirtioSnd.NTamd64]\n", "[VirtioSnd.NTamd64]\nCoInstallers32 = Wave\n", "universal", "CoInstallers32"),
    ("HKR,,FriendlyName,,%Wave.Name%", "HKLM,,FriendlyName,,%Wave.Name%", "universal", "outside HKR"),
    ("DefaultDestDir = 13", "DefaultDestDir = 12", "driver store", "destination is not 13"),
    (
        "DefaultDestDir = 13",
        "DefaultDestDir = 13\nDriver.Files.amd64 = 12",
        "driver store",
        "destination is not 13",
    ),
    ("waverust_arm64.sys = 1", "waverust.sys = 1", "driver store", "another waverust.sys"),
    ("waverust.sys = 1", "waverust.sys = 2", "driver store", "is on disk \"2\""),
    ("waverust.sys = 1", "other.sys = 1", "driver store", "copies [\"waverust.sys\"] of [\"other.sys\"]"),
    (
        "[Driver.Files.amd64]\nwaverust.sys",
        "[Driver.Files.amd64]\nwaverust.sys,w.sys",
        "driver store",
        "another name",
    ),
    (r"%13%\waverust.sys", r"%12%\waverust.sys", "driver store", "not a file copied to %13%"),
    (r"%13%\waverust.sys", r"%13%\waverust_arm64.sys", "driver store", "not a file copied to %13%"),
    (
        "[Devices.NTamd64.10.0...16299]\n",
        "[Devices.NTamd64.10.0...16299]\n;",
        "systems",
        "not among the models of amd64",
    ),
    ("%Ac97.Name%      = Ac97, PCI", "%Ac97.Name%      = Ac97, ISA", "models", "knows no ISA"),
    ("NTarm64.10.0...16299", "NTarm64.10.0...10240", "systems", "since build 16299"),
    ("%Provider% = Devices", "%Provider% = Others", "systems", "there are no models"),
    ("NTarm64", "NTia64", "systems", "no processor is called \"ia64\""),
    ("AddService = waverust, 0x00000002", "AddService = waverust, 0x00000000", "services", "function driver"),
    ("AddService = waverust", "AddServices = waverust", "services", "0 services"),
    ("ServiceType   = 1", "ServiceType   = 16", "services", "ServiceType"),
    ("StartType     = 3", "StartType     = 0", "services", "StartType"),
    ("ErrorControl  = 1", "ErrorControl  = 3", "services", "ErrorControl"),
    ("DEV_1059", "DEV_1052", "models", "the driver knows no PCI\\VEN_1AF4&DEV_1052"),
    ("Include   = ks.inf, wdmaudio.inf", "Include   = ks.inf", "registration", "Include is not ks.inf"),
    ("KS.Registration, WDM", "WDM", "registration", "Needs is not"),
    ("wdmaud,swmidi,redbook", "wdmaud,swmidi", "registration", "AssociatedFilters"),
    (
        "HKR,,Driver,,waverust_arm64.sys",
        "HKR,,Driver,,waverust.sys",
        "registration",
        "\"waverust_arm64.sys\"",
    ),
    ("\"wave,midi,mixer\"", "\"wave\"", "registration", "SubClasses"),
    (
        r"HKR,Drivers\midi\wdmaud.drv,Driver,,wdmaud.drv",
        "",
        "registration",
        r"Drivers\midi\wdmaud.drv,Driver",
    ),
    (r"HKR,Drivers\mixer\wdmaud.drv,Description,,%Ac97.Name%", "", "registration", "no Description"),
    ("WaveCapture3, Wave", "WaveCapture8, Wave", "interfaces", "registers no WaveCapture8"),
    (
        "KSCATEGORY_REALTIME%, WaveRender0",
        "KSCATEGORY_AUDIO%, WaveRender0",
        "interfaces",
        "categories of WaveRender0",
    ),
    (
        "KSCATEGORY_CAPTURE%,  WaveCapture0",
        "KSCATEGORY_RENDER%,  WaveCapture0",
        "interfaces",
        "of WaveCapture0",
    ),
    (
        "KSCATEGORY_TOPOLOGY%, TopologyRender0",
        "KSCATEGORY_REALTIME%, TopologyRender0",
        "interfaces",
        "TopologyRender0",
    ),
    (
        "KSCATEGORY_RENDER%,   WaveRender0, Wave\n",
        "KSCATEGORY_RENDER%,   WaveRender0\n",
        "interfaces",
        "category, reference",
    ),
    ("6994AD04-93EF-11D0", "FBF6F530-07B9-11D2", "interfaces", "the categories of WaveRender0"),
    ("17CCA71B-ECD7", "17CCA71C-ECD7", "interfaces", "the CLSID of WaveRender0"),
    ("HKR,,FriendlyName,,%Topology.Name%", "", "interfaces", "TopologyCapture7 has no FriendlyName"),
    ("Mode%,0x00010001,0x1", "Mode%,0x00010001,0x0", "events", "TopologyRender0"),
    (r"HKR,EP\0,%PKEY_AudioEndpoint_Association%,,%KSNODETYPE_ANY%", "", "events", "TopologyRender0"),
    ("TopologyCapture2, Topology\n", "TopologyCapture2, Wave\n", "events", "TopologyCapture2"),
    ("WaveRender1, Wave\n", "WaveRender1, Topology\n", "events", "WaveRender1"),
    ("DeviceType,0x10001,0x0000001D", "DeviceType,0x10001,0x0000001E", "security", "FILE_DEVICE_KS"),
    ("HKR,,Security,,\"D:P(", "HKR,,Security,,\"D:(", "security", "who may open it"),
    ("(A;;GA;;;SY)", "", "security", "who may open it"),
    ("MSISupported,0x00010001,1", "MSISupported,0x00010001,0", "messages", "Some(0)"),
    ("MessageNumberLimit,0x00010001,5", "MessageNumberLimit,0x00010001,4096", "messages", "Some(4096)"),
    ("Hardware.AddReg, Messages.AddReg", "Hardware.AddReg", "messages", "None"),
    (
        "[Ac97.NTamd64.HW]\nAddReg = ",
        "[Ac97.NTamd64.HW]\nAddReg = Messages.AddReg, ",
        "messages",
        "[Ac97.NTamd64.HW]",
    ),
    ("RemappingSupported,0x00010001,0", "RemappingSupported,0x00010001,1", "DMA", "may be remapped"),
    (
        "[Driver.AddReg]\n",
        "[Driver.AddReg]\nHKR,MediaCategories\\{00000000-93F1-11D0-A3CC-00A0C9223196},Name,,\"x\"\n",
        "names of pins",
        "no pin is of category",
    ),
    (
        "[Driver.AddReg]\n",
        "[Driver.AddReg]\nHKLM,SYSTEM\\CurrentControlSet\\Control\\MediaCategories\\{DFF21CE1-F70F-11D0-B917-00A0C9223196},Name,,\"x\"\n",
        "names of pins",
        "below HKR,MediaCategories",
    ),
    (
        "[Driver.AddReg]\n",
        "[Driver.AddReg]\nHKR,MediaCategories\\{DFF21CE1-F70F-11D0-B917-00A0C9223196},Title,,\"x\"\n",
        "names of pins",
        "says nothing",
    ),
    ("PowerSettings,IdlePowerState", "PowerSettings,Other", "power", "IdlePowerState is not"),
    ("Power.AddReg, VirtioSnd.AddReg", "VirtioSnd.AddReg", "power", "ConservationIdleTime is not"),
];

/// The INF with `from` replaced, each time that it occurs.
fn planted(from: &str, to: &str) -> Vec<Finding> {
    let inf = stamped(&Architecture::ALL);
    assert!(inf.contains(from), "{from:?} is there to falsify");
    check(&inf.replace(from, to), &driver())
}

/// Rows 51 and 76: idle in D3; valid INF.
#[test]
fn each_fault_is_found_by_its_rule() {
    for (from, to, rule, what) in FAULTS {
        let found = planted(from, to);
        let said = found.iter().any(|each| each.rule == *rule && each.what.contains(what));
        assert!(said, "{from:?} -> {to:?}: {rule}: {what} is not among {found:#?}");
    }
}

#[test]
fn each_rule_has_a_fault() {
    let with_fault: BTreeSet<&str> = FAULTS.iter().map(|(_, _, rule, _)| *rule).collect();
    assert_eq!(rules().collect::<BTreeSet<_>>(), with_fault);
}

/// Row 76: valid INF.
#[test]
fn names_and_ids_that_only_the_driver_has() {
    let inf = stamped(&Architecture::ALL);
    let mut more = driver();
    more.subdevices.push("WaveRender12".to_owned());
    more.hardware.push(r"PCI\VEN_8086&DEV_2668".to_owned());
    let found = check(&inf, &more);
    for what in ["the categories of WaveRender12 are []", r"no model with PCI\VEN_8086&DEV_2668"] {
        assert!(found.iter().any(|each| each.what.contains(what)), "{what} is not among {found:#?}");
    }
    more.subdevices.push("Other".to_owned());
    assert!(check(&inf, &more).iter().any(|each| each.what.contains("Other is no name of a filter")));
    let none = Driver { subdevices: Vec::new(), hardware: Vec::new() };
    assert!(check(&inf, &none).iter().any(|each| each.what.contains("the driver knows no device")));
}

/// Row 51: idle in D3.
#[test]
fn names_and_power_settings_that_are_right_pass() {
    let right = "[Driver.AddReg]\n\
                 HKR,MediaCategories\\{DFF21CE1-F70F-11D0-B917-00A0C9223196},Name,,\"x\"\n";
    let inf = stamped(&Architecture::ALL).replace("[Driver.AddReg]\n", right);
    assert_eq!(check(&inf, &driver()), [] as [Finding; 0]);
    for (from, to) in [
        ("IdlePowerState,3,03,00,00,00", "IdlePowerState,3,04,00,00,00"),
        ("IdleTime,3,03,00,00,00", "IdleTime,3,0x03,00,00,00"),
        ("IdleTime,3,03,00,00,00", "IdleTime,0x00010001,3"),
        ("IdleTime,3,03,00,00,00", "IdleTime,3,03,00"),
    ] {
        let found = check(&inf.replace(from, to), &driver());
        assert!(found.iter().any(|each| each.rule == "power"), "{to}: {found:#?}");
    }
}
