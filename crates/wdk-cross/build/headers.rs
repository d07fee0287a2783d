//! The headers of the content root.

use std::{
    env, fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use crate::mends::MENDS;

/// Where distributions put mingw-w64's headers.
const MINGW_INCLUDE: [&str; 2] = ["/usr/x86_64-w64-mingw32/include", "/usr/share/mingw-w64/include"];

/// Makes `include` from mingw-w64's headers, the mends, and the headers in `overlay`.
pub(crate) fn prepare(overlay: &Path, include: &Path) -> Result<(), String> {
    let mingw = mingw_include()?;
    println!("cargo::rerun-if-changed={}", mingw.join("ddk/wdm.h").display());
    let km = include.join("km");
    let crt = km.join("crt");
    for directory in [&crt, &include.join("shared")] {
        fs::create_dir_all(directory).map_err(|error| about(directory, error))?;
    }
    link_all(&mingw, &crt)?;
    link_all(&mingw.join("ddk"), &km)?;
    mend(&mingw.join("ddk"), &km)?;
    for part in ["km", "km/crt"] {
        link_all(&overlay.join(part), &include.join(part))?;
    }
    let layouts = overlay.join("layouts.txt");
    let table = fs::read_to_string(&layouts).map_err(|error| about(&layouts, error))?;
    let header = km.join("layouts.h");
    fs::write(&header, assertions(&table)?).map_err(|error| about(&header, error))
}

/// A header that does not compile unless the records have the layouts in `table`.
///
/// A line that begins in the first column names a record, its size and its alignment; indented lines hold its
/// fields and their offsets.
fn assertions(table: &str) -> Result<String, String> {
    let mut header = String::from("#pragma once\n");
    let mut record = "";
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if line.starts_with(' ') {
            for field in words {
                let (name, offset) = field.split_once('=').ok_or_else(|| format!("no offset: {field}"))?;
                header += &format!(
                    "_Static_assert(__builtin_offsetof({record}, {name}) == {offset}, \"{record}.{name}\");\n"
                );
            }
        } else if let [name, size, alignment] = words[..] {
            record = name;
            header += &format!("_Static_assert(sizeof({name}) == {size}, \"size of {name}\");\n");
            header += &format!("_Static_assert(_Alignof({name}) == {alignment}, \"alignment of {name}\");\n");
        } else {
            return Err(format!("no record with size and alignment: {line}"));
        }
    }
    Ok(header)
}

fn mingw_include() -> Result<PathBuf, String> {
    println!("cargo::rerun-if-env-changed=MINGW_INCLUDE");
    env::var_os("MINGW_INCLUDE")
        .map(PathBuf::from)
        .into_iter()
        .chain(MINGW_INCLUDE.iter().map(PathBuf::from))
        .find(|include| include.join("ddk/wdm.h").is_file())
        .ok_or_else(|| {
            "mingw-w64's headers are not installed: `apt-get install mingw-w64-x86-64-dev`, \
             or set MINGW_INCLUDE to the directory that holds ddk/wdm.h"
                .to_string()
        })
}

/// Links every entry of `from` into `to`, in place of what is there under the same name.
fn link_all(from: &Path, to: &Path) -> Result<(), String> {
    for entry in fs::read_dir(from).map_err(|error| about(from, error))? {
        let entry = entry.map_err(|error| about(from, error))?;
        let link = to.join(entry.file_name());
        if link.is_dir() && !link.is_symlink() {
            continue;
        }
        if link.is_symlink() || link.exists() {
            fs::remove_file(&link).map_err(|error| about(&link, error))?;
        }
        symlink(entry.path(), &link).map_err(|error| about(&link, error))?;
    }
    Ok(())
}

/// Replaces the links to the headers that need mending by mended copies.
fn mend(from: &Path, to: &Path) -> Result<(), String> {
    for (header, mends) in MENDS {
        let source = from.join(header);
        let mut text = fs::read_to_string(&source).map_err(|error| about(&source, error))?;
        for mend in *mends {
            if !text.contains(mend.find) {
                return Err(format!(
                    "{} has changed: cannot mend it so that {}; `{}` is not in it",
                    source.display(),
                    mend.so_that,
                    mend.find
                ));
            }
            text = text.replace(mend.find, mend.put);
        }
        let target = to.join(header);
        fs::remove_file(&target).map_err(|error| about(&target, error))?;
        fs::write(&target, text).map_err(|error| about(&target, error))?;
    }
    Ok(())
}

fn about(path: &Path, error: std::io::Error) -> String {
    format!("{}: {error}", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let directory = env::temp_dir().join(format!("wdk-cross-{}-{name}", std::process::id()));
        for part in ["from", "to"] {
            fs::create_dir_all(directory.join(part)).unwrap();
        }
        directory
    }

    #[test]
    fn a_header_that_cannot_be_mended_is_named_and_so_is_the_purpose() {
        let scratch = scratch("mends");
        fs::write(scratch.join("from/wdm.h"), "typedef struct _SOMETHING_ELSE {").unwrap();
        let error = mend(&scratch.join("from"), &scratch.join("to")).unwrap_err();
        assert!(error.contains("from/wdm.h") && error.contains(MENDS[0].1[0].so_that), "{error}");
        fs::remove_dir_all(scratch).unwrap();
    }

    #[test]
    fn mends_go_into_a_copy_and_not_into_the_installed_header() {
        let scratch = scratch("copy");
        let installed: String = MENDS[0].1.iter().map(|mend| format!("{}\n", mend.find)).collect();
        fs::write(scratch.join("from/wdm.h"), &installed).unwrap();
        link_all(&scratch.join("from"), &scratch.join("to")).unwrap();
        mend(&scratch.join("from"), &scratch.join("to")).unwrap();
        assert_eq!(fs::read_to_string(scratch.join("from/wdm.h")).unwrap(), installed);
        let mended = fs::read_to_string(scratch.join("to/wdm.h")).unwrap();
        assert!(MENDS[0].1.iter().all(|mend| mended.contains(mend.put)), "{mended}");
        fs::remove_dir_all(scratch).unwrap();
    }

    #[test]
    fn every_number_of_the_table_becomes_an_assertion() {
        let header = assertions("# a comment\nIRP 208 16\n  Type=0 Tail.Overlay=120\nMDL 48 8\n").unwrap();
        for assertion in [
            "sizeof(IRP) == 208",
            "_Alignof(IRP) == 16",
            "__builtin_offsetof(IRP, Tail.Overlay) == 120",
            "sizeof(MDL) == 48",
        ] {
            assert!(
                header.contains(&format!("_Static_assert({assertion}, ")),
                "{assertion} is not in {header}"
            );
        }
        assert_eq!(header.matches("_Static_assert").count(), 6);
    }

    #[test]
    fn a_table_with_a_slip_is_refused() {
        assert!(assertions("IRP 208\n").is_err());
        assert!(assertions("IRP 208 16\n  Type\n").is_err());
    }
}
