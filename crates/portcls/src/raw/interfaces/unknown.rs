//! The root of all interfaces.

use core::ffi::c_void;

use crate::raw::{GUID, Interface, InterfaceLayout, NTSTATUS, Slot};

/// The identity classic COM gives to `IUnknown`.
///
/// PortCls has its own ([`IUnknown`]'s `IID`, from punknown.h), and code built against either may ask: answer
/// both.
pub const IID_IUNKNOWN_CLASSIC: GUID = GUID::from_u128(0x00000000_0000_0000_C000_000000000046);

/// What every object of PortCls answers.
#[repr(C)]
pub struct IUnknown {
    /// The table that every method is reached through.
    pub vtbl: *const IUnknownVtbl,
}

/// The methods of [`IUnknown`], in order.
#[repr(C)]
pub struct IUnknownVtbl {
    /// Stores an interface pointer that owns a reference, or null and an error. IRQL: PASSIVE_LEVEL.
    pub QueryInterface: unsafe extern "efiapi" fn(
        this: *mut IUnknown,
        InterfaceId: *const GUID,
        Object: *mut *mut c_void,
    ) -> NTSTATUS,
    /// Adds a reference; returns the new count, for diagnosis only. IRQL: up to DISPATCH_LEVEL.
    pub AddRef: unsafe extern "efiapi" fn(this: *mut IUnknown) -> u32,
    /// Drops a reference; returns the new count, for diagnosis only. IRQL: up to DISPATCH_LEVEL; what the
    /// last one frees may ask for less.
    pub Release: unsafe extern "efiapi" fn(this: *mut IUnknown) -> u32,
}

// SAFETY: this is the base of all: a vtable pointer, and a vtable that begins with itself.
unsafe impl Interface for IUnknown {
    type Base = Self;
    type Vtbl = IUnknownVtbl;
    const IID: GUID = GUID::from_u128(0x00000000_0000_0000_0000_C00000000046);
    const LAYOUT: InterfaceLayout = InterfaceLayout {
        name: "IUnknown",
        iid: Self::IID,
        base: None,
        vtable_size: size_of::<IUnknownVtbl>(),
        own: &[
            Slot {
                name: "QueryInterface",
                offset: core::mem::offset_of!(IUnknownVtbl, QueryInterface),
                args: &[size_of::<*const GUID>(), size_of::<*mut *mut c_void>()],
                ret: size_of::<NTSTATUS>(),
            },
            Slot {
                name: "AddRef",
                offset: core::mem::offset_of!(IUnknownVtbl, AddRef),
                args: &[],
                ret: size_of::<u32>(),
            },
            Slot {
                name: "Release",
                offset: core::mem::offset_of!(IUnknownVtbl, Release),
                args: &[],
                ret: size_of::<u32>(),
            },
        ],
    };

    fn answers_to(iid: &GUID) -> bool {
        *iid == Self::IID || *iid == IID_IUNKNOWN_CLASSIC
    }
}

/// What this module declares.
pub(in crate::raw) const INTERFACES: &[&InterfaceLayout] = &[&IUnknown::LAYOUT];
