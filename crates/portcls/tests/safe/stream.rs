//! A stream with events and packets, driven through its vtables.

use std::ptr::null_mut;
use std::sync::Mutex;

use portcls::com::{Com, ComClass, ComPtr};
use portcls::format::DataFormat;
use portcls::handle::{Event, Mdl};
use portcls::irql::{Irql, Passive, UpToDispatch};
use portcls::notification::WaveRtStreamNotification;
use portcls::packets::{ReadPacket, WaveRtInputStream, WaveRtOutputStream};
use portcls::pages::{CacheType, Pages};
use portcls::raw::status::*;
use portcls::raw::*;
use portcls::stream::{AudioBuffer, State, WaveRtStream};
use portcls::{Result, Status};

use crate::fakes::{PortStream, passive, pointer};

struct Stream {
    port: ComPtr<IPortWaveRTStream>,
    pages: Mutex<Option<Pages>>,
    calls: Mutex<Vec<String>>,
}

impl ComClass for Stream {
    type Interfaces =
        (IMiniportWaveRTStreamNotification, IMiniportWaveRTOutputStream, IMiniportWaveRTInputStream);
}

impl Stream {
    fn note(&self, call: String) {
        self.calls.lock().unwrap().push(call);
    }
}

impl WaveRtStream for Stream {
    fn set_format(&self, _: &mut Irql<Passive>, format: &DataFormat<'_>) -> Result {
        self.note(format!("format of {} bytes", format.bytes().len()));
        Ok(())
    }

    fn set_state(&self, _: &mut Irql<Passive>, state: State) -> Result {
        self.note(format!("{state:?}"));
        if state == State::Acquire { Err(Status::INSUFFICIENT_RESOURCES) } else { Ok(()) }
    }

    fn position(&self, _: &mut Irql<UpToDispatch>) -> Result<KSAUDIO_POSITION> {
        Ok(KSAUDIO_POSITION { PlayOffset: 12, WriteOffset: 34 })
    }

    fn allocate_audio_buffer(&self, irql: &mut Irql<Passive>, requested: u32) -> Result<AudioBuffer> {
        let pages = Pages::allocate(irql, &self.port, u64::MAX, requested)?;
        let buffer = AudioBuffer::new(&pages, requested, CacheType::WriteCombined)?;
        *self.pages.lock().unwrap() = Some(pages);
        Ok(buffer)
    }

    fn free_audio_buffer(&self, _: &mut Irql<Passive>, mdl: Option<Mdl>, size: u32) {
        self.note(format!("free {size} {}", mdl.is_some()));
        self.pages.lock().unwrap().take();
    }

    fn hardware_latency(&self, _: &mut Irql<Passive>) -> KSRTAUDIO_HWLATENCY {
        KSRTAUDIO_HWLATENCY { FifoSize: 128, ChipsetDelay: 0, CodecDelay: 5 }
    }
}

impl WaveRtStreamNotification for Stream {
    fn allocate_buffer_with_notification(
        &self,
        irql: &mut Irql<Passive>,
        count: u32,
        requested: u32,
    ) -> Result<AudioBuffer> {
        if count == 3 {
            return Err(Status::INVALID_PARAMETER);
        }
        self.allocate_audio_buffer(irql, requested)
    }

    fn free_buffer_with_notification(&self, irql: &mut Irql<Passive>, mdl: Option<Mdl>, size: u32) {
        self.free_audio_buffer(irql, mdl, size);
    }

    fn register_notification_event(&self, _: &mut Irql<Passive>, event: Event) -> Result {
        self.note(format!("register {:?}", event.as_ptr()));
        Ok(())
    }

    fn unregister_notification_event(&self, _: &mut Irql<Passive>, _: Event) -> Result {
        Err(Status::NOT_FOUND)
    }
}

impl WaveRtOutputStream for Stream {
    fn set_write_packet(&self, _: &mut Irql<Passive>, packet: u32, flags: u32, length: u32) -> Result {
        self.note(format!("packet {packet} {flags} {length}"));
        Ok(())
    }

    fn presentation_position(&self, _: &mut Irql<Passive>) -> Result<KSAUDIO_PRESENTATION_POSITION> {
        Err(Status::DEVICE_NOT_READY)
    }

    fn packet_count(&self, _: &mut Irql<Passive>) -> Result<u32> {
        Ok(9)
    }
}

impl WaveRtInputStream for Stream {
    fn read_packet(&self, _: &mut Irql<Passive>) -> Result<ReadPacket> {
        Ok(ReadPacket { number: 4, first_sample: 5, more: true })
    }
}

type Notification = IMiniportWaveRTStreamNotification;

fn stream() -> (Com<Stream>, *mut Notification, ComPtr<Notification>) {
    let (_, port) = pointer(PortStream { limit: u32::MAX, ..PortStream::default() });
    let (object, stream) = pointer(Stream { port, pages: Mutex::default(), calls: Mutex::default() });
    let raw = ComPtr::as_raw(&stream);
    (object, raw, stream)
}

/// A call of a method that `IMiniportWaveRTStream` has.
macro_rules! call {
    ($raw:expr, $method:ident($($arg:expr),*)) => {
        // SAFETY: a method of a live object.
        unsafe { ((*(*$raw).vtbl).base.$method)($raw.cast() $(, $arg)*) }
    };
}

/// Row 1: interfaces of a stream.
#[test]
fn the_base_interface_is_answered_by_the_derived_one() {
    let (object, raw, _keep) = stream();
    let base: ComPtr<IMiniportWaveRTStream> = object.query(&passive()).unwrap();
    assert_eq!(base.as_raw().cast(), raw);
    assert!(object.query::<IMiniportWaveRTOutputStream>(&passive()).is_ok());
}

#[test]
fn states_are_passed_on_and_others_refused() {
    let (object, raw, _keep) = stream();
    let results: Vec<_> = [0, 1, 2, 3, 4, -1].into_iter().map(|state| call!(raw, SetState(state))).collect();
    let (ok, no) = (STATUS_SUCCESS, STATUS_INVALID_PARAMETER);
    assert_eq!(results, [ok, STATUS_INSUFFICIENT_RESOURCES, ok, ok, no, no]);
    assert_eq!(*object.calls.lock().unwrap(), ["Stop", "Acquire", "Pause", "Run"]);
}

/// Row 14: latency.
#[test]
fn position_and_latency_are_filled_in() {
    let (_object, raw, _keep) = stream();
    let mut position = KSAUDIO_POSITION::ZERO;
    assert_eq!(call!(raw, GetPosition(&mut position)), STATUS_SUCCESS);
    assert_eq!((position.PlayOffset, position.WriteOffset), (12, 34));
    assert_eq!(call!(raw, GetPosition(null_mut())), STATUS_INVALID_PARAMETER);
    let mut latency = KSRTAUDIO_HWLATENCY::ZERO;
    call!(raw, GetHWLatency(&mut latency));
    assert_eq!((latency.FifoSize, latency.CodecDelay), (128, 5));
    call!(raw, GetHWLatency(null_mut()));
}

/// Row 13: no registers.
#[test]
fn registers_are_not_supported_and_their_place_cleared() {
    let (_object, raw, _keep) = stream();
    let mut register = KSRTAUDIO_HWREGISTER { Width: 99, ..KSRTAUDIO_HWREGISTER::ZERO };
    assert_eq!(call!(raw, GetPositionRegister(&mut register)), STATUS_NOT_SUPPORTED);
    assert_eq!(register.Width, 0);
    assert_eq!(call!(raw, GetClockRegister(&mut register)), STATUS_NOT_SUPPORTED);
}

#[test]
fn buffers_are_handed_out_and_freed() {
    let (object, raw, _keep) = stream();
    let (mut mdl, mut size, mut offset, mut cache) = (null_mut(), 1, 2, 3);
    let status = call!(raw, AllocateAudioBuffer(5000, &mut mdl, &mut size, &mut offset, &mut cache));
    assert_eq!((status, size, offset, cache), (STATUS_SUCCESS, 5000, 0, MmWriteCombined));
    assert_eq!(mdl, object.pages.lock().unwrap().as_ref().unwrap().mdl().as_ptr());
    call!(raw, FreeAudioBuffer(mdl, size));
    call!(raw, FreeAudioBuffer(null_mut(), 0));
    assert_eq!(*object.calls.lock().unwrap(), ["free 5000 true", "free 0 false"]);
}

#[test]
fn a_refused_buffer_leaves_the_places_cleared() {
    let (_object, raw, _keep) = stream();
    let (mut mdl, mut size, mut offset, mut cache) = (std::ptr::dangling_mut::<MDL>(), 1, 2, 3);
    // SAFETY: a method of a live object.
    let allocate = unsafe { (*(*raw).vtbl).AllocateBufferWithNotification };
    // SAFETY: as above.
    let status = unsafe { allocate(raw, 3, 4096, &mut mdl, &mut size, &mut offset, &mut cache) };
    assert_eq!((status, mdl, size, offset), (STATUS_INVALID_PARAMETER, null_mut(), 0, 0));
    // SAFETY: as above.
    let status = unsafe { allocate(raw, 2, 4096, null_mut(), &mut size, &mut offset, &mut cache) };
    assert_eq!(status, STATUS_INVALID_PARAMETER);
}

/// Row 4: hostile formats.
#[test]
fn formats_that_are_too_short_do_not_get_through() {
    let (object, raw, _keep) = stream();
    let mut format = KSDATAFORMAT { FormatSize: 63, ..KSDATAFORMAT::ZERO };
    assert_eq!(call!(raw, SetFormat(&mut format)), STATUS_INVALID_PARAMETER);
    assert_eq!(call!(raw, SetFormat(null_mut())), STATUS_INVALID_PARAMETER);
    format.FormatSize = 64;
    assert_eq!(call!(raw, SetFormat(&mut format)), STATUS_SUCCESS);
    assert_eq!(*object.calls.lock().unwrap(), ["format of 64 bytes"]);
}

#[test]
fn events_are_passed_on() {
    let (object, raw, _keep) = stream();
    let event = 0x1000 as *mut KEvent;
    // SAFETY: methods of a live object, which does not touch the event.
    unsafe {
        let vtbl = &*(*raw).vtbl;
        assert_eq!((vtbl.RegisterNotificationEvent)(raw, event), STATUS_SUCCESS);
        assert_eq!((vtbl.RegisterNotificationEvent)(raw, null_mut()), STATUS_INVALID_PARAMETER);
        assert_eq!((vtbl.UnregisterNotificationEvent)(raw, event), STATUS_NOT_FOUND);
    }
    assert_eq!(*object.calls.lock().unwrap(), ["register 0x1000"]);
}

#[test]
fn packets_are_passed_on() {
    let (object, _raw, _keep) = stream();
    let output: ComPtr<IMiniportWaveRTOutputStream> = object.query(&passive()).unwrap();
    let input: ComPtr<IMiniportWaveRTInputStream> = object.query(&passive()).unwrap();
    let (output, input) = (output.as_raw(), input.as_raw());
    let mut count = 0;
    let mut position = KSAUDIO_PRESENTATION_POSITION { u64PositionInBlocks: 1, u64QPCPosition: 2 };
    let (mut number, mut flags, mut time, mut more) = (0, 7, 0, 0);
    // SAFETY: methods of a live object, which `object` keeps.
    unsafe {
        let vtbl = &*(*output).vtbl;
        assert_eq!((vtbl.SetWritePacket)(output, 1, 2, 3), STATUS_SUCCESS);
        assert_eq!((vtbl.GetPacketCount)(output, &mut count), STATUS_SUCCESS);
        let get_position = vtbl.GetOutputStreamPresentationPosition;
        assert_eq!(get_position(output, &mut position), STATUS_DEVICE_NOT_READY);
        let read = (*(*input).vtbl).GetReadPacket;
        assert_eq!(read(input, &mut number, &mut flags, &mut time, &mut more), STATUS_SUCCESS);
        assert_eq!(read(input, null_mut(), &mut flags, &mut time, &mut more), STATUS_INVALID_PARAMETER);
    }
    assert_eq!((count, position.u64PositionInBlocks), (9, 0));
    assert_eq!((number, flags, time, more), (4, 0, 5, 1));
    assert_eq!(*object.calls.lock().unwrap(), ["packet 1 2 3"]);
}
