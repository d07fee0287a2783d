//! What the driver has to say that is no sound, as it stands in `report.json`.

use serde::{Deserialize, Serialize};

/// What a driver tells Windows beside the sound, from the start of the device until it is removed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Notices {
    /// Glitches that it reported for traces.
    pub glitches: u64,
    /// Times that it said that something was plugged in or out.
    pub jack_changes: u64,
    /// Whether something is plugged in at the end: of each endpoint whose jack can tell.
    pub plugged: Vec<bool>,
}
