//! The archives hold the package, byte for byte, as libarchive reads them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::{argument, output, package, text};

const COMMON: [&str; 4] = ["waverust.inf", "waverust.cat", "waverust.sys", "waverust_arm64.sys"];
const EXTRAS: [&str; 3] = ["install.ps1", "uninstall.ps1", "waverust.cer"];
const SYMBOLS: [&str; 2] = ["waverust.pdb", "waverust_arm64.pdb"];

/// The files in an archive, without folders.
fn files(archive: &Path) -> Vec<String> {
    let all = text("bsdtar", &["-tf", argument(archive)]);
    let all: Vec<String> = all.lines().map(|line| line.trim_start_matches("./").replace('\\', "/")).collect();
    let is_folder = |name: &String| {
        name.is_empty() || name == "." || all.iter().any(|other| other.starts_with(&format!("{name}/")))
    };
    let mut files: Vec<String> = all.iter().filter(|name| !is_folder(name)).cloned().collect();
    files.sort();
    files
}

/// Asserts that the archive has these files, each of them as in `folder`.
fn assert_holds(archive: &Path, folder: &Path, expected: Vec<String>) {
    let mut expected = expected;
    expected.sort();
    assert_eq!(files(archive), expected, "{}", archive.display());
    for name in expected {
        let inside = output("bsdtar", &["-xOf", argument(archive), &name]);
        let file = Path::new(&name).file_name().expect("a name");
        assert!(inside == fs::read(folder.join(file)).expect("a file"), "{name} differs");
    }
}

fn below(root: &str, names: &[&str]) -> Vec<String> {
    names.iter().map(|name| format!("{root}/{name}")).collect()
}

fn archive(kind: &str) -> PathBuf {
    let is_it = |path: &&PathBuf| path.extension().is_some_and(|extension| extension == kind);
    package().files.iter().find(is_it).expect("an archive").clone()
}

#[test]
fn the_disc_is_laid_out_as_that_of_virtio_win() {
    let mut expected: Vec<String> = EXTRAS.map(str::to_owned).into();
    for system in ["w10", "w11"] {
        for (processor, symbols) in [("amd64", "waverust.pdb"), ("ARM64", "waverust_arm64.pdb")] {
            let folder = format!("waverust/{system}/{processor}");
            expected.extend(below(&folder, &COMMON));
            expected.extend(below(&folder, &[symbols]));
        }
    }
    assert_holds(&archive("iso"), &package().folder, expected);
}

#[test]
fn windows_sees_the_names_of_the_disc_as_they_are() {
    // Joliet: a second volume descriptor, whose escape sequence says UCS-2 level 3, and names in UTF-16.
    let bytes = fs::read(archive("iso")).expect("a file");
    let descriptors: Vec<&[u8]> =
        bytes[16 * 2048..].chunks(2048).take_while(|sector| sector[0] != 255).collect();
    let joliet = descriptors.iter().find(|sector| sector[0] == 2).expect("a supplementary descriptor");
    assert_eq!((&joliet[1..6], &joliet[88..91]), (&b"CD001"[..], &b"%/E"[..]));
    for name in ["waverust_arm64.sys", "ARM64", "uninstall.ps1"] {
        let wide: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert!(bytes.windows(wide.len()).any(|window| window == wide), "{name}");
    }
}

#[test]
fn the_zip_file_is_the_package() {
    let root = format!("waverust-{}", env!("CARGO_PKG_VERSION"));
    let expected = [below(&root, &COMMON), below(&root, &EXTRAS), below(&root, &SYMBOLS)].concat();
    assert_holds(&archive("zip"), &package().folder, expected);
}

#[test]
fn the_cabinet_is_what_microsoft_signs() {
    let unsigned = package().folder.join("unsigned");
    let submitted = ["waverust.inf", "waverust.sys", "waverust_arm64.sys"];
    assert_holds(
        &archive("cab"),
        &unsigned,
        [below("waverust", &submitted), below("waverust", &SYMBOLS)].concat(),
    );
}
