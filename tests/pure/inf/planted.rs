//! Each rule fires when it is broken.

use crate::{INF, SUBDEVICES, faults};

/// The INF with `from` replaced, where it must occur: what is found.
fn planted(from: &str, to: &str) -> Vec<String> {
    assert!(INF.contains(from), "{from:?} is there to falsify");
    faults(&INF.replacen(from, to, 1), SUBDEVICES)
}

/// One fault, that says so.
fn finds(from: &str, to: &str, fault: &str) {
    let found = planted(from, to);
    assert!(found.iter().any(|each| each.contains(fault)), "{fault:?} is not among {found:#?}");
}

#[test]
fn names_that_the_driver_does_not_have() {
    finds("WaveCapture3, Wave", "WaveCapture8, Wave", "registers no WaveCapture8");
    let source = SUBDEVICES.replace("TopologyRender7", "Other");
    assert_eq!(faults(INF, &source).iter().filter(|each| each.contains("TopologyRender7")).count(), 2);
    assert!(faults(INF, &source).iter().any(|each| each.contains("Other is no name of a filter")));
}

#[test]
fn names_that_only_the_driver_has() {
    let source = SUBDEVICES
        .replace("const fn names", "const A: WideName = wide_name!(\"WaveRender8\");\nconst fn names");
    assert_eq!(faults(INF, &source), ["VirtioSnd: the categories of WaveRender8 are []"]);
}

#[test]
fn categories() {
    let line = "[Ac97.NT.Interfaces]\nAddInterface = %KSCATEGORY_AUDIO%,    WaveRender0, Wave\n";
    let virtio = INF.lines().find(|line| line.contains("REALTIME") && line.contains("WaveRender0")).unwrap();
    finds(virtio, "", "VirtioSnd: the categories of WaveRender0");
    finds(virtio, &format!("{virtio}\n{virtio}"), "VirtioSnd: the categories of WaveRender0");
    finds(line, "[Ac97.NT.Interfaces]\n", "Ac97: the categories of WaveRender0");
    let capture =
        INF.lines().find(|line| line.contains("CAPTURE%") && line.contains("WaveCapture0")).unwrap();
    finds(capture, &capture.replace("CAPTURE", "RENDER"), "the categories of WaveCapture0");
    finds(virtio, &virtio.replace(", Wave", ""), "category, reference string, section");
    finds("65E8773D-8F56", "65E8773D-8F57", "the categories of WaveCapture0");
}

#[test]
fn models() {
    finds("DEV_1059", "DEV_1052", r"VirtioSnd: no model with PCI\VEN_1AF4&DEV_1059");
    finds("Ac97, PCI", "Ac98, PCI", "Ac97: no model with");
}

#[test]
fn what_belongs_to_a_filter() {
    finds(
        "HKR,,CLSID,,%Proxy.CLSID%\nHKR,,FriendlyName,,%Wave",
        "HKR,,FriendlyName,,%Wave",
        "WaveRender0 has no CLSID",
    );
    finds("HKR,,FriendlyName,,%Topology.Name%", "", "TopologyCapture7 has no FriendlyName");
    finds("Mode%,0x00010001,0x1", "Mode%,0x00010001,0x0", "EventDriven of TopologyRender0");
    finds(
        r"HKR,EP\0,%PKEY_AudioEndpoint_Association%,,%KSNODETYPE_ANY%",
        "",
        "EventDriven of TopologyRender0",
    );
    finds("TopologyCapture2, Topology\n", "TopologyCapture2, Wave\n", "EventDriven of TopologyCapture2");
}

#[test]
fn the_hardware_key() {
    finds("DeviceType,0x10001,0x0000001D", "DeviceType,0x10001,0x0000001E", "not FILE_DEVICE_KS");
    finds("HKR,,Security,,\"D:P(", "HKR,,Security,,\"O:", "who may open it");
    finds("MSISupported,0x00010001,1", "MSISupported,0x00010001,0", "VirtioSnd: message interrupts");
    finds(
        "MessageNumberLimit,0x00010001,5",
        "MessageNumberLimit,0x00010001,4096",
        "VirtioSnd: message interrupts",
    );
    finds("Hardware.AddReg, Messages.AddReg", "Hardware.AddReg", "VirtioSnd: message interrupts None");
    let ac97 = "[Ac97.NT.HW]\nAddReg = Hardware.AddReg";
    finds(ac97, &format!("{ac97}, Messages.AddReg"), "Ac97: message interrupts Some(1)");
}

#[test]
fn services() {
    finds("[Ac97.NT.Services]\nAddService", "[Ac97.NT.Services]\nAddServices", "Ac97: no service");
}

#[test]
fn sections_and_strings() {
    finds("AddReg = Topology.AddReg", "AddReg = Topologies.AddReg", "no [Topologies.AddReg]");
    finds("AddReg = Topology.AddReg", "AddReg = Topologies.AddReg", "nobody names [Topology.AddReg]");
    finds("[Ac97.NT.HW]", "[Ac97.NT.Hw]", "no [Ac97.NT.HW]");
    finds("[Wave]", "[Topology]", "two sections [Topology]");
    finds("%Wave.Name%", "%Waves.Name%", "%Waves.Name% is not among the strings");
    finds("%Wave.Name%", "%Topology.Name%", "%Wave.Name% is unused");
}

#[test]
fn a_universal_inf() {
    finds("PnpLockdown = 1", "PnpLockdown = 0", "PnpLockdown");
    finds("DefaultDestDir = 13", "DefaultDestDir = 12", "driver store");
    finds("[Wave]\n", "[Wave]\nDelReg = Wave.AddReg\n", "[Wave] has DelReg");
    finds("HKR,,FriendlyName,,%Wave.Name%", "HKLM,,FriendlyName,,%Wave.Name%", "outside HKR");
}
