//! The image that is packed is the driver that plays: taken out of the ISO, with its signature.

use std::fs;
use std::process::Command;

use waverust_tests::disc;
use waverust_tests::driver;
use waverust_tests::folder;
use waverust_tests::noise;
use waverust_tests::rig_with;

#[test]
fn what_is_on_the_disc_plays() {
    let folder = folder("packaged");
    noise(&folder.join("noise.wav"), 1, 48_000);
    let unpacked = Command::new("bsdtar")
        .args(["-xOf".as_ref(), disc().as_os_str(), "waverust/w11/amd64/waverust.sys".as_ref()])
        .output()
        .expect("bsdtar starts");
    assert!(unpacked.status.success(), "{}", String::from_utf8_lossy(&unpacked.stderr));
    let plain = fs::read(driver()).expect("the driver");
    assert!(unpacked.stdout.len() > plain.len(), "the signature is behind the image");
    let image = folder.join("waverust.sys");
    fs::write(&image, unpacked.stdout).expect("written");
    for device in ["virtio-snd", "ac97"] {
        rig_with(&image, &folder, &["play", "noise.wav", "--device", device]).assert_well();
    }
}
