//! A workspace beside the workspace, with the same sources and a lock file of its own.
//!
//! The driver's manifest names `wdk-build` as published, and the committed lock file says so. On this host the driver
//! is built with `crates/wdk-cross` patched in, which changes the lock file: so the build takes place in a directory
//! under target/ whose entries are links to the sources, all but `Cargo.lock`. That one is copied from the
//! workspace; cargo strikes out of it what the patch makes superfluous and keeps every version that remains.

use std::{
    collections::BTreeSet,
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{failure::Failure, repository};

/// Stands in for the published package.
const REPLACED: &str = "wdk-build";
const PATCH: &str = "patch.crates-io.wdk-build.path=\"crates/wdk-cross\"";

/// What of a workspace is never mirrored: the lock file is copied, the rest is made, not written.
const NOT_LINKED: [&str; 4] = ["Cargo.lock", ".Cargo.lock.original", "target", ".git"];

/// A mirrored workspace.
pub(crate) struct Mirror {
    directory: PathBuf,
    lock: PathBuf,
}

impl Mirror {
    /// Mirrors the workspace in `source`, locked by `lock`, into `directory`.
    pub(crate) fn new(source: &Path, lock: &Path, directory: PathBuf) -> Result<Self, Failure> {
        fs::create_dir_all(&directory).map_err(|error| Failure::io(&directory, &error))?;
        let wanted = entries(source)?;
        for stale in entries(&directory)?.difference(&wanted) {
            let path = directory.join(stale);
            if path.is_symlink() {
                fs::remove_file(&path).map_err(|error| Failure::io(&path, &error))?;
            }
        }
        for name in &wanted {
            link(&source.join(name), &directory.join(name))?;
        }
        copy_lock(lock, &directory)?;
        Ok(Self { directory, lock: lock.to_path_buf() })
    }

    /// Puts other sources in the place of `name`.
    pub(crate) fn put(&self, name: &str, source: &Path) -> Result<(), Failure> {
        let source = source.canonicalize().map_err(|error| Failure::io(source, &error))?;
        link(&source, &self.directory.join(name))
    }

    /// Where the mirrored workspace is.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Cargo, run in the mirror, with a target directory of its own and nothing from outside that sets flags.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = repository::cargo_in(&self.directory);
        cargo.env("CARGO_TARGET_DIR", self.directory.join("target"));
        for variable in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"] {
            cargo.env_remove(variable);
        }
        cargo
    }

    /// `cargo <subcommand>`, with this repository's `wdk-build` in place of the published one.
    ///
    /// The patch follows the subcommand: cargo hands nothing ahead of it on to clippy.
    pub(crate) fn patched_cargo(&self, subcommand: &str) -> Command {
        let mut cargo = self.cargo();
        cargo.args([subcommand, "--config", PATCH]);
        cargo
    }

    /// Fails unless cargo has used nothing but what the workspace's lock file names.
    pub(crate) fn verify_lock(&self) -> Result<(), Failure> {
        let allowed = locked_packages(&self.lock)?;
        let used = locked_packages(&self.directory.join("Cargo.lock"))?;
        let strangers: Vec<&str> = used
            .difference(&allowed)
            .map(String::as_str)
            .filter(|package| !package.starts_with(&format!("{REPLACED} ")))
            .collect();
        if strangers.is_empty() {
            Ok(())
        } else {
            Err(Failure::Wrong(format!(
                "the build used packages that Cargo.lock does not name: {}; crates/wdk-cross must depend on nothing \
                 that wdk-sys does not",
                strangers.join(", ")
            )))
        }
    }
}

fn entries(directory: &Path) -> Result<BTreeSet<String>, Failure> {
    let names = fs::read_dir(directory)
        .and_then(|entries| entries.collect::<io::Result<Vec<_>>>())
        .map_err(|error| Failure::io(directory, &error))?;
    Ok(names
        .into_iter()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| !NOT_LINKED.contains(&name.as_str()))
        .collect())
}

/// Makes `link` point to `source`, and leaves it alone if it does.
fn link(source: &Path, link: &Path) -> Result<(), Failure> {
    if fs::read_link(link).is_ok_and(|target| target == source) {
        return Ok(());
    }
    if link.is_symlink() {
        fs::remove_file(link).map_err(|error| Failure::io(link, &error))?;
    }
    match symlink(source, link) {
        // Somebody else who builds at the same time was faster.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result.map_err(|error| Failure::io(link, &error)),
    }
}

/// Copies the lock file unless the mirror's own was made from this very one. The original is kept to tell that.
fn copy_lock(lock: &Path, directory: &Path) -> Result<(), Failure> {
    let original = fs::read(lock).map_err(|error| Failure::io(lock, &error))?;
    let kept = directory.join(".Cargo.lock.original");
    if fs::read(&kept).is_ok_and(|kept| kept == original) && directory.join("Cargo.lock").is_file() {
        return Ok(());
    }
    for copy in [directory.join("Cargo.lock"), kept] {
        fs::write(&copy, &original).map_err(|error| Failure::io(&copy, &error))?;
    }
    Ok(())
}

/// "name version checksum" of every package in a lock file.
fn locked_packages(lock: &Path) -> Result<BTreeSet<String>, Failure> {
    let text = fs::read_to_string(lock).map_err(|error| Failure::io(lock, &error))?;
    Ok(text
        .split("[[package]]")
        .skip(1)
        .map(|package| ["name", "version", "checksum"].map(|key| value(package, key)).join(" "))
        .collect())
}

fn value<'a>(package: &'a str, key: &str) -> &'a str {
    package
        .lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "))
        .map_or("", |value| value.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use std::env;

    use super::*;

    const LOCK: &str = "version = 4\n\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\nchecksum = \"11\"\n\n\
                        [[package]]\nname = \"wdk-build\"\nversion = \"0.6.0\"\nchecksum = \"22\"\n";

    fn scratch(name: &str) -> PathBuf {
        let directory = env::temp_dir().join(format!("waverust-mirror-{}-{name}", std::process::id()));
        fs::create_dir_all(directory.join("source/src")).unwrap();
        fs::write(directory.join("source/Cargo.toml"), "").unwrap();
        fs::write(directory.join("source/Cargo.lock"), LOCK).unwrap();
        directory
    }

    fn mirror(scratch: &Path) -> Mirror {
        let source = scratch.join("source");
        Mirror::new(&source, &source.join("Cargo.lock"), scratch.join("mirror")).unwrap()
    }

    #[test]
    fn sources_are_links_and_the_lock_file_is_a_copy() {
        let scratch = scratch("links");
        mirror(&scratch);
        fs::write(scratch.join("mirror/Cargo.lock"), "changed").unwrap();
        assert_eq!(fs::read_link(scratch.join("mirror/src")).unwrap(), scratch.join("source/src"));
        assert_eq!(fs::read_to_string(scratch.join("source/Cargo.lock")).unwrap(), LOCK);
        fs::remove_dir_all(scratch).unwrap();
    }

    #[test]
    fn what_has_gone_from_the_sources_goes_from_the_mirror() {
        let scratch = scratch("stale");
        mirror(&scratch);
        fs::remove_dir(scratch.join("source/src")).unwrap();
        mirror(&scratch);
        assert!(!scratch.join("mirror/src").is_symlink());
        fs::remove_dir_all(scratch).unwrap();
    }

    #[test]
    fn what_cargo_made_of_the_lock_file_stays_until_the_original_changes() {
        let scratch = scratch("stays");
        let read = || fs::read_to_string(scratch.join("mirror/Cargo.lock")).unwrap();
        mirror(&scratch);
        fs::write(scratch.join("mirror/Cargo.lock"), "pruned").unwrap();
        mirror(&scratch);
        assert_eq!(read(), "pruned");
        let changed = LOCK.replace("1.0.0", "1.0.2");
        fs::write(scratch.join("source/Cargo.lock"), &changed).unwrap();
        mirror(&scratch);
        assert_eq!(read(), changed);
        fs::remove_dir_all(scratch).unwrap();
    }

    #[test]
    fn a_package_that_the_lock_file_does_not_name_is_refused() {
        let scratch = scratch("lock");
        let mirror = mirror(&scratch);
        let patched = LOCK.replace("checksum = \"22\"\n", "");
        fs::write(scratch.join("mirror/Cargo.lock"), &patched).unwrap();
        mirror.verify_lock().unwrap();
        fs::write(scratch.join("mirror/Cargo.lock"), patched.replace("1.0.0", "1.0.1")).unwrap();
        let Err(Failure::Wrong(message)) = mirror.verify_lock() else { panic!("not refused") };
        assert!(message.contains("a 1.0.1"), "{message}");
        fs::remove_dir_all(scratch).unwrap();
    }
}
