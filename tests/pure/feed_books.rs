//! What the messages of a virtio sound stream are said to be at each moment, asked without a device.

#[expect(dead_code, reason = "the driver uses the rest")]
#[path = "../../src/device/virtio_snd/feed.rs"]
mod feed;

use feed::{Content, Feed, Message, Shape};

/// Bytes and frames of a message.
const MESSAGE: u64 = 960;
const FRAMES: u64 = 240;

/// Frames before the end of what was submitted at which the next message is due, of four that make a lap.
const LOW: u64 = FRAMES / 2;

/// Four messages make a lap.
fn feed() -> Feed {
    let shape = Shape::new(4 * MESSAGE as u32, MESSAGE as u32, 4, 48_000).expect("a whole shape");
    assert_eq!(shape.lap_frames(), 4 * FRAMES as u32);
    Feed::new(shape, true)
}

/// All that is due.
fn contents(feed: &mut Feed) -> Vec<(u8, Content)> {
    std::iter::from_fn(|| feed.next()).map(|Message { slot, content }| (slot, content)).collect()
}

#[test]
fn who_says_what_is_due_is_the_client_or_the_clock() {
    let mut feed = feed();
    let told = |feed: &Feed| (feed.is_just_in_time(), feed.by_packets(), feed.by_clock());
    assert_eq!(told(&feed), (true, false, true));
    feed.hand_over(MESSAGE, false);
    assert_eq!(told(&feed), (false, true, false));
    feed.hand_over(MESSAGE, true);
    assert_eq!(told(&feed), (false, true, true));
    feed.just_in_time();
    assert_eq!(told(&feed), (true, false, true));
}

#[test]
fn a_batch_is_half_of_the_buffer_at_most() {
    for (step, messages) in [(0, 1), (FRAMES, 1), (FRAMES + 1, 2), (2 * FRAMES + 1, 2), (u64::MAX, 2)] {
        let mut feed = feed();
        feed.begin(step);
        assert_eq!(contents(&mut feed).len(), messages, "{step}");
    }
}

#[test]
fn a_full_device_gets_nothing() {
    let mut feed = feed();
    for slot in 0..4 {
        assert!(feed.has_room());
        feed.begin(0);
        assert_eq!(contents(&mut feed), [(slot, Content::Sound)]);
    }
    assert!(!feed.has_room());
    assert_eq!((feed.next_slot(), feed.due(), feed.submitted_bytes()), (0, None, 4 * MESSAGE));
    // Neither by the clock, nor what a client hands over, nor silence behind the end.
    feed.begin(0);
    assert_eq!(feed.next(), None);
    for ended in [false, true] {
        feed.hand_over(9 * MESSAGE, ended);
        assert_eq!((feed.next(), feed.due(), feed.has_packet()), (None, None, false));
    }
}

#[test]
fn the_slot_that_is_next_goes_round() {
    let mut feed = feed();
    for number in 0..9_u8 {
        assert_eq!(feed.next_slot(), number % 4);
        assert_eq!(feed.sound(), number % 4);
        feed.returned(1 << (number % 4));
    }
}

#[test]
fn what_is_expected_is_the_oldest_message_and_it_alone() {
    let mut feed = feed();
    assert_eq!(feed.expected(0b1), None);
    feed.begin(u64::MAX);
    assert_eq!(contents(&mut feed).len(), 2);
    for (came, expected) in [(0b1, Some(0)), (0b10, None), (0b11, None), (0b101, None)] {
        assert_eq!(feed.expected(came), expected, "{came:b}");
    }
    feed.returned_as_expected(0b1);
    assert_eq!(
        (feed.completed_bytes(), feed.completed_frames(), feed.is_at_rest()),
        (MESSAGE, FRAMES, false)
    );
    assert_eq!((feed.expected(0b1), feed.expected(0b10)), (None, Some(1)));
    feed.returned_as_expected(0b10);
    assert_eq!((feed.completed_bytes(), feed.is_at_rest()), (2 * MESSAGE, true));
    assert_eq!((feed.expected(0b10), feed.expected(0b100)), (None, None));
}

#[test]
fn nothing_is_expected_while_something_came_early() {
    let mut feed = feed();
    (0..3).for_each(|_| _ = feed.sound());
    feed.returned(0b10);
    assert_eq!((feed.expected(0b1), feed.completed_bytes()), (None, 0));
    feed.returned(0b1);
    assert_eq!((feed.expected(0b100), feed.completed_bytes()), (Some(2), 2 * MESSAGE));
}

#[test]
fn the_client_is_told_of_what_came_back() {
    let mut feed = feed();
    assert!(feed.is_told());
    feed.sound();
    feed.returned(1);
    assert!(!feed.is_told());
    feed.told();
    assert!(feed.is_told());
}

#[test]
fn a_packet_is_there_when_all_of_it_is() {
    let mut feed = feed();
    assert!(!feed.has_packet());
    for (upto, ended, whole) in
        [(0, false, false), (MESSAGE - 1, false, false), (MESSAGE, false, true), (MESSAGE, true, false)]
    {
        feed.hand_over(upto, ended);
        assert_eq!(feed.has_packet(), whole, "{upto} {ended}");
    }
}

#[test]
fn a_packet_is_awaited_while_the_device_has_something_else() {
    let mut feed = feed();
    feed.sound();
    assert!(!feed.awaits_packet());
    for (upto, ended, awaited) in
        [(MESSAGE, false, true), (2 * MESSAGE, false, false), (MESSAGE, true, false)]
    {
        feed.hand_over(upto, ended);
        assert_eq!(feed.awaits_packet(), awaited, "{upto} {ended}");
    }
    feed.returned(1);
    feed.hand_over(MESSAGE, false);
    assert!(!feed.awaits_packet());
}

#[test]
fn what_is_due_when_depends_on_who_says_so() {
    let mut feed = feed();
    feed.sound();
    feed.sound();
    let low = 2 * FRAMES - LOW;
    assert_eq!((feed.due(), feed.due_by_clock()), (Some(low), low));
    for (messages, ended, due) in
        [(3, false, Some(0)), (2, false, None), (3, true, Some(0)), (2, true, Some(low))]
    {
        feed.hand_over(messages * MESSAGE, ended);
        assert_eq!(feed.due(), due, "{messages} {ended}");
    }
    // A device that has nothing gets silence at once.
    feed.returned(0b11);
    feed.hand_over(2 * MESSAGE, false);
    assert_eq!(feed.due(), Some(0));
    feed.begin(0);
    assert_eq!((contents(&mut feed), feed.missed()), (vec![(2, Content::Silence)], 1));
}

#[test]
fn a_sound_that_ends_with_a_message_has_no_silence_in_it() {
    for (bytes, content) in
        [(MESSAGE, Content::Sound), (MESSAGE - 4, Content::End(MESSAGE as u32 - 4)), (4, Content::End(4))]
    {
        let mut feed = feed();
        feed.hand_over(bytes, true);
        assert_eq!(contents(&mut feed), [(0, content)], "{bytes}");
    }
}
