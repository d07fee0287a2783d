//! Messages of any length: free again in their order, found by the frame, and lost.

#[path = "../../src/device/virtio_snd/parcels.rs"]
mod parcels;

use parcels::{PARCELS, Parcel, Parcels};

const FRAME: u32 = 4;

/// A message of so many frames of a stream in which something was left out before it.
fn parcel(frames: u32, start: u64) -> Parcel {
    Parcel { frames, start, end: start + u64::from(frames * FRAME) }
}

/// Messages of 10, 20, .. frames, each 100 bytes behind the one before it.
fn under_way(render: bool) -> Parcels {
    let mut parcels = Parcels::new(render);
    let mut start = 0;
    for number in 1..=u32::from(PARCELS) {
        assert!(parcels.has_room());
        assert_eq!(u32::from(parcels.add(parcel(number * 10, start))), number - 1);
        start += u64::from(number * 10 * FRAME) + 100;
    }
    assert!(!parcels.has_room());
    parcels
}

#[test]
fn what_was_played_is_free_at_once_and_in_order() {
    let mut parcels = under_way(true);
    parcels.returned(0b110);
    assert_eq!((parcels.completed_frames(), parcels.under_way()), (0, PARCELS));
    parcels.returned(0b1);
    assert_eq!((parcels.completed_frames(), parcels.under_way()), (60, PARCELS - 3));
    assert_eq!(parcels.first().map(|first| first.frames), Some(40));
    assert!(parcels.filled().is_none());
    // Slots go round and round, and what is not under way changes nothing.
    parcels.returned(0b111);
    assert_eq!(parcels.completed_frames(), 60);
    assert_eq!(parcels.add(parcel(5, 9_000)), 0);
    assert_eq!(parcels.submitted_frames(), 215);
    parcels.returned(!0);
    assert_eq!((parcels.completed_frames(), parcels.under_way()), (215, 0));
}

#[test]
fn a_frame_is_found_where_it_lies_in_the_stream() {
    let mut parcels = under_way(true);
    assert_eq!(parcels.offset_of(0, FRAME), Some(0));
    assert_eq!(parcels.offset_of(9, FRAME), Some(36));
    assert_eq!(parcels.offset_of(10, FRAME), Some(140));
    assert_eq!(parcels.offset_of(30, FRAME), Some(320));
    assert_eq!(parcels.offset_of(210, FRAME), None);
    parcels.returned(0b1);
    // What came back is not looked for any more: where the next one begins is as near as it gets.
    assert_eq!(parcels.offset_of(3, FRAME), Some(140));
    assert_eq!(parcels.offset_of(12, FRAME), Some(148));
}

#[test]
fn what_was_recorded_stays_until_it_was_taken_out() {
    let mut parcels = under_way(false);
    parcels.returned(0b11);
    assert_eq!((parcels.filled(), parcels.under_way(), parcels.has_room()), (Some(0), PARCELS - 2, false));
    parcels.emptied();
    assert_eq!((parcels.filled(), parcels.has_room()), (Some(1), true));
    assert_eq!(parcels.add(parcel(10, 0)), 0);
    parcels.emptied();
    assert_eq!(parcels.filled(), None);
    parcels.emptied();
    assert_eq!(parcels.under_way(), PARCELS - 1);
    // Lost is what the device has; what it gave back is not.
    parcels.returned(0b100);
    parcels.lose(u64::MAX);
    assert_eq!((parcels.filled(), parcels.under_way()), (Some(2), 0));
    assert_eq!(parcels.submitted_frames(), parcels.completed_frames());
}

#[test]
fn nothing_that_may_have_been_heard_is_played_again() {
    for (heard, completed, goes_on) in
        [(0, 0, Some(0)), (1, 10, Some(140)), (10, 10, Some(140)), (11, 30, Some(320)), (500, 210, None)]
    {
        let mut parcels = under_way(true);
        assert_eq!(parcels.lose(heard), goes_on, "{heard}");
        assert_eq!((parcels.completed_frames(), parcels.submitted_frames()), (completed, completed));
        assert_eq!(parcels.under_way(), 0);
    }
    // What came back out of order was heard as well.
    let mut parcels = under_way(true);
    parcels.returned(0b100);
    assert_eq!(parcels.lose(0), Some(540));
    parcels.reset();
    assert_eq!((parcels.completed_frames(), parcels.submitted_frames()), (0, 0));
}
