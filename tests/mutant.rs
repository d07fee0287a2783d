//! Editions of the driver with one planted fault: its own sources with one place changed.
//!
//! Each change is made by exact text. Where the sources have moved on, the test says so instead of testing nothing.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

/// Faulty editions are built in one place, one after the other.
static BUILDING: Mutex<()> = Mutex::new(());

/// A fault to plant.
#[derive(Clone, Copy, Debug)]
pub struct Mutant {
    /// Names the build.
    pub name: &'static str,
    /// File below `src/`.
    pub file: &'static str,
    /// Text that stands in it exactly once.
    pub right: &'static str,
    /// What is put there instead.
    pub wrong: &'static str,
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder for the faulty sources");
    for entry in fs::read_dir(from).expect("reading the sources") {
        let entry = entry.expect("reading the sources");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), &target).expect("copying a source");
        }
    }
}

impl Mutant {
    /// Builds the faulty driver with debug assertions, which is quick; returns its image.
    ///
    /// # Panics
    /// If the text to be changed does not stand exactly once in the file, or the result does not build.
    pub fn build(&self) -> PathBuf {
        self.build_with(&["--debug"])
    }

    /// Builds it as users get it: the driver for virtio needs that, or its frames are too long for a kernel stack.
    ///
    /// # Panics
    /// As [`Mutant::build`].
    pub fn build_optimised(&self) -> PathBuf {
        self.build_with(&[])
    }

    fn build_with(&self, options: &[&str]) -> PathBuf {
        let _alone = BUILDING.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = super::folder(&format!("mutant-{}", self.name));
        let sources = folder.join("src");
        copy(&super::root().join("src"), &sources);
        let file = sources.join(self.file);
        let text = fs::read_to_string(&file).expect("reading the file to be changed");
        let count = text.matches(self.right).count();
        assert_eq!(count, 1, "{}: the text to be changed stands {count} times in {}", self.name, self.file);
        fs::write(&file, text.replace(self.right, self.wrong)).expect("planting the fault");
        let out = folder.join("out");
        let texts = [&sources, &out].map(|path| path.display().to_string());
        let fixed = ["xtask", "build", "--source", &texts[0], "--out", &texts[1]];
        super::cargo(&[&fixed, options].concat());
        out.join("waverust.sys")
    }
}
