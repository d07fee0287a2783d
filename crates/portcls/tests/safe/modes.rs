//! `GetModes`, through its vtable.

use std::ptr::null_mut;

use portcls::Status;
use portcls::com::ComClass;
use portcls::irql::{Irql, Passive};
use portcls::modes::AudioSignalProcessing;
use portcls::raw::status::*;
use portcls::raw::*;

use crate::fakes::pointer;

struct Pins;

impl ComClass for Pins {
    type Interfaces = (IMiniportAudioSignalProcessing,);
}

const MODES: [GUID; 2] = [AUDIO_SIGNALPROCESSINGMODE_DEFAULT, AUDIO_SIGNALPROCESSINGMODE_RAW];

impl AudioSignalProcessing for Pins {
    fn modes(&self, _: &mut Irql<Passive>, pin: u32) -> portcls::Result<&'static [GUID]> {
        match pin {
            0 => Ok(&MODES),
            1 => Err(Status::NOT_SUPPORTED),
            _ => Err(Status::INVALID_PARAMETER),
        }
    }
}

/// Status and number, and the array, of which only `room` entries are offered.
fn get(pin: u32, room: Option<u32>) -> (NTSTATUS, u32, [GUID; 3]) {
    let (_object, miniport) = pointer::<IMiniportAudioSignalProcessing, _>(Pins);
    let mut modes = [GUID::ZERO; 3];
    let mut count = room.unwrap_or(77);
    let array = if room.is_some() { modes.as_mut_ptr() } else { null_mut() };
    // SAFETY: a method of a live object, with as much room as is said.
    let status =
        unsafe { ((*(*miniport.as_raw()).vtbl).GetModes)(miniport.as_raw(), pin, array, &mut count) };
    (status, count, modes)
}

#[test]
fn the_number_is_answered_without_an_array() {
    assert_eq!(get(0, None), (STATUS_SUCCESS, 2, [GUID::ZERO; 3]));
}

/// Row 73: GetModes.
#[test]
fn an_array_is_filled_if_it_is_long_enough() {
    let [default, raw] = MODES;
    assert_eq!(get(0, Some(0)), (STATUS_BUFFER_TOO_SMALL, 2, [GUID::ZERO; 3]));
    assert_eq!(get(0, Some(1)), (STATUS_BUFFER_TOO_SMALL, 2, [GUID::ZERO; 3]));
    assert_eq!(get(0, Some(2)), (STATUS_SUCCESS, 2, [default, raw, GUID::ZERO]));
    assert_eq!(get(0, Some(3)), (STATUS_SUCCESS, 2, [default, raw, GUID::ZERO]));
}

#[test]
fn pins_without_modes_say_so() {
    assert_eq!(get(1, None).0, STATUS_NOT_SUPPORTED);
    assert_eq!(get(2, None).0, STATUS_INVALID_PARAMETER);
}

#[test]
fn without_a_place_for_the_number_there_is_no_answer() {
    let (_object, miniport) = pointer::<IMiniportAudioSignalProcessing, _>(Pins);
    // SAFETY: a method of a live object; null is refused.
    let status =
        unsafe { ((*(*miniport.as_raw()).vtbl).GetModes)(miniport.as_raw(), 0, null_mut(), null_mut()) };
    assert_eq!(status, STATUS_INVALID_PARAMETER);
}
