//! A loaded image.

use std::{fs, io, ops::Range, path::Path};

use super::{
    Export, ImageError, Resolver,
    exports::{Exports, Target},
    headers::{Directory, Headers, PAGE},
    imports,
    mapping::Mapping,
    relocations,
    version::file_version,
};
use crate::trap::Code;

/// A section of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its name.
    pub name: String,
    /// Where it lies, as offsets into the image; not rounded to pages.
    pub range: Range<u32>,
    /// Whether it may be read.
    pub readable: bool,
    /// Whether it may be written.
    pub writable: bool,
    /// Whether it may be executed.
    pub executable: bool,
    /// Whether it is of no use once the driver is initialised.
    pub discardable: bool,
}

impl Section {
    fn pages(&self) -> Range<usize> {
        self.range.start as usize..self.range.end.next_multiple_of(PAGE) as usize
    }

    fn protection(&self) -> i32 {
        let when = |condition, bit| if condition { bit } else { libc::PROT_NONE };
        when(self.readable, libc::PROT_READ)
            | when(self.writable, libc::PROT_WRITE)
            | when(self.executable, libc::PROT_EXEC)
    }
}

/// A driver image in memory; unmapped on drop, so nothing of it may run or be used any more by then.
#[derive(Debug)]
pub struct Image {
    name: String,
    mapping: Mapping,
    headers: Headers,
    exports: Exports,
    file_version: Option<[u16; 4]>,
}

/// Value for every stack cookie: neither zero nor the linker's own, upper 16 bits clear, and always the same,
/// as everything in the rig.
const SECURITY_COOKIE: u64 = 0x0000_57ac_c00c_1e5a;

/// Where the load configuration names the cookie's address.
const COOKIE_FIELD: usize = 88;

impl Image {
    /// Loads the file at `path`, asking `resolve` for its imports. It is named after the file.
    ///
    /// # Errors
    /// The file is unreadable or no driver image, or exports are missing: all of them are listed.
    pub fn load(path: &Path, resolve: &mut Resolver<'_>) -> Result<Self, ImageError> {
        let file = fs::read(path)
            .map_err(|source| ImageError::Unreadable { path: path.display().to_string(), source })?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        Self::from_bytes(&name, &file, resolve)
    }

    /// Loads an image from the bytes of its file, under the name `name`.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn from_bytes(name: &str, file: &[u8], resolve: &mut Resolver<'_>) -> Result<Self, ImageError> {
        let memory = |source: io::Error| ImageError::Memory { image: name.into(), source };
        let damaged = |what: String| ImageError::Damaged { image: name.into(), what };
        let headers = Headers::parse(name, file)?;
        let mut mapping = Mapping::new(headers.size as usize).map_err(memory)?;
        let base = mapping.base().addr() as u64;
        let bytes = mapping.bytes();
        lay_out(&headers, file, bytes);
        let exports = match headers.directory(Directory::Export) {
            Some(range) => {
                Exports::parse(table(bytes, &range).map_err(damaged)?, range.start).map_err(damaged)?
            }
            None => Exports::default(),
        };
        let file_version =
            headers.directory(Directory::Resource).and_then(|directory| file_version(bytes, directory));
        relocate(&headers, bytes, base).map_err(damaged)?;
        set_cookie(&headers, bytes, base).map_err(damaged)?;
        if let Some(range) = headers.directory(Directory::Import) {
            let bound = imports::bind(name, bytes, range.start, resolve).map_err(damaged)?;
            for (slot, address) in bound.map_err(|missing| ImageError::MissingExports { missing })? {
                write_u64(bytes, slot, address)
                    .ok_or_else(|| damaged(format!("import slot {slot:#x} lies outside")))?;
            }
        }
        protect(&headers, &mut mapping).map_err(memory)?;
        Ok(Self { name: name.into(), mapping, headers, exports, file_version })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its first byte.
    #[must_use]
    pub fn base(&self) -> *mut u8 {
        self.mapping.base()
    }

    /// Its addresses.
    #[must_use]
    pub fn range(&self) -> Range<usize> {
        let start = self.mapping.base().addr();
        start..start + self.mapping.size()
    }

    /// Its executable pages, as [`crate::trap::register_image`] wants them.
    #[must_use]
    pub fn code(&self) -> Vec<Code> {
        let base = self.mapping.base().addr();
        let code = self.headers.sections.iter().filter(|section| section.executable);
        code.map(|section| {
            let pages = section.pages();
            Code { range: base + pages.start..base + pages.end, writable: section.writable }
        })
        .filter(|code| !code.range.is_empty())
        .collect()
    }

    /// Where Windows calls it; `None` if the image has no entry point.
    #[must_use]
    pub fn entry_point(&self) -> Option<*const ()> {
        (self.headers.entry_point != 0).then(|| self.at(self.headers.entry_point))
    }

    /// Its sections in order.
    #[must_use]
    pub fn sections(&self) -> &[Section] {
        &self.headers.sections
    }

    /// The export named `name`.
    #[must_use]
    pub fn export(&self, name: &str) -> Option<Export> {
        self.exports.by_name(name).map(|target| self.export_at(target))
    }

    /// The export with `ordinal`.
    #[must_use]
    pub fn export_by_ordinal(&self, ordinal: u16) -> Option<Export> {
        self.exports.by_ordinal(ordinal).map(|target| self.export_at(target))
    }

    /// Names of all exports, sorted.
    pub fn export_names(&self) -> impl Iterator<Item = &str> {
        self.exports.names()
    }

    /// Offset of `address` into the image; `None` if it lies elsewhere.
    #[must_use]
    pub fn offset_of(&self, address: usize) -> Option<u32> {
        let range = self.range();
        range.contains(&address).then(|| (address - range.start) as u32)
    }

    /// The linker's time stamp: seconds since 1970, or a hash in reproducible builds.
    #[must_use]
    pub fn time_stamp(&self) -> u32 {
        self.headers.time_stamp
    }

    /// File version from the version resource.
    #[must_use]
    pub fn file_version(&self) -> Option<[u16; 4]> {
        self.file_version
    }

    fn at(&self, offset: u32) -> *const () {
        self.mapping.base().wrapping_add(offset as usize).cast_const().cast()
    }

    fn export_at(&self, target: &Target) -> Export {
        match target {
            Target::Offset(offset) => Export::Address(self.at(*offset)),
            Target::Forward { module, symbol } => {
                Export::Forward { module: module.clone(), symbol: symbol.clone() }
            }
        }
    }
}

/// Copies headers and sections to their places, which were checked.
fn lay_out(headers: &Headers, file: &[u8], image: &mut [u8]) {
    let header = headers.header_size as usize;
    image[..header].copy_from_slice(&file[..header]);
    for (section, contents) in headers.sections.iter().zip(&headers.contents) {
        if !contents.is_empty() {
            image[section.range.start as usize..][..contents.len()].copy_from_slice(&file[contents.clone()]);
        }
    }
}

/// The bytes of a table.
fn table<'image>(image: &'image [u8], range: &Range<usize>) -> Result<&'image [u8], String> {
    image.get(range.clone()).ok_or_else(|| format!("a table at {:#x} lies outside", range.start))
}

fn relocate(headers: &Headers, image: &mut [u8], base: u64) -> Result<(), String> {
    let Some(range) = headers.directory(Directory::Relocation) else { return Ok(()) };
    let delta = base.wrapping_sub(headers.preferred_base);
    for place in relocations::places(table(image, &range)?)? {
        relocations::apply(image, place, delta)
            .ok_or_else(|| format!("a relocation at {place:#x} lies outside"))?;
    }
    Ok(())
}

/// Gives the stack cookie its value, if the image has one.
fn set_cookie(headers: &Headers, image: &mut [u8], base: u64) -> Result<(), String> {
    let Some(range) = headers.directory(Directory::LoadConfig) else { return Ok(()) };
    let size = read_u32(image, range.start).ok_or("its load configuration lies outside")?;
    if (size as usize) < COOKIE_FIELD + size_of::<u64>() {
        return Ok(());
    }
    let address = read_u64(image, range.start + COOKIE_FIELD).ok_or("its load configuration lies outside")?;
    if address == 0 {
        return Ok(());
    }
    let place = address.wrapping_sub(base);
    let holds = |section: &Section| section.writable && section.range.contains(&(place as u32));
    if place > u64::from(u32::MAX) || !headers.sections.iter().any(holds) {
        return Err(format!("its stack cookie at {place:#x} is not in writable data"));
    }
    write_u64(image, place as usize, SECURITY_COOKIE).ok_or_else(|| "its stack cookie is cut off".into())
}

fn protect(headers: &Headers, mapping: &mut Mapping) -> io::Result<()> {
    mapping.protect(0..mapping.size(), libc::PROT_NONE)?;
    mapping.protect(0..headers.header_size.next_multiple_of(PAGE) as usize, libc::PROT_READ)?;
    for section in &headers.sections {
        mapping.protect(section.pages(), section.protection())?;
    }
    Ok(())
}

fn read_u32(image: &[u8], at: usize) -> Option<u32> {
    image.get(at..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes))
}

fn read_u64(image: &[u8], at: usize) -> Option<u64> {
    image.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

fn write_u64(image: &mut [u8], at: usize, value: u64) -> Option<()> {
    *image.get_mut(at..)?.first_chunk_mut()? = value.to_le_bytes();
    Some(())
}
