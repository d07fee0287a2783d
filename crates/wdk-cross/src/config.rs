//! Where the headers and libraries are, and how a C compiler has to read them.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::{ConfigError, DriverConfig, IoError, model};

/// The content root that the build script of this package has prepared.
const CONTENT_ROOT: &str = concat!(env!("OUT_DIR"), "/wdk");

/// The configuration of one build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The driver model of the package being built.
    pub driver_config: DriverConfig,
    pub(crate) architecture: CpuArchitecture,
    content_root: PathBuf,
    version: String,
}

/// The processor that the driver runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CpuArchitecture {
    /// x86-64.
    Amd64,
    /// AArch64.
    Arm64,
}

/// A part of the WDK that has bindings of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiSubset {
    /// What every driver needs: ntifs.h, ntddk.h, ntstrsafe.h.
    Base,
    /// The driver frameworks. Like all that follow: no headers here, hence no bindings.
    Wdf,
    /// General-purpose input and output.
    Gpio,
    /// Human interface devices.
    Hid,
    /// Parallel ports.
    ParallelPorts,
    /// Simple peripheral bus.
    Spb,
    /// Storage.
    Storage,
    /// Universal serial bus.
    Usb,
}

impl CpuArchitecture {
    fn from_env() -> Result<Self, ConfigError> {
        match env::var("CARGO_CFG_TARGET_ARCH").as_deref() {
            Ok("x86_64") => Ok(Self::Amd64),
            Ok("aarch64") => Ok(Self::Arm64),
            Ok(other) => Err(ConfigError::UnsupportedArchitecture(other.to_string())),
            Err(_) => Err(ConfigError::NotABuildScript),
        }
    }

    fn library_directory(self) -> &'static str {
        match self {
            Self::Amd64 => "x64",
            Self::Arm64 => "ARM64",
        }
    }
}

impl Config {
    /// The configuration for the workspace, target and environment that cargo runs the build script in.
    ///
    /// # Errors
    /// Everything in [`ConfigError`] but [`ConfigError::StaticCrtNotEnabled`].
    pub fn from_env_auto() -> Result<Self, ConfigError> {
        let architecture = CpuArchitecture::from_env()?;
        let driver_config = model::from_manifests()?;
        let content_root = PathBuf::from(CONTENT_ROOT);
        let version = newest_version(&content_root.join("Lib"))?;
        Ok(Self { driver_config, architecture, content_root, version })
    }

    /// The directories that headers are looked up in, first to last.
    ///
    /// # Errors
    /// [`ConfigError::DirectoryNotFound`] when the content root is not whole.
    pub fn include_paths(&self) -> Result<impl Iterator<Item = PathBuf> + use<>, ConfigError> {
        let include = self.content_root.join("Include").join(&self.version);
        let paths = ["km/crt", "km", "shared"].map(|part| include.join(part));
        paths.iter().try_for_each(|path| must_exist(path))?;
        Ok(paths.into_iter())
    }

    /// The directories that the linker finds import libraries in.
    ///
    /// # Errors
    /// [`ConfigError::DirectoryNotFound`] when the content root is not whole.
    pub fn library_paths(&self) -> Result<impl Iterator<Item = PathBuf> + use<>, ConfigError> {
        let libraries = self.content_root.join("Lib").join(&self.version).join("km");
        let path = libraries.join(self.architecture.library_directory());
        must_exist(&path)?;
        Ok(std::iter::once(path))
    }

    /// The macros, with their values, that say which processor and mode the headers are read for.
    pub fn preprocessor_definitions(&self) -> impl Iterator<Item = (String, Option<String>)> + use<> {
        let definitions: &[(&str, Option<&str>)] = match self.architecture {
            CpuArchitecture::Amd64 => &[("_WIN64", None), ("_AMD64_", None), ("AMD64", None)],
            CpuArchitecture::Arm64 => &[
                ("_ARM64_", None),
                ("ARM64", None),
                ("_USE_DECLSPECS_FOR_SAL", Some("1")),
                ("STD_CALL", None),
            ],
        };
        definitions
            .iter()
            .chain(&[("_KERNEL_MODE", None)])
            .map(|(name, value)| (name.to_string(), value.map(str::to_string)))
    }

    /// The headers of one part of the WDK, in the order of their inclusion.
    ///
    /// # Errors
    /// None here; the signature is that of wdk-build.
    pub fn headers(&self, subset: ApiSubset) -> Result<impl Iterator<Item = String> + use<>, ConfigError> {
        let headers: &[&str] = match subset {
            ApiSubset::Base => &["before.h", "ntifs.h", "ntddk.h", "ntstrsafe.h", "after.h"],
            _ => &[],
        };
        Ok(headers.iter().map(|header| (*header).to_string()))
    }

    /// The text of a header that includes the headers of `subsets`.
    ///
    /// # Errors
    /// None here; the signature is that of wdk-build.
    pub fn bindgen_header_contents(
        &self,
        subsets: impl IntoIterator<Item = ApiSubset>,
    ) -> Result<String, ConfigError> {
        let mut contents = String::new();
        for subset in subsets {
            for header in self.headers(subset)? {
                contents += &format!("#include \"{header}\"\n");
            }
        }
        Ok(contents)
    }

    /// The symbol through which framework functions are called: a WDM driver has none.
    pub fn compute_wdffunctions_symbol_name(&self) -> Option<String> {
        None
    }
}

fn must_exist(directory: &Path) -> Result<(), ConfigError> {
    if directory.is_dir() {
        Ok(())
    } else {
        Err(ConfigError::DirectoryNotFound { directory: directory.to_path_buf() })
    }
}

/// The name of the newest version in `directory`: the last `10.*`, as wdk-build chooses it.
fn newest_version(directory: &Path) -> Result<String, ConfigError> {
    let entries = fs::read_dir(directory).map_err(|source| IoError::with_path(directory, source))?;
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with("10."))
        .max()
        .ok_or_else(|| ConfigError::DirectoryNotFound { directory: directory.join("10.*") })
}
