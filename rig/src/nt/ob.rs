//! Handles and references: to threads and registry keys, the objects that drivers of this kind hold.

use core::ffi::c_void;
use std::cell::Cell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::At;
use super::ThreadRef;
use super::abi::NtStatus;
use super::abi::STATUS_INVALID_HANDLE;
use super::abi::STATUS_OBJECT_TYPE_MISMATCH;
use super::abi::STATUS_SUCCESS;
use super::exports::declare_exports;

/// Open handles, and threads that the driver holds references to.
#[derive(Default)]
pub(crate) struct Objects {
    handles: RefCell<BTreeMap<u64, Opened>>,
    next_handle: Cell<u64>,
    references: RefCell<Vec<(ThreadRef, u32)>>,
}

/// What a handle stands for.
enum Opened {
    Thread(ThreadRef),
    /// A registry key, by its path.
    Key(String),
}

impl Objects {
    /// A new handle to the thread.
    pub(crate) fn open(&self, thread: &ThreadRef) -> u64 {
        self.add(Opened::Thread(thread.clone()))
    }

    /// A new handle to a registry key.
    pub(crate) fn open_key(&self, path: String) -> u64 {
        self.add(Opened::Key(path))
    }

    /// The key behind a handle.
    pub(crate) fn key(&self, handle: u64) -> Option<String> {
        match self.handles.borrow().get(&handle)? {
            Opened::Key(path) => Some(path.clone()),
            Opened::Thread(_) => None,
        }
    }

    fn thread(&self, handle: u64) -> Option<ThreadRef> {
        match self.handles.borrow().get(&handle)? {
            Opened::Thread(thread) => Some(thread.clone()),
            Opened::Key(_) => None,
        }
    }

    fn add(&self, opened: Opened) -> u64 {
        let handle = 0x8000_0000 + self.next_handle.replace(self.next_handle.get() + 4);
        self.handles.borrow_mut().insert(handle, opened);
        handle
    }

    /// Handles not closed, and references not given back.
    pub(crate) fn left(&self) -> (usize, u32) {
        (self.handles.borrow().len(), self.references.borrow().iter().map(|(_, count)| *count).sum())
    }

    /// Whether the driver may use this pointer as a thread: it holds a reference, or the thread is alive.
    pub(crate) fn thread_referenced(&self, pointer: *mut c_void) -> Option<ThreadRef> {
        let references = self.references.borrow();
        references.iter().find(|(thread, _)| thread.pointer() == pointer).map(|(thread, _)| thread.clone())
    }

    fn reference(&self, thread: &ThreadRef) -> u32 {
        let mut references = self.references.borrow_mut();
        match references.iter_mut().find(|(other, _)| Rc::ptr_eq(other, thread)) {
            Some((_, count)) => {
                *count += 1;
                *count
            }
            None => {
                references.push((thread.clone(), 1));
                1
            }
        }
    }

    fn dereference(&self, pointer: *mut c_void) -> Option<u32> {
        let mut references = self.references.borrow_mut();
        let place = references.iter().position(|(thread, _)| thread.pointer() == pointer)?;
        references[place].1 -= 1;
        let left = references[place].1;
        if left == 0 {
            references.remove(place);
        }
        Some(left)
    }
}

declare_exports! { "ntoskrnl.exe";
    fn ObReferenceObjectByHandle(
        handle: u64, _access: u32, object_type: *const c_void, _mode: i8, object: At<*mut c_void>,
        _information: *mut c_void,
    ) -> NtStatus |kernel| {
        if kernel.injection.fails("ObReferenceObjectByHandle") {
            return super::abi::STATUS_INSUFFICIENT_RESOURCES;
        }
        let Some(thread) = kernel.objects.thread(handle) else { return STATUS_INVALID_HANDLE };
        if !object_type.is_null() && object_type != super::ps::thread_type() {
            return STATUS_OBJECT_TYPE_MISMATCH;
        }
        kernel.objects.reference(&thread);
        object.write(thread.pointer());
        STATUS_SUCCESS
    }

    fn ObfReferenceObject(object: *mut c_void) -> i64 |kernel| {
        let thread = kernel.thread_at(object).or_else(|| kernel.objects.thread_referenced(object));
        match thread {
            Some(thread) => i64::from(kernel.objects.reference(&thread)),
            // Device and driver objects: counted by nobody here.
            None if kernel.io.owns(object) => 1,
            None => kernel.verifier.bad_reference(kernel, object as u64),
        }
    }

    fn ObfDereferenceObject(object: *mut c_void) -> i64 |kernel| {
        match kernel.objects.dereference(object) {
            Some(left) => i64::from(left),
            None if kernel.io.owns(object) => 1,
            None => kernel.verifier.bad_reference(kernel, object as u64),
        }
    }

    fn ZwClose(handle: u64) -> NtStatus |kernel| {
        match kernel.objects.handles.borrow_mut().remove(&handle) {
            Some(_) => STATUS_SUCCESS,
            None => STATUS_INVALID_HANDLE,
        }
    }
}
