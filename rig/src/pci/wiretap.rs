//! What crosses the transfer queues of a virtio sound device: how much sound the device is given at a time.
//!
//! A device that gives back whole messages only tells nobody where in them it is. So the largest of them is what a
//! driver may be wrong by without knowing. It is taken from the rings themselves, as the device finds them (Virtual I/O
//! Device 1.2, 2.7 and 5.14.6.8), and not from anything that the driver says of itself.

use std::{ops::Range, sync::Arc};

use super::{Hardware, Ram, Result, Width, virtio};

/// Fields of the common configuration (4.1.4.3): offset and bytes.
const DEVICE_STATUS: u64 = 20;
const QUEUE_SELECT: u64 = 22;
const QUEUE_SIZE: u64 = 24;
const QUEUE_DESC: u64 = 32;
const QUEUE_DRIVER: u64 = 40;

/// Queues of the device (5.14.2).
const TX: usize = 2;
const RX: usize = 3;
const QUEUES: usize = 4;

/// Flags of a descriptor.
const NEXT: u16 = 1;
const WRITE: u16 = 2;
const INDIRECT: u16 = 4;

/// Bytes of `virtio_snd_pcm_xfer` and of `virtio_snd_pcm_status`, which are around the sound.
const HEADER: u64 = 4;
const STATUS: u64 = 8;

/// Bytes of a descriptor, and most of them in a chain: more is a loop.
const DESCRIPTOR: u64 = 16;
const MOST: usize = 1 << 15;

/// A queue as the driver has set it up, and up to which entry of its available ring it was looked at.
#[derive(Clone, Copy, Debug, Default)]
struct Queue {
    size: u16,
    descriptors: u64,
    available: u64,
    seen: u16,
}

/// Looks at the transfer queues whenever the device is told to.
#[derive(Debug)]
pub(super) struct WireTap {
    ram: Arc<Ram>,
    common: Range<u64>,
    notify: Range<u64>,
    select: usize,
    queues: [Queue; QUEUES],
    largest: [u64; QUEUES],
}

impl WireTap {
    /// For a virtio function; none for another.
    ///
    /// # Errors
    /// The machine does not answer.
    pub(super) fn new(hardware: &mut dyn Hardware) -> Result<Option<Self>> {
        let areas = (virtio::common_area(hardware)?, virtio::notify_area(hardware)?);
        let (Some(common), Some(notify)) = areas else { return Ok(None) };
        Ok(Some(Self::on(hardware.ram().clone(), common, notify)))
    }

    fn on(ram: Arc<Ram>, common: Range<u64>, notify: Range<u64>) -> Self {
        Self { ram, common, notify, select: 0, queues: [Queue::default(); QUEUES], largest: [0; QUEUES] }
    }

    /// The most sound that the device was given at a time to play, or to fill, in bytes.
    pub(super) fn largest(&self, is_output: bool) -> u64 {
        self.largest[if is_output { TX } else { RX }]
    }

    /// The driver has written to device memory.
    pub(super) fn wrote(&mut self, address: u64, width: Width, value: u64) {
        if self.notify.contains(&address) {
            [TX, RX].into_iter().for_each(|queue| self.look(queue));
        } else if self.common.contains(&address) {
            self.configured(address - self.common.start, width, value);
        }
    }

    fn configured(&mut self, field: u64, width: Width, value: u64) {
        if field == DEVICE_STATUS && value == 0 {
            self.queues = [Queue::default(); QUEUES];
        }
        if field == QUEUE_SELECT {
            self.select = value as usize;
        }
        let Some(queue) = self.queues.get_mut(self.select) else { return };
        match field {
            QUEUE_SIZE => queue.size = value as u16,
            QUEUE_DESC..QUEUE_DRIVER => put(&mut queue.descriptors, field - QUEUE_DESC, width, value),
            QUEUE_DRIVER..48 => put(&mut queue.available, field - QUEUE_DRIVER, width, value),
            _ => {}
        }
    }

    /// Everything that has become available since the last look.
    fn look(&mut self, number: usize) {
        let queue = self.queues[number];
        let entries = queue.available.saturating_add(4);
        let Some(upto) = self.word(entries - 2).filter(|_| queue.size > 0) else { return };
        for entry in 0..upto.wrapping_sub(queue.seen).min(queue.size) {
            let at = u64::from(queue.seen.wrapping_add(entry) % queue.size);
            let head = self.word(entries.saturating_add(2 * at));
            let sound = head.and_then(|head| self.sound(&queue, head, number == TX)).unwrap_or(0);
            self.largest[number] = self.largest[number].max(sound);
        }
        self.queues[number].seen = upto;
    }

    /// Bytes of sound in a message.
    fn sound(&self, queue: &Queue, head: u16, is_output: bool) -> Option<u64> {
        let (mut table, mut next, mut bytes) = (queue.descriptors, u64::from(head), 0);
        for _ in 0..MOST {
            let at = table.checked_add(DESCRIPTOR * next)?;
            let descriptor: [u8; DESCRIPTOR as usize] = self.read(at)?;
            let (address, rest) = descriptor.split_first_chunk()?;
            let (length, rest) = rest.split_first_chunk()?;
            let (flags, following) = rest.split_first_chunk()?;
            let (length, flags) = (u64::from(u32::from_le_bytes(*length)), u16::from_le_bytes(*flags));
            if flags & INDIRECT != 0 {
                (table, next) = (u64::from_le_bytes(*address), 0);
                continue;
            }
            if (flags & WRITE == 0) == is_output {
                bytes += length;
            }
            if flags & NEXT == 0 {
                return bytes.checked_sub(if is_output { HEADER } else { STATUS });
            }
            next = u16::from_le_bytes(following.try_into().ok()?).into();
        }
        None
    }

    fn read<const N: usize>(&self, at: u64) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        at.checked_add(N as u64).filter(|end| *end <= self.ram.size() as u64)?;
        self.ram.read(at, &mut bytes);
        Some(bytes)
    }

    fn word(&self, at: u64) -> Option<u16> {
        self.read(at).map(u16::from_le_bytes)
    }
}

/// Writes a part of a 64-bit field.
fn put(field: &mut u64, at: u64, width: Width, value: u64) {
    let mask = width.all_ones();
    *field = *field & !(mask << (8 * at)) | (value & mask) << (8 * at);
}

#[cfg(test)]
mod tests {
    use super::{DESCRIPTOR, INDIRECT, NEXT, QUEUE_DESC, QUEUE_DRIVER, QUEUE_SELECT, QUEUE_SIZE, WRITE};
    use super::{DEVICE_STATUS, RX, Ram, TX, Width, WireTap};
    use std::sync::Arc;

    const COMMON: u64 = 0xE000_0000;
    const NOTIFY: u64 = 0xE000_1000;
    const DESCRIPTORS: u64 = 0x10_0000;
    const AVAILABLE: u64 = 0x10_1000;
    const TABLE: u64 = 0x10_2000;
    const SIZE: u16 = 8;

    /// A device whose queue `number` is set up.
    fn tapped(number: usize) -> WireTap {
        let ram = Arc::new(Ram::new(2 << 20).expect("memory"));
        let mut tap = WireTap::on(ram, COMMON..COMMON + 64, NOTIFY..NOTIFY + 64);
        tap.wrote(COMMON + QUEUE_SELECT, Width::Word, number as u64);
        tap.wrote(COMMON + QUEUE_SIZE, Width::Word, SIZE.into());
        tap.wrote(COMMON + QUEUE_DESC, Width::Dword, DESCRIPTORS);
        tap.wrote(COMMON + QUEUE_DESC + 4, Width::Dword, 0);
        tap.wrote(COMMON + QUEUE_DRIVER, Width::Qword, AVAILABLE);
        tap
    }

    fn describe(tap: &WireTap, at: u64, address: u64, bytes: u32, flags: u16, next: u16) {
        tap.ram.write(at, &address.to_le_bytes());
        tap.ram.write(at + 8, &bytes.to_le_bytes());
        tap.ram.write(at + 12, &flags.to_le_bytes());
        tap.ram.write(at + 14, &next.to_le_bytes());
    }

    /// Makes `head` available as entry `number`, counted from the start.
    fn offer(tap: &mut WireTap, number: u16, head: u16) {
        tap.ram.write(AVAILABLE + 4 + 2 * u64::from(number % SIZE), &head.to_le_bytes());
        tap.ram.write(AVAILABLE + 2, &number.wrapping_add(1).to_le_bytes());
        tap.wrote(NOTIFY, Width::Word, 0);
    }

    #[test]
    fn a_message_in_the_ring_itself() {
        let mut tap = tapped(TX);
        describe(&tap, DESCRIPTORS, 0, 4, NEXT, 3);
        describe(&tap, DESCRIPTORS + 3 * DESCRIPTOR, 0, 1_000, NEXT, 1);
        describe(&tap, DESCRIPTORS + DESCRIPTOR, 0, 920, NEXT, 2);
        describe(&tap, DESCRIPTORS + 2 * DESCRIPTOR, 0, 8, WRITE, 0);
        offer(&mut tap, 0, 0);
        assert_eq!((tap.largest(true), tap.largest(false)), (1_920, 0));
    }

    #[test]
    fn a_message_in_a_table_of_its_own_and_the_ring_comes_round() {
        let mut tap = tapped(RX);
        for number in 0..20_u16 {
            let sound = if number == 17 { 960 } else { 480 };
            describe(&tap, DESCRIPTORS + 5 * DESCRIPTOR, TABLE, 48, INDIRECT, 0);
            describe(&tap, TABLE, 0, 4, NEXT, 1);
            describe(&tap, TABLE + DESCRIPTOR, 0, sound, NEXT | WRITE, 2);
            describe(&tap, TABLE + 2 * DESCRIPTOR, 0, 8, WRITE, 0);
            offer(&mut tap, number, 5);
            assert_eq!(tap.largest(false), if number < 17 { 480 } else { 960 });
        }
        assert_eq!(tap.largest(true), 0);
    }

    #[test]
    fn what_is_no_message_is_left_alone() {
        let mut tap = tapped(TX);
        // A loop; a message shorter than its header; a table outside of memory.
        describe(&tap, DESCRIPTORS, 0, 4, NEXT, 0);
        offer(&mut tap, 0, 0);
        describe(&tap, DESCRIPTORS, 0, 2, 0, 0);
        offer(&mut tap, 1, 0);
        describe(&tap, DESCRIPTORS, u64::MAX - 7, 48, INDIRECT, 0);
        offer(&mut tap, 2, 0);
        assert_eq!(tap.largest(true), 0);
        // After a reset there is no queue any more.
        tap.wrote(COMMON + DEVICE_STATUS, Width::Byte, 0);
        describe(&tap, DESCRIPTORS, 0, 400, 0, 0);
        offer(&mut tap, 3, 0);
        assert_eq!(tap.largest(true), 0);
    }
}
