//! The adapter's device object: what `PcAddAdapterDevice` makes.

use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;
use std::rc::Weak;

use portcls::raw::IAdapterPnpManagement;
use portcls::raw::PORT_CLASS_DEVICE_EXTENSION_SIZE;

use super::bus;
use super::io_timeout;
use super::io_timeout::IoTimeout;
use super::power::AdapterPower;
use super::rules;
use super::serial::DeviceLock;
use super::state;
use super::stream::Stream;
use super::subdevice::Connection;
use super::subdevice::Subdevice;
use super::theirs::Theirs;
use crate::nt::At;
use crate::nt::Device;
use crate::nt::Kernel;
use crate::nt::abi::DO_DEVICE_INITIALIZING;
use crate::nt::abi::DO_POWER_PAGABLE;
use crate::nt::abi::DeviceObject;
use crate::nt::abi::DriverObject;
use crate::nt::abi::Irp;
use crate::nt::abi::NtStatus;
use crate::nt::abi::Pointer;
use crate::nt::abi::STATUS_INSUFFICIENT_RESOURCES;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_SUCCESS;

/// `FILE_DEVICE_KS`.
const FILE_DEVICE_KS: u32 = 0x2F;

/// `PCPFNSTARTDEVICE`.
pub(crate) type StartDevice = unsafe extern "win64" fn(*mut DeviceObject, *mut Irp, Pointer) -> NtStatus;

/// Where the device stands between AddDevice and its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Added,
    Started,
    StopPending,
    Stopped,
    RemovePending,
    SurpriseRemoved,
}

/// An adapter's device.
pub(crate) struct Fdo {
    pub(crate) kernel: &'static Kernel,
    pub(crate) device: Device,
    pub(crate) pdo: Device,
    /// The device below: what IRPs are passed to.
    pub(crate) lower: Device,
    pub(crate) start: StartDevice,
    pub(crate) most_objects: u32,
    pub(crate) phase: Cell<Phase>,
    pub(crate) subdevices: RefCell<Vec<Subdevice>>,
    pub(crate) connections: RefCell<Vec<Connection>>,
    pub(crate) timeouts: RefCell<Vec<IoTimeout>>,
    pub(crate) streams: RefCell<Vec<Weak<Stream>>>,
    pub(crate) power: RefCell<Option<Rc<AdapterPower>>>,
    pub(crate) device_power: Cell<i32>,
    pub(crate) system_power: Cell<i32>,
    /// How fast D3 must be left: `PC_EXIT_LATENCY`.
    pub(crate) exit_latency: Cell<i32>,
    /// The device state for each of the system's.
    pub(crate) device_states: Cell<[i32; 7]>,
    pub(crate) pnp: RefCell<Option<Rc<Theirs<IAdapterPnpManagement>>>>,
    /// What requests follow one another by.
    pub(crate) lock: DeviceLock,
}

impl Fdo {
    /// The adapter behind a device object, if it is one.
    pub(crate) fn of(kernel: &'static Kernel, device: *mut DeviceObject) -> Option<Rc<Self>> {
        state(kernel).adapters.borrow().iter().find(|fdo| fdo.device.pointer() == device).cloned()
    }

    /// `PcAddAdapterDevice` (portcls/nf-portcls-pcaddadapterdevice, devtest/audio-pcaddadapterdevice).
    pub(crate) fn add(
        kernel: &'static Kernel,
        driver: *mut DriverObject,
        pdo: *mut DeviceObject,
        start: Option<StartDevice>,
        most_objects: u32,
        extension: u32,
    ) -> NtStatus {
        if extension != 0 && extension < PORT_CLASS_DEVICE_EXTENSION_SIZE {
            let message = format!(
                "PcAddAdapterDevice: a device extension of {extension} bytes: 0, or at least {PORT_CLASS_DEVICE_EXTENSION_SIZE}"
            );
            let code = rules::code::ADD_ADAPTER_DEVICE;
            rules::stop(kernel, "PcAddAdapterDevice", code, u64::from(extension), message);
        }
        let (Some(start), false, false) = (start, driver.is_null(), pdo.is_null()) else {
            return STATUS_INVALID_PARAMETER;
        };
        if kernel.injection.fails("PcAddAdapterDevice") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let bytes = extension.max(PORT_CLASS_DEVICE_EXTENSION_SIZE) as usize;
        let device = kernel.make_device(driver, bytes, FILE_DEVICE_KS);
        let pdo = Device(pdo);
        let lower = kernel.attach(device, pdo);
        At::new(device.pointer()).with(|object| {
            object.flags |= DO_POWER_PAGABLE;
            object.flags &= !DO_DEVICE_INITIALIZING;
        });
        let fdo = Self {
            kernel,
            device,
            pdo,
            lower,
            start,
            most_objects,
            phase: Cell::new(Phase::Added),
            subdevices: RefCell::default(),
            connections: RefCell::default(),
            timeouts: RefCell::default(),
            streams: RefCell::default(),
            power: RefCell::default(),
            device_power: Cell::new(portcls::raw::PowerDeviceD0),
            system_power: Cell::new(portcls::raw::PowerSystemWorking),
            exit_latency: Cell::new(portcls::raw::PcExitLatencyInstant),
            device_states: Cell::new(bus::DEVICE_STATES),
            pnp: RefCell::default(),
            lock: DeviceLock::read(kernel),
        };
        state(kernel).adapters.borrow_mut().push(Rc::new(fdo));
        STATUS_SUCCESS
    }

    /// Whether clients may open pins.
    pub(crate) fn open_for_clients(&self) -> bool {
        matches!(self.phase.get(), Phase::Started)
    }

    /// The streams that are open.
    pub(crate) fn open_streams(&self) -> Vec<Rc<Stream>> {
        let mut streams = self.streams.borrow_mut();
        streams.retain(|stream| stream.upgrade().is_some_and(|stream| stream.open()));
        streams.iter().filter_map(Weak::upgrade).collect()
    }

    /// The device object goes, with everything that PortCls still held for it.
    pub(crate) fn delete(self: &Rc<Self>) {
        super::subdevice::clear(self);
        io_timeout::clear(self);
        drop(self.power.take());
        drop(self.pnp.take());
        state(self.kernel).adapters.borrow_mut().retain(|other| !Rc::ptr_eq(other, self));
        self.kernel.detach(self.lower);
        self.kernel.delete_device(self.device);
    }
}
