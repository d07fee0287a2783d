//! What building and playing take, and whether it is there.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Purpose;
use super::system::{OLDEST_QEMU, QemuVersion, qemu_version};

/// Where distributions put mingw-w64's headers.
const MINGW: [&str; 2] = ["/usr/x86_64-w64-mingw32/include", "/usr/share/mingw-w64/include"];
/// Where distributions put libraries; LLVM's directories are looked for besides.
const LIBRARIES: [&str; 4] = ["/usr/lib/x86_64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib"];
/// The processors that the driver is built for.
const TARGETS: [&str; 2] = ["x86_64-pc-windows-msvc", "aarch64-pc-windows-msvc"];

/// Something that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Need {
    /// Headers of the Windows kernel.
    Headers,
    /// The library that reads them.
    Libclang,
    /// QEMU, or a newer one than the one that is there.
    Qemu(Option<QemuVersion>),
    /// QEMU's way to ALSA.
    QemuAlsa,
    /// A program of a package of its own.
    Program(Program),
    /// Rust's core library for a target.
    Target(&'static str),
    /// A tool of the Rust toolchain.
    Component(&'static str),
    /// A program that cargo builds: `name@version`.
    Crate(&'static str),
}

/// What mutates. The table of explanations has its words, which other versions may change.
const MUTATING: &str = "cargo-mutants@27.1.0";

/// A program that packages are made or tested with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Program {
    name: &'static str,
    packages: &'static [&'static str],
    why: &'static str,
}

/// What makes a package.
const PACKAGING: [Program; 3] = [
    Program { name: "openssl", packages: &["openssl"], why: "makes the test certificate" },
    Program { name: "osslsigncode", packages: &["osslsigncode"], why: "signs the package" },
    Program { name: "xorriso", packages: &["xorriso"], why: "makes the ISO" },
];

/// What reads it, for the tests.
const UNPACKING: Program =
    Program { name: "bsdtar", packages: &["libarchive-tools"], why: "reads what was packed, for the tests" };

impl Need {
    /// The package, target or component, for people.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Target(name) | Self::Component(name) | Self::Crate(name) => (*name).to_owned(),
            _ => self.packages().first().copied().unwrap_or_default().to_owned(),
        }
    }

    /// What it is for.
    pub(super) fn why(&self) -> String {
        match self {
            Self::Headers => "headers of the Windows kernel, which the driver is compiled against".into(),
            Self::Libclang => "reads those headers (bindgen)".into(),
            Self::Qemu(None) => "the sound devices".into(),
            Self::Qemu(Some((major, minor))) => {
                let (oldest_major, oldest_minor) = OLDEST_QEMU;
                format!("the sound devices: {oldest_major}.{oldest_minor} or newer, not {major}.{minor}")
            }
            Self::QemuAlsa => {
                "QEMU's ALSA module, by which the sound comes out (no sound card is used)".into()
            }
            Self::Program(program) => program.why.into(),
            Self::Target(_) => "Rust's core library for the driver".into(),
            Self::Component(_) => "a tool of the Rust toolchain that the checks use".into(),
            Self::Crate(_) => "mutates sources".into(),
        }
    }

    /// Debian packages that have it, in order of preference; none where rustup or cargo has it.
    pub(super) fn packages(&self) -> &'static [&'static str] {
        match self {
            Self::Program(program) => program.packages,
            Self::Headers => &["mingw-w64-x86-64-dev"],
            Self::Libclang => &["libclang1", "libclang-dev"],
            Self::Qemu(_) => &["qemu-system-x86"],
            Self::QemuAlsa => &["qemu-system-common"],
            Self::Target(_) | Self::Component(_) | Self::Crate(_) => &[],
        }
    }
}

/// Everything that `purpose` takes and that is not there.
pub(super) fn missing(purpose: Purpose) -> Vec<Need> {
    if purpose == Purpose::Mutants {
        let version = output("cargo", &["mutants", "--version"]).unwrap_or_default();
        let there = version.trim().replace(' ', "@") == MUTATING;
        return if there { Vec::new() } else { vec![Need::Crate(MUTATING)] };
    }
    let mut missing = Vec::new();
    if !has_headers() {
        missing.push(Need::Headers);
    }
    if !has_libclang() {
        missing.push(Need::Libclang);
    }
    if matches!(purpose, Purpose::Play | Purpose::Test) {
        missing.extend(missing_qemu());
    }
    if matches!(purpose, Purpose::Package | Purpose::Test) {
        missing.extend(PACKAGING.into_iter().filter(|program| !has_program(program.name)).map(Need::Program));
    }
    if purpose == Purpose::Test && !has_program(UNPACKING.name) {
        missing.push(Need::Program(UNPACKING));
    }
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let sysroot = PathBuf::from(output(&rustc, &["--print", "sysroot"]).unwrap_or_default().trim());
    let has_target = |target: &&str| sysroot.join("lib/rustlib").join(target).join("lib").is_dir();
    missing.extend(TARGETS.into_iter().filter(|target| !has_target(target)).map(Need::Target));
    if matches!(purpose, Purpose::Check | Purpose::Test) {
        let tools = [("rustfmt", "rustfmt"), ("clippy", "clippy-driver")];
        let lacking = tools.into_iter().filter(|(_, program)| !sysroot.join("bin").join(program).exists());
        missing.extend(lacking.map(|(component, _)| Need::Component(component)));
    }
    missing
}

/// Whether a program is where programs are looked for.
fn has_program(name: &str) -> bool {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

fn missing_qemu() -> Option<Need> {
    let version = output("qemu-system-x86_64", &["--version"]).and_then(|text| qemu_version(&text));
    match version {
        Some(version) if version >= OLDEST_QEMU => (!has_qemu_alsa()).then_some(Need::QemuAlsa),
        other => Some(Need::Qemu(other)),
    }
}

/// The same places that crates/wdk-cross looks into.
fn has_headers() -> bool {
    let own = env::var_os("MINGW_INCLUDE").map(PathBuf::from);
    own.into_iter().chain(MINGW.iter().map(PathBuf::from)).any(|root| root.join("ddk/wdm.h").is_file())
}

/// Any libclang that bindgen finds by itself, in the same places.
fn has_libclang() -> bool {
    let own = env::var_os("LIBCLANG_PATH").map(PathBuf::from);
    let llvm = entries(Path::new("/usr/lib")).into_iter().filter(|path| file_name(path).starts_with("llvm-"));
    own.into_iter()
        .chain(LIBRARIES.iter().map(PathBuf::from))
        .chain(llvm.map(|path| path.join("lib")))
        .any(|place| is_libclang(&place) || entries(&place).iter().any(|path| is_libclang(path)))
}

/// `libclang.so`, `libclang-14.so.1` and the like, but not `libclang-cpp.so.14`, a library of another interface.
fn is_libclang(path: &Path) -> bool {
    let name = file_name(path);
    let Some(rest) = name.strip_prefix("libclang") else { return false };
    rest.contains(".so") && !rest.starts_with("-cpp") && path.is_file()
}

fn has_qemu_alsa() -> bool {
    LIBRARIES.iter().any(|root| Path::new(root).join("qemu/audio-alsa.so").is_file())
        || output("qemu-system-x86_64", &["-audiodev", "help"])
            .is_some_and(|text| text.lines().any(|l| l == "alsa"))
}

/// What a program prints; `None` where it cannot be run.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn entries(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect()
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::{MUTATING, Need, UNPACKING, is_libclang};
    use std::fs;

    #[test]
    fn the_right_libclang_is_told_from_its_neighbours() {
        let place = std::env::temp_dir().join(format!("waverust-libclang-{}", std::process::id()));
        fs::create_dir_all(&place).expect("scratch directory");
        for (name, is_it) in [
            ("libclang.so", true),
            ("libclang.so.1", true),
            ("libclang-14.so.14.0.6", true),
            ("libclang-19.so.1", true),
            ("libclang-cpp.so.14", false),
            ("libclang-common.txt", false),
            ("liblldb.so", false),
        ] {
            fs::write(place.join(name), "").expect("scratch file");
            assert_eq!(is_libclang(&place.join(name)), is_it, "{name}");
        }
        assert!(!is_libclang(&place.join("libclang-99.so")), "a file that is not there");
        fs::remove_dir_all(&place).expect("removed");
    }

    #[test]
    fn every_need_has_a_name_and_a_reason() {
        for need in [
            Need::Headers,
            Need::Libclang,
            Need::Qemu(None),
            Need::Qemu(Some((7, 2))),
            Need::QemuAlsa,
            Need::Program(UNPACKING),
            Need::Target("x86_64-pc-windows-msvc"),
            Need::Component("clippy"),
            Need::Crate(MUTATING),
        ] {
            assert!(!need.name().is_empty() && need.why().len() > 10, "{need:?}");
        }
        assert!(Need::Qemu(Some((7, 2))).why().contains("8.2 or newer, not 7.2"));
    }
}
