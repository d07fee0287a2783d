//! The trace: everything observable, in order, folded into one hash. Two runs of a scenario are the same run
//! if and only if their hashes are equal.

use std::cell::RefCell;

use sha2::Digest;
use sha2::Sha256;

/// One observable step.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// The driver entered an import at an IRQL.
    Import(&'a str, u8),
    /// The rig entered the driver.
    Call(&'a str, u8),
    /// A device access: kind and width, address, value.
    Access(u8, u64, u64),
    /// An interrupt was delivered; claimed or not.
    Interrupt(bool),
    /// A message of the device came.
    MessageCame(u16),
    /// A message was served; claimed or not.
    Message(u16, bool),
    /// A DPC ran.
    Dpc,
    /// A dispatcher object was signalled.
    Signal,
    /// A client's reading of a position, in frames.
    Position(u64),
    /// Sound came out of the device.
    Sound(&'a [u8]),
    /// A line of trace text.
    Text(&'a str),
}

/// The running hash.
#[derive(Default)]
pub struct Trace {
    hash: RefCell<Sha256>,
}

impl Trace {
    /// Adds a step that happened at `now` ns.
    pub fn add(&self, now: u64, event: Event<'_>) {
        let mut hash = self.hash.borrow_mut();
        hash.update(now.to_le_bytes());
        match event {
            Event::Import(name, irql) => {
                hash.update([b'i', irql]);
                hash.update(name);
            }
            Event::Call(name, irql) => {
                hash.update([b'c', irql]);
                hash.update(name);
            }
            Event::Access(kind, address, value) => {
                hash.update([b'a', kind]);
                hash.update(address.to_le_bytes());
                hash.update(value.to_le_bytes());
            }
            Event::Interrupt(claimed) => hash.update([b'n', u8::from(claimed)]),
            Event::MessageCame(message) => {
                hash.update(b"m");
                hash.update(message.to_le_bytes());
            }
            Event::Message(message, claimed) => {
                hash.update([b'M', u8::from(claimed)]);
                hash.update(message.to_le_bytes());
            }
            Event::Dpc => hash.update(b"d"),
            Event::Signal => hash.update(b"s"),
            Event::Position(frames) => {
                hash.update(b"p");
                hash.update(frames.to_le_bytes());
            }
            Event::Sound(bytes) => {
                hash.update(b"o");
                hash.update(bytes);
            }
            Event::Text(text) => {
                hash.update(b"t");
                hash.update(text);
            }
        }
    }

    /// The hash so far, as hexadecimal digits.
    pub fn digest(&self) -> String {
        self.hash.borrow().clone().finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
