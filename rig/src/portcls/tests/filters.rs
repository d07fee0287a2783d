//! The toy driver's two filters: a host pin, a DAC, a bridge; a bridge, a speaker.

use portcls::raw::{
    GUID, KSCATEGORY_AUDIO, KSDATAFORMAT_SPECIFIER_NONE, KSDATAFORMAT_SPECIFIER_WAVEFORMATEX,
    KSDATAFORMAT_SUBTYPE_ANALOG, KSDATAFORMAT_SUBTYPE_PCM, KSDATAFORMAT_TYPE_AUDIO, KSDATARANGE,
    KSDATARANGE_AUDIO, KSEVENT_PINCAPS_JACKINFOCHANGE, KSEVENTSETID_PinCapsChange, KSMULTIPLE_ITEM,
    KSNODEPIN_STANDARD_IN, KSNODEPIN_STANDARD_OUT, KSNODETYPE_DAC, KSNODETYPE_SPEAKER, KSPIN_COMMUNICATION,
    KSPIN_COMMUNICATION_NONE, KSPIN_COMMUNICATION_SINK, KSPIN_DATAFLOW, KSPIN_DATAFLOW_IN,
    KSPIN_DATAFLOW_OUT, KSPROPERTY_AUDIO_CHANNEL_CONFIG, KSPROPERTY_DESCRIPTION, KSPROPERTY_JACK_DESCRIPTION,
    KSPROPERTY_JACK_DESCRIPTION2, KSPROPERTY_MEMBERSHEADER, KSPROPERTY_TYPE_BASICSUPPORT, KSPROPSETID_Audio,
    KSPROPSETID_Jack, NTSTATUS, PCAUTOMATION_TABLE, PCCONNECTION_DESCRIPTOR, PCEVENT_ITEM,
    PCEVENT_ITEM_FLAG_ENABLE, PCFILTER_DESCRIPTOR, PCFILTER_NODE, PCNODE_DESCRIPTOR, PCPIN_DESCRIPTOR,
    PCPROPERTY_ITEM, PCPROPERTY_ITEM_FLAG_BASICSUPPORT, PCPROPERTY_ITEM_FLAG_GET, PCPROPERTY_ITEM_FLAG_SET,
    PCPROPERTY_REQUEST, STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL, STATUS_NOT_SUPPORTED,
    STATUS_SUCCESS,
};

use super::driver::Mistake;
use super::driver::makes;

fn leak<T>(value: T) -> *const T {
    Box::leak(Box::new(value))
}

fn range(sub_format: GUID, specifier: GUID) -> *const *const KSDATARANGE {
    let mut range = KSDATARANGE_AUDIO::ZERO;
    let audio = specifier == KSDATAFORMAT_SPECIFIER_WAVEFORMATEX;
    range.DataRange.FormatSize =
        if audio { size_of::<KSDATARANGE_AUDIO>() } else { size_of::<KSDATARANGE>() } as u32;
    range.DataRange.MajorFormat = KSDATAFORMAT_TYPE_AUDIO;
    range.DataRange.SubFormat = sub_format;
    range.DataRange.Specifier = specifier;
    range.MaximumChannels = 2;
    range.MinimumBitsPerSample = 16;
    range.MaximumBitsPerSample = 16;
    range.MinimumSampleFrequency = 48_000;
    range.MaximumSampleFrequency = 48_000;
    leak(leak(range).cast())
}

fn pin(
    flow: KSPIN_DATAFLOW,
    communication: KSPIN_COMMUNICATION,
    category: GUID,
    most: u32,
) -> PCPIN_DESCRIPTOR {
    let mut pin = PCPIN_DESCRIPTOR::ZERO;
    pin.MaxGlobalInstanceCount = most;
    pin.MaxFilterInstanceCount = most;
    pin.KsPinDescriptor.DataFlow = flow;
    pin.KsPinDescriptor.Communication = communication;
    pin.KsPinDescriptor.Category = leak(category);
    pin.KsPinDescriptor.DataRangesCount = 1;
    pin.KsPinDescriptor.DataRanges = if most > 0 {
        range(KSDATAFORMAT_SUBTYPE_PCM, KSDATAFORMAT_SPECIFIER_WAVEFORMATEX)
    } else {
        range(KSDATAFORMAT_SUBTYPE_ANALOG, KSDATAFORMAT_SPECIFIER_NONE)
    };
    pin
}

fn connection(from: (u32, u32), to: (u32, u32)) -> PCCONNECTION_DESCRIPTOR {
    PCCONNECTION_DESCRIPTOR { FromNode: from.0, FromNodePin: from.1, ToNode: to.0, ToNodePin: to.1 }
}

fn filter<const P: usize, const N: usize, const C: usize>(
    automation: *const PCAUTOMATION_TABLE,
    pins: [PCPIN_DESCRIPTOR; P],
    nodes: [PCNODE_DESCRIPTOR; N],
    connections: [PCCONNECTION_DESCRIPTOR; C],
) -> *const PCFILTER_DESCRIPTOR {
    let mut filter = PCFILTER_DESCRIPTOR::ZERO;
    filter.AutomationTable = automation;
    filter.PinSize = size_of::<PCPIN_DESCRIPTOR>() as u32;
    filter.PinCount = P as u32;
    filter.Pins = leak(pins).cast();
    filter.NodeSize = size_of::<PCNODE_DESCRIPTOR>() as u32;
    filter.NodeCount = N as u32;
    filter.Nodes = leak(nodes).cast();
    filter.ConnectionCount = C as u32;
    filter.Connections = leak(connections).cast();
    leak(filter)
}

/// Host pin 0, DAC node 0, bridge pin 1.
pub(super) fn wave() -> *const PCFILTER_DESCRIPTOR {
    let mut dac = PCNODE_DESCRIPTOR::ZERO;
    dac.Type = leak(KSNODETYPE_DAC);
    dac.AutomationTable = control(KSPROPERTY_AUDIO_CHANNEL_CONFIG);
    let into = if makes(Mistake::BadFilter) { 7 } else { 0 };
    filter(
        core::ptr::null(),
        [
            pin(KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_SINK, KSCATEGORY_AUDIO, 1),
            pin(KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_NONE, KSCATEGORY_AUDIO, 0),
        ],
        [dac],
        [
            connection((PCFILTER_NODE, 0), (into, KSNODEPIN_STANDARD_IN)),
            connection((0, KSNODEPIN_STANDARD_OUT), (PCFILTER_NODE, 1)),
        ],
    )
}

/// Says that there is one member of four bytes.
fn support(request: &mut PCPROPERTY_REQUEST) -> NTSTATUS {
    let (head, list) = (size_of::<KSPROPERTY_DESCRIPTION>(), size_of::<KSPROPERTY_MEMBERSHEADER>());
    let total = (head + list + 4) as u32;
    if request.ValueSize < total {
        return STATUS_BUFFER_TOO_SMALL;
    }
    request.ValueSize = total;
    let description = KSPROPERTY_DESCRIPTION {
        DescriptionSize: total,
        MembersListCount: 1,
        ..KSPROPERTY_DESCRIPTION::ZERO
    };
    let count = if makes(Mistake::MiscountMembers) { 2 } else { 1 };
    let header =
        KSPROPERTY_MEMBERSHEADER { MembersSize: 4, MembersCount: count, ..KSPROPERTY_MEMBERSHEADER::ZERO };
    // SAFETY: the value has room for all three.
    unsafe {
        request.Value.cast::<KSPROPERTY_DESCRIPTION>().write_unaligned(description);
        request.Value.byte_add(head).cast::<KSPROPERTY_MEMBERSHEADER>().write_unaligned(header);
        request.Value.byte_add(head + list).cast::<u32>().write_unaligned(0);
    }
    STATUS_SUCCESS
}

/// Tells eight bytes of jack description: what a pin without jack has.
unsafe extern "efiapi" fn jack(request: *mut PCPROPERTY_REQUEST) -> NTSTATUS {
    // SAFETY: PortCls' request, with a value of the size that it tells.
    let request = unsafe { &mut *request };
    let room = request.ValueSize;
    if request.Verb & KSPROPERTY_TYPE_BASICSUPPORT != 0 {
        return support(request);
    }
    request.ValueSize = 8;
    if room == 0 {
        return STATUS_BUFFER_OVERFLOW;
    }
    if room < 8 {
        request.ValueSize = if makes(Mistake::LongValue) { 8 } else { 0 };
        return if makes(Mistake::LongValue) { STATUS_SUCCESS } else { STATUS_BUFFER_TOO_SMALL };
    }
    if makes(Mistake::WriteBehindValue) {
        // SAFETY: the planted fault: the value ends there.
        unsafe { request.Value.cast::<u8>().add(room as usize).write_volatile(0) };
    }
    // SAFETY: the value has at least eight bytes.
    unsafe { request.Value.cast::<KSMULTIPLE_ITEM>().write_unaligned(KSMULTIPLE_ITEM { Size: 8, Count: 0 }) };
    STATUS_SUCCESS
}

fn properties<const N: usize>(items: [PCPROPERTY_ITEM; N]) -> PCAUTOMATION_TABLE {
    let mut table = PCAUTOMATION_TABLE::ZERO;
    table.PropertyItemSize = size_of::<PCPROPERTY_ITEM>() as u32;
    table.PropertyCount = N as u32;
    table.Properties = leak(items).cast();
    table
}

unsafe extern "efiapi" fn not_supported(_request: *mut PCPROPERTY_REQUEST) -> NTSTATUS {
    STATUS_NOT_SUPPORTED
}

/// A table with one property of KSPROPSETID_Audio, which answers nothing.
pub(super) fn control(id: u32) -> *const PCAUTOMATION_TABLE {
    let flags = PCPROPERTY_ITEM_FLAG_GET | PCPROPERTY_ITEM_FLAG_SET | PCPROPERTY_ITEM_FLAG_BASICSUPPORT;
    let item =
        PCPROPERTY_ITEM { Set: leak(KSPROPSETID_Audio), Id: id, Flags: flags, Handler: Some(not_supported) };
    leak(properties([item]))
}

fn automation() -> *const PCAUTOMATION_TABLE {
    let item = |id| PCPROPERTY_ITEM {
        Set: leak(KSPROPSETID_Jack),
        Id: id,
        Flags: PCPROPERTY_ITEM_FLAG_GET,
        Handler: Some(jack),
    };
    let mut table = properties([item(KSPROPERTY_JACK_DESCRIPTION), item(KSPROPERTY_JACK_DESCRIPTION2)]);
    let event = PCEVENT_ITEM {
        Set: leak(KSEVENTSETID_PinCapsChange),
        Id: KSEVENT_PINCAPS_JACKINFOCHANGE,
        Flags: PCEVENT_ITEM_FLAG_ENABLE,
        Handler: Some(super::events::jack_event),
    };
    table.EventItemSize = size_of::<PCEVENT_ITEM>() as u32;
    table.EventCount = 1;
    table.Events = leak(event);
    leak(table)
}

/// Bridge pin 0, speaker pin 1, and a jack's description.
pub(super) fn topology() -> *const PCFILTER_DESCRIPTOR {
    filter(
        automation(),
        [
            pin(KSPIN_DATAFLOW_IN, KSPIN_COMMUNICATION_NONE, KSCATEGORY_AUDIO, 0),
            pin(KSPIN_DATAFLOW_OUT, KSPIN_COMMUNICATION_NONE, KSNODETYPE_SPEAKER, 0),
        ],
        [],
        [connection((PCFILTER_NODE, 0), (PCFILTER_NODE, 1))],
    )
}
