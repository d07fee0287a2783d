//! Objects of the driver's that the rig holds.

use core::ffi::c_void;
use core::ptr::NonNull;

use portcls::raw::GUID;
use portcls::raw::IUnknown;
use portcls::raw::IUnknownVtbl;
use portcls::raw::Interface;

use crate::nt::At;
use crate::nt::Kernel;

/// A reference to an interface of the driver's; released when dropped.
pub(crate) struct Theirs<I: Interface> {
    kernel: &'static Kernel,
    pointer: NonNull<I>,
}

impl<I: Interface> Theirs<I> {
    /// Takes over a reference that the driver handed out; none for null.
    pub(crate) fn own(kernel: &'static Kernel, pointer: *mut I) -> Option<Self> {
        NonNull::new(pointer).map(|pointer| Self { kernel, pointer })
    }

    /// Adds a reference of the rig's own; none for null.
    pub(crate) fn add(kernel: &'static Kernel, pointer: *mut I) -> Option<Self> {
        let held = Self::own(kernel, pointer)?;
        let vtable = held.unknown();
        kernel.call_driver("IUnknown::AddRef", kernel.current_irql(), || {
            // SAFETY: the pointer is an interface of the driver's, which begins with IUnknown.
            unsafe { (vtable.AddRef)(pointer.cast()) }
        });
        Some(held)
    }

    /// The bare pointer.
    pub(crate) fn pointer(&self) -> *mut I {
        self.pointer.as_ptr()
    }

    fn unknown(&self) -> IUnknownVtbl {
        let vtable: *const IUnknownVtbl = At::new(self.pointer().cast::<*const IUnknownVtbl>()).read();
        self.kernel.check_pointer(vtable as u64, size_of::<IUnknownVtbl>() as u64);
        // SAFETY: the address is not in freed memory; a table that isn't one is the driver's fault, and traps.
        unsafe { vtable.read() }
    }

    /// The method table.
    fn vtable(&self) -> &I::Vtbl {
        let vtable = At::new(self.pointer().cast::<*const I::Vtbl>()).read();
        self.kernel.check_pointer(vtable as u64, size_of::<I::Vtbl>() as u64);
        // SAFETY: as in `unknown`; the table lives as long as the object, to which a reference is held.
        unsafe { &*vtable }
    }

    /// Calls a method at the current level; `what` is `Interface::Method`.
    pub(crate) fn call<R>(&self, what: &str, method: impl FnOnce(*mut I, &I::Vtbl) -> R) -> R {
        let level = self.kernel.current_irql();
        self.call_at(what, level, method)
    }

    /// Calls a method at `level`, which is the current one or a higher one.
    pub(crate) fn call_at<R>(&self, what: &str, level: u8, method: impl FnOnce(*mut I, &I::Vtbl) -> R) -> R {
        let vtable = self.vtable();
        self.kernel.call_driver_at(what, level, || method(self.pointer(), vtable))
    }

    /// Another interface of the same object, if it has it.
    pub(crate) fn query<J: Interface>(&self) -> Option<Theirs<J>> {
        let vtable = self.unknown();
        let iid: GUID = J::IID;
        let mut out: *mut c_void = core::ptr::null_mut();
        let this: *mut IUnknown = self.pointer().cast();
        let status = self.kernel.call_driver("IUnknown::QueryInterface", self.kernel.current_irql(), || {
            // SAFETY: the pointer is an interface of the driver's; both arguments live during the call.
            unsafe { (vtable.QueryInterface)(this, &raw const iid, &raw mut out) }
        });
        if status < 0 && !out.is_null() {
            super::rules::query_left_pointer(self.kernel, J::LAYOUT.name, out as u64);
        }
        if status >= 0 { Theirs::own(self.kernel, out.cast()) } else { None }
    }
}

impl<I: Interface> Drop for Theirs<I> {
    fn drop(&mut self) {
        if self.kernel.crashed() {
            return;
        }
        let vtable = self.unknown();
        self.kernel.call_driver("IUnknown::Release", self.kernel.current_irql(), || {
            // SAFETY: the reference that this value stands for is given back, once.
            unsafe { (vtable.Release)(self.pointer().cast()) }
        });
    }
}
