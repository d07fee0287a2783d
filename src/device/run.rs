//! Memory as a device sees it.

/// A piece of memory that is contiguous for the device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Run {
    /// Physical address.
    pub(crate) address: u64,
    /// Length in bytes.
    pub(crate) bytes: u32,
}

impl Run {
    /// This run and `next` in one, if `next` follows without a gap.
    pub(crate) fn merged(self, next: Self) -> Option<Self> {
        let end = self.address.checked_add(u64::from(self.bytes))?;
        let bytes = self.bytes.checked_add(next.bytes)?;
        (end == next.address).then_some(Self { address: self.address, bytes })
    }
}
