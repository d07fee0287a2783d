//! Kernel objects that PortCls hands around, as values that only the kernel's entry points can make.

use core::ptr::NonNull;

use crate::raw;

macro_rules! handles {
    ($( $(#[$meta:meta])* $name:ident => $raw:ty; )*) => { $(
        $(#[$meta])*
        ///
        /// It holds no reference: it is good for as long as the kernel says that the object lives.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(transparent)]
        pub struct $name(NonNull<$raw>);

        // SAFETY: a kernel object may be named from any thread.
        unsafe impl Send for $name {}
        // SAFETY: as above.
        unsafe impl Sync for $name {}

        impl $name {
            /// Names an object.
            ///
            /// # Safety
            ///
            /// The object lives as long as this handle or a copy of it is used.
            #[must_use]
            pub const unsafe fn new(object: NonNull<$raw>) -> Self {
                Self(object)
            }

            /// Names an object; null is none.
            ///
            /// # Safety
            ///
            /// As [`new`](Self::new), if not null.
            #[must_use]
            pub const unsafe fn from_raw(object: *mut $raw) -> Option<Self> {
                match NonNull::new(object) {
                    Some(object) => Some(Self(object)),
                    None => None,
                }
            }

            /// The object's address.
            #[must_use]
            pub const fn as_non_null(self) -> NonNull<$raw> {
                self.0
            }

            /// The object's address.
            #[must_use]
            pub const fn as_ptr(self) -> *mut $raw {
                self.0.as_ptr()
            }
        }
    )* };
}

handles! {
    /// A device object: functional or physical, the place says which.
    Device => raw::DeviceObject;
    /// A driver object.
    Driver => raw::DriverObject;
    /// An I/O request packet.
    Irp => raw::Irp;
    /// An event that a client waits for.
    Event => raw::KEvent;
    /// A connected interrupt.
    Interrupt => raw::KInterrupt;
    /// A thread object: not a handle.
    Thread => raw::KThread;
    /// A list of locked pages.
    Mdl => raw::MDL;
    /// A counted string that the kernel lends.
    Unicode => raw::UNICODE_STRING;
}
