//! A port bound to its miniport.

use std::cell::Cell;

use portcls::raw::DEVICE_DESCRIPTION;
use portcls::raw::GUID;
use portcls::raw::GUID_NULL;
use portcls::raw::IMiniportAudioSignalProcessing;
use portcls::raw::IMiniportPnpNotify;
use portcls::raw::IMiniportTopology;
use portcls::raw::IMiniportWavePci;
use portcls::raw::IMiniportWaveRT;
use portcls::raw::IPinCount;
use portcls::raw::IPowerNotify;
use portcls::raw::IUnknown;
use portcls::raw::KSDATARANGE;
use portcls::raw::PCFILTER_DESCRIPTOR;

use super::filter::Filter;
use super::filter_check;
use super::rules;
use super::theirs::Theirs;
use crate::nt::Kernel;
use crate::nt::abi::NtStatus;
use crate::nt::abi::Pointer;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_NOT_IMPLEMENTED;
use crate::nt::abi::STATUS_NOT_SUPPORTED;

/// The driver's part of a filter.
pub(crate) enum Miniport {
    WaveRt(Theirs<IMiniportWaveRT>),
    WavePci(Theirs<IMiniportWavePci>),
    Topology(Theirs<IMiniportTopology>),
}

impl Miniport {
    /// The object as what it was registered as.
    pub(crate) fn unknown(&self) -> *mut IUnknown {
        match self {
            Self::WaveRt(miniport) => miniport.pointer().cast(),
            Self::WavePci(miniport) => miniport.pointer().cast(),
            Self::Topology(miniport) => miniport.pointer().cast(),
        }
    }

    /// `IMiniport::GetDescription`.
    fn description(&self) -> Result<*const PCFILTER_DESCRIPTOR, NtStatus> {
        let mut out: *const PCFILTER_DESCRIPTOR = core::ptr::null();
        let status = match self {
            Self::WaveRt(miniport) => miniport.call("IMiniportWaveRT::GetDescription", |this, vtable| {
                // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL; the argument outlives it.
                unsafe { (vtable.base.GetDescription)(this.cast(), &raw mut out) }
            }),
            Self::WavePci(miniport) => miniport.call("IMiniportWavePci::GetDescription", |this, vtable| {
                // SAFETY: as above.
                unsafe { (vtable.base.GetDescription)(this.cast(), &raw mut out) }
            }),
            Self::Topology(miniport) => miniport.call("IMiniportTopology::GetDescription", |this, vtable| {
                // SAFETY: as above.
                unsafe { (vtable.base.GetDescription)(this.cast(), &raw mut out) }
            }),
        };
        match status {
            status if status < 0 => Err(status),
            _ if out.is_null() => Err(STATUS_INVALID_PARAMETER),
            _ => Ok(out),
        }
    }
}

/// What the port holds of its miniport, from `Init` until the subdevice is gone.
pub(crate) struct Binding {
    description: *const PCFILTER_DESCRIPTOR,
    pub(crate) filter: Filter,
    /// Pins open now, by pin id.
    open: Vec<Cell<u32>>,
    pub(crate) pin_count: Option<Theirs<IPinCount>>,
    processing: Option<Theirs<IMiniportAudioSignalProcessing>>,
    pub(crate) pnp: Option<Theirs<IMiniportPnpNotify>>,
    pub(crate) power: Option<Theirs<IPowerNotify>>,
    // Declared last: released last.
    pub(crate) miniport: Miniport,
}

impl Binding {
    /// After the miniport's `Init`: reads and checks its description, and asks for its auxiliary interfaces.
    pub(crate) fn new(kernel: &'static Kernel, miniport: Miniport) -> Result<Self, NtStatus> {
        let description = miniport.description()?;
        let filter = Filter::read(description);
        let problems = filter_check::problems(&filter);
        if !problems.is_empty() {
            let message = format!("the filter description is wrong: {}", problems.join("; "));
            let at = miniport.unknown() as u64;
            rules::note(kernel, "FilterDescriptor", rules::code::FILTER_DESCRIPTOR, at, message);
            return Err(STATUS_INVALID_PARAMETER);
        }
        let (pin_count, pnp, power) = match &miniport {
            Miniport::WaveRt(miniport) => (miniport.query(), miniport.query(), miniport.query()),
            Miniport::WavePci(miniport) => (miniport.query(), miniport.query(), miniport.query()),
            Miniport::Topology(miniport) => (miniport.query(), miniport.query(), miniport.query()),
        };
        // IMiniportPnpNotify came with Windows 10 1511 (portcls/nn-portcls-iminiportpnpnotify).
        let pnp = pnp.filter(|_| kernel.profile.build >= 10586);
        let processing = match &miniport {
            Miniport::WaveRt(miniport) => miniport.query(),
            Miniport::WavePci(_) | Miniport::Topology(_) => None,
        };
        let open = filter.pins.iter().map(|_| Cell::new(0)).collect();
        Ok(Self { description, filter, open, pin_count, processing, pnp, power, miniport })
    }

    /// The tables must outlive the filter, as PortCls keeps pointers into them (portcls/nf-portcls-iminiport-
    /// getdescription): touches them once more. In freed memory that is a finding.
    pub(crate) fn touch_description(&self) {
        Filter::read(self.description);
    }

    /// Instances of the pin that are open.
    pub(crate) fn open_of(&self, pin: u32) -> u32 {
        self.open.get(pin as usize).map_or(0, Cell::get)
    }

    /// Instances of all pins that are open.
    pub(crate) fn open(&self) -> u32 {
        self.open.iter().map(Cell::get).sum()
    }

    /// A pin was opened or closed.
    pub(crate) fn count(&self, pin: u32, opened: bool) {
        if let Some(open) = self.open.get(pin as usize) {
            open.set(if opened { open.get() + 1 } else { open.get() - 1 });
        }
    }

    /// Most instances that the pin may have now: the descriptor's, or what `IPinCount` makes of it.
    pub(crate) fn possible(&self, pin: u32) -> u32 {
        let Some(description) = self.filter.pins.get(pin as usize) else { return 0 };
        let raw = &description.raw;
        let (mut necessary, mut current) = (raw.MinFilterInstanceCount, self.open_of(pin));
        let (mut possible, mut global_current) = (raw.MaxFilterInstanceCount, self.open_of(pin));
        let mut global_possible = raw.MaxGlobalInstanceCount;
        if let Some(pin_count) = &self.pin_count {
            pin_count.call("IPinCount::PinCount", |this, vtable| {
                // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL; arguments outlive it.
                unsafe {
                    (vtable.PinCount)(
                        this,
                        pin,
                        &raw mut necessary,
                        &raw mut current,
                        &raw mut possible,
                        &raw mut global_current,
                        &raw mut global_possible,
                    );
                }
            });
        }
        possible.min(global_possible)
    }

    /// `IMiniport::DataRangeIntersection`: its status, and the size that it told.
    pub(crate) fn intersect(
        &self,
        pin: u32,
        range: Pointer,
        own: u64,
        out: Pointer,
        length: u32,
    ) -> (NtStatus, u32) {
        let mut result = 0_u32;
        let (range, own): (*mut KSDATARANGE, _) = (range.cast(), own as *mut KSDATARANGE);
        let status = match &self.miniport {
            Miniport::WaveRt(miniport) => {
                miniport.call("IMiniportWaveRT::DataRangeIntersection", |this, vtable| {
                    let method = vtable.base.DataRangeIntersection;
                    // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL; both ranges and
                    // the buffer of `length` bytes outlive it.
                    unsafe { method(this.cast(), pin, range, own, length, out, &raw mut result) }
                })
            }
            Miniport::WavePci(miniport) => {
                miniport.call("IMiniportWavePci::DataRangeIntersection", |this, vtable| {
                    let method = vtable.base.DataRangeIntersection;
                    // SAFETY: as above.
                    unsafe { method(this.cast(), pin, range, own, length, out, &raw mut result) }
                })
            }
            Miniport::Topology(miniport) => {
                miniport.call("IMiniportTopology::DataRangeIntersection", |this, vtable| {
                    let method = vtable.base.DataRangeIntersection;
                    // SAFETY: as above.
                    unsafe { method(this.cast(), pin, range, own, length, out, &raw mut result) }
                })
            }
        };
        (status, result)
    }

    /// `IMiniportAudioSignalProcessing::GetModes`: the number first, then the modes.
    pub(crate) fn processing_modes(&self, pin: u32) -> Result<Vec<GUID>, NtStatus> {
        let processing = self.processing.as_ref().ok_or(STATUS_NOT_SUPPORTED)?;
        let ask = |modes: *mut GUID, count: &mut u32| {
            let count: *mut u32 = count;
            let status = processing.call("IMiniportAudioSignalProcessing::GetModes", |this, vtable| {
                // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL; both arguments outlive it.
                unsafe { (vtable.GetModes)(this, pin, modes, count) }
            });
            if status < 0 { Err(status) } else { Ok(()) }
        };
        let mut count = 0;
        ask(core::ptr::null_mut(), &mut count)?;
        let mut modes = vec![GUID_NULL; count as usize];
        ask(modes.as_mut_ptr(), &mut count)?;
        modes.truncate(count as usize);
        Ok(modes)
    }

    /// `IMiniportWaveRT::GetDeviceDescription`.
    pub(crate) fn device_description(&self) -> Result<DEVICE_DESCRIPTION, NtStatus> {
        let Miniport::WaveRt(miniport) = &self.miniport else { return Err(STATUS_NOT_IMPLEMENTED) };
        let mut out = DEVICE_DESCRIPTION::ZERO;
        let status = miniport.call("IMiniportWaveRT::GetDeviceDescription", |this, vtable| {
            // SAFETY: a method of the interface on its own pointer, at PASSIVE_LEVEL; the argument outlives it.
            unsafe { (vtable.GetDeviceDescription)(this, &raw mut out) }
        });
        if status < 0 { Err(status) } else { Ok(out) }
    }
}
