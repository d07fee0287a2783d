//! Images made here, whole and broken.

use std::{cell::RefCell, path::Path};

use object::{
    pe,
    write::pe::{NtHeaders, Writer},
};
use proptest::prelude::{Strategy, any, prop, proptest};
use waverust_rig::pe::{Export, Image, ImageError, Symbol, Symbols};

const TEXT: u32 = 0x1000;
const RDATA: u32 = 0x2000;
const DATA: u32 = 0x3000;
const IMAGE_BASE: u64 = 0x1_4000_0000;

const IMPORTS: u32 = RDATA;
const IMPORT_NAMES: u32 = RDATA + 0x40;
const IMPORT_SLOTS: u32 = RDATA + 0x60;
const MODULE_NAME: u32 = RDATA + 0x80;
const IMPORT_NAME: u32 = RDATA + 0xa0;
const EXPORTS: u32 = RDATA + 0x100;
const LOAD_CONFIG: u32 = RDATA + 0x200;

/// Data: an address that is relocated, then the stack cookie.
const POINTER: u32 = DATA;
const COOKIE: u32 = DATA + 8;
const LINKERS_COOKIE: u64 = 0x2b99_2ddf_a232;

/// What may be wrong with the image.
#[derive(Clone, Copy)]
struct Plan {
    machine: pe::Machine,
    subsystem: pe::Subsystem,
    characteristics: pe::FileFlags,
    relocation: pe::BaseRelocationType,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            machine: pe::IMAGE_FILE_MACHINE_AMD64,
            subsystem: pe::IMAGE_SUBSYSTEM_NATIVE,
            characteristics: pe::IMAGE_FILE_EXECUTABLE_IMAGE | pe::IMAGE_FILE_LARGE_ADDRESS_AWARE,
            relocation: pe::IMAGE_REL_BASED_DIR64,
        }
    }
}

fn put(section: &mut [u8], start: u32, at: u32, bytes: &[u8]) {
    section[(at - start) as usize..][..bytes.len()].copy_from_slice(bytes);
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// `sub rsp, 40; call [slot]; add rsp, 40; ret`, and a lone `ret` at 32.
fn text() -> Vec<u8> {
    let mut text = vec![0x48, 0x83, 0xec, 0x28, 0xff, 0x15];
    text.extend((IMPORT_SLOTS - (TEXT + 10)).to_le_bytes());
    text.extend([0x48, 0x83, 0xc4, 0x28, 0xc3]);
    text.resize(32, 0xcc);
    text.push(0xc3);
    text
}

fn rdata() -> Vec<u8> {
    let mut rdata = vec![0; 0x300];
    let mut put = |at: u32, bytes: &[u8]| put(&mut rdata, RDATA, at, bytes);
    put(IMPORTS, &words(&[IMPORT_NAMES, 0, 0, MODULE_NAME, IMPORT_SLOTS]));
    for table in [IMPORT_NAMES, IMPORT_SLOTS] {
        put(table, &u64::from(IMPORT_NAME).to_le_bytes());
        put(table + 8, &(1 << 63 | 7_u64).to_le_bytes());
    }
    put(MODULE_NAME, b"kernel.exe\0");
    put(IMPORT_NAME, b"\0\0Answer\0");
    // Directory, addresses, names, ordinals, strings. The first ordinal is 5.
    put(EXPORTS + 12, &words(&[EXPORTS + 0x60, 5, 2, 2, EXPORTS + 0x28, EXPORTS + 0x30, EXPORTS + 0x38]));
    put(EXPORTS + 0x28, &words(&[TEXT + 32, EXPORTS + 0x90]));
    put(EXPORTS + 0x30, &words(&[EXPORTS + 0x70, EXPORTS + 0x80]));
    put(EXPORTS + 0x38, &[0, 0, 1, 0]);
    put(EXPORTS + 0x60, b"made.sys\0");
    put(EXPORTS + 0x70, b"Here\0");
    put(EXPORTS + 0x80, b"There\0");
    put(EXPORTS + 0x90, b"other.Thing\0");
    put(LOAD_CONFIG, &0x70_u32.to_le_bytes());
    put(LOAD_CONFIG + 88, &(IMAGE_BASE + u64::from(COOKIE)).to_le_bytes());
    rdata
}

fn data() -> Vec<u8> {
    let mut data = vec![0; 0x20];
    put(&mut data, DATA, POINTER, &(IMAGE_BASE + u64::from(TEXT)).to_le_bytes());
    put(&mut data, DATA, COOKIE, &LINKERS_COOKIE.to_le_bytes());
    data
}

fn build(plan: Plan) -> Vec<u8> {
    let (text, rdata, data) = (text(), rdata(), data());
    let mut file = Vec::new();
    let mut writer = Writer::new(true, 0x1000, 0x200, &mut file);
    writer.reserve_dos_header();
    writer.reserve_nt_headers(16);
    writer.set_data_directory(0, EXPORTS, 0x100);
    writer.set_data_directory(1, IMPORTS, 40);
    writer.set_data_directory(10, LOAD_CONFIG, 0x70);
    writer.reserve_section_headers(4);
    let text_at = writer.reserve_text_section(text.len() as u32);
    let rdata_at = writer.reserve_rdata_section(rdata.len() as u32);
    let data_at = writer.reserve_data_section(0x40, data.len() as u32);
    assert_eq!([text_at, rdata_at, data_at].map(|section| section.virtual_address), [TEXT, RDATA, DATA]);
    writer.add_reloc(LOAD_CONFIG + 88, plan.relocation);
    writer.add_reloc(POINTER, plan.relocation);
    writer.reserve_reloc_section();

    writer.write_empty_dos_header().unwrap();
    writer.write_nt_headers(NtHeaders {
        machine: plan.machine,
        time_date_stamp: 1234,
        characteristics: plan.characteristics,
        major_linker_version: 14,
        minor_linker_version: 0,
        address_of_entry_point: TEXT,
        image_base: IMAGE_BASE,
        major_operating_system_version: 10,
        minor_operating_system_version: 0,
        major_image_version: 0,
        minor_image_version: 0,
        major_subsystem_version: 10,
        minor_subsystem_version: 0,
        subsystem: plan.subsystem,
        dll_characteristics: pe::IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE,
        size_of_stack_reserve: 0,
        size_of_stack_commit: 0,
        size_of_heap_reserve: 0,
        size_of_heap_commit: 0,
    });
    writer.write_section_headers();
    writer.write_section(text_at.file_offset, &text);
    writer.write_section(rdata_at.file_offset, &rdata);
    writer.write_section(data_at.file_offset, &data);
    writer.write_reloc_section();
    file
}

extern "win64" fn answer() -> u32 {
    42
}

/// Has both imports.
fn resolve(module: &str, symbol: Symbol<'_>) -> Option<*const ()> {
    assert_eq!(module, "kernel.exe");
    match symbol {
        Symbol::Name("Answer") | Symbol::Ordinal(7) => Some(answer as *const ()),
        _ => None,
    }
}

fn load(file: &[u8]) -> Result<Image, ImageError> {
    Image::from_bytes("made.sys", file, &mut resolve)
}

fn read(image: &Image, offset: u32) -> u64 {
    // SAFETY: the tests ask for offsets in readable sections.
    unsafe { image.base().add(offset as usize).cast::<u64>().read_unaligned() }
}

#[test]
fn image_runs_and_calls_its_import() {
    let image = load(&build(Plan::default())).unwrap();
    let entry = image.entry_point().unwrap();
    // SAFETY: the code at the entry point has this form.
    let entry = unsafe { std::mem::transmute::<*const (), extern "win64" fn() -> u32>(entry) };
    assert_eq!(entry(), 42);
}

#[test]
fn image_is_relocated_and_has_a_cookie() {
    let image = load(&build(Plan::default())).unwrap();
    let base = image.base().addr() as u64;
    assert_eq!(read(&image, POINTER), base + u64::from(TEXT));
    let cookie = read(&image, COOKIE);
    assert!(cookie != LINKERS_COOKIE && cookie != 0 && cookie >> 48 == 0);
    assert_eq!((image.time_stamp(), image.file_version(), image.name()), (1234, None, "made.sys"));
    assert_eq!(image.offset_of(image.base().addr() + 0x1005), Some(0x1005));
    assert_eq!(image.offset_of(image.range().end), None);
}

#[test]
fn exports_are_found() {
    let image = load(&build(Plan::default())).unwrap();
    let here = image.base().wrapping_add(TEXT as usize + 32).cast_const().cast::<()>();
    assert_eq!(image.export("Here"), Some(Export::Address(here)));
    assert_eq!(image.export_by_ordinal(5), Some(Export::Address(here)));
    let there = Export::Forward { module: "other".into(), symbol: "Thing".into() };
    assert_eq!(image.export("There"), Some(there.clone()));
    assert_eq!(image.export_by_ordinal(6), Some(there));
    assert_eq!((image.export("Nowhere"), image.export_by_ordinal(4)), (None, None));
    assert_eq!(image.export_names().collect::<Vec<_>>(), ["Here", "There"]);
}

#[test]
fn sections_are_protected() {
    let image = load(&build(Plan::default())).unwrap();
    let base = image.range().start;
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let protection = |offset: u32| {
        let address = base + offset as usize;
        maps.lines()
            .find(|line| {
                let (start, end) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
                let number = |digits| usize::from_str_radix(digits, 16).unwrap();
                (number(start)..number(end)).contains(&address)
            })
            .map(|line| line.split(' ').nth(1).unwrap().to_owned())
    };
    assert_eq!(protection(0).as_deref(), Some("r--p"));
    assert_eq!(protection(TEXT).as_deref(), Some("r-xp"));
    assert_eq!(protection(RDATA).as_deref(), Some("r--p"));
    assert_eq!(protection(DATA).as_deref(), Some("rw-p"));
    let code = image.code();
    assert_eq!(code.len(), 1);
    assert_eq!((code[0].range.start, code[0].writable), (base + TEXT as usize, false));
}

#[test]
fn all_missing_exports_are_listed() {
    let asked = RefCell::new(Vec::new());
    let mut nothing = |module: &str, symbol: Symbol<'_>| {
        asked.borrow_mut().push(format!("{module}!{symbol}"));
        None
    };
    let error = Image::from_bytes("made.sys", &build(Plan::default()), &mut nothing).unwrap_err();
    let ImageError::MissingExports { missing } = &error else { panic!("{error}") };
    assert_eq!(missing.len(), 2);
    assert_eq!(*asked.borrow(), ["kernel.exe!Answer", "kernel.exe!#7"]);
    let text = error.to_string();
    assert!(
        text.contains("kernel.exe!Answer, wanted by made.sys") && text.contains("kernel.exe!#7"),
        "{text}"
    );
}

fn refusal(plan: Plan) -> ImageError {
    load(&build(plan)).unwrap_err()
}

#[test]
fn other_files_are_refused_with_the_reason() {
    let arm = Plan { machine: pe::IMAGE_FILE_MACHINE_ARM64, ..Plan::default() };
    assert!(refusal(arm).to_string().contains("ARM64"));
    let console = Plan { subsystem: pe::IMAGE_SUBSYSTEM_WINDOWS_CUI, ..Plan::default() };
    assert!(matches!(refusal(console), ImageError::NotNative { found: 3, .. }));
    let fixed = pe::IMAGE_FILE_EXECUTABLE_IMAGE | pe::IMAGE_FILE_RELOCS_STRIPPED;
    let fixed = Plan { characteristics: fixed, ..Plan::default() };
    assert!(matches!(refusal(fixed), ImageError::NoRelocations { .. }));
    let odd = Plan { relocation: pe::IMAGE_REL_BASED_HIGHLOW, ..Plan::default() };
    assert!(matches!(refusal(odd), ImageError::Damaged { .. }));
    assert!(matches!(load(b"RIFF but not WAVE").unwrap_err(), ImageError::NotPe { .. }));
    assert!(matches!(load(b"").unwrap_err(), ImageError::NotPe { .. }));
    let absent = Image::load(Path::new("/nonexistent/driver.sys"), &mut resolve).unwrap_err();
    assert!(matches!(absent, ImageError::Unreadable { .. }), "{absent}");
}

#[test]
fn every_truncation_is_noticed() {
    let file = build(Plan::default());
    for length in 0..file.len() - 0x200 {
        assert!(load(&file[..length]).is_err(), "{length} bytes");
    }
    let error = load(&file[..0x500]).unwrap_err();
    assert!(matches!(error, ImageError::Truncated { .. }), "{error}");
}

#[test]
fn without_a_pdb_sections_are_named() {
    let path = std::env::temp_dir().join(format!("waverust-pe-{}.sys", std::process::id()));
    std::fs::write(&path, build(Plan::default())).unwrap();
    let symbols = Symbols::for_image(&path);
    std::fs::remove_file(&path).unwrap();
    assert!(!symbols.has_names());
    assert_eq!(symbols.describe(TEXT + 4), ".text+0x4");
    assert_eq!(symbols.describe(0x10), "+0x10");
    assert_eq!(Symbols::for_image(Path::new("/nonexistent.sys")).describe(7), "+0x7");
}

/// A byte of the file, and what it becomes.
fn flips() -> impl Strategy<Value = Vec<(usize, u8)>> {
    prop::collection::vec((0..build(Plan::default()).len(), any::<u8>()), 1..8)
}

#[test]
fn every_single_flip_gives_an_image_or_an_error() {
    let good = build(Plan::default());
    for at in 0..good.len() {
        for bit in [0, 3, 7] {
            let mut file = good.clone();
            file[at] ^= 1 << bit;
            // Loading and unloading is the test: it must neither crash nor hang.
            let _ = Image::from_bytes("made.sys", &file, &mut |_, _| Some(answer as *const ()));
        }
    }
}

proptest! {
    #[test]
    fn damaged_files_give_an_image_or_an_error(flips in flips()) {
        let mut file = build(Plan::default());
        for (at, value) in flips {
            file[at] = value;
        }
        let _ = Image::from_bytes("made.sys", &file, &mut |_, _| Some(answer as *const ()));
    }

    #[test]
    fn noise_is_refused(mut file in prop::collection::vec(any::<u8>(), 0..2048)) {
        if file.len() > 0x40 {
            // Far enough like an image to get beyond the first look.
            file[..2].copy_from_slice(b"MZ");
            file[0x3c..0x40].copy_from_slice(&[0; 4]);
        }
        assert!(Image::from_bytes("noise", &file, &mut |_, _| None).is_err());
    }
}
