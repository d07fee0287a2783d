//! Hashes of a PE image.
//!
//! Source: "Windows Authenticode Portable Executable Signature Format", Microsoft, sections "Calculating the PE Image
//! Hash" and "SpcPeImageData"; the layout of headers is that of the "PE Format" page of Microsoft Learn.

use std::error::Error;
use std::fmt;
use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::Hash;

/// Offsets in the file, and in headers, in bytes.
const E_LFANEW: usize = 0x3C;
const NUMBER_OF_SECTIONS: usize = 6;
const SIZE_OF_OPTIONAL_HEADER: usize = 20;
const OPTIONAL_HEADER: usize = 24;
const SECTION_ALIGNMENT: usize = 32;
const SIZE_OF_HEADERS: usize = 60;
const CHECKSUM: usize = 64;
/// Data directories: where they begin in a 32-bit and in a 64-bit image, and which one is that of signatures.
const DIRECTORIES: [(u16, usize); 2] = [(0x10B, 96), (0x20B, 112)];
const SECURITY: usize = 4;
const SECTION_HEADER: usize = 40;
const SIZE_OF_RAW_DATA: usize = 16;
const POINTER_TO_RAW_DATA: usize = 20;

/// Signatures begin at a multiple of this, and what fills up to it counts as the image's.
const SIGNATURE_ALIGNMENT: usize = 8;

/// Why bytes are no image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageError {
    /// No signature of the format, or an unknown kind of image.
    Format,
    /// The file ends before something that its headers speak of.
    Truncated,
    /// Sections or their pages have no size that could be.
    Layout,
}

impl fmt::Display for ImageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Format => "not a PE image",
            Self::Truncated => "the file ends too early",
            Self::Layout => "sections that cannot be",
        })
    }
}

impl Error for ImageError {}

/// The hash of one page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageHash {
    /// Where the page begins in the file, in bytes.
    pub offset: u32,
    /// The hash of the page, as if zeros filled it up.
    pub hash: Hash,
}

/// A PE image, looked at for its hashes.
#[derive(Debug, Clone)]
pub struct Image<'data> {
    bytes: &'data [u8],
    /// The field that has the sum of all bytes, and the entry that leads to the signature: neither is hashed.
    checksum: Range<usize>,
    security: Range<usize>,
    headers: usize,
    page: usize,
    /// What the file has of each section.
    sections: Vec<Range<usize>>,
    /// Where the signature begins, or the file ends.
    end: usize,
}

impl<'data> Image<'data> {
    /// Reads the headers.
    ///
    /// # Errors
    /// [`ImageError`], as each of its cases says.
    pub fn parse(bytes: &'data [u8]) -> Result<Self, ImageError> {
        let word = |at: usize| number::<2>(bytes, at).map(u16::from_le_bytes);
        let long = |at: usize| {
            let value = number::<4>(bytes, at).map(u32::from_le_bytes)?;
            usize::try_from(value).map_err(|_| ImageError::Layout)
        };
        if !bytes.starts_with(b"MZ") {
            return Err(ImageError::Format);
        }
        let header = long(E_LFANEW)?;
        if number::<4>(bytes, header)? != *b"PE\0\0" {
            return Err(ImageError::Format);
        }
        let optional = header + OPTIONAL_HEADER;
        let magic = word(optional)?;
        let (_, directories) =
            DIRECTORIES.into_iter().find(|(kind, _)| *kind == magic).ok_or(ImageError::Format)?;
        let security = optional + directories + SECURITY * 8;

        let table = optional + usize::from(word(header + SIZE_OF_OPTIONAL_HEADER)?);
        let mut sections = Vec::new();
        for index in 0..usize::from(word(header + NUMBER_OF_SECTIONS)?) {
            let section = table + index * SECTION_HEADER;
            let (start, size) = (long(section + POINTER_TO_RAW_DATA)?, long(section + SIZE_OF_RAW_DATA)?);
            let end = start.checked_add(size).ok_or(ImageError::Layout)?;
            if end > bytes.len() {
                return Err(ImageError::Truncated);
            }
            if size > 0 {
                sections.push(start..end);
            }
        }
        sections.sort_by_key(|section| section.start);

        let (headers, page) = (long(optional + SIZE_OF_HEADERS)?, long(optional + SECTION_ALIGNMENT)?);
        let signature = long(security)?;
        let end = if signature == 0 { bytes.len() } else { signature };
        if headers > bytes.len() || end > bytes.len() {
            return Err(ImageError::Truncated);
        }
        if page == 0 || security + 8 > headers || headers > page || end < headers {
            return Err(ImageError::Layout);
        }
        let checksum = optional + CHECKSUM;
        Ok(Self {
            bytes,
            checksum: checksum..checksum + 4,
            security: security..security + 8,
            headers,
            page,
            sections,
            end,
        })
    }

    /// Hands over what is hashed of the headers, up to `end`.
    fn hash_from_start(&self, hasher: &mut Sha256, end: usize) {
        hasher.update(&self.bytes[..self.checksum.start]);
        hasher.update(&self.bytes[self.checksum.end..self.security.start]);
        hasher.update(&self.bytes[self.security.end..end]);
    }

    /// The hash that a signature in the image covers: of all but the checksum and the signature itself.
    pub fn hash(&self) -> Hash {
        let mut hasher = Sha256::new();
        self.hash_from_start(&mut hasher, self.end);
        hasher.update(vec![0; self.end.next_multiple_of(SIGNATURE_ALIGNMENT) - self.end]);
        hasher.finalize().into()
    }

    /// The hashes of the headers and of each page of each section; the last one is no hash but says where they end.
    pub fn page_hashes(&self) -> Vec<PageHash> {
        let mut pages = Vec::new();
        let mut add = |offset: usize, hasher: Sha256| {
            pages.push(PageHash {
                offset: u32::try_from(offset).unwrap_or(u32::MAX),
                hash: hasher.finalize().into(),
            });
        };
        let mut hasher = Sha256::new();
        self.hash_from_start(&mut hasher, self.headers);
        hasher.update(vec![0; self.page - self.headers]);
        add(0, hasher);
        for section in &self.sections {
            for (index, page) in self.bytes[section.clone()].chunks(self.page).enumerate() {
                let mut hasher = Sha256::new();
                hasher.update(page);
                hasher.update(vec![0; self.page - page.len()]);
                add(section.start + index * self.page, hasher);
            }
        }
        let end = self.sections.last().map_or(self.headers, |section| section.end);
        pages.push(PageHash { offset: u32::try_from(end).unwrap_or(u32::MAX), hash: [0; 32] });
        pages
    }
}

/// `N` bytes of the file.
fn number<const N: usize>(bytes: &[u8], at: usize) -> Result<[u8; N], ImageError> {
    let end = at.checked_add(N).ok_or(ImageError::Layout)?;
    bytes.get(at..end).and_then(|bytes| bytes.try_into().ok()).ok_or(ImageError::Truncated)
}
