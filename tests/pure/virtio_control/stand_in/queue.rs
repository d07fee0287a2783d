//! As the driver has it.

/// Where the parts of a ring are.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) descriptors: u64,
    pub(crate) available: u64,
    pub(crate) used: u64,
}

/// How to notify a queue.
#[derive(Clone, Copy)]
pub(crate) struct Notify;
