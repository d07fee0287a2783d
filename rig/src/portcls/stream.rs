//! A stream of the driver's, as its pin in PortCls holds it.

use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;

use portcls::raw::IMiniportWaveRTInputStream;
use portcls::raw::IMiniportWaveRTOutputStream;
use portcls::raw::IMiniportWaveRTStream;
use portcls::raw::IMiniportWaveRTStreamNotification;
use portcls::raw::KSAUDIO_POSITION;

use super::com::Reference;
use super::guarded::Guarded;
use super::port::Port;
use super::port_stream::PortStream;
use super::rules;
use super::serial::StreamLocks;
use super::theirs::Theirs;
use super::wavepci::Side;
use crate::nt::Kernel;
use crate::nt::abi::Mdl;
use crate::nt::abi::NtStatus;
use crate::nt::abi::Pointer;
use crate::nt::abi::STATUS_INVALID_DEVICE_REQUEST;
use crate::nt::abi::STATUS_SUCCESS;

/// `KSSTATE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KsState {
    /// `KSSTATE_STOP`.
    Stop,
    /// `KSSTATE_ACQUIRE`.
    Acquire,
    /// `KSSTATE_PAUSE`.
    Pause,
    /// `KSSTATE_RUN`.
    Run,
}

/// All of them, in order.
const STATES: [KsState; 4] = [KsState::Stop, KsState::Acquire, KsState::Pause, KsState::Run];

/// The interfaces of a stream; dropped, and so released, in this order.
pub(crate) struct Interfaces {
    pub(crate) input: Option<Theirs<IMiniportWaveRTInputStream>>,
    pub(crate) output: Option<Theirs<IMiniportWaveRTOutputStream>>,
    pub(crate) notification: Option<Theirs<IMiniportWaveRTStreamNotification>>,
    pub(crate) stream: Theirs<IMiniportWaveRTStream>,
    pub(crate) port_stream: Rc<PortStream>,
}

/// The driver's side of a pin, by the port through which it was opened.
#[derive(Clone)]
pub(crate) enum Opened {
    WaveRt(Rc<Interfaces>),
    WavePci(Rc<Side>),
}

impl Opened {
    /// Of a stream of the WaveRT port's. The other interfaces are asked of the stream object
    /// (portcls/nn-portcls-iminiportwavertstreamnotification, -inputstream, -outputstream).
    pub(crate) fn wavert(
        stream: Theirs<IMiniportWaveRTStream>,
        capture: bool,
        port_stream: Rc<PortStream>,
    ) -> Self {
        Self::WaveRt(Rc::new(Interfaces {
            notification: stream.query(),
            input: if capture { stream.query() } else { None },
            output: if capture { None } else { stream.query() },
            stream,
            port_stream,
        }))
    }
}

/// The buffer that the driver has allocated.
#[derive(Clone, Copy)]
pub(crate) struct Allocated {
    pub(crate) mdl: *mut Mdl,
    pub(crate) size: u32,
    pub(crate) with_notification: bool,
}

/// An open pin, from PortCls' side.
pub(crate) struct Stream {
    pub(crate) kernel: &'static Kernel,
    pub(crate) pin: u32,
    pub(crate) block_align: u32,
    theirs: RefCell<Option<Opened>>,
    state: Cell<KsState>,
    suspended: Cell<Option<KsState>>,
    pub(crate) allocated: Cell<Option<Allocated>>,
    events: RefCell<Vec<Pointer>>,
    /// The driver's allocator goes after its stream, the port after both.
    references: RefCell<Vec<Reference>>,
    port: Rc<Port>,
    pub(crate) locks: StreamLocks,
}

impl Stream {
    /// What `NewStream` made. `references` keep the allocator and the port, in the order of their release.
    pub(crate) fn new(
        kernel: &'static Kernel,
        port: Rc<Port>,
        (pin, block_align): (u32, u32),
        theirs: Opened,
        references: Vec<Reference>,
    ) -> Rc<Self> {
        let fdo = port.fdo().expect("a port with a miniport has its device");
        let stream = Rc::new(Self {
            locks: fdo.lock.of_stream(port.class),
            kernel,
            pin,
            block_align,
            theirs: RefCell::new(Some(theirs)),
            state: Cell::new(KsState::Stop),
            suspended: Cell::new(None),
            allocated: Cell::new(None),
            events: RefCell::default(),
            references: RefCell::new(references),
            port,
        });
        stream.check_fresh();
        stream
    }

    /// A new stream is at position 0 (portcls/nf-portcls-iminiportwavert-newstream).
    fn check_fresh(&self) {
        let told = match self.side() {
            Ok(side) => side.position().map(|position| [position, 0]),
            Err(_) => self
                .position(self.kernel.current_irql())
                .map(|position| [position.PlayOffset, position.WriteOffset]),
        };
        if let Ok([play, _]) = told
            && told != Ok([0, 0])
        {
            let message = format!("a new stream tells position {play} and not 0");
            rules::note(self.kernel, "StreamNotFresh", rules::code::STREAM, play, message);
        }
    }

    /// Whether it has not been closed.
    pub(crate) fn open(&self) -> bool {
        self.theirs.borrow().is_some()
    }

    /// The driver's interfaces, while it is open, of a stream of the WaveRT port's.
    pub(crate) fn interfaces(&self) -> Result<Rc<Interfaces>, NtStatus> {
        match &*self.theirs.borrow() {
            Some(Opened::WaveRt(interfaces)) => Ok(interfaces.clone()),
            _ => Err(STATUS_INVALID_DEVICE_REQUEST),
        }
    }

    /// The driver's stream, while it is open, of the WavePci port's.
    pub(crate) fn side(&self) -> Result<Rc<Side>, NtStatus> {
        match &*self.theirs.borrow() {
            Some(Opened::WavePci(side)) => Ok(side.clone()),
            _ => Err(STATUS_INVALID_DEVICE_REQUEST),
        }
    }

    /// The port through which it was opened.
    pub(crate) fn class(&self) -> &'static str {
        self.port.class.name()
    }

    /// The state in which it is.
    pub(crate) fn state(&self) -> KsState {
        self.state.get()
    }

    /// Goes to a state, one step after the other. Downward it must succeed, whatever happened to the device
    /// (portcls/nf-portcls-iminiportwavertstream-setstate, audio/managing-memory-buffers-rebalance).
    pub(crate) fn set_state(&self, target: KsState) -> NtStatus {
        self.locks.device(|| self.walk_to(target))
    }

    fn walk_to(&self, target: KsState) -> NtStatus {
        while self.state.get() != target {
            let here = self.state.get();
            let up = target > here;
            let next = STATES[if up { here as usize + 1 } else { here as usize - 1 }];
            let status = self.step(next);
            if status < 0 && up {
                return status;
            }
            if status < 0 {
                let message = format!(
                    "SetState from {here:?} down to {next:?} failed with {status:#x}: it must succeed"
                );
                rules::note(self.kernel, "SetStateDown", rules::code::STREAM, status as u32 as u64, message);
            }
            self.state.set(next);
            if let (KsState::Stop, Ok(side)) = (next, self.side()) {
                side.stopped();
            }
        }
        STATUS_SUCCESS
    }

    fn step(&self, to: KsState) -> NtStatus {
        if let Ok(side) = self.side() {
            return side.set_state(to as i32);
        }
        let interfaces = match self.interfaces() {
            Ok(interfaces) => interfaces,
            Err(status) => return status,
        };
        interfaces.stream.call("IMiniportWaveRTStream::SetState", |this, vtable| {
            // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL.
            unsafe { (vtable.SetState)(this, to as i32) }
        })
    }

    /// `SetFormat`, with the format in memory of its own.
    pub(crate) fn set_format(&self, format: &[u8]) -> NtStatus {
        self.locks.device(|| {
            let interfaces = match self.interfaces() {
                Ok(interfaces) => interfaces,
                Err(status) => return status,
            };
            let copy = Guarded::new(self.kernel, format);
            interfaces.stream.call("IMiniportWaveRTStream::SetFormat", |this, vtable| {
                // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL; the argument outlives it.
                unsafe { (vtable.SetFormat)(this, copy.pointer().cast()) }
            })
        })
    }

    /// The device loses power: a running stream pauses, and will go on.
    pub(crate) fn suspend(&self) {
        if self.state.get() == KsState::Run {
            self.suspended.set(Some(KsState::Run));
            self.set_state(KsState::Pause);
        }
    }

    /// The device has power again.
    pub(crate) fn resume(&self) {
        if let Some(state) = self.suspended.take() {
            self.set_state(state);
        }
    }

    /// `GetPosition`, at PASSIVE_LEVEL or DISPATCH_LEVEL.
    pub(crate) fn position(&self, level: u8) -> Result<KSAUDIO_POSITION, NtStatus> {
        self.locks.position_at(level, || {
            let mut position = KSAUDIO_POSITION::ZERO;
            let interfaces = self.interfaces()?;
            let status =
                interfaces.stream.call_at("IMiniportWaveRTStream::GetPosition", level, |this, vtable| {
                    // SAFETY: a method of the interface on its own pointer, at one of its levels; the argument outlives it.
                    unsafe { (vtable.GetPosition)(this, &raw mut position) }
                });
            if status < 0 { Err(status) } else { Ok(position) }
        })
    }

    /// `RegisterNotificationEvent`: only after a buffer with notifications was allocated
    /// (audio/ksproperty-rtaudio-register-notification-event).
    pub(crate) fn register_event(&self, event: Pointer) -> NtStatus {
        self.locks.device(|| self.add_event(event))
    }

    fn add_event(&self, event: Pointer) -> NtStatus {
        let interfaces = match self.interfaces() {
            Ok(interfaces) => interfaces,
            Err(status) => return status,
        };
        let ready = self.allocated.get().is_some_and(|buffer| buffer.with_notification);
        let Some(notification) = interfaces.notification.as_ref().filter(|_| ready) else {
            return STATUS_INVALID_DEVICE_REQUEST;
        };
        let name = "IMiniportWaveRTStreamNotification::RegisterNotificationEvent";
        let status = notification.call(name, |this, vtable| {
            // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL; the event is unregistered
            // before it goes.
            unsafe { (vtable.RegisterNotificationEvent)(this, event.cast()) }
        });
        if status >= 0 {
            self.events.borrow_mut().push(event);
        }
        status
    }

    /// `UnregisterNotificationEvent`.
    pub(crate) fn unregister_event(&self, event: Pointer) -> NtStatus {
        self.locks.device(|| self.take_event_off(event))
    }

    fn take_event_off(&self, event: Pointer) -> NtStatus {
        let interfaces = match self.interfaces() {
            Ok(interfaces) => interfaces,
            Err(status) => return status,
        };
        let Some(notification) = interfaces.notification.as_ref() else {
            return STATUS_INVALID_DEVICE_REQUEST;
        };
        let name = "IMiniportWaveRTStreamNotification::UnregisterNotificationEvent";
        let status = notification.call(name, |this, vtable| {
            // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL.
            unsafe { (vtable.UnregisterNotificationEvent)(this, event.cast()) }
        });
        let mut events = self.events.borrow_mut();
        if let Some(place) = events.iter().position(|registered| *registered == event).filter(|_| status >= 0)
        {
            events.remove(place);
        }
        status
    }

    /// The handle is closed: STOP, events off, buffer freed, stream released, then what it was made with.
    pub(crate) fn close(&self) {
        if !self.open() {
            return;
        }
        self.set_state(KsState::Stop);
        let events = self.events.borrow().clone();
        for event in events {
            self.unregister_event(event);
        }
        self.events.borrow_mut().clear();
        self.free_buffer();
        let theirs = self.theirs.borrow_mut().take();
        match theirs {
            Some(Opened::WavePci(side)) => side.close(),
            other => drop(other),
        }
        if let Some(binding) = self.port.binding() {
            binding.count(self.pin, false);
        }
        for reference in self.references.take() {
            drop(reference);
        }
        self.port.pin_closed();
    }

    /// Frees the buffer the way it was allocated.
    pub(crate) fn free_buffer(&self) {
        self.locks.device(|| self.give_back_buffer());
    }

    fn give_back_buffer(&self) {
        let (Some(buffer), Ok(interfaces)) = (self.allocated.take(), self.interfaces()) else { return };
        match interfaces.notification.as_ref().filter(|_| buffer.with_notification) {
            Some(notification) => {
                let name = "IMiniportWaveRTStreamNotification::FreeBufferWithNotification";
                notification.call(name, |this, vtable| {
                    // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL, with its own MDL.
                    unsafe { (vtable.FreeBufferWithNotification)(this, buffer.mdl.cast(), buffer.size) }
                });
            }
            None => interfaces.stream.call("IMiniportWaveRTStream::FreeAudioBuffer", |this, vtable| {
                // SAFETY: as above.
                unsafe { (vtable.FreeAudioBuffer)(this, buffer.mdl.cast(), buffer.size) }
            }),
        }
        if interfaces.port_stream.owns(buffer.mdl) {
            let message =
                "the buffer was freed, and its pages were not given back by FreePagesFromMdl".to_owned();
            rules::note(
                self.kernel,
                "PcAllocatedPages",
                rules::code::ALLOCATED_PAGES,
                buffer.mdl as u64,
                message,
            );
        }
    }
}
