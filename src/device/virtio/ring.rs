//! A queue with its memory: ring and messages in one common buffer.
#![forbid(unsafe_code)]

use portcls::handle::Device;
use portcls::irql::{Irql, Passive};
use portcls::{Result, Status};
use virtqueue::{Queue, RingLayout};

use super::memory::RingBuffer;
use super::queue::Notify;
use super::regs::feature;
use super::transport::{Features, Transport};
use crate::platform::dma::{CommonBuffer, Reach};
use crate::platform::pool::PoolBox;
use crate::platform::shared::Shared;

/// Queue number `index` of a device, of `MAX` descriptors at most, and room for messages behind its ring.
///
/// The drop frees the memory: the device must be at rest then. If that is not sure, [`Ring::leak`] it.
pub(crate) struct Ring<const MAX: usize> {
    queue: Queue<RingBuffer<MAX>, MAX>,
    memory: Shared<CommonBuffer>,
    index: u16,
    notify: Option<Notify>,
}

impl<const MAX: usize> Ring<MAX> {
    /// [`Ring::new`] in the pool. It is large: it does not stay on the stack, nor does what made it.
    ///
    /// # Errors
    ///
    /// Those of [`Ring::new`].
    #[inline(never)]
    pub(crate) fn boxed(
        at: &Irql<Passive>,
        pdo: Device,
        transport: &Transport,
        index: u16,
        features: Features,
        extra: u32,
    ) -> Result<PoolBox<Self>> {
        PoolBox::new(Self::new(at, pdo, transport, index, features, extra)?)
    }

    /// Makes the ring of queue `index`, as long as the device and `MAX` allow, with `extra` bytes, a multiple of 64,
    /// for messages. It is put into use by [`Ring::enable`].
    ///
    /// # Errors
    ///
    /// `STATUS_NOT_FOUND` if the device has no such queue, `STATUS_INSUFFICIENT_RESOURCES`, `STATUS_DEVICE_REMOVED`.
    pub(crate) fn new(
        at: &Irql<Passive>,
        pdo: Device,
        transport: &Transport,
        index: u16,
        features: Features,
        extra: u32,
    ) -> Result<Self> {
        let most = u16::try_from(MAX).map_err(|_| Status::INSUFFICIENT_RESOURCES)?;
        let size = transport.queue_size(at, index, most)?;
        let layout = RingLayout::of(size, most).ok_or(Status::INSUFFICIENT_RESOURCES)?;
        let bytes = u32::try_from(layout.bytes).ok().and_then(|bytes| bytes.checked_add(extra));
        let bytes = bytes.ok_or(Status::INSUFFICIENT_RESOURCES)?.max(RingBuffer::<MAX>::BYTES as u32);
        let memory = Shared::new(CommonBuffer::new(at, pdo, bytes, Reach::Bits64)?)?;
        let ring = RingBuffer::new(memory.clone()).ok_or(Status::INSUFFICIENT_RESOURCES)?;
        let queue = Queue::new(ring, size, agreed(features)).map_err(|_| Status::INSUFFICIENT_RESOURCES)?;
        Ok(Self { queue, memory, index, notify: None })
    }

    /// Puts the queue into use, empty, in a device that has been reset and negotiated with. `vector` is the message
    /// that tells of completions; none stands for the line.
    ///
    /// # Errors
    ///
    /// `STATUS_DEVICE_CONFIGURATION_ERROR` if the device does not have the queue as before; what
    /// [`Transport::enable_queue`] says.
    pub(crate) fn enable(
        &mut self,
        at: &Irql<Passive>,
        transport: &Transport,
        features: Features,
        vector: Option<u16>,
    ) -> Result {
        let size = self.queue.size();
        self.notify = None;
        if transport.queue_size(at, self.index, size)? != size {
            return Err(Status::DEVICE_CONFIGURATION_ERROR);
        }
        self.queue.restart(agreed(features));
        let place = self.queue.memory().place(self.queue.layout());
        self.notify = Some(transport.enable_queue(at, self.index, size, place, vector)?);
        Ok(())
    }

    /// The queue.
    #[inline]
    pub(crate) fn queue(&mut self) -> &mut Queue<RingBuffer<MAX>, MAX> {
        &mut self.queue
    }

    /// Shows the device what was added, and notifies it if it wants that.
    #[inline(always)]
    pub(crate) fn kick(&mut self, transport: &Transport) {
        if let Some(notify) = self.notify
            && self.queue.publish()
        {
            transport.notify(notify);
        }
    }

    /// The memory of ring and messages.
    pub(crate) fn memory(&self) -> &CommonBuffer {
        &self.memory
    }

    /// Where in the memory the messages begin; a multiple of 64.
    pub(crate) fn messages(&self) -> usize {
        self.queue.layout().bytes
    }

    /// Where the device finds byte `at` of the memory.
    pub(crate) fn address(&self, at: usize) -> u64 {
        self.memory.address().wrapping_add(at as u64)
    }

    /// Has the memory stay for good, whatever becomes of this owner: the device may still use it.
    pub(crate) fn leak(&self) {
        core::mem::forget(self.memory.clone());
    }
}

/// What of the features matters to a queue.
fn agreed(features: Features) -> virtqueue::Features {
    virtqueue::Features {
        event_idx: features.has(feature::EVENT_IDX),
        indirect: features.has(feature::INDIRECT_DESC),
    }
}
