//! The stream of an open pin.

use core::marker::PhantomData;

use portcls::com::ComClass;
use portcls::format::DataFormat;
use portcls::handle::{Event, Mdl};
use portcls::irql::{Irql, Passive, UpToDispatch};
use portcls::notification::WaveRtStreamNotification;
use portcls::packets::{ReadPacket, WaveRtInputStream, WaveRtOutputStream};
use portcls::pages::{CacheType, Pages};
use portcls::raw::{
    IMiniportWaveRTInputStream, IMiniportWaveRTOutputStream, IMiniportWaveRTStreamNotification,
    IPortWaveRTStream, KSAUDIO_POSITION, KSAUDIO_PRESENTATION_POSITION, KSRTAUDIO_HWLATENCY,
};
use portcls::stream::{AudioBuffer, State, WaveRtStream};
use portcls::{ComPtr, Result, Status};

use super::buffer;
use super::channel::Channel;
use super::format;
use crate::device::SoundDevice;
use crate::device::cut::Cut;
use crate::platform::ending::{End, Ending};
use crate::platform::lock::SpinLock;
use crate::platform::trace;

/// A stream. The drop closes it.
///
/// Its direction `K` decides which interfaces it has: packets are written by a render client, and read by a capture
/// client.
pub(crate) struct Stream<D: SoundDevice, K>(Ending<Open<D>>, PhantomData<K>);

/// To the device.
pub(super) enum Render {}
/// From the device.
pub(super) enum Capture {}

/// The channel, and the pages that the device plays or fills.
struct Open<D: SoundDevice> {
    channel: Channel<D>,
    port: ComPtr<IPortWaveRTStream>,
    pages: SpinLock<Option<Pages>>,
}

impl<D: SoundDevice, K> Stream<D, K> {
    /// A stream in STOP at position 0, on a channel that is occupied for it. The drop vacates the channel.
    pub(super) fn new(channel: Channel<D>, port: ComPtr<IPortWaveRTStream>) -> Self {
        Self(Ending::new(Open { channel, port, pages: SpinLock::new(None) }), PhantomData)
    }
}

impl<D: SoundDevice> Open<D> {
    /// Allocates a buffer of at least `requested` bytes with so many notifications a lap.
    fn allocate(&self, irql: &mut Irql<Passive>, requested: u32, notifications: u32) -> Result<AudioBuffer> {
        let format = self.channel.format(irql)?;
        let limit = self.channel.device().max_buffer_bytes();
        let cut =
            Cut::at_least(requested, notifications, D::CHUNKS, format.frame_bytes(), format.rate, limit)
                .ok_or(Status::UNSUCCESSFUL)?;
        let (pages, layout) = buffer::allocate(irql, &self.port, &self.channel, cut, &format)?;
        // The device is a coherent bus master: it sees what is in the caches. A cached mapping asks nothing of
        // the client as to alignment or barriers.
        let granted = AudioBuffer::new(&pages, cut.bytes, CacheType::Cached)?;
        self.channel.attach(irql, layout, cut)?;
        self.pages.with(irql, |place, _| *place = Some(pages));
        Ok(granted)
    }

    /// Stops, and gives the pages back; a second call finds none.
    fn free(&self, irql: &mut Irql<Passive>) {
        let Some(pages) = self.pages.with(irql, |place, _| place.take()) else { return };
        if self.channel.detach(irql) {
            drop(pages);
        } else {
            trace::info(c"the device does not stop: its buffer is left to it");
            core::mem::forget(pages);
        }
    }
}

impl<D: SoundDevice> End for Open<D> {
    fn end(&self, irql: &mut Irql<Passive>) {
        self.free(irql);
        self.channel.vacate(irql);
    }
}

impl<D: SoundDevice> ComClass for Stream<D, Render> {
    type Interfaces = (IMiniportWaveRTStreamNotification, IMiniportWaveRTOutputStream);
}

impl<D: SoundDevice> ComClass for Stream<D, Capture> {
    type Interfaces = (IMiniportWaveRTStreamNotification, IMiniportWaveRTInputStream);
}

impl<D: SoundDevice, K> WaveRtStream for Stream<D, K>
where
    Self: ComClass,
{
    fn set_format(&self, irql: &mut Irql<Passive>, format: &DataFormat<'_>) -> Result {
        let offered = &self.0.channel.info().formats;
        let format = format::accept(&format.parse()?, offered).ok_or(Status::INVALID_PARAMETER)?;
        self.0.channel.set_format(irql, format)
    }

    fn set_state(&self, irql: &mut Irql<Passive>, state: State) -> Result {
        self.0.channel.set_state(irql, state)
    }

    fn position(&self, irql: &mut Irql<UpToDispatch>) -> Result<KSAUDIO_POSITION> {
        let position = self.0.channel.position(irql)?;
        Ok(KSAUDIO_POSITION { PlayOffset: position.play.into(), WriteOffset: position.write.into() })
    }

    fn allocate_audio_buffer(&self, irql: &mut Irql<Passive>, requested: u32) -> Result<AudioBuffer> {
        self.0.allocate(irql, requested, 0)
    }

    fn free_audio_buffer(&self, irql: &mut Irql<Passive>, _mdl: Option<Mdl>, _size: u32) {
        self.0.free(irql);
    }

    fn hardware_latency(&self, irql: &mut Irql<Passive>) -> KSRTAUDIO_HWLATENCY {
        let latency = self.0.channel.latency(irql);
        // A legacy PCI device has no delay in the chipset.
        KSRTAUDIO_HWLATENCY { FifoSize: latency.fifo, ChipsetDelay: 0, CodecDelay: latency.codec }
    }
}

impl<D: SoundDevice, K> WaveRtStreamNotification for Stream<D, K>
where
    Self: WaveRtStream,
{
    fn allocate_buffer_with_notification(
        &self,
        irql: &mut Irql<Passive>,
        count: u32,
        requested: u32,
    ) -> Result<AudioBuffer> {
        if !(1..=2).contains(&count) {
            return Err(Status::INVALID_PARAMETER);
        }
        self.0.allocate(irql, requested, count)
    }

    fn free_buffer_with_notification(&self, irql: &mut Irql<Passive>, _mdl: Option<Mdl>, _size: u32) {
        self.0.free(irql);
    }

    fn register_notification_event(&self, irql: &mut Irql<Passive>, event: Event) -> Result {
        self.0.channel.register(irql, event)
    }

    fn unregister_notification_event(&self, irql: &mut Irql<Passive>, event: Event) -> Result {
        self.0.channel.unregister(irql, event)
    }
}

impl<D: SoundDevice> WaveRtOutputStream for Stream<D, Render> {
    fn set_write_packet(&self, irql: &mut Irql<Passive>, packet: u32, flags: u32, eos_length: u32) -> Result {
        self.0.channel.write_packet(irql, packet, flags, eos_length)
    }

    fn presentation_position(&self, irql: &mut Irql<Passive>) -> Result<KSAUDIO_PRESENTATION_POSITION> {
        let presented = self.0.channel.presented(irql)?;
        Ok(KSAUDIO_PRESENTATION_POSITION {
            u64PositionInBlocks: presented.frame,
            u64QPCPosition: presented.counter,
        })
    }

    fn packet_count(&self, irql: &mut Irql<Passive>) -> Result<u32> {
        self.0.channel.packet_count(irql)
    }
}

impl<D: SoundDevice> WaveRtInputStream for Stream<D, Capture> {
    fn read_packet(&self, irql: &mut Irql<Passive>) -> Result<ReadPacket> {
        self.0.channel.read_packet(irql)
    }
}
