//! Builds the driver.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

use clap::ValueEnum;

use crate::{
    failure::Failure,
    mirror::Mirror,
    repository::{self, Repository},
};

/// The processor that the driver runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Architecture {
    /// 64-bit x86.
    #[value(name = "x86_64")]
    X86_64,
    /// 64-bit ARM.
    #[value(name = "aarch64")]
    Aarch64,
}

impl Architecture {
    /// All that the driver is built for.
    pub const ALL: [Self; 2] = [Self::X86_64, Self::Aarch64];

    /// What Windows calls it, in INF files and folders.
    pub fn windows_name(self) -> &'static str {
        match self {
            Self::X86_64 => "amd64",
            Self::Aarch64 => "arm64",
        }
    }

    /// What its image and symbols are called in a package, where all lie side by side.
    pub fn file_stem(self) -> &'static str {
        match self {
            Self::X86_64 => "waverust",
            Self::Aarch64 => "waverust_arm64",
        }
    }

    fn triple(self) -> String {
        format!("{self}-pc-windows-msvc")
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        })
    }
}

/// How the driver is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Profile {
    /// Optimised: what is shipped.
    Release,
    /// Not optimised, with debug assertions.
    Debug,
}

/// A built driver.
#[derive(Debug, Clone)]
pub struct Driver {
    /// waverust.sys.
    pub image: PathBuf,
    /// waverust.pdb.
    pub symbols: PathBuf,
}

/// Builds the driver and puts it into `target/driver/<architecture>` (`<architecture>-debug`).
///
/// # Errors
/// [`Failure::Environment`] if the toolchain cannot build for Windows; [`Failure::Wrong`] if the build fails.
pub fn build(
    repository: &Repository,
    architecture: Architecture,
    profile: Profile,
) -> Result<Driver, Failure> {
    build_edition(repository, architecture, profile, &Edition::default())
}

/// Another driver than the repository's, in another place.
#[derive(Debug, Clone, Default)]
pub struct Edition {
    /// Sources in place of src/.
    pub source: Option<PathBuf>,
    /// Folder for the image, in place of target/driver/.
    pub out: Option<PathBuf>,
}

/// As [`build`], of other sources or to another place.
///
/// # Errors
/// As for [`build`].
pub fn build_edition(
    repository: &Repository,
    architecture: Architecture,
    profile: Profile,
    edition: &Edition,
) -> Result<Driver, Failure> {
    let mirror = match &edition.source {
        None => mirror(repository)?,
        Some(source) => {
            let mirror = mirror_in(repository, "editions")?;
            mirror.put("src", source)?;
            mirror
        }
    };
    let mut cargo = command(&mirror, architecture, "build")?;
    if profile == Profile::Release {
        cargo.arg("--release");
    }
    repository::run(&mut cargo, "the driver does not build")?;
    mirror.verify_lock()?;

    let (made_in, suffix) = match profile {
        Profile::Release => ("release", ""),
        Profile::Debug => ("debug", "-debug"),
    };
    let made = mirror.directory().join("target").join(architecture.triple()).join(made_in);
    let usual = || repository.target().join("driver").join(format!("{architecture}{suffix}"));
    let kept = edition.out.clone().unwrap_or_else(usual);
    fs::create_dir_all(&kept).map_err(|error| Failure::io(&kept, &error))?;
    Ok(Driver {
        image: copy(&made.join("waverust.dll"), kept.join("waverust.sys"))?,
        symbols: copy(&made.join("waverust.pdb"), kept.join("waverust.pdb"))?,
    })
}

/// Runs clippy over the driver.
///
/// # Errors
/// As for [`build`].
pub fn lint(repository: &Repository, architecture: Architecture) -> Result<(), Failure> {
    let mirror = mirror(repository)?;
    let mut cargo = command(&mirror, architecture, "clippy")?;
    cargo.args(["--", "--deny", "warnings"]);
    repository::run(&mut cargo, "clippy finds fault with the driver")?;
    mirror.verify_lock()
}

fn mirror(repository: &Repository) -> Result<Mirror, Failure> {
    mirror_in(repository, "cross")
}

fn mirror_in(repository: &Repository, name: &str) -> Result<Mirror, Failure> {
    let root = repository.root();
    Mirror::new(root, &root.join("Cargo.lock"), repository.target().join(name))
}

/// Cargo with everything that makes a Windows driver of the root package.
fn command(mirror: &Mirror, architecture: Architecture, subcommand: &str) -> Result<Command, Failure> {
    let triple = architecture.triple();
    can_build_for(&triple)?;
    let flags = rustflags(mirror.directory());
    let mut cargo = mirror.patched_cargo(subcommand);
    cargo.arg("--config").arg(format!("target.{triple}.linker=\"xtask/link.sh\""));
    cargo.arg("--config").arg(format!("target.{triple}.rustflags=[{}]", flags.join(",")));
    cargo.args(["--package", "waverust", "--target", &triple]);
    Ok(cargo)
}

/// The static C runtime, which wdk-build insists on, and paths that tell nothing of the machine: they end up in the
/// messages and symbols of the driver.
fn rustflags(mirror: &Path) -> Vec<String> {
    // The linker is called by a script, which does not say what kind of linker it is.
    let mut flags = vec!["-Ctarget-feature=+crt-static".to_string(), "-Clinker-flavor=lld-link".to_string()];
    flags.push(format!("--remap-path-prefix={}=.", mirror.display()));
    let cargo_home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo"));
    if let Some(cargo_home) = cargo_home.or(home) {
        flags.push(format!("--remap-path-prefix={}=.", cargo_home.join("registry/src").display()));
    }
    flags.iter().map(|flag| format!("{flag:?}")).collect()
}

/// Fails, and says what to do, unless rustc has the target's core library.
fn can_build_for(triple: &str) -> Result<(), Failure> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc)
        .args(["--print", "target-libdir", "--target", triple])
        .output()
        .map_err(|error| Failure::Environment(format!("cannot run rustc: {error}")))?;
    let libraries = String::from_utf8_lossy(&output.stdout);
    if Path::new(libraries.trim()).is_dir() {
        Ok(())
    } else {
        Err(Failure::Environment(format!("rustc cannot build for Windows yet: `rustup target add {triple}`")))
    }
}

fn copy(from: &Path, to: PathBuf) -> Result<PathBuf, Failure> {
    fs::copy(from, &to).map_err(|error| Failure::io(from, &error))?;
    Ok(to)
}
