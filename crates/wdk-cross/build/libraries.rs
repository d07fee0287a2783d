//! The import libraries of the content root.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// The modules that a driver may import from: name of the library, name of the image.
const MODULES: [(&str, &str); 6] = [
    ("ntoskrnl", "ntoskrnl.exe"),
    ("hal", "HAL.dll"),
    ("wmilib", "WMILIB.SYS"),
    ("portcls", "portcls.sys"),
    ("ks", "ks.sys"),
    ("drmk", "drmk.sys"),
];

/// Static libraries of the WDK that wdk-sys names, and of which code made by rustc needs nothing: the check of
/// stack cookies (rustc sets none), and compiler helpers for ARM64 (the kernel exports those that code of ours needs;
/// __chkstk is not among them, so that a frame of more than a page is an error of the linker there).
const EMPTY: [&str; 2] = ["BufferOverflowFastFailK", "arm64rt"];

/// An archive without members.
const EMPTY_ARCHIVE: &str = "!<arch>\n";

/// The library directory and the linker's name of each architecture.
const ARCHITECTURES: [(&str, &str); 2] = [("x64", X64), ("ARM64", "arm64")];
const X64: &str = "x64";

/// Makes in `lib/x64` and `lib/ARM64` what `exports/*.txt` list.
pub(crate) fn prepare(exports: &Path, lib: &Path) -> Result<(), String> {
    let lld = lld()?;
    for (directory, machine) in ARCHITECTURES {
        let directory = lib.join(directory);
        fs::create_dir_all(&directory).map_err(|error| about(&directory, error))?;
        for (library, image) in MODULES {
            let list = exports.join(format!("{library}.txt"));
            let list = fs::read_to_string(&list).map_err(|error| about(&list, error))?;
            import_library(&lld, machine, image, &list, &directory.join(library))?;
        }
        for library in EMPTY {
            let path = directory.join(format!("{library}.lib"));
            fs::write(&path, EMPTY_ARCHIVE).map_err(|error| about(&path, error))?;
        }
    }
    Ok(())
}

/// Makes `<stem>.lib`, through which the names in `list` are imported from `image`.
fn import_library(lld: &Path, machine: &str, image: &str, list: &str, stem: &Path) -> Result<(), String> {
    let mut definition = format!("LIBRARY \"{image}\"\nEXPORTS\n");
    for name in names(list, machine) {
        definition += &format!("  {name}\n");
    }
    let definition_path = stem.with_extension("def");
    fs::write(&definition_path, definition).map_err(|error| about(&definition_path, error))?;

    let output = Command::new(lld)
        .args(["-flavor", "link"])
        .arg(format!("/DEF:{}", definition_path.display()))
        .arg(format!("/OUT:{}", stem.with_extension("lib").display()))
        .arg(format!("/MACHINE:{machine}"))
        .output()
        .map_err(|error| about(lld, error))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("{} cannot be made: {}", stem.display(), String::from_utf8_lossy(&output.stderr)))
    }
}

/// The names in an export list that `machine` has: the first word of every line that is no comment. Variables are
/// marked for the linker.
fn names<'a>(list: &'a str, machine: &'a str) -> impl Iterator<Item = String> + 'a {
    list.lines().filter(|line| !line.starts_with('#')).filter_map(move |line| {
        let mut words = line.split_whitespace();
        let name = words.next()?;
        let marks: Vec<&str> = words.collect();
        if marks.contains(&"X64") && machine != X64 {
            None
        } else if marks.contains(&"DATA") {
            Some(format!("{name} DATA"))
        } else {
            Some(name.to_string())
        }
    })
}

/// The linker that comes with rustc.
fn lld() -> Result<PathBuf, String> {
    let rustc = env::var_os("RUSTC").ok_or("cargo has not set RUSTC")?;
    let host = env::var("HOST").map_err(|_| "cargo has not set HOST")?;
    let output = Command::new(&rustc)
        .args(["--print", "sysroot"])
        .output()
        .map_err(|error| about(Path::new(&rustc), error))?;
    let sysroot = String::from_utf8_lossy(&output.stdout);
    let lld = Path::new(sysroot.trim()).join("lib/rustlib").join(host).join("bin/rust-lld");
    if lld.is_file() { Ok(lld) } else { Err(format!("{} is missing: use rustup's toolchain", lld.display())) }
}

fn about(path: &Path, error: std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# a comment\nmemcpy 10240\n__chkstk 10240 X64\nPsThreadType 10240 DATA\n";

    #[test]
    fn variables_are_marked_and_each_processor_has_its_own_names() {
        assert_eq!(names(LIST, X64).collect::<Vec<_>>(), ["memcpy", "__chkstk", "PsThreadType DATA"]);
        assert_eq!(names(LIST, "arm64").collect::<Vec<_>>(), ["memcpy", "PsThreadType DATA"]);
    }
}
