//! Events for tracing: what drivers write is decoded; what describes itself wrongly is found.

use core::ffi::c_void;

use waverust_rig::nt::Kernel;
use waverust_rig::nt::WrittenEvent;

use crate::support::call;
use crate::support::expect;
use crate::support::keep;
use crate::support::result;

const NULL: *mut c_void = core::ptr::null_mut();
const INVALID_HANDLE: i32 = 0xC000_0008_u32 as i32;

const TRAITS: &[u8] = b"\x0A\0Planted\0";
const EVENT: &[u8] = b"\x10\0\0Event\0Count\0\x08";

/// `EVENT_DESCRIPTOR` and `EVENT_DATA_DESCRIPTOR`.
#[repr(C)]
struct Descriptor(u16, u8, u8, u8, u8, u16, u64);
#[repr(C)]
struct Piece(u64, u32, u32);

fn register(kernel: &Kernel) -> u64 {
    let handle = keep(0_u64);
    let status = call!(kernel, EtwRegister(NULL => *mut c_void, NULL => *mut c_void, NULL => *mut c_void, handle => *mut u64) -> i32);
    assert_eq!(status, 0);
    // SAFETY: just written.
    unsafe { *handle }
}

fn set_traits(kernel: &Kernel, handle: u64, traits: &'static [u8]) -> i32 {
    call!(kernel, EtwSetInformation(handle => u64, 2 => i32, traits.as_ptr() => *const u8, traits.len() as u32 => u32) -> i32)
}

fn write(kernel: &Kernel, handle: u64, channel: u8, pieces: &[(&'static [u8], u32)]) -> i32 {
    let descriptor = keep(Descriptor(0, 0, channel, 4, 0, 0, 0));
    let pieces: Vec<Piece> =
        pieces.iter().map(|(bytes, kind)| Piece(bytes.as_ptr() as u64, bytes.len() as u32, *kind)).collect();
    let (count, first) = (pieces.len() as u32, pieces.leak().as_mut_ptr());
    call!(kernel, EtwWriteTransfer(handle => u64, descriptor => *mut Descriptor, NULL => *mut c_void, NULL => *mut c_void, count => u32, first => *mut Piece) -> i32)
}

fn unregister(kernel: &Kernel, handle: u64) -> i32 {
    call!(kernel, EtwUnregister(handle => u64) -> i32)
}

#[test]
fn an_event_that_describes_itself_is_decoded() {
    let written: Vec<WrittenEvent> = result(|kernel| {
        let handle = register(kernel);
        assert_eq!(set_traits(kernel, handle, TRAITS), 0);
        assert_eq!(write(kernel, handle, 11, &[(TRAITS, 2), (EVENT, 1), (b"\x07\0\0\0", 0)]), 0);
        // One of a manifest: numbers alone.
        assert_eq!(write(kernel, handle, 0, &[(b"\x07\0\0\0", 0)]), 0);
        assert_eq!(unregister(kernel, handle), 0);
        assert_eq!(write(kernel, handle, 11, &[(TRAITS, 2), (EVENT, 1)]), INVALID_HANDLE);
        kernel.written_events()
    });
    let [event, other] = &written[..] else { panic!("{written:?}") };
    assert_eq!((event.provider.as_str(), event.name.as_str(), event.level), ("Planted", "Event", 4));
    assert_eq!(event.fields, [("Count".to_owned(), "7".to_owned())]);
    assert_eq!((other.name.as_str(), other.fields.len()), ("event 0", 0));
}

#[test]
fn a_description_that_does_not_fit_is_found() {
    type Pieces = Vec<(&'static [u8], u32)>;
    let planted: [(&str, u8, Pieces); 6] = [
        (
            "says that it has 17 bytes",
            11,
            vec![(TRAITS, 2), (b"\x11\0\0Event\0Count\0\x08", 1), (&[0; 4], 0)],
        ),
        ("Count is cut short", 11, vec![(TRAITS, 2), (EVENT, 1), (&[0; 3], 0)]),
        ("belong to no field", 11, vec![(TRAITS, 2), (EVENT, 1), (&[0; 5], 0)]),
        ("first piece", 11, vec![(EVENT, 1), (TRAITS, 2), (&[0; 4], 0)]),
        ("otherwise than", 11, vec![(b"\x0A\0Another\0", 2), (EVENT, 1), (&[0; 4], 0)]),
        ("channel is 0", 0, vec![(TRAITS, 2), (EVENT, 1), (&[0; 4], 0)]),
    ];
    for (word, channel, pieces) in planted {
        let found = expect("TraceLogging", 0xC4, move |kernel| {
            let handle = register(kernel);
            set_traits(kernel, handle, TRAITS);
            write(kernel, handle, channel, &pieces);
            unregister(kernel, handle);
        });
        assert!(found.message.contains(word), "{}", found.message);
    }
}

#[test]
fn traits_that_do_not_fit_are_found() {
    expect("TraceLogging", 0xC4, |kernel| {
        let handle = register(kernel);
        set_traits(kernel, handle, b"\x0B\0Planted\0");
        unregister(kernel, handle);
    });
}
