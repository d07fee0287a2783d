//! What is signed verifies, and what has been tampered with does not.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{package, scratch, text};
use xtask::package::sign::{Signer, verify};

const IMAGES: [&str; 2] = ["waverust.sys", "waverust_arm64.sys"];

fn file(name: &str) -> PathBuf {
    package().folder.join(name)
}

/// A copy of a file, one byte of it changed.
fn tampered(folder: &Path, name: &str, at: usize) -> PathBuf {
    let mut bytes = fs::read(file(name)).expect("a file");
    bytes[at] ^= 1;
    let copy = folder.join(name);
    fs::write(&copy, bytes).expect("written");
    copy
}

#[test]
fn images_and_catalog_verify() {
    let certificate = &package().certificate;
    verify(&file("waverust.cat"), None, certificate).expect("the catalog is signed");
    verify(&package().files[2], None, certificate).expect("the cabinet is signed");
    for image in IMAGES {
        verify(&file(image), None, certificate).expect("the image is signed");
        verify(&file(image), Some(&file("waverust.cat")), certificate).expect("the catalog has the image");
        let unsigned = file("unsigned").join(image);
        verify(&unsigned, Some(&file("waverust.cat")), certificate)
            .expect("with or without a signature of its own");
        assert!(verify(&unsigned, None, certificate).is_err(), "which it does not have");
    }
}

#[test]
fn images_are_signed_page_by_page() {
    for image in IMAGES {
        let said = text(
            "osslsigncode",
            &["verify", "-CAfile", crate::argument(&package().certificate), crate::argument(&file(image))],
        );
        assert!(said.contains("Page hash algorithm  : SHA256"), "{said}");
    }
}

#[test]
fn a_changed_image_is_refused() {
    let (folder, certificate) = (scratch("tampered"), &package().certificate);
    let length = fs::metadata(file("unsigned/waverust.sys")).expect("a file").len();
    // In the headers, in the code, in the last section.
    for at in [0x40, 0x1400, usize::try_from(length).expect("a size") - 1] {
        let copy = tampered(&folder, "waverust.sys", at);
        assert!(verify(&copy, None, certificate).is_err(), "{at:#x}");
        assert!(verify(&copy, Some(&file("waverust.cat")), certificate).is_err(), "{at:#x} in the catalog");
    }
}

#[test]
fn a_changed_catalog_is_refused() {
    let (folder, certificate) = (scratch("tampered-catalog"), &package().certificate);
    let catalog = fs::read(file("unsigned/waverust.cat")).expect("a file");
    // In the identifier of the list, and in a member: both lie ahead of what signing appends.
    for at in [80, catalog.len() / 2] {
        let copy = tampered(&folder, "waverust.cat", at);
        assert!(verify(&copy, None, certificate).is_err(), "{at}");
        assert!(verify(&file("waverust.sys"), Some(&copy), certificate).is_err(), "{at}, for an image");
    }
}

#[test]
fn a_wrong_hash_of_a_page_is_noticed() {
    let folder = scratch("tampered-page");
    let signed_by = package().certificate.parent().expect("a folder");
    let signer = Signer::for_tests(signed_by).expect("a certificate");
    let mut catalog = fs::read(file("unsigned/waverust.cat")).expect("a file");
    // Ahead of the list of pages stands what it is a list of: SPC_PE_IMAGE_PAGE_HASHES_V2.
    let kind = [0x06, 0x0A, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x03, 0x02];
    let lists: Vec<usize> =
        (0..catalog.len() - kind.len()).filter(|at| catalog[*at..].starts_with(&kind)).collect();
    assert_eq!(lists.len(), 2, "one for each image");
    for at in lists {
        catalog[at + 60] ^= 1;
    }
    let (plain, signed) = (folder.join("plain.cat"), folder.join("signed.cat"));
    fs::write(&plain, catalog).expect("written");
    signer.sign(&plain, &signed).expect("signed");
    verify(&signed, None, &package().certificate).expect("the signature itself is right");
    for image in IMAGES {
        assert!(verify(&file(image), Some(&signed), &package().certificate).is_err(), "{image}");
    }
}

#[test]
fn another_certificate_does_not_do() {
    let other = Signer::for_tests(&scratch("other-certificate")).expect("a certificate");
    for name in ["waverust.sys", "waverust_arm64.sys", "waverust.cat"] {
        assert!(verify(&file(name), None, other.certificate()).is_err(), "{name}");
    }
}

#[test]
fn a_certificate_of_an_authority_comes_with_its_issuers() {
    let folder = scratch("authority");
    let path = |name: &str| crate::argument(&folder.join(name)).to_owned();
    let request = ["req", "-newkey", "rsa:2048", "-nodes", "-sha256"];
    let (key, root) = (path("root.key"), path("root.pem"));
    text(
        "openssl",
        &[&request[..], &["-x509", "-subj", "/CN=Root", "-keyout", &key, "-out", &root]].concat(),
    );
    let (leaf_key, asked, leaf) = (path("leaf.key"), path("leaf.csr"), path("leaf.pem"));
    text("openssl", &[&request[..], &["-subj", "/CN=Leaf", "-keyout", &leaf_key, "-out", &asked]].concat());
    let (extensions, given) = (path("extensions"), ["-CAcreateserial", "-days", "100"]);
    fs::write(&extensions, "extendedKeyUsage=codeSigning\nkeyUsage=digitalSignature\n").expect("written");
    let issue =
        ["x509", "-req", "-in", &asked, "-CA", &root, "-CAkey", &key, "-extfile", &extensions, "-out", &leaf];
    text("openssl", &[&issue[..], &given].concat());
    let chain = folder.join("chain.pem");
    fs::write(&chain, [fs::read(&leaf).expect("leaf"), fs::read(&root).expect("root")].concat())
        .expect("written");

    let signed = folder.join("waverust.sys");
    let signer = Signer::with(&chain, &leaf_key, None, None, 1_795_219_200);
    signer.sign(&file("unsigned/waverust.sys"), &signed).expect("signed");
    verify(&signed, None, &chain).expect("by the whole chain");
    assert!(verify(&signed, None, Path::new(&leaf)).is_err(), "not without the root");
}

#[test]
fn a_certificate_is_kept_until_it_ends() {
    let folder = scratch("kept");
    let certificate = || {
        let signer = Signer::for_tests(&folder).expect("a certificate");
        fs::read(signer.certificate()).expect("a file")
    };
    let first = certificate();
    assert_eq!(certificate(), first);
    fs::write(folder.join("certificate.pem"), "of no use").expect("written");
    assert_ne!(certificate(), first);
}

#[test]
fn the_certificate_that_windows_gets_is_the_one_that_signs() {
    let pem = crate::argument(&package().certificate).to_owned();
    let of = |form: &str, path: &str| {
        text("openssl", &["x509", "-inform", form, "-in", path, "-noout", "-fingerprint"])
    };
    assert_eq!(of("DER", crate::argument(&file("waverust.cer"))), of("PEM", &pem));
    let purposes = text("openssl", &["x509", "-in", &pem, "-noout", "-text"]);
    for property in ["Code Signing", "CA:FALSE", "Digital Signature", "(3072 bit)"] {
        assert!(purposes.contains(property), "{property}");
    }
}
