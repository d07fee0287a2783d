//! The parts of an image that the rules look at.

use object::{
    LittleEndian as LE,
    pe::{
        IMAGE_FILE_MACHINE_AMD64, IMAGE_FILE_MACHINE_ARM64, IMAGE_SCN_MEM_EXECUTE, ImageNtHeaders64,
        ImageOptionalHeader64, ImageSectionHeader, SectionFlags,
    },
    read::pe::{DataDirectories, PeFile64, SectionTable},
};

use crate::driver::Architecture;

/// A parsed image.
pub(super) struct Image<'data> {
    pub(super) bytes: &'data [u8],
    pub(super) architecture: Architecture,
    file: PeFile64<'data>,
}

impl<'data> Image<'data> {
    pub(super) fn parse(bytes: &'data [u8], architecture: Architecture) -> Result<Self, String> {
        let file = PeFile64::parse(bytes).map_err(|error| error.to_string())?;
        let machine = file.nt_headers().file_header.machine.get(LE);
        let wanted = match architecture {
            Architecture::X86_64 => IMAGE_FILE_MACHINE_AMD64,
            Architecture::Aarch64 => IMAGE_FILE_MACHINE_ARM64,
        };
        if machine == wanted {
            Ok(Self { bytes, architecture, file })
        } else {
            Err(format!("an image for machine {:#06x}", machine.0))
        }
    }

    pub(super) fn headers(&self) -> &'data ImageNtHeaders64 {
        self.file.nt_headers()
    }

    pub(super) fn optional_header(&self) -> &'data ImageOptionalHeader64 {
        &self.headers().optional_header
    }

    pub(super) fn directories(&self) -> DataDirectories<'data> {
        self.file.data_directories()
    }

    pub(super) fn table(&self) -> SectionTable<'data> {
        self.file.section_table()
    }

    pub(super) fn sections(&self) -> impl Iterator<Item = Section<'data>> {
        let bytes = self.bytes;
        self.table().iter().map(move |header| Section { header, bytes })
    }

    pub(super) fn executable_sections(&self) -> impl Iterator<Item = Section<'data>> {
        self.sections().filter(Section::is_executable)
    }

    /// The section that holds the byte at `address` (relative to the image's base).
    pub(super) fn section_at(&self, address: u32) -> Option<Section<'data>> {
        self.sections().find(|section| section.addresses().contains(&address))
    }

    /// The file offset of the checksum in the optional header.
    pub(super) fn checksum_offset(&self) -> usize {
        const CHECKSUM_IN_OPTIONAL_HEADER: usize = 64;
        std::ptr::from_ref(self.optional_header()).addr() - self.bytes.as_ptr().addr()
            + CHECKSUM_IN_OPTIONAL_HEADER
    }
}

/// One section.
pub(super) struct Section<'data> {
    header: &'data ImageSectionHeader,
    bytes: &'data [u8],
}

impl<'data> Section<'data> {
    pub(super) fn name(&self) -> String {
        String::from_utf8_lossy(self.header.raw_name()).into_owned()
    }

    pub(super) fn has(&self, characteristic: SectionFlags) -> bool {
        self.header.characteristics.get(LE) & characteristic == characteristic
    }

    pub(super) fn is_executable(&self) -> bool {
        self.has(IMAGE_SCN_MEM_EXECUTE)
    }

    /// The addresses that the section takes up in memory.
    pub(super) fn addresses(&self) -> std::ops::Range<u32> {
        let start = self.header.virtual_address.get(LE);
        start..start.saturating_add(self.header.virtual_size.get(LE))
    }

    /// What the file holds of the section, no more than what of it counts in memory.
    pub(super) fn data(&self) -> &'data [u8] {
        self.header.pe_data(self.bytes).unwrap_or_default()
    }
}
