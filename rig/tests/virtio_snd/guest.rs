//! A driver of a few lines, which writes its rings by hand.

use std::sync::Arc;

use waverust_rig::pci::Hardware;
use waverust_rig::pci::Ram;
use waverust_rig::pci::Width;
use waverust_rig::pci::virtio_snd::Handle;
use waverust_rig::pci::virtio_snd::Options;
use waverust_rig::pci::virtio_snd::VirtioSnd;
use waverust_rig::pci::virtio_snd::wire;

/// One descriptor: address, bytes, and whether the device writes it.
pub(crate) type Part = (u64, u32, bool);

/// The driver's side of a ring.
pub(crate) struct Ring {
    pub(crate) size: u16,
    pub(crate) addresses: [u64; 3],
    pub(crate) available: u16,
    pub(crate) seen: u16,
    next: u16,
}

/// The driver, and the machine that it drives.
pub(crate) struct Guest {
    pub(crate) hardware: VirtioSnd,
    pub(crate) handle: Handle,
    pub(crate) ram: Arc<Ram>,
    pub(crate) rings: Vec<Ring>,
    common: u64,
    notify: (u64, u32),
    isr: u64,
    configuration: u64,
    free: u64,
    pub(crate) indirect: bool,
}

impl Guest {
    /// Finds the structures.
    pub(crate) fn find(options: Options) -> Self {
        let mut hardware = VirtioSnd::open(options).expect("a device");
        let (handle, ram) = (hardware.handle(), hardware.ram().clone());
        let mut guest_places = [None; 5];
        let mut multiplier = 0;
        let mut at = config(&mut hardware, 0x34, Width::Byte) as u16;
        while at != 0 {
            let [id, kind, bar] = [0, 3, 4].map(|field| config(&mut hardware, at + field, Width::Byte) as u8);
            if id == 9 && (1..=4).contains(&kind) && bar < 6 && guest_places[usize::from(kind)].is_none() {
                let offset = u64::from(config(&mut hardware, at + 8, Width::Dword));
                let base =
                    hardware.resources().bars.iter().find(|range| range.index == bar).expect("a BAR").base;
                guest_places[usize::from(kind)] = Some(base + offset);
                if kind == 2 {
                    multiplier = config(&mut hardware, at + 16, Width::Dword);
                }
            }
            at = config(&mut hardware, at + 1, Width::Byte) as u16;
        }
        let place = |kind: usize| guest_places[kind].expect("a structure");
        let free = ram.usable().start;
        Self {
            common: place(1),
            notify: (place(2), multiplier),
            isr: place(3),
            configuration: place(4),
            hardware,
            handle,
            ram,
            rings: Vec::new(),
            free,
            indirect: false,
        }
    }

    /// A device that is ready, with what features it offers of those.
    pub(crate) fn ready(options: Options, wanted: u64) -> Self {
        let mut guest = Self::find(options);
        guest.start(wanted);
        guest
    }

    /// Reset, features, queues, DRIVER_OK.
    pub(crate) fn start(&mut self, wanted: u64) {
        self.set_status(0);
        assert_eq!(self.status(), 0);
        self.set_status(1);
        self.set_status(3);
        let offered = self.offered();
        self.accept(offered & (wanted | wire::F_VERSION_1));
        self.indirect = offered & wanted & wire::F_INDIRECT_DESC != 0;
        self.set_status(0xB);
        assert_eq!(self.status(), 0xB, "the features are taken");
        self.messages();
        self.rings.clear();
        for queue in 0..wire::QUEUE_COUNT {
            self.enable(queue);
        }
        self.set_status(0xF);
    }

    pub(crate) fn offered(&mut self) -> u64 {
        let mut features = 0;
        for word in 0..2 {
            self.write(0, Width::Dword, word);
            features |= self.read(4, Width::Dword) << (32 * word);
        }
        features
    }

    pub(crate) fn accept(&mut self, features: u64) {
        for word in 0..2 {
            self.write(8, Width::Dword, word);
            self.write(12, Width::Dword, features >> (32 * word) & 0xFFFF_FFFF);
        }
    }

    /// Message 0 for the configuration, 1 to 4 for the queues, where there are any.
    fn messages(&mut self) {
        let table = self.hardware.resources().bars.iter().find(|bar| bar.index == 1).map(|bar| bar.base);
        let Some(table) = table else { return };
        for vector in 0..5 {
            let message = self.hardware.message(vector).expect("a mailbox");
            let words = [message.address as u32, 0, message.data, 0];
            for (number, word) in words.into_iter().enumerate() {
                let at = table + 16 * u64::from(vector) + 4 * number as u64;
                self.hardware.write_memory(at, Width::Dword, word.into()).expect("a table");
            }
        }
        let mut at = config(&mut self.hardware, 0x34, Width::Byte) as u16;
        while config(&mut self.hardware, at, Width::Byte) != 0x11 {
            at = config(&mut self.hardware, at + 1, Width::Byte) as u16;
        }
        self.hardware.write_config(at + 2, Width::Word, 0x8000).expect("message control");
        self.write(0x10, Width::Word, 0);
    }

    pub(crate) fn enable(&mut self, queue: u16) {
        self.write(0x16, Width::Word, queue.into());
        let size = self.read(0x18, Width::Word) as u16;
        self.write(0x1A, Width::Word, u64::from(queue) + 1);
        let addresses = [16 * u64::from(size), 6 + 2 * u64::from(size), 6 + 8 * u64::from(size)]
            .map(|bytes| self.allocate(bytes as usize));
        for (number, address) in addresses.into_iter().enumerate() {
            let at = 0x20 + 8 * number as u64;
            self.write(at, Width::Dword, address & 0xFFFF_FFFF);
            self.write(at + 4, Width::Dword, address >> 32);
        }
        self.write(0x1C, Width::Word, 1);
        let ring = Ring { size, addresses, available: 0, seen: 0, next: 0 };
        if self.rings.len() > usize::from(queue) {
            self.rings[usize::from(queue)] = ring;
        } else {
            self.rings.push(ring);
        }
    }

    /// Zeroed memory.
    pub(crate) fn allocate(&mut self, bytes: usize) -> u64 {
        let at = self.free;
        self.free += bytes.next_multiple_of(64) as u64;
        self.ram.write(at, &vec![0; bytes]);
        at
    }

    pub(crate) fn read(&mut self, at: u64, width: Width) -> u64 {
        self.hardware.read_memory(self.common + at, width).expect("a register")
    }

    pub(crate) fn write(&mut self, at: u64, width: Width, value: u64) {
        self.hardware.write_memory(self.common + at, width, value).expect("a register");
    }

    pub(crate) fn status(&mut self) -> u8 {
        self.read(0x14, Width::Byte) as u8
    }

    pub(crate) fn set_status(&mut self, status: u8) {
        self.write(0x14, Width::Byte, status.into());
    }

    pub(crate) fn isr(&mut self) -> u8 {
        self.hardware.read_memory(self.isr, Width::Byte).expect("a register") as u8
    }

    pub(crate) fn configuration(&mut self, word: u64) -> u32 {
        self.hardware.read_memory(self.configuration + 4 * word, Width::Dword).expect("a register") as u32
    }

    pub(crate) fn kick(&mut self, queue: u16) {
        let at = self.notify.0 + u64::from(queue) * u64::from(self.notify.1);
        self.hardware.write_memory(at, Width::Word, queue.into()).expect("a register");
    }

    /// Makes a chain available, without a kick; its head.
    pub(crate) fn add(&mut self, queue: u16, parts: &[Part]) -> u16 {
        let indirect = self.indirect && parts.len() > 1;
        let table = if indirect { self.allocate(16 * parts.len()) } else { 0 };
        let ring = &mut self.rings[usize::from(queue)];
        let head = ring.next;
        let into = if indirect { table } else { ring.addresses[0] };
        let first = if indirect { 0 } else { head };
        for (number, (address, bytes, writable)) in parts.iter().enumerate() {
            let more = number + 1 < parts.len();
            let index = (first + number as u16) % if indirect { u16::MAX } else { ring.size };
            let next = (first + number as u16 + 1) % if indirect { u16::MAX } else { ring.size };
            let flags = u16::from(more) | u16::from(*writable) << 1;
            let raw = descriptor(*address, *bytes, flags, if more { next } else { 0 });
            self.ram.write(into + 16 * u64::from(index), &raw);
        }
        if indirect {
            let raw = descriptor(table, 16 * parts.len() as u32, 4, 0);
            self.ram.write(ring.addresses[0] + 16 * u64::from(head), &raw);
        }
        ring.next = (head + if indirect { 1 } else { parts.len() as u16 }) % ring.size;
        self.publish(queue, head);
        head
    }

    /// Puts a head into the available ring.
    pub(crate) fn publish(&mut self, queue: u16, head: u16) {
        let ring = &mut self.rings[usize::from(queue)];
        let slot = ring.addresses[1] + 4 + 2 * u64::from(ring.available % ring.size);
        self.ram.write(slot, &head.to_le_bytes());
        ring.available = ring.available.wrapping_add(1);
        self.ram.write(ring.addresses[1] + 2, &ring.available.to_le_bytes());
    }

    /// Asks for an interrupt at the completion that comes after `behind` more.
    pub(crate) fn used_event(&mut self, queue: u16, behind: u16) {
        let ring = &self.rings[usize::from(queue)];
        let at = ring.addresses[1] + 4 + 2 * u64::from(ring.size);
        self.ram.write(at, &ring.seen.wrapping_add(behind).to_le_bytes());
    }

    /// What has come back: ids and lengths.
    pub(crate) fn used(&mut self, queue: u16) -> Vec<(u32, u32)> {
        let ring = &mut self.rings[usize::from(queue)];
        let index = u16::from_le_bytes(read(&self.ram, ring.addresses[2] + 2));
        let mut used = Vec::new();
        while ring.seen != index {
            let at = ring.addresses[2] + 4 + 8 * u64::from(ring.seen % ring.size);
            used.push((u32::from_le_bytes(read(&self.ram, at)), u32::from_le_bytes(read(&self.ram, at + 4))));
            ring.seen = ring.seen.wrapping_add(1);
        }
        used
    }

    /// Sends a request of these words; what was answered, if anything was.
    pub(crate) fn request(&mut self, words: &[u32], room: u32) -> Option<Vec<u8>> {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let (request, answer) = (self.allocate(bytes.len()), self.allocate(room as usize));
        self.ram.write(request, &bytes);
        self.add(wire::QUEUE_CONTROL, &[(request, bytes.len() as u32, false), (answer, room, true)]);
        self.kick(wire::QUEUE_CONTROL);
        let used = self.used(wire::QUEUE_CONTROL);
        let (_, length) = used.first()?;
        let mut reply = vec![0; *length as usize];
        self.ram.read(answer, &mut reply);
        Some(reply)
    }

    /// The status of a request.
    pub(crate) fn command(&mut self, words: &[u32]) -> u32 {
        let reply = self.request(words, 4).expect("an answer");
        u32::from_le_bytes(reply[..4].try_into().expect("four bytes"))
    }

    /// SET_PARAMS for S16, two channels, 48 kHz.
    pub(crate) fn params(&mut self, stream: u32, buffer: u32, period: u32) -> u32 {
        let format = 2 | u32::from(wire::FMT_S16) << 8 | 7 << 16;
        self.command(&[wire::R_PCM_SET_PARAMS, stream, buffer, period, 0, format])
    }

    /// SET_PARAMS and PREPARE.
    pub(crate) fn prepare(&mut self, stream: u32, buffer: u32, period: u32) {
        assert_eq!(self.params(stream, buffer, period), wire::S_OK);
        assert_eq!(self.command(&[wire::R_PCM_PREPARE, stream]), wire::S_OK);
    }

    /// Queues sound, without a kick; where its bytes and its status are.
    pub(crate) fn play(&mut self, stream: u32, sound: &[u8]) -> (u64, u64) {
        let [header, data, status] = [4, sound.len(), 8].map(|bytes| self.allocate(bytes));
        self.ram.write(header, &stream.to_le_bytes());
        self.ram.write(data, sound);
        let half = sound.len() as u32 / 2;
        let parts = [
            (header, 4, false),
            (data, half, false),
            (data + u64::from(half), sound.len() as u32 - half, false),
            (status, 8, true),
        ];
        self.add(wire::QUEUE_TX, &parts);
        (data, status)
    }

    /// Queues room for sound, without a kick; where it is.
    pub(crate) fn record(&mut self, stream: u32, bytes: u32) -> u64 {
        let [header, data] = [4, bytes as usize + 8].map(|bytes| self.allocate(bytes));
        self.ram.write(header, &stream.to_le_bytes());
        let parts = [(header, 4, false), (data, bytes, true), (data + u64::from(bytes), 8, true)];
        self.add(wire::QUEUE_RX, &parts);
        data
    }

    pub(crate) fn words(&self, at: u64) -> [u32; 2] {
        [at, at + 4].map(|at| u32::from_le_bytes(read(&self.ram, at)))
    }

    pub(crate) fn advance(&mut self, microseconds: u64) {
        let target = self.hardware.now() + microseconds * 1_000;
        self.hardware.advance_to(target).expect("time");
    }

    /// No complaint, or the first.
    #[track_caller]
    pub(crate) fn is_content(&self) {
        assert_eq!(self.handle.complaints(), Vec::<String>::new());
    }

    /// That a complaint with these words is the only one.
    #[track_caller]
    pub(crate) fn complains(&self, words: &str) {
        let complaints = self.handle.complaints();
        assert!(complaints.len() == 1 && complaints[0].contains(words), "{words}: {complaints:?}");
    }
}

/// A descriptor as it lies in memory.
pub(crate) fn descriptor(address: u64, bytes: u32, flags: u16, next: u16) -> Vec<u8> {
    let mut raw = address.to_le_bytes().to_vec();
    raw.extend(bytes.to_le_bytes());
    raw.extend(flags.to_le_bytes());
    raw.extend(next.to_le_bytes());
    raw
}

fn read<const N: usize>(ram: &Ram, at: u64) -> [u8; N] {
    let mut bytes = [0; N];
    ram.read(at, &mut bytes);
    bytes
}

fn config(hardware: &mut VirtioSnd, offset: u16, width: Width) -> u32 {
    hardware.read_config(offset, width).expect("configuration space")
}

/// Sound that is nowhere the same for long.
pub(crate) fn noise(bytes: usize, seed: u8) -> Vec<u8> {
    (0..bytes).map(|at| (at as u8).wrapping_mul(31).wrapping_add(seed) ^ (at >> 8) as u8 | 1).collect()
}
