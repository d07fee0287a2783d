//! `ExXxxTimer`: timers with a callback of their own, exact where they were asked to be
//! (kernel/exxxxtimer-routines-and-ex-timer-objects).

use core::ffi::c_void;
use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;

use super::At;
use super::Kernel;
use super::abi::APC_LEVEL;
use super::abi::DeferredRoutine;
use super::abi::KDpc;
use super::abi::KTimer;
use super::dispatcher;
use super::dispatcher::Setting;
use super::dispatcher::kind;
use super::exports::declare_exports;

/// `ExTimerCallback`: at DISPATCH_LEVEL.
type Callback = unsafe extern "win64" fn(*mut c_void, *mut c_void);

/// `EX_TIMER_HIGH_RESOLUTION`.
const HIGH_RESOLUTION: u32 = 0x4;
/// `EX_TIMER_NO_WAKE`.
const NO_WAKE: u32 = 0x8;
/// `EX_TIMER_NOTIFICATION`.
const NOTIFICATION: u32 = 0x8000_0000;

/// `MAXLONG`.
const MOST_PERIOD: i64 = i32::MAX as i64;

/// What a driver's `PEX_TIMER` points at; its dispatcher header is what one may wait on.
#[repr(C)]
struct ExTimer {
    timer: KTimer,
    dpc: KDpc,
    callback: Option<Callback>,
    context: *mut c_void,
    exact: bool,
}

/// The timers that drivers have allocated.
#[derive(Default)]
pub(crate) struct ExTimers(RefCell<Vec<Rc<Cell<ExTimer>>>>);

impl ExTimers {
    /// Timers not deleted.
    pub(crate) fn left(&self) -> usize {
        self.0.borrow().len()
    }
}

/// The DPC behind a timer: calls the driver's routine.
unsafe extern "win64" fn expired(
    _dpc: *mut KDpc,
    context: *mut c_void,
    _first: *mut c_void,
    _second: *mut c_void,
) {
    let (callback, argument) =
        At::new(context.cast::<ExTimer>()).with(|timer| (timer.callback, timer.context));
    if let Some(callback) = callback {
        // SAFETY: the driver gave the routine with this context, for DISPATCH_LEVEL.
        unsafe { callback(context, argument) };
    }
}

/// Whether a DPC's routine is the one behind the timers of this file.
pub(super) fn is_callback(routine: DeferredRoutine) -> bool {
    routine as usize == expired as *const () as usize
}

fn require(kernel: &Kernel, timer: *mut c_void) -> At<ExTimer> {
    let known = kernel.extimers.0.borrow().iter().any(|each| each.as_ptr().cast() == timer);
    if !known {
        kernel.verifier.bad_timer(kernel, timer as u64);
    }
    At::new(timer.cast())
}

declare_exports! { "ntoskrnl.exe";
    fn ExAllocateTimer(callback: Option<Callback>, context: *mut c_void, attributes: u32) -> *mut c_void |kernel| {
        if attributes & HIGH_RESOLUTION != 0 && attributes & NO_WAKE != 0 {
            kernel.verifier.bad_timer(kernel, u64::from(attributes));
        }
        if kernel.injection.fails("ExAllocateTimer") {
            return core::ptr::null_mut();
        }
        // SAFETY: integers and null pointers.
        let mut empty: ExTimer = unsafe { core::mem::zeroed() };
        (empty.callback, empty.context, empty.exact) = (callback, context, attributes & HIGH_RESOLUTION != 0);
        let timer = Rc::new(Cell::new(empty));
        let pointer = timer.as_ptr();
        kernel.extimers.0.borrow_mut().push(timer);
        let kind = if attributes & NOTIFICATION != 0 { kind::NOTIFICATION_TIMER } else { kind::SYNCHRONIZATION_TIMER };
        dispatcher::initialize(At::new(pointer.cast()), kind, 0);
        At::new(pointer).with(|timer| {
            timer.dpc.kind = 19;
            timer.dpc.deferred_routine = Some(expired);
            timer.dpc.deferred_context = pointer.cast();
        });
        pointer.cast()
    }

    /// Both times in units of 100 ns; a negative due time is relative.
    fn ExSetTimer(timer: *mut c_void, due: i64, period: i64, _parameters: *mut c_void) -> u8 |kernel| {
        let object = require(kernel, timer);
        let (exact, dpc) = object.with(|timer| (timer.exact, &raw mut timer.dpc));
        if exact && due >= 0 {
            kernel.verifier.timer_misused(kernel, timer as u64, "is of high resolution and set to no relative time");
        }
        if !(0..=MOST_PERIOD).contains(&period) {
            kernel.verifier.timer_misused(kernel, timer as u64, "is set to a period below 0 or above MAXLONG");
        }
        let setting = Setting { due, period_ns: period.unsigned_abs() * 100, exact };
        u8::from(kernel.set_timer(timer.cast(), setting, dpc))
    }

    fn ExCancelTimer(timer: *mut c_void, _parameters: *mut c_void) -> u8 |kernel| {
        require(kernel, timer);
        u8::from(kernel.cancel_timer(timer.cast()))
    }

    /// With `cancel` a set timer is cancelled; one that is set and not to be cancelled goes when it has expired.
    /// On one processor no callback runs while its timer is deleted, unless it does so itself.
    fn ExDeleteTimer(timer: *mut c_void, cancel: u8, wait: u8, _parameters: *mut c_void) -> u8 |kernel| {
        let object = require(kernel, timer);
        if wait != 0 && cancel == 0 {
            kernel.verifier.timer_misused(kernel, timer as u64, "is deleted with Wait and without Cancel");
        }
        if wait != 0 && kernel.current_irql() > APC_LEVEL {
            kernel.verifier.timer_misused(kernel, timer as u64, "is deleted with Wait above APC_LEVEL");
        }
        let dpc = object.with(|timer| &raw mut timer.dpc);
        let was_set = kernel.cancel_timer(timer.cast());
        kernel.remove_dpc(dpc);
        kernel.extimers.0.borrow_mut().retain(|each| each.as_ptr().cast() != timer);
        u8::from(cancel != 0 && was_set)
    }
}
