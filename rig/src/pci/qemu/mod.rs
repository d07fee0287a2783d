//! A sound function of stock QEMU, driven register by register from outside.
//!
//! No guest runs: the rig is firmware, operating system and clock. Guest memory is shared, so that DMA is real.

mod channel;
mod machine;
mod options;
mod power;
mod process;
mod processor;
mod qmp;
mod qtest;
mod sound;
mod timebase;

use std::{io::Write, os::fd::OwnedFd, rc::Rc, sync::Arc};

use serde_json::json;

pub use options::{Capture, Device, Options, SampleFormat};

use self::{
    channel::{Channel, pair},
    machine::{COMMAND, COMMAND_IO, COMMAND_MEMORY, PANIC_SLOT, SOUND_SLOT},
    process::{Process, inherited_path},
    processor::OneProcessor,
    qmp::Qmp,
    qtest::Qtest,
    sound::{Sound, audio_device},
    timebase::TimeBase,
};
use super::{
    Hardware, HardwareError, Identity, Message, Ram, Resources, Result, Space, Width, mailbox,
    ram::memory_file, wiretap::WireTap,
};

/// `cli; hlt; jmp` back to the `hlt`, where the processor begins: 16 bytes below the end of the firmware.
const RESET_CODE: [u8; 4] = [0xfa, 0xf4, 0xeb, 0xfd];
const FIRMWARE_SIZE: usize = 1 << 16;

/// Name of the sound function in QEMU's object tree.
const SOUND_PATH: &str = "/machine/peripheral/function";

/// Stock QEMU with one sound function.
#[derive(Debug)]
pub struct Qemu {
    qtest: Qtest,
    qmp: Qmp,
    time: TimeBase,
    sound: Sound,
    process: Rc<Process>,
    _processor: Option<OneProcessor>,
    ram: Arc<Ram>,
    identity: Identity,
    resources: Resources,
    tap: Option<WireTap>,
    /// The COMMAND register as last written.
    command: u16,
    /// Times that the function was given other addresses.
    moves: u32,
    powered: bool,
    removed: bool,
    finished: bool,
}

impl Qemu {
    /// Switches a machine on: the function has its addresses and may use the bus, time stands at 0.
    ///
    /// The machine belongs to the calling thread: it shares a processor with it, and ends with it.
    ///
    /// # Errors
    /// QEMU is not installed, too old, lacks the device or the sound plugin, or does not do as it should.
    pub fn open(options: &Options) -> Result<Self> {
        check(options)?;
        let ram = Arc::new(Ram::new(options.memory)?);
        let (sound, sound_end) = Sound::new(options)?;
        let firmware = firmware()?;
        let ram_file = std::os::fd::AsFd::as_fd(&*ram)
            .try_clone_to_owned()
            .map_err(HardwareError::system("duplicating a descriptor"))?;
        let (qtest, qtest_end) = pair()?;
        let (monitor, monitor_end) = pair()?;
        let arguments = arguments(options, &ram_file, &firmware, &qtest_end, &monitor_end);
        let environment = [("ALSA_CONFIG_PATH", inherited_path(&sound_end.configuration))];
        let mut inherited =
            vec![&ram_file, &firmware, &qtest_end, &monitor_end, &sound_end.pipe, &sound_end.configuration];
        inherited.extend(&sound_end.capture);
        let processor = OneProcessor::settle();
        let process = Rc::new(Process::start(&options.program, &arguments, &environment, &inherited)?);
        // QEMU must hold the only other ends, or its death would go unnoticed.
        drop((qtest_end, monitor_end, sound_end));

        let qmp = Qmp::new(Channel::new(monitor, Rc::clone(&process)))?;
        check_version(qmp.version(), options.device)?;
        let mut qtest = Qtest::new(Channel::new(qtest, Rc::clone(&process)));
        qtest.intercept_interrupts()?;
        machine::place_panic_device(&mut qtest)?;
        let time = TimeBase::new(&mut qtest)?;
        let identity = machine::identify(&mut qtest)?;
        let resources = machine::assign(&mut qtest, 0)?;
        let command = machine::read_config(&mut qtest, SOUND_SLOT, COMMAND, Width::Word)? as u16;
        let mut machine = Self {
            qtest,
            qmp,
            time,
            sound,
            process,
            _processor: processor,
            ram,
            identity,
            resources,
            tap: None,
            command,
            moves: 0,
            powered: true,
            removed: false,
            finished: false,
        };
        machine.tap = WireTap::new(&mut machine)?;
        Ok(machine)
    }

    /// QEMU's version: major, minor, micro.
    #[must_use]
    pub fn version(&self) -> (u64, u64, u64) {
        self.qmp.version()
    }

    /// Whether the function answers `bytes` bytes at `address` of a space.
    fn decodes(&self, is_port: bool, address: u64, bytes: usize) -> bool {
        let enabled = if is_port { COMMAND_IO } else { COMMAND_MEMORY };
        !self.removed
            && self.powered
            && self.command & enabled != 0
            && self
                .resources
                .bars
                .iter()
                .any(|bar| (bar.space == Space::Port) == is_port && bar.holds(address, bytes))
    }
}

impl Hardware for Qemu {
    fn identity(&self) -> Identity {
        self.identity
    }

    fn resources(&self) -> &Resources {
        &self.resources
    }

    fn ram(&self) -> &Arc<Ram> {
        &self.ram
    }

    fn read_config(&mut self, offset: u16, width: Width) -> Result<u32> {
        check_config(offset, width)?;
        if self.removed {
            return Ok(width.all_ones() as u32);
        }
        machine::read_config(&mut self.qtest, SOUND_SLOT, offset, width)
    }

    fn write_config(&mut self, offset: u16, width: Width, value: u32) -> Result<()> {
        check_config(offset, width)?;
        if self.removed {
            return Ok(());
        }
        machine::write_config(&mut self.qtest, SOUND_SLOT, offset, width, value)?;
        if offset & !3 == COMMAND {
            let command = machine::read_config(&mut self.qtest, SOUND_SLOT, COMMAND, Width::Word)?;
            self.command = command as u16;
        }
        Ok(())
    }

    fn read_port(&mut self, port: u16, width: Width) -> Result<u32> {
        if self.decodes(true, port.into(), width.bytes()) {
            self.qtest.read_port(port, width)
        } else {
            Ok(width.all_ones() as u32)
        }
    }

    fn write_port(&mut self, port: u16, width: Width, value: u32) -> Result<()> {
        if self.decodes(true, port.into(), width.bytes()) {
            self.qtest.write_port(port, width, value)
        } else {
            Ok(())
        }
    }

    fn read_memory(&mut self, address: u64, width: Width) -> Result<u64> {
        if self.decodes(false, address, width.bytes()) {
            self.qtest.read_memory(address, width)
        } else {
            Ok(width.all_ones())
        }
    }

    fn write_memory(&mut self, address: u64, width: Width, value: u64) -> Result<()> {
        if self.decodes(false, address, width.bytes()) {
            self.tap.iter_mut().for_each(|tap| tap.wrote(address, width, value));
            self.qtest.write_memory(address, width, value)
        } else {
            Ok(())
        }
    }

    fn now(&self) -> u64 {
        self.time.now()
    }

    fn advance_to(&mut self, nanoseconds: u64) -> Result<u64> {
        while self.now() < nanoseconds {
            let next = nanoseconds.min(self.now() + self.sound.longest_step());
            self.time.advance_to(&mut self.qtest, &mut self.qmp, next)?;
            self.sound.listen()?;
        }
        Ok(self.now())
    }

    fn interrupt_line(&self) -> bool {
        !self.removed
            && self.powered
            && self.resources.interrupt.is_some_and(|number| self.qtest.line(number))
    }

    fn message(&self, vector: u16) -> Option<Message> {
        mailbox::message(vector)
    }

    fn take_message(&mut self, vector: u16) -> bool {
        mailbox::take(&self.ram, vector)
    }

    fn set_power(&mut self, on: bool) -> Result<()> {
        if on { self.switch_on() } else { self.switch_off() }
    }

    fn relocate(&mut self) -> Result<()> {
        self.move_on()
    }

    fn remove(&mut self) -> Result<()> {
        if !self.removed {
            let gone = json!({ "path": SOUND_PATH, "property": "realized", "value": false });
            self.qmp.execute("qom-set", &gone)?;
            self.removed = true;
        }
        Ok(())
    }

    fn largest_transfer(&self, is_output: bool) -> u64 {
        self.tap.as_ref().map_or(0, |tap| tap.largest(is_output))
    }

    fn played(&mut self) -> Result<Vec<u8>> {
        self.sound.listen()?;
        Ok(self.sound.take())
    }

    fn finish(&mut self) -> Result<Vec<u8>> {
        if !self.finished {
            self.finished = true;
            self.qmp.execute("quit", &json!({}))?;
            self.process.finish()?;
        }
        self.played()
    }
}

/// The firmware: nothing but the code with which the processor goes to sleep.
fn firmware() -> Result<OwnedFd> {
    let mut image = vec![0; FIRMWARE_SIZE];
    image[FIRMWARE_SIZE - 16..][..RESET_CODE.len()].copy_from_slice(&RESET_CODE);
    let write = || {
        let mut file = std::fs::File::from(memory_file(c"firmware", 0)?);
        file.write_all(&image)?;
        Ok(OwnedFd::from(file))
    };
    write().map_err(HardwareError::system("writing the machine's firmware"))
}

fn arguments(
    options: &Options,
    ram: &OwnedFd,
    firmware: &OwnedFd,
    qtest: &OwnedFd,
    monitor: &OwnedFd,
) -> Vec<String> {
    use std::os::fd::AsRawFd;
    let (qtest, monitor) = (qtest.as_raw_fd(), monitor.as_raw_fd());
    let (size, model, model_options) = (options.memory, options.device.model(), options.model_options());
    let (ram, firmware) = (inherited_path(ram), inherited_path(firmware));
    let mut arguments: Vec<String> = Vec::new();
    let mut add = |words: &str| arguments.extend(words.split(' ').map(str::to_owned));
    add("-nodefaults -no-user-config -display none -S");
    add(&format!("-machine q35,pit=off,memory-backend=ram -m {size}B"));
    add(&format!("-object memory-backend-file,id=ram,size={size},mem-path={ram},share=on"));
    add("-accel tcg,thread=single -icount shift=0,sleep=off");
    add(&format!("-bios {firmware}"));
    add(&format!("-global hpet.msi=on -action panic=pause -device pvpanic-pci,addr={PANIC_SLOT:#x}"));
    add(&format!("-chardev socket,id=qtest,fd={qtest} -object qtest,id=qtest0,chardev=qtest,log=none"));
    add(&format!("-chardev socket,id=monitor,fd={monitor} -mon chardev=monitor,mode=control"));
    add(&format!("-audiodev {}", audio_device(options)));
    add(&format!("-device {model},id=function,audiodev=sound,addr={SOUND_SLOT:#x}{model_options}"));
    arguments
}

fn check(options: &Options) -> Result<()> {
    let refuse = |what: String, why: &str| Err(HardwareError::Request { what, why: why.into() });
    if !(1_000..=1_000_000).contains(&options.tick_us) {
        return refuse(format!("a tick of {} us", options.tick_us), "it must be 1000 to 1000000");
    }
    if !(4_000..=384_000).contains(&options.rate) {
        return refuse(format!("a rate of {} Hz", options.rate), "it must be 4000 to 384000");
    }
    if !(1..=2).contains(&options.channels) {
        return refuse(format!("{} channels", options.channels), "QEMU's mixer carries 1 or 2");
    }
    if !(1..=10).contains(&options.streams) {
        return refuse(format!("{} streams", options.streams), "there must be 1 to 10");
    }
    if !(2 << 20..=2 << 30).contains(&options.memory) {
        return refuse(format!("a guest memory of {} bytes", options.memory), "it must be 2 MiB to 2 GiB");
    }
    Ok(())
}

fn check_version((major, minor, micro): (u64, u64, u64), device: Device) -> Result<()> {
    let needed = device.needs();
    if (major, minor) >= needed {
        return Ok(());
    }
    Err(HardwareError::TooOld {
        found: format!("{major}.{minor}.{micro}"),
        needed: format!("{}.{}", needed.0, needed.1),
        device: device.model(),
    })
}

fn check_config(offset: u16, width: Width) -> Result<()> {
    if width <= Width::Dword && offset < 256 && usize::from(offset) % width.bytes() == 0 {
        return Ok(());
    }
    Err(HardwareError::Request {
        what: format!("an access of {} bytes at {offset:#x} of configuration space", width.bytes()),
        why: "it must be aligned, of 1, 2 or 4 bytes, and below 0x100".into(),
    })
}
