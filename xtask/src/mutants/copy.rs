//! A copy of the repository in which mutants are made: what is killed half way never spoils the original.
//!
//! Files that are the same already are left alone, times and all, so that cargo builds nothing anew for them.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::{fs, io};

use crate::failure::Failure;

/// What is made, not written.
const LEFT_OUT: [&str; 2] = ["target", ".git"];

/// Makes `copy` hold what `source` holds, and nothing else. What is not a file or a folder is left out.
pub(super) fn sync(source: &Path, copy: &Path) -> Result<(), Failure> {
    fs::create_dir_all(copy).map_err(|error| Failure::io(copy, &error))?;
    let wanted = entries(source)?;
    for stale in entries(copy)?.difference(&wanted) {
        let path = copy.join(stale);
        let gone = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        gone.map_err(|error| Failure::io(&path, &error))?;
    }
    for name in &wanted {
        let (from, to) = (source.join(name), copy.join(name));
        if from.is_dir() {
            sync(&from, &to)?;
        } else if from.is_file() {
            sync_file(&from, &to).map_err(|error| Failure::io(&from, &error))?;
        }
    }
    Ok(())
}

fn sync_file(from: &Path, to: &Path) -> io::Result<()> {
    let content = fs::read(from)?;
    if fs::read(to).is_ok_and(|old| old == content) { Ok(()) } else { fs::write(to, content) }
}

fn entries(folder: &Path) -> Result<BTreeSet<OsString>, Failure> {
    let names: io::Result<BTreeSet<_>> =
        fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.file_name())).collect());
    let mut names = names.map_err(|error| Failure::io(folder, &error))?;
    LEFT_OUT.iter().for_each(|made| {
        names.remove(std::ffi::OsStr::new(made));
    });
    Ok(names)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::sync;

    #[test]
    fn the_copy_is_made_whole_again() {
        let scratch = std::env::temp_dir().join(format!("waverust-mutants-{}", std::process::id()));
        let (source, copy) = (scratch.join("source"), scratch.join("copy"));
        let write = |path: &str, text: &str| {
            let path = scratch.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("scratch folder");
            fs::write(path, text).expect("scratch file");
        };
        write("source/a.rs", "a");
        write("source/below/b.rs", "b");
        write("source/target/made", "");
        sync(&source, &copy).expect("copied");
        let time =
            |path: &str| fs::metadata(copy.join(path)).and_then(|data| data.modified()).expect("a time");
        let old = time("below/b.rs");
        assert!(!copy.join("target").exists());

        write("copy/a.rs", "mutated");
        write("copy/below/seeds.txt", "left behind");
        write("copy/gone/c.rs", "of another branch");
        sync(&source, &copy).expect("copied");
        assert_eq!(fs::read_to_string(copy.join("a.rs")).expect("copied"), "a");
        assert!(!copy.join("below/seeds.txt").exists() && !copy.join("gone").exists());
        assert_eq!(time("below/b.rs"), old);
        fs::remove_dir_all(&scratch).expect("removed");
    }
}
