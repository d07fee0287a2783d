//! Buffers that a caller wants filled, with the size protocol of kernel streaming.

use core::marker::PhantomData;
use core::ptr::NonNull;

use crate::status::{Result, Status};

/// A caller's buffer and the place for the length of the answer.
///
/// The buffer is written to only, and by copying: it may be any memory of the caller's, of any alignment.
///
/// # Invariants
///
/// `length` may be written; `buffer`, if there is one, leads to `capacity` bytes that may be.
pub struct Output<'a> {
    buffer: Option<NonNull<u8>>,
    capacity: u32,
    length: NonNull<u32>,
    _borrow: PhantomData<&'a mut [u8]>,
}

impl<'a> Output<'a> {
    /// A buffer of `capacity` bytes, or none if null; null `length` makes it no output at all. The length is
    /// set to zero.
    ///
    /// # Safety
    ///
    /// If not null, both may be written during `'a`, `buffer` as far as `capacity` bytes.
    pub(crate) unsafe fn new(buffer: *mut u8, capacity: u32, length: *mut u32) -> Option<Self> {
        let length = NonNull::new(length)?;
        // SAFETY: as the caller promises.
        unsafe { length.write_unaligned(0) };
        // INVARIANT: as the caller promises.
        Some(Self { buffer: NonNull::new(buffer), capacity, length, _borrow: PhantomData })
    }

    /// How many bytes the caller has room for; 0 asks for the length alone.
    #[must_use]
    pub fn capacity(&self) -> u32 {
        if self.buffer.is_some() { self.capacity } else { 0 }
    }

    /// Answers with `parts`, one after the other.
    ///
    /// # Errors
    ///
    /// `STATUS_BUFFER_OVERFLOW`, and the length needed, if the caller has no room at all;
    /// `STATUS_BUFFER_TOO_SMALL`, and the length needed, if it has too little. Nothing is written then.
    pub fn put(self, parts: &[&[u8]]) -> Result {
        self.put_all(parts.iter().copied())
    }

    /// The same, for parts that come one by one.
    ///
    /// # Errors
    ///
    /// As [`put`](Self::put).
    pub fn put_all<'p>(self, parts: impl Iterator<Item = &'p [u8]> + Clone) -> Result {
        let total = parts
            .clone()
            .try_fold(0u32, |sum, part| sum.checked_add(u32::try_from(part.len()).ok()?))
            .ok_or(Status::INVALID_PARAMETER)?;
        // SAFETY: by the invariant.
        unsafe { self.length.write_unaligned(total) };
        let Some(buffer) = self.buffer.filter(|_| self.capacity != 0) else {
            return Err(Status::BUFFER_OVERFLOW);
        };
        if self.capacity < total {
            return Err(Status::BUFFER_TOO_SMALL);
        }
        let mut at = buffer;
        let mut room = total as usize;
        for part in parts {
            // An iterator that gives more the second time is cut off.
            room = room.checked_sub(part.len()).ok_or(Status::INVALID_PARAMETER)?;
            // SAFETY: the parts so far fit the buffer; a caller's buffer does not overlap the driver's data.
            unsafe { at.copy_from_nonoverlapping(NonNull::from(part).cast(), part.len()) };
            // SAFETY: at most one past the end.
            at = unsafe { at.add(part.len()) };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(buffer: Option<&mut [u8]>, parts: &[&[u8]]) -> (Result, u32) {
        let mut length = 77;
        let (pointer, capacity) = match buffer {
            Some(buffer) => (buffer.as_mut_ptr(), buffer.len() as u32),
            None => (core::ptr::null_mut(), 0),
        };
        // SAFETY: buffer and length are the caller's.
        let output = unsafe { Output::new(pointer, capacity, &mut length) }.unwrap();
        (output.put(parts), length)
    }

    #[test]
    fn no_room_asks_for_the_length() {
        assert_eq!(put(None, &[b"abc", b"de"]), (Err(Status::BUFFER_OVERFLOW), 5));
        assert_eq!(put(Some(&mut []), &[b"abc"]), (Err(Status::BUFFER_OVERFLOW), 3));
    }

    #[test]
    fn too_little_room_stays_untouched() {
        let mut buffer = *b"....";
        assert_eq!(put(Some(&mut buffer), &[b"abc", b"de"]), (Err(Status::BUFFER_TOO_SMALL), 5));
        assert_eq!(&buffer, b"....");
    }

    #[test]
    fn room_enough_is_filled_and_no_further() {
        let mut buffer = *b"......";
        assert_eq!(put(Some(&mut buffer), &[b"abc", b"de"]), (Ok(()), 5));
        assert_eq!(&buffer, b"abcde.");
    }

    #[test]
    fn without_a_place_for_the_length_there_is_no_output() {
        // SAFETY: null is allowed.
        assert!(unsafe { Output::new(core::ptr::null_mut(), 0, core::ptr::null_mut()) }.is_none());
    }
}
