//! A stream of the driver's, as the WavePci port holds it.

use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;

use portcls::raw::IMiniportWavePciStream;
use portcls::raw::IServiceGroup;
use portcls::raw::KSALLOCATOR_FRAMING;

use super::group::Group;
use super::memory;
use super::source::Source;
use crate::nt::Kernel;
use crate::nt::abi::DISPATCH_LEVEL;
use crate::nt::abi::NtStatus;
use crate::portcls::com;
use crate::portcls::com::Reference;
use crate::portcls::rules;
use crate::portcls::rules::code;
use crate::portcls::theirs::Theirs;

/// What the port added to a service group of the driver's.
pub(crate) struct Membership {
    group: Rc<Group>,
    number: u64,
    /// The reference that the driver handed out.
    _reference: Reference,
}

impl Membership {
    /// Adds `sink` to the group that the driver handed out; none if it handed out none.
    pub(crate) fn join(
        kernel: &'static Kernel,
        group: *mut IServiceGroup,
        sink: super::Sink,
    ) -> Option<Self> {
        if group.is_null() {
            return None;
        }
        let Some(found) = com::find::<Group>(kernel, group.cast()) else {
            kernel.verifier.not_played(kernel, "a service group that PcNewServiceGroup did not make")
        };
        let reference = Reference::own(kernel, group.cast())?;
        let number = found.add(sink);
        Some(Self { group: found, number, _reference: reference })
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.group.remove(self.number);
    }
}

/// The stream.
pub(crate) struct Side {
    kernel: &'static Kernel,
    pub(crate) source: Rc<Source>,
    membership: RefCell<Option<Membership>>,
    /// MappingAvailable is called at either of its levels in turn.
    calls: Cell<u64>,
    stream: Theirs<IMiniportWavePciStream>,
}

impl Side {
    /// What `NewStream` made, with the service group that it gave.
    pub(crate) fn new(
        kernel: &'static Kernel,
        source: Rc<Source>,
        stream: Theirs<IMiniportWavePciStream>,
        group: *mut IServiceGroup,
    ) -> Rc<Self> {
        let membership = RefCell::default();
        let side = Rc::new(Self { kernel, source, membership, calls: Cell::new(0), stream });
        let weak = Rc::downgrade(&side);
        let sink: super::Sink = Rc::new(move || {
            let Some(side) = weak.upgrade() else { return };
            side.stream.call("IMiniportWavePciStream::Service", |this, vtable| {
                // SAFETY: a method of the interface on its own pointer, at DISPATCH_LEVEL.
                unsafe { (vtable.Service)(this) }
            });
        });
        side.membership.replace(Membership::join(kernel, group, sink));
        side.source.serve(&side);
        side
    }

    /// `SetState`.
    pub(crate) fn set_state(&self, state: i32) -> NtStatus {
        self.stream.call("IMiniportWavePciStream::SetState", |this, vtable| {
            // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL.
            unsafe { (vtable.SetState)(this, state) }
        })
    }

    /// `GetPosition`: bytes since the stream began.
    pub(crate) fn position(&self) -> Result<u64, NtStatus> {
        let mut position = 0;
        let status = self.stream.call("IMiniportWavePciStream::GetPosition", |this, vtable| {
            // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL; the argument outlives it.
            unsafe { (vtable.GetPosition)(this, &raw mut position) }
        });
        if status < 0 { Err(status) } else { Ok(position) }
    }

    /// `NormalizePhysicalPosition`: bytes as units of 100 ns.
    pub(crate) fn normalize(&self, bytes: i64) -> Result<i64, NtStatus> {
        let mut position = bytes;
        let status = self.stream.call("IMiniportWavePciStream::NormalizePhysicalPosition", |this, vtable| {
            // SAFETY: as above.
            unsafe { (vtable.NormalizePhysicalPosition)(this, &raw mut position) }
        });
        if status < 0 { Err(status) } else { Ok(position) }
    }

    /// `GetAllocatorFraming`: how many frames of which size the driver would like, and its status.
    pub(crate) fn framing(&self) -> Result<(u32, u32), NtStatus> {
        let mut framing = KSALLOCATOR_FRAMING::ZERO;
        let status = self.stream.call("IMiniportWavePciStream::GetAllocatorFraming", |this, vtable| {
            // SAFETY: as above.
            unsafe { (vtable.GetAllocatorFraming)(this, &raw mut framing) }
        });
        if status < 0 { Err(status) } else { Ok((framing.Frames, framing.FrameSize)) }
    }

    /// Tells the miniport that there are mappings again, if it was refused one.
    pub(crate) fn tell_available(&self) {
        if !self.source.refused.get() || !self.source.queue.borrow().available() {
            return;
        }
        self.source.refused.set(false);
        self.source.queue.borrow_mut().figures.available += 1;
        let turn = self.calls.replace(self.calls.get() + 1);
        let level = if turn.is_multiple_of(2) { self.kernel.current_irql() } else { DISPATCH_LEVEL };
        self.stream.call_at("IMiniportWavePciStream::MappingAvailable", level, |this, vtable| {
            // SAFETY: a method of the interface on its own pointer, at one of its levels.
            unsafe { (vtable.MappingAvailable)(this) }
        });
    }

    /// Revokes those from place `first` to `last` of the mappings that are out. One that the miniport is just releasing
    /// may count or not: it does not know of this call yet when it does so.
    pub(crate) fn revoke(&self, first: usize, last: usize) {
        // Nothing else of the driver's gets its turn before the port has noted what was revoked.
        self.kernel.at_dispatch(|| self.revoke_at_dispatch(first, last));
    }

    fn revoke_at_dispatch(&self, first: usize, last: usize) {
        let (kernel, queue) = (self.kernel, &self.source.queue);
        let tags: Vec<u64> = queue.borrow().out().range(first..=last).map(|mapping| mapping.tag).collect();
        let (Some(from), Some(to)) = (tags.first().copied(), tags.last().copied()) else { return };
        queue.borrow_mut().figures.revocations += 1;
        let mut count = 0;
        let status = self.stream.call("IMiniportWavePciStream::RevokeMappings", |this, vtable| {
            // SAFETY: a method of the interface on its own pointer, at its level; the count outlives it.
            unsafe { (vtable.RevokeMappings)(this, from as *mut _, to as *mut _, &raw mut count) }
        });
        if status < 0 {
            return;
        }
        // What was released meanwhile was not revoked.
        let places: Vec<usize> = {
            let queue = queue.borrow();
            let out = queue.out().iter().enumerate();
            out.filter(|(_, mapping)| tags.contains(&mapping.tag)).map(|(place, _)| place).collect()
        };
        let flying =
            self.source.in_flight.get().filter(|tag| tags.contains(tag) && queue.borrow().holds(*tag));
        let left_out = usize::from(flying.is_some() && count as usize + 1 == places.len());
        let places = &places[left_out..];
        if count as usize != places.len() {
            let message = format!(
                "RevokeMappings from tag {from:#x} to {to:#x} says that it revoked {count} mapping(s), where {} of \
                 them were out",
                places.len()
            );
            rules::stop(kernel, "WavePciRevokeMappings", code::MAPPING, u64::from(count), message);
        }
        if let (Some(first), Some(last)) = (places.first(), places.last()) {
            queue.borrow_mut().revoke(*first, *last, |_, _| {});
        }
    }

    /// The client takes a packet back: what is not mapped of it goes, what is out is revoked.
    pub(crate) fn cancel(&self, packet: u64) {
        self.source.queue.borrow_mut().cut_off(packet);
        let places: Vec<usize> = {
            let queue = self.source.queue.borrow();
            let out = queue.out().iter().enumerate();
            out.filter(|(_, mapping)| mapping.packet == packet).map(|(place, _)| place).collect()
        };
        if let (Some(first), Some(last)) = (places.first(), places.last()) {
            self.revoke(*first, *last);
        }
    }

    /// The stream is in STOP: the device has no need for mappings any more, and the packets go back
    /// (portcls/nf-portcls-iminiportwavepcistream-revokemappings).
    pub(crate) fn stopped(&self) {
        let packets = self.source.queue.borrow().numbers();
        packets.into_iter().for_each(|packet| self.source.queue.borrow_mut().cut_off(packet));
        let out = self.source.queue.borrow().out().len();
        if out > 0 {
            self.revoke(0, out - 1);
        }
        self.source.refused.set(false);
    }

    /// The pin is closed: nothing of its packets is the miniport's any more.
    pub(crate) fn close(self: Rc<Self>) {
        self.source.check_memory();
        let source = self.source.clone();
        drop(self.membership.take());
        drop(self);
        let left = source.queue.borrow().out().len();
        if left > 0 {
            let message =
                format!("the stream was closed with {left} mapping(s) neither released nor revoked");
            rules::stop(source.kernel(), "WavePciMappingsLeft", code::MAPPING, left as u64, message);
        }
        memory::forget(source.kernel());
    }
}
