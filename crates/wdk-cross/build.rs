//! Prepares a WDK content root in `OUT_DIR/wdk`: headers from mingw-w64, mended, and import libraries.
//!
//! ```text
//! wdk/Include/<version>/km/crt   mingw-w64's base headers
//!                      /km       its driver headers (ddk/), what is mended there, and this package's overlay/km
//!                      /shared   nothing; it has to exist
//! wdk/Lib/<version>/km/x64       one import library a module, made from exports/*.txt
//!                     /ARM64
//! ```
//!
//! Nothing of mingw-w64 is copied into the repository: the headers of the installed package are linked to, and those
//! that need mending are copied into the build directory with the mends of `build/mends.rs` applied.

#[path = "build/headers.rs"]
mod headers;
#[path = "build/libraries.rs"]
mod libraries;
#[path = "build/mends.rs"]
mod mends;

use std::{env, fs, path::PathBuf, process::ExitCode};

/// The kit whose names and layouts the headers are mended to.
const WDK_VERSION: &str = "10.0.26100.0";

fn main() -> ExitCode {
    for input in ["build.rs", "build", "overlay", "exports"] {
        println!("cargo::rerun-if-changed={input}");
    }
    match prepare() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("cargo::error={error}");
            ExitCode::FAILURE
        }
    }
}

fn prepare() -> Result<(), String> {
    let package = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let root = PathBuf::from(variable("OUT_DIR")?).join("wdk");
    if root.exists() {
        fs::remove_dir_all(&root).map_err(|error| format!("cannot clear {}: {error}", root.display()))?;
    }
    headers::prepare(&package.join("overlay"), &root.join("Include").join(WDK_VERSION))?;
    libraries::prepare(&package.join("exports"), &root.join("Lib").join(WDK_VERSION).join("km"))
}

fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("cargo has not set {name}"))
}
