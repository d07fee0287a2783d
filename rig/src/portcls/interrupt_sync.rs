//! `IInterruptSync` over the kernel's interrupt objects (portcls/nf-portcls-pcnewinterruptsync).

use core::ffi::c_void;
use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;

use portcls::raw::IInterruptSync;
use portcls::raw::Interface;
use portcls::raw::InterruptSyncModeAll;
use portcls::raw::InterruptSyncModeNormal;
use portcls::raw::InterruptSyncModeRepeat;

use super::com::Body;
use super::com::Face;
use super::com::Kind;
use super::com::Method;
use super::com::Object;
use super::com::always;
use super::com::methods;
use crate::nt::DEVICE_IRQL;
use crate::nt::InterruptState;
use crate::nt::Kernel;
use crate::nt::Routine;
use crate::nt::Source;
use crate::nt::abi::NtStatus;
use crate::nt::abi::Pointer;
use crate::nt::abi::STATUS_INSUFFICIENT_RESOURCES;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_SUCCESS;
use crate::nt::abi::STATUS_UNSUCCESSFUL;

type SyncRoutine = unsafe extern "win64" fn(Pointer, Pointer) -> NtStatus;

/// Rounds of InterruptSyncModeRepeat before it is given up.
const MOST_ROUNDS: u32 = 1_000;

/// An interrupt and its service routines.
pub(crate) struct InterruptSync {
    kernel: &'static Kernel,
    mode: i32,
    source: Source,
    head: Cell<Pointer>,
    routines: RefCell<Vec<(SyncRoutine, Pointer)>>,
    connected: RefCell<Option<Rc<InterruptState>>>,
}

impl InterruptSync {
    /// Makes one; the driver's pointer, with one reference. None for an unknown mode.
    pub(crate) fn create(kernel: &'static Kernel, mode: i32, source: Source) -> Option<Pointer> {
        if ![InterruptSyncModeNormal, InterruptSyncModeAll, InterruptSyncModeRepeat].contains(&mode) {
            return None;
        }
        let sync = Rc::new(Self {
            kernel,
            mode,
            source,
            head: Cell::new(core::ptr::null_mut()),
            routines: RefCell::default(),
            connected: RefCell::default(),
        });
        sync.head.set(Object::create(kernel, KIND, sync.clone()));
        Some(sync.head.get())
    }

    /// Calls the routines as the mode says; whether one claimed the interrupt.
    #[allow(non_upper_case_globals)] // The modes have the WDK's names.
    fn service(&self) -> bool {
        let routines = self.routines.borrow().clone();
        let call = |(routine, context): &(SyncRoutine, Pointer)| {
            self.kernel.call_driver("interrupt service routine", self.kernel.current_irql(), || {
                // SAFETY: the driver registered the routine with this context; the level is the interrupt's.
                unsafe { routine(self.head.get(), *context) == STATUS_SUCCESS }
            })
        };
        let all = |claimed, each: &(SyncRoutine, Pointer)| call(each) || claimed;
        match self.mode {
            InterruptSyncModeNormal => routines.iter().any(call),
            InterruptSyncModeAll => routines.iter().fold(false, all),
            _ => {
                let mut rounds = 0;
                while routines.iter().fold(false, all) && rounds < MOST_ROUNDS {
                    rounds += 1;
                }
                rounds > 0
            }
        }
    }

    fn connect(&self) -> NtStatus {
        if self.connected.borrow().is_some() {
            return STATUS_SUCCESS;
        }
        if self.kernel.injection.fails("IInterruptSync::Connect") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let context = core::ptr::from_ref(self).cast_mut().cast();
        let interrupt = InterruptState::new(Routine::Plain(service), context, DEVICE_IRQL, self.source);
        self.connected.replace(Some(interrupt.clone()));
        self.kernel.connect_interrupt(interrupt);
        STATUS_SUCCESS
    }

    fn disconnect(&self) {
        let Some(interrupt) = self.connected.take() else { return };
        self.kernel.verifier.check_interrupt_unregistered(self.kernel, interrupt.pointer());
        self.kernel.disconnect_interrupt(interrupt.pointer());
    }

    /// Runs a routine that the interrupt can't interrupt; a connected interrupt's level must not be above it.
    fn synchronized(&self, routine: SyncRoutine, context: Pointer) -> NtStatus {
        let level = DEVICE_IRQL.max(self.kernel.current_irql());
        self.kernel.call_driver_at("synchronized routine", level, || {
            // SAFETY: the driver asks for its own routine to be run, with its own context.
            unsafe { routine(self.head.get(), context) }
        })
    }
}

unsafe extern "win64" fn service(_interrupt: *mut c_void, context: *mut c_void) -> u8 {
    let sync: *const InterruptSync = context.cast_const().cast();
    // SAFETY: the object outlives the connection: `last_released` disconnects.
    u8::from(unsafe { &*sync }.service())
}

impl Body for InterruptSync {
    fn last_released(&self, _kernel: &'static Kernel) {
        self.disconnect();
    }
}

const METHODS: &[Method] = methods! { "IInterruptSync", InterruptSync;
    fn CallSynchronizedRoutine(routine: SyncRoutine, context: Pointer) -> NtStatus |kernel, sync| {
        if kernel.current_irql() > DEVICE_IRQL {
            return STATUS_UNSUCCESSFUL;
        }
        sync.synchronized(routine, context)
    }

    fn GetKInterrupt() -> Pointer |_kernel, sync| {
        sync.connected.borrow().as_ref().map_or(core::ptr::null_mut(), |interrupt| interrupt.pointer())
    }

    fn Connect() -> NtStatus |_kernel, sync| { sync.connect() }

    fn Disconnect() |_kernel, sync| { sync.disconnect(); }

    fn RegisterServiceRoutine(routine: Option<SyncRoutine>, context: Pointer, first: u8) -> NtStatus |_kernel, sync| {
        let Some(routine) = routine else { return STATUS_INVALID_PARAMETER };
        let mut routines = sync.routines.borrow_mut();
        let place = if first != 0 { 0 } else { routines.len() };
        routines.insert(place, (routine, context));
        STATUS_SUCCESS
    }
};

pub(crate) const KIND: &Kind = &Kind {
    name: "interrupt sync",
    faces: &[Face { layout: &IInterruptSync::LAYOUT, methods: &[METHODS], present: always }],
};
