//! When an index has passed the point at which the other side wants to hear of it.

/// Whether the step of an index from `old` to `new` passed `event`: wrote the entry that `event` counts.
///
/// All three wrap at 2^16; `new` is at most 32768 steps ahead of `old`, a full ring. This is the rule of 2.7.7.2 and
/// 2.7.10.2 for either side (`vring_need_event` in the specification's appendix A). A plain comparison fails at the
/// wrap.
///
/// ```
/// # use virtqueue::need_event;
/// assert!(need_event(7, 8, 7)); // entry 7 was written
/// assert!(!need_event(8, 8, 7)); // entry 8 was not
/// assert!(need_event(0xFFFF, 1, 0xFFFE)); // entries 0xFFFE, 0xFFFF and 0 were
/// ```
pub const fn need_event(event: u16, new: u16, old: u16) -> bool {
    new.wrapping_sub(event).wrapping_sub(1) < new.wrapping_sub(old)
}
