//! The processor's interrupt request level.

use std::cell::Cell;

use super::Kernel;
use super::abi::DISPATCH_LEVEL;

/// Where the processor stands, and the contexts it has nested into.
#[derive(Default)]
pub(crate) struct Irql {
    level: Cell<u8>,
    context: Cell<Option<super::Context>>,
}

impl Kernel {
    /// The current level.
    pub fn current_irql(&self) -> u8 {
        self.irql.level.get()
    }

    /// Sets the level, up or down, without delivering anything: the callers do that. Paged memory is out of
    /// reach from DISPATCH_LEVEL upward, as under Driver Verifier's forced IRQL checking.
    pub(crate) fn set_irql(&self, level: u8) -> u8 {
        let before = self.irql.level.replace(level);
        if (before >= DISPATCH_LEVEL) != (level >= DISPATCH_LEVEL) {
            self.pool.set_paged_reachable(level < DISPATCH_LEVEL);
        }
        before
    }

    /// Lowers the level for the driver, which must not hold a spin lock below DISPATCH_LEVEL.
    pub(crate) fn lower_irql(&self, level: u8) {
        if level < DISPATCH_LEVEL && self.spinlocks.count() > 0 {
            self.verifier.lowered_with_lock(self, level);
        }
        self.set_irql(level);
    }

    /// On whose behalf the processor runs.
    pub fn context(&self) -> super::Context {
        self.irql
            .context
            .get()
            .or_else(|| self.current_thread().map(|thread| thread.context))
            .unwrap_or(super::Context::Start)
    }

    /// Runs `f` at `level` in `context`, and comes back to where it was.
    pub(crate) fn nested<R>(&self, context: super::Context, level: u8, f: impl FnOnce() -> R) -> R {
        let outer = self.irql.context.replace(Some(context));
        let before = self.set_irql(level);
        let result = f();
        self.set_irql(before);
        self.irql.context.set(outer);
        result
    }
}
