//! How far a sound has been played, on a terminal; elsewhere nothing is shown.

use indicatif::ProgressBar;
use indicatif::ProgressStyle;

use crate::sound::Pcm;

/// A bar in seconds of sound.
pub(super) struct Progress {
    bar: ProgressBar,
    rate: usize,
}

impl Progress {
    /// For a sound of that length.
    pub(super) fn new(pcm: &Pcm) -> Self {
        let rate = pcm.rate.max(1) as usize;
        let bar = ProgressBar::new((pcm.frames() / rate) as u64);
        if let Ok(style) = ProgressStyle::with_template("playing {wide_bar} {pos} of {len} s of sound") {
            bar.set_style(style);
        }
        Self { bar, rate }
    }

    /// So many frames have been handed over.
    pub(super) fn at(&self, frame: usize) {
        self.bar.set_position((frame / self.rate) as u64);
    }

    /// The sound is over: the bar goes.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
