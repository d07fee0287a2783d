//! Property handlers, called as PortCls calls them.

use std::ptr::null_mut;

use portcls::com::{ComClass, ComPtr};
use portcls::irql::{Irql, Passive};
use portcls::plain::Plain;
use portcls::property::{Members, PropertyItem, PropertyRequest};
use portcls::raw::status::*;
use portcls::raw::*;
use portcls::{Result, Status};

use crate::fakes::pointer;

struct Topology {
    jacks: u32,
}

impl ComClass for Topology {
    type Interfaces = (IUnknown,);
}

static JACK: PropertyItem =
    PropertyItem::new(&KSPROPSETID_Jack, KSPROPERTY_JACK_DESCRIPTION, PCPROPERTY_ITEM_FLAG_GET, jack);

const DESCRIPTION: KSJACK_DESCRIPTION =
    KSJACK_DESCRIPTION { ChannelMapping: 3, IsConnected: 1, ..KSJACK_DESCRIPTION::ZERO };

fn jack(irql: &mut Irql<Passive>, request: &PropertyRequest<'_>) -> Result {
    let topology = request.miniport::<Topology>(irql).ok_or(Status::INVALID_DEVICE_REQUEST)?;
    if request.pin()? >= topology.jacks {
        return Err(Status::INVALID_PARAMETER);
    }
    let head = KSMULTIPLE_ITEM { Size: 36, Count: 1 };
    request.get(&[head.as_bytes(), DESCRIPTION.as_bytes()])
}

static VOLUME: PropertyItem = PropertyItem::new(
    &KSPROPSETID_Audio,
    KSPROPERTY_AUDIO_VOLUMELEVEL,
    PCPROPERTY_ITEM_FLAG_GET | PCPROPERTY_ITEM_FLAG_SET | PCPROPERTY_ITEM_FLAG_BASICSUPPORT,
    volume,
);

fn volume(_: &mut Irql<Passive>, request: &PropertyRequest<'_>) -> Result {
    assert_eq!(request.node(), Some(2));
    if request.is_basic_support() {
        let step = KSPROPERTY_STEPPING_LONG { SteppingDelta: 0x8000, ..KSPROPERTY_STEPPING_LONG::ZERO };
        let header = KSPROPERTY_MEMBERSHEADER {
            MembersFlags: KSPROPERTY_MEMBER_STEPPEDRANGES,
            MembersSize: 16,
            MembersCount: 1,
            Flags: 0,
        };
        let members = [Members { header, members: step.as_bytes() }];
        return request.support(KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_SET, VT_I4, &members);
    }
    assert_eq!(request.channel()?, -1);
    if request.is_set() && request.value::<i32>()? == -65536 { Ok(()) } else { Err(Status::UNSUCCESSFUL) }
}

/// What a request came to: status, the size that it left, and the buffer.
struct Answer {
    status: NTSTATUS,
    size: u32,
    value: Vec<u8>,
}

impl Answer {
    fn both(&self) -> (NTSTATUS, u32) {
        (self.status, self.size)
    }
}

/// Calls a handler with so much instance and value.
fn call(item: &PropertyItem, target: *mut IUnknown, verb: u32, instance: &[u8], value: &[u8]) -> Answer {
    let mut value = value.to_vec();
    let mut request = PCPROPERTY_REQUEST {
        MajorTarget: target,
        Node: 2,
        PropertyItem: item.raw(),
        Verb: verb,
        InstanceSize: instance.len() as u32,
        Instance: instance.as_ptr().cast_mut().cast(),
        ValueSize: value.len() as u32,
        Value: if value.is_empty() { null_mut() } else { value.as_mut_ptr().cast() },
        ..PCPROPERTY_REQUEST::ZERO
    };
    // SAFETY: a whole request.
    let status = unsafe { (item.raw().Handler.unwrap())(&mut request) };
    Answer { status, size: request.ValueSize, value }
}

fn get_jack(pin: &[u8], room: usize) -> Answer {
    let (_object, topology) = pointer::<IUnknown, _>(Topology { jacks: 1 });
    call(&JACK, ComPtr::as_raw(&topology), KSPROPERTY_TYPE_GET, pin, &vec![0xEE; room])
}

#[test]
fn a_value_follows_the_size_protocol() {
    assert_eq!(get_jack(&[0; 4], 0).both(), (STATUS_BUFFER_OVERFLOW, 36));
    assert_eq!(get_jack(&[0; 4], 35).both(), (STATUS_BUFFER_TOO_SMALL, 36));
    let answer = get_jack(&[0; 8], 40);
    assert_eq!(answer.both(), (STATUS_SUCCESS, 36));
    assert_eq!((KSMULTIPLE_ITEM::read(&answer.value).unwrap().Size, answer.value[36]), (36, 0xEE));
    assert_eq!(KSJACK_DESCRIPTION::read(&answer.value[8..]).unwrap().IsConnected, 1);
}

#[test]
fn a_pin_that_is_not_there_is_refused() {
    assert_eq!(get_jack(&[1, 0, 0, 0], 40).status, STATUS_INVALID_PARAMETER);
    assert_eq!(get_jack(&[0; 3], 40).status, STATUS_INVALID_PARAMETER);
}

/// Row 75: hostile properties.
#[test]
fn a_request_to_nobody_or_to_another_class_is_refused() {
    struct Stranger;
    impl ComClass for Stranger {
        type Interfaces = (IUnknown,);
    }
    let (_object, stranger) = pointer::<IUnknown, _>(Stranger);
    for target in [null_mut(), stranger.as_raw()] {
        let status = call(&JACK, target, KSPROPERTY_TYPE_GET, &[0; 4], &[0; 36]).status;
        assert_eq!(status, STATUS_INVALID_DEVICE_REQUEST);
    }
    // SAFETY: null is refused.
    assert_eq!(unsafe { (JACK.raw().Handler.unwrap())(null_mut()) }, STATUS_INVALID_PARAMETER);
}

#[test]
fn a_value_to_set_is_read_by_its_size() {
    let minus_one_db = (-65536i32).to_ne_bytes();
    let all = (-1i32).to_ne_bytes();
    let set = |value: &[u8]| call(&VOLUME, null_mut(), KSPROPERTY_TYPE_SET, &all, value).status;
    assert_eq!(set(&minus_one_db), STATUS_SUCCESS);
    assert_eq!(set(&minus_one_db[..3]), STATUS_BUFFER_TOO_SMALL);
    assert_eq!(set(&[]), STATUS_BUFFER_TOO_SMALL);
}

/// Row 65: basic support of volume.
#[test]
fn basic_support_has_three_sizes() {
    let support = |room| call(&VOLUME, null_mut(), KSPROPERTY_TYPE_BASICSUPPORT, &[], &vec![0; room]);
    assert_eq!(support(0).both(), (STATUS_BUFFER_OVERFLOW, 72));
    assert_eq!(support(3).status, STATUS_BUFFER_TOO_SMALL);
    let flags = support(4);
    assert_eq!((flags.both(), flags.value), ((STATUS_SUCCESS, 4), 3u32.to_ne_bytes().to_vec()));
    let head = support(40);
    assert_eq!(head.both(), (STATUS_SUCCESS, 40));
    let description = KSPROPERTY_DESCRIPTION::read(&head.value).unwrap();
    assert_eq!((description.DescriptionSize, description.MembersListCount), (72, 1));
    assert_eq!(description.PropTypeSet.Id, VT_I4 as u32);
    let all = support(72);
    assert_eq!(all.both(), (STATUS_SUCCESS, 72));
    assert_eq!(KSPROPERTY_STEPPING_LONG::read(&all.value[56..]).unwrap().SteppingDelta, 0x8000);
}

#[test]
fn each_channel_is_described() {
    static LEVELS: PropertyItem = PropertyItem::new(&KSPROPSETID_Audio, 1, 0, |_, request| {
        let bounds = KSPROPERTY_BOUNDS_LONG { SignedMinimum: -96 << 16, SignedMaximum: 0 };
        let step = KSPROPERTY_STEPPING_LONG { SteppingDelta: 0x8000, Reserved: 0, Bounds: bounds };
        request.support_channels(KSPROPERTY_TYPE_GET, VT_I4, 6, false, &step)
    });
    let support = |room| call(&LEVELS, null_mut(), KSPROPERTY_TYPE_BASICSUPPORT, &[], &vec![0; room]);
    assert_eq!(support(0).both(), (STATUS_BUFFER_OVERFLOW, 40 + 16 + 6 * 16));
    assert_eq!(support(4).both(), (STATUS_SUCCESS, 4));
    assert_eq!(support(40).both(), (STATUS_SUCCESS, 40));
    let all = support(152);
    assert_eq!(all.both(), (STATUS_SUCCESS, 152));
    let header = KSPROPERTY_MEMBERSHEADER::read(&all.value[40..]).unwrap();
    assert_eq!((header.MembersCount, header.MembersSize), (6, 16));
    assert_eq!(header.MembersFlags, KSPROPERTY_MEMBER_STEPPEDRANGES);
    assert_eq!(header.Flags, KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_MULTICHANNEL);
    for channel in 0..6 {
        let step = KSPROPERTY_STEPPING_LONG::read(&all.value[56 + 16 * channel..]).unwrap();
        assert_eq!((step.SteppingDelta, step.Bounds.SignedMinimum), (0x8000, -96 << 16));
    }
}

#[test]
fn a_closure_may_be_a_handler() {
    static ITEM: PropertyItem = PropertyItem::new(&KSPROPSETID_Audio, 1, 0, |_, _| Err(Status::NOT_FOUND));
    assert_eq!(call(&ITEM, null_mut(), 0, &[], &[]).status, STATUS_NOT_FOUND);
}
