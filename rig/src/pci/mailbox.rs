//! Where message signalled interrupts arrive: dwords in guest memory that the device writes.
//!
//! Each vector has one. A message that comes twice before it is fetched counts once, as in a real interrupt
//! request register.

use super::Ram;

/// How many message vectors have a mailbox.
pub const MESSAGE_COUNT: u16 = 64;

/// Physical address of the first mailbox: in a page below 1 MiB where nothing else is.
const BASE: u64 = 0x8000;

/// Data of vector 0; not zero, since zero means empty.
const DATA: u32 = 0x4d53_4900;

/// Address and data to program into a message register of the function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Message {
    /// Physical address.
    pub address: u64,
    /// Data.
    pub data: u32,
}

/// What to program for `vector`.
pub(super) fn message(vector: u16) -> Option<Message> {
    (vector < MESSAGE_COUNT)
        .then(|| Message { address: BASE + 4 * u64::from(vector), data: DATA | u32::from(vector) })
}

/// Empties the mailbox of `vector`; whether there was a message.
pub(super) fn take(ram: &Ram, vector: u16) -> bool {
    let Some(message) = message(vector) else { return false };
    let mut dword = [0; 4];
    ram.read(message.address, &mut dword);
    let come = dword != [0; 4];
    if come {
        ram.write(message.address, &[0; 4]);
    }
    come
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_taken_once_and_from_its_own_box() {
        let ram = Ram::new(0x20_0000).unwrap();
        let sent = message(3).unwrap();
        ram.write(sent.address, &sent.data.to_le_bytes());
        assert!(!take(&ram, 2));
        assert!(take(&ram, 3));
        assert!(!take(&ram, 3));
        assert_eq!(message(MESSAGE_COUNT), None);
    }
}
