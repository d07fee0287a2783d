//! A small driver image, sound by default, of which every property that a rule looks at can be changed.

pub(crate) const EXECUTE: u32 = 0x2000_0000;
pub(crate) const READ: u32 = 0x4000_0000;
pub(crate) const WRITE: u32 = 0x8000_0000;
pub(crate) const NOT_PAGED: u32 = 0x0800_0000;

const CODE: u32 = 0x20;
const INITIALIZED_DATA: u32 = 0x40;

/// Addresses of the sections, relative to the base. Each has one page and as much room in the file.
const TEXT: u32 = 0x1000;
const RDATA: u32 = 0x2000;
const DATA: u32 = 0x3000;
const RSRC: u32 = 0x4000;
const RELOC: u32 = 0x5000;
const PAGE: usize = 0x1000;

/// Offsets of the PE signature, and behind it of the optional header and its checksum.
const SIGNATURE: usize = 0x80;
const OPTIONAL_HEADER: usize = SIGNATURE + 24;
const CHECKSUM: usize = OPTIONAL_HEADER + 64;

/// What the image is made of.
pub(crate) struct Fixture {
    pub(crate) subsystem: u16,
    pub(crate) dll_characteristics: u16,
    pub(crate) section_alignment: u32,
    /// What to store instead of the right checksum.
    pub(crate) checksum: Option<u32>,
    /// Characteristics of the sections.
    pub(crate) text: u32,
    pub(crate) rdata: u32,
    pub(crate) data: u32,
    pub(crate) code: Vec<u8>,
    /// Modules, and what is imported from them by name.
    pub(crate) imports: Vec<(&'static str, Vec<&'static str>)>,
    /// Types, and offsets from the start of .data.
    pub(crate) relocations: Vec<(u16, u16)>,
    /// File and product version; none for no resources.
    pub(crate) version: Option<[u16; 4]>,
}

impl Default for Fixture {
    fn default() -> Self {
        Self {
            subsystem: 1,
            dll_characteristics: 0x01E0,
            section_alignment: 0x1000,
            checksum: None,
            text: READ | EXECUTE | NOT_PAGED,
            rdata: READ | NOT_PAGED,
            data: READ | WRITE | NOT_PAGED,
            code: vec![0x31, 0xC0, 0xC3],
            imports: vec![
                ("ntoskrnl.exe", vec!["memcpy", "KeSetEvent"]),
                ("HAL.dll", vec!["KeQueryPerformanceCounter"]),
                ("portcls.sys", vec!["PcInitializeAdapterDriver"]),
            ],
            relocations: vec![(10, 0x10)],
            version: Some([0, 1, 0, 0]),
        }
    }
}

impl Fixture {
    /// The image file.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let (rdata, import_table, address_table) = self.import_section();
        let resources = self.version.map(resource_section);
        let relocations = self.relocation_section();
        let mut sections = vec![
            Section { name: ".text", address: TEXT, flags: self.text | CODE, bytes: self.code.clone() },
            Section { name: ".rdata", address: RDATA, flags: self.rdata | INITIALIZED_DATA, bytes: rdata },
            Section {
                name: ".data",
                address: DATA,
                flags: self.data | INITIALIZED_DATA,
                bytes: vec![0; PAGE],
            },
            Section {
                name: ".reloc",
                address: RELOC,
                flags: READ | INITIALIZED_DATA,
                bytes: relocations.clone(),
            },
        ];
        let mut directories = [(0u32, 0u32); 16];
        directories[1] = import_table;
        directories[5] = (RELOC, relocations.len() as u32);
        directories[12] = address_table;
        if let Some(bytes) = resources {
            directories[2] = (RSRC, bytes.len() as u32);
            let flags = READ | INITIALIZED_DATA;
            sections.insert(3, Section { name: ".rsrc", address: RSRC, flags, bytes });
        }

        let mut file = self.headers(&directories, &sections);
        for section in &sections {
            file.extend(&section.bytes);
            file.resize(file.len().next_multiple_of(PAGE), 0);
        }
        let checksum = self.checksum.unwrap_or_else(|| checksum(&file));
        file[CHECKSUM..CHECKSUM + 4].copy_from_slice(&checksum.to_le_bytes());
        file
    }

    fn headers(&self, directories: &[(u32, u32)], sections: &[Section]) -> Vec<u8> {
        let mut file = b"MZ".to_vec();
        file.resize(0x3C, 0);
        file.extend((SIGNATURE as u32).to_le_bytes());
        file.resize(SIGNATURE, 0);
        file.extend(b"PE\0\0");
        // Machine, number of sections, time stamp, symbols (none), size of the optional header, characteristics.
        words16(&mut file, &[0x8664, sections.len() as u16]);
        words32(&mut file, &[0, 0, 0]);
        words16(&mut file, &[112 + 8 * 16, 0x2022]);
        // PE32+, linker version; sizes; entry point, base of code; image base.
        words16(&mut file, &[0x20B, 14]);
        words32(&mut file, &[PAGE as u32, 0, 0, TEXT, TEXT]);
        file.extend(0x1_4000_0000u64.to_le_bytes());
        words32(&mut file, &[self.section_alignment, 0x1000]);
        // Versions of system, image and subsystem; Win32 version; sizes of image and headers; checksum.
        words16(&mut file, &[10, 0, 0, 0, 10, 0]);
        words32(&mut file, &[0, 0x6000, PAGE as u32, 0]);
        words16(&mut file, &[self.subsystem, self.dll_characteristics]);
        for size in [0x10_0000u64, 0x1000, 0x10_0000, 0x1000] {
            file.extend(size.to_le_bytes());
        }
        words32(&mut file, &[0, directories.len() as u32]);
        for (address, size) in directories {
            words32(&mut file, &[*address, *size]);
        }
        for (number, section) in sections.iter().enumerate() {
            let mut name = section.name.as_bytes().to_vec();
            name.resize(8, 0);
            file.extend(name);
            let place = (PAGE * (number + 1)) as u32;
            words32(&mut file, &[section.bytes.len() as u32, section.address, PAGE as u32, place, 0, 0, 0]);
            words32(&mut file, &[section.flags]);
        }
        file.resize(PAGE, 0);
        file
    }

    /// .rdata with address table, import table, look-up tables and names; and where the first two of them are.
    fn import_section(&self) -> (Vec<u8>, (u32, u32), (u32, u32)) {
        let thunks: usize = self.imports.iter().map(|(_, names)| names.len() + 1).sum();
        let table = 8 * thunks;
        let look_up = table + 20 * (self.imports.len() + 1);
        let mut bytes = vec![0; look_up + 8 * thunks];
        let mut thunk = 0;
        for (number, (module, names)) in self.imports.iter().enumerate() {
            let module_name = append(&mut bytes, module);
            let descriptor = [RDATA + (look_up + thunk) as u32, 0, 0, module_name, RDATA + thunk as u32];
            for (field, value) in descriptor.iter().enumerate() {
                put(&mut bytes, table + 20 * number + 4 * field, *value);
            }
            for name in names {
                // Two bytes of hint ahead of the name.
                let hint = append(&mut bytes, "\0");
                append(&mut bytes, name);
                put(&mut bytes, thunk, hint);
                put(&mut bytes, look_up + thunk, hint);
                thunk += 8;
            }
            thunk += 8;
        }
        (bytes, (RDATA + table as u32, (look_up - table) as u32), (RDATA, table as u32))
    }

    /// One block of relocations, for .data.
    fn relocation_section(&self) -> Vec<u8> {
        let mut entries: Vec<u16> =
            self.relocations.iter().map(|(kind, offset)| kind << 12 | offset).collect();
        entries.resize(entries.len().next_multiple_of(2), 0);
        let mut bytes = Vec::new();
        words32(&mut bytes, &[DATA, 8 + 2 * entries.len() as u32]);
        words16(&mut bytes, &entries);
        bytes
    }
}

struct Section {
    name: &'static str,
    address: u32,
    flags: u32,
    bytes: Vec<u8>,
}

/// .rsrc with one VERSIONINFO: three directories of one entry each, the data entry, and of the data what counts.
fn resource_section(version: [u16; 4]) -> Vec<u8> {
    const VERSION_INFO: [u32; 3] = [16, 1, 0x409];
    let mut bytes = Vec::new();
    for (level, id) in (1u32..).zip(VERSION_INFO) {
        words32(&mut bytes, &[0, 0, 0]);
        words16(&mut bytes, &[0, 1]);
        let next = 24 * level;
        words32(&mut bytes, &[id, if level < 3 { next | 0x8000_0000 } else { next }]);
    }
    let data = bytes.len() as u32 + 16;
    words32(&mut bytes, &[RSRC + data, 24, 0, 0]);
    words32(&mut bytes, &[0xFEEF_04BD, 0x0001_0000]);
    for _ in ["file", "product"] {
        words16(&mut bytes, &[version[1], version[0], version[3], version[2]]);
    }
    bytes
}

/// The checksum as the tools of Windows compute it, with the field itself zero.
fn checksum(file: &[u8]) -> u32 {
    let words = file.chunks(2).map(|pair| u32::from(u16::from_le_bytes([pair[0], pair[1]])));
    words.fold(0, |sum, word| (sum + word) % 0xFFFF) + file.len() as u32
}

/// Appends a null-terminated text of even length and returns its address.
fn append(bytes: &mut Vec<u8>, text: &str) -> u32 {
    let address = RDATA + bytes.len() as u32;
    bytes.extend(text.as_bytes());
    bytes.push(0);
    bytes.resize(bytes.len().next_multiple_of(2), 0);
    address
}

fn put(bytes: &mut [u8], offset: usize, value: u32) {
    bytes[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
}

fn words16(bytes: &mut Vec<u8>, words: &[u16]) {
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}

fn words32(bytes: &mut Vec<u8>, words: &[u32]) {
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}
