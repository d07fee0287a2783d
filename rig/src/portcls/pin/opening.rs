//! `NewStream`: how a pin comes by the driver's stream.

use std::rc::Rc;

use portcls::raw::IMiniportWavePci;
use portcls::raw::IMiniportWaveRT;
use portcls::raw::IMiniportWaveRTStream;
use portcls::raw::KSDATAFORMAT;
use portcls::raw::NonPagedPoolNx;
use portcls::raw::WAVEFORMATEX;

use crate::nt::Kernel;
use crate::nt::abi::NtStatus;
use crate::nt::abi::STATUS_INVALID_DEVICE_REQUEST;
use crate::nt::abi::STATUS_UNSUCCESSFUL;
use crate::portcls::binding::Binding;
use crate::portcls::binding::Miniport;
use crate::portcls::com::Reference;
use crate::portcls::guarded::Guarded;
use crate::portcls::port::Port;
use crate::portcls::port_stream::PortStream;
use crate::portcls::rules;
use crate::portcls::stream::Opened;
use crate::portcls::stream::Stream;
use crate::portcls::theirs::Theirs;
use crate::portcls::wavepci::Side;
use crate::portcls::wavepci::Source;

/// Calls `NewStream` with the format in memory of its own, which is gone when it returns.
pub(super) fn new_stream(
    kernel: &'static Kernel,
    port: &Rc<Port>,
    binding: &Binding,
    (pin, capture): (u32, bool),
    format: &[u8],
) -> Result<Rc<Stream>, NtStatus> {
    let block_align = block_align(format);
    let copy = Guarded::new(kernel, format);
    let format: *mut KSDATAFORMAT = copy.pointer().cast();
    let (theirs, allocator) = match &binding.miniport {
        Miniport::WaveRt(miniport) => new_wavert(kernel, miniport, (pin, capture), format)?,
        Miniport::WavePci(miniport) => {
            new_wavepci(kernel, miniport, (pin, capture), format, block_align as usize)?
        }
        Miniport::Topology(_) => return Err(STATUS_INVALID_DEVICE_REQUEST),
    };
    drop(copy);
    let mut references = Vec::new();
    references.extend(allocator);
    references.extend(Reference::add(kernel, port.pointer()));
    binding.count(pin, true);
    Ok(Stream::new(kernel, port.clone(), (pin, block_align), theirs, references))
}

fn new_wavert(
    kernel: &'static Kernel,
    miniport: &Theirs<IMiniportWaveRT>,
    (pin, capture): (u32, bool),
    format: *mut KSDATAFORMAT,
) -> Result<(Opened, Option<Reference>), NtStatus> {
    let (port_stream, pointer) = PortStream::create(kernel);
    let allocator = Reference::own(kernel, pointer);
    let mut out: *mut IMiniportWaveRTStream = core::ptr::null_mut();
    let status = miniport.call("IMiniportWaveRT::NewStream", |this, vtable| {
        // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL; all arguments outlive it.
        unsafe { (vtable.NewStream)(this, &raw mut out, pointer.cast(), pin, u8::from(capture), format) }
    });
    let stream = made(kernel, status, out)?;
    Ok((Opened::wavert(stream, capture, port_stream), allocator))
}

/// The DMA channel is not the port's to use or to release (portcls/nf-portcls-iminiportwavepci-newstream).
fn new_wavepci(
    kernel: &'static Kernel,
    miniport: &Theirs<IMiniportWavePci>,
    (pin, capture): (u32, bool),
    format: *mut KSDATAFORMAT,
    frame: usize,
) -> Result<(Opened, Option<Reference>), NtStatus> {
    let (source, pointer) = Source::create(kernel, capture, frame);
    let reference = Reference::own(kernel, pointer);
    let (mut out, mut channel, mut group) =
        (core::ptr::null_mut(), core::ptr::null_mut(), core::ptr::null_mut());
    let status = miniport.call("IMiniportWavePci::NewStream", |this, vtable| {
        // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL; all arguments outlive it.
        unsafe {
            (vtable.NewStream)(
                this,
                &raw mut out,
                core::ptr::null_mut(),
                NonPagedPoolNx,
                pointer.cast(),
                pin,
                u8::from(capture),
                format,
                &raw mut channel,
                &raw mut group,
            )
        }
    });
    let stream = made(kernel, status, out)?;
    Ok((Opened::WavePci(Side::new(kernel, source, stream, group)), reference))
}

/// What `NewStream` has made, or its status.
fn made<I: portcls::raw::Interface>(
    kernel: &'static Kernel,
    status: NtStatus,
    out: *mut I,
) -> Result<Theirs<I>, NtStatus> {
    if status >= 0 {
        return Theirs::own(kernel, out).ok_or(STATUS_UNSUCCESSFUL);
    }
    if !out.is_null() {
        let message = format!("NewStream failed with {status:#x} and left a stream: {:#x}", out as u64);
        rules::note(kernel, "NewStream", rules::code::STREAM, out as u64, message);
    }
    Err(status)
}

/// `nBlockAlign` of the wave format, or 1.
fn block_align(format: &[u8]) -> u32 {
    let at = size_of::<KSDATAFORMAT>() + core::mem::offset_of!(WAVEFORMATEX, nBlockAlign);
    let bytes = format.get(at..at + 2).and_then(|bytes| bytes.try_into().ok());
    bytes.map_or(1, u16::from_le_bytes).into()
}
