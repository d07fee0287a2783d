//! The image of a disc, to be attached to a guest: laid out as that of virtio-win, so that whatever finds drivers on
//! the one finds them on the other.
//!
//! ```text
//! install.ps1 uninstall.ps1 waverust.cer
//! waverust/w10/amd64/   waverust/w10/ARM64/   waverust/w11/amd64/   waverust/w11/ARM64/
//! ```
//!
//! Each folder has the whole package, with the symbols for its processor: Windows takes from the INF what is for it,
//! and to add all of them (`pnputil /subdirs`) is to add one.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::Contents;
use super::date::Date;
use super::sign::finish;
use crate::driver::Architecture;
use crate::failure::Failure;

/// The systems, as virtio-win calls them.
const SYSTEMS: [&str; 2] = ["w10", "w11"];

/// What virtio-win calls a processor.
fn folder_name(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "amd64",
        Architecture::Aarch64 => "ARM64",
    }
}

/// Writes the image of a disc with the files of `package`; `scratch` holds its folders meanwhile.
///
/// # Errors
/// [`Failure::Environment`] where files cannot be copied or xorriso cannot be run, [`Failure::Wrong`] if it fails.
pub(super) fn write(
    package: &Path,
    contents: &Contents,
    scratch: &Path,
    date: Date,
    to: &Path,
) -> Result<(), Failure> {
    remove(scratch)?;
    for name in &contents.extras {
        copy(&package.join(name), &scratch.join(name))?;
    }
    for architecture in &contents.architectures {
        for system in SYSTEMS {
            let folder = scratch.join("waverust").join(system).join(folder_name(*architecture));
            let symbols = format!("{}.pdb", architecture.file_stem());
            for name in contents.installed.iter().chain([&symbols]) {
                copy(&package.join(name), &folder.join(name))?;
            }
        }
    }
    let mut xorriso = Command::new("xorriso");
    // Dates of the image itself come from the variable; all are in this zone.
    xorriso.env("SOURCE_DATE_EPOCH", date.epoch().to_string()).env("TZ", "UTC");
    xorriso.args(["-as", "mkisofs", "-quiet", "-V", "WAVERUST", "-p", "WAVERUST"]);
    xorriso.arg("--set_all_file_dates").arg(format!("={}", date.epoch()));
    // Joliet, for Windows: long names as they are. Rock Ridge, for everybody else.
    xorriso.args(["-J", "-joliet-long", "-r", "-o"]).arg(to).arg(scratch);
    finish(&mut xorriso, "no image of a disc can be made")?;
    remove(scratch)
}

fn remove(folder: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::io(folder, &error)),
        _ => Ok(()),
    }
}

fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).map_err(|error| Failure::io(folder, &error))?;
    }
    fs::copy(from, to).map(drop).map_err(|error| Failure::io(from, &error))
}
