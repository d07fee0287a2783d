//! The registry, device interfaces, strings, and formatted text.

use core::ffi::c_void;

use waverust_rig::nt::Kernel;
use waverust_rig::nt::abi::ObjectAttributes;
use waverust_rig::nt::abi::OsVersion;
use waverust_rig::nt::abi::UnicodeString;
use waverust_rig::nt::rtlregistry::QueryTable;

use crate::support::call;
use crate::support::expect;
use crate::support::keep;
use crate::support::result;

const KEY: &str = "\\Registry\\Machine\\System\\CurrentControlSet\\Services\\toy";
const NOT_FOUND: i32 = 0xC000_0034_u32 as i32;

fn wide(text: &str) -> *mut u16 {
    let units: Vec<u16> = text.encode_utf16().chain([0]).collect();
    units.leak().as_mut_ptr()
}

fn counted(text: &str) -> *mut UnicodeString {
    let length = text.encode_utf16().count() as u16 * 2;
    keep(UnicodeString { length, maximum_length: length + 2, buffer: wide(text) })
}

fn text(string: *const UnicodeString) -> String {
    // SAFETY: the test's own string.
    unsafe { (*string).text() }
}

fn attributes(root: u64, name: &str) -> *mut ObjectAttributes {
    let null = core::ptr::null_mut();
    keep(ObjectAttributes {
        length: 48,
        root_directory: root,
        object_name: counted(name),
        attributes: 0x240,
        security_descriptor: null,
        security_quality_of_service: null,
    })
}

fn create(kernel: &Kernel, root: u64, name: &str) -> (u64, u32) {
    let (handle, disposition) = (keep(0_u64), keep(0_u32));
    let status = call!(kernel, ZwCreateKey(
        handle => *mut u64, 0 => u32, attributes(root, name) => *mut ObjectAttributes, 0 => u32, 0 => u64, 0 => u32,
        disposition => *mut u32,
    ) -> i32);
    assert_eq!(status, 0);
    // SAFETY: the kernel has just written both.
    unsafe { (*handle, *disposition) }
}

fn set(kernel: &Kernel, key: u64, name: &str, kind: u32, data: &[u8]) {
    let status = call!(kernel, ZwSetValueKey(
        key => u64, counted(name) => *mut UnicodeString, 0 => u32, kind => u32, data.as_ptr() => *const u8,
        data.len() as u32 => u32,
    ) -> i32);
    assert_eq!(status, 0);
}

fn close(kernel: &Kernel, key: u64) {
    call!(kernel, ZwClose(key => u64) -> i32);
}

/// Status, length told, and what was written of a partial information.
fn query(kernel: &Kernel, key: u64, name: &str, room: u32) -> (i32, u32, Vec<u8>) {
    let (into, result) = (keep([0xEE_u8; 64]), keep(0_u32));
    let status = call!(kernel, ZwQueryValueKey(
        key => u64, counted(name) => *mut UnicodeString, 2 => i32, into => *mut [u8; 64], room => u32,
        result => *mut u32,
    ) -> i32);
    // SAFETY: memory of the test's own.
    unsafe { (status, *result, into.read()[..room.min(64) as usize].to_vec()) }
}

#[test]
fn values_are_kept_and_told_by_size() {
    let seen = result(|kernel| {
        let (key, created) = create(kernel, 0, KEY);
        let again = create(kernel, 0, &KEY.to_uppercase());
        assert_eq!((created, again.1), (1, 2));
        set(kernel, key, "Depth", 4, &[1, 2, 3, 4]);
        let seen = [16, 13, 8].map(|room| query(kernel, key, "DEPTH", room)).to_vec();
        assert_eq!(query(kernel, key, "nothing", 16).0, NOT_FOUND);
        [key, again.0].into_iter().for_each(|key| close(kernel, key));
        seen
    });
    let head = [0, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0];
    assert_eq!(seen[0], (0, 16, [&head[..], &[1, 2, 3, 4]].concat()));
    assert_eq!(seen[1], (0x8000_0005_u32 as i32, 16, [&head[..], &[1]].concat()));
    assert_eq!((seen[2].0, seen[2].1), (0xC000_0023_u32 as i32, 16));
}

#[test]
fn keys_and_values_are_listed() {
    let names = result(|kernel| {
        let (key, _) = create(kernel, 0, KEY);
        let (below, _) = create(kernel, key, "Inner");
        set(kernel, key, "one", 4, &[0; 4]);
        let (into, length) = (keep([0_u8; 64]), keep(0_u32));
        let value = |index: u32| call!(kernel, ZwEnumerateValueKey(key => u64, index => u32, 0 => i32, into => *mut [u8; 64], 64 => u32, length => *mut u32) -> i32);
        assert_eq!((value(0), value(1)), (0, 0x8000_001A_u32 as i32));
        let status = call!(kernel, ZwEnumerateKey(key => u64, 0 => u32, 0 => i32, into => *mut [u8; 64], 64 => u32, length => *mut u32) -> i32);
        assert_eq!(status, 0);
        [key, below].into_iter().for_each(|key| close(kernel, key));
        // SAFETY: memory of the test's own.
        unsafe { into.read()[16..26].to_vec() }
    });
    assert_eq!(names, "Inner".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
}

#[test]
fn a_key_left_open() {
    expect("HandleLeft", 0xC4, |kernel| {
        create(kernel, 0, KEY);
    });
}

fn entry(name: &str, flags: u32, into: *mut u32, default_type: u32, default: u32) -> QueryTable {
    QueryTable {
        routine: None,
        flags,
        name: wide(name),
        entry_context: into.cast(),
        default_type,
        default_data: keep(default).cast(),
        default_length: 4,
    }
}

fn query_table(kernel: &Kernel, entries: Vec<QueryTable>) -> i32 {
    let end = QueryTable {
        routine: None,
        flags: 0,
        name: core::ptr::null_mut(),
        entry_context: core::ptr::null_mut(),
        default_type: 0,
        default_data: core::ptr::null_mut(),
        default_length: 0,
    };
    let table = entries.into_iter().chain([end]).collect::<Vec<_>>().leak().as_mut_ptr();
    call!(kernel, RtlQueryRegistryValues(
        1 => u32, wide("toy") => *mut u16, table => *mut QueryTable, core::ptr::null_mut() => *mut c_void,
        core::ptr::null_mut() => *mut c_void,
    ) -> i32)
}

#[test]
fn tables_of_values_are_read_with_their_defaults() {
    const DIRECT: u32 = 0x20;
    const REQUIRED: u32 = 0x04;
    const TYPECHECK: u32 = 0x100;
    let seen = result(|kernel| {
        let (missing, stored) = (keep(1_u32), keep(1_u32));
        assert_eq!(query_table(kernel, Vec::new()), NOT_FOUND);
        let (key, _) = create(kernel, 0, KEY);
        set(kernel, key, "stored", 4, &[9, 0, 0, 0]);
        set(kernel, key, "text", 1, &[0; 4]);
        close(kernel, key);
        let both = vec![
            entry("missing", DIRECT | TYPECHECK, missing, 4 << 24 | 4, 5),
            entry("stored", DIRECT | TYPECHECK, stored, 4 << 24, 0),
        ];
        let statuses = [
            query_table(kernel, both),
            query_table(kernel, vec![entry("missing", DIRECT | REQUIRED, missing, 0, 0)]),
            query_table(kernel, vec![entry("text", DIRECT | TYPECHECK, missing, 4 << 24, 0)]),
        ];
        // SAFETY: memory of the test's own.
        unsafe { (statuses, *missing, *stored) }
    });
    assert_eq!(seen, ([0, NOT_FOUND, 0xC000_0024_u32 as i32], 5, 9));
}

/// A class of interfaces.
const CLASS: [u8; 16] =
    [0x95, 0xDD, 0x94, 0x69, 0xEF, 0x93, 0xD0, 0x11, 0xA3, 0xCC, 0, 0xA0, 0xC9, 0x22, 0x31, 0x96];

fn register(kernel: &Kernel, link: *mut UnicodeString) -> i32 {
    let driver = kernel.make_driver("toy", 0, 0);
    let device = kernel.make_device(driver, 0, 0x2F);
    call!(kernel, IoRegisterDeviceInterface(
        device.pointer() => *mut waverust_rig::nt::abi::DeviceObject, keep(CLASS) => *mut [u8; 16],
        counted("Wave") => *mut UnicodeString, link => *mut UnicodeString,
    ) -> i32)
}

fn empty() -> *mut UnicodeString {
    keep(UnicodeString { length: 0, maximum_length: 0, buffer: core::ptr::null_mut() })
}

#[test]
fn an_interface_has_a_name_properties_and_a_key() {
    let seen = result(|kernel| {
        let (link, again) = (empty(), empty());
        assert_eq!((register(kernel, link), register(kernel, again)), (0, 0x4000_0000));
        let key = keep([7_u8; 20]);
        let set = |name: *mut UnicodeString| {
            call!(kernel, IoSetDeviceInterfacePropertyData(
                name => *mut UnicodeString, key => *mut [u8; 20], 0 => u32, 0 => u32, 3 => u32, 4 => u32,
                key => *mut [u8; 20],
            ) -> i32)
        };
        let statuses = [set(link), set(counted("\\??\\other"))];
        let handle = keep(0_u64);
        assert_eq!(
            call!(kernel, IoOpenDeviceInterfaceRegistryKey(link => *mut UnicodeString, 0 => u32, handle => *mut u64) -> i32),
            0
        );
        // SAFETY: the kernel has just written it.
        close(kernel, unsafe { *handle });
        let name = text(link);
        for link in [link, again] {
            call!(kernel, RtlFreeUnicodeString(link => *mut UnicodeString) -> ());
        }
        (name, statuses)
    });
    assert_eq!(seen.0, "\\??\\PCI#0#{6994dd95-93ef-11d0-a3cc-00a0c9223196}\\Wave");
    assert_eq!(seen.1, [0, NOT_FOUND]);
}

#[test]
fn the_name_of_an_interface_must_be_freed() {
    expect("PoolLeak", 0xC4, |kernel| {
        register(kernel, empty());
    });
}

#[test]
fn the_drivers_key_is_its_own() {
    let opened = result(|kernel| {
        let driver = kernel.make_driver("toy", 0, 0);
        let handle = keep(0_u64);
        let status = call!(kernel, IoOpenDriverRegistryKey(
            driver => *mut waverust_rig::nt::abi::DriverObject, 0 => i32, 0 => u32, 0 => u32, handle => *mut u64,
        ) -> i32);
        // SAFETY: the kernel has just written it.
        set(kernel, unsafe { *handle }, "Depth", 4, &[1, 0, 0, 0]);
        // SAFETY: as above.
        close(kernel, unsafe { *handle });
        let (key, disposition) = create(kernel, 0, &format!("{KEY}\\Parameters"));
        let found = query(kernel, key, "depth", 16).0;
        close(kernel, key);
        (status, disposition, found)
    });
    assert_eq!(opened, (0, 2, 0));
}

#[test]
fn strings_grow_to_their_room_and_no_further() {
    let seen = result(|kernel| {
        let string = keep(UnicodeString { length: 0, maximum_length: 12, buffer: wide("xxxxxxxx") });
        let append = |text: &str| call!(kernel, RtlAppendUnicodeToString(string => *mut UnicodeString, wide(text) => *mut u16) -> i32);
        let statuses = [append("abc"), append("def"), append("g")];
        let equal = |other: &str, no_case: u8| call!(kernel, RtlEqualUnicodeString(string => *mut UnicodeString, counted(other) => *mut UnicodeString, no_case => u8) -> u8);
        let equals = [equal("abcdef", 0), equal("ABCdef", 0), equal("ABCdef", 1)];
        call!(kernel, RtlCopyUnicodeString(string => *mut UnicodeString, counted("0123456789") => *mut UnicodeString) -> ());
        (statuses, equals, text(string))
    });
    assert_eq!(seen, ([0, 0, 0xC000_0023_u32 as i32], [1, 0, 1], "012345".to_owned()));
}

#[test]
fn text_is_formatted_as_c_does() {
    let seen = result(|kernel| {
        let arguments = keep([
            (-5_i64) as u64,
            0xBEEF,
            7,
            wide("wide") as u64,
            c"narrow".as_ptr() as u64,
            counted("counted") as u64,
            0x1_0000_0001,
        ]);
        let room = keep([0_u16; 80]);
        let format = wide("%d|%#06x|%3u|%-6s|%S|%wZ|%I64u|%%");
        let count = call!(kernel, _vsnwprintf(room => *mut [u16; 80], 80 => usize, format => *mut u16, arguments => *mut [u64; 7]) -> i32);
        let cut = call!(kernel, _vsnwprintf(keep([0_u16; 3]) => *mut [u16; 3], 3 => usize, format => *mut u16, arguments => *mut [u64; 7]) -> i32);
        // SAFETY: memory of the test's own.
        let units = unsafe { room.read()[..count as usize].to_vec() };
        (String::from_utf16_lossy(&units), cut)
    });
    assert_eq!(seen, ("-5|0xbeef|  7|wide  |narrow|counted|4294967297|%".to_owned(), -1));
}

#[test]
fn the_version_is_that_of_the_machine() {
    let build = result(|kernel| {
        let version =
            keep(OsVersion { size: 276, major: 0, minor: 0, build: 0, platform: 0, service_pack: [0; 128] });
        assert_eq!(call!(kernel, RtlGetVersion(version => *mut OsVersion) -> i32), 0);
        // SAFETY: memory of the test's own.
        unsafe { (*version).build }
    });
    assert_eq!(build, 26_100);
}

#[test]
fn a_pointer_in_a_line_does_not_change_the_trace() {
    let digests = result(|kernel| {
        let line = |pointer: u64| {
            call!(kernel, DbgPrint(c"at %p, %u".as_ptr() => *const core::ffi::c_char, pointer => u64, 5 => u64, 0 => u64, 0 => u64, 0 => u64, 0 => u64) -> i32);
            kernel.accounts.log.borrow().last().map(|(_, text)| text.clone()).unwrap_or_default()
        };
        [line(0x1000), line(0x2000)]
    });
    assert_eq!(digests, ["at 0000000000001000, 5", "at 0000000000002000, 5"]);
    let hash = |pointer: u64| {
        result(move |kernel| {
            call!(kernel, DbgPrint(c"at %p".as_ptr() => *const core::ffi::c_char, pointer => u64, 5 => u64, 0 => u64, 0 => u64, 0 => u64, 0 => u64) -> i32);
            kernel.trace.digest()
        })
    };
    assert_eq!(hash(0x1000), hash(0x2000));
}
