//! The file version that an image carries as a resource.

use object::{LittleEndian as LE, read::pe::ResourceDirectory};

const VERSION_RESOURCE: u16 = 16;

/// Begins the fixed part of the resource; the versions follow at these offsets.
const SIGNATURE: [u8; 4] = 0xfeef_04bd_u32.to_le_bytes();
const FILE_VERSION: usize = 8;

/// The file version in the resources of `image`, whose directory is the range `directory`.
pub(super) fn file_version(image: &[u8], directory: std::ops::Range<usize>) -> Option<[u16; 4]> {
    let resources = ResourceDirectory::new(image.get(directory)?);
    let kinds = resources.root().ok()?;
    let kind = kinds.entries.iter().find(|entry| entry.name_or_id().id() == Some(VERSION_RESOURCE))?;
    let names = kind.data(resources).ok()?.table()?;
    let languages = names.entries.first()?.data(resources).ok()?.table()?;
    let data = languages.entries.first()?.data(resources).ok()?.data()?;
    let start = data.offset_to_data.get(LE) as usize;
    let bytes = image.get(start..)?.get(..data.size.get(LE) as usize)?;
    let fixed = bytes.windows(SIGNATURE.len()).position(|window| window == SIGNATURE)?;
    let version = bytes.get(fixed + FILE_VERSION..)?.first_chunk::<8>()?;
    let part = |index: usize| u16::from_le_bytes([version[index], version[index + 1]]);
    Some([part(2), part(0), part(6), part(4)])
}
