//! Pointers to interfaces.

use core::any::TypeId;
use core::ffi::c_void;
use core::ptr::{NonNull, null_mut};

use super::object::{Header, IID_CLASS};
use super::{Com, ComClass};
use crate::irql::{Irql, Passive};
use crate::raw::{IUnknown, IUnknownVtbl, Interface};
use crate::status::{Result, Status};

/// A pointer to an interface, which owns a reference to the object.
///
/// A clone adds a reference, a drop releases it; both are allowed up to DISPATCH_LEVEL, but the last release
/// frees the object, and most objects of PortCls want PASSIVE_LEVEL for that. A borrowed interface pointer,
/// as methods get them, is a `&ComPtr<I>`.
///
/// # Invariants
///
/// The pointer leads to a live object that has interface `I`, and one reference to it is this one's.
#[repr(transparent)]
pub struct ComPtr<I: Interface>(NonNull<I>);

// SAFETY: the objects of PortCls, and those of this crate, may be used from any thread.
unsafe impl<I: Interface> Send for ComPtr<I> {}
// SAFETY: as above.
unsafe impl<I: Interface> Sync for ComPtr<I> {}

impl<I: Interface> ComPtr<I> {
    /// Takes over a reference; null is none.
    ///
    /// # Safety
    ///
    /// If not null, the pointer leads to a live object with interface `I`, and the caller gives up one
    /// reference to it.
    #[must_use]
    pub unsafe fn from_raw(pointer: *mut I) -> Option<Self> {
        // INVARIANT: as the caller promises.
        NonNull::new(pointer).map(Self)
    }

    /// Looks at a pointer without taking a reference; null is none.
    ///
    /// # Safety
    ///
    /// If not null, the pointer leads to an object with interface `I` that lives as long as `pointer` is
    /// borrowed.
    #[must_use]
    pub unsafe fn borrow(pointer: &*mut I) -> Option<&Self> {
        if pointer.is_null() {
            return None;
        }
        // SAFETY: `ComPtr` is a transparent non-null pointer, and is only lent, so that its reference is not
        // released.
        Some(unsafe { &*(&raw const *pointer).cast::<Self>() })
    }

    /// The pointer, for a raw call; the reference stays here.
    #[must_use]
    pub fn as_raw(&self) -> *mut I {
        self.0.as_ptr()
    }

    /// The pointer and its reference.
    #[must_use]
    pub fn into_raw(self) -> *mut I {
        let raw = self.as_raw();
        core::mem::forget(self);
        raw
    }

    /// The same object as the interface that this one inherits from.
    #[must_use]
    pub fn base(&self) -> &ComPtr<I::Base> {
        // SAFETY: transparent both, and a vtable of `I` begins with one of its base.
        unsafe { &*(&raw const *self).cast() }
    }

    /// The same object as `IUnknown`.
    #[must_use]
    pub fn unknown(&self) -> &ComPtr<IUnknown> {
        // SAFETY: transparent both, and every vtable begins with that of `IUnknown`.
        unsafe { &*(&raw const *self).cast() }
    }

    /// Another interface of the same object.
    ///
    /// # Errors
    ///
    /// What QueryInterface says, usually `STATUS_INVALID_PARAMETER` or `STATUS_NOINTERFACE`.
    pub fn query<J: Interface>(&self, _irql: &Irql<Passive>) -> Result<ComPtr<J>> {
        let mut found = null_mut();
        let unknown = self.unknown();
        // SAFETY: a method of a live object, at PASSIVE_LEVEL, with a place for the answer.
        let status = unsafe { (unknown.vtbl().QueryInterface)(unknown.as_raw(), &J::IID, &mut found) };
        Status::check(status)?;
        // SAFETY: the answer to `J`'s IID is a pointer to that interface with a reference.
        unsafe { ComPtr::from_raw(found.cast()) }.ok_or(Status::UNSUCCESSFUL)
    }

    /// The object itself, if it is one that this driver made of class `T`.
    #[must_use]
    pub fn downcast<T: ComClass>(&self, _irql: &Irql<Passive>) -> Option<Com<T>> {
        let mut found: *mut c_void = null_mut();
        let unknown = self.unknown();
        // SAFETY: as in `query`. Nobody but the objects of this crate knows this IID.
        let status = unsafe { (unknown.vtbl().QueryInterface)(unknown.as_raw(), &IID_CLASS, &mut found) };
        Status::check(status).ok()?;
        let header = NonNull::new(found.cast::<Header>())?;
        // SAFETY: the answer to this IID is the header of an object, with a reference.
        if unsafe { header.as_ref() }.class == TypeId::of::<T>() {
            // SAFETY: so says its class; the reference goes along.
            Some(unsafe { Com::from_header(header) })
        } else {
            // SAFETY: the reference that QueryInterface added to this very object goes back.
            unsafe { (unknown.vtbl().Release)(unknown.as_raw()) };
            None
        }
    }

    /// The vtable.
    pub(crate) fn vtbl(&self) -> &I::Vtbl {
        // SAFETY: an interface pointer leads to a pointer to a vtable, which outlives the object.
        unsafe { &**self.as_raw().cast::<*const I::Vtbl>() }
    }

    fn unknown_vtbl(&self) -> &IUnknownVtbl {
        self.unknown().vtbl()
    }
}

impl<I: Interface> Clone for ComPtr<I> {
    fn clone(&self) -> Self {
        // SAFETY: a method of a live object.
        unsafe { (self.unknown_vtbl().AddRef)(self.unknown().as_raw()) };
        // INVARIANT: the reference just added.
        Self(self.0)
    }
}

impl<I: Interface> Drop for ComPtr<I> {
    fn drop(&mut self) {
        // SAFETY: a method of a live object; its reference was this one's, and is not used again.
        unsafe { (self.unknown_vtbl().Release)(self.unknown().as_raw()) };
    }
}
