//! How bindgen has to be set up so that wdk-sys gets the Rust types it expects.

use std::borrow::Borrow;

use bindgen::{Builder, EnumVariation, Formatter, RustEdition, RustTarget};

use crate::{Config, ConfigError};

/// Functions whose bindings wdk-build withholds because Microsoft has deprecated them.
const DEPRECATED: [&str; 4] = [
    "ExAllocatePoolWithTag",
    "ExAllocatePoolWithQuotaTag",
    "ExAllocatePoolWithTagPriority",
    "ExAllocatePool",
];

/// Makes a [`Builder`] that is set up for the headers of the WDK.
pub trait BuilderExt {
    /// A builder that knows the include paths, macros and compiler switches of `config` and generates bindings
    /// in the style of wdk-sys.
    ///
    /// # Errors
    /// [`ConfigError::DirectoryNotFound`] when the content root is not whole.
    fn wdk_default(config: impl Borrow<Config>) -> Result<Builder, ConfigError>;
}

impl BuilderExt for Builder {
    fn wdk_default(config: impl Borrow<Config>) -> Result<Builder, ConfigError> {
        let config = config.borrow();
        let includes = config.include_paths()?.map(|path| format!("--include-directory={}", path.display()));
        let macros = config.preprocessor_definitions().map(|(name, value)| match value {
            Some(value) => format!("--define-macro={name}={value}"),
            None => format!("--define-macro={name}"),
        });

        let builder = Builder::default()
            .use_core()
            .derive_default(true)
            .generate_cstr(true)
            .default_enum_style(EnumVariation::ModuleConsts)
            .must_use_type("NTSTATUS")
            .must_use_type("HRESULT")
            // Only the content root counts: the host's own headers describe another system.
            .detect_include_paths(false)
            .clang_arg("-nostdinc")
            // Otherwise size_t in memcpy and its like becomes u64 instead of usize.
            .clang_arg("-fno-builtin")
            .clang_args(["-fms-compatibility", "-fms-extensions", "-w"])
            // Inline functions call intrinsics that nothing declares here: newer compilers refuse that by default.
            .clang_arg("-Wno-error=implicit-function-declaration")
            .clang_args(includes)
            .clang_args(macros)
            .parse_callbacks(Box::new(bindgen::CargoCallbacks::new()))
            .formatter(Formatter::Prettyplease)
            .rust_target(minimum_rust()?)
            .rust_edition(RustEdition::Edition2024);
        Ok(DEPRECATED.iter().fold(builder, |builder, name| builder.blocklist_item(name)))
    }
}

/// The oldest Rust that the bindings must compile with: that of this package.
fn minimum_rust() -> Result<RustTarget, ConfigError> {
    let version = env!("CARGO_PKG_RUST_VERSION");
    let mut parts = version.split('.').map(str::parse);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(Ok(1u64)), Some(Ok(minor)), Some(Ok(patch))) => {
            RustTarget::stable(minor, patch).map_err(|_| ConfigError::UnknownRust(version.to_string()))
        }
        _ => Err(ConfigError::UnknownRust(version.to_string())),
    }
}
