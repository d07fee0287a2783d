//! A virtio sound device in this process: a second opinion beside QEMU's, strict where that one is lax, and as
//! difficult as its script says.
//!
//! ```text
//!   driver -- registers --> config, transport, msix        <-- script: what goes wrong, and when
//!      \--- memory -------> ring (rust-vmm's virtio-queue) -> sound: requests -> stream: state, messages, sound
//!                                                                                 ^ pace: steps, drift, jitter
//! ```
//!
//! It is written from the specification (sections in brackets are those of virtio 1.2), and shares nothing with the
//! driver. Whatever a driver does that the specification forbids is in [`Hardware::complaints`]; [`Handle`] is the way
//! in for those who open the machine and hand it over.

mod config;
mod device;
mod log;
mod memory;
mod message;
mod msix;
mod options;
mod pace;
mod registers;
mod ring;
mod script;
mod sound;
pub mod source;
mod stream;
mod text;
mod text_control;
mod transport;
mod trouble;
pub mod wire;

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

pub use device::Counts;
pub use log::Refusal;
pub use options::ChannelMap;
pub use options::Control;
pub use options::Layout;
pub use options::Options;
pub use options::Pace;
pub use options::Reading;
pub use options::Reset;
pub use options::Stream;
pub use script::Fault;
pub use script::What;
pub use script::When;
pub use stream::Params;
pub use stream::State;
pub use stream::Truth;
pub use text::parse;

use self::device::Device;
use self::memory::Memory;
use super::Hardware;
use super::HardwareError;
use super::Identity;
use super::Message;
use super::Ram;
use super::Resources;
use super::Result;
use super::Width;
use super::mailbox;

/// Global system interrupt of the line.
const INTERRUPT: u32 = 21;

/// The machine.
#[derive(Debug)]
pub struct VirtioSnd {
    device: Rc<RefCell<Device>>,
    ram: Arc<Ram>,
    resources: Resources,
    powered: bool,
}

impl VirtioSnd {
    /// Switches it on.
    ///
    /// # Errors
    /// No memory, or options that no device can have.
    pub fn open(options: Options) -> Result<Self> {
        check(&options)?;
        let ram = Arc::new(Ram::new(options.memory)?);
        let memory = Memory::new(&ram)?;
        let device = Device::new(options, memory, INTERRUPT as u8);
        let resources = Resources {
            bars: device.config.bars.clone(),
            bus: 0,
            device: 5,
            function: 0,
            interrupt: Some(INTERRUPT),
        };
        Ok(Self { device: Rc::new(RefCell::new(device)), ram, resources, powered: true })
    }

    /// The way in, for when the machine itself has been handed over.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle(self.device.clone())
    }
}

/// A device that a machine was made of.
#[derive(Clone, Debug)]
pub struct Handle(Rc<RefCell<Device>>);

impl Handle {
    /// What the device itself knows of a stream, now.
    #[must_use]
    pub fn truth(&self, stream: usize) -> Option<Truth> {
        let device = self.0.borrow();
        Some(device.sound.streams.get(stream)?.books(device.now, &device.options.pace))
    }

    /// State and parameters of a stream.
    #[must_use]
    pub fn stream(&self, stream: usize) -> Option<(State, Option<Params>)> {
        let device = self.0.borrow();
        device.sound.streams.get(stream).map(|stream| (stream.state, stream.params))
    }

    /// What a stream has played since this was last asked.
    #[must_use]
    pub fn heard(&self, stream: usize) -> Vec<u8> {
        let mut device = self.0.borrow_mut();
        device
            .sound
            .streams
            .get_mut(stream)
            .map(|stream| std::mem::take(&mut stream.heard))
            .unwrap_or_default()
    }

    /// Values of a control element.
    #[must_use]
    pub fn control(&self, control: usize) -> Vec<u32> {
        self.0.borrow().sound.controls.get(control).map(|control| control.values.clone()).unwrap_or_default()
    }

    /// What was counted.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let device = self.0.borrow();
        Counts { accesses: device.script.accesses(), ..device.counts }
    }

    /// Whether the driver has said that it is ready, and the device has not given up.
    #[must_use]
    pub fn is_live(&self) -> bool {
        self.0.borrow().transport.is_live()
    }

    /// The features that were negotiated.
    #[must_use]
    pub fn features(&self) -> u64 {
        self.0.borrow().transport.accepted
    }

    /// Chains of a queue that the device holds.
    #[must_use]
    pub fn held(&self, queue: u16) -> usize {
        self.0.borrow().transport.rings.get(usize::from(queue)).map_or(0, ring::Ring::held)
    }

    /// What the driver did that the specification forbids.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        self.0.borrow().log.complaints().to_vec()
    }

    /// Requests that the state of their stream did not allow.
    #[must_use]
    pub fn refused(&self) -> Vec<Refusal> {
        self.0.borrow().log.refused.clone()
    }

    /// Lets something go wrong at once.
    pub fn happen(&self, what: What) {
        let mut device = self.0.borrow_mut();
        device.happen(what);
        device.interrupt();
    }

    /// Adds to the script.
    pub fn plan(&self, fault: Fault) {
        self.0.borrow_mut().script.add(fault);
    }
}

fn check(options: &Options) -> Result<()> {
    let refuse = |what: &str, why: &str| Err(HardwareError::Request { what: what.into(), why: why.into() });
    if !options.queue_size.is_power_of_two() || options.queue_size > 1024 {
        return refuse("a queue of that size", "it must be a power of two up to 1024");
    }
    if options.vectors > mailbox::MESSAGE_COUNT {
        return refuse("a table of so many vectors", "there are 64 mailboxes");
    }
    if options.pace.step_ns < 100_000 || options.pace.jitter_ns >= options.pace.step_ns {
        return refuse("that pace", "a step has at least 100 us, and is late by less than a step");
    }
    if options.pace.drift_ppm.unsigned_abs() > 100_000 {
        return refuse("that drift", "it must be within 100000 ppm");
    }
    if options.streams.len() > 64 || options.predecessor > options.queue_size {
        return refuse(
            "so many streams or old messages",
            "64 streams, and no more messages than a queue holds",
        );
    }
    Ok(())
}

impl Hardware for VirtioSnd {
    fn identity(&self) -> Identity {
        Identity {
            vendor: wire::VENDOR,
            device: wire::DEVICE,
            subsystem_vendor: wire::VENDOR,
            subsystem: 0x1100,
            revision: 1,
            class: 0x04_0100,
        }
    }

    fn resources(&self) -> &Resources {
        &self.resources
    }

    fn ram(&self) -> &Arc<Ram> {
        &self.ram
    }

    fn read_config(&mut self, offset: u16, width: Width) -> Result<u32> {
        Ok(self.device.borrow_mut().read_config(offset, width))
    }

    fn write_config(&mut self, offset: u16, width: Width, value: u32) -> Result<()> {
        self.device.borrow_mut().write_config(offset, width, value);
        Ok(())
    }

    fn read_port(&mut self, _port: u16, width: Width) -> Result<u32> {
        Ok(width.all_ones() as u32)
    }

    fn write_port(&mut self, _port: u16, _width: Width, _value: u32) -> Result<()> {
        Ok(())
    }

    fn read_memory(&mut self, address: u64, width: Width) -> Result<u64> {
        if !self.powered {
            return Ok(width.all_ones());
        }
        Ok(self.device.borrow_mut().read_register(address, width))
    }

    fn write_memory(&mut self, address: u64, width: Width, value: u64) -> Result<()> {
        if self.powered {
            self.device.borrow_mut().write_register(address, width, value);
        }
        Ok(())
    }

    fn now(&self) -> u64 {
        self.device.borrow().now
    }

    fn advance_to(&mut self, nanoseconds: u64) -> Result<u64> {
        let mut device = self.device.borrow_mut();
        device.advance(nanoseconds);
        Ok(device.now)
    }

    fn next_due(&self) -> Option<u64> {
        self.device.borrow().next_due()
    }

    fn interrupt_line(&self) -> bool {
        self.powered && self.device.borrow().line()
    }

    fn message(&self, vector: u16) -> Option<Message> {
        mailbox::message(vector)
    }

    fn take_message(&mut self, vector: u16) -> bool {
        mailbox::take(&self.ram, vector)
    }

    fn set_power(&mut self, on: bool) -> Result<()> {
        if on && !self.powered {
            self.device.borrow_mut().reset();
        }
        self.powered = on;
        Ok(())
    }

    /// It stays where it is, as a function may whose neighbours are moved.
    fn relocate(&mut self) -> Result<()> {
        Ok(())
    }

    fn remove(&mut self) -> Result<()> {
        self.device.borrow_mut().happen(What::Remove);
        Ok(())
    }

    fn played(&mut self) -> Result<Vec<u8>> {
        let mut device = self.device.borrow_mut();
        let first = device.sound.outputs().next();
        Ok(first.map(|stream| std::mem::take(&mut stream.heard)).unwrap_or_default())
    }

    fn played_behind(&mut self) -> Vec<Vec<u8>> {
        let mut device = self.device.borrow_mut();
        device.sound.outputs().skip(1).map(|stream| std::mem::take(&mut stream.heard)).collect()
    }

    fn finish(&mut self) -> Result<Vec<u8>> {
        self.played()
    }

    fn is_gone(&self) -> Option<bool> {
        let device = self.device.borrow();
        let planned = device.options.faults.iter().any(|fault| fault.what == What::Remove);
        planned.then_some(device.removed)
    }

    fn sample_clock(&self, is_output: bool, nth: usize, nanoseconds: u64) -> Option<f64> {
        let device = self.device.borrow();
        let mut streams = device.sound.streams.iter().filter(|stream| stream.options.is_output == is_output);
        let stream = streams.nth(nth).filter(|_| device.options.tells_clock)?;
        Some(stream.exact_clock(nanoseconds, &device.options.pace))
    }

    fn largest_transfer(&self, is_output: bool) -> u64 {
        let device = self.device.borrow();
        let streams = device.sound.streams.iter().filter(|stream| stream.options.is_output == is_output);
        streams.map(|stream| stream.truth.largest).max().unwrap_or(0)
    }

    fn complaints(&self) -> Vec<String> {
        self.handle().complaints()
    }
}
