//! What is counted: the figures of the report.

use std::cell::Cell;
use std::cell::RefCell;
use std::ops::Range;

use super::work::WORKS;
use super::work::Work;
use super::work::WorkFigures;

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
    /// Register writes other than kicks.
    pub writes: u64,
    /// Writes by which a virtio driver notifies the device.
    pub kicks: u64,
}

impl Accesses {
    /// All of them.
    pub fn all(&self) -> u64 {
        self.reads + self.writes + self.kicks
    }

    fn since(self, earlier: Self) -> Self {
        Self {
            reads: self.reads - earlier.reads,
            writes: self.writes - earlier.writes,
            kicks: self.kicks - earlier.kicks,
        }
    }
}

/// Messages that are counted one by one: higher ones count as the last of these.
pub const MESSAGES_COUNTED: usize = 8;

/// Counters since power-on; the report takes differences.
#[derive(Default)]
pub struct Accounts {
    accesses: RefCell<[Accesses; 5]>,
    /// Reads and writes of configuration space, each of one register or less.
    config: Cell<Accesses>,
    notify_area: RefCell<Option<Range<u64>>>,
    /// Counted routines of the driver's that run now, one inside the other.
    pub(super) counting: Cell<u32>,
    /// Instructions are not counted.
    pub uncounted: Cell<bool>,
    pub(super) work: Cell<[WorkFigures; WORKS.len()]>,
    /// Interrupts on the line that a service routine of the driver's claimed, and messages that were served.
    pub interrupts: Cell<u64>,
    messages: Cell<[u64; MESSAGES_COUNTED]>,
    /// Messages that their routine said were not its own.
    pub messages_declined: Cell<u64>,
    /// Pool and common-buffer allocations by the driver.
    pub allocations: Cell<u64>,
    /// Bytes moved by imported copy routines.
    pub bytes_copied: Cell<u64>,
    /// Watched events signalled by the driver.
    pub events_signalled: Cell<u64>,
    /// With the number of signals of each.
    watched_events: RefCell<Vec<(u64, u64)>>,
    last_interrupt: Cell<Option<u64>>,
    last_event_latency: Cell<Option<u64>>,
    happenings: RefCell<Vec<(u64, Happening)>>,
    watching: Cell<bool>,
    /// Where the stack stood when the driver was entered last, and the most that it has used of it since then, bytes,
    /// where that could be seen: at its calls and register accesses.
    pub(crate) entry_stack: Cell<u64>,
    /// See `entry_stack`.
    pub deepest_stack: Cell<u64>,
    /// What the driver printed, and when (ns).
    pub log: RefCell<Vec<(u64, String)>>,
}

/// What is worth a mark on the period timeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A service routine claimed an interrupt.
    Interrupt,
    /// A DPC ran.
    Dpc,
    /// A watched event was signalled.
    Event,
}

/// Happenings kept: the beginning of RUN is where it gets interesting.
const MOST_HAPPENINGS: usize = 400;

/// A snapshot of the counters that the report subtracts.
#[derive(Clone, Copy, Debug, Default)]
pub struct Snapshot {
    /// By context, in the order of `CONTEXTS`.
    pub accesses: [Accesses; 5],
    /// Reads and writes of configuration space, which are in no context's accesses.
    pub config: Accesses,
    /// See `Accounts`.
    pub interrupts: u64,
    /// What routines of the driver's took, in the order of `WORKS`.
    pub work: [WorkFigures; WORKS.len()],
    /// Messages that came, by number.
    pub messages: [u64; MESSAGES_COUNTED],
    /// See `Accounts`.
    pub allocations: u64,
    /// See `Accounts`.
    pub bytes_copied: u64,
    /// See `Accounts`.
    pub events_signalled: u64,
}

impl Snapshot {
    /// Reads, writes and kicks in all contexts.
    pub fn total(&self) -> Accesses {
        self.accesses.iter().fold(Accesses::default(), |sum, each| Accesses {
            reads: sum.reads + each.reads,
            writes: sum.writes + each.writes,
            kicks: sum.kicks + each.kicks,
        })
    }

    /// What routines of this kind took.
    pub fn work(&self, kind: Work) -> WorkFigures {
        let place = WORKS.iter().position(|each| *each == kind);
        place.and_then(|place| self.work.get(place)).copied().unwrap_or_default()
    }

    /// Reads, writes and kicks in calls of the client's.
    pub fn client(&self) -> Accesses {
        self.accesses[1]
    }

    /// What happened from the first beginning to the last end of stretches of time that overlap.
    pub fn between(stretches: &[(Self, Self)]) -> Self {
        let first = stretches.iter().map(|(from, _)| from).min_by_key(|each| each.age());
        let last = stretches.iter().map(|(_, to)| to).max_by_key(|each| each.age());
        last.copied().unwrap_or_default().since(&first.copied().unwrap_or_default())
    }

    /// What happened from the last beginning to the first end of stretches of time, if there is any time between.
    pub fn shared(stretches: &[(Self, Self)]) -> Option<Self> {
        let from = stretches.iter().map(|(from, _)| from).max_by_key(|each| each.age())?;
        let to = stretches.iter().map(|(_, to)| to).min_by_key(|each| each.age())?;
        (from.age() <= to.age()).then(|| to.since(from))
    }

    /// Grows with time, as counters only grow.
    fn age(&self) -> (u64, u64, u64, u64, u64) {
        (self.total().all(), self.interrupts, self.events_signalled, self.allocations, self.bytes_copied)
    }

    /// What happened since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        let mut accesses = self.accesses;
        for (now, then) in accesses.iter_mut().zip(&earlier.accesses) {
            *now = now.since(*then);
        }
        Self {
            accesses,
            config: self.config.since(earlier.config),
            interrupts: self.interrupts - earlier.interrupts,
            work: core::array::from_fn(|kind| self.work[kind].since(earlier.work[kind])),
            messages: core::array::from_fn(|number| self.messages[number] - earlier.messages[number]),
            allocations: self.allocations - earlier.allocations,
            bytes_copied: self.bytes_copied - earlier.bytes_copied,
            events_signalled: self.events_signalled - earlier.events_signalled,
        }
    }
}

impl Accounts {
    /// Tells where drivers of the device notify it.
    pub(crate) fn set_notify_area(&self, area: Option<Range<u64>>) {
        self.notify_area.replace(area);
    }

    /// Counts one device access at a port or physical address.
    pub(crate) fn access(&self, context: Context, write: bool, address: u64) {
        let index = CONTEXTS.iter().position(|each| *each == context).unwrap_or(0);
        let slot = &mut self.accesses.borrow_mut()[index];
        let kick = self.notify_area.borrow().as_ref().is_some_and(|area| area.contains(&address));
        *match (write, kick) {
            (true, true) => &mut slot.kicks,
            (true, false) => &mut slot.writes,
            (false, _) => &mut slot.reads,
        } += 1;
    }

    /// Counts one access to configuration space.
    pub fn config_access(&self, write: bool) {
        let mut config = self.config.get();
        *(if write { &mut config.writes } else { &mut config.reads }) += 1;
        self.config.set(config);
    }

    /// The counters now.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            accesses: *self.accesses.borrow(),
            config: self.config.get(),
            interrupts: self.interrupts.get(),
            work: self.work.get(),
            messages: self.messages.get(),
            allocations: self.allocations.get(),
            bytes_copied: self.bytes_copied.get(),
            events_signalled: self.events_signalled.get(),
        }
    }

    /// Counts signals of this event from now on: one that a client waits for.
    pub fn watch_event(&self, event: u64) {
        self.watched_events.borrow_mut().push((event, 0));
    }

    /// Stops counting signals of this event.
    pub fn unwatch_event(&self, event: u64) {
        self.watched_events.borrow_mut().retain(|(watched, _)| *watched != event);
    }

    /// Signals of a watched event so far.
    pub fn signals_of(&self, event: u64) -> u64 {
        let watched = self.watched_events.borrow();
        watched.iter().find(|(watched, _)| *watched == event).map_or(0, |(_, signals)| *signals)
    }

    /// Starts or stops keeping happenings for the timeline.
    pub fn watch(&self, on: bool) {
        self.watching.set(on);
    }

    /// The happenings kept so far.
    pub fn happenings(&self) -> Vec<(u64, Happening)> {
        self.happenings.borrow().clone()
    }

    /// From the last claimed interrupt to the last watched event, nanoseconds.
    pub fn event_latency(&self) -> Option<u64> {
        self.last_event_latency.get()
    }

    fn keep(&self, now: u64, what: Happening) {
        let mut happenings = self.happenings.borrow_mut();
        if self.watching.get() && happenings.len() < MOST_HAPPENINGS {
            happenings.push((now, what));
        }
    }

    pub(crate) fn interrupt_claimed(&self, now: u64) {
        Self::bump(&self.interrupts, 1);
        self.last_interrupt.set(Some(now));
        self.keep(now, Happening::Interrupt);
    }

    pub(crate) fn message_came(&self, number: u16) {
        let mut messages = self.messages.get();
        messages[usize::from(number).min(MESSAGES_COUNTED - 1)] += 1;
        self.messages.set(messages);
    }

    pub(crate) fn message_served(&self, now: u64, claimed: bool) {
        if !claimed {
            Self::bump(&self.messages_declined, 1);
        }
        self.interrupt_claimed(now);
    }

    pub(crate) fn dpc_ran(&self, now: u64) {
        self.keep(now, Happening::Dpc);
    }

    pub(crate) fn event_set(&self, now: u64, event: u64) {
        let mut watched = self.watched_events.borrow_mut();
        if let Some((_, signals)) = watched.iter_mut().find(|(watched, _)| *watched == event) {
            *signals += 1;
            Self::bump(&self.events_signalled, 1);
            self.last_event_latency.set(self.last_interrupt.get().map(|then| now - then));
            self.keep(now, Happening::Event);
        }
    }

    /// Adds `by` to a counter.
    pub fn bump(counter: &Cell<u64>, by: u64) {
        counter.set(counter.get() + by);
    }
}

#[cfg(test)]
mod tests {
    use super::Snapshot;

    /// When so many interrupts had come and so many bytes had been copied.
    fn at(interrupts: u64, bytes_copied: u64) -> Snapshot {
        Snapshot { interrupts, bytes_copied, ..Snapshot::default() }
    }

    #[test]
    fn what_is_copied_between_two_beginnings_is_of_the_whole_but_not_shared() {
        let stretches = [(at(1, 0), at(90, 64)), (at(5, 56), at(99, 64))];
        assert_eq!(Snapshot::between(&stretches).bytes_copied, 64);
        assert_eq!(Snapshot::shared(&stretches).map(|shared| shared.bytes_copied), Some(8));
    }

    #[test]
    fn stretches_without_a_time_in_common_share_nothing() {
        let stretches = [(at(1, 0), at(4, 8)), (at(5, 8), at(9, 16))];
        assert!(Snapshot::shared(&stretches).is_none());
        assert!(Snapshot::shared(&[]).is_none());
    }
}
