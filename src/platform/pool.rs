//! Memory from the non-paged pool, at a fixed address.

use alloc::alloc::{alloc, dealloc};
use core::alloc::Layout;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use portcls::{Result, Status};

/// A value in the non-paged pool. Unlike `Box` it says when there is no memory, and never moves.
///
/// # Invariants
///
/// The pointer comes from the global allocator with the layout of `T`, holds a value, and belongs to this owner.
pub(crate) struct PoolBox<T>(NonNull<T>);

impl<T> PoolBox<T> {
    /// The pool aligns to 16 bytes, and asks for at least one.
    const LAYOUT: Layout = {
        assert!(align_of::<T>() <= 16 && size_of::<T>() > 0);
        Layout::new::<T>()
    };

    /// Moves `value` into the pool.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`; the value is dropped.
    pub(crate) fn new(value: T) -> Result<Self> {
        Self::keep(value).map_err(|_| Status::INSUFFICIENT_RESOURCES)
    }

    /// Moves `value` into the pool.
    ///
    /// # Errors
    ///
    /// The value, if there is no memory.
    pub(crate) fn keep(value: T) -> core::result::Result<Self, T> {
        // SAFETY: the size is not zero.
        let memory = unsafe { alloc(Self::LAYOUT) }.cast::<T>();
        let Some(memory) = NonNull::new(memory) else { return Err(value) };
        // SAFETY: fresh memory of the layout of `T`.
        unsafe { memory.write(value) };
        // INVARIANT: allocated and written just now.
        Ok(Self(memory))
    }

    /// Puts a copy of `original` into the pool, without one on the stack: for what is large.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn copy_of(original: &'static T) -> Result<Self>
    where
        T: Copy,
    {
        // SAFETY: the size is not zero.
        let memory = unsafe { alloc(Self::LAYOUT) }.cast::<T>();
        let memory = NonNull::new(memory).ok_or(Status::INSUFFICIENT_RESOURCES)?;
        // SAFETY: fresh memory of the layout of `T`, which overlaps with nothing.
        unsafe { memory.copy_from_nonoverlapping(NonNull::from(original), 1) };
        // INVARIANT: allocated and written just now.
        Ok(Self(memory))
    }

    /// The address of the value; it stays until the owner is dropped.
    pub(crate) fn as_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }

    /// Gives the ownership up: the value stays where it is until [`PoolBox::from_raw`].
    pub(crate) fn into_raw(self) -> *mut T {
        let pointer = self.0.as_ptr();
        core::mem::forget(self);
        pointer
    }

    /// Takes the ownership back.
    ///
    /// # Safety
    ///
    /// `pointer` comes from [`PoolBox::into_raw`], and this is the only call with it.
    pub(crate) unsafe fn from_raw(pointer: NonNull<T>) -> Self {
        Self(pointer)
    }
}

impl<T> Deref for PoolBox<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: by the invariant it holds a value, which is reached mutably by way of this owner alone.
        unsafe { self.0.as_ref() }
    }
}

impl<T> DerefMut for PoolBox<T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: by the invariant it holds a value, which this owner is borrowed for.
        unsafe { self.0.as_mut() }
    }
}

impl<T> Drop for PoolBox<T> {
    fn drop(&mut self) {
        // SAFETY: by the invariant it holds a value, which nobody can reach any more.
        unsafe { self.0.drop_in_place() };
        // SAFETY: by the invariant it was allocated with this layout.
        unsafe { dealloc(self.0.as_ptr().cast(), Self::LAYOUT) };
    }
}

// SAFETY: it owns its value as a plain field would.
unsafe impl<T: Send> Send for PoolBox<T> {}
// SAFETY: a shared owner gives out shared references only.
unsafe impl<T: Sync> Sync for PoolBox<T> {}

/// Values in the non-paged pool, side by side, made where they are: they may be more than a stack has room for.
///
/// # Invariants
///
/// Where `count` is not zero, the pointer comes from the global allocator with the layout of `count` values, of which it
/// holds as many; they belong to this owner.
pub(crate) struct PoolSlice<T> {
    first: NonNull<T>,
    count: usize,
}

impl<T> PoolSlice<T> {
    /// No value.
    pub(crate) const EMPTY: Self = Self { first: NonNull::dangling(), count: 0 };

    /// `count` values, at least one, each made by `make`.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub(crate) fn new(count: usize, make: impl Fn() -> T) -> Result<Self> {
        let layout = Layout::array::<T>(count).map_err(|_| Status::INSUFFICIENT_RESOURCES)?;
        if layout.size() == 0 || layout.align() > 16 {
            return Err(Status::INSUFFICIENT_RESOURCES);
        }
        // SAFETY: the size is not zero.
        let memory = unsafe { alloc(layout) }.cast::<T>();
        let first = NonNull::new(memory).ok_or(Status::INSUFFICIENT_RESOURCES)?;
        for number in 0..count {
            // SAFETY: within fresh memory of the layout of `count` values.
            unsafe { first.add(number).write(make()) };
        }
        // INVARIANT: allocated and written just now.
        Ok(Self { first, count })
    }
}

impl<T> Deref for PoolSlice<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: by the invariant, and reached mutably by way of this owner alone.
        unsafe { core::slice::from_raw_parts(self.first.as_ptr(), self.count) }
    }
}

impl<T> DerefMut for PoolSlice<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: by the invariant, and this owner is borrowed for it.
        unsafe { core::slice::from_raw_parts_mut(self.first.as_ptr(), self.count) }
    }
}

impl<T> Drop for PoolSlice<T> {
    fn drop(&mut self) {
        // SAFETY: by the invariant it holds the values, which nobody can reach any more.
        unsafe { core::ptr::drop_in_place(&raw mut **self) };
        if let Ok(layout) = Layout::array::<T>(self.count)
            && self.count != 0
        {
            // SAFETY: by the invariant it was allocated with this layout.
            unsafe { dealloc(self.first.as_ptr().cast(), layout) };
        }
    }
}

// SAFETY: it owns its values as plain fields would.
unsafe impl<T: Send> Send for PoolSlice<T> {}
// SAFETY: a shared owner gives out shared references only.
unsafe impl<T: Sync> Sync for PoolSlice<T> {}
