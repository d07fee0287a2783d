//! A device that knows its own specification has its say.

use waverust_rig::nt;
use waverust_rig::pci::Width;
use waverust_rig::pci::virtio_snd::Options;
use waverust_rig::pci::virtio_snd::VirtioSnd;

#[test]
fn what_a_device_complains_of_is_a_finding() {
    let device = VirtioSnd::open(Options::default()).expect("a device");
    let kernel = nt::boot("26100".parse().expect("a known build"), Box::new(device));
    kernel.run(move || {
        let mut hardware = kernel.hardware.borrow_mut();
        let common = hardware.resources().bars.iter().find(|bar| bar.index == 4).expect("a BAR").base;
        hardware.write_memory(common + 0x14, Width::Byte, 4).expect("the status");
    });
    kernel.verifier.hear_device(kernel);
    let found = kernel.verifier.findings();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].rule, "DeviceProtocol");
    assert!(found[0].message.contains("DRIVER_OK before FEATURES_OK"), "{}", found[0].message);
}
