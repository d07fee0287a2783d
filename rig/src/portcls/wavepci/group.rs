//! `IServiceGroup`: sinks that are asked for service together, by a DPC (portcls/nn-portcls-iservicegroup).

use std::cell::Cell;
use std::cell::RefCell;
use std::cell::UnsafeCell;
use std::rc::Rc;

use portcls::raw::IServiceGroup;
use portcls::raw::IServiceSink;
use portcls::raw::Interface;

use crate::nt::At;
use crate::nt::Kernel;
use crate::nt::abi::KDpc;
use crate::nt::abi::KTimer;
use crate::nt::abi::NtStatus;
use crate::nt::abi::Pointer;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_SUCCESS;
use crate::portcls::com;
use crate::portcls::com::Body;
use crate::portcls::com::Face;
use crate::portcls::com::Kind;
use crate::portcls::com::Method;
use crate::portcls::com::Object;
use crate::portcls::com::always;
use crate::portcls::com::methods;
use crate::portcls::rules;
use crate::portcls::theirs::Theirs;

/// What a port driver has in a group.
pub(crate) type Sink = Rc<dyn Fn()>;

#[derive(Clone)]
enum Member {
    /// The port driver's, by a number.
    Port(u64, Sink),
    Driver(Rc<Theirs<IServiceSink>>),
}

/// A group, with the DPC that serves it and the timer for delayed service.
pub(crate) struct Group {
    kernel: &'static Kernel,
    members: RefCell<Vec<Member>>,
    next: Cell<u64>,
    dpc: Box<UnsafeCell<KDpc>>,
    timer: Box<UnsafeCell<KTimer>>,
    delayed: Cell<bool>,
}

impl Group {
    /// A group with one reference; the driver's pointer to it.
    pub(crate) fn create(kernel: &'static Kernel) -> Pointer {
        // SAFETY: integers and null pointers.
        let (dpc, timer) = unsafe { (core::mem::zeroed::<KDpc>(), core::mem::zeroed::<KTimer>()) };
        let group = Rc::new(Self {
            kernel,
            members: RefCell::default(),
            next: Cell::new(0),
            dpc: Box::new(UnsafeCell::new(dpc)),
            timer: Box::new(UnsafeCell::new(timer)),
            delayed: Cell::new(false),
        });
        let pointer = Object::create(kernel, GROUP, group.clone());
        At::new(group.dpc.get()).with(|dpc| {
            dpc.kind = 19;
            dpc.deferred_routine = Some(serve);
            dpc.deferred_context = pointer;
        });
        kernel.initialize_timer(group.timer.get());
        pointer
    }

    /// Adds a sink of the port driver's; its number.
    pub(crate) fn add(&self, sink: Sink) -> u64 {
        let number = self.next.replace(self.next.get() + 1);
        self.members.borrow_mut().push(Member::Port(number, sink));
        number
    }

    /// Removes a sink of the port driver's.
    pub(crate) fn remove(&self, number: u64) {
        self.members.borrow_mut().retain(|member| !matches!(member, Member::Port(own, _) if *own == number));
    }

    /// Queues the DPC. At any level.
    pub(crate) fn request(&self) {
        self.kernel.queue_dpc(self.dpc.get(), core::ptr::null_mut(), core::ptr::null_mut());
    }

    fn serve(&self) {
        // Members may come and go while they are served.
        let members = self.members.borrow().clone();
        for member in members {
            match member {
                Member::Port(_, sink) => sink(),
                Member::Driver(sink) => sink.call("IServiceSink::RequestService", |this, vtable| {
                    // SAFETY: a method of the interface on its own pointer, at DISPATCH_LEVEL.
                    unsafe { (vtable.RequestService)(this) }
                }),
            }
        }
    }
}

/// The DPC behind a group.
unsafe extern "win64" fn serve(_dpc: *mut KDpc, group: Pointer, _first: Pointer, _second: Pointer) {
    // The group may go while it serves; one that is gone has taken its DPC out of the queue.
    if let Some(group) = com::find::<Group>(crate::nt::kernel(), group) {
        group.serve();
    }
}

impl Body for Group {
    fn last_released(&self, kernel: &'static Kernel) {
        kernel.cancel_timer(self.timer.get());
        kernel.remove_dpc(self.dpc.get());
        drop(self.members.take());
    }
}

const SINK: &[Method] = methods! { "IServiceSink", Group;
    fn RequestService() |_kernel, group| {
        group.request();
    }
};

const METHODS: &[Method] = methods! { "IServiceGroup", Group;
    fn AddMember(sink: *mut IServiceSink) -> NtStatus |kernel, group| {
        let Some(sink) = Theirs::add(kernel, sink) else { return STATUS_INVALID_PARAMETER };
        group.members.borrow_mut().push(Member::Driver(Rc::new(sink)));
        STATUS_SUCCESS
    }

    fn RemoveMember(sink: *mut IServiceSink) |_kernel, group| {
        let mut members = group.members.borrow_mut();
        let place = members.iter().position(|member| matches!(member, Member::Driver(own) if own.pointer() == sink));
        let removed = place.map(|place| members.remove(place));
        drop(members);
        drop(removed);
    }

    fn SupportDelayedService() |_kernel, group| {
        group.delayed.set(true);
    }

    /// The delay is a due time as KeSetTimer takes it: negative for a relative one.
    fn RequestDelayedService(delay: i64) |kernel, group| {
        if !group.delayed.get() {
            let message = "RequestDelayedService was called before SupportDelayedService".to_owned();
            rules::stop(kernel, "ServiceGroupDelayed", rules::code::SERVICE_GROUP, 0, message);
        }
        kernel.set_plain_timer(group.timer.get(), delay, group.dpc.get());
    }

    fn CancelDelayedService() |kernel, group| {
        kernel.cancel_timer(group.timer.get());
    }
};

pub(crate) const GROUP: &Kind = &Kind {
    name: "service group",
    faces: &[Face { layout: &IServiceGroup::LAYOUT, methods: &[SINK, METHODS], present: always }],
};
