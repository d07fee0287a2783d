//! QEMU's virtio sound device, driven by a driver of a few lines: messages, channels, ticks, and what is recorded.

use std::error::Error;
use std::sync::Arc;

use waverust_rig::pci::Hardware;
use waverust_rig::pci::HardwareError;
use waverust_rig::pci::MessageTable;
use waverust_rig::pci::Ram;
use waverust_rig::pci::Space;
use waverust_rig::pci::Width;
use waverust_rig::pci::notify_area;
use waverust_rig::pci::qemu::Capture;
use waverust_rig::pci::qemu::Device;
use waverust_rig::pci::qemu::Options;
use waverust_rig::pci::qemu::Qemu;
use waverust_rig::pci::qemu::SampleFormat;

type TestResult = Result<(), Box<dyn Error>>;

const CONTROL: usize = 0;
const TX: usize = 2;
const RX: usize = 3;
const QUEUE_SIZE: u64 = 64;

const SET_PARAMS: u32 = 0x101;
const PREPARE: u32 = 0x102;
const RELEASE: u32 = 0x103;
const START: u32 = 0x104;
const STOP: u32 = 0x105;
const OK: u32 = 0x8000;

/// Message of the configuration, and of all queues.
const VECTOR: u16 = 1;

/// The driver and its machine. Rings, in the order of the queues, lie a page apart from each other.
struct Guest {
    machine: Qemu,
    ram: Arc<Ram>,
    registers: u64,
    notify: u64,
    table: Option<MessageTable>,
    available: [u16; 4],
    used: [u16; 4],
}

impl Guest {
    fn open(options: &Options) -> Result<Self, HardwareError> {
        let mut machine = Qemu::open(options)?;
        let table = MessageTable::find(&mut machine)?;
        let notify = notify_area(&mut machine)?.expect("a notify area").start;
        let bar = machine.resources().bars.iter().find(|bar| bar.index == 4).copied().expect("a range");
        assert_eq!((bar.space, bar.length), (Space::Memory { prefetchable: true }, 0x4000));
        let ram = machine.ram().clone();
        let mut guest =
            Self { machine, ram, registers: bar.base, notify, table, available: [0; 4], used: [0; 4] };
        guest.start()?;
        Ok(guest)
    }

    fn start(&mut self) -> Result<(), HardwareError> {
        if let Some(table) = self.table {
            table.enable(&mut self.machine, table.entries())?;
            for vector in 0..table.entries() {
                table.mask(&mut self.machine, vector, false)?;
            }
        }
        for status in [0, 1, 3] {
            self.write(0x14, Width::Byte, status)?;
        }
        // VERSION_1 alone.
        for (select, features) in [(0, 0), (1, 1)] {
            self.write(8, Width::Dword, select)?;
            self.write(12, Width::Dword, features)?;
        }
        self.write(0x14, Width::Byte, 0xB)?;
        for queue in 0..4_usize {
            self.write(0x16, Width::Word, queue as u64)?;
            self.write(0x1A, Width::Word, u64::from(VECTOR))?;
            for (register, address) in [(0x20, 0), (0x28, 0x1000), (0x30, 0x2000)] {
                self.write(register, Width::Dword, Self::ring(queue) + address)?;
                self.write(register + 4, Width::Dword, 0)?;
            }
            self.write(0x1C, Width::Word, 1)?;
        }
        self.write(0x14, Width::Byte, 0xF)
    }

    fn ring(queue: usize) -> u64 {
        0x10_0000 + 0x3000 * queue as u64
    }

    fn write(&mut self, register: u64, width: Width, value: u64) -> Result<(), HardwareError> {
        self.machine.write_memory(self.registers + register, width, value)
    }

    /// Makes a chain of up to four parts (address, bytes, whether the device writes) available and kicks.
    fn post(&mut self, queue: usize, parts: &[(u64, u32, bool)]) -> Result<(), HardwareError> {
        let ring = Self::ring(queue);
        let first = u64::from(self.available[queue]) * 4 % QUEUE_SIZE;
        for (number, (address, bytes, writable)) in parts.iter().enumerate() {
            let more = number + 1 < parts.len();
            let at = ring + 16 * (first + number as u64);
            self.ram.write(at, &address.to_le_bytes());
            self.ram.write(at + 8, &bytes.to_le_bytes());
            let flags = u16::from(more) | u16::from(*writable) << 1;
            self.ram.write(at + 12, &flags.to_le_bytes());
            self.ram.write(at + 14, &(first as u16 + number as u16 + 1).to_le_bytes());
        }
        let slot = ring + 0x1000 + 4 + 2 * (u64::from(self.available[queue]) % QUEUE_SIZE);
        self.ram.write(slot, &(first as u16).to_le_bytes());
        self.available[queue] = self.available[queue].wrapping_add(1);
        self.ram.write(ring + 0x1002, &self.available[queue].to_le_bytes());
        self.machine.write_memory(self.notify + 4 * queue as u64, Width::Word, queue as u64)
    }

    /// Chains that have come back since this was last asked.
    fn done(&mut self, queue: usize) -> u16 {
        let mut index = [0; 2];
        self.ram.read(Self::ring(queue) + 0x2002, &mut index);
        let index = u16::from_le_bytes(index);
        index.wrapping_sub(std::mem::replace(&mut self.used[queue], index))
    }

    fn command(&mut self, words: &[u32]) -> Result<u32, HardwareError> {
        const REQUEST: u64 = 0x12_0000;
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        self.ram.write(REQUEST, &bytes);
        self.post(CONTROL, &[(REQUEST, bytes.len() as u32, false), (REQUEST + 64, 4, true)])?;
        assert_eq!(self.done(CONTROL), 1, "an answer at once");
        let mut status = [0; 4];
        self.ram.read(REQUEST + 64, &mut status);
        Ok(u32::from_le_bytes(status))
    }

    fn begin(&mut self, stream: u32, format: Format, period: u32) -> Result<(), HardwareError> {
        let (channels, sample) = (u32::from(format.channels), format.code());
        let params = [SET_PARAMS, stream, 2 * period, period, 0, channels | sample << 8 | 7 << 16];
        assert_eq!(self.command(&params)?, OK);
        assert_eq!(self.command(&[PREPARE, stream])?, OK);
        Ok(())
    }
}

#[derive(Clone, Copy, Debug)]
struct Format {
    sample: SampleFormat,
    channels: u8,
    tick_us: u32,
}

impl Format {
    fn frame(self) -> usize {
        usize::from(self.channels) * self.sample.bytes()
    }

    /// `VIRTIO_SND_PCM_FMT_...`.
    fn code(self) -> u32 {
        match self.sample {
            SampleFormat::S16 => 5,
            SampleFormat::S32 => 17,
            SampleFormat::F32 => 19,
        }
    }

    /// Noise. Of one channel it is at most half as loud as it could be, with a last bit of zero.
    fn noise(self, frames: usize) -> Vec<u8> {
        let mut state = 0x2545_f491_u32;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state
        };
        let modest = self.channels == 1;
        let sample = |word: u32| match self.sample {
            SampleFormat::S16 if modest => ((word as i16 >> 1) & !1).to_le_bytes().to_vec(),
            SampleFormat::S16 => (word as i16).to_le_bytes().to_vec(),
            SampleFormat::S32 if modest => ((word as i32 >> 1) & !1).to_le_bytes().to_vec(),
            SampleFormat::S32 => word.to_le_bytes().to_vec(),
            SampleFormat::F32 => ((word >> 9) as f32 / 8_388_608.0 - 0.5).to_le_bytes().to_vec(),
        };
        (0..frames * usize::from(self.channels)).flat_map(|_| sample(next())).collect()
    }

    fn options(self) -> Options {
        Options {
            format: self.sample,
            channels: self.channels,
            tick_us: self.tick_us,
            ..Options::new(Device::VirtioSnd)
        }
    }
}

/// Where a buffer of number `n` is: 4 bytes of header, 8 of status, the sound.
fn buffer(number: u64, bytes: u64) -> [u64; 3] {
    let at = 0x20_0000 + number % 16 * (bytes + 64).next_multiple_of(64);
    [at, at + 16, at + 64]
}

/// Plays noise; what came out, from the first byte that is not zero.
fn play(format: Format, period_frames: usize, periods: usize) -> Result<(Vec<u8>, Vec<u8>), Box<dyn Error>> {
    let sound = format.noise(period_frames * periods);
    let period = (period_frames * format.frame()) as u32;
    let mut guest = Guest::open(&format.options())?;
    guest.begin(0, format, period)?;
    let (mut posted, mut finished, mut heard) = (0_u64, 0_u64, Vec::new());
    let mut started = false;
    while finished < periods as u64 {
        while posted < periods as u64 && posted < finished + 8 {
            let [header, status, data] = buffer(posted, period.into());
            guest.ram.write(header, &0_u32.to_le_bytes());
            let from = posted as usize * period as usize;
            guest.ram.write(data, &sound[from..from + period as usize]);
            guest.post(TX, &[(header, 4, false), (data, period, false), (status, 8, true)])?;
            posted += 1;
        }
        if !started {
            assert_eq!(guest.command(&[START, 0])?, OK);
            guest.machine.take_message(VECTOR);
            started = true;
        }
        let next = guest.machine.now() + u64::from(format.tick_us) * 1_000;
        assert!(next < 20_000_000_000, "{finished} of {periods} periods");
        guest.machine.advance_to(next)?;
        let done = guest.done(TX);
        assert_eq!(guest.machine.take_message(VECTOR), done > 0 && guest.table.is_some());
        finished += u64::from(done);
        heard.extend(guest.machine.played()?);
    }
    guest.machine.advance_to(guest.machine.now() + 50_000_000)?;
    assert_eq!((guest.command(&[STOP, 0])?, guest.command(&[RELEASE, 0])?), (OK, OK));
    heard.extend(guest.machine.finish()?);
    Ok((sound, heard))
}

/// Records; what was recorded, and the sound that went in.
fn record(
    format: Format,
    period_frames: usize,
    periods: usize,
) -> Result<(Vec<u8>, Vec<u8>), Box<dyn Error>> {
    let sound = format.noise(period_frames * (periods + 200));
    let period = (period_frames * format.frame()) as u32;
    let options = Options { capture: Capture::Sound(sound.clone().into()), ..format.options() };
    let mut guest = Guest::open(&options)?;
    guest.begin(1, format, period)?;
    let (mut posted, mut taken, mut recorded) = (0_u64, 0_u64, Vec::new());
    let mut started = false;
    while taken < periods as u64 {
        while posted < taken + 8 {
            let [header, status, data] = buffer(posted, period.into());
            guest.ram.write(header, &1_u32.to_le_bytes());
            guest.post(RX, &[(header, 4, false), (data, period, true), (status, 8, true)])?;
            posted += 1;
        }
        if !started {
            assert_eq!(guest.command(&[START, 1])?, OK);
            started = true;
        }
        let next = guest.machine.now() + u64::from(format.tick_us) * 1_000;
        assert!(next < 20_000_000_000, "{taken} of {periods} periods");
        guest.machine.advance_to(next)?;
        for _ in 0..guest.done(RX) {
            let mut bytes = vec![0; period as usize];
            guest.ram.read(buffer(taken, period.into())[2], &mut bytes);
            recorded.extend(bytes);
            taken += 1;
        }
    }
    assert_eq!((guest.command(&[STOP, 1])?, guest.command(&[RELEASE, 1])?), (OK, OK));
    guest.machine.finish()?;
    Ok((sound, recorded))
}

#[track_caller]
fn assert_exact(wanted: &[u8], found: &[u8], what: &str) {
    let differs = wanted.iter().zip(found).position(|(wanted, found)| wanted != found);
    assert_eq!(differs, None, "{what}: first difference at byte {differs:?}");
    assert!(found.len() >= wanted.len(), "{what}: {} of {} bytes", found.len(), wanted.len());
}

fn formats(ticks: &[u32]) -> Vec<Format> {
    let mut all = Vec::new();
    for sample in [SampleFormat::S16, SampleFormat::S32, SampleFormat::F32] {
        for channels in [1, 2] {
            all.extend(ticks.iter().map(|tick_us| Format { sample, channels, tick_us: *tick_us }));
        }
    }
    all
}

#[test]
fn sound_of_every_format_comes_out_bit_exactly() -> TestResult {
    for format in formats(&[10_000, 1_000]) {
        let (sound, heard) = play(format, 480, 50)?;
        assert_exact(&sound, &heard, &format!("{format:?}"));
    }
    Ok(())
}

#[test]
fn sound_of_every_format_is_recorded_bit_exactly() -> TestResult {
    for format in formats(&[10_000]) {
        let (sound, recorded) = record(format, 480, 50)?;
        let sound = &sound[..recorded.len()];
        assert_exact(&recorded, sound, &format!("{format:?}"));
    }
    Ok(())
}

#[test]
fn ticks_of_other_lengths_lose_nothing() -> TestResult {
    for tick_us in [20_000, 5_000, 2_667, 2_000] {
        let format = Format { sample: SampleFormat::S16, channels: 2, tick_us };
        let (sound, heard) = play(format, 128, 100)?;
        assert_exact(&sound, &heard, &format!("{format:?}"));
    }
    Ok(())
}

#[test]
fn a_function_has_as_many_messages_as_it_was_given() -> TestResult {
    for vectors in [0, 1, 2, 5] {
        let mut machine = Qemu::open(&Options { vectors, ..Options::new(Device::VirtioSnd) })?;
        let table = MessageTable::find(&mut machine)?;
        assert_eq!(table.map_or(0, |table| table.entries()), vectors);
        assert_eq!(machine.resources().interrupt, Some(21));
    }
    Ok(())
}
