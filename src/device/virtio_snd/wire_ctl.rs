//! Control elements, as bytes: requests, what the device says of them, their values, and metadata.
//!
//! Source: virtio 1.3, 5.14.6, "Control Elements"; the names are the specification's. The design is ALSA's, and so are
//! the types of metadata (`SNDRV_CTL_TLVT_`), which the specification refers to.

use super::wire::{Item, command, join, u32_at};

/// `VIRTIO_SND_F_CTLS`: the device has control elements.
pub(crate) const FEATURE: u64 = 1 << 0;

/// Byte offset of `controls` in the configuration structure, which is there with [`FEATURE`] only.
pub(crate) const CONTROLS: u32 = 12;

/// Codes of requests.
pub(crate) mod request {
    /// Query of control elements.
    pub(crate) const CTL_INFO: u32 = 0x0300;
    /// Element: read the value.
    pub(crate) const CTL_READ: u32 = 0x0302;
    /// Element: write the value.
    pub(crate) const CTL_WRITE: u32 = 0x0303;
    /// Element: read metadata.
    pub(crate) const CTL_TLV_READ: u32 = 0x0304;
}

/// Roles, which stand behind the bit of the direction.
pub(crate) mod role {
    /// A volume.
    pub(crate) const VOLUME: u32 = 1;
    /// A mute switch.
    pub(crate) const MUTE: u32 = 2;
}

/// Types of values.
pub(crate) mod kind {
    /// 0 or 1.
    pub(crate) const BOOLEAN: u32 = 0;
    /// 32 bits. Whether they have a sign the specification does not say; ALSA's have one.
    pub(crate) const INTEGER: u32 = 1;
}

/// Access rights, as bits.
pub(crate) mod access {
    /// The value can be read.
    pub(crate) const READ: u32 = 1 << 0;
    /// The value can be written.
    pub(crate) const WRITE: u32 = 1 << 1;
    /// The element does nothing at present.
    pub(crate) const INACTIVE: u32 = 1 << 3;
    /// Metadata can be read.
    pub(crate) const TLV_READ: u32 = 1 << 4;
}

/// A notification is about the value.
pub(crate) const CHANGED_VALUE: u16 = 1 << 0;

/// An element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CtlInfo {
    /// Function group, as that of streams.
    pub(crate) group: u32,
    /// See [`role`]; bit 0 is the direction.
    pub(crate) role: u32,
    /// See [`kind`].
    pub(crate) kind: u32,
    /// See [`access`].
    pub(crate) access: u32,
    /// Numbers that make up the value.
    pub(crate) count: u32,
    /// Name, which should have a 0 at its end.
    pub(crate) name: [u8; 44],
    /// Least value of an integer.
    pub(crate) least: i32,
    /// Greatest value.
    pub(crate) most: i32,
    /// From one value to the next one; 0 if that is not always the same.
    pub(crate) step: u32,
}

impl CtlInfo {
    /// The name without its end; none if there is no end, nothing in front of it, or something that is no text.
    pub(crate) fn name(&self) -> Option<&[u8]> {
        let end = self.name.iter().position(|byte| *byte == 0)?;
        let name = self.name.get(..end)?;
        (!name.is_empty() && name.iter().all(|byte| matches!(byte, b' '..=b'~'))).then_some(name)
    }
}

impl Item for CtlInfo {
    const QUERY: u32 = request::CTL_INFO;
    const BYTES: usize = 92;

    fn parse(bytes: &[u8]) -> Option<Self> {
        // The value's part has room for 64-bit numbers.
        bytes.get(..Self::BYTES)?;
        Some(Self {
            group: u32_at(bytes, 0)?,
            role: u32_at(bytes, 4)?,
            kind: u32_at(bytes, 8)?,
            access: u32_at(bytes, 12)?,
            count: u32_at(bytes, 16)?,
            name: *bytes.get(24..)?.first_chunk()?,
            least: u32_at(bytes, 68)?.cast_signed(),
            most: u32_at(bytes, 72)?.cast_signed(),
            step: u32_at(bytes, 76)?,
        })
    }
}

/// Bytes of a value as it is sent, whatever there is in it.
pub(crate) const VALUE_BYTES: usize = 512;

/// Numbers of a value at most that the driver has use for: one a channel.
pub(crate) const MOST: usize = 8;

/// A value: as many numbers as the element has, and zeros.
pub(crate) type Values = [i32; MOST];

/// The request that reads a value.
pub(crate) fn read(number: u32) -> [u8; 8] {
    command(request::CTL_READ, number)
}

/// The `count` numbers of a value that was read.
pub(crate) fn values(bytes: &[u8], count: usize) -> Option<Values> {
    let mut values = [0; MOST];
    let bytes = bytes.get(..count.checked_mul(4)?)?;
    for (place, number) in values.get_mut(..count)?.iter_mut().zip(bytes.chunks_exact(4)) {
        *place = u32_at(number, 0)?.cast_signed();
    }
    Some(values)
}

/// Bytes of the request that writes a value.
pub(crate) const WRITE_BYTES: usize = 8 + VALUE_BYTES;

/// The request that writes a value.
pub(crate) fn write(number: u32, values: &Values) -> [u8; WRITE_BYTES] {
    const WORDS: usize = WRITE_BYTES / 4;
    let mut words = [0; WORDS];
    let all =
        [request::CTL_WRITE, number].into_iter().chain(values.iter().map(|value| value.cast_unsigned()));
    for (place, word) in words.iter_mut().zip(all) {
        *place = word;
    }
    join(words)
}

/// The request that reads metadata.
pub(crate) fn read_metadata(number: u32) -> [u8; 8] {
    command(request::CTL_TLV_READ, number)
}

/// Bytes of metadata that are looked at.
pub(crate) const METADATA_BYTES: usize = 64;

/// What the metadata of a volume say, in 1/100 dB.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decibels {
    /// Nothing.
    Unknown,
    /// The least value has a level, from which the others lie evenly.
    Even {
        /// Of the least value.
        lowest: i32,
        /// Between two values that differ by 1.
        step: u16,
    },
    /// The least and the greatest value have levels, between which the others lie evenly.
    Between(i32, i32),
    /// The levels do not lie evenly.
    Uneven,
}

impl Decibels {
    /// What metadata say that were read.
    pub(crate) fn parse(bytes: &[u8]) -> Self {
        Self::of(bytes).unwrap_or(Self::Unknown)
    }

    fn of(bytes: &[u8]) -> Option<Self> {
        const CONTAINER: u32 = 0;
        const DB_SCALE: u32 = 1;
        const DB_LINEAR: u32 = 2;
        const DB_RANGE: u32 = 3;
        const DB_MINMAX: u32 = 4;
        const DB_MINMAX_MUTE: u32 = 5;
        let value = bytes.get(8..)?;
        let inner = u32_at(value, 0);
        // A container holds one more set of metadata, or several, of which the first counts.
        let (kind, value) = match (u32_at(bytes, 0)?, inner) {
            (CONTAINER, Some(kind)) => (kind, value.get(8..)?),
            (kind, _) => (kind, value),
        };
        let signed = |at| u32_at(value, at).map(u32::cast_signed);
        match kind {
            // Above the step is a flag: the least value is silence.
            DB_SCALE => Some(Self::Even { lowest: signed(0)?, step: (u32_at(value, 4)? & 0xFFFF) as u16 }),
            DB_MINMAX | DB_MINMAX_MUTE => Some(Self::Between(signed(0)?, signed(4)?)),
            DB_LINEAR | DB_RANGE => Some(Self::Uneven),
            _ => None,
        }
    }
}
