//! The way in and out: every import call and every call into the driver passes here.

use super::Kernel;
use super::kernel;
use super::trace::Event;

/// Bytes of a thread's kernel stack on x64, which the rig's own stacks have many times over.
const KERNEL_STACK: u64 = 24 << 10;

/// An import call in progress on some thread.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ImportCall {
    pub name: &'static str,
    /// Where in the driver it was made: the address behind the call.
    pub return_address: u64,
    /// The driver's stack pointer there.
    pub stack: u64,
    pub irql: u8,
}

/// Runs an export's body: checks the rules on the way in, lets interrupts and other threads in on the way out.
pub(crate) fn gate<R>(body: impl FnOnce(&'static Kernel) -> R) -> R {
    let kernel = kernel();
    kernel.enter_import();
    let result = body(kernel);
    kernel.leave_import();
    result
}

impl Kernel {
    fn enter_import(&self) {
        let call = self.exports.call_in_progress(self.current_irql());
        self.trace.add(self.now(), Event::Import(call.name, call.irql));
        if let Some(thread) = self.current_thread() {
            thread.calls.borrow_mut().push(call);
        }
        self.note_stack(call.stack);
        self.verifier.check_import(self, &call);
        if self.overdue() {
            self.verifier.runaway(self, None);
        }
    }

    fn leave_import(&self) {
        if let Some(thread) = self.current_thread() {
            thread.calls.borrow_mut().pop();
        }
        self.deliver();
        self.preempt();
    }

    /// Notes how deep the driver's own frames are where it was called last.
    pub(crate) fn note_stack(&self, stack: u64) {
        let deepest = &self.accounts.deepest_stack;
        // A routine that another thread is in was entered on another stack.
        let used = self.accounts.entry_stack.get().saturating_sub(stack);
        if self.stack_limit(stack).is_some_and(|limit| stack + used <= limit) {
            deepest.set(deepest.get().max(used));
            if used > KERNEL_STACK {
                self.verifier.stack_exceeded(self, used, KERNEL_STACK);
            }
        }
    }

    /// The import call that the current thread is in.
    pub(crate) fn current_call(&self) -> Option<ImportCall> {
        self.current_thread()?.calls.borrow().last().copied()
    }

    /// Where in the driver the current import call was made.
    pub(crate) fn calling_address(&self) -> u64 {
        self.current_call().map_or(0, |call| call.return_address)
    }

    /// Calls into the driver and checks what it left behind: the IRQL it was entered with, and no lock held.
    pub fn call_driver<R>(&self, what: &str, irql: u8, call: impl FnOnce() -> R) -> R {
        debug_assert_eq!(irql, self.current_irql(), "{what} is entered at its documented level");
        self.trace.add(self.now(), Event::Call(what, irql));
        let locks = self.spinlocks.count();
        let thread = self.current_thread();
        if thread.as_ref().is_some_and(|thread| thread.enter_driver(self.now())) {
            self.feed_watchdog();
        }
        let here = 0_u8;
        let outer = self.accounts.entry_stack.replace(&raw const here as u64);
        let result = call();
        self.accounts.entry_stack.set(outer);
        if let Some(thread) = thread {
            thread.leave_driver();
        }
        self.verifier.check_return(self, what, irql, locks);
        self.deliver();
        self.preempt();
        result
    }

    /// Does something of the system's at DISPATCH_LEVEL, and lets in afterwards what has come meanwhile.
    pub(crate) fn at_dispatch(&self, body: impl FnOnce()) {
        let before = self.set_irql(super::abi::DISPATCH_LEVEL.max(self.current_irql()));
        body();
        self.set_irql(before);
        self.deliver();
    }

    /// Calls a driver routine at another level than the current one, as the system does from a thread.
    pub fn call_driver_at<R>(&self, what: &str, irql: u8, call: impl FnOnce() -> R) -> R {
        let before = self.set_irql(irql);
        let result = self.call_driver(what, irql, call);
        self.set_irql(before);
        self.deliver();
        result
    }
}
