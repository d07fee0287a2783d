//! The part of `wdk-build` that the build scripts of `wdk`, `wdk-sys`, `wdk-alloc`, `wdk-panic` and of a driver
//! call, for hosts that are not Windows.
//!
//! The published `wdk-build` finds an installed WDK and does not compile without Windows. This package carries the
//! same name and version, is patched in from outside, and works on a content root of its own making: headers from
//! mingw-w64, mended to the layouts of the WDK, and import libraries made from lists of export names. Its build
//! script prepares that root once (see `build.rs`). A driver package needs no line that tells the two apart:
//!
//! ```text
//! cargo --config 'patch.crates-io.wdk-build.path="crates/wdk-cross"' build --target x86_64-pc-windows-msvc
//! ```
//!
//! Only the WDM driver model is served; the types of the other models exist because wdk-sys names them.

mod config;
mod default_builder;
mod error;
mod link;
mod model;

pub use config::{ApiSubset, Config, CpuArchitecture};
pub use default_builder::BuilderExt;
pub use error::{ConfigError, IoError};
pub use model::{DriverConfig, KmdfConfig, UmdfConfig};

/// Emits the `cfg` settings of the driver model for a library that depends on the WDK.
///
/// # Errors
/// See [`Config::from_env_auto`].
pub fn configure_wdk_library_build() -> Result<(), ConfigError> {
    configure_wdk_library_build_and_then(|_| Ok(()))
}

/// Emits the `cfg` settings of the driver model and hands the configuration to `f`.
///
/// A package graph without a driver in it is configured for no model at all, and `f` is not called.
///
/// # Errors
/// See [`Config::from_env_auto`], and whatever `f` returns.
pub fn configure_wdk_library_build_and_then<F, E>(mut f: F) -> Result<(), E>
where
    F: FnMut(Config) -> Result<(), E>,
    E: From<ConfigError>,
{
    match Config::from_env_auto() {
        Ok(config) => {
            link::emit_cfg_settings();
            f(config)
        }
        Err(ConfigError::NoDriver) => {
            link::emit_check_cfg_settings();
            Ok(())
        }
        Err(error) => Err(error.into()),
    }
}

/// Emits what the linker needs to make a driver of the package whose build script calls this.
///
/// # Errors
/// See [`Config::from_env_auto`]; [`ConfigError::StaticCrtNotEnabled`] without `target-feature=+crt-static`.
pub fn configure_wdk_binary_build() -> Result<(), ConfigError> {
    Config::from_env_auto()?.configure_binary_build()
}
