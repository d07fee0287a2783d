//! The stream of an open pin.

use portcls::com::ComClass;
use portcls::format::DataFormat;
use portcls::handle::Device;
use portcls::irql::{Irql, Passive, UpToDispatch};
use portcls::mapping::Tag;
use portcls::raw::{
    IMiniportWavePciStream, IPortWavePciStream, KSALLOCATOR_FRAMING, KSALLOCATOR_REQUIREMENTF_SYSTEM_MEMORY,
    NonPagedPoolNx,
};
use portcls::stream::State;
use portcls::wavepci::WavePciStream;
use portcls::{ComPtr, Result, Status};

use super::pump::Pump;
use crate::device::SoundDevice;
use crate::device::formats::StreamFormat;
use crate::platform::ending::{End, Ending};
use crate::platform::trace;
use crate::wave::accept;
use crate::wave::channel::Channel;

/// Buffers that a client is asked for: so many of so many milliseconds.
const BUFFERS: u32 = 8;
const BUFFER_MILLISECONDS: u64 = 10;
/// Where buffers best begin: where a sample may (`FILE_LONG_ALIGNMENT`).
const ALIGNMENT: u32 = 3;

/// A stream. The drop closes it.
pub(super) struct Stream<D: SoundDevice>(Ending<Open<D>>);

struct Open<D: SoundDevice> {
    channel: Channel<D>,
    port: ComPtr<IPortWavePciStream>,
    pump: Pump,
    format: StreamFormat,
}

impl<D: SoundDevice> Stream<D> {
    /// A stream in STOP at position 0, on a channel that is occupied for it. The drop vacates the channel.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`, `STATUS_DEVICE_REMOVED`. The channel is vacated then.
    pub(super) fn open(
        irql: &mut Irql<Passive>,
        channel: Channel<D>,
        port: ComPtr<IPortWavePciStream>,
        pdo: Device,
        format: StreamFormat,
    ) -> Result<Self> {
        let open = Ending::new(Open { channel, port, pump: Pump::new(), format });
        open.channel.attach_mappings(irql, pdo)?;
        Ok(Self(open))
    }
}

impl<D: SoundDevice> Open<D> {
    fn pump_at(&self, irql: &mut Irql<Passive>) {
        self.pump.run(irql, &self.channel, &self.port);
    }
}

impl<D: SoundDevice> End for Open<D> {
    /// What it still has of mappings goes with the port stream, which is closed.
    fn end(&self, irql: &mut Irql<Passive>) {
        if !self.channel.detach(irql) {
            trace::info(c"the device does not stop: its messages are left to it");
        }
        self.channel.vacate(irql);
    }
}

impl<D: SoundDevice> ComClass for Stream<D> {
    type Interfaces = (IMiniportWavePciStream,);
}

impl<D: SoundDevice> WavePciStream for Stream<D> {
    /// Its messages are cut for the format that it has: for another one, another stream is opened.
    fn set_format(&self, irql: &mut Irql<Passive>, format: &DataFormat<'_>) -> Result {
        let offered = &self.0.channel.info().formats;
        let format = accept(&format.parse()?, offered).ok_or(Status::INVALID_PARAMETER)?;
        self.0.channel.set_format(irql, format)
    }

    /// Mappings are got from the moment at which the stream is to run, and not in any other state. What is done with goes
    /// back in each state; what is not the port revokes, or has it played when the stream runs again.
    fn set_state(&self, irql: &mut Irql<Passive>, state: State) -> Result {
        let run = state == State::Run;
        self.0.channel.with_mappings(irql, |mappings| mappings.open(run));
        if run {
            self.0.pump_at(irql);
        }
        let set = self.0.channel.set_state(irql, state);
        if set.is_err() {
            self.0.channel.with_mappings(irql, |mappings| mappings.open(false));
        }
        self.0.pump_at(irql);
        set
    }

    fn position(&self, irql: &mut Irql<Passive>) -> Result<u64> {
        self.0.channel.linear(irql)
    }

    fn normalize(&self, bytes: i64) -> Result<i64> {
        let time = i128::from(bytes).wrapping_mul(10_000_000);
        let time =
            time.checked_div(self.0.format.bytes_a_second().into()).ok_or(Status::INVALID_PARAMETER)?;
        i64::try_from(time).map_err(|_| Status::INVALID_PARAMETER)
    }

    fn allocator_framing(&self, _irql: &mut Irql<Passive>) -> Result<KSALLOCATOR_FRAMING> {
        let frame = u64::from(self.0.format.frame_bytes());
        let bytes = self.0.format.bytes_a_second().wrapping_mul(BUFFER_MILLISECONDS) / 1000;
        let bytes = bytes.checked_next_multiple_of(frame).unwrap_or(bytes);
        Ok(KSALLOCATOR_FRAMING {
            OptionsFlags: KSALLOCATOR_REQUIREMENTF_SYSTEM_MEMORY,
            PoolType: NonPagedPoolNx,
            Frames: BUFFERS,
            FrameSize: u32::try_from(bytes).map_err(|_| Status::INVALID_PARAMETER)?,
            FileAlignment: ALIGNMENT,
            Reserved: 0,
        })
    }

    fn revoke_mappings(&self, irql: &mut Irql<UpToDispatch>, first: Tag, last: Tag) -> Result<u32> {
        let revoked = self.0.channel.revoke(irql, first.0, last.0);
        // Others are wanted in their place. The port is not called back from here: it may be in the midst of it.
        self.0.channel.ring(irql);
        Ok(revoked)
    }

    fn mapping_available(&self, irql: &mut Irql<UpToDispatch>) {
        self.0.channel.with_mappings(irql, |mappings| mappings.offer());
        self.0.pump.run(irql, &self.0.channel, &self.0.port);
    }

    fn service(&self, irql: &mut Irql<UpToDispatch>) {
        self.0.pump.run(irql, &self.0.channel, &self.0.port);
    }
}
