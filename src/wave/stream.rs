//! The stream of an open pin.

use portcls::com::ComClass;
use portcls::format::DataFormat;
use portcls::handle::{Event, Mdl};
use portcls::irql::{Irql, Passive, UpToDispatch};
use portcls::notification::WaveRtStreamNotification;
use portcls::pages::{CacheType, Pages};
use portcls::raw::{
    IMiniportWaveRTStreamNotification, IPortWaveRTStream, KSAUDIO_POSITION, KSRTAUDIO_HWLATENCY,
};
use portcls::stream::{AudioBuffer, State, WaveRtStream};
use portcls::{ComPtr, Result, Status};

use super::buffer;
use super::channel::Channel;
use crate::device::SoundDevice;
use crate::device::cut::Cut;
use crate::device::formats::StreamFormat;
use crate::platform::ending::{End, Ending};
use crate::platform::lock::SpinLock;
use crate::platform::trace;

/// A stream. The drop closes it.
pub(crate) struct Stream<D: SoundDevice>(Ending<Open<D>>);

/// The channel, and the pages that it plays.
struct Open<D: SoundDevice> {
    channel: Channel<D>,
    format: StreamFormat,
    port: ComPtr<IPortWaveRTStream>,
    pages: SpinLock<Option<Pages>>,
}

impl<D: SoundDevice> Stream<D> {
    /// A stream in STOP at position 0, on a channel that is occupied for it in this format. The drop vacates the
    /// channel.
    pub(super) fn new(channel: Channel<D>, format: StreamFormat, port: ComPtr<IPortWaveRTStream>) -> Self {
        Self(Ending::new(Open { channel, format, port, pages: SpinLock::new(None) }))
    }
}

impl<D: SoundDevice> Open<D> {
    /// Allocates a buffer of at least `requested` bytes with so many notifications a lap.
    fn allocate(&self, irql: &mut Irql<Passive>, requested: u32, notifications: u32) -> Result<AudioBuffer> {
        let frame = self.format.frame_bytes();
        let limit = self.channel.device().max_buffer_bytes();
        let cut =
            Cut::at_least(requested, notifications, D::CHUNKS, frame, limit).ok_or(Status::UNSUCCESSFUL)?;
        let (pages, layout) = buffer::allocate(irql, &self.port, &self.channel, cut, &self.format)?;
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

impl<D: SoundDevice> ComClass for Stream<D> {
    type Interfaces = (IMiniportWaveRTStreamNotification,);
}

impl<D: SoundDevice> WaveRtStream for Stream<D> {
    fn set_format(&self, irql: &mut Irql<Passive>, _format: &DataFormat<'_>) -> Result {
        // A pin is opened anew for another format.
        Err(if self.0.channel.is_running(irql) { Status::INVALID_PARAMETER } else { Status::NOT_SUPPORTED })
    }

    fn set_state(&self, irql: &mut Irql<Passive>, state: State) -> Result {
        self.0.channel.set_state(irql, state)
    }

    fn position(&self, irql: &mut Irql<UpToDispatch>) -> Result<KSAUDIO_POSITION> {
        let position = self.0.channel.position(irql);
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

impl<D: SoundDevice> WaveRtStreamNotification for Stream<D> {
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
