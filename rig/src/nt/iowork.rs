//! Work items: routines that a system thread runs at PASSIVE_LEVEL.

use core::ffi::c_void;
use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;

use super::Context;
use super::Kernel;
use super::abi::DeviceObject;
use super::exports::declare_exports;

type Routine = unsafe extern "win64" fn(*mut DeviceObject, *mut c_void);

struct WorkItem {
    device: *mut DeviceObject,
    queued: Cell<bool>,
}

/// The work items that drivers have allocated.
#[derive(Default)]
pub(crate) struct WorkItems(RefCell<Vec<Rc<WorkItem>>>);

impl WorkItems {
    /// Items not freed.
    pub(crate) fn left(&self) -> usize {
        self.0.borrow().len()
    }

    fn find(&self, pointer: *const c_void) -> Option<Rc<WorkItem>> {
        self.0.borrow().iter().find(|item| Rc::as_ptr(item).cast() == pointer).cloned()
    }
}

fn require(kernel: &Kernel, item: *const c_void) -> Rc<WorkItem> {
    match kernel.work_items.find(item) {
        Some(item) => item,
        None => kernel.verifier.bad_work_item(kernel, item as u64, "is no work item, or was freed before"),
    }
}

declare_exports! { "ntoskrnl.exe";
    fn IoAllocateWorkItem(device: *mut DeviceObject) -> *const c_void |kernel| {
        if kernel.injection.fails("IoAllocateWorkItem") {
            return core::ptr::null();
        }
        let item = Rc::new(WorkItem { device, queued: Cell::new(false) });
        let pointer = Rc::as_ptr(&item).cast();
        kernel.work_items.0.borrow_mut().push(item);
        pointer
    }

    /// The queue's kind is a matter of priority, which is that of the system's threads here.
    fn IoQueueWorkItem(item: *const c_void, routine: Routine, _queue: i32, context: *mut c_void) |kernel| {
        let item = require(kernel, item);
        if item.queued.replace(true) {
            kernel.verifier.bad_work_item(kernel, Rc::as_ptr(&item) as u64, "is queued already");
        }
        kernel.spawn("work item", Context::Thread, false, move || {
            // A work item may be freed or queued again by its own routine.
            item.queued.set(false);
            super::kernel().call_driver("work item", 0, || {
                // SAFETY: the driver asked for this routine to be run with its device and this context.
                unsafe { routine(item.device, context) }
            });
        });
    }

    fn IoFreeWorkItem(item: *const c_void) |kernel| {
        let item = require(kernel, item);
        if item.queued.get() {
            kernel.verifier.bad_work_item(kernel, Rc::as_ptr(&item) as u64, "is freed while it is queued");
        }
        kernel.work_items.0.borrow_mut().retain(|other| !Rc::ptr_eq(other, &item));
    }
}
