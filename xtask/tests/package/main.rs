//! The package, made once for all tests, looked at by programs that had no part in making it.

mod catalog;
mod media;
mod signatures;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use xtask::driver::Architecture;
use xtask::failure::Failure;
use xtask::package::sign::Signer;
use xtask::package::{Package, Wanted, make};
use xtask::repository::Repository;

/// A folder for a test, empty.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("package").join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("removed");
    }
    fs::create_dir_all(&folder).expect("made");
    folder
}

/// Makes a package in a folder of that name, signed by the certificate in `certificates`.
fn package_in(name: &str, certificates: &Path) -> Result<Package, Failure> {
    Signer::for_tests(certificates)?;
    let signer = (certificates.join("certificate.pem"), certificates.join("key.pem").display().to_string());
    let wanted = Wanted {
        architectures: Architecture::ALL.to_vec(),
        signer: Some(signer),
        submission: true,
        out: Some(scratch(name)),
        ..Wanted::default()
    };
    make(&Repository::find()?, &wanted)
}

/// The package that all tests share.
fn package() -> &'static Package {
    static PACKAGE: OnceLock<Package> = OnceLock::new();
    PACKAGE.get_or_init(|| package_in("package", &scratch("certificate")).expect("a package"))
}

/// What a command says on standard output; it has to succeed.
fn output(program: &str, arguments: &[&str]) -> Vec<u8> {
    let output = Command::new(program).args(arguments).output().expect("it runs");
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn text(program: &str, arguments: &[&str]) -> String {
    String::from_utf8_lossy(&output(program, arguments)).into_owned()
}

/// A path as an argument.
fn argument(path: &Path) -> &str {
    path.to_str().expect("paths of the tests are text")
}

#[test]
fn the_package_is_whole() {
    let mut names: Vec<String> = fs::read_dir(&package().folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let version = env!("CARGO_PKG_VERSION");
    let mut expected = [
        "install.ps1",
        "uninstall.ps1",
        "unsigned",
        &format!("waverust-{version}.cab"),
        &format!("waverust-{version}.zip"),
        "waverust.cat",
        "waverust.cer",
        "waverust.inf",
        "waverust.iso",
        "waverust.pdb",
        "waverust.sys",
        "waverust_arm64.pdb",
        "waverust_arm64.sys",
    ];
    expected.sort();
    assert_eq!(names, expected);
}

#[test]
fn the_same_sources_make_the_same_package() {
    let first = package();
    let certificates = first.certificate.parent().expect("a folder");
    let second = package_in("again", certificates).expect("a package");
    for name in ["waverust.cat", "waverust.inf", "waverust.sys", "waverust.pdb", "waverust_arm64.sys"] {
        for folder in ["unsigned", "."] {
            let read = |package: &Package| fs::read(package.folder.join(folder).join(name)).expect("a file");
            assert!(read(first) == read(&second), "{folder}/{name} differs");
        }
    }
    // By the same key even what is signed is the same, and so are the archives.
    for (one, other) in first.files.iter().zip(&second.files) {
        assert!(
            fs::read(one).expect("a file") == fs::read(other).expect("a file"),
            "{} differs",
            one.display()
        );
    }
}

#[test]
fn nothing_tells_of_the_machine() {
    let repository = Repository::find().expect("a checkout");
    let home = std::env::var("HOME").expect("a home");
    for name in ["waverust.sys", "waverust.pdb", "waverust_arm64.sys", "waverust_arm64.pdb"] {
        let bytes = fs::read(package().folder.join(name)).expect("a file");
        for place in [argument(repository.root()), argument(repository.target()), &home] {
            let is_there = bytes.windows(place.len()).any(|window| window == place.as_bytes());
            assert!(!is_there, "{place} is in {name}");
        }
    }
    for (name, symbols) in
        [("waverust.sys", &b"waverust.pdb\0"[..]), ("waverust_arm64.sys", b"waverust_arm64.pdb\0")]
    {
        let bytes = fs::read(package().folder.join(name)).expect("a file");
        assert!(bytes.windows(symbols.len()).any(|window| window == symbols), "{name} names its symbols");
    }
}

#[test]
fn a_folder_with_other_files_is_not_emptied() {
    let folder = scratch("other");
    fs::write(folder.join("letter.txt"), "dear").expect("written");
    let wanted =
        Wanted { architectures: Architecture::ALL.to_vec(), out: Some(folder.clone()), ..Wanted::default() };
    let failure = make(&Repository::find().expect("a checkout"), &wanted).expect_err("refused");
    assert!(
        matches!(&failure, Failure::Environment(message) if message.contains("other files")),
        "{failure}"
    );
    assert!(folder.join("letter.txt").exists());
}
