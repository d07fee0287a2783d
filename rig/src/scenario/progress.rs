//! How far a sound has come, on a terminal; elsewhere nothing is shown.

use indicatif::ProgressBar;
use indicatif::ProgressStyle;

use crate::client::Direction;
use crate::client::Plan;

/// A bar in seconds of sound.
pub(super) struct Progress {
    bar: ProgressBar,
    rate: usize,
}

impl Progress {
    /// For the sound of a plan.
    pub(super) fn new(plan: &Plan) -> Self {
        let rate = plan.pcm.rate.max(1) as usize;
        let bar = ProgressBar::new((plan.frames / rate) as u64);
        let template = match plan.direction {
            Direction::Render => "playing {wide_bar} {pos} of {len} s of sound",
            Direction::Capture => "recording {wide_bar} {pos} of {len} s of sound",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, rate }
    }

    /// So many frames have been dealt with.
    pub(super) fn at(&self, frame: usize) {
        self.bar.set_position((frame / self.rate) as u64);
    }

    /// The sound is over: the bar goes.
    pub(super) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
