//! Links the driver: what wdk-build asks for, the audio port class driver, and the version resource.

#[path = "build/version_info.rs"]
mod version_info;

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build/version_info.rs");
    wdk_build::configure_wdk_binary_build()?;
    println!("cargo::rustc-cdylib-link-arg=portcls.lib");

    let resource = PathBuf::from(env::var("OUT_DIR")?).join("version.res");
    fs::write(&resource, version_info::resource_file(&env::var("CARGO_PKG_VERSION")?)?)?;
    println!("cargo::rustc-cdylib-link-arg={}", resource.display());

    if cfg!(not(windows)) {
        link_like_link_exe();
    }
    Ok(())
}

/// What link.exe does for a driver by itself and lld-link has to be told.
fn link_like_link_exe() {
    for argument in [
        // A checksum: the loader refuses a driver without one.
        "/RELEASE",
        // No section that nothing is known of: LLVM's list of return thunks is data.
        "/MERGE:.retplne=.rdata",
        // Memory that stays in: code and data are used at raised IRQL.
        "/SECTION:.text,ERP",
        "/SECTION:.rdata,RP",
        "/SECTION:.data,RWP",
        "/SECTION:.pdata,RP",
        // The same sources make the same image.
        "/Brepro",
        // Where sources are said to be, in the symbols: not where they are on this machine.
        "/PDBSOURCEPATH:C:\\waverust",
    ] {
        println!("cargo::rustc-cdylib-link-arg={argument}");
    }
    // In a package for both processors each image has a name of its own, and so have its symbols.
    if env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|architecture| architecture == "aarch64") {
        println!("cargo::rustc-cdylib-link-arg=/PDBALTPATH:waverust_arm64.pdb");
    }
}
