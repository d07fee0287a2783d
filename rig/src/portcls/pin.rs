//! Pins as audio clients use them: the properties of a WaveRT pin, without the IOCTLs around them, and the requests of a
//! WavePci pin.

mod mappings;
mod opening;

use std::rc::Rc;

use portcls::raw::IMiniportWaveRTStream;
use portcls::raw::Interface;
use portcls::raw::KSAUDIO_PRESENTATION_POSITION;
use portcls::raw::KSDATAFORMAT;
use portcls::raw::KSDATAFORMAT_ATTRIBUTES;
use portcls::raw::KSPIN_COMMUNICATION_BOTH;
use portcls::raw::KSPIN_COMMUNICATION_SINK;
use portcls::raw::KSPIN_DATAFLOW_OUT;
use portcls::raw::KSRTAUDIO_HWLATENCY;
use portcls::raw::KSRTAUDIO_HWREGISTER;

use super::adapter::Adapter;
use super::buffer::Buffer;
pub use super::stream::KsState;
use super::stream::Stream;
use super::subdevice;
use crate::nt::ClientEvent;
use crate::nt::Kernel;
use crate::nt::Work;
use crate::nt::abi::DISPATCH_LEVEL;
use crate::nt::abi::NtStatus;
use crate::nt::abi::STATUS_INSUFFICIENT_RESOURCES;
use crate::nt::abi::STATUS_INVALID_DEVICE_REQUEST;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_NOT_SUPPORTED;

/// `KSAUDIO_POSITION`, bytes from the start of the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KsAudioPosition {
    /// What is heard now, or recorded.
    pub play_offset: u64,
    /// Up to where the client may write, or read.
    pub write_offset: u64,
}

/// `KSRTAUDIO_HWLATENCY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HwLatency {
    /// Bytes.
    pub fifo_size: u32,
    /// 100 ns.
    pub chipset_delay: u32,
    /// 100 ns.
    pub codec_delay: u32,
}

/// A packet that the device has recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadPacket {
    /// Its number since the stream began.
    pub number: u32,
    /// `KSSTREAM_HEADER_OPTIONSF_...`.
    pub flags: u32,
    /// The performance counter when its first sample was recorded.
    pub counter: u64,
    /// Whether there is another behind it.
    pub more: bool,
}

/// A client's handle to a pin. Dropping it closes it.
pub struct Pin {
    kernel: &'static Kernel,
    stream: Rc<Stream>,
}

impl Pin {
    /// Opens a pin with a `KSDATAFORMAT` and what follows it.
    ///
    /// # Errors
    /// What KS and PortCls refuse by themselves, and what `NewStream` returns.
    pub fn open(adapter: &Adapter, subdevice: &str, pin: u32, format: &[u8]) -> Result<Self, NtStatus> {
        let kernel = adapter.kernel();
        let fdo = adapter.fdo().ok_or(STATUS_INVALID_DEVICE_REQUEST)?;
        let port = subdevice::find(&fdo, subdevice)?;
        let binding = port.binding().ok_or(STATUS_INVALID_DEVICE_REQUEST)?;
        let description = binding.filter.pins.get(pin as usize).ok_or(STATUS_INVALID_PARAMETER)?;
        let ks = &description.raw.KsPinDescriptor;
        if ![KSPIN_COMMUNICATION_SINK, KSPIN_COMMUNICATION_BOTH].contains(&ks.Communication) {
            return Err(STATUS_INVALID_PARAMETER);
        }
        if !sized_right(format) {
            return Err(STATUS_INVALID_PARAMETER);
        }
        if binding.open_of(pin) >= binding.possible(pin) {
            return Err(STATUS_INSUFFICIENT_RESOURCES);
        }
        let capture = ks.DataFlow == KSPIN_DATAFLOW_OUT;
        let stream = opening::new_stream(kernel, &port, &binding, (pin, capture), format)?;
        fdo.streams.borrow_mut().push(Rc::downgrade(&stream));
        Ok(Self { kernel, stream })
    }

    /// The port driver through which it is open: `WaveRT` or `WavePci`.
    pub fn port_class(&self) -> &'static str {
        self.stream.class()
    }

    /// The state in which it is.
    pub fn state(&self) -> KsState {
        self.stream.state()
    }

    /// Goes to a state through those between. The first failure upward is returned, with the state kept.
    pub fn set_state(&self, target: KsState) -> NtStatus {
        self.stream.set_state(target)
    }

    /// `KSPROPERTY_CONNECTION_DATAFORMAT`: a `KSDATAFORMAT` and what follows it.
    pub fn set_format(&self, format: &[u8]) -> NtStatus {
        if sized_right(format) { self.stream.set_format(format) } else { STATUS_INVALID_PARAMETER }
    }

    /// `KSPROPERTY_RTAUDIO_BUFFER`.
    ///
    /// # Errors
    /// The driver's, and `STATUS_UNSUCCESSFUL` for a buffer that WASAPI would not take.
    pub fn allocate(&self, bytes: u32) -> Result<Buffer, NtStatus> {
        self.stream.allocate(bytes, None)
    }

    /// `KSPROPERTY_RTAUDIO_BUFFER_WITH_NOTIFICATION`.
    ///
    /// # Errors
    /// As `allocate`; `STATUS_NOT_SUPPORTED` from a stream without notifications.
    pub fn allocate_with_notification(&self, bytes: u32, notifications: u32) -> Result<Buffer, NtStatus> {
        self.stream.allocate(bytes, Some(notifications))
    }

    /// Whether the driver has mapped the buffer for itself.
    pub fn buffer_mapped(&self) -> bool {
        self.stream.allocated.get().is_some_and(|buffer| self.kernel.memory.mdl_mapped(buffer.mdl))
    }

    /// Whether the stream has `IMiniportWaveRTStreamNotification`.
    pub fn has_notification(&self) -> bool {
        self.stream.interfaces().is_ok_and(|interfaces| interfaces.notification.is_some())
    }

    /// Whether the stream takes or gives packets.
    pub fn has_packets(&self) -> bool {
        self.stream
            .interfaces()
            .is_ok_and(|interfaces| interfaces.output.is_some() || interfaces.input.is_some())
    }

    /// Whether the stream has an interface, whatever PortCls asks it for.
    pub fn answers<I: Interface>(&self) -> bool {
        self.stream.interfaces().is_ok_and(|interfaces| interfaces.stream.query::<I>().is_some())
    }

    /// `KSPROPERTY_RTAUDIO_REGISTER_NOTIFICATION_EVENT`.
    pub fn register_event(&self, event: &ClientEvent) -> NtStatus {
        self.stream.register_event(event.pointer())
    }

    /// `KSPROPERTY_RTAUDIO_UNREGISTER_NOTIFICATION_EVENT`.
    pub fn unregister_event(&self, event: &ClientEvent) -> NtStatus {
        self.stream.unregister_event(event.pointer())
    }

    /// `KSPROPERTY_AUDIO_POSITION`, asked at the current level.
    ///
    /// # Errors
    /// The driver's.
    pub fn position(&self) -> Result<KsAudioPosition, NtStatus> {
        self.position_at(self.kernel.current_irql())
    }

    /// The same at DISPATCH_LEVEL, where PortCls may ask too.
    ///
    /// # Errors
    /// The driver's.
    pub fn position_at_dispatch(&self) -> Result<KsAudioPosition, NtStatus> {
        self.position_at(DISPATCH_LEVEL)
    }

    fn position_at(&self, level: u8) -> Result<KsAudioPosition, NtStatus> {
        let position = self.stream.position(level)?;
        Ok(KsAudioPosition { play_offset: position.PlayOffset, write_offset: position.WriteOffset })
    }

    /// `KSPROPERTY_RTAUDIO_HWLATENCY`.
    ///
    /// # Errors
    /// If the pin is closed.
    pub fn hw_latency(&self) -> Result<HwLatency, NtStatus> {
        let mut latency = KSRTAUDIO_HWLATENCY::ZERO;
        self.stream.locks.device(|| {
            self.stream.interfaces()?.stream.call("IMiniportWaveRTStream::GetHWLatency", |this, vtable| {
                // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL; the argument outlives it.
                unsafe { (vtable.GetHWLatency)(this, &raw mut latency) }
            });
            Ok::<(), NtStatus>(())
        })?;
        let KSRTAUDIO_HWLATENCY { FifoSize: fifo_size, ChipsetDelay: chipset_delay, CodecDelay: codec_delay } =
            latency;
        Ok(HwLatency { fifo_size, chipset_delay, codec_delay })
    }

    /// `KSPROPERTY_RTAUDIO_POSITIONREGISTER`: the status alone; the rig maps no register to clients.
    pub fn position_register(&self) -> NtStatus {
        self.register("IMiniportWaveRTStream::GetPositionRegister", |this, vtable, out| {
            // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL; the argument outlives it.
            unsafe { (vtable.GetPositionRegister)(this, out) }
        })
    }

    /// `KSPROPERTY_RTAUDIO_CLOCKREGISTER`: the status alone.
    pub fn clock_register(&self) -> NtStatus {
        self.register("IMiniportWaveRTStream::GetClockRegister", |this, vtable, out| {
            // SAFETY: as above.
            unsafe { (vtable.GetClockRegister)(this, out) }
        })
    }

    fn register(
        &self,
        name: &str,
        call: impl FnOnce(
            *mut IMiniportWaveRTStream,
            &portcls::raw::IMiniportWaveRTStreamVtbl,
            *mut KSRTAUDIO_HWREGISTER,
        ) -> NtStatus,
    ) -> NtStatus {
        let mut register = KSRTAUDIO_HWREGISTER::ZERO;
        self.stream.locks.device(|| match self.stream.interfaces() {
            Err(status) => status,
            Ok(interfaces) => {
                interfaces.stream.call(name, |this, vtable| call(this, vtable, &raw mut register))
            }
        })
    }

    /// `KSPROPERTY_RTAUDIO_SETWRITEPACKET`.
    pub fn set_write_packet(&self, number: u32, flags: u32, eos_bytes: u32) -> NtStatus {
        let Ok(interfaces) = self.stream.interfaces() else { return STATUS_INVALID_DEVICE_REQUEST };
        let Some(output) = &interfaces.output else { return STATUS_NOT_SUPPORTED };
        let call = || {
            output.call("IMiniportWaveRTOutputStream::SetWritePacket", |this, vtable| {
                // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL.
                unsafe { (vtable.SetWritePacket)(this, number, flags, eos_bytes) }
            })
        };
        self.stream.locks.position(|| self.kernel.counted(Work::SetWritePacket, call))
    }

    /// `KSPROPERTY_RTAUDIO_GETREADPACKET`.
    ///
    /// # Errors
    /// The driver's; `STATUS_NOT_SUPPORTED` without `IMiniportWaveRTInputStream`.
    pub fn read_packet(&self) -> Result<ReadPacket, NtStatus> {
        let interfaces = self.stream.interfaces()?;
        let input = interfaces.input.as_ref().ok_or(STATUS_NOT_SUPPORTED)?;
        let (mut number, mut flags, mut counter, mut more) = (0, 0, 0, 0);
        let call = || {
            input.call("IMiniportWaveRTInputStream::GetReadPacket", |this, vtable| {
                let method = vtable.GetReadPacket;
                // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL; the arguments outlive it.
                unsafe { method(this, &raw mut number, &raw mut flags, &raw mut counter, &raw mut more) }
            })
        };
        let status = self.stream.locks.position(|| self.kernel.counted(Work::GetReadPacket, call));
        if status < 0 { Err(status) } else { Ok(ReadPacket { number, flags, counter, more: more != 0 }) }
    }

    /// `KSPROPERTY_RTAUDIO_PACKETCOUNT`.
    ///
    /// # Errors
    /// The driver's; `STATUS_NOT_SUPPORTED` without `IMiniportWaveRTOutputStream`.
    pub fn packet_count(&self) -> Result<u32, NtStatus> {
        let interfaces = self.stream.interfaces()?;
        let output = interfaces.output.as_ref().ok_or(STATUS_NOT_SUPPORTED)?;
        let mut count = 0;
        let status = self.stream.locks.position(|| {
            output.call("IMiniportWaveRTOutputStream::GetPacketCount", |this, vtable| {
                // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL; the argument outlives it.
                unsafe { (vtable.GetPacketCount)(this, &raw mut count) }
            })
        });
        if status < 0 { Err(status) } else { Ok(count) }
    }

    /// `KSPROPERTY_RTAUDIO_PRESENTATION_POSITION`: frames since the start, and the performance counter then.
    ///
    /// # Errors
    /// As `packet_count`.
    pub fn presentation_position(&self) -> Result<(u64, u64), NtStatus> {
        let interfaces = self.stream.interfaces()?;
        let output = interfaces.output.as_ref().ok_or(STATUS_NOT_SUPPORTED)?;
        let mut position = KSAUDIO_PRESENTATION_POSITION::ZERO;
        let name = "IMiniportWaveRTOutputStream::GetOutputStreamPresentationPosition";
        let status = self.stream.locks.position(|| {
            output.call(name, |this, vtable| {
                // SAFETY: as above.
                unsafe { (vtable.GetOutputStreamPresentationPosition)(this, &raw mut position) }
            })
        });
        if status < 0 { Err(status) } else { Ok((position.u64PositionInBlocks, position.u64QPCPosition)) }
    }

    /// How often a request for its position, or one about packets, had to wait until another request was through.
    pub fn position_waits(&self) -> u64 {
        self.stream.locks.position_waits()
    }

    /// Closes the handle: STOP, events off, buffer freed, stream released. A second time does nothing.
    pub fn close(&self) {
        self.stream.close();
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        if !self.kernel.crashed() {
            self.close();
        }
    }
}

/// KS' own look at a format: it must be as long as it says, and longer only if attributes follow, aligned to 8, as many
/// bytes as their list says. `NewStream` is told no length: what it gets is whole.
fn sized_right(format: &[u8]) -> bool {
    let word =
        |at: usize| format.get(at..at + 4).and_then(|bytes| bytes.try_into().ok()).map(u32::from_le_bytes);
    let (Some(size), Some(flags)) = (word(0), word(4)) else { return false };
    let size = size as usize;
    let attributes = flags & KSDATAFORMAT_ATTRIBUTES != 0;
    let list = size.next_multiple_of(8);
    let listed = word(list).map(|listed| listed as usize).filter(|listed| *listed >= 8);
    let fits = if attributes {
        listed.is_some_and(|listed| format.len() - list >= listed)
    } else {
        format.len() == size
    };
    size >= size_of::<KSDATAFORMAT>() && fits
}
