//! What an image wants of others.

use std::fmt;

use object::{
    LittleEndian as LE,
    pe::ImageNtHeaders64,
    read::pe::{Import, ImportTable},
};

use super::Missing;

/// More imports than this are a damaged table.
const MAX_IMPORTS: usize = 1 << 16;

/// What is wanted of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Symbol<'name> {
    /// The export of this name.
    Name(&'name str),
    /// The export with this ordinal.
    Ordinal(u16),
}

impl fmt::Display for Symbol<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => formatter.write_str(name),
            Self::Ordinal(ordinal) => write!(formatter, "#{ordinal}"),
        }
    }
}

/// Finds the address of an export, given the module's name as the image writes it; `None` if there is none.
pub type Resolver<'a> = dyn FnMut(&str, Symbol<'_>) -> Option<*const ()> + 'a;

/// Addresses for the slots of the import table, or all exports that are missing.
pub(super) type Bound = Result<Vec<(usize, u64)>, Vec<Missing>>;

/// Asks `resolve` for everything in the import table at `start`. Nothing is written yet.
///
/// # Errors
/// What is wrong with the table.
pub(super) fn bind(
    importer: &str,
    image: &[u8],
    start: usize,
    resolve: &mut Resolver<'_>,
) -> Result<Bound, String> {
    let text = |error: object::Error| error.to_string();
    let table = ImportTable::new(image, 0, start as u32);
    let (mut slots, mut missing) = (Vec::new(), Vec::new());
    let mut descriptors = table.descriptors().map_err(text)?;
    while let Some(descriptor) = descriptors.next().map_err(text)? {
        let module = name(table.name(descriptor.name.get(LE)).map_err(text)?)?;
        let first = descriptor.first_thunk.get(LE);
        let names = match descriptor.original_first_thunk.get(LE) {
            0 => first,
            names => names,
        };
        let mut thunks = table.thunks(names).map_err(text)?;
        let mut slot = first as usize;
        while let Some(thunk) = thunks.next::<ImageNtHeaders64>().map_err(text)? {
            let symbol = match table.import::<ImageNtHeaders64>(thunk).map_err(text)? {
                Import::Ordinal(ordinal) => Symbol::Ordinal(ordinal),
                Import::Name(_, bytes) => Symbol::Name(name(bytes)?),
            };
            match resolve(module, symbol) {
                Some(address) => slots.push((slot, address.addr() as u64)),
                None => missing.push(Missing {
                    importer: importer.into(),
                    module: module.into(),
                    symbol: symbol.to_string(),
                }),
            }
            if slots.len() + missing.len() > MAX_IMPORTS {
                return Err("its import table does not end".into());
            }
            slot += size_of::<u64>();
        }
    }
    Ok(if missing.is_empty() { Ok(slots) } else { Err(missing) })
}

fn name(bytes: &[u8]) -> Result<&str, String> {
    std::str::from_utf8(bytes).map_err(|_| "a name in its import table is no text".into())
}
