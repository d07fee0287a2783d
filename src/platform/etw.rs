//! Events for Windows' tracing, each of which carries its own description (TraceLogging).
//!
//! An event is a name and named fields. What describes it goes with every event: first the provider, then the event, then
//! the values. Sources: evntprov.h's pages of EVENT_DESCRIPTOR, EVENT_DATA_DESCRIPTOR and provider traits;
//! TraceLoggingProvider.h of the Windows SDK for the bytes. To see them: `tracelog -start t -guid
//! #3f539392-55c6-5c15-1b65-373c3004c88e`, or any tool that finds a provider by the name `WaveRusT`.

use core::ffi::c_void;
use core::ptr::{null, null_mut};
use core::sync::atomic::AtomicU64;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Release};

use portcls::irql::{Irql, Passive};
use wdk_sys::ntddk::{EtwRegister, EtwUnregister, EtwWriteTransfer};
use wdk_sys::{GUID, NTSTATUS};

unsafe extern "system" {
    /// The headers off Windows have no binding of it.
    fn EtwSetInformation(provider: u64, class: i32, information: *const c_void, length: u32) -> NTSTATUS;
}

/// `EventProviderSetTraits` of `EVENT_INFO_CLASS`.
const SET_TRAITS: i32 = 2;
/// The channel of events that describe themselves.
const TRACE_LOGGING: u8 = 11;
/// What a piece of an event is: a value, or the description of the event or of the provider.
const VALUE: u32 = 0;
const EVENT: u32 = 1;
const PROVIDER: u32 = 2;
/// Values of an event at most.
const MOST_VALUES: usize = 4;

/// Names the provider; by the rule of TraceLogging it is made of the name.
static ID: GUID = GUID {
    Data1: 0x3F53_9392,
    Data2: 0x55C6,
    Data3: 0x5C15,
    Data4: [0x1B, 0x65, 0x37, 0x3C, 0x30, 0x04, 0xC8, 0x8E],
};

/// The size of all of it, and the provider's name.
static TRAITS: &[u8] = b"\x0B\0WaveRusT\0";
const _: () = assert!(is_sized(TRAITS));

/// The registered provider; 0 for none.
static HANDLE: AtomicU64 = AtomicU64::new(0);

/// `EVENT_DESCRIPTOR`.
#[repr(C)]
struct Descriptor {
    id: u16,
    version: u8,
    channel: u8,
    level: u8,
    opcode: u8,
    task: u16,
    keyword: u64,
}

/// `EVENT_DATA_DESCRIPTOR`.
#[derive(Clone, Copy)]
#[repr(C)]
struct Piece {
    address: u64,
    size: u32,
    kind: u32,
}

const _: () = assert!(size_of::<Descriptor>() == 16 && size_of::<Piece>() == 16);

impl Piece {
    const NONE: Self = Self { address: 0, size: 0, kind: VALUE };

    fn new(bytes: &[u8], kind: u32) -> Self {
        Self { address: bytes.as_ptr().addr() as u64, size: bytes.len() as u32, kind }
    }
}

/// How much an event matters.
#[derive(Clone, Copy)]
pub(super) enum Level {
    Error = 2,
    Warning = 3,
    Info = 4,
}

/// What there is to know of an event before it happens.
pub(super) struct Event {
    pub(super) level: Level,
    /// The size of all of it, no tags, the name, and each field's name and type (`TlgIn_t`).
    pub(super) metadata: &'static [u8],
}

/// A description begins with its size.
pub(super) const fn is_sized(metadata: &[u8]) -> bool {
    matches!(metadata, [low, high, ..] if u16::from_le_bytes([*low, *high]) as usize == metadata.len())
}

/// Registers the provider. Without it nothing is written.
pub(super) fn register(_at: &Irql<Passive>) {
    let mut handle = 0;
    // SAFETY: at PASSIVE_LEVEL; the provider has no callback, and the handle has a place.
    let status = unsafe { EtwRegister((&raw const ID).cast(), None, null_mut(), &raw mut handle) };
    if status != 0 {
        return;
    }
    // SAFETY: the handle is the provider's; the traits live for ever. An older Windows that refuses them has them with
    // each event.
    let _ = unsafe { EtwSetInformation(handle, SET_TRAITS, TRAITS.as_ptr().cast(), TRAITS.len() as u32) };
    HANDLE.store(handle, Release);
}

/// Takes the provider back, if there is one. Nothing is written any more.
pub(super) fn unregister(_at: &Irql<Passive>) {
    let handle = HANDLE.swap(0, AcqRel);
    if handle != 0 {
        // SAFETY: registered, and taken out for good. Its status can't be helped.
        let _ = unsafe { EtwUnregister(handle) };
    }
}

/// Writes an event with `values`, one for each of its fields: numbers as they lie in memory, strings with their zero.
/// Whether anybody listens makes no difference. IRQL: any; what is written is not paged.
pub(super) fn write<const N: usize>(event: &Event, values: [&[u8]; N]) {
    const { assert!(N <= MOST_VALUES) };
    let handle = HANDLE.load(Acquire);
    if handle == 0 {
        return;
    }
    let descriptor = Descriptor {
        id: 0,
        version: 0,
        channel: TRACE_LOGGING,
        level: event.level as u8,
        opcode: 0,
        task: 0,
        keyword: 0,
    };
    let mut pieces = [Piece::NONE; MOST_VALUES + 2];
    let described = [Piece::new(TRAITS, PROVIDER), Piece::new(event.metadata, EVENT)];
    let all = described.into_iter().chain(values.map(|value| Piece::new(value, VALUE)));
    for (place, piece) in pieces.iter_mut().zip(all) {
        *place = piece;
    }
    let count = (N as u32).wrapping_add(2);
    // SAFETY: the provider is registered until the driver is unloaded; the descriptor and all pieces outlive the call.
    // Its status can't be helped.
    let _ = unsafe {
        EtwWriteTransfer(
            handle,
            (&raw const descriptor).cast(),
            null(),
            null(),
            count,
            pieces.as_mut_ptr().cast(),
        )
    };
}
