//! A finding: which rule, which bug check, where in the driver.

use std::fmt;

use crate::nt::Context;

/// A place in code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The address.
    pub address: u64,
    /// Function, file and line where symbols tell; else section and offset, or the bare address.
    pub name: String,
}

/// One violation.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule, by Windows' name where it has one.
    pub rule: String,
    /// The code that Windows stops with.
    pub bug_check: u32,
    /// Its four parameters.
    pub parameters: [u64; 4],
    /// The import in progress, if one is.
    pub call: Option<String>,
    /// The processor's level.
    pub irql: u8,
    /// On whose behalf the processor ran.
    pub context: Context,
    /// The running thread.
    pub thread: Option<String>,
    /// Virtual time, nanoseconds.
    pub time_ns: u64,
    /// Where in the driver.
    pub at: Option<Site>,
    /// Return addresses into the driver, found by searching its stack.
    pub stack: Vec<Site>,
    /// What happened, and what would be right.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d] = self.parameters;
        write!(f, "bug check {:#x} ({a:#x}, {b:#x}, {c:#x}, {d:#x}) {}: ", self.bug_check, self.rule)?;
        write!(f, "{}", self.message)?;
        if let Some(at) = &self.at {
            write!(f, "\n    at {}", at.name)?;
        }
        Ok(())
    }
}

/// What is wrong with touching an address in the pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolFault {
    /// The block was freed.
    Freed {
        /// Its tag.
        tag: u32,
        /// Where it began.
        block: u64,
        /// Its bytes.
        size: u64,
    },
    /// Outside the block, in the guard before or behind it.
    Beyond {
        /// Its tag.
        tag: u32,
        /// Where it begins.
        block: u64,
        /// Its bytes.
        size: u64,
    },
    /// Paged pool: out of reach from DISPATCH_LEVEL upward.
    Paged {
        /// Its tag.
        tag: u32,
        /// Where it begins.
        block: u64,
    },
}

/// A pool tag as its four characters.
pub(crate) fn tag_text(tag: u32) -> String {
    tag.to_le_bytes()
        .map(|byte| if byte.is_ascii_graphic() { char::from(byte) } else { '.' })
        .iter()
        .collect()
}

/// Windows' name of a bug check.
pub fn bug_check_name(code: u32) -> &'static str {
    match code {
        0x0A => "IRQL_NOT_LESS_OR_EQUAL",
        0x10 => "SPIN_LOCK_NOT_OWNED",
        0x18 => "REFERENCE_BY_POINTER",
        0x1E => "KMODE_EXCEPTION_NOT_HANDLED",
        0x44 => "MULTIPLE_IRP_COMPLETE_REQUESTS",
        0x50 => "PAGE_FAULT_IN_NONPAGED_AREA",
        0x7F => "UNEXPECTED_KERNEL_MODE_TRAP",
        0xC1 => "SPECIAL_POOL_DETECTED_MEMORY_CORRUPTION",
        0xC2 => "BAD_POOL_CALLER",
        0xC4 => "DRIVER_VERIFIER_DETECTED_VIOLATION",
        0xC7 => "TIMER_OR_DPC_INVALID",
        0xC9 => "DRIVER_VERIFIER_IOMANAGER_VIOLATION",
        0xCC => "PAGE_FAULT_IN_FREED_SPECIAL_POOL",
        0xCD => "PAGE_FAULT_BEYOND_END_OF_ALLOCATION",
        0xCE => "DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS",
        0xD1 => "DRIVER_IRQL_NOT_LESS_OR_EQUAL",
        0xE2 => "MANUALLY_INITIATED_CRASH",
        0xE4 => "WORKER_INVALID",
        0xE6 => "DRIVER_VERIFIER_DMA_VIOLATION",
        0xEA => "THREAD_STUCK_IN_DEVICE_DRIVER",
        0xF2 => "HARDWARE_INTERRUPT_STORM",
        0x133 => "DPC_WATCHDOG_VIOLATION",
        0x139 => "KERNEL_SECURITY_CHECK_FAILURE",
        0x1D5 => "DRIVER_PNP_WATCHDOG",
        _ => "",
    }
}
