//! Rules on what the image imports.

use object::{
    LittleEndian as LE,
    pe::{IMAGE_DIRECTORY_ENTRY_IAT, IMAGE_DIRECTORY_ENTRY_IMPORT, ImageNtHeaders64},
    read::pe::Import,
};

use super::{
    Findings,
    exports::{self, Export},
    pe::Image,
};

/// The oldest Windows that the driver loads on: Windows 10, version 1507.
const OLDEST_BUILD: u32 = 10240;

/// The loader writes addresses into the import tables, so they must not lie among the code.
pub(super) fn tables_outside_code(image: &Image<'_>, findings: &mut Findings) {
    for (directory, name) in
        [(IMAGE_DIRECTORY_ENTRY_IMPORT, "import table"), (IMAGE_DIRECTORY_ENTRY_IAT, "import address table")]
    {
        let Some(directory) = image.directories().get(directory) else { continue };
        let address = directory.virtual_address.get(LE);
        if let Some(section) = image.section_at(address).filter(|section| section.is_executable()) {
            findings.add(
                format!("{name} at {address:#x}"),
                format!("in {}, which is executable", section.name()),
                "a read-only section without code",
            );
        }
    }
}

/// A name that Windows lacks keeps the driver from loading: every import must be there on the oldest one.
pub(super) fn exported_by_the_oldest_windows(image: &Image<'_>, findings: &mut Findings) {
    let imports = match imports(image) {
        Ok(imports) => imports,
        Err(error) => return findings.add("import table", error.to_string(), "a readable table"),
    };
    for (module, name) in imports {
        let place = format!("{module}!{name}");
        match exports::look_up(&module, &name) {
            Export::Since(build) if build <= OLDEST_BUILD => {}
            Export::Since(build) => findings.add(
                place,
                format!("exported from build {build} on"),
                format!("a name that build {OLDEST_BUILD} exports, or a look-up at run time"),
            ),
            Export::UnknownName => findings.add(
                place,
                "no known export of this module",
                format!("a name that build {OLDEST_BUILD} exports"),
            ),
            Export::UnknownModule => findings.add(
                place,
                "not a module that a driver imports from",
                "ntoskrnl.exe, hal.dll, wmilib.sys, portcls.sys, ks.sys or drmk.sys",
            ),
        }
    }
}

/// Module and name of every import.
fn imports(image: &Image<'_>) -> object::Result<Vec<(String, String)>> {
    let mut imports = Vec::new();
    let Some(table) = image.directories().import_table(image.bytes, &image.table())? else {
        return Ok(imports);
    };
    let mut descriptors = table.descriptors()?;
    while let Some(descriptor) = descriptors.next()? {
        let module = String::from_utf8_lossy(table.name(descriptor.name.get(LE))?).into_owned();
        let mut thunks = table.thunks(descriptor.original_first_thunk.get(LE))?;
        while let Some(thunk) = thunks.next::<ImageNtHeaders64>()? {
            let name = match table.import::<ImageNtHeaders64>(thunk)? {
                Import::Name(_, name) => String::from_utf8_lossy(name).into_owned(),
                Import::Ordinal(ordinal) => format!("#{ordinal}"),
            };
            imports.push((module.clone(), name));
        }
    }
    Ok(imports)
}
