//! The kernel: one virtual processor, virtual time, and the exports of `ntoskrnl.exe` and `hal.dll`.
//!
//! ```text
//!   driver image -- stub --> gate --> export (ex, ke, io, mm, ps, ob, rtl, hal)
//!        ^                    | IRQL rule, call record, trace
//!        |                    '- on return: interrupts, DPCs, a thread of higher priority
//!        '-- call_driver: IRQL, locks and stack of what comes back are checked
//! ```
//!
//! Everything runs on one host thread; kernel threads are coroutines. The kernel is therefore a thread-local
//! singleton whose parts use `Cell` and `RefCell`; no borrow is held across a call into driver code.

pub mod abi;
pub mod accounting;
mod beat;
mod clientevent;
mod clock;
mod crt;
mod dispatcher;
mod dma;
mod dpc;
mod etw;
mod ex;
mod exmutex;
mod exports;
mod extimer;
mod gate;
mod guest;
mod hal;
mod holdup;
mod inject;
mod interrupt;
mod io;
mod ioconnect;
mod ioexports;
mod iointerface;
mod iorequest;
mod iowork;
mod irql;
mod ke;
mod kelock;
mod memory;
mod message;
mod mm;
mod mmcontiguous;
mod mutex;
mod ob;
mod pool;
mod printf;
pub mod profile;
mod ps;
mod registry;
mod rtl;
pub mod rtlregistry;
mod rtlstring;
mod sched;
mod spinlock;
mod thread;
mod trace;
mod tracelogging;
mod trapped;
mod watchdog;
mod work;
mod zw;

use std::cell::Cell;
use std::cell::RefCell;

pub use accounting::Accounts;
pub use accounting::Context;
pub use accounting::Happening;
pub use accounting::Snapshot;
pub use clientevent::ClientEvent;
pub use clock::QPC_FREQUENCY;
pub(crate) use dispatcher::notification_event;
pub use exports::Export;
pub use exports::Resolver;
pub(crate) use exports::declare_exports;
pub use exports::exports;
pub(crate) use gate::ImportCall;
pub(crate) use gate::gate;
pub use guest::At;
pub use inject::Injection;
pub use interrupt::DEVICE_IRQL;
pub use interrupt::DEVICE_VECTOR;
pub use interrupt::InterruptState;
pub(crate) use interrupt::Routine;
pub use interrupt::Source;
pub use io::Device;
pub use memory::PAGE_SIZE;
pub use memory::PageRun;
pub use message::MOST_MESSAGES;
pub(crate) use mutex::Mutex;
pub use profile::Profile;
pub use thread::Deadline;
pub use thread::ThreadRef;
pub use trace::Event as TraceEvent;
pub use tracelogging::WrittenEvent;
pub use work::WORKS;
pub use work::Work;
pub use work::WorkFigures;

use crate::pci::Hardware;
use crate::verify::Verifier;

/// The whole machine.
pub struct Kernel {
    /// Which Windows this is.
    pub profile: Profile,
    /// The device, its bus and its time.
    pub hardware: RefCell<Box<dyn Hardware>>,
    /// What has been counted.
    pub accounts: Accounts,
    /// Rules and findings.
    pub verifier: Verifier,
    /// Faults to plant.
    pub injection: Injection,
    pub(crate) clock: clock::Clock,
    pub(crate) irql: irql::Irql,
    pub(crate) scheduler: sched::Scheduler,
    pub(crate) timers: dispatcher::Timers,
    pub(crate) extimers: extimer::ExTimers,
    pub(crate) work_items: iowork::WorkItems,
    pub(crate) providers: etw::Providers,
    pub(crate) watchdog: watchdog::Watchdog,
    pub(crate) dpcs: dpc::Queue,
    pub(crate) hold_up: holdup::HoldUp,
    /// Connected interrupts.
    pub interrupts: interrupt::Interrupts,
    pub(crate) connections: ioconnect::Connections,
    pub(crate) messages: message::Messages,
    pub(crate) spinlocks: spinlock::Held,
    /// Pool blocks.
    pub pool: pool::Pool,
    /// Guest physical memory.
    pub memory: memory::Memory,
    pub(crate) dma: dma::Adapters,
    pub(crate) objects: ob::Objects,
    pub(crate) registry: registry::Registry,
    pub(crate) interfaces: iointerface::Interfaces,
    pub(crate) contiguous: mmcontiguous::Contiguous,
    pub(crate) io: io::Io,
    pub(crate) exports: exports::Table,
    /// What happened, as a running hash.
    pub trace: trace::Trace,
    crashed: Cell<bool>,
}

thread_local! {
    static KERNEL: Cell<Option<&'static Kernel>> = const { Cell::new(None) };
}

/// The machine of this thread.
///
/// # Panics
/// If none was booted: that is a bug of the rig.
pub fn kernel() -> &'static Kernel {
    KERNEL.get().expect("the rig calls the kernel only after it was booted")
}

/// Switches the machine on. It lives to the end of the process, like the driver code that holds pointers to it.
pub fn boot(profile: Profile, hardware: Box<dyn Hardware>) -> &'static Kernel {
    let now = hardware.now();
    let frames = hardware.ram().size() / memory::PAGE_SIZE;
    let kernel: &'static Kernel = Box::leak(Box::new(Kernel {
        profile,
        hardware: RefCell::new(hardware),
        accounts: Accounts::default(),
        verifier: Verifier::default(),
        injection: Injection::default(),
        clock: clock::Clock::new(now),
        irql: irql::Irql::default(),
        scheduler: sched::Scheduler::default(),
        timers: dispatcher::Timers::default(),
        extimers: extimer::ExTimers::default(),
        work_items: iowork::WorkItems::default(),
        providers: etw::Providers::default(),
        watchdog: watchdog::Watchdog::default(),
        dpcs: dpc::Queue::default(),
        hold_up: holdup::HoldUp::default(),
        interrupts: interrupt::Interrupts::default(),
        connections: ioconnect::Connections::default(),
        messages: message::Messages::default(),
        spinlocks: spinlock::Held::default(),
        pool: pool::Pool::default(),
        memory: memory::Memory::new(frames),
        dma: dma::Adapters::default(),
        objects: ob::Objects::default(),
        registry: registry::Registry::default(),
        interfaces: iointerface::Interfaces::default(),
        contiguous: mmcontiguous::Contiguous::default(),
        io: io::Io::default(),
        exports: exports::Table::default(),
        trace: trace::Trace::default(),
        crashed: Cell::new(false),
    }));
    KERNEL.set(Some(kernel));
    trapped::install();
    kernel.start_watchdog();
    kernel.feed_watchdog();
    kernel
}

impl Kernel {
    /// Whether a bug check has stopped the machine.
    pub fn crashed(&self) -> bool {
        self.crashed.get()
    }

    /// Stops the machine from outside every thread.
    pub(crate) fn mark_crashed(&self) {
        self.crashed.set(true);
    }

    /// Stops the machine for good: nothing of the driver runs any more. Called with the finding already recorded.
    pub(crate) fn crash(&self) -> ! {
        self.crashed.set(true);
        self.scheduler.abandon()
    }

    /// The device model itself failed: not the driver's fault, and nothing can go on.
    pub(crate) fn hardware_failed(&self, message: &str) -> ! {
        self.verifier.environment_failed(message);
        self.crash()
    }
}
