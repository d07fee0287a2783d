//! The emulated machine, driven by hand: an AC'97 function programmed register by register, as a driver would.

use std::error::Error;

use waverust_rig::pci::{
    Hardware, HardwareError, Width,
    qemu::{Device, Options, Qemu},
};

type TestResult = Result<(), Box<dyn Error>>;

const MS: u64 = 1_000_000;

/// Descriptor list and sound in guest memory.
const LIST: u64 = 0x20_0000;
const SOUND: u64 = 0x21_0000;

const FRAMES_PER_DESCRIPTOR: usize = 960;
const DESCRIPTORS: usize = 30;
const FRAME: usize = 4;

const RESET: u16 = 0x00;
const MASTER_VOLUME: u16 = 0x02;
const PCM_OUT_VOLUME: u16 = 0x18;

/// The PCM OUT box in the bus master ports.
const BDBAR: u16 = 0x10;
const CIV: u16 = 0x14;
const LVI: u16 = 0x15;
const SR: u16 = 0x16;
const PICB: u16 = 0x18;
const PIV: u16 = 0x1a;
const CR: u16 = 0x1b;
const GLOB_CNT: u16 = 0x2c;

const SR_HALTED: u32 = 1 << 0;
const SR_LAST: u32 = 1 << 1;
const SR_LVBCI: u32 = 1 << 2;
const SR_BCIS: u32 = 1 << 3;
const SR_CLEAR: u32 = 0x1c;
const CR_RUN: u32 = 1 << 0;
const CR_RESET: u32 = 1 << 1;
const CR_INTERRUPTS: u32 = 1 << 4;
const IOC: u16 = 1 << 15;

/// A machine with AC'97 and the little of a driver that these tests need.
struct Ac97 {
    machine: Qemu,
    mixer: u16,
    master: u16,
}

impl Ac97 {
    fn open(tick_us: u32) -> Result<Self, HardwareError> {
        let machine = Qemu::open(&Options { tick_us, ..Options::new(Device::Ac97) })?;
        let bars = &machine.resources().bars;
        let (mixer, master) = (bars[0].base as u16, bars[1].base as u16);
        let mut ac97 = Self { machine, mixer, master };
        ac97.write(GLOB_CNT, Width::Dword, 2)?;
        for register in [RESET, MASTER_VOLUME, PCM_OUT_VOLUME] {
            ac97.machine.write_port(ac97.mixer + register, Width::Word, 0)?;
        }
        Ok(ac97)
    }

    fn read(&mut self, register: u16, width: Width) -> Result<u32, HardwareError> {
        self.machine.read_port(self.master + register, width)
    }

    fn write(&mut self, register: u16, width: Width, value: u32) -> Result<(), HardwareError> {
        self.machine.write_port(self.master + register, width, value)
    }

    /// Lays `sound` and its descriptors into memory; an interrupt after each.
    fn prepare(&mut self, sound: &[u8]) -> Result<(), HardwareError> {
        let ram = self.machine.ram();
        ram.write(SOUND, sound);
        for (index, part) in sound.chunks(FRAMES_PER_DESCRIPTOR * FRAME).enumerate() {
            let address = SOUND as u32 + (index * FRAMES_PER_DESCRIPTOR * FRAME) as u32;
            let mut descriptor = address.to_le_bytes().to_vec();
            descriptor.extend((part.len() as u16 / 2).to_le_bytes());
            descriptor.extend(IOC.to_le_bytes());
            ram.write(LIST + 8 * index as u64, &descriptor);
        }
        let last = sound.len().div_ceil(FRAMES_PER_DESCRIPTOR * FRAME) as u32 - 1;
        self.write(CR, Width::Byte, CR_RESET)?;
        self.write(BDBAR, Width::Dword, LIST as u32)?;
        self.write(LVI, Width::Byte, last)
    }

    fn start(&mut self) -> Result<(), HardwareError> {
        self.write(CR, Width::Byte, CR_RUN | CR_INTERRUPTS)
    }
}

/// Noise that no part of which repeats soon.
fn noise(frames: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_u32;
    let mut byte = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        (state >> 16) as u8
    };
    (0..frames * FRAME).map(|_| byte()).collect()
}

fn plays_bit_exactly(tick_us: u32) -> TestResult {
    let sound = noise(DESCRIPTORS * FRAMES_PER_DESCRIPTOR);
    let mut ac97 = Ac97::open(tick_us)?;
    ac97.prepare(&sound)?;
    ac97.start()?;
    let mut heard = Vec::new();
    let mut interrupts = 0;
    while heard.len() < sound.len() {
        let next = ac97.machine.now() + u64::from(tick_us) * 1_000;
        assert!(next < 1_000 * MS, "only {} of {} bytes came out", heard.len(), sound.len());
        ac97.machine.advance_to(next)?;
        if ac97.machine.interrupt_line() {
            interrupts += 1;
            ac97.write(SR, Width::Word, SR_CLEAR)?;
        }
        heard.extend(ac97.machine.played()?);
    }
    heard.extend(ac97.machine.finish()?);
    assert!(heard.starts_with(&sound), "other sound came out than went in");
    assert!(heard[sound.len()..].iter().all(|&byte| byte == 0), "sound after the end");
    assert_eq!(interrupts, DESCRIPTORS);
    Ok(())
}

#[test]
fn plays_bit_exactly_by_ticks_of_10_ms() -> TestResult {
    plays_bit_exactly(10_000)
}

#[test]
fn plays_bit_exactly_by_ticks_of_1_ms() -> TestResult {
    plays_bit_exactly(1_000)
}

#[test]
fn long_steps_lose_no_sound() -> TestResult {
    let sound = noise(DESCRIPTORS * FRAMES_PER_DESCRIPTOR);
    let mut ac97 = Ac97::open(1_000)?;
    ac97.prepare(&sound)?;
    ac97.start()?;
    let end = ac97.machine.advance_to(20_000 * MS)?;
    assert_eq!(end, 20_000 * MS + 10);
    assert!(ac97.machine.played()?.starts_with(&sound));
    Ok(())
}

#[test]
fn function_is_identified_and_has_its_ranges() -> TestResult {
    let mut ac97 = Ac97::open(10_000)?;
    let identity = ac97.machine.identity();
    assert_eq!((identity.vendor, identity.device, identity.class), (0x8086, 0x2415, 0x04_01_00));
    let lengths: Vec<_> = ac97.machine.resources().bars.iter().map(|bar| bar.length).collect();
    assert_eq!(lengths, [1024, 256]);
    assert_eq!(ac97.machine.resources().interrupt, Some(21));
    assert_eq!(ac97.machine.read_config(0, Width::Dword)?, 0x2415_8086);
    assert!(ac97.machine.read_config(1, Width::Dword).is_err());
    Ok(())
}

#[test]
fn interrupt_line_follows_the_function() -> TestResult {
    let mut ac97 = Ac97::open(10_000)?;
    ac97.prepare(&noise(4 * FRAMES_PER_DESCRIPTOR))?;
    ac97.start()?;
    assert!(!ac97.machine.interrupt_line());
    // The first descriptor is 20 ms long; nothing moves before the second tick.
    ac97.machine.advance_to(11 * MS)?;
    assert!(!ac97.machine.interrupt_line());
    ac97.machine.advance_to(21 * MS)?;
    assert!(ac97.machine.interrupt_line());
    assert_ne!(ac97.read(SR, Width::Word)? & SR_BCIS, 0);
    assert!(ac97.machine.interrupt_line());
    ac97.write(SR, Width::Word, SR_CLEAR)?;
    assert!(!ac97.machine.interrupt_line());
    Ok(())
}

/// What two dword reads tell of a stream: (CIV, LVI, SR) and (PICB, PIV, CR).
type Position = ([u32; 3], [u32; 3]);

impl Ac97 {
    fn position(&mut self) -> Result<Position, HardwareError> {
        let (low, high) = (self.read(CIV, Width::Dword)?, self.read(PICB, Width::Dword)?);
        let position =
            ([low & 0xff, low >> 8 & 0xff, low >> 16], [high & 0xffff, high >> 16 & 0xff, high >> 24]);
        // The same, register by register.
        let single = (
            [self.read(CIV, Width::Byte)?, self.read(LVI, Width::Byte)?, self.read(SR, Width::Word)?],
            [self.read(PICB, Width::Word)?, self.read(PIV, Width::Byte)?, self.read(CR, Width::Byte)?],
        );
        assert_eq!(position, single);
        Ok(position)
    }
}

#[test]
fn position_comes_in_two_dwords() -> TestResult {
    let mut ac97 = Ac97::open(10_000)?;
    ac97.prepare(&noise(2 * FRAMES_PER_DESCRIPTOR))?;
    assert_eq!(ac97.position()?, ([0, 1, SR_HALTED], [0, 0, 0]));
    ac97.start()?;
    let control = CR_RUN | CR_INTERRUPTS;
    let samples = 2 * FRAMES_PER_DESCRIPTOR as u32;
    assert_eq!(ac97.position()?, ([0, 1, 0], [samples, 1, control]));
    ac97.machine.advance_to(10 * MS)?;
    assert_eq!(ac97.position()?, ([0, 1, 0], [samples / 2, 1, control]));
    ac97.machine.advance_to(20 * MS)?;
    assert_eq!(ac97.position()?, ([1, 1, SR_BCIS], [samples, 2, control]));
    // The end of the list: nothing is left of the last descriptor, and PIV stays ahead of CIV.
    ac97.machine.advance_to(40 * MS)?;
    let ended = SR_HALTED | SR_LAST | SR_LVBCI | SR_BCIS;
    assert_eq!(ac97.position()?, ([1, 1, ended], [0, 2, control]));
    // A write to LVI, be it the same value, resumes with the next descriptor at once.
    ac97.write(LVI, Width::Byte, 3)?;
    assert_eq!(ac97.position()?, ([2, 3, SR_LVBCI | SR_BCIS], [0, 3, control]));
    // A reset leaves the interrupt enable bits alone.
    ac97.write(CR, Width::Byte, CR_RESET)?;
    assert_eq!(ac97.position()?, ([0, 0, SR_HALTED], [0, 0, CR_INTERRUPTS]));
    Ok(())
}

#[test]
fn removed_function_answers_all_ones() -> TestResult {
    let mut ac97 = Ac97::open(10_000)?;
    ac97.prepare(&noise(DESCRIPTORS * FRAMES_PER_DESCRIPTOR))?;
    ac97.start()?;
    ac97.machine.advance_to(45 * MS)?;
    assert!(ac97.machine.interrupt_line());
    ac97.machine.remove()?;
    assert!(!ac97.machine.interrupt_line());
    assert_eq!(ac97.machine.read_config(0, Width::Dword)?, u32::MAX);
    assert_eq!(ac97.read(CIV, Width::Byte)?, 0xff);
    assert_eq!(ac97.read(SR, Width::Word)?, 0xffff);
    assert_eq!(ac97.read(GLOB_CNT, Width::Dword)?, u32::MAX);
    ac97.write(CR, Width::Byte, CR_RESET)?;
    ac97.machine.write_config(4, Width::Word, 7)?;
    // Time goes on, but nothing is played any more.
    ac97.machine.played()?;
    assert_eq!(ac97.machine.advance_to(100 * MS)?, 100 * MS + 10);
    assert!(ac97.machine.played()?.is_empty());
    ac97.machine.finish()?;
    Ok(())
}

#[test]
fn undecoded_addresses_answer_all_ones() -> TestResult {
    let mut ac97 = Ac97::open(10_000)?;
    ac97.prepare(&noise(1))?;
    assert_eq!(ac97.machine.read_memory(0xe000_0000, Width::Qword)?, u64::MAX);
    assert_eq!(ac97.machine.read_port(0x80, Width::Byte)?, 0xff);
    assert_eq!(ac97.read(BDBAR, Width::Dword)?, LIST as u32);
    ac97.machine.write_config(4, Width::Word, 0)?;
    assert_eq!(ac97.read(BDBAR, Width::Dword)?, u32::MAX);
    ac97.machine.write_config(4, Width::Word, 5)?;
    assert_eq!(ac97.read(BDBAR, Width::Dword)?, LIST as u32);
    Ok(())
}

#[test]
fn clock_stands_still_between_advances() -> TestResult {
    let mut ac97 = Ac97::open(1_000)?;
    ac97.prepare(&noise(DESCRIPTORS * FRAMES_PER_DESCRIPTOR))?;
    ac97.start()?;
    assert_eq!(ac97.machine.advance_to(5 * MS)?, 5 * MS + 10);
    let position = ac97.read(CIV, Width::Dword)?;
    let heard = ac97.machine.played()?.len();
    std::thread::sleep(std::time::Duration::from_millis(50));
    assert_eq!(ac97.machine.now(), 5 * MS + 10);
    assert_eq!(ac97.read(CIV, Width::Dword)?, position);
    assert_eq!(ac97.machine.played()?.len(), 0);
    assert!(heard > 0);
    // An instant that is not in the future changes nothing; the shortest future does.
    assert_eq!(ac97.machine.advance_to(3 * MS)?, 5 * MS + 10);
    assert_eq!(ac97.machine.advance_to(5 * MS + 11)?, 5 * MS + 30);
    Ok(())
}

#[test]
fn equal_runs_have_equal_traces() -> TestResult {
    let run = || -> Result<Vec<(u64, u32, u32, bool)>, HardwareError> {
        let mut ac97 = Ac97::open(1_000)?;
        ac97.prepare(&noise(DESCRIPTORS * FRAMES_PER_DESCRIPTOR))?;
        ac97.start()?;
        let mut trace = Vec::new();
        // Steps of every length, on ticks and between them.
        for step in (1..200_u64).map(|step| step * 7_919_000 % 5_000_000) {
            let now = ac97.machine.advance_to(ac97.machine.now() + step)?;
            let position = (ac97.read(CIV, Width::Dword)?, ac97.read(PICB, Width::Dword)?);
            trace.push((now, position.0, position.1, ac97.machine.interrupt_line()));
            ac97.write(SR, Width::Word, SR_CLEAR)?;
        }
        Ok(trace)
    };
    let trace = run()?;
    assert!(trace.iter().any(|entry| entry.3));
    assert_eq!(trace, run()?);
    Ok(())
}

#[test]
fn missing_program_and_dying_program_are_told_apart() -> TestResult {
    let missing = Options { program: "/nonexistent/qemu".into(), ..Options::new(Device::Ac97) };
    let error = Qemu::open(&missing).unwrap_err();
    assert!(matches!(error, HardwareError::NotInstalled { .. }), "{error}");
    assert!(error.to_string().contains("install"));
    // `ls` knows none of the options: it ends, and says why.
    let wrong = Options { program: "/bin/ls".into(), ..Options::new(Device::Ac97) };
    let error = Qemu::open(&wrong).unwrap_err().to_string();
    assert!(error.contains("ended while") && error.contains("option"), "{error}");
    Ok(())
}
