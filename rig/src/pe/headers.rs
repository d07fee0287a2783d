//! What the headers say, checked.

use std::ops::Range;

use object::{
    LittleEndian as LE, ReadRef,
    pe::{ImageDosHeader, ImageFileHeader, ImageNtHeaders64},
    read::pe::{ImageNtHeaders, ImageOptionalHeader},
};

use super::{ImageError, image::Section};

/// Pages of sections have their own protection, so sections begin at pages.
pub(super) const PAGE: u32 = 4096;

/// Larger images are mistakes.
const MAX_SIZE: u32 = 256 << 20;

const MACHINE_X64: u16 = 0x8664;
const SUBSYSTEM_NATIVE: u16 = 1;
const RELOCS_STRIPPED: u16 = 1 << 0;
const EXECUTABLE_IMAGE: u16 = 1 << 1;

const SECTION_DISCARDABLE: u32 = 1 << 25;
const SECTION_EXECUTE: u32 = 1 << 29;
const SECTION_READ: u32 = 1 << 30;
const SECTION_WRITE: u32 = 1 << 31;

/// Where the parts of the file go, and where the tables are.
#[derive(Debug)]
pub(super) struct Headers {
    /// Size in memory: whole pages.
    pub(super) size: u32,
    /// Bytes of the file that go to the start of the image.
    pub(super) header_size: u32,
    /// Address for which the file was linked.
    pub(super) preferred_base: u64,
    pub(super) entry_point: u32,
    pub(super) time_stamp: u32,
    pub(super) sections: Vec<Section>,
    /// For each section, the bytes of the file that it begins with.
    pub(super) contents: Vec<Range<usize>>,
    directories: Vec<Range<u32>>,
}

/// Tables of an image, by their number in the header.
#[derive(Clone, Copy, Debug)]
pub(super) enum Directory {
    Export = 0,
    Import = 1,
    Resource = 2,
    Relocation = 5,
    LoadConfig = 10,
}

impl Headers {
    /// Parses and checks the headers of `file`.
    pub(super) fn parse(image: &str, file: &[u8]) -> Result<Self, ImageError> {
        let not_pe = |why| ImageError::NotPe { image: image.into(), why };
        let damaged = |what: String| ImageError::Damaged { image: image.into(), what };
        let dos = ImageDosHeader::parse(file).map_err(|_| not_pe("it does not begin with a DOS header"))?;
        let mut offset = u64::from(dos.nt_headers_offset());
        check_kind(image, file, offset)?;
        let (nt, directories) =
            ImageNtHeaders64::parse(file, &mut offset).map_err(|error| damaged(error.to_string()))?;
        let optional = nt.optional_header();
        let characteristics = nt.file_header().characteristics.get(LE).0;
        let subsystem = optional.subsystem().0;
        if subsystem != SUBSYSTEM_NATIVE {
            return Err(ImageError::NotNative { image: image.into(), found: subsystem });
        }
        if characteristics & EXECUTABLE_IMAGE == 0 {
            return Err(not_pe("the linker has not marked it as complete"));
        }
        if characteristics & RELOCS_STRIPPED != 0 {
            return Err(ImageError::NoRelocations { image: image.into() });
        }
        let (size, header_size) = (optional.size_of_image(), optional.size_of_headers());
        if size == 0 || size > MAX_SIZE || !size.is_multiple_of(PAGE) {
            return Err(damaged(format!("a size in memory of {size:#x} bytes")));
        }
        if optional.section_alignment() < PAGE {
            return Err(damaged(format!(
                "its sections are aligned to {} bytes",
                optional.section_alignment()
            )));
        }
        if header_size > size {
            return Err(damaged(format!("headers of {header_size:#x} bytes")));
        }
        check_end(image, file, "its header", 0, header_size)?;
        let entry_point = optional.address_of_entry_point();
        if entry_point >= size {
            return Err(damaged(format!("its entry point {entry_point:#x} lies outside")));
        }
        let table = nt.sections(file, offset).map_err(|_| ImageError::Truncated {
            image: image.into(),
            what: "its section table".into(),
            needed: offset + 40 * u64::from(nt.file_header().number_of_sections.get(LE)),
            length: file.len() as u64,
        })?;
        let (mut sections, mut contents) = (Vec::new(), Vec::new());
        let mut next = header_size.next_multiple_of(PAGE);
        for header in table.iter() {
            let name = String::from_utf8_lossy(header.raw_name()).into_owned();
            let start = header.virtual_address.get(LE);
            let (offset, stored) = (header.pointer_to_raw_data.get(LE), header.size_of_raw_data.get(LE));
            let length = match header.virtual_size.get(LE) {
                0 => stored,
                length => length,
            };
            let end = start.checked_add(length).filter(|&end| end <= size);
            let Some(end) = end.filter(|_| start.is_multiple_of(PAGE) && start >= next) else {
                return Err(damaged(format!(
                    "section {name} at {start:#x}, {length:#x} bytes long, does not fit"
                )));
            };
            next = end.next_multiple_of(PAGE);
            let stored = stored.min(length);
            check_end(image, file, &format!("section {name}"), offset, stored)?;
            contents.push(offset as usize..offset as usize + stored as usize);
            let flags = header.characteristics.get(LE).0;
            sections.push(Section {
                name,
                range: start..end,
                readable: flags & SECTION_READ != 0,
                writable: flags & SECTION_WRITE != 0,
                executable: flags & SECTION_EXECUTE != 0,
                discardable: flags & SECTION_DISCARDABLE != 0,
            });
        }
        let directories = directories.iter().map(|directory| {
            let (start, length) = directory.address_range();
            start..start.saturating_add(length)
        });
        Ok(Self {
            size,
            header_size,
            preferred_base: optional.image_base(),
            entry_point,
            time_stamp: nt.file_header().time_date_stamp.get(LE),
            sections,
            contents,
            directories: directories.collect(),
        })
    }

    /// Where a table lies in the image; `None` if there is none. The range may lie outside.
    pub(super) fn directory(&self, directory: Directory) -> Option<Range<usize>> {
        let range = self.directories.get(directory as usize).filter(|range| range.start != 0)?;
        Some(range.start as usize..range.end as usize)
    }
}

/// Fails unless the headers at `offset` are those of an x86-64 image.
fn check_kind(image: &str, file: &[u8], offset: u64) -> Result<(), ImageError> {
    let not_pe = |why| ImageError::NotPe { image: image.into(), why };
    let signature: Result<&[u8], ()> = file.read_bytes_at(offset, 4);
    if signature != Ok(b"PE\0\0") {
        return Err(not_pe("the DOS header leads to no PE header"));
    }
    let header: &ImageFileHeader =
        file.read_at(offset + 4).map_err(|()| not_pe("its PE header is cut off"))?;
    let found = match header.machine.get(LE).0 {
        MACHINE_X64 => return Ok(()),
        0x14c => "32-bit x86".into(),
        0xaa64 => "ARM64".into(),
        other => format!("machine {other:#x}"),
    };
    Err(ImageError::OtherMachine { image: image.into(), found })
}

fn check_end(image: &str, file: &[u8], what: &str, offset: u32, length: u32) -> Result<(), ImageError> {
    let (needed, found) = (u64::from(offset) + u64::from(length), file.len() as u64);
    if length == 0 || needed <= found {
        return Ok(());
    }
    Err(ImageError::Truncated { image: image.into(), what: what.into(), needed, length: found })
}
