//! Classes of objects, and the lists of interfaces they have.

use core::ffi::c_void;

use super::object::unknown_vtbl;
use crate::raw::{GUID, IUnknown, IUnknownVtbl, Interface};

/// A type that can be made into a COM object.
///
/// The value is shared between threads and interrupt levels, hence `Send + Sync`, and no `&mut self`
/// anywhere.
pub trait ComClass: Sized + Send + Sync + 'static {
    /// The interfaces that the object has, as a tuple; the first one also serves as its `IUnknown`.
    ///
    /// An interface brings those it inherits from: `(IMiniportWaveRT,)` answers `IMiniport` too.
    type Interfaces: InterfaceList<Self>;

    /// Whether this very object answers to an interface that its class has: an object may, when asked, hide
    /// one. IRQL: PASSIVE_LEVEL.
    fn answers(&self, _interface: &GUID) -> bool {
        true
    }
}

/// An interface that objects of class `T` can have, as number `N` of its list.
///
/// The traits of this crate bring the implementations: a `T: MiniportWaveRt` makes `IMiniportWaveRT` a
/// `Head<T, N>`.
///
/// # Safety
///
/// The methods in `VTBL` expect `this` to be vtable pointer number `N` of an object of class `T`.
pub unsafe trait Head<T: ComClass, const N: usize>: Interface {
    /// The vtable.
    const VTBL: &'static Self::Vtbl;
}

// SAFETY: the methods of `IUnknown` for class `T` and place `N`.
unsafe impl<T: ComClass, const N: usize> Head<T, N> for IUnknown {
    const VTBL: &'static IUnknownVtbl = &unknown_vtbl::<T, N>();
}

/// A tuple of one to six interfaces that objects of class `T` have.
///
/// # Safety
///
/// `HEADS` has the vtables of the interfaces in order, and `find` answers with a place in it.
pub unsafe trait InterfaceList<T: ComClass> {
    /// An array of vtable pointers.
    type Heads: Copy;
    /// The vtables.
    const HEADS: Self::Heads;

    /// The place of the first interface that is, or inherits from, the one asked for.
    fn find(interface: &GUID) -> Option<usize>;
}

macro_rules! interface_lists {
    ($( $count:literal: $($name:ident $index:literal),+; )*) => { $(
        // SAFETY: vtables and places are those of the tuple's order.
        unsafe impl<T: ComClass, $($name: Head<T, $index>),+> InterfaceList<T> for ($($name,)+) {
            type Heads = [*const c_void; $count];
            const HEADS: Self::Heads =
                [$((&raw const *<$name as Head<T, $index>>::VTBL).cast()),+];

            fn find(interface: &GUID) -> Option<usize> {
                $(if $name::answers_to(interface) {
                    return Some($index);
                })+
                None
            }
        }
    )* };
}

interface_lists! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
}
