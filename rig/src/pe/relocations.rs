//! Addresses in the image that depend on where it lies.

use object::{pe::BaseRelocationType, read::pe::RelocationBlockIterator};

const ABSOLUTE: BaseRelocationType = BaseRelocationType(0);
const DIR64: BaseRelocationType = BaseRelocationType(10);

/// Places of 64-bit addresses, as offsets into the image, from the relocation table.
///
/// # Errors
/// What is wrong with the table.
pub(super) fn places(table: &[u8]) -> Result<Vec<u32>, String> {
    let mut places = Vec::new();
    let mut blocks = RelocationBlockIterator::new(table);
    while let Some(block) = blocks.next().map_err(|error| error.to_string())? {
        for relocation in block {
            match relocation.typ {
                ABSOLUTE => {}
                DIR64 => places.push(relocation.virtual_address),
                other => return Err(format!("relocation of type {}, which x86-64 does not have", other.0)),
            }
        }
    }
    Ok(places)
}

/// Adds `delta` to the address at `place`; `None` if that lies outside.
pub(super) fn apply(image: &mut [u8], place: u32, delta: u64) -> Option<()> {
    let address = image.get_mut(place as usize..)?.first_chunk_mut::<8>()?;
    *address = u64::from_le_bytes(*address).wrapping_add(delta).to_le_bytes();
    Some(())
}
