//! The rules, one routine a rule.

use super::PoolFault;
use super::Verifier;
use super::finding::tag_text;
use super::rules;
use crate::nt::ImportCall;
use crate::nt::Kernel;

/// `DRIVER_VERIFIER_DETECTED_VIOLATION`.
const VERIFIER: u32 = 0xC4;
/// `IRQL_NOT_LESS_OR_EQUAL`, for what no verifier rule names.
const IRQL_NOT_LESS_OR_EQUAL: u32 = 0xA;

fn level_name(level: u8) -> String {
    match level {
        0 => "PASSIVE_LEVEL".to_owned(),
        1 => "APC_LEVEL".to_owned(),
        2 => "DISPATCH_LEVEL".to_owned(),
        15 => "HIGH_LEVEL".to_owned(),
        level => format!("device level {level}"),
    }
}

/// The audio and DDI-compliance rule that Driver Verifier reports for a call at a wrong level.
fn irql_rule(name: &str, max: u8) -> (&'static str, u64) {
    match name {
        _ if name.starts_with("Pc") => ("PcIrqlDDIs", 0x71001),
        _ if name.starts_with("IPort") => ("PcIrqlIport", 0x71003),
        "KeSetEvent" => ("IrqlKeSetEvent", 0x20016),
        "KeReleaseSpinLock" => ("IrqlKeReleaseSpinLock", 0x20015),
        _ if name.starts_with("Ex") && max == 0 => ("IrqlExPassive", 0x20008),
        _ if name.starts_with("Io") && max == 0 => ("IrqlIoPassive1", 0x2000A),
        _ if name.starts_with("Ob") => ("IrqlObPassive", 0x2001B),
        _ if name.starts_with("Ps") => ("IrqlPsPassive", 0x2001C),
        _ if name.starts_with("Rtl") => ("IrqlRtlPassive", 0x2001E),
        _ if name.starts_with("Zw") => ("IrqlZwPassive", 0x2001F),
        _ if name.starts_with("Ke") && max == 1 => ("IrqlKeApcLte1", 0x2000F),
        _ if name.starts_with("Ke") => ("IrqlKeDispatchLte", 0x20011),
        _ if name.starts_with("Mm") => ("IrqlMmApcLte", 0x20019),
        _ => ("IrqlDispatch", 0x20003),
    }
}

impl Verifier {
    /// Every import and method: may it be called at this level?
    pub(crate) fn check_import(&self, kernel: &Kernel, call: &ImportCall) {
        let levels = rules::levels(call.name);
        if (levels.min..=levels.max).contains(&call.irql) {
            return;
        }
        let (rule, code) = irql_rule(call.name, levels.max);
        let message = format!(
            "{} was called at {}; it may be called from {} to {}",
            call.name,
            level_name(call.irql),
            level_name(levels.min),
            level_name(levels.max)
        );
        self.stop(kernel, rule, VERIFIER, [code, u64::from(call.irql), u64::from(levels.max), 0], message)
    }

    /// What a driver routine leaves behind when it returns.
    pub(crate) fn check_return(&self, kernel: &Kernel, what: &str, irql: u8, locks: usize) {
        if kernel.spinlocks.count() > locks {
            let (lock, taken_at) = kernel.spinlocks.last().unwrap_or_default();
            let site = self.site(taken_at);
            let message = format!("{what} returned with spin lock {lock:#x} held; taken at {}", site.name);
            self.record_at(
                kernel,
                "SpinLockHeldAtReturn",
                VERIFIER,
                [0x2001D, lock, 0, 0],
                message,
                Some(site),
                Vec::new(),
            );
            kernel.crash();
        }
        if kernel.current_irql() != irql {
            let message = format!(
                "{what} was entered at {} and returned at {}",
                level_name(irql),
                level_name(kernel.current_irql())
            );
            let parameters = [0x2001D, u64::from(kernel.current_irql()), u64::from(irql), 0];
            self.stop(kernel, "IrqlReturn", VERIFIER, parameters, message);
        }
    }

    pub(crate) fn bad_dpc(&self, kernel: &Kernel, dpc: u64) -> ! {
        let message = format!("the queued DPC {dpc:#x} has no routine: KeInitializeDpc comes first");
        self.stop(kernel, "DpcWithoutRoutine", 0xC7, [4, dpc, 0, 0], message)
    }

    pub(crate) fn deadlock(&self, kernel: &Kernel, lock: u64) -> ! {
        let message = format!(
            "spin lock {lock:#x} is asked for by the processor that holds it: it would spin for ever"
        );
        self.stop(kernel, "Deadlock", VERIFIER, [0x1000, lock, 0, 0], message)
    }

    pub(crate) fn lock_not_initialized(&self, kernel: &Kernel, lock: u64, value: u64) -> ! {
        let message = format!(
            "spin lock {lock:#x} holds {value:#x} though nobody has taken it: KeInitializeSpinLock comes first, or it \
             was overwritten"
        );
        self.stop(kernel, "SpinLockNotInitialized", VERIFIER, [0x1002, lock, value, 0], message)
    }

    pub(crate) fn object_not_initialized(&self, kernel: &Kernel, object: u64, kind: u8) -> ! {
        let message = format!(
            "the dispatcher object at {object:#x} (type {kind}) was never initialised, or was overwritten: the list of \
             those who wait for it is none"
        );
        self.stop(kernel, "ObjectNotInitialized", 0x139, [3, object, 0, 0], message)
    }

    pub(crate) fn completed_twice(&self, kernel: &Kernel, irp: u64) -> ! {
        let message = format!("IRP {irp:#x} is completed, and was completed before");
        self.stop(kernel, "IrpCompletedTwice", 0x44, [irp, 0, 0, 0], message)
    }

    pub(crate) fn pnp_status(&self, kernel: &Kernel, irp: u64, status: i32) -> ! {
        let message = format!(
            "the PnP request {irp:#x} is sent with status {status:#x}: it starts out as not supported"
        );
        self.stop(kernel, "PnpIrpStatus", 0xC9, [0x7_110A, irp, u64::from(status as u32), 0], message)
    }

    /// The kernel raises an exception, which nothing in a driver of this kind handles.
    pub(crate) fn raised(&self, kernel: &Kernel, status: u32, what: &str) -> ! {
        let parameters = [u64::from(status), kernel.calling_address(), 0, 0];
        self.stop(kernel, "UnhandledException", 0x1E, parameters, what.to_owned())
    }

    pub(crate) fn bad_timer(&self, kernel: &Kernel, timer: u64) -> ! {
        let message =
            format!("{timer:#x} is no timer of ExAllocateTimer's, or attributes that exclude each other");
        self.stop(kernel, "ExTimer", 0xC7, [6, timer, 0, 0], message)
    }

    pub(crate) fn timer_misused(&self, kernel: &Kernel, timer: u64, what: &str) -> ! {
        let message = format!("the timer {timer:#x} {what}");
        self.stop(kernel, "ExTimer", 0xC7, [7, timer, 0, 0], message)
    }

    pub(crate) fn bad_work_item(&self, kernel: &Kernel, item: u64, what: &str) -> ! {
        let message = format!("{item:#x} {what}");
        self.stop(kernel, "WorkItem", 0xE4, [4, item, 0, 0], message)
    }

    pub(crate) fn pure_call(&self, kernel: &Kernel) -> ! {
        let message = "the driver called a pure virtual function".to_owned();
        self.stop(kernel, "PureCall", 0x1E, [0, kernel.calling_address(), 0, 0], message)
    }

    pub(crate) fn lock_not_held(&self, kernel: &Kernel, lock: u64) -> ! {
        let message = format!("spin lock {lock:#x} is released and was not held");
        self.stop(kernel, "SpinLockNotHeld", 0x10, [lock, 0, 0, 0], message)
    }

    pub(crate) fn blocking_wait(&self, kernel: &Kernel) -> ! {
        let level = kernel.current_irql();
        let message = format!(
            "a wait that may block at {}: only with a zero timeout above APC_LEVEL",
            level_name(level)
        );
        self.stop(kernel, "IrqlKeDispatchLte", VERIFIER, [0x20011, u64::from(level), 1, 0], message)
    }

    pub(crate) fn bad_raise(&self, kernel: &Kernel, to: u8) -> ! {
        let from = kernel.current_irql();
        let message = format!("IRQL raised from {} to {}, which is lower", level_name(from), level_name(to));
        self.stop(kernel, "RaiseIrql", VERIFIER, [0x30, u64::from(from), u64::from(to), 0], message)
    }

    pub(crate) fn bad_lower(&self, kernel: &Kernel, to: u8) -> ! {
        let from = kernel.current_irql();
        let message =
            format!("IRQL lowered from {} to {}, which is higher", level_name(from), level_name(to));
        self.stop(kernel, "LowerIrql", VERIFIER, [0x31, u64::from(from), u64::from(to), 0], message)
    }

    pub(crate) fn lowered_with_lock(&self, kernel: &Kernel, to: u8) -> ! {
        let (lock, taken_at) = kernel.spinlocks.last().unwrap_or_default();
        let site = self.site(taken_at);
        let message = format!(
            "the IRQL is lowered to {} while spin lock {lock:#x} is held; taken at {}",
            level_name(to),
            site.name
        );
        let parameters = [0x31, u64::from(kernel.current_irql()), u64::from(to), lock];
        self.stop(kernel, "IrqlLoweredWithLock", VERIFIER, parameters, message)
    }

    pub(crate) fn pool_irql(&self, kernel: &Kernel, paged: bool, size: u64) -> ! {
        let level = kernel.current_irql();
        let message = format!(
            "{} pool of {size} bytes asked for at {}",
            if paged { "paged" } else { "non-paged" },
            level_name(level)
        );
        let code = if paged { 1 } else { 2 };
        self.stop(
            kernel,
            "IrqlExAllocatePool",
            VERIFIER,
            [code, u64::from(level), u64::from(paged), size],
            message,
        )
    }

    pub(crate) fn zero_pool(&self, kernel: &Kernel, paged: bool) -> ! {
        let parameters = [0, u64::from(kernel.current_irql()), u64::from(paged), 0];
        self.stop(
            kernel,
            "ZeroBytePool",
            VERIFIER,
            parameters,
            "a pool block of 0 bytes was asked for".to_owned(),
        )
    }

    pub(crate) fn executable_pool(&self, kernel: &Kernel) -> ! {
        let message =
            "executable pool was asked for: NonPagedPoolNx is what memory integrity allows".to_owned();
        self.stop(kernel, "CodeIntegrityPool", VERIFIER, [0x2000, kernel.calling_address(), 0, 0], message)
    }

    pub(crate) fn bad_free(&self, kernel: &Kernel, address: u64, freed: bool) -> ! {
        let (code, what) =
            if freed { (0x13, "was freed before") } else { (0x10, "is not the start of a pool block") };
        let message = format!("the block freed at {address:#x} {what}");
        self.stop(kernel, "BadPoolFree", VERIFIER, [code, address, 0, 0], message)
    }

    pub(crate) fn wrong_tag(&self, kernel: &Kernel, address: u64, given: u32, right: u32) -> ! {
        let message =
            format!("block {address:#x} has tag '{}' and is freed as '{}'", tag_text(right), tag_text(given));
        self.stop(kernel, "BadPoolTag", 0xC2, [0xA, address, u64::from(right), u64::from(given)], message)
    }

    pub(crate) fn pool_damaged(&self, kernel: &Kernel, address: u64, byte: u64, size: u64, tag: u32) -> ! {
        let side = if byte < address { "before" } else { "behind" };
        let message = format!(
            "the block '{}' of {size} bytes at {address:#x} was written {side} its bounds, at {byte:#x}",
            tag_text(tag)
        );
        self.stop(kernel, "SpecialPool", 0xC1, [address, byte, size, 0x24], message)
    }

    pub(crate) fn live_object_freed(&self, kernel: &Kernel, what: &str, object: u64) -> ! {
        let message = format!("the block being freed holds a {what} that is still active, at {object:#x}");
        let kind = u64::from(what == "DPC");
        self.stop(kernel, "TimerOrDpcInvalid", 0xC7, [kind, object, 0, 0], message)
    }

    /// Touching what can't be touched: by the driver's code, or by the kernel with the driver's pointer.
    pub(crate) fn bad_pointer(&self, kernel: &Kernel, address: u64, fault: Option<PoolFault>) -> ! {
        let (code, rule, message) = Self::fault_text(kernel, address, fault);
        let parameters = [address, u64::from(kernel.current_irql()), 0, kernel.calling_address()];
        self.stop(kernel, rule, code, parameters, message)
    }

    fn fault_text(kernel: &Kernel, address: u64, fault: Option<PoolFault>) -> (u32, &'static str, String) {
        match fault {
            Some(PoolFault::Freed { tag, block, size }) => {
                let text = format!(
                    "{address:#x} lies in the freed block '{}' ({size} bytes at {block:#x})",
                    tag_text(tag)
                );
                (0xCC, "PageFaultInFreedSpecialPool", text)
            }
            Some(PoolFault::Beyond { tag, block, size }) => {
                let side = if address < block { "before" } else { "behind" };
                let text = format!(
                    "{address:#x} lies {side} the block '{}' ({size} bytes at {block:#x})",
                    tag_text(tag)
                );
                (0xCD, "PageFaultBeyondEndOfAllocation", text)
            }
            Some(PoolFault::Paged { tag, block }) => {
                let level = level_name(kernel.current_irql());
                let text = format!("paged pool '{}' at {block:#x} touched at {level}", tag_text(tag));
                (IRQL_NOT_LESS_OR_EQUAL, "ForceIrql", text)
            }
            None if kernel.current_irql() >= 2 => {
                (0xD1, "DriverIrqlNotLessOrEqual", format!("nothing is mapped at {address:#x}"))
            }
            None => (0x50, "PageFaultInNonpagedArea", format!("nothing is mapped at {address:#x}")),
        }
    }

    /// A fault in the driver's own code.
    pub(crate) fn driver_fault(&self, kernel: &Kernel, rip: u64, stack: u64, address: u64) -> ! {
        let fault = kernel.pool.fault_at(address);
        let (code, rule, message) = Self::fault_text(kernel, address, fault);
        let at = Some(self.site(rip));
        let frames = self.stack_above(kernel, stack);
        let parameters = [address, u64::from(kernel.current_irql()), 0, rip];
        self.record_at(kernel, rule, code, parameters, message, at, frames);
        kernel.crash()
    }

    /// An exception that nothing in a kernel driver handles.
    pub(crate) fn driver_exception(
        &self,
        kernel: &Kernel,
        rip: u64,
        stack: u64,
        code: u32,
        parameters: [u64; 4],
        message: String,
    ) -> ! {
        let at = Some(self.site(rip));
        let frames = self.stack_above(kernel, stack);
        self.record_at(kernel, "UnhandledException", code, parameters, message, at, frames);
        kernel.crash()
    }

    /// The driver itself stopped the system: a panic, for a Rust driver.
    pub(crate) fn bug_check(&self, kernel: &Kernel, code: u32, parameters: [u64; 4]) -> ! {
        let log = kernel.accounts.log.borrow();
        let last = log.last().map_or_else(String::new, |(_, line)| format!("; last words: {line}"));
        let message = format!("the driver called KeBugCheckEx: a panic, or its own check{last}");
        drop(log);
        self.stop(kernel, "DriverBugCheck", code, parameters, message)
    }

    pub(crate) fn bad_reference(&self, kernel: &Kernel, object: u64) -> ! {
        let message = format!("{object:#x} is no object that the driver holds a reference to");
        self.stop(kernel, "ReferenceByPointer", 0x18, [0, object, 1, 0], message)
    }

    pub(crate) fn bad_dma_adapter(&self, kernel: &Kernel, adapter: u64) -> ! {
        let message = format!("{adapter:#x} is no DMA adapter, or was put back before");
        self.stop(kernel, "DmaAdapter", 0xE6, [0x09, adapter, 0, 0], message)
    }

    pub(crate) fn dma_buffers_left(&self, kernel: &Kernel, adapter: u64) -> ! {
        let message = format!("DMA adapter {adapter:#x} is put back with common buffers not freed");
        self.stop(kernel, "DmaCommonBuffers", 0xE6, [0x0A, adapter, 0, 0], message)
    }

    pub(crate) fn bad_common_buffer(&self, kernel: &Kernel, address: u64) -> ! {
        let message = format!("{address:#x} is no common buffer of that adapter and length");
        self.stop(kernel, "DmaCommonBuffers", 0xE6, [0x10, address, 0, 0], message)
    }

    pub(crate) fn bad_contiguous_memory(&self, kernel: &Kernel, address: u64) -> ! {
        let message = format!("{address:#x} is no block of contiguous memory, or was freed before");
        self.stop(kernel, "ContiguousMemory", VERIFIER, [0x13, address, 0, 0], message)
    }

    pub(crate) fn not_played(&self, kernel: &Kernel, what: &str) -> ! {
        let message = format!("the rig does not play {what}");
        self.environment_failed(&message);
        kernel.crash()
    }

    /// More stack used than a thread of Windows has.
    pub(crate) fn stack_exceeded(&self, kernel: &Kernel, used: u64, size: u64) -> ! {
        let message = format!("a routine of the driver's uses {used} bytes of stack: a thread has {size}");
        self.stop(kernel, "StackOverflow", 0x7F, [8, used, size, 0], message)
    }

    /// Driver code that does not come to an end. `place` is its instruction and stack pointer, where it was not
    /// found in an import.
    pub(crate) fn runaway(&self, kernel: &Kernel, place: Option<(u64, u64)>) -> ! {
        let level = kernel.current_irql();
        let message = format!(
            "the driver runs on and on at {}: neither does its routine return, nor does it wait",
            level_name(level)
        );
        let (rule, code) = if level >= 2 { ("DpcWatchdog", 0x133) } else { ("ThreadStuck", 0xEA) };
        let (at, stack) = match (place, kernel.current_call()) {
            (Some((rip, rsp)), _) => (Some(self.site(rip)), self.stack_above(kernel, rsp)),
            (None, Some(call)) => {
                (Some(self.site(call.return_address.saturating_sub(1))), self.stack_above(kernel, call.stack))
            }
            (None, None) => (None, Vec::new()),
        };
        self.record_at(kernel, rule, code, [0; 4], message, at, stack);
        kernel.crash()
    }

    /// Everybody waits, and nothing comes. Found by the scheduler, outside every thread.
    pub(crate) fn hang(&self, kernel: &Kernel) {
        let (message, at) = match kernel.stuck_call() {
            Some((thread, call)) => {
                let text =
                    format!("a call from thread {thread} does not come back: it waits in {}", call.name);
                (text, Some(self.site(call.return_address.saturating_sub(1))))
            }
            None => {
                let waiting = kernel.waiting_threads().join(", ");
                (format!("nothing has happened for a long time; waiting: {waiting}"), None)
            }
        };
        self.record_at(kernel, "Hang", 0x1D5, [0; 4], message, at, Vec::new());
        kernel.mark_crashed();
    }
}
