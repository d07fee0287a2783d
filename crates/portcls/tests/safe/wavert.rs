//! Miniports, driven through their vtables.

use std::ptr::{null, null_mut};

use portcls::com::{ComClass, ComPtr};
use portcls::descriptor::{AudioRange, Connection, DataRange, End, Filter, FilterParts, Node, Pin};
use portcls::format::{Encoding, Format};
use portcls::irql::{Irql, Passive};
use portcls::miniport::{DataRanges, Miniport};
use portcls::output::Output;
use portcls::plain::Plain;
use portcls::raw::status::*;
use portcls::raw::*;
use portcls::topology::MiniportTopology;
use portcls::wavert::{MiniportWaveRt, NewStream};
use portcls::{Result, Status};

use crate::fakes::{PortStream, pointer};

static PCM: AudioRange = AudioRange::pcm(2, (16, 16), (48_000, 48_000));
static HOST: [DataRange; 1] = [DataRange::audio(&PCM)];
static PINS: [Pin; 2] =
    [Pin::host(KSPIN_DATAFLOW_IN, 1, &HOST), Pin::bridge(KSPIN_DATAFLOW_OUT, &KSCATEGORY_AUDIO)];
static NODES: [Node; 1] = [Node::new(&KSNODETYPE_DAC)];
static CONNECTIONS: [Connection; 2] =
    [Connection::new(End::Pin(0), End::Node(0, 1)), Connection::new(End::Node(0, 0), End::Pin(1))];
static CATEGORIES: [GUID; 2] = [KSCATEGORY_AUDIO, KSCATEGORY_RENDER];
static FILTER: Filter = Filter::new(FilterParts {
    automation: None,
    pins: &PINS,
    nodes: &NODES,
    connections: &CONNECTIONS,
    categories: &CATEGORIES,
});

/// A miniport that refuses what it is told to.
struct Wave {
    broken: bool,
}

impl ComClass for Wave {
    type Interfaces = (IMiniportWaveRT, IMiniportTopology);
}

/// A format that the client's range may meet.
fn stereo() -> Format {
    Format::new(48_000, 2, 16, 16, 3, Encoding::Pcm).unwrap()
}

impl Miniport for Wave {
    fn description(&self, _: &mut Irql<Passive>) -> Result<&'static Filter> {
        if self.broken { Err(Status::UNSUCCESSFUL) } else { Ok(&FILTER) }
    }

    fn data_range_intersection(
        &self,
        _: &mut Irql<Passive>,
        ranges: &DataRanges<'_>,
        format: Output<'_>,
    ) -> Result {
        assert_eq!((ranges.pin, ranges.client.len(), ranges.own.len()), (0, 64, 88));
        format.put(&[stereo().to_extensible().as_bytes()])
    }
}

impl MiniportWaveRt for Wave {
    fn init(
        &self,
        _: &mut Irql<Passive>,
        adapter: Option<&ComPtr<IUnknown>>,
        _: &ComPtr<IResourceList>,
        _: &ComPtr<IPortWaveRT>,
    ) -> Result {
        if adapter.is_none() { Ok(()) } else { Err(Status::NOT_FOUND) }
    }

    fn new_stream(
        &self,
        _: &mut Irql<Passive>,
        request: &NewStream<'_>,
    ) -> Result<ComPtr<IMiniportWaveRTStream>> {
        assert_eq!((request.pin, request.capture), (5, true));
        assert_eq!(request.format.parse()?, stereo());
        Err(Status::NO_MATCH)
    }

    fn device_description(&self, _: &mut Irql<Passive>) -> Result<DEVICE_DESCRIPTION> {
        Ok(DEVICE_DESCRIPTION { Master: 1, ..DEVICE_DESCRIPTION::ZERO })
    }
}

impl MiniportTopology for Wave {
    fn init(
        &self,
        _: &mut Irql<Passive>,
        _: Option<&ComPtr<IUnknown>>,
        resources: Option<&ComPtr<IResourceList>>,
        _: &ComPtr<IPortTopology>,
    ) -> Result {
        assert!(resources.is_none());
        Ok(())
    }
}

/// Any object will do where the miniport does not call it.
struct Anything;

impl ComClass for Anything {
    type Interfaces = (IUnknown,);
}

#[test]
fn the_description_is_the_static_table() {
    let (_object, miniport) = pointer::<IMiniport, _>(Wave { broken: false });
    let mut filter = null();
    // SAFETY: a method of a live object.
    let get = unsafe { (*(*miniport.as_raw()).vtbl).GetDescription };
    // SAFETY: as above.
    assert_eq!(unsafe { get(miniport.as_raw(), &mut filter) }, STATUS_SUCCESS);
    assert_eq!(filter, &raw const *FILTER.raw());
    // SAFETY: the table above.
    let (pins, ranges) = unsafe {
        let pins = std::slice::from_raw_parts((*filter).Pins, (*filter).PinCount as usize);
        (pins, *pins[0].KsPinDescriptor.DataRanges)
    };
    // SAFETY: as above.
    assert_eq!((pins.len(), unsafe { (*ranges).FormatSize }), (2, 88));
    assert_eq!(pins[1].MaxGlobalInstanceCount, 0);
}

#[test]
fn a_failing_description_leaves_null() {
    let (_object, miniport) = pointer::<IMiniport, _>(Wave { broken: true });
    let mut filter = &raw const *FILTER.raw();
    // SAFETY: a method of a live object.
    let status = unsafe { ((*(*miniport.as_raw()).vtbl).GetDescription)(miniport.as_raw(), &mut filter) };
    assert_eq!((status, filter.is_null()), (STATUS_UNSUCCESSFUL, true));
}

/// Row 71: intersection.
#[test]
fn an_intersection_follows_the_size_protocol() {
    let (_object, miniport) = pointer::<IMiniport, _>(Wave { broken: false });
    let mut client = KSDATARANGE { FormatSize: 64, ..KSDATARANGE::ZERO };
    let own = PCM.raw() as *const KSDATARANGE_AUDIO as *mut KSDATARANGE;
    let mut buffer = [0u8; 104];
    let mut intersect = |client: *mut KSDATARANGE, room: u32| {
        let mut length = 0;
        // SAFETY: a method of a live object, with a buffer of that room.
        let status = unsafe {
            let intersect = (*(*miniport.as_raw()).vtbl).DataRangeIntersection;
            intersect(miniport.as_raw(), 0, client, own, room, buffer.as_mut_ptr().cast(), &mut length)
        };
        (status, length)
    };
    assert_eq!(intersect(&mut client, 0), (STATUS_BUFFER_OVERFLOW, 104));
    assert_eq!(intersect(&mut client, 103), (STATUS_BUFFER_TOO_SMALL, 104));
    assert_eq!(intersect(&mut client, 104), (STATUS_SUCCESS, 104));
    assert_eq!(intersect(null_mut(), 104), (STATUS_INVALID_PARAMETER, 0));
    client.FormatSize = 3;
    assert_eq!(intersect(&mut client, 104), (STATUS_INVALID_PARAMETER, 0));
    assert_eq!(buffer[..4], 104u32.to_le_bytes());
}

#[test]
fn init_wants_resources_and_port_but_no_adapter() {
    let (_object, miniport) = pointer::<IMiniportWaveRT, _>(Wave { broken: false });
    let (_other, anything) = pointer::<IUnknown, _>(Anything);
    let any = anything.as_raw();
    let init = |adapter: *mut IUnknown, resources: *mut IUnknown, port: *mut IUnknown| {
        // SAFETY: a method of a live object, which does not call these.
        unsafe {
            let init = (*(*miniport.as_raw()).vtbl).Init;
            init(miniport.as_raw(), adapter, resources.cast(), port.cast())
        }
    };
    assert_eq!(init(null_mut(), any, any), STATUS_SUCCESS);
    assert_eq!(init(any, any, any), STATUS_NOT_FOUND);
    assert_eq!(init(null_mut(), null_mut(), any), STATUS_INVALID_PARAMETER);
    assert_eq!(init(null_mut(), any, null_mut()), STATUS_INVALID_PARAMETER);
}

#[test]
fn a_topology_may_have_no_resources() {
    let (_object, miniport) = pointer::<IMiniportTopology, _>(Wave { broken: false });
    let (_other, anything) = pointer::<IUnknown, _>(Anything);
    let init = |port: *mut IUnknown| {
        // SAFETY: a method of a live object, which does not call these.
        unsafe { ((*(*miniport.as_raw()).vtbl).Init)(miniport.as_raw(), null_mut(), null_mut(), port.cast()) }
    };
    assert_eq!(init(anything.as_raw()), STATUS_SUCCESS);
    assert_eq!(init(null_mut()), STATUS_INVALID_PARAMETER);
}

#[test]
fn a_refused_stream_leaves_null() {
    let (_object, miniport) = pointer::<IMiniportWaveRT, _>(Wave { broken: false });
    let (_port, port) = pointer::<IPortWaveRTStream, _>(PortStream::default());
    let mut format = stereo().to_extensible();
    let format: *mut KSDATAFORMAT = (&raw mut format).cast();
    let new_stream = |port: *mut IPortWaveRTStream, format: *mut KSDATAFORMAT| {
        let mut stream = std::ptr::dangling_mut::<IMiniportWaveRTStream>();
        // SAFETY: a method of a live object.
        let status = unsafe {
            ((*(*miniport.as_raw()).vtbl).NewStream)(miniport.as_raw(), &mut stream, port, 5, 2, format)
        };
        assert!(stream.is_null());
        status
    };
    assert_eq!(new_stream(port.as_raw(), format), STATUS_NO_MATCH);
    assert_eq!(new_stream(null_mut(), format), STATUS_INVALID_PARAMETER);
    assert_eq!(new_stream(port.as_raw(), null_mut()), STATUS_INVALID_PARAMETER);
}

#[test]
fn the_device_is_described() {
    let (_object, miniport) = pointer::<IMiniportWaveRT, _>(Wave { broken: false });
    let mut description = DEVICE_DESCRIPTION { BusNumber: 3, ..DEVICE_DESCRIPTION::ZERO };
    // SAFETY: a method of a live object.
    let get = unsafe { (*(*miniport.as_raw()).vtbl).GetDeviceDescription };
    // SAFETY: as above.
    assert_eq!(unsafe { get(miniport.as_raw(), &mut description) }, STATUS_SUCCESS);
    assert_eq!((description.Master, description.BusNumber), (1, 0));
    // SAFETY: as above.
    assert_eq!(unsafe { get(miniport.as_raw(), null_mut()) }, STATUS_INVALID_PARAMETER);
}
