//! What is counted: the figures of the report.

use std::cell::Cell;
use std::cell::RefCell;

/// On whose behalf the processor is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// PnP work: loading, starting, stopping, removing.
    Start,
    /// A call from the audio client.
    Client,
    /// An interrupt service routine.
    Isr,
    /// A deferred procedure call.
    Dpc,
    /// A thread of the driver's own.
    Thread,
}

/// All contexts, in the order of the report.
pub const CONTEXTS: [Context; 5] =
    [Context::Start, Context::Client, Context::Isr, Context::Dpc, Context::Thread];

/// Reads and writes of device registers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accesses {
    /// Register reads.
    pub reads: u64,
    /// Register writes.
    pub writes: u64,
}

/// One DPC that was stepped through.
#[derive(Clone, Copy, Debug, Default)]
pub struct DpcFigures {
    /// DPCs that ran.
    pub ran: u64,
    /// DPCs whose instructions were counted.
    pub counted: u64,
    /// The most driver instructions that one of them took.
    pub max_instructions: u64,
}

/// Counters since power-on; the report takes differences.
#[derive(Default)]
pub struct Accounts {
    accesses: RefCell<[Accesses; 5]>,
    /// Interrupts delivered to the driver's routines.
    pub interrupts: Cell<u64>,
    /// DPCs.
    pub dpc: Cell<DpcFigures>,
    /// Pool and common-buffer allocations by the driver.
    pub allocations: Cell<u64>,
    /// Bytes moved by imported copy routines.
    pub bytes_copied: Cell<u64>,
    /// Events signalled by the driver.
    pub events_signalled: Cell<u64>,
    /// What the driver printed.
    pub log: RefCell<Vec<String>>,
}

/// A snapshot of the counters that the report subtracts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Snapshot {
    /// By context, in the order of `CONTEXTS`.
    pub accesses: [Accesses; 5],
    /// See `Accounts`.
    pub interrupts: u64,
    /// See `Accounts`.
    pub allocations: u64,
    /// See `Accounts`.
    pub bytes_copied: u64,
    /// See `Accounts`.
    pub events_signalled: u64,
}

impl Snapshot {
    /// Reads and writes in all contexts.
    pub fn total(&self) -> Accesses {
        self.accesses.iter().fold(Accesses::default(), |sum, each| Accesses {
            reads: sum.reads + each.reads,
            writes: sum.writes + each.writes,
        })
    }

    /// What happened since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        let mut accesses = self.accesses;
        for (now, then) in accesses.iter_mut().zip(&earlier.accesses) {
            now.reads -= then.reads;
            now.writes -= then.writes;
        }
        Self {
            accesses,
            interrupts: self.interrupts - earlier.interrupts,
            allocations: self.allocations - earlier.allocations,
            bytes_copied: self.bytes_copied - earlier.bytes_copied,
            events_signalled: self.events_signalled - earlier.events_signalled,
        }
    }
}

impl Accounts {
    /// Counts one device access.
    pub fn access(&self, context: Context, write: bool) {
        let index = CONTEXTS.iter().position(|each| *each == context).unwrap_or(0);
        let slot = &mut self.accesses.borrow_mut()[index];
        if write {
            slot.writes += 1;
        } else {
            slot.reads += 1;
        }
    }

    /// The counters now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            accesses: *self.accesses.borrow(),
            interrupts: self.interrupts.get(),
            allocations: self.allocations.get(),
            bytes_copied: self.bytes_copied.get(),
            events_signalled: self.events_signalled.get(),
        }
    }

    /// Adds `by` to a counter.
    pub fn bump(counter: &Cell<u64>, by: u64) {
        counter.set(counter.get() + by);
    }
}
