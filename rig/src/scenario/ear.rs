//! What the device hears: a file of raw samples that lasts as long as the machine.

use std::fs;
use std::path::PathBuf;

use super::SetupError;
use crate::sound::Pcm;

/// The file, gone with this; none where there is nothing to hear.
pub(super) struct Ear(Option<PathBuf>);

impl Ear {
    /// Writes the sound's frames to a file of its own.
    ///
    /// # Errors
    /// If there is no room for it.
    pub(super) fn new(sound: &Pcm) -> Result<Self, SetupError> {
        if sound.data.is_empty() {
            return Ok(Self(None));
        }
        let path = std::env::temp_dir().join(format!("waverust-ear-{}.raw", std::process::id()));
        let ear = Self(Some(path.clone()));
        fs::write(&path, &sound.data).map_err(|source| SetupError::Output { path, source })?;
        Ok(ear)
    }

    /// Where it is.
    pub(super) fn path(&self) -> Option<PathBuf> {
        self.0.clone()
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // A file that cannot be removed is left to the system's own tidying.
            let _ = fs::remove_file(path);
        }
    }
}
