//! The macros in which the raw layer is written down.
//!
//! Each macro declares items and, from the very same lines, a table of what it declared. The golden tests
//! walk those tables, so that nothing can be declared without being compared.

/// Declares interfaces: the pointer type, its vtable, its [`Interface`](super::Interface) implementation, and
/// the module's `INTERFACES` table.
///
/// The base's vtable is embedded as the first member `base`, as C++ single inheritance lays it out.
macro_rules! interfaces {
    ($(
        $(#[$meta:meta])*
        interface $name:ident($vtbl:ident): $base:ident {
            const IID = $iid:literal;
            $( $(#[$method_meta:meta])* fn $method:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)?; )*
        }
    )*) => {
        $(
            $(#[$meta])*
            #[repr(C)]
            pub struct $name {
                /// The table that every method is reached through.
                pub vtbl: *const $vtbl,
            }

            #[doc = concat!("The methods of [`", stringify!($name), "`], in order.")]
            #[repr(C)]
            pub struct $vtbl {
                /// The methods inherited.
                pub base: <$base as $crate::raw::Interface>::Vtbl,
                $(
                    $(#[$method_meta])*
                    pub $method: unsafe extern "efiapi" fn(this: *mut $name $(, $arg: $ty)*) $(-> $ret)?,
                )*
            }

            // SAFETY: the object starts with the vtable pointer, and the vtable starts with the base's.
            unsafe impl $crate::raw::Interface for $name {
                type Base = $base;
                type Vtbl = $vtbl;
                const IID: $crate::raw::GUID = $crate::raw::GUID::from_u128($iid);
                const LAYOUT: $crate::raw::InterfaceLayout = $crate::raw::InterfaceLayout {
                    name: stringify!($name),
                    iid: Self::IID,
                    base: Some(&<$base as $crate::raw::Interface>::LAYOUT),
                    vtable_size: size_of::<$vtbl>(),
                    own: &[$(
                        $crate::raw::Slot {
                            name: stringify!($method),
                            offset: core::mem::offset_of!($vtbl, $method),
                            args: &[$(size_of::<$ty>()),*],
                            ret: 0 $(+ size_of::<$ret>())?,
                        },
                    )*],
                };
            }
        )*

        /// What this module declares.
        pub(in crate::raw) const INTERFACES: &[&$crate::raw::InterfaceLayout] =
            &[$(&<$name as $crate::raw::Interface>::LAYOUT),*];
    };
}

/// Declares C records (`struct`, or `union`) and the module's `RECORDS` table.
///
/// `as "Outer.member"` names a record that C declares inside another one. A field whose name starts with an
/// underscore has no counterpart of that name in C: it is there for size or alignment.
macro_rules! records {
    ($(
        $(#[$meta:meta])*
        $kind:ident $name:ident $(as $path:literal)? {
            $( $(#[$field_meta:meta])* $field:ident: $ty:ty ),* $(,)?
        }
    )*) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Copy)]
            pub $kind $name { $( $(#[$field_meta])* pub $field: $ty ),* }

            impl $name {
                /// The record's layout as this crate declares it.
                pub const LAYOUT: $crate::raw::RecordLayout = $crate::raw::RecordLayout {
                    name: $crate::raw::macros::record_name!($name $(as $path)?),
                    size: size_of::<$name>(),
                    align: align_of::<$name>(),
                    fields: &[$(
                        $crate::raw::Field {
                            name: stringify!($field),
                            offset: core::mem::offset_of!($name, $field),
                            size: size_of::<$ty>(),
                        },
                    )*],
                };

                /// All bytes zero.
                // SAFETY: every field of a C record here is an integer, a raw pointer, an optional function
                // pointer, or an array or record of such: all-zero is a value of each.
                pub const ZERO: Self = unsafe { core::mem::zeroed() };
            }
        )*

        /// What this module declares.
        pub(in crate::raw) const RECORDS: &[&$crate::raw::RecordLayout] = &[$(&$name::LAYOUT),*];
    };
}

/// The C name of a record: its own, or the path given.
macro_rules! record_name {
    ($name:ident) => {
        stringify!($name)
    };
    ($name:ident as $path:literal) => {
        $path
    };
}

/// Declares C enumerations and flags, and the module's `CONSTANTS` table.
///
/// `enumeration NAME: i32` also declares the alias `NAME`: a C enumeration may hold any value, so that a Rust
/// `enum` would be wrong for what comes from outside. `constants` only groups.
macro_rules! constants {
    ($( $what:ident $group:ident: $ty:ty = $doc:literal { $( $name:ident = $value:expr ),* $(,)? } )*) => {
        $( $crate::raw::macros::constant_group!($what $group: $ty = $doc { $( $name = $value ),* }); )*

        /// What this module declares.
        pub(in crate::raw) const CONSTANTS: &[$crate::raw::Constant] = &[$($(
            $crate::raw::Constant { name: stringify!($name), value: $name as u32 },
        )*)*];
    };
}

/// One group of [`constants!`].
macro_rules! constant_group {
    (enumeration $alias:ident: $ty:ty = $doc:literal { $( $name:ident = $value:expr ),* }) => {
        #[doc = $doc]
        pub type $alias = $ty;
        $(
            #[doc = concat!("A value of [`", stringify!($alias), "`].")]
            pub const $name: $alias = $value;
        )*
    };
    (constants $group:ident: $ty:ty = $doc:literal { $( $name:ident = $value:expr ),* }) => {
        $(
            #[doc = $doc]
            pub const $name: $ty = $value;
        )*
    };
}

/// Declares GUIDs and the module's `GUIDS` table.
macro_rules! guids {
    ($( $(#[$meta:meta])* $name:ident = $value:literal; )*) => {
        $(
            $(#[$meta])*
            #[doc = concat!("`", stringify!($name), "`.")]
            pub const $name: $crate::raw::GUID = $crate::raw::GUID::from_u128($value);
        )*

        /// What this module declares.
        pub(in crate::raw) const GUIDS: &[$crate::raw::NamedGuid] = &[$(
            $crate::raw::NamedGuid { name: stringify!($name), guid: $name },
        )*];
    };
}

/// Declares objects of the kernel of which only the address means something here.
macro_rules! opaque {
    ($( $(#[$meta:meta])* $name:ident; )*) => { $(
        $(#[$meta])*
        #[repr(C)]
        pub struct $name {
            _opaque: [u8; 0],
            _not_send: core::marker::PhantomData<(*mut u8, core::marker::PhantomPinned)>,
        }
    )* };
}

pub(crate) use {constant_group, constants, guids, interfaces, opaque, record_name, records};
