//! `IPortWavePciStream`: gives the miniport its mappings, and holds it to the order
//! (portcls/nf-portcls-iportwavepcistream-getmapping, -releasemapping, -terminatepacket).

use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;
use std::rc::Weak;

use portcls::raw::IPortWavePciStream;
use portcls::raw::IPreFetchOffset;
use portcls::raw::Interface;

use super::memory;
use super::memory::PacketMemory;
use super::queue::BadTag;
use super::queue::Gone;
use super::queue::Mapping;
use super::queue::Queue;
use super::schedule::Schedule;
use super::side::Side;
use crate::nt::At;
use crate::nt::Kernel;
use crate::nt::abi::NtStatus;
use crate::nt::abi::Pointer;
use crate::nt::abi::STATUS_SUCCESS;
use crate::portcls::com::Body;
use crate::portcls::com::Face;
use crate::portcls::com::Kind;
use crate::portcls::com::Method;
use crate::portcls::com::Object;
use crate::portcls::com::always;
use crate::portcls::com::methods;
use crate::portcls::rules;
use crate::portcls::rules::code;

/// `STATUS_NOT_FOUND`: there is none now, and MappingAvailable will tell of the next.
const STATUS_NOT_FOUND: NtStatus = 0xC000_0225_u32 as i32;

/// Flags of a mapping: the last one of its packet. The documentation says no more than that it is not zero.
const LAST_OF_PACKET: u32 = 1;

/// The port driver's stream object.
pub(crate) struct Source {
    kernel: &'static Kernel,
    capture: bool,
    pub(crate) queue: RefCell<Queue>,
    /// The miniport was refused a mapping, and has not been told of one since.
    pub(crate) refused: Cell<bool>,
    /// What capture mappings held when they were released, in order.
    pub(crate) recorded: RefCell<Vec<u8>>,
    pub(crate) schedule: RefCell<Option<Schedule>>,
    /// The mapping that the miniport is just releasing.
    pub(crate) in_flight: Cell<Option<u64>>,
    side: RefCell<Weak<Side>>,
}

impl Source {
    /// A source with one reference, for frames of so many bytes; the object, and the driver's pointer to it.
    pub(crate) fn create(kernel: &'static Kernel, capture: bool, frame: usize) -> (Rc<Self>, Pointer) {
        let source = Rc::new(Self {
            kernel,
            capture,
            queue: RefCell::new(Queue::new(frame)),
            refused: Cell::new(false),
            recorded: RefCell::default(),
            schedule: RefCell::default(),
            in_flight: Cell::new(None),
            side: RefCell::default(),
        });
        let pointer = Object::create(kernel, SOURCE, source.clone());
        (source, pointer)
    }

    /// The machine.
    pub(crate) fn kernel(&self) -> &'static Kernel {
        self.kernel
    }

    /// The miniport's stream is there: mappings can be revoked.
    pub(crate) fn serve(&self, side: &Rc<Side>) {
        self.side.replace(Rc::downgrade(side));
    }

    /// Driver Verifier looks for locks of the driver's at each of these calls; one that is held is its 0xC4.
    fn outside_of_locks(&self, method: &str) {
        let Some((lock, taken_at)) = self.kernel.spinlocks.last() else { return };
        let site = self.kernel.verifier.site(taken_at.saturating_sub(1));
        let message = format!(
            "{method} was called with the spin lock {lock:#x} held, which was taken at {}: the port driver may \
             revoke mappings at the same time, and wait for it",
            site.name
        );
        rules::stop(self.kernel, "WavePciLockHeld", code::MAPPING_LOCK, lock, message);
    }

    /// On a machine of several processors mappings are revoked at any moment; here at the moments of such calls.
    fn moment(&self) {
        let out = self.queue.borrow().out().len();
        let chosen = self.schedule.borrow_mut().as_mut().and_then(|schedule| schedule.revokes(out));
        let side = self.side.borrow().upgrade();
        if let (Some((first, last)), Some(side)) = (chosen, side) {
            side.revoke(first, last);
        }
    }

    fn get(&self, tag: u64, out: (At<u64>, At<u64>, At<u32>, At<u32>)) -> NtStatus {
        self.outside_of_locks("GetMapping");
        if self.queue.borrow().holds(tag) {
            let message = format!("GetMapping: tag {tag:#x} stands for a mapping that was not released yet");
            rules::stop(self.kernel, "WavePciTag", code::MAPPING, tag, message);
        }
        self.moment();
        let bytes_out = self.queue.borrow().bytes_out();
        let hesitates =
            self.schedule.borrow_mut().as_mut().is_some_and(|schedule| schedule.hesitates(bytes_out));
        let given = if hesitates { None } else { self.queue.borrow_mut().give(tag) };
        let Some(given) = given else {
            self.refused.set(true);
            self.queue.borrow_mut().figures.refused += 1;
            return STATUS_NOT_FOUND;
        };
        out.0.write(given.physical);
        out.1.write(given.address);
        out.2.write(given.bytes);
        out.3.write(if given.last { LAST_OF_PACKET } else { 0 });
        STATUS_SUCCESS
    }

    fn release(&self, tag: u64) -> NtStatus {
        self.outside_of_locks("ReleaseMapping");
        self.in_flight.set(Some(tag));
        self.moment();
        self.in_flight.set(None);
        let released = self.queue.borrow_mut().release(tag, |memory, mapping| self.look(memory, mapping));
        let Err(wrong) = released else { return STATUS_SUCCESS };
        let message = match wrong {
            BadTag::OutOfOrder(first) => format!(
                "ReleaseMapping: the mapping {tag:#x} was acquired after {first:#x}, which is not released yet"
            ),
            BadTag::Gone(Gone::Released) => {
                format!("ReleaseMapping: the mapping {tag:#x} was released before")
            }
            BadTag::Gone(Gone::Revoked) => {
                format!("ReleaseMapping: the mapping {tag:#x} was revoked, and is the client's again")
            }
            BadTag::Unknown => format!("ReleaseMapping: no mapping was got under the tag {tag:#x}"),
        };
        rules::stop(self.kernel, "WavePciReleaseMapping", code::MAPPING, tag, message)
    }

    /// What a device has recorded is taken while it is still there.
    fn look(&self, memory: &PacketMemory, mapping: &Mapping) {
        if self.capture {
            self.recorded.borrow_mut().extend(memory.read(mapping.at, mapping.bytes));
        }
    }

    fn terminate(&self) -> NtStatus {
        self.outside_of_locks("TerminatePacket");
        let mut queue = self.queue.borrow_mut();
        if let Some(packet) = queue.being_mapped() {
            queue.figures.terminated += 1;
            queue.cut_off(packet);
        }
        STATUS_SUCCESS
    }

    /// A device must not write to what was given back.
    pub(crate) fn check_memory(&self) {
        let own = self.queue.borrow().written_after();
        if let Some(address) = own.or_else(|| memory::written_after(self.kernel)) {
            let message =
                format!("memory at {address:#x} was written to after its mapping was released or revoked");
            rules::stop(self.kernel, "WavePciMemory", code::MAPPING, address, message);
        }
    }
}

impl Body for Source {}

const METHODS: &[Method] = methods! { "IPortWavePciStream", Source;
    fn GetMapping(
        tag: u64, physical: At<u64>, address: At<u64>, bytes: At<u32>, flags: At<u32>,
    ) -> NtStatus |_kernel, source| {
        source.get(tag, (physical, address, bytes, flags))
    }

    fn ReleaseMapping(tag: u64) -> NtStatus |_kernel, source| { source.release(tag) }

    fn TerminatePacket() -> NtStatus |_kernel, source| { source.terminate() }
};

const PRE_FETCH: &[Method] = methods! { "IPreFetchOffset", Source;
    /// Clients are told of a write position that is ahead by so much; none is told here.
    fn SetPreFetchOffset(_bytes: u32) |_kernel, _source| {}
};

pub(crate) const SOURCE: &Kind = &Kind {
    name: "WavePci port stream",
    faces: &[
        Face { layout: &IPortWavePciStream::LAYOUT, methods: &[METHODS], present: always },
        Face { layout: &IPreFetchOffset::LAYOUT, methods: &[PRE_FETCH], present: always },
    ],
};
