//! The rules of mappings, each with a driver that breaks it.

use super::driver::Mistake;
use super::wavepci::with_pin;
use crate::portcls::{Cutter, KsState, Pin, Place};

/// Several packets are played, and two are revoked in between.
fn play(pin: &Pin) {
    for seed in 1..20 {
        let place = Place { offset: 0, contiguous: false };
        pin.submit(&[seed; 100], place, &mut Cutter::pages()).expect("memory");
    }
    pin.set_state(KsState::Run);
    super::wavepci_objects::interrupt();
    pin.revoke(1, 2);
    for _ in 0..6 {
        super::wavepci_objects::interrupt();
        pin.check_memory();
    }
    pin.set_state(KsState::Stop);
}

#[track_caller]
fn expect(mistake: Mistake, rule: &str, words: &str) {
    let found = with_pin(mistake, play);
    assert!(!found.is_empty(), "{mistake:?} was not found");
    assert_eq!((found[0].rule.as_str(), found[0].bug_check), (rule, 0xC4), "{}", found[0]);
    assert!(found[0].message.contains(words), "{}", found[0]);
}

#[test]
fn a_good_driver_is_not_blamed() {
    assert_eq!(with_pin(Mistake::None, play).len(), 0);
}

#[test]
fn mappings_are_released_in_the_order_in_which_they_were_got() {
    expect(Mistake::ReleaseOutOfOrder, "WavePciReleaseMapping", "was acquired after 0x1");
}

#[test]
fn a_tag_that_is_released_is_known() {
    expect(Mistake::ReleaseUnknown, "WavePciReleaseMapping", "no mapping was got");
}

#[test]
fn a_mapping_is_released_once() {
    expect(Mistake::ReleaseTwice, "WavePciReleaseMapping", "was released before");
}

#[test]
fn a_revoked_mapping_is_not_released() {
    expect(Mistake::ReleaseRevoked, "WavePciReleaseMapping", "was revoked");
}

#[test]
fn a_tag_stands_for_one_mapping() {
    expect(Mistake::ReuseTag, "WavePciTag", "was not released yet");
}

#[test]
fn no_lock_is_held_on_the_way_to_the_port() {
    expect(Mistake::HoldLock, "WavePciLockHeld", "GetMapping was called with the spin lock");
}

#[test]
fn revoked_mappings_are_counted_right() {
    expect(Mistake::MiscountRevoked, "WavePciRevokeMappings", "says that it revoked 3 mapping(s), where 2");
}

#[test]
fn a_mapping_that_was_given_back_is_left_alone() {
    expect(Mistake::WriteAfterRelease, "WavePciMemory", "was written to after");
}

#[test]
fn nothing_is_out_when_the_pin_is_closed() {
    expect(Mistake::RefuseRevocation, "WavePciMappingsLeft", "neither released nor revoked");
}
