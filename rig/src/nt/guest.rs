//! Pointers that the driver hands to the kernel: looked at before they are used.

use core::ffi::c_void;

use super::kernel;

/// A driver's pointer to a `T`. Using one that leads into freed pool, a guard page or nowhere is a bug check,
/// as it would be for the kernel routine that touched it.
#[repr(transparent)]
pub struct At<T>(*mut T);

impl<T> Clone for At<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for At<T> {}

impl<T> At<T> {
    /// Wraps a pointer that came from the driver.
    pub fn new(pointer: *mut T) -> Self {
        Self(pointer)
    }

    /// The bare pointer.
    pub fn pointer(self) -> *mut T {
        self.0
    }

    /// The address.
    pub fn address(self) -> u64 {
        self.0 as u64
    }

    /// Whether it is null.
    pub fn is_null(self) -> bool {
        self.0.is_null()
    }

    /// Reads or changes the record.
    pub fn with<R>(self, f: impl FnOnce(&mut T) -> R) -> R {
        kernel().check_pointer(self.address(), size_of::<T>() as u64);
        // SAFETY: the address was found to be mapped and not freed; the processor is single and the closure
        // runs no driver code, so nothing else looks at the record meanwhile.
        f(unsafe { &mut *self.0 })
    }

    /// Reads the record.
    pub fn read(self) -> T
    where
        T: Copy,
    {
        kernel().check_pointer(self.address(), size_of::<T>() as u64);
        // SAFETY: as in `with`; unaligned because the pointer is the driver's.
        unsafe { self.0.read_unaligned() }
    }

    /// Writes the record.
    pub fn write(self, value: T) {
        kernel().check_pointer(self.address(), size_of::<T>() as u64);
        // SAFETY: as in `with`; unaligned because the pointer is the driver's.
        unsafe { self.0.write_unaligned(value) }
    }

    /// Writes the record unless the pointer is null: for optional out-parameters.
    pub fn write_if(self, value: T) {
        if !self.is_null() {
            self.write(value);
        }
    }

    /// The pointer without its type.
    pub fn untyped(self) -> *mut c_void {
        self.0.cast()
    }
}
