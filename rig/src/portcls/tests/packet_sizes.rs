//! Packet sizes that a driver declares: read as the audio service does, and judged.

use std::cell::RefCell;

use portcls::raw::{
    AUDIO_SIGNALPROCESSINGMODE_DEFAULT, DEVPKEY_KsAudio_PacketSize_Constraints,
    DEVPKEY_KsAudio_PacketSize_Constraints2, DEVPROPKEY, GUID, KSAUDIO_PACKETSIZE_CONSTRAINTS2,
    KSAUDIO_PACKETSIZE_PROCESSINGMODE_CONSTRAINT, KSCATEGORY_AUDIO,
};

use super::driver::Device;
use super::driver::Mistake;
use super::driver::import;
use super::driver::makes;
use super::life;
use super::on;
use crate::nt::abi::UnicodeString;
use crate::verify::Finding;

/// `DEVPROP_TYPE_BINARY`, and another type.
const BINARY: u32 = 0x1003;
const UINT32: u32 = 0x7;

/// What the driver puts on the interface of its wave filter: a type, and bytes.
type Declared = (u32, Vec<u8>);

thread_local!(static DECLARED: RefCell<Option<Declared>> = const { RefCell::new(None) });

/// The driver's own part: called before and after it registers its wave filter.
pub(super) fn declare(device: Device, registered: bool) {
    let Some((kind, bytes)) = DECLARED.with_borrow(Clone::clone) else { return };
    if makes(Mistake::LatePacketSizes) == registered {
        put(device, kind, &bytes);
    }
}

fn put(device: Device, kind: u32, bytes: &[u8]) {
    type Register =
        unsafe extern "win64" fn(Device, *const GUID, *mut UnicodeString, *mut UnicodeString) -> i32;
    type Set =
        unsafe extern "win64" fn(*mut UnicodeString, *const DEVPROPKEY, u32, u32, u32, u32, *const u8) -> i32;
    let physical: unsafe extern "win64" fn(Device, *mut Device) -> i32 =
        import("portcls.sys", "PcGetPhysicalDeviceObject");
    let register: Register = import("ntoskrnl.exe", "IoRegisterDeviceInterface");
    let set: Set = import("ntoskrnl.exe", "IoSetDeviceInterfacePropertyData");
    let free: unsafe extern "win64" fn(*mut UnicodeString) = import("ntoskrnl.exe", "RtlFreeUnicodeString");
    let mut name: Vec<u16> = "Wave".encode_utf16().collect();
    let bytes_of_name = (name.len() * 2) as u16;
    let mut reference =
        UnicodeString { length: bytes_of_name, maximum_length: bytes_of_name, buffer: name.as_mut_ptr() };
    let mut link = UnicodeString { length: 0, maximum_length: 0, buffer: core::ptr::null_mut() };
    let mut pdo: Device = core::ptr::null_mut();
    // SAFETY: the device is the adapter's; everything else outlives the calls.
    unsafe {
        physical(device, &raw mut pdo);
        assert!(register(pdo, &KSCATEGORY_AUDIO, &raw mut reference, &raw mut link) >= 0);
        for key in [DEVPKEY_KsAudio_PacketSize_Constraints, DEVPKEY_KsAudio_PacketSize_Constraints2] {
            assert_eq!(set(&raw mut link, &key, 0, 0, kind, bytes.len() as u32, bytes.as_ptr()), 0);
        }
        free(&raw mut link);
    }
}

/// A millisecond, 10 ms of the toy's format at the least, and 2 ms in DEFAULT mode.
fn good() -> KSAUDIO_PACKETSIZE_CONSTRAINTS2 {
    KSAUDIO_PACKETSIZE_CONSTRAINTS2 {
        MinPacketPeriodInHns: 10_000,
        PacketSizeFileAlignment: 3,
        MaxPacketSizeInBytes: 1_920,
        NumProcessingModeConstraints: 1,
        ProcessingModeConstraints: [KSAUDIO_PACKETSIZE_PROCESSINGMODE_CONSTRAINT {
            ProcessingMode: AUDIO_SIGNALPROCESSINGMODE_DEFAULT,
            SamplesPerProcessingPacket: 0,
            ProcessingPacketDurationInHns: 20_000,
        }],
    }
}

fn bytes(record: KSAUDIO_PACKETSIZE_CONSTRAINTS2) -> Vec<u8> {
    // SAFETY: a record of integers without padding.
    unsafe { core::mem::transmute::<KSAUDIO_PACKETSIZE_CONSTRAINTS2, [u8; 40]>(record) }.to_vec()
}

fn declared(mistake: Mistake, kind: u32, bytes: Vec<u8>) -> Vec<Finding> {
    DECLARED.set(Some((kind, bytes)));
    let found = on("26100", mistake, life);
    DECLARED.set(None);
    found
}

#[track_caller]
fn refused(kind: u32, bytes: Vec<u8>, word: &str) {
    let found = declared(Mistake::None, kind, bytes);
    let first = found.first().expect("a finding");
    assert_eq!((first.rule.as_str(), first.bug_check, first.parameters[0]), ("PacketSizes", 0xC4, 0x7_120C));
    assert!(first.message.contains(word), "{}", first.message);
}

#[test]
fn good_packet_sizes_are_read_as_they_are() {
    for (windows, longest) in [("26100", 1_920), ("14393", 1_920), ("10586", 0)] {
        DECLARED.set(Some((BINARY, bytes(good()))));
        let found = on(windows, Mistake::None, move |adapter| {
            assert!(adapter.add_device() >= 0 && adapter.start() >= 0);
            let sizes = adapter.packet_sizes("Wave").expect("declared");
            assert_eq!((sizes.shortest, sizes.alignment, sizes.longest), (10_000, 3, longest));
            let [mode] = &sizes.modes[..] else { panic!("{} modes", sizes.modes.len()) };
            assert_eq!((mode.samples, mode.duration), (0, 20_000));
            assert_eq!(mode.mode, AUDIO_SIGNALPROCESSINGMODE_DEFAULT);
            assert_eq!(adapter.packet_sizes("Topo"), None);
            assert!(adapter.remove() >= 0 && adapter.unload());
        });
        DECLARED.set(None);
        assert_eq!(found.len(), 0, "{found:?}");
    }
}

/// Row 39: packet size constraints are sane.
#[test]
fn packet_sizes_that_windows_cannot_use_are_found() {
    type Spoil = fn(&mut KSAUDIO_PACKETSIZE_CONSTRAINTS2);
    let spoilt: [(Spoil, &str); 6] = [
        (|record| record.PacketSizeFileAlignment = 4, "no FILE_x_ALIGNMENT"),
        (|record| record.PacketSizeFileAlignment = 0x3FF, "no FILE_x_ALIGNMENT"),
        (|record| record.MaxPacketSizeInBytes = 1_919, "10 ms of a format have 1920"),
        (|record| record.MinPacketPeriodInHns = 110_000, "shorter than the shortest"),
        (|record| record.MinPacketPeriodInHns = 20_000, "mode 0 is not above the minimum"),
        (
            // 1 ms at the only rate of the toy's pin.
            |record| record.ProcessingModeConstraints[0].SamplesPerProcessingPacket = 48,
            "mode 0 is not above the minimum",
        ),
    ];
    for (spoil, word) in spoilt {
        let mut record = good();
        spoil(&mut record);
        refused(BINARY, bytes(record), word);
    }
}

#[test]
fn packet_sizes_that_are_no_record_are_found() {
    refused(UINT32, bytes(good()), "not DEVPROP_TYPE_BINARY");
    refused(BINARY, bytes(good())[..39].to_vec(), "too few for 1 mode");
    refused(BINARY, bytes(good())[..15].to_vec(), "has 15 bytes");
}

/// Row 38: packet size constraints are there.
#[test]
fn packet_sizes_come_before_the_filter() {
    let found = declared(Mistake::LatePacketSizes, BINARY, bytes(good()));
    let first = found.first().expect("a finding");
    assert!(first.message.contains("was set after PcRegisterSubdevice"), "{}", first.message);
}
