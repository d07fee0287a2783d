//! The driver model, read from the manifests of the workspace.

use std::{env, path::PathBuf};

use cargo_metadata::MetadataCommand;

use crate::ConfigError;

/// The driver model with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DriverConfig {
    /// Windows Driver Model.
    Wdm,
    /// Kernel-Mode Driver Framework: named by wdk-sys, never configured here.
    Kmdf(KmdfConfig),
    /// User-Mode Driver Framework: named by wdk-sys, never configured here.
    Umdf(UmdfConfig),
}

/// The version of the Kernel-Mode Driver Framework.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KmdfConfig {
    /// Major version.
    pub kmdf_version_major: u8,
    /// Minor version that the driver is built for.
    pub target_kmdf_version_minor: u8,
}

/// The version of the User-Mode Driver Framework.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UmdfConfig {
    /// Major version.
    pub umdf_version_major: u8,
    /// Minor version that the driver is built for.
    pub target_umdf_version_minor: u8,
}

/// Reads `package.metadata.wdk.driver-model.driver-type` of the packages in the workspace being built.
///
/// Asks cargo for the workspace's own packages only: resolving the dependencies anew, without the patch that
/// brought this package in, would rewrite the lock file.
pub(crate) fn from_manifests() -> Result<DriverConfig, ConfigError> {
    let manifest = top_level_manifest()?;
    println!("cargo::rerun-if-changed={}", manifest.display());

    let metadata = MetadataCommand::new()
        .manifest_path(&manifest)
        .no_deps()
        .exec()
        .map_err(|error| ConfigError::CargoMetadata(error.to_string()))?;

    let mut drivers = metadata.packages.iter().filter_map(|package| {
        package.metadata["wdk"]["driver-model"]["driver-type"].as_str().map(|model| (&package.name, model))
    });
    match drivers.next() {
        None => Err(ConfigError::NoDriver),
        Some((_, "WDM")) => Ok(DriverConfig::Wdm),
        Some((package, model)) => {
            Err(ConfigError::UnsupportedModel { package: package.to_string(), model: model.to_string() })
        }
    }
}

/// The manifest beside the lock file above `OUT_DIR`: that of the workspace being built, as wdk-build finds it.
fn top_level_manifest() -> Result<PathBuf, ConfigError> {
    let out_dir = PathBuf::from(env::var_os("OUT_DIR").ok_or(ConfigError::NotABuildScript)?);
    out_dir
        .ancestors()
        .find(|directory| directory.join("Cargo.lock").exists())
        .map(|directory| directory.join("Cargo.toml"))
        .ok_or(ConfigError::NoLockFile { out_dir })
}
