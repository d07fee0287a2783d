//! WavePci miniports and streams, driven through their vtables, and the port's objects by fakes.

use std::ffi::c_void;
use std::ptr::{null_mut, without_provenance_mut};
use std::sync::Mutex;

use portcls::com::{Com, ComClass, ComPtr, Head, unknown_vtbl, value};
use portcls::descriptor::Filter;
use portcls::format::DataFormat;
use portcls::irql::{Irql, Passive, UpToDispatch};
use portcls::mapping::Tag;
use portcls::miniport::Miniport;
use portcls::raw::status::*;
use portcls::raw::*;
use portcls::stream::State;
use portcls::wavepci::{MadeStream, MiniportWavePci, NewStream, WavePciStream};
use portcls::{Result, Status};

use crate::fakes::{passive, pointer};

/// A stream that writes down what it is told.
#[derive(Default)]
struct Stream {
    calls: Mutex<Vec<String>>,
}

impl ComClass for Stream {
    type Interfaces = (IMiniportWavePciStream,);
}

impl Stream {
    fn note(&self, call: String) {
        self.calls.lock().unwrap().push(call);
    }
}

impl WavePciStream for Stream {
    fn set_format(&self, _: &mut Irql<Passive>, _: &DataFormat<'_>) -> Result {
        Err(Status::NOT_SUPPORTED)
    }

    fn set_state(&self, _: &mut Irql<Passive>, state: State) -> Result {
        self.note(format!("{state:?}"));
        Ok(())
    }

    fn position(&self, _: &mut Irql<Passive>) -> Result<u64> {
        Ok(1 << 40)
    }

    fn normalize(&self, bytes: i64) -> Result<i64> {
        if bytes < 0 { Err(Status::INVALID_PARAMETER) } else { Ok(bytes * 2) }
    }

    fn allocator_framing(&self, _: &mut Irql<Passive>) -> Result<KSALLOCATOR_FRAMING> {
        Ok(KSALLOCATOR_FRAMING { Frames: 8, FrameSize: 1920, ..KSALLOCATOR_FRAMING::ZERO })
    }

    fn revoke_mappings(&self, _: &mut Irql<UpToDispatch>, first: Tag, last: Tag) -> Result<u32> {
        self.note(format!("revoke {:#x}..={:#x}", first.0, last.0));
        Ok(last.0.wrapping_sub(first.0).wrapping_add(1))
    }

    fn mapping_available(&self, _: &mut Irql<UpToDispatch>) {
        self.note("available".to_owned());
    }

    fn service(&self, _: &mut Irql<UpToDispatch>) {
        self.note("service".to_owned());
    }
}

#[test]
fn a_stream_hears_what_the_port_says() {
    let (object, stream) = pointer::<IMiniportWavePciStream, _>(Stream::default());
    // SAFETY: a live object.
    let vtable = unsafe { &*(*stream.as_raw()).vtbl };
    let this = stream.as_raw();
    let mut position = 0;
    let mut bytes = 21;
    let mut framing = KSALLOCATOR_FRAMING::ZERO;
    let mut revoked = 7;
    let tag = |tag: usize| without_provenance_mut::<c_void>(tag);
    // SAFETY: methods of a live object, with places for their answers or none.
    unsafe {
        assert_eq!((vtable.SetState)(this, KSSTATE_RUN), STATUS_SUCCESS);
        assert_eq!((vtable.SetState)(this, 9), STATUS_INVALID_PARAMETER);
        assert_eq!((vtable.SetFormat)(this, null_mut()), STATUS_INVALID_PARAMETER);
        assert_eq!((vtable.GetPosition)(this, &mut position), STATUS_SUCCESS);
        assert_eq!((vtable.GetPosition)(this, null_mut()), STATUS_INVALID_PARAMETER);
        assert_eq!((vtable.NormalizePhysicalPosition)(this, &mut bytes), STATUS_SUCCESS);
        assert_eq!((vtable.NormalizePhysicalPosition)(this, null_mut()), STATUS_INVALID_PARAMETER);
        assert_eq!((vtable.GetAllocatorFraming)(this, &mut framing), STATUS_SUCCESS);
        // Over the end of the numbers.
        assert_eq!((vtable.RevokeMappings)(this, tag(0xFFFF_FFFF), tag(1), &mut revoked), STATUS_SUCCESS);
        assert_eq!(revoked, 3);
        // No tag that a stream has chosen.
        assert_eq!(
            (vtable.RevokeMappings)(this, tag(1 << 32), tag(1), &mut revoked),
            STATUS_INVALID_PARAMETER
        );
        assert_eq!((vtable.RevokeMappings)(this, tag(1), tag(1), null_mut()), STATUS_INVALID_PARAMETER);
        (vtable.MappingAvailable)(this);
        (vtable.Service)(this);
    }
    assert_eq!((position, bytes, framing.Frames, framing.FrameSize, revoked), (1 << 40, 42, 8, 1920, 0));
    let calls = object.calls.lock().unwrap();
    assert_eq!(*calls, ["Run", "revoke 0xffffffff..=0x1", "available", "service"]);
}

/// A port stream with one mapping.
#[derive(Default)]
struct Source {
    memory: Mutex<Vec<u8>>,
    released: Mutex<Vec<usize>>,
}

impl ComClass for Source {
    type Interfaces = (IPortWavePciStream,);
}

// SAFETY: the methods below expect place `N` of this class.
unsafe impl<const N: usize> Head<Source, N> for IPortWavePciStream {
    const VTBL: &'static IPortWavePciStreamVtbl = &IPortWavePciStreamVtbl {
        base: unknown_vtbl::<Source, N>(),
        GetMapping: get::<N>,
        ReleaseMapping: release::<N>,
        TerminatePacket: terminate,
    };
}

unsafe extern "efiapi" fn get<const N: usize>(
    this: *mut IPortWavePciStream,
    tag: *mut c_void,
    address: *mut i64,
    memory: *mut *mut c_void,
    bytes: *mut u32,
    flags: *mut u32,
) -> NTSTATUS {
    // SAFETY: called on a live fake.
    let source = unsafe { value::<Source, _, N>(this) };
    let mut held = source.memory.lock().unwrap();
    if tag.addr() != 5 {
        return STATUS_NOT_FOUND;
    }
    // SAFETY: the caller's places.
    unsafe {
        address.write(0x1_2345_6789);
        memory.write(held.as_mut_ptr().cast());
        bytes.write(held.len() as u32);
        flags.write(0x80);
    }
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn release<const N: usize>(
    this: *mut IPortWavePciStream,
    tag: *mut c_void,
) -> NTSTATUS {
    // SAFETY: called on a live fake.
    unsafe { value::<Source, _, N>(this) }.released.lock().unwrap().push(tag.addr());
    STATUS_SUCCESS
}

unsafe extern "efiapi" fn terminate(_: *mut IPortWavePciStream) -> NTSTATUS {
    STATUS_UNSUCCESSFUL
}

#[test]
fn a_mapping_is_what_the_port_says() {
    let (source, port) = pointer::<IPortWavePciStream, _>(Source::default());
    source.memory.lock().unwrap().extend([1, 2, 3, 4, 5]);
    let irql = passive();
    assert_eq!(port.get_mapping(&irql, Tag(4)).err(), Some(Status::NOT_FOUND));
    let mapping = port.get_mapping(&irql, Tag(5)).unwrap();
    assert_eq!((mapping.address(), mapping.bytes(), mapping.ends_packet()), (0x1_2345_6789, 5, true));
    // SAFETY: within the memory.
    assert_eq!(unsafe { mapping.part(3, 2).unwrap().read() }, 4);
    assert!(mapping.part(3, 3).is_none() && mapping.part(u32::MAX, 2).is_none());
    assert!(mapping.part(5, 0).is_some());
    port.release_mapping(&irql, Tag(5)).unwrap();
    assert_eq!(*source.released.lock().unwrap(), [5]);
    assert_eq!(port.terminate_packet(&irql), Err(Status::UNSUCCESSFUL));
}

/// An object that stands for a service group or a DMA channel.
struct Anything;

impl ComClass for Anything {
    type Interfaces = (IUnknown,);
}

/// A miniport that gives out what it was made of.
struct Wave {
    group: ComPtr<IServiceGroup>,
    channel: ComPtr<IDmaChannel>,
}

impl ComClass for Wave {
    type Interfaces = (IMiniportWavePci,);
}

impl Miniport for Wave {
    fn description(&self, _: &mut Irql<Passive>) -> Result<&Filter> {
        Err(Status::UNSUCCESSFUL)
    }
}

impl MiniportWavePci for Wave {
    fn init(
        &self,
        _: &mut Irql<Passive>,
        adapter: Option<&ComPtr<IUnknown>>,
        _: &ComPtr<IResourceList>,
        _: &ComPtr<IPortWavePci>,
    ) -> Result<ComPtr<IServiceGroup>> {
        assert!(adapter.is_none());
        Ok(self.group.clone())
    }

    fn new_stream(&self, irql: &mut Irql<Passive>, request: &NewStream<'_>) -> Result<MadeStream<'_>> {
        if request.pin != 3 || request.capture {
            return Err(Status::INVALID_PARAMETER);
        }
        let stream = Com::new(irql, Stream::default())?.query(irql)?;
        Ok(MadeStream { stream, channel: &self.channel, group: self.group.clone() })
    }
}

/// A pointer to a stand-in, as an interface of which no method is called.
fn stand_in<I: Interface>() -> ComPtr<I> {
    let unknown = Com::new(&passive(), Anything).unwrap().unknown().clone();
    // SAFETY: nobody calls more of it than what all interfaces have.
    unsafe { ComPtr::from_raw(unknown.into_raw().cast()) }.unwrap()
}

#[test]
fn a_miniport_gives_out_stream_channel_and_group() {
    let wave = Wave { group: stand_in(), channel: stand_in() };
    let (object, miniport) = pointer::<IMiniportWavePci, _>(wave);
    // SAFETY: a live object.
    let vtable = unsafe { &*(*miniport.as_raw()).vtbl };
    let this = miniport.as_raw();
    let (resources, port) = (stand_in::<IResourceList>(), stand_in::<IPortWavePci>());
    let source = pointer::<IPortWavePciStream, _>(Source::default()).1;
    let mut format = KSDATAFORMAT { FormatSize: size_of::<KSDATAFORMAT>() as u32, ..KSDATAFORMAT::ZERO };
    let (mut stream, mut channel, mut group) = (null_mut(), null_mut(), null_mut());
    // SAFETY: methods of a live object, with live objects and places for the answers.
    unsafe {
        assert_eq!(
            (vtable.Init)(this, null_mut(), null_mut(), port.as_raw(), &mut group),
            STATUS_INVALID_PARAMETER
        );
        assert!(group.is_null());
        assert_eq!(
            (vtable.Init)(this, null_mut(), resources.as_raw(), port.as_raw(), &mut group),
            STATUS_SUCCESS
        );
        assert_eq!(group, object.group.as_raw());
        drop(ComPtr::from_raw(group));

        let new = vtable.NewStream;
        let mut open = |pin, channel: *mut *mut IDmaChannel| {
            new(
                this,
                &mut stream,
                null_mut(),
                NonPagedPoolNx,
                source.as_raw(),
                pin,
                0,
                &mut format,
                channel,
                &mut group,
            )
        };
        assert_eq!(open(3, null_mut()), STATUS_INVALID_PARAMETER);
        assert_eq!(open(4, &mut channel), STATUS_INVALID_PARAMETER);
        assert!(channel.is_null());
        assert_eq!(open(3, &mut channel), STATUS_SUCCESS);
        assert_eq!((channel, group), (object.channel.as_raw(), object.group.as_raw()));
        drop(ComPtr::from_raw(group));
        // The channel comes without a reference: it is not given back.
        drop(ComPtr::from_raw(stream));
    }
}
