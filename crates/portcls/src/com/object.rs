//! The objects themselves.

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::any::TypeId;
use core::ffi::c_void;
use core::mem::offset_of;
use core::ops::Deref;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU32, Ordering, fence};

use super::{ComClass, ComPtr, InterfaceList};
use crate::irql::{AtMostDispatch, Irql, Passive};
use crate::raw::status::{STATUS_INVALID_PARAMETER, STATUS_SUCCESS};
use crate::raw::{GUID, IUnknown, IUnknownVtbl, Interface, NTSTATUS};
use crate::status::{Result, Status};

/// Asks an object of this crate for its [`Header`]; known to nobody else.
pub(super) const IID_CLASS: GUID = GUID::from_u128(0x6F1B2B1C_6A0F_4C55_9D43_7C1E0A84F5E2);

type Heads<T> = <<T as ComClass>::Interfaces as InterfaceList<T>>::Heads;

/// What every object has, whatever its class.
pub(super) struct Header {
    references: AtomicU32,
    pub(super) class: TypeId,
}

/// An object: its vtable pointers, its header, its value.
#[repr(C)]
struct Object<T: ComClass> {
    heads: Heads<T>,
    header: Header,
    value: T,
}

/// An owned reference to an object of class `T`.
///
/// A clone adds a reference. The drop of the last one drops the value, in the context of whoever drops it:
/// a class whose drop wants PASSIVE_LEVEL says so, and its references stay off DPCs.
///
/// # Invariants
///
/// The pointer leads to a live object, and one reference to it is this one's.
#[repr(transparent)]
pub struct Com<T: ComClass>(NonNull<Object<T>>);

// SAFETY: the value is `Send + Sync`, the count is atomic.
unsafe impl<T: ComClass> Send for Com<T> {}
// SAFETY: as above.
unsafe impl<T: ComClass> Sync for Com<T> {}

impl<T: ComClass> Com<T> {
    /// Makes an object with one reference, this one.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`; the value is then dropped.
    pub fn new<L: AtMostDispatch>(_irql: &Irql<L>, value: T) -> Result<Self> {
        let layout = Layout::new::<Object<T>>();
        // SAFETY: the layout has a size: the vtable pointers.
        let memory = unsafe { alloc(layout) }.cast::<Object<T>>();
        let memory = NonNull::new(memory).ok_or(Status::INSUFFICIENT_RESOURCES)?;
        let object = Object {
            heads: <T::Interfaces as InterfaceList<T>>::HEADS,
            header: Header { references: AtomicU32::new(1), class: TypeId::of::<T>() },
            value,
        };
        // SAFETY: allocated with the layout of the object.
        unsafe { memory.write(object) };
        // INVARIANT: the reference that the count starts with.
        Ok(Self(memory))
    }

    /// One of the object's interfaces.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_PARAMETER` if it has none such.
    pub fn query<J: Interface>(&self, irql: &Irql<Passive>) -> Result<ComPtr<J>> {
        self.unknown().query(irql)
    }

    /// The object as `IUnknown`.
    #[must_use]
    pub fn unknown(&self) -> &ComPtr<IUnknown> {
        // SAFETY: transparent both; an object begins with the vtable pointer of its first interface, which
        // begins with the methods of `IUnknown`.
        unsafe { &*(&raw const *self).cast() }
    }

    /// The object whose header this is.
    ///
    /// # Safety
    ///
    /// The header is that of a live object of class `T`, and a reference to it goes along.
    pub(super) unsafe fn from_header(header: NonNull<Header>) -> Self {
        // SAFETY: a header lies at this offset in its object.
        let object = unsafe { header.byte_sub(offset_of!(Object<T>, header)) };
        // INVARIANT: as the caller promises.
        Self(object.cast())
    }

    fn object(&self) -> &Object<T> {
        // SAFETY: by the invariant; objects are only ever shared.
        unsafe { self.0.as_ref() }
    }
}

impl<T: ComClass> Deref for Com<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.object().value
    }
}

impl<T: ComClass> Clone for Com<T> {
    fn clone(&self) -> Self {
        add_reference(&self.object().header);
        // INVARIANT: the reference just added.
        Self(self.0)
    }
}

impl<T: ComClass> Drop for Com<T> {
    fn drop(&mut self) {
        // SAFETY: the reference was this one's, and is not used again.
        unsafe { release(self.0) };
    }
}

/// Adds a reference; returns the new count.
fn add_reference(header: &Header) -> u32 {
    // Relaxed is enough: whoever adds a reference holds one.
    header.references.fetch_add(1, Ordering::Relaxed).wrapping_add(1)
}

/// Drops a reference, and the object with the last one; returns the new count.
///
/// # Safety
///
/// The object is alive, and the caller gives up one reference to it.
unsafe fn release<T: ComClass>(object: NonNull<Object<T>>) -> u32 {
    // SAFETY: alive, as the caller holds a reference.
    let references = unsafe { &(*object.as_ptr()).header.references };
    let left = references.fetch_sub(1, Ordering::Release).wrapping_sub(1);
    if left == 0 {
        // What other threads did to the object before they released it happens before its drop.
        fence(Ordering::Acquire);
        // SAFETY: no reference is left, so that nobody else can reach the object.
        unsafe { object.drop_in_place() };
        // SAFETY: allocated in `Com::new` with this layout.
        unsafe { dealloc(object.as_ptr().cast(), Layout::new::<Object<T>>()) };
    }
    left
}

/// The object of which `this` is vtable pointer number `N`.
///
/// # Safety
///
/// It is, of a live object of class `T`.
unsafe fn object<T: ComClass, I: Interface, const N: usize>(this: *mut I) -> NonNull<Object<T>> {
    let heads = this.cast::<*const c_void>();
    // SAFETY: the vtable pointers lie at the start of the object, in order.
    let object = unsafe { heads.sub(N) };
    // SAFETY: `this` is not null.
    unsafe { NonNull::new_unchecked(object.cast()) }
}

/// The value of the object that a method was called on.
///
/// # Safety
///
/// `this` is vtable pointer number `N` of a live object of class `T`, and the caller holds a reference to it
/// for `'a`.
pub unsafe fn value<'a, T: ComClass, I: Interface, const N: usize>(this: *mut I) -> &'a T {
    // SAFETY: as the caller promises.
    let object = unsafe { object::<T, I, N>(this) };
    // SAFETY: alive for `'a`, and only ever shared.
    unsafe { &(*object.as_ptr()).value }
}

/// Clears the caller's place for an answer, has the answer made, and puts it there.
///
/// # Safety
///
/// `place` is null or may be written.
pub unsafe fn answer<R>(place: *mut R, cleared: R, make: impl FnOnce() -> Result<R>) -> NTSTATUS {
    if place.is_null() {
        return STATUS_INVALID_PARAMETER;
    }
    // SAFETY: not null, so it may be written.
    unsafe { place.write(cleared) };
    match make() {
        Ok(made) => {
            // SAFETY: as above.
            unsafe { place.write(made) };
            STATUS_SUCCESS
        }
        Err(status) => status.code(),
    }
}

/// The methods of `IUnknown` for class `T`, called by way of vtable pointer number `N`.
#[must_use]
pub const fn unknown_vtbl<T: ComClass, const N: usize>() -> IUnknownVtbl {
    IUnknownVtbl {
        QueryInterface: query_interface::<T, N>,
        AddRef: add_ref::<T, N>,
        Release: release_thunk::<T, N>,
    }
}

/// # Safety
///
/// As COM: `this` is vtable pointer `N` of a live object of class `T`, the others are null or valid.
unsafe extern "efiapi" fn query_interface<T: ComClass, const N: usize>(
    this: *mut IUnknown,
    interface: *const GUID,
    found: *mut *mut c_void,
) -> NTSTATUS {
    if found.is_null() {
        return STATUS_INVALID_PARAMETER;
    }
    // SAFETY: not null, so the caller's place for the answer.
    unsafe { found.write(core::ptr::null_mut()) };
    if interface.is_null() {
        return STATUS_INVALID_PARAMETER;
    }
    // SAFETY: not null, so an IID.
    let interface = unsafe { interface.read() };
    // SAFETY: as this function's caller promises.
    let object = unsafe { object::<T, IUnknown, N>(this) };
    // SAFETY: alive, and only ever shared.
    let shared = unsafe { object.as_ref() };

    let answer: *mut c_void = if interface == IID_CLASS {
        // SAFETY: a field of a live object.
        unsafe { (&raw mut (*object.as_ptr()).header).cast() }
    } else if IUnknown::answers_to(&interface) {
        // One identity, whichever interface was asked.
        object.as_ptr().cast()
    } else {
        match T::Interfaces::find(&interface) {
            Some(place) if shared.value.answers(&interface) => {
                // SAFETY: there are more vtable pointers than `place`.
                unsafe { object.as_ptr().cast::<*const c_void>().add(place).cast() }
            }
            _ => return STATUS_INVALID_PARAMETER,
        }
    };
    add_reference(&shared.header);
    // SAFETY: as above.
    unsafe { found.write(answer) };
    STATUS_SUCCESS
}

/// # Safety
///
/// As COM.
unsafe extern "efiapi" fn add_ref<T: ComClass, const N: usize>(this: *mut IUnknown) -> u32 {
    // SAFETY: as this function's caller promises.
    let object = unsafe { object::<T, IUnknown, N>(this) };
    // SAFETY: alive, and only ever shared.
    add_reference(unsafe { &(*object.as_ptr()).header })
}

/// # Safety
///
/// As COM: the caller gives up a reference.
unsafe extern "efiapi" fn release_thunk<T: ComClass, const N: usize>(this: *mut IUnknown) -> u32 {
    // SAFETY: as this function's caller promises.
    let object = unsafe { object::<T, IUnknown, N>(this) };
    // SAFETY: as this function's caller promises.
    unsafe { release(object) }
}
