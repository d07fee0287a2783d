//! Names for addresses in an image.

use std::{cell::RefCell, collections::HashMap, fmt, fs::File, path::Path};

use object::{Object, read::pe::PeFile64};
use pdb_addr2line::{ContextPdbData, TypeFormatterFlags, pdb::PDB};

use super::{Section, headers::Headers};

/// One function at an address: several are there where the compiler inlined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Its name.
    pub function: String,
    /// Its source file, if known.
    pub file: Option<String>,
    /// The line in it, if known.
    pub line: Option<u32>,
}

impl fmt::Display for Frame {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.function)?;
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(formatter, " ({file}:{line})"),
            (Some(file), None) => write!(formatter, " ({file})"),
            _ => Ok(()),
        }
    }
}

/// Names for addresses in one image, from the .pdb beside it. Without one there are section names.
pub struct Symbols {
    sections: Vec<Section>,
    data: Option<ContextPdbData<'static, 'static, File>>,
    known: RefCell<HashMap<u32, Vec<Frame>>>,
}

impl fmt::Debug for Symbols {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Symbols").field("has_names", &self.has_names()).finish_non_exhaustive()
    }
}

impl Symbols {
    /// Names for the image in the file at `path`.
    ///
    /// The .pdb has the image's name but for the suffix. One that is missing, damaged, or made for another build
    /// of the image is not used; an image that is unreadable has no names at all.
    #[must_use]
    pub fn for_image(path: &Path) -> Self {
        let file = std::fs::read(path).unwrap_or_default();
        let sections = Headers::parse("", &file).map_or(Vec::new(), |headers| headers.sections);
        let signature = signature(&file);
        let data = signature.and_then(|signature| open(&path.with_extension("pdb"), signature));
        Self { sections, data, known: RefCell::default() }
    }

    /// Whether there are names of functions.
    #[must_use]
    pub fn has_names(&self) -> bool {
        self.data.is_some()
    }

    /// The functions at `offset` into the image, innermost first; empty if unknown.
    #[must_use]
    pub fn frames(&self, offset: u32) -> Vec<Frame> {
        let mut known = self.known.borrow_mut();
        known.entry(offset).or_insert_with(|| self.look_up(offset).unwrap_or_default()).clone()
    }

    /// What lies at `offset` into the image: `function (file:line)`, with the functions that it was inlined into
    /// behind it, innermost first; else section and offset.
    ///
    /// For a return address ask for the byte before it: the call may have been the last thing of its function.
    #[must_use]
    pub fn describe(&self, offset: u32) -> String {
        let frames = self.frames(offset);
        if !frames.is_empty() {
            return frames.iter().map(Frame::to_string).collect::<Vec<_>>().join(" in ");
        }
        match self.sections.iter().find(|section| section.range.contains(&offset)) {
            Some(section) => format!("{}+{:#x}", section.name, offset - section.range.start),
            None => format!("+{offset:#x}"),
        }
    }

    fn look_up(&self, offset: u32) -> Option<Vec<Frame>> {
        let flags = TypeFormatterFlags::default() | TypeFormatterFlags::NO_ARGUMENTS;
        let context = self.data.as_ref()?.make_context_with_formatter_flags(flags).ok()?;
        let found = context.find_frames(offset).ok()??;
        let frames = found.frames.into_iter().map(|frame| Frame {
            function: frame.function.unwrap_or_else(|| "?".into()),
            file: frame.file.map(String::from),
            line: frame.line,
        });
        Some(frames.collect())
    }
}

/// What the image in `file` and its .pdb have in common.
fn signature(file: &[u8]) -> Option<[u8; 16]> {
    let image = PeFile64::parse(file).ok()?;
    Some(image.pdb_info().ok()??.guid())
}

/// The .pdb at `path`, if it is there and is the one with `signature`.
fn open(path: &Path, signature: [u8; 16]) -> Option<ContextPdbData<'static, 'static, File>> {
    let mut pdb = PDB::open(File::open(path).ok()?).ok()?;
    let found = pdb.pdb_information().ok()?.guid;
    if found.to_bytes_le() != signature {
        return None;
    }
    ContextPdbData::try_from_pdb(pdb).ok()
}
