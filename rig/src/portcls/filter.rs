//! A miniport's filter description, read once and checked: PortCls goes on using the driver's own tables, the rig
//! uses this copy.

use portcls::raw::GUID;
use portcls::raw::KSATTRIBUTE;
use portcls::raw::KSATTRIBUTE_LIST;
use portcls::raw::KSATTRIBUTEID_AUDIOSIGNALPROCESSING_MODE;
use portcls::raw::KSDATAFORMAT_TYPE_AUDIO;
use portcls::raw::KSDATARANGE;
use portcls::raw::KSDATARANGE_ATTRIBUTES;
use portcls::raw::KSDATARANGE_AUDIO;
use portcls::raw::PCAUTOMATION_TABLE;
use portcls::raw::PCCONNECTION_DESCRIPTOR;
use portcls::raw::PCFILTER_DESCRIPTOR;
use portcls::raw::PCNODE_DESCRIPTOR;
use portcls::raw::PCPIN_DESCRIPTOR;

use crate::nt::At;

/// Elements that a table may have: beyond it the count is no count.
const MOST: u32 = 4096;

/// Reads `count` records that lie `stride` bytes apart.
pub(crate) fn records<T: Copy>(first: *const T, count: u32, stride: u32) -> Vec<T> {
    let count = if first.is_null() { 0 } else { count.min(MOST) };
    (0..count as usize)
        .map(|index| At::new(first.cast_mut().wrapping_byte_add(index * stride as usize)).read())
        .collect()
}

fn guid(pointer: *const GUID) -> Option<GUID> {
    (!pointer.is_null()).then(|| At::new(pointer.cast_mut()).read())
}

/// Rates and widths of a wave data range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioRange {
    /// Most channels; 0xFFFFFFFF for any.
    pub channels: u32,
    /// Least and most bits a sample.
    pub bits: (u32, u32),
    /// Least and most frames a second.
    pub rates: (u32, u32),
}

/// A data range of a pin: a set of formats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataRange {
    /// `KSDATARANGE.MajorFormat`.
    pub major: GUID,
    /// `KSDATARANGE.SubFormat`.
    pub sub_format: GUID,
    /// `KSDATARANGE.Specifier`.
    pub specifier: GUID,
    /// Of ranges of wave formats.
    pub audio: Option<AudioRange>,
    /// A client may name a signal processing mode behind its format.
    pub takes_mode: bool,
    /// `KSDATARANGE.FormatSize`.
    pub(crate) size: u32,
    /// The driver's own record.
    pub(crate) address: u64,
}

/// A pin factory.
#[derive(Clone)]
pub(crate) struct FilterPin {
    pub(crate) raw: PCPIN_DESCRIPTOR,
    pub(crate) category: Option<GUID>,
    pub(crate) ranges: Vec<DataRange>,
}

/// A node.
#[derive(Clone, Copy)]
pub(crate) struct FilterNode {
    pub(crate) kind: Option<GUID>,
    pub(crate) automation: *const PCAUTOMATION_TABLE,
}

/// The whole of it.
#[derive(Clone)]
pub(crate) struct Filter {
    pub(crate) raw: PCFILTER_DESCRIPTOR,
    pub(crate) pins: Vec<FilterPin>,
    pub(crate) nodes: Vec<FilterNode>,
    pub(crate) connections: Vec<PCCONNECTION_DESCRIPTOR>,
}

impl Filter {
    /// Reads a description.
    pub(crate) fn read(description: *const PCFILTER_DESCRIPTOR) -> Self {
        let raw = At::new(description.cast_mut()).read();
        let pins = records(raw.Pins, raw.PinCount, raw.PinSize).into_iter().map(read_pin).collect();
        let nodes = records(raw.Nodes, raw.NodeCount, raw.NodeSize)
            .into_iter()
            .map(|node: PCNODE_DESCRIPTOR| FilterNode {
                kind: guid(node.Type),
                automation: node.AutomationTable,
            })
            .collect();
        let size = size_of::<PCCONNECTION_DESCRIPTOR>() as u32;
        let connections = records(raw.Connections, raw.ConnectionCount, size);
        Self { raw, pins, nodes, connections }
    }
}

fn read_pin(raw: PCPIN_DESCRIPTOR) -> FilterPin {
    let ks = &raw.KsPinDescriptor;
    let entries = records(ks.DataRanges, ks.DataRangesCount, size_of::<*const KSDATARANGE>() as u32);
    let mut ranges = Vec::new();
    let mut entries = entries.into_iter();
    while let Some(entry) = entries.next() {
        let mut range = read_range(entry);
        // The attribute list of a range is the entry behind it (audio/specifying-...-attributes, ks.h).
        if At::new(entry.cast_mut()).read().Flags & KSDATARANGE_ATTRIBUTES != 0
            && let Some(list) = entries.next()
        {
            range.takes_mode = takes_mode(list.cast());
        }
        ranges.push(range);
    }
    FilterPin { raw, category: guid(ks.Category), ranges }
}

/// Reads one range, without the attributes that follow it in a pin's list.
pub(crate) fn read_range(range: *const KSDATARANGE) -> DataRange {
    let head = At::new(range.cast_mut()).read();
    let audio = (head.MajorFormat == KSDATAFORMAT_TYPE_AUDIO
        && head.FormatSize as usize >= size_of::<KSDATARANGE_AUDIO>())
    .then(|| {
        let audio = At::new(range.cast::<KSDATARANGE_AUDIO>().cast_mut()).read();
        AudioRange {
            channels: audio.MaximumChannels,
            bits: (audio.MinimumBitsPerSample, audio.MaximumBitsPerSample),
            rates: (audio.MinimumSampleFrequency, audio.MaximumSampleFrequency),
        }
    });
    DataRange {
        major: head.MajorFormat,
        sub_format: head.SubFormat,
        specifier: head.Specifier,
        audio,
        takes_mode: false,
        size: head.FormatSize,
        address: range as u64,
    }
}

/// An attribute of a range is the head alone: which value it may have is not said there.
fn takes_mode(list: *const KSATTRIBUTE_LIST) -> bool {
    let list = At::new(list.cast_mut()).read();
    records(list.Attributes, list.Count, size_of::<*const KSATTRIBUTE>() as u32).into_iter().any(
        |attribute: *const KSATTRIBUTE| {
            At::new(attribute.cast_mut()).read().Attribute == KSATTRIBUTEID_AUDIOSIGNALPROCESSING_MODE
        },
    )
}
