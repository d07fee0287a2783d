//! What goes wrong, and when.

use super::wire;

/// One thing that goes wrong once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When.
    pub when: When,
    /// What.
    pub what: What,
}

/// The occasion of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// At this time, nanoseconds since power-on.
    At(u64),
    /// At the `nth` request (from 1) of this code, or of any.
    Request {
        /// `VIRTIO_SND_R_*`.
        code: Option<u32>,
        /// Which one.
        nth: u64,
    },
    /// At the `nth` completion (from 1) on this queue.
    Completion {
        /// The queue.
        queue: u16,
        /// Which one.
        nth: u64,
    },
    /// At the `nth` access (from 1) to a register or to configuration space.
    Access(u64),
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The device gives up: `DEVICE_NEEDS_RESET`.
    NeedsReset,
    /// It is torn out.
    Remove,
    /// No reset comes to an end any more.
    Stuck,
    /// `FEATURES_OK` does not stay any more.
    Refuse,
    /// No sound moves any more.
    Stall,
    /// It moves again.
    Resume,
    /// All messages of running streams complete this instant.
    Burst,
    /// The next interrupts are not sent, so many of them.
    LoseInterrupts(u32),
    /// Every message and the line, for nothing.
    SpuriousInterrupts,
    /// The request is never executed nor answered.
    NeverAnswer,
    /// The answer comes so many nanoseconds later.
    AnswerLate(u64),
    /// The request is not executed; this is the answer.
    Answer(u32),
    /// Another id in the used ring than the one that is due.
    UsedId(u32),
    /// Another length in the used ring.
    UsedLength(u32),
    /// Another status in the message.
    Status(u32),
    /// The same entry twice in the used ring.
    Twice,
    /// The used index moves on by this, with nothing behind it.
    UsedIndex(u16),
    /// Plug or unplug.
    Jack {
        /// Which.
        jack: u32,
        /// In or out.
        connected: bool,
    },
    /// Event of an underrun or overrun that nobody noticed otherwise.
    Xrun(u32),
    /// Somebody else turns a knob: the element's values all become this.
    Turn {
        /// The control element.
        control: u32,
        /// The new value.
        value: u32,
    },
}

/// The faults that have not happened yet, and the counters that they wait for.
#[derive(Debug, Default)]
pub(super) struct Script {
    open: Vec<Fault>,
    requests: Vec<(u32, u64)>,
    all_requests: u64,
    completions: [u64; wire::QUEUE_COUNT as usize],
    accesses: u64,
}

impl Script {
    pub(super) fn new(faults: &[Fault]) -> Self {
        Self { open: faults.to_vec(), ..Self::default() }
    }

    pub(super) fn add(&mut self, fault: Fault) {
        self.open.push(fault);
    }

    /// Accesses so far.
    pub(super) fn accesses(&self) -> u64 {
        self.accesses
    }

    /// The next fault that time alone brings.
    pub(super) fn next_time(&self) -> Option<u64> {
        self.open
            .iter()
            .filter_map(|fault| if let When::At(time) = fault.when { Some(time) } else { None })
            .min()
    }

    /// What is due at `now`.
    pub(super) fn due(&mut self, now: u64) -> Vec<What> {
        self.take(|when| matches!(when, When::At(time) if time <= now))
    }

    /// Counts a request; what happens at it.
    pub(super) fn request(&mut self, code: u32) -> Vec<What> {
        self.all_requests += 1;
        let all = self.all_requests;
        let place = self.requests.iter().position(|(known, _)| *known == code).unwrap_or_else(|| {
            self.requests.push((code, 0));
            self.requests.len() - 1
        });
        self.requests[place].1 += 1;
        let count = self.requests[place].1;
        self.take(|when| match when {
            When::Request { code: Some(wanted), nth } => wanted == code && nth == count,
            When::Request { code: None, nth } => nth == all,
            _ => false,
        })
    }

    /// Counts a completion; what happens at it.
    pub(super) fn completion(&mut self, of: u16) -> Vec<What> {
        let count = &mut self.completions[usize::from(of)];
        *count += 1;
        let count = *count;
        self.take(|when| matches!(when, When::Completion { queue, nth } if queue == of && nth == count))
    }

    /// Counts an access; what happens at it.
    pub(super) fn access(&mut self) -> Vec<What> {
        self.accesses += 1;
        let count = self.accesses;
        self.take(|when| matches!(when, When::Access(nth) if nth == count))
    }

    fn take(&mut self, matches: impl Fn(When) -> bool) -> Vec<What> {
        if self.open.is_empty() {
            return Vec::new();
        }
        let (due, open) = self.open.iter().partition(|fault| matches(fault.when));
        self.open = open;
        let due: Vec<Fault> = due;
        due.into_iter().map(|fault| fault.what).collect()
    }
}
