//! What cargo, rustc and the linker are told.

use std::env;

use crate::{ApiSubset, Config, ConfigError, config::CpuArchitecture};

/// What wdk-build asks of link.exe for a WDM driver; lld-link understands all of it.
const WDM_LINK_ARGUMENTS: [&str; 13] = [
    "/DRIVER",
    "/NODEFAULTLIB",
    "/SUBSYSTEM:NATIVE",
    "/KERNEL",
    "/ENTRY:DriverEntry",
    "/NXCOMPAT",
    "/DYNAMICBASE",
    "/MAP",
    "/MAPINFO:EXPORTS",
    "/OPT:REF,ICF",
    // The loader shall refuse the driver if its signature is missing or broken.
    "/INTEGRITYCHECK",
    "/MANIFEST:NO",
    // An exported entry point: Rust cannot name a symbol without exporting it.
    "/IGNORE:4216",
];

impl Config {
    /// Emits the linker's search paths and arguments, and the `cfg` settings.
    ///
    /// # Errors
    /// [`ConfigError::StaticCrtNotEnabled`], [`ConfigError::DirectoryNotFound`].
    pub fn configure_binary_build(&self) -> Result<(), ConfigError> {
        let features = env::var("CARGO_CFG_TARGET_FEATURE").unwrap_or_default();
        if !features.split(',').any(|feature| feature == "crt-static") {
            return Err(ConfigError::StaticCrtNotEnabled);
        }
        for path in self.library_paths()? {
            println!("cargo::rustc-link-search={}", path.display());
        }
        for argument in WDM_LINK_ARGUMENTS {
            println!("cargo::rustc-cdylib-link-arg={argument}");
        }
        emit_cfg_settings();
        Ok(())
    }

    /// The `#[link]` attributes, as Rust source, of the libraries that the bindings of `subset` need.
    pub fn bindgen_library_link_raw_lines(&self, subset: ApiSubset) -> Option<String> {
        let libraries: &[&str] = match (subset, self.architecture) {
            (ApiSubset::Base, CpuArchitecture::Amd64) => {
                &["BufferOverflowFastFailK", "ntoskrnl", "hal", "wmilib"]
            }
            (ApiSubset::Base, CpuArchitecture::Arm64) => {
                &["BufferOverflowFastFailK", "ntoskrnl", "hal", "wmilib", "arm64rt"]
            }
            _ => return None,
        };
        Some(libraries.iter().map(|library| link_attribute(library)).collect())
    }
}

/// Links `library`, except into tests and where wdk-sys' feature says not to.
fn link_attribute(library: &str) -> String {
    format!(
        "#[cfg(not(any(test, feature = \"suppress-wdk-linking\")))]\n\
         #[link(name = \"{library}\", kind = \"static\", modifiers = \"-bundle\")]\n\
         unsafe extern \"C\" {{}}\n"
    )
}

/// Tells rustc which driver model this is, by the `cfg` that the wdk crates test.
pub(crate) fn emit_cfg_settings() {
    emit_check_cfg_settings();
    println!("cargo::rustc-cfg=driver_model__driver_type=\"WDM\"");
}

/// Tells rustc which driver models there are.
pub(crate) fn emit_check_cfg_settings() {
    println!("cargo::rustc-check-cfg=cfg(driver_model__driver_type, values(\"WDM\",\"KMDF\",\"UMDF\"))");
}
