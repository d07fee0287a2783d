//! The verifier: always on. It knows the documented rules, and turns a violation into the bug check that Windows
//! (Driver Verifier where that is what finds it) would stop with.
//!
//! The first finding stops the machine: nothing that a driver does after a violation means anything.

mod finding;
mod interrupts;
mod left_behind;
mod registers;
mod resources;
pub mod rules;
mod violations;

use std::cell::Cell;
use std::cell::RefCell;

pub use finding::Finding;
pub use finding::PoolFault;
pub use finding::Site;
pub use finding::bug_check_name;
pub use resources::StreamResource;

use crate::nt::Kernel;

type Describe = Box<dyn Fn(u64) -> Option<String>>;

/// What the verifier has seen.
#[derive(Default)]
pub struct Verifier {
    findings: RefCell<Vec<Finding>>,
    environment: RefCell<Option<String>>,
    describe: RefCell<Option<Describe>>,
    long_stalls: Cell<u32>,
    pub(crate) resources: resources::StreamResources,
    pub(crate) device_owned: Cell<bool>,
    pub(crate) device_asleep: Cell<bool>,
}

impl Verifier {
    /// The findings so far; at most one stops a run, leaks at unload may be several.
    pub fn findings(&self) -> Vec<Finding> {
        self.findings.borrow().clone()
    }

    /// Why the environment (not the driver) failed, if it did.
    pub fn environment(&self) -> Option<String> {
        self.environment.borrow().clone()
    }

    /// Tells how to name an address in driver code: function, file and line.
    pub fn set_symbols(&self, describe: impl Fn(u64) -> Option<String> + 'static) {
        self.describe.replace(Some(Box::new(describe)));
    }

    /// What lies at an address: the driver's code by name, otherwise bare.
    pub fn site(&self, address: u64) -> Site {
        let name = self.describe.borrow().as_ref().and_then(|describe| describe(address));
        Site { address, name: name.unwrap_or_else(|| format!("{address:#x}")) }
    }

    pub(crate) fn environment_failed(&self, message: &str) {
        self.environment.replace(Some(message.to_owned()));
    }

    /// Stalls longer than the documentation allows.
    pub fn long_stalls(&self) -> u32 {
        self.long_stalls.get()
    }

    pub(crate) fn note_long_stall(&self, _microseconds: u32) {
        self.long_stalls.set(self.long_stalls.get() + 1);
    }

    /// Tells whether the driver may touch the device: from start to stop, removal or surprise removal.
    pub fn set_device_owned(&self, owned: bool) {
        self.device_owned.set(owned);
    }

    /// Tells whether the device is in another state than D0: it may not be touched then.
    pub fn set_device_asleep(&self, asleep: bool) {
        self.device_asleep.set(asleep);
    }

    /// Whether driver code was called from just before the address: what lies there is a return address, and no
    /// other pointer into the image.
    fn is_return_address(&self, address: u64) -> bool {
        // call rel32; call through a register or memory, in its usual lengths.
        const NEAR: (u64, u8) = (5, 0xE8);
        const INDIRECT: [u64; 4] = [2, 3, 6, 7];
        if !crate::trap::is_code((address as usize).saturating_sub(8)..address as usize) {
            return false;
        }
        // SAFETY: inside the code of a mapped image, as was just found; code is readable.
        let byte = |back: u64| unsafe { ((address - back) as *const u8).read() };
        byte(NEAR.0) == NEAR.1
            || INDIRECT.iter().any(|back| byte(*back) == 0xFF && byte(back - 1) & 0x38 == 0x10)
    }

    /// Return addresses found on the driver's stack above `stack`: not an unwinding, a search.
    fn stack_above(&self, kernel: &Kernel, stack: u64) -> Vec<Site> {
        const WORDS: u64 = 512;
        const DEEPEST: usize = 16;
        let Some(limit) = kernel.stack_limit(stack) else { return Vec::new() };
        (0..WORDS)
            .map(|word| stack + word * 8)
            .take_while(|address| address + 8 <= limit)
            .filter_map(|address| {
                // SAFETY: between the stack pointer of a running thread and the end of its stack.
                let value = unsafe { (address as *const u64).read() };
                self.is_return_address(value).then(|| self.site(value - 1))
            })
            .take(DEEPEST)
            .collect()
    }

    /// Records a violation.
    pub(crate) fn record(
        &self,
        kernel: &Kernel,
        rule: &str,
        code: u32,
        parameters: [u64; 4],
        message: String,
    ) {
        let call = kernel.current_call();
        let at = call.map(|call| self.site(call.return_address.saturating_sub(1)));
        let stack = call.map_or_else(Vec::new, |call| self.stack_above(kernel, call.stack));
        self.record_at(kernel, rule, code, parameters, message, at, stack);
    }

    #[allow(clippy::too_many_arguments)]
    pub(crate) fn record_at(
        &self,
        kernel: &Kernel,
        rule: &str,
        code: u32,
        parameters: [u64; 4],
        message: String,
        at: Option<Site>,
        stack: Vec<Site>,
    ) {
        self.findings.borrow_mut().push(Finding {
            rule: rule.to_owned(),
            bug_check: code,
            parameters,
            call: kernel.current_call().map(|call| call.name.to_owned()),
            irql: kernel.current_irql(),
            context: kernel.context(),
            thread: kernel.current_thread().map(|thread| thread.name.clone()),
            time_ns: kernel.now(),
            at,
            stack,
            message,
        });
    }

    /// Records what the device itself has to say, at the end of a run: that the driver broke rules of the device's
    /// specification.
    pub fn hear_device(&self, kernel: &Kernel) {
        for complaint in kernel.hardware.borrow().complaints() {
            self.record_at(kernel, "DeviceProtocol", 0xC4, [0; 4], complaint, None, Vec::new());
        }
    }

    /// Records a violation and stops the machine.
    pub(crate) fn stop(
        &self,
        kernel: &Kernel,
        rule: &str,
        code: u32,
        parameters: [u64; 4],
        message: String,
    ) -> ! {
        self.record(kernel, rule, code, parameters, message);
        kernel.crash()
    }
}
