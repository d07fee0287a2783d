//! The WavePci miniport and its streams.
//!
//! Sources: the WDK's pages of `IMiniportWavePci`, `IMiniportWavePciStream` and `IPortWavePci`, and "WavePci Latency".

mod stream;

use core::ptr::null_mut;

pub use stream::WavePciStream;

use crate::com::{ComPtr, Head, answer, value};
use crate::format::DataFormat;
use crate::irql::{Irql, Passive, UpToDispatch};
use crate::miniport::{Miniport, format_bytes, miniport_vtbl};
use crate::raw::status::STATUS_INVALID_PARAMETER;
use crate::raw::{
    BOOLEAN, IDmaChannel, IMiniportWavePci, IMiniportWavePciStream, IMiniportWavePciVtbl, IPortWavePci,
    IPortWavePciStream, IResourceList, IServiceGroup, IUnknown, KSDATAFORMAT, NTSTATUS, NonPagedPoolNx,
    POOL_TYPE,
};
use crate::status::{Result, Status};

/// `IMiniportWavePci`.
pub trait MiniportWavePci: Miniport {
    /// Binds the miniport to its port; the answer is the group whose members the port serves. References to keep are
    /// clones.
    fn init(
        &self,
        irql: &mut Irql<Passive>,
        adapter: Option<&ComPtr<IUnknown>>,
        resources: &ComPtr<IResourceList>,
        port: &ComPtr<IPortWavePci>,
    ) -> Result<ComPtr<IServiceGroup>>;

    /// Makes the stream of a pin that is being opened: in STOP, at position 0.
    ///
    /// # Errors
    ///
    /// `STATUS_INVALID_PARAMETER` for a format or pin that is none; `STATUS_NO_MATCH` for a format that the
    /// pin does not have; `STATUS_INSUFFICIENT_RESOURCES`.
    fn new_stream(&self, irql: &mut Irql<Passive>, request: &NewStream<'_>) -> Result<MadeStream<'_>>;

    /// Deferred work, upon [`ComPtr::<IPortWavePci>::notify`].
    fn service(&self, _irql: &mut Irql<UpToDispatch>) {}
}

/// A pin that is being opened.
pub struct NewStream<'a> {
    /// The source of mappings, which the stream keeps.
    pub port_stream: &'a ComPtr<IPortWavePciStream>,
    /// The pin, untrusted.
    pub pin: u32,
    /// Whether the stream records.
    pub capture: bool,
    /// The format, untrusted.
    pub format: DataFormat<'a>,
}

/// A stream, and what the port gets with it.
pub struct MadeStream<'a> {
    /// The stream.
    pub stream: ComPtr<IMiniportWavePciStream>,
    /// Its DMA channel. The port takes no reference: the miniport keeps one.
    pub channel: &'a ComPtr<IDmaChannel>,
    /// The group in which the port has the stream served.
    pub group: ComPtr<IServiceGroup>,
}

impl ComPtr<IPortWavePci> {
    /// Has the port serve the members of `group` soon. IRQL: any.
    pub fn notify(&self, group: &ComPtr<IServiceGroup>) {
        // SAFETY: a method of a live object, at any level, with a live object.
        unsafe { (self.vtbl().Notify)(self.as_raw(), group.as_raw()) };
    }

    /// A bus-master channel that scatters and gathers, with 32 or 64 address bits, for up to `bytes` bytes at a time.
    ///
    /// # Errors
    ///
    /// What the port says.
    pub fn new_master_dma_channel(
        &self,
        _irql: &Irql<Passive>,
        wide: bool,
        bytes: u32,
    ) -> Result<ComPtr<IDmaChannel>> {
        let mut channel = null_mut();
        let new = self.vtbl().NewMasterDmaChannel;
        // SAFETY: a method of a live object, at PASSIVE_LEVEL, with a place for the answer; width and speed are not used
        // and are to be -1.
        let status = unsafe {
            new(
                self.as_raw(),
                &mut channel,
                null_mut(),
                NonPagedPoolNx,
                null_mut(),
                1,
                1,
                wide.into(),
                0,
                -1,
                -1,
                bytes,
                0,
            )
        };
        Status::check(status)?;
        // SAFETY: the answer is a pointer with a reference.
        unsafe { ComPtr::from_raw(channel) }.ok_or(Status::UNSUCCESSFUL)
    }
}

// SAFETY: the methods below, for class `T` and place `N`.
unsafe impl<T: MiniportWavePci, const N: usize> Head<T, N> for IMiniportWavePci {
    const VTBL: &'static IMiniportWavePciVtbl = &IMiniportWavePciVtbl {
        base: miniport_vtbl::<T, N>(),
        Init: init::<T, N>,
        NewStream: new_stream::<T, N>,
        Service: service::<T, N>,
    };
}

/// # Safety
///
/// As documented for `IMiniportWavePci`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn init<T: MiniportWavePci, const N: usize>(
    this: *mut IMiniportWavePci,
    adapter: *mut IUnknown,
    resources: *mut IResourceList,
    port: *mut IPortWavePci,
    group: *mut *mut IServiceGroup,
) -> NTSTATUS {
    // SAFETY: null, or alive during the call.
    let adapter = unsafe { ComPtr::borrow(&adapter) };
    // SAFETY: null, or alive during the call.
    let resources = unsafe { ComPtr::borrow(&resources) };
    // SAFETY: null, or alive during the call.
    let port = unsafe { ComPtr::borrow(&port) };
    // SAFETY: documented as PASSIVE_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    let miniport = unsafe { value::<T, _, N>(this) };
    let make = || {
        let (Some(resources), Some(port)) = (resources, port) else { return Err(Status::INVALID_PARAMETER) };
        miniport.init(&mut irql, adapter, resources, port).map(ComPtr::into_raw)
    };
    // SAFETY: null, or the caller's place for the answer, to whom the reference goes.
    unsafe { answer(group, null_mut(), make) }
}

/// # Safety
///
/// As documented for `IMiniportWavePci`, at PASSIVE_LEVEL.
unsafe extern "efiapi" fn new_stream<T: MiniportWavePci, const N: usize>(
    this: *mut IMiniportWavePci,
    stream: *mut *mut IMiniportWavePciStream,
    _outer: *mut IUnknown,
    _pool: POOL_TYPE,
    port_stream: *mut IPortWavePciStream,
    pin: u32,
    capture: BOOLEAN,
    format: *mut KSDATAFORMAT,
    channel: *mut *mut IDmaChannel,
    group: *mut *mut IServiceGroup,
) -> NTSTATUS {
    if channel.is_null() || group.is_null() {
        return STATUS_INVALID_PARAMETER;
    }
    let put = |made: *mut IDmaChannel, served: *mut IServiceGroup| {
        // SAFETY: not null, so the caller's place for the channel.
        unsafe { channel.write(made) };
        // SAFETY: not null, so the caller's place for the group.
        unsafe { group.write(served) };
    };
    put(null_mut(), null_mut());
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
        let made = miniport.new_stream(&mut irql, &request)?;
        put(made.channel.as_raw(), made.group.into_raw());
        Ok(made.stream.into_raw())
    };
    // SAFETY: null, or the caller's place for the answer, to whom the reference goes.
    unsafe { answer(stream, null_mut(), make) }
}

/// # Safety
///
/// As documented for `IMiniportWavePci`, up to DISPATCH_LEVEL.
unsafe extern "efiapi" fn service<T: MiniportWavePci, const N: usize>(this: *mut IMiniportWavePci) {
    // SAFETY: documented as DISPATCH_LEVEL.
    let mut irql = unsafe { Irql::assume() };
    // SAFETY: the caller holds a reference during the call.
    unsafe { value::<T, _, N>(this) }.service(&mut irql);
}

#[cfg(windows)]
mod exports {
    use core::ptr::null_mut;

    use crate::com::ComPtr;
    use crate::irql::{Irql, Passive};
    use crate::raw::IServiceGroup;
    use crate::raw::exports::PcNewServiceGroup;
    use crate::status::{Result, Status};

    /// Makes a service group.
    ///
    /// # Errors
    ///
    /// What PcNewServiceGroup says.
    pub fn new_service_group(_irql: &Irql<Passive>) -> Result<ComPtr<IServiceGroup>> {
        let mut group = null_mut();
        // SAFETY: at PASSIVE_LEVEL, with a place for the answer.
        Status::check(unsafe { PcNewServiceGroup(&mut group, null_mut()) })?;
        // SAFETY: the answer is a pointer with a reference.
        unsafe { ComPtr::from_raw(group) }.ok_or(Status::UNSUCCESSFUL)
    }
}

#[cfg(windows)]
pub use exports::new_service_group;
