//! What the driver did that the specification forbids.

/// Complaints that are kept; a driver that breaks one rule for ever need not fill memory.
const MOST: usize = 100;

/// The list.
#[derive(Debug, Default)]
pub(super) struct Log {
    complaints: Vec<String>,
    /// Requests refused because the stream was in another state: number, state and code.
    pub refused: Vec<Refusal>,
}

/// A request that the stream's state did not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// When, nanoseconds.
    pub at: u64,
    /// The stream.
    pub stream: u32,
    /// The request.
    pub code: u32,
    /// The state that the stream was in.
    pub state: &'static str,
}

impl Log {
    pub(super) fn complain(&mut self, now: u64, text: impl AsRef<str>) {
        if self.complaints.len() < MOST {
            let (seconds, rest) = (now / 1_000_000_000, now % 1_000_000_000 / 1_000);
            self.complaints.push(format!("{seconds}.{rest:06} s: {}", text.as_ref()));
        }
    }

    pub(super) fn complaints(&self) -> &[String] {
        &self.complaints
    }
}
