//! NTSTATUS as an error type.

use crate::raw::NTSTATUS;
use crate::raw::status as code;

/// A status that is not success: what the functions of this crate fail with.
///
/// # Invariants
///
/// The code is negative: an error (`0xC...`) or a warning (`0x8...`, such as `STATUS_BUFFER_OVERFLOW`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(NTSTATUS);

/// The result of what may fail with a [`Status`].
pub type Result<T = ()> = core::result::Result<T, Status>;

macro_rules! statuses {
    ($( $(#[$meta:meta])* $name:ident = $code:ident; )*) => {
        impl Status { $(
            $(#[$meta])*
            #[doc = concat!("`", stringify!($code), "`.")]
            pub const $name: Self = Self::new(code::$code);
        )* }
    };
}

statuses! {
    BUFFER_OVERFLOW = STATUS_BUFFER_OVERFLOW;
    BUFFER_TOO_SMALL = STATUS_BUFFER_TOO_SMALL;
    DATA_LATE_ERROR = STATUS_DATA_LATE_ERROR;
    DATA_OVERRUN = STATUS_DATA_OVERRUN;
    DEVICE_BUSY = STATUS_DEVICE_BUSY;
    DEVICE_CONFIGURATION_ERROR = STATUS_DEVICE_CONFIGURATION_ERROR;
    DEVICE_HARDWARE_ERROR = STATUS_DEVICE_HARDWARE_ERROR;
    DEVICE_NOT_READY = STATUS_DEVICE_NOT_READY;
    DEVICE_REMOVED = STATUS_DEVICE_REMOVED;
    INSUFFICIENT_RESOURCES = STATUS_INSUFFICIENT_RESOURCES;
    INVALID_DEVICE_REQUEST = STATUS_INVALID_DEVICE_REQUEST;
    INVALID_DEVICE_STATE = STATUS_INVALID_DEVICE_STATE;
    INVALID_PARAMETER = STATUS_INVALID_PARAMETER;
    IO_DEVICE_ERROR = STATUS_IO_DEVICE_ERROR;
    NOT_FOUND = STATUS_NOT_FOUND;
    NOT_IMPLEMENTED = STATUS_NOT_IMPLEMENTED;
    NOT_SUPPORTED = STATUS_NOT_SUPPORTED;
    NO_MATCH = STATUS_NO_MATCH;
    NO_SUCH_DEVICE = STATUS_NO_SUCH_DEVICE;
    UNSUCCESSFUL = STATUS_UNSUCCESSFUL;
}

impl Status {
    /// The error with this code; a code of success, which would claim the opposite, becomes
    /// `STATUS_UNSUCCESSFUL`.
    #[must_use]
    pub const fn new(code: NTSTATUS) -> Self {
        // INVARIANT: negative either way.
        if code < 0 { Self(code) } else { Self(code::STATUS_UNSUCCESSFUL) }
    }

    /// The code.
    #[must_use]
    pub const fn code(self) -> NTSTATUS {
        self.0
    }

    /// `Ok` for every code of success (not negative).
    ///
    /// # Errors
    ///
    /// The code, if it is an error or a warning.
    pub const fn check(code: NTSTATUS) -> Result {
        if code < 0 { Err(Self(code)) } else { Ok(()) }
    }
}

impl From<NTSTATUS> for Status {
    fn from(code: NTSTATUS) -> Self {
        Self::new(code)
    }
}

impl From<Status> for NTSTATUS {
    fn from(status: Status) -> Self {
        status.0
    }
}

/// What a thunk returns for the result of a trait's method.
#[must_use]
pub const fn ntstatus(result: Result) -> NTSTATUS {
    match result {
        Ok(()) => code::STATUS_SUCCESS,
        Err(status) => status.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn success_is_no_error() {
        assert_eq!(Status::check(code::STATUS_SUCCESS), Ok(()));
        assert_eq!(Status::check(code::STATUS_PENDING), Ok(()));
        assert_eq!(Status::new(code::STATUS_SUCCESS), Status::UNSUCCESSFUL);
    }

    #[test]
    fn warnings_and_errors_are() {
        assert_eq!(Status::check(code::STATUS_BUFFER_OVERFLOW), Err(Status::BUFFER_OVERFLOW));
        assert_eq!(ntstatus(Err(Status::NO_MATCH)), code::STATUS_NO_MATCH);
    }
}
