//! What the driver's work in RUN costs, as it stands in `report.json`.

use serde::{Deserialize, Serialize};

/// Device interactions in steady RUN, divided by the number of periods.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PerPeriod {
    /// Writes that told the device of new buffers.
    pub kicks: f64,
    /// Register reads.
    pub reads: f64,
    /// Register writes, kicks aside.
    pub writes: f64,
    /// Interrupts.
    pub interrupts: f64,
    /// The four together.
    pub sum: f64,
    /// Instructions of the driver's, its calls aside; `None` where they were not counted.
    pub instructions: Option<f64>,
    /// The same by what the driver was doing.
    pub instructions_by: InstructionsBy,
    /// Periods of steady RUN that the averages are taken over; 0 where the sound was too short for one.
    pub periods: u64,
}

/// Driver instructions by what the driver was doing; of many of the same only some were counted, the rest is taken for
/// the average of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct InstructionsBy {
    /// Interrupt service routines.
    pub isr: f64,
    /// Deferred procedure calls.
    pub dpc: f64,
    /// Callbacks of timers.
    pub timer: f64,
    /// `SetWritePacket` and `GetReadPacket`.
    pub packet: f64,
}

impl InstructionsBy {
    /// Names and counts, in the order of the report.
    pub fn parts(&self) -> [(&'static str, f64); 4] {
        [("ISR", self.isr), ("DPC", self.dpc), ("timer", self.timer), ("packet calls", self.packet)]
    }

    /// All of them together.
    pub fn total(&self) -> f64 {
        self.parts().iter().map(|(_, count)| *count).sum()
    }
}
