//! The rule on the version resource.

use object::{LittleEndian as LE, pe::RT_VERSION, read::pe::ResourceDirectoryTable};

use super::{Findings, pe::Image};

/// VS_FIXEDFILEINFO begins with it; file version and product version are at 8 and 16 behind it.
const SIGNATURE: [u8; 4] = 0xFEEF_04BD_u32.to_le_bytes();

/// Windows compares drivers, and people tell them apart, by the version in the file.
pub(super) fn present_and_not_zero(image: &Image<'_>, findings: &mut Findings) {
    const PLACE: &str = "resources";
    let fixed = match fixed_file_info(image) {
        Ok(Some(fixed)) => fixed,
        Ok(None) => return findings.add(PLACE, "no VERSIONINFO", "one, with the version of the package"),
        Err(error) => return findings.add(PLACE, error.to_string(), "a readable VERSIONINFO"),
    };
    for (offset, what) in [(8, "file version"), (16, "product version")] {
        match fixed.get(offset..offset + 8) {
            Some([0, 0, 0, 0, 0, 0, 0, 0]) => {
                findings.add(PLACE, format!("{what} 0.0.0.0"), "that of the package")
            }
            Some(_) => {}
            None => {
                findings.add(PLACE, format!("VERSIONINFO ends ahead of the {what}"), "a whole VERSIONINFO")
            }
        }
    }
}

/// The version resource from VS_FIXEDFILEINFO's signature on.
fn fixed_file_info<'data>(image: &Image<'data>) -> object::Result<Option<&'data [u8]>> {
    let table = image.table();
    let Some(directory) = image.directories().resource_directory(image.bytes, &table)? else {
        return Ok(None);
    };
    let Some(names) = child(directory.root()?, |id| id == RT_VERSION, directory)? else { return Ok(None) };
    let Some(languages) = child(names, |_| true, directory)? else { return Ok(None) };
    let Some(entry) = languages.entries.first() else { return Ok(None) };
    let Some(data) = entry.data(directory)?.data() else { return Ok(None) };
    let bytes = table
        .pe_data_at(image.bytes, data.offset_to_data.get(LE))
        .and_then(|bytes| bytes.get(..data.size.get(LE) as usize));
    Ok(bytes.and_then(|bytes| {
        let start = bytes.windows(4).position(|window| window == SIGNATURE)?;
        bytes.get(start..)
    }))
}

/// The table below the first entry of `table` whose number `wanted` accepts.
fn child<'data>(
    table: ResourceDirectoryTable<'data>,
    wanted: impl Fn(u16) -> bool,
    directory: object::read::pe::ResourceDirectory<'data>,
) -> object::Result<Option<ResourceDirectoryTable<'data>>> {
    for entry in table.entries {
        if entry.name_or_id().id().is_some_and(&wanted) {
            return Ok(entry.data(directory)?.table());
        }
    }
    Ok(None)
}
