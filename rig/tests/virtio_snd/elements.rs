//! Control elements: metadata, rights, and what a reset does to them.

use waverust_rig::pci::virtio_snd::Control;
use waverust_rig::pci::virtio_snd::Options;
use waverust_rig::pci::virtio_snd::wire;

use crate::guest::Guest;

fn guest(controls: Vec<Control>) -> Guest {
    Guest::ready(Options { controls, ..Options::default() }, u64::MAX)
}

#[test]
fn metadata_say_decibels() {
    let decibels = Some((-4650, 150));
    let access = 3 | wire::CTL_ACCESS_TLV_READ;
    let mut guest = guest(vec![Control { decibels, access, ..Control::volume() }]);
    let reply = guest.request(&[wire::R_CTL_TLV_READ, 0], 68).expect("an answer");
    let words: Vec<i32> =
        reply[4..].chunks(4).map(|word| i32::from_le_bytes(word.try_into().unwrap())).collect();
    assert_eq!(words, [1, 8, -4650, 150]);
    guest.is_content();
}

#[test]
fn what_is_not_allowed_is_noticed() {
    let element = |access| vec![Control { access, ..Control::volume() }];
    for (access, request) in [
        (wire::CTL_ACCESS_WRITE, &[wire::R_CTL_READ, 0][..]),
        (wire::CTL_ACCESS_READ, &[wire::R_CTL_WRITE, 0, 1, 1]),
        (3, &[wire::R_CTL_TLV_READ, 0]),
    ] {
        let mut guest = guest(element(access));
        assert_eq!(guest.request(request, 516).expect("an answer")[..4], wire::S_BAD_MSG.to_le_bytes());
        guest.complains("does not allow it");
    }
}
