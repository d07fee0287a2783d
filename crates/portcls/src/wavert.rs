//! The WaveRT miniport.

use core::ptr::null_mut;

use crate::com::{ComClass, ComPtr, Head, answer, value};
use crate::format::DataFormat;
use crate::irql::{Irql, Passive};
use crate::miniport::{Miniport, format_bytes, miniport_vtbl};
use crate::raw::status::STATUS_INVALID_PARAMETER;
use crate::raw::{
    BOOLEAN, DEVICE_DESCRIPTION, IMiniportWaveRT, IMiniportWaveRTStream, IMiniportWaveRTVtbl, IPortWaveRT,
    IPortWaveRTStream, IResourceList, IUnknown, KSDATAFORMAT, NTSTATUS,
};
use crate::status::{Result, Status, ntstatus};

/// `IMiniportWaveRT`. Source: the WDK's page of each method.
pub trait MiniportWaveRt: Miniport {
    /// Binds the miniport to its port. References to keep are clones.
    fn init(
        &self,
        irql: &mut Irql<Passive>,
        adapter: Option<&ComPtr<IUnknown>>,
        resources: &ComPtr<IResourceList>,
        port: &ComPtr<IPortWaveRT>,
    ) -> Result;

    /// Makes the stream of a pin that is being opened: in STOP, at position 0. The device is in D0.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_PARAMETER` for a format or pin that is none; `STATUS_NO_MATCH` for a format that the
    /// pin does not have; `STATUS_INSUFFICIENT_RESOURCES`.
    fn new_stream(
        &self,
        irql: &mut Irql<Passive>,
        request: &NewStream<'_>,
    ) -> Result<ComPtr<IMiniportWaveRTStream>>;

    /// What DMA the device can do.
    fn device_description(&self, irql: &mut Irql<Passive>) -> Result<DEVICE_DESCRIPTION>;
}

/// A pin that is being opened.
pub struct NewStream<'a> {
    /// The allocator of cyclic buffers, which the stream keeps.
    pub port_stream: &'a ComPtr<IPortWaveRTStream>,
    /// The pin, untrusted.
    pub pin: u32,
    /// Whether the stream records.
    pub capture: bool,
    /// The format, untrusted.
    pub format: DataFormat<'a>,
}

// SAFETY: the methods below, for class `T` and place `N`.
unsafe impl<T: MiniportWaveRt + ComClass, const N: usize> Head<T, N> for IMiniportWaveRT {
    const VTBL: &'static IMiniportWaveRTVtbl = &IMiniportWaveRTVtbl {
        base: miniport_vtbl::<T, N>(),
        Init: init::<T, N>,
        NewStream: new_stream::<T, N>,
        GetDeviceDescription: get_device_description::<T, N>,
    };
}

/// # Safety
///
/// As documented for `IMiniportWaveRT`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn init<T: MiniportWaveRt, const N: usize>(
    this: *mut IMiniportWaveRT,
    adapter: *mut IUnknown,
    resources: *mut IResourceList,
    port: *mut IPortWaveRT,
) -> NTSTATUS {
    // SAFETY: null, or alive during the call.
    let adapter = unsafe { ComPtr::borrow(&adapter) };
    // SAFETY: null, or alive during the call.
    let resources = unsafe { ComPtr::borrow(&resources) };
    // SAFETY: null, or alive during the call.
    let port = unsafe { ComPtr::borrow(&port) };
    let (Some(resources), Some(port)) = (resources, port) else {
        return STATUS_INVALID_PARAMETER;
    };
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    ntstatus(unsafe { value::<T, _, N>(this) }.init(&mut irql, adapter, resources, port))
}

/// # Safety
///
/// As documented for `IMiniportWaveRT`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn new_stream<T: MiniportWaveRt, const N: usize>(
    this: *mut IMiniportWaveRT,
    stream: *mut *mut IMiniportWaveRTStream,
    port_stream: *mut IPortWaveRTStream,
    pin: u32,
    capture: BOOLEAN,
    format: *mut KSDATAFORMAT,
) -> NTSTATUS {
    // SAFETY: null, or alive during the call.
    let port_stream = unsafe { ComPtr::borrow(&port_stream) };
    // SAFETY: PortCls passes a format that is as large as it says, and so are the attributes that it says it has.
    let format = unsafe { format_bytes(format) };
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    let miniport = unsafe { value::<T, _, N>(this) };
    let make = || {
        let port_stream = port_stream.ok_or(Status::INVALID_PARAMETER)?;
        let format = DataFormat::new(format.ok_or(Status::INVALID_PARAMETER)?);
        let request = NewStream { port_stream, pin, capture: capture != 0, format };
        miniport.new_stream(&mut irql, &request).map(ComPtr::into_raw)
    };
    // SAFETY: null, or the caller's place for the answer, to whom the reference goes.
    unsafe { answer(stream, null_mut(), make) }
}

/// # Safety
///
/// As documented for `IMiniportWaveRT`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn get_device_description<T: MiniportWaveRt, const N: usize>(
    this: *mut IMiniportWaveRT,
    description: *mut DEVICE_DESCRIPTION,
) -> NTSTATUS {
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    let miniport = unsafe { value::<T, _, N>(this) };
    // SAFETY: null, or the caller's place for the answer.
    unsafe { answer(description, DEVICE_DESCRIPTION::ZERO, || miniport.device_description(&mut irql)) }
}
