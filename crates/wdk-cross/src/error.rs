//! What can go wrong while a build is configured.

use std::{io, path::PathBuf};

use thiserror::Error;

/// A failed file operation, and the path it was about.
#[derive(Debug, Error)]
#[error("cannot access {}", path.display())]
pub struct IoError {
    path: PathBuf,
    source: io::Error,
}

impl IoError {
    /// Names the path that `source` is about.
    pub fn with_path(path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self { path: path.into(), source }
    }
}

/// Why a build cannot be configured.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A file operation failed.
    #[error(transparent)]
    Io(#[from] IoError),
    /// The content root lacks a directory.
    #[error("the WDK content root lacks the directory {}", directory.display())]
    DirectoryNotFound {
        /// What is missing.
        directory: PathBuf,
    },
    /// `cargo metadata` failed.
    #[error("cargo cannot describe the workspace: {0}")]
    CargoMetadata(String),
    /// No package of the workspace says which driver model it follows.
    #[error("no package of the workspace has [package.metadata.wdk.driver-model]")]
    NoDriver,
    /// A package follows a driver model that this host cannot build.
    #[error("package {package} is a {model} driver; only WDM drivers can be built on this host")]
    UnsupportedModel {
        /// The package.
        package: String,
        /// Its driver model.
        model: String,
    },
    /// The target is neither x86_64 nor aarch64.
    #[error("Windows drivers are built for x86_64 and aarch64, not for {0}")]
    UnsupportedArchitecture(String),
    /// A variable is missing that cargo sets for build scripts.
    #[error("wdk-build works inside a build script only")]
    NotABuildScript,
    /// The target directory lies outside the workspace.
    #[error("no Cargo.lock above {}: the target directory must lie within the workspace", out_dir.display())]
    NoLockFile {
        /// The `OUT_DIR` from which the search began.
        out_dir: PathBuf,
    },
    /// Bindings would be made for a Rust that bindgen does not know.
    #[error("bindgen does not know Rust {0}")]
    UnknownRust(String),
    /// The C runtime would be linked dynamically.
    #[error("drivers need the static C runtime: set rustflags = [\"-C\", \"target-feature=+crt-static\"]")]
    StaticCrtNotEnabled,
}
