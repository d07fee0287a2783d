//! Message-signalled interrupts: whether the device gets any, how many, and those that have come.
//!
//! Sources: kernel/enabling-message-signaled-interrupts-in-the-registry, kernel/using-interrupt-resource-descriptors.

use std::cell::Cell;

use super::Kernel;
use super::interrupt::DEVICE_VECTOR;
use super::interrupt::Source;
use super::registry::Value;
use super::trace::Event;
use crate::pci::Hardware;
use crate::pci::HardwareError;
use crate::pci::MessageTable;

/// Most messages that one function gets.
pub const MOST_MESSAGES: u16 = 32;

/// The device's key, as the INF file's `HKR` of its hardware section names it.
pub(super) const DEVICE_KEY: &str =
    "\\Registry\\Machine\\System\\CurrentControlSet\\Enum\\PCI\\0\\Device Parameters";
const MANAGEMENT: &str = "Interrupt Management";
const PROPERTIES: &str = "MessageSignaledInterruptProperties";

const REG_DWORD: u32 = 4;

/// Physical address to which messages of an x64 go, as drivers see it.
const MESSAGE_ADDRESS: u64 = 0xfee0_0000;

/// The messages of the device.
#[derive(Default)]
pub(crate) struct Messages {
    table: Cell<Option<MessageTable>>,
    count: Cell<u16>,
    /// Those that have come and not been served, a bit each.
    come: Cell<u64>,
    /// How often the device was given other vectors.
    moves: Cell<u32>,
}

impl Messages {
    /// How many the device was given.
    pub(crate) fn count(&self) -> u16 {
        self.count.get()
    }

    /// Whether an address lies in the table of messages.
    pub(crate) fn table_holds(&self, physical: u64) -> bool {
        self.count.get() > 0 && self.table.get().is_some_and(|table| table.holds(physical))
    }
}

/// Vectors from one place of the device's to the next, and places.
const VECTOR_STEP: u32 = 0x10;
const VECTOR_PLACES: u32 = 4;

/// Where the device writes for a message, as drivers see it.
pub(super) fn address(_message: u16) -> u64 {
    MESSAGE_ADDRESS
}

impl Kernel {
    /// The vector of the line, or of a message, and what the device writes for it, as drivers see it.
    pub(crate) fn vector(&self, message: u16) -> u32 {
        DEVICE_VECTOR + self.messages.moves.get() % VECTOR_PLACES * VECTOR_STEP + u32::from(message)
    }

    /// The device has other vectors from its next start on.
    pub(crate) fn move_vectors(&self) {
        self.messages.moves.set(self.messages.moves.get() + 1);
    }

    /// Has the registry allow the device messages, at most `limit`, as an INF file's hardware section does.
    pub fn support_messages(&self, limit: Option<u32>) {
        for key in [DEVICE_KEY.to_owned(), format!("{DEVICE_KEY}\\{MANAGEMENT}")] {
            self.registry.create(&key);
        }
        let (key, _) = self.registry.create(&format!("{DEVICE_KEY}\\{MANAGEMENT}\\{PROPERTIES}"));
        let set = |name: &str, number: u32| {
            let data = number.to_le_bytes().to_vec();
            self.registry.set(&key, Value { name: name.to_owned(), kind: REG_DWORD, data });
        };
        set("MSISupported", 1);
        if let Some(limit) = limit {
            set("MessageNumberLimit", limit);
        }
    }

    fn message_property(&self, name: &str) -> Option<u32> {
        let key = self.registry.open(&format!("{DEVICE_KEY}\\{MANAGEMENT}\\{PROPERTIES}"))?;
        let value = self.registry.value(&key, name).filter(|value| value.kind == REG_DWORD)?;
        value.data.first_chunk().copied().map(u32::from_le_bytes)
    }

    /// Decides how many messages the device gets: none without MSI-X, or if the registry does not ask for them.
    pub fn assign_messages(&self) -> u16 {
        let table = self.with_hardware(|hardware| MessageTable::find(hardware));
        let wanted = self.message_property("MSISupported") == Some(1);
        let most = self
            .message_property("MessageNumberLimit")
            .map_or(MOST_MESSAGES, |limit| limit.min(0xffff) as u16);
        let count = table.filter(|_| wanted).map_or(0, |table| table.entries().min(most).min(MOST_MESSAGES));
        self.messages.table.set(table.filter(|_| count > 0));
        self.messages.count.set(count);
        self.messages.come.set(0);
        count
    }

    /// The device starts: it sends messages from now on, each of them masked until it is connected.
    pub fn enable_messages(&self) {
        let count = self.messages.count();
        if let Some(table) = self.messages.table.get() {
            self.with_hardware(|hardware| table.enable(hardware, count));
        }
    }

    /// The device stops.
    pub fn disable_messages(&self) {
        if let Some(table) = self.messages.table.take() {
            self.with_hardware(|hardware| table.disable(hardware));
        }
        self.messages.count.set(0);
        self.messages.come.set(0);
    }

    /// The device has its power back, and its table is empty: messages that are connected come again.
    pub(crate) fn restore_messages(&self) {
        self.enable_messages();
        for message in 0..self.messages.count() {
            if self.interrupts.has(Source::Message(message)) {
                self.mask_message(message, false);
            }
        }
    }

    /// Lets a message in, or holds it back.
    pub(super) fn mask_message(&self, message: u16, masked: bool) {
        if let Some(table) = self.messages.table.get() {
            self.with_hardware(|hardware| table.mask(hardware, message, masked));
        }
    }

    pub(crate) fn with_hardware<R>(
        &self,
        f: impl FnOnce(&mut dyn Hardware) -> Result<R, HardwareError>,
    ) -> R {
        let result = f(self.hardware.borrow_mut().as_mut());
        result.unwrap_or_else(|error| self.hardware_failed(&error.to_string()))
    }

    /// Messages that have come and wait for their routines, a bit each. The same message twice is one.
    pub(super) fn messages_waiting(&self) -> u64 {
        let count = self.messages.count();
        let mut come = self.messages.come.get();
        let mut hardware = self.hardware.borrow_mut();
        for message in 0..count {
            if hardware.take_message(message) {
                self.trace.add(self.now(), Event::MessageCame(message));
                self.accounts.message_came(message);
                come |= 1 << message;
            }
        }
        self.messages.come.set(come);
        come
    }

    /// Takes a message to serve it.
    pub(super) fn take_message(&self, message: u16) {
        self.messages.come.set(self.messages.come.get() & !(1 << message));
    }
}
