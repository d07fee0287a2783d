//! What is counted of one stream.

/// Mappings of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Packets that the client has handed over.
    pub packets: u64,
    /// Mappings that the miniport got.
    pub mappings: u64,
    /// The shortest and the longest of them, bytes.
    pub shortest: u64,
    /// See `shortest`.
    pub longest: u64,
    /// Mappings that end in a frame.
    pub splits: u64,
    /// Mappings that lie across the border of two pages.
    pub across_pages: u64,
    /// The most that were out at once.
    pub most_out: u64,
    /// Times that the miniport was told that there is none.
    pub refused: u64,
    /// Times that it was told that there is one again.
    pub available: u64,
    /// Calls of RevokeMappings.
    pub revocations: u64,
    /// Mappings that were revoked.
    pub revoked: u64,
    /// Packets that the miniport has ended early.
    pub terminated: u64,
}
