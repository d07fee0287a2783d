//! Faults between a driver and its function: interrupts that get lost or come unasked, registers that lie, writes that
//! get lost. Whatever the function is, everything passes here.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use super::Hardware;
use super::Identity;
use super::Message;
use super::Ram;
use super::Resources;
use super::Result;
use super::Width;

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A message of the function's does not arrive.
    MessageLost(u16),
    /// A message arrives that the function did not send.
    MessageUnasked(u16),
    /// The line is seen asserted once, and the function did not assert it.
    LineUnasked,
    /// A read of a register within these addresses (ports or memory) gives other bits: first these are kept, then those
    /// are added.
    Read {
        /// Addresses.
        at: Range<u64>,
        /// Bits that are kept.
        keep: u64,
        /// Bits that are added.
        add: u64,
    },
    /// A write to a register within these addresses does not arrive.
    WriteLost(Range<u64>),
}

/// A fault that is to come.
#[derive(Clone, Debug)]
struct Planted {
    fault: Fault,
    from_ns: u64,
    times: u32,
}

/// The faults of one function: kept by whoever plants them, while the machine has the function.
#[derive(Clone, Debug, Default)]
pub struct Faults(Rc<RefCell<Vec<Planted>>>);

impl Faults {
    /// From that virtual time on, the fault happens so many times: whenever it can.
    pub fn plant(&self, from_ns: u64, times: u32, fault: Fault) {
        self.0.borrow_mut().push(Planted { fault, from_ns, times });
    }

    /// Faults that have not happened yet.
    #[must_use]
    pub fn pending(&self) -> u32 {
        self.0.borrow().iter().map(|planted| planted.times).sum()
    }

    /// The first fault that is due and matches happens.
    fn happens<R>(&self, now: u64, matches: impl Fn(&Fault) -> Option<R>) -> Option<R> {
        let mut all = self.0.borrow_mut();
        let found = all.iter_mut().filter(|planted| planted.times > 0 && planted.from_ns <= now);
        let (planted, result) = found.into_iter().find_map(|planted| {
            let result = matches(&planted.fault)?;
            Some((planted, result))
        })?;
        planted.times -= 1;
        Some(result)
    }
}

/// A function with faults.
pub struct Faulty {
    inner: Box<dyn Hardware>,
    faults: Faults,
}

impl Faulty {
    /// Puts faults before a function.
    #[must_use]
    pub fn new(inner: Box<dyn Hardware>, faults: Faults) -> Self {
        Self { inner, faults }
    }

    fn spoil(&self, address: u64, width: Width, value: u64) -> u64 {
        let spoilt = self.faults.happens(self.inner.now(), |fault| match fault {
            Fault::Read { at, keep, add } if at.contains(&address) => Some(value & keep | add),
            _ => None,
        });
        spoilt.unwrap_or(value) & width.all_ones()
    }

    fn loses(&self, address: u64) -> bool {
        let matches = |fault: &Fault| match fault {
            Fault::WriteLost(at) if at.contains(&address) => Some(()),
            _ => None,
        };
        self.faults.happens(self.inner.now(), matches).is_some()
    }
}

impl Hardware for Faulty {
    fn identity(&self) -> Identity {
        self.inner.identity()
    }

    fn resources(&self) -> &Resources {
        self.inner.resources()
    }

    fn ram(&self) -> &Arc<Ram> {
        self.inner.ram()
    }

    fn read_config(&mut self, offset: u16, width: Width) -> Result<u32> {
        self.inner.read_config(offset, width)
    }

    fn write_config(&mut self, offset: u16, width: Width, value: u32) -> Result<()> {
        self.inner.write_config(offset, width, value)
    }

    fn read_port(&mut self, port: u16, width: Width) -> Result<u32> {
        let value = self.inner.read_port(port, width)?;
        Ok(self.spoil(port.into(), width, value.into()) as u32)
    }

    fn write_port(&mut self, port: u16, width: Width, value: u32) -> Result<()> {
        if self.loses(port.into()) { Ok(()) } else { self.inner.write_port(port, width, value) }
    }

    fn read_memory(&mut self, address: u64, width: Width) -> Result<u64> {
        let value = self.inner.read_memory(address, width)?;
        Ok(self.spoil(address, width, value))
    }

    fn write_memory(&mut self, address: u64, width: Width, value: u64) -> Result<()> {
        if self.loses(address) { Ok(()) } else { self.inner.write_memory(address, width, value) }
    }

    fn now(&self) -> u64 {
        self.inner.now()
    }

    fn advance_to(&mut self, nanoseconds: u64) -> Result<u64> {
        self.inner.advance_to(nanoseconds)
    }

    fn interrupt_line(&self) -> bool {
        let unasked = |fault: &Fault| (*fault == Fault::LineUnasked).then_some(());
        self.inner.interrupt_line() || self.faults.happens(self.inner.now(), unasked).is_some()
    }

    fn message(&self, vector: u16) -> Option<Message> {
        self.inner.message(vector)
    }

    fn take_message(&mut self, vector: u16) -> bool {
        let now = self.inner.now();
        let is = |wanted: Fault| move |fault: &Fault| (*fault == wanted).then_some(());
        if self.inner.take_message(vector) {
            return self.faults.happens(now, is(Fault::MessageLost(vector))).is_none();
        }
        self.faults.happens(now, is(Fault::MessageUnasked(vector))).is_some()
    }

    fn set_power(&mut self, on: bool) -> Result<()> {
        self.inner.set_power(on)
    }

    fn relocate(&mut self) -> Result<()> {
        self.inner.relocate()
    }

    fn remove(&mut self) -> Result<()> {
        self.inner.remove()
    }

    fn played(&mut self) -> Result<Vec<u8>> {
        self.inner.played()
    }

    fn played_behind(&mut self) -> Vec<Vec<u8>> {
        self.inner.played_behind()
    }

    fn finish(&mut self) -> Result<Vec<u8>> {
        self.inner.finish()
    }

    fn is_gone(&self) -> Option<bool> {
        self.inner.is_gone()
    }

    fn sample_clock(&self, is_output: bool, nth: usize, nanoseconds: u64) -> Option<f64> {
        self.inner.sample_clock(is_output, nth, nanoseconds)
    }

    fn largest_transfer(&self, is_output: bool) -> u64 {
        self.inner.largest_transfer(is_output)
    }

    fn next_due(&self) -> Option<u64> {
        self.inner.next_due()
    }

    fn complaints(&self) -> Vec<String> {
        self.inner.complaints()
    }
}

#[cfg(test)]
mod tests {
    use super::super::messenger::Messenger;
    use super::super::messenger::PATTERN;
    use super::super::messenger::REGISTERS;
    use super::super::messenger::SEND;
    use super::super::msix::MessageTable;
    use super::*;

    fn faulty() -> (Faulty, Faults) {
        let mut messenger = Messenger::new(2).unwrap();
        let table = MessageTable::find(&mut messenger).unwrap().unwrap();
        table.enable(&mut messenger, 2).unwrap();
        table.mask(&mut messenger, 1, false).unwrap();
        let faults = Faults::default();
        (Faulty::new(Box::new(messenger), faults.clone()), faults)
    }

    #[test]
    fn messages_get_lost_and_come_unasked() {
        let (mut faulty, faults) = faulty();
        let send = |faulty: &mut Faulty| {
            faulty.write_memory(SEND, Width::Dword, 1).unwrap();
            faulty.take_message(1)
        };
        assert!(send(&mut faulty));
        faults.plant(0, 2, Fault::MessageLost(1));
        assert_eq!([send(&mut faulty), send(&mut faulty), send(&mut faulty)], [false, false, true]);
        faults.plant(1_000, 1, Fault::MessageUnasked(1));
        assert!(!faulty.take_message(1));
        faulty.advance_to(1_000).unwrap();
        assert_eq!(faults.pending(), 1);
        assert!(!faulty.take_message(0) && faulty.take_message(1) && !faulty.take_message(1));
        faults.plant(0, 1, Fault::LineUnasked);
        assert!(faulty.interrupt_line() && !faulty.interrupt_line());
        assert_eq!(faults.pending(), 0);
    }

    #[test]
    fn registers_lie_and_writes_get_lost() {
        let (mut faulty, faults) = faulty();
        let read = |faulty: &mut Faulty| faulty.read_memory(REGISTERS + 8, Width::Word).unwrap();
        let right = (PATTERN ^ (REGISTERS + 8)) & 0xFFFF;
        faults.plant(0, 1, Fault::Read { at: REGISTERS + 8..REGISTERS + 10, keep: 0xFF, add: 0x4000 });
        assert_eq!([read(&mut faulty), read(&mut faulty)], [right & 0xFF | 0x4000, right]);
        faults.plant(0, 1, Fault::WriteLost(SEND..SEND + 4));
        faulty.write_memory(SEND, Width::Dword, 1).unwrap();
        assert!(!faulty.take_message(1));
    }
}
