//! A driver and its device, driven through their life as the PnP manager does it.

mod upheaval;

use std::cell::Cell;
use std::rc::Rc;

use portcls::raw::DEVICE_DESCRIPTION;
use portcls::raw::GUID;

use super::bus;
use super::bus_interface;
use super::endpoint;
use super::endpoint::Endpoint;
use super::events;
use super::events::EventHandle;
use super::events::EventId;
use super::events::Generated;
use super::fdo::Fdo;
use super::fdo::Phase;
use super::filter::DataRange;
use super::intersection;
use super::intersection::Intersection;
use super::irp;
use super::port_helpers::Traced;
use super::power;
use super::property;
use super::rules;
use super::state;
use super::subdevice;
use crate::nt::At;
use crate::nt::ClientEvent;
use crate::nt::Device;
use crate::nt::Kernel;
use crate::nt::abi::DriverEntry;
use crate::nt::abi::DriverObject;
use crate::nt::abi::IRP_MJ_PNP;
use crate::nt::abi::IRP_MN_CANCEL_REMOVE_DEVICE;
use crate::nt::abi::IRP_MN_CANCEL_STOP_DEVICE;
use crate::nt::abi::IRP_MN_FILTER_RESOURCE_REQUIREMENTS;
use crate::nt::abi::IRP_MN_QUERY_CAPABILITIES;
use crate::nt::abi::IRP_MN_QUERY_DEVICE_RELATIONS;
use crate::nt::abi::IRP_MN_QUERY_PNP_DEVICE_STATE;
use crate::nt::abi::IRP_MN_QUERY_REMOVE_DEVICE;
use crate::nt::abi::IRP_MN_QUERY_STOP_DEVICE;
use crate::nt::abi::IRP_MN_REMOVE_DEVICE;
use crate::nt::abi::IRP_MN_START_DEVICE;
use crate::nt::abi::IRP_MN_STOP_DEVICE;
use crate::nt::abi::IRP_MN_SURPRISE_REMOVAL;
use crate::nt::abi::NtStatus;
use crate::nt::abi::STATUS_INVALID_DEVICE_REQUEST;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_SUCCESS;
use crate::nt::abi::STATUS_UNSUCCESSFUL;
use crate::nt::abi::UnicodeString;

/// `BusRelations` of `DEVICE_RELATION_TYPE`.
const BUS_RELATIONS: u64 = 0;

/// A driver image in memory.
#[derive(Clone, Debug)]
pub struct Image {
    /// Name of the service: what `\Driver\` and the registry path end with.
    pub name: String,
    /// Where it begins.
    pub base: u64,
    /// Its bytes in memory.
    pub size: u32,
    /// `DriverEntry`.
    pub entry: DriverEntry,
}

/// A loaded driver, and the device that it drives.
///
/// Everything here is called on a thread of the rig's, at PASSIVE_LEVEL.
pub struct Adapter {
    kernel: &'static Kernel,
    driver: *mut DriverObject,
    pdo: Cell<Option<Device>>,
}

impl Adapter {
    /// Calls `DriverEntry`.
    ///
    /// # Errors
    /// What `DriverEntry` returns; nothing of the driver may be left then, which is looked at.
    pub fn load(kernel: &'static Kernel, image: &Image) -> Result<Self, NtStatus> {
        let driver = kernel.make_driver(&image.name, image.base, image.size);
        let path = format!("\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Services\\{}", image.name);
        let mut units: Vec<u16> = path.encode_utf16().collect();
        let bytes = (units.len() * 2) as u16;
        let mut path = UnicodeString { length: bytes, maximum_length: bytes, buffer: units.as_mut_ptr() };
        let status = kernel.call_driver("DriverEntry", 0, || {
            // SAFETY: the image's entry point, with a driver object and a path that outlives the call.
            unsafe { (image.entry)(driver, &raw mut path) }
        });
        if status < 0 {
            kernel.verifier.check_unloaded(kernel);
            return Err(status);
        }
        Ok(Self { kernel, driver, pdo: Cell::new(None) })
    }

    /// The machine.
    pub fn kernel(&self) -> &'static Kernel {
        self.kernel
    }

    pub(crate) fn fdo(&self) -> Option<Rc<Fdo>> {
        let pdo = self.pdo.get()?;
        state(self.kernel).adapters.borrow().iter().find(|fdo| fdo.pdo == pdo).cloned()
    }

    /// The bus finds the device: calls `AddDevice`.
    pub fn add_device(&self) -> NtStatus {
        let extension = At::new(self.driver).with(|driver| driver.driver_extension);
        let Some(add) = At::new(extension).with(|extension| extension.add_device) else {
            return STATUS_INVALID_PARAMETER;
        };
        let pdo = bus::enumerate(self.kernel);
        let status = self.kernel.call_driver("AddDevice", 0, || {
            // SAFETY: the driver put this routine into its driver object.
            unsafe { add(self.driver, pdo.pointer()) }
        });
        self.pdo.set(Some(pdo));
        if status >= 0 && self.fdo().is_some() {
            return status;
        }
        self.pdo.set(None);
        self.kernel.delete_device(pdo);
        if status < 0 { status } else { STATUS_UNSUCCESSFUL }
    }

    fn pnp(&self, minor: u8, parameters: [u64; 4]) -> NtStatus {
        match self.pdo.get() {
            Some(pdo) => irp::send(self.kernel, pdo, IRP_MJ_PNP, minor, parameters),
            None => STATUS_INVALID_DEVICE_REQUEST,
        }
    }

    fn lost(&self, when: &str) {
        self.kernel.verifier.set_device_owned(false);
        self.kernel.verifier.check_device_released(self.kernel, when);
    }

    /// `IRP_MN_START_DEVICE` with the function's resources. A failed start is followed by `remove`.
    pub fn start(&self) -> NtStatus {
        let (raw, translated) = bus::resources(self.kernel);
        let lists = [&raw const raw as u64, &raw const translated as u64, 0, 0];
        self.pnp(IRP_MN_FILTER_RESOURCE_REQUIREMENTS, [0; 4]);
        let status = self.pnp(IRP_MN_START_DEVICE, lists);
        if status < 0 {
            self.lost("a failed start");
        } else {
            self.ask_around();
        }
        status
    }

    /// What the PnP manager asks of a device that has just been started. The answers change nothing here.
    fn ask_around(&self) {
        let mut capabilities = power::capabilities();
        self.pnp(IRP_MN_QUERY_CAPABILITIES, [capabilities.as_mut_ptr() as u64, 0, 0, 0]);
        self.pnp(IRP_MN_QUERY_PNP_DEVICE_STATE, [0; 4]);
        self.pnp(IRP_MN_QUERY_DEVICE_RELATIONS, [BUS_RELATIONS, 0, 0, 0]);
    }

    /// `IRP_MN_QUERY_STOP_DEVICE` and, if nobody objects, `IRP_MN_STOP_DEVICE`. `start` may follow.
    pub fn stop(&self) -> NtStatus {
        let status = self.pnp(IRP_MN_QUERY_STOP_DEVICE, [0; 4]);
        if status < 0 {
            self.pnp(IRP_MN_CANCEL_STOP_DEVICE, [0; 4]);
            return status;
        }
        let status = self.pnp(IRP_MN_STOP_DEVICE, [0; 4]);
        self.lost("IRP_MN_STOP_DEVICE");
        status
    }

    /// The device is torn out, then `IRP_MN_SURPRISE_REMOVAL` tells the driver. Pins stay open until their
    /// clients close them; `remove` comes after that.
    pub fn surprise_remove(&self) -> NtStatus {
        self.tear_out();
        self.report_removal()
    }

    /// The same, with something that goes on between the device's end and the driver's hearing of it.
    pub fn surprise_remove_under(&self, meanwhile: impl FnOnce()) -> NtStatus {
        self.tear_out();
        meanwhile();
        self.report_removal()
    }

    /// The same for a device that goes only after the driver has been told: as when its bus is shut down.
    pub fn surprise_remove_told_first(&self) -> NtStatus {
        let status = self.report_removal();
        self.tear_out();
        status
    }

    fn tear_out(&self) {
        let torn_out = self.kernel.hardware.borrow_mut().remove();
        if let Err(error) = torn_out {
            self.kernel.hardware_failed(&error.to_string());
        }
        self.kernel.foreign_interrupt();
    }

    fn report_removal(&self) -> NtStatus {
        let status = self.pnp(IRP_MN_SURPRISE_REMOVAL, [0; 4]);
        self.lost("IRP_MN_SURPRISE_REMOVAL");
        status
    }

    /// `IRP_MN_REMOVE_DEVICE`, asked for before unless the device is gone already. With open pins it is refused; where
    /// `AddDevice` failed there is nothing to remove.
    pub fn remove(&self) -> NtStatus {
        let Some(fdo) = self.fdo() else { return STATUS_SUCCESS };
        if fdo.phase.get() != Phase::SurpriseRemoved && fdo.phase.get() != Phase::Added {
            let status = self.pnp(IRP_MN_QUERY_REMOVE_DEVICE, [0; 4]);
            if status < 0 {
                self.pnp(IRP_MN_CANCEL_REMOVE_DEVICE, [0; 4]);
                return status;
            }
        }
        if !fdo.open_streams().is_empty() {
            return STATUS_UNSUCCESSFUL;
        }
        drop(fdo);
        let status = self.pnp(IRP_MN_REMOVE_DEVICE, [0; 4]);
        self.lost("IRP_MN_REMOVE_DEVICE");
        bus_interface::check_released(self.kernel, "IRP_MN_REMOVE_DEVICE");
        if let Some(pdo) = self.pdo.take() {
            self.kernel.delete_device(pdo);
        }
        status
    }

    /// `DriverUnload`, and the look at what is left. Whether all is well.
    pub fn unload(self) -> bool {
        if let Some(unload) = At::new(self.driver).with(|driver| driver.driver_unload) {
            self.kernel.call_driver("DriverUnload", 0, || {
                // SAFETY: the routine in the driver's own object, once, with no device left to it.
                unsafe { unload(self.driver) }
            });
        }
        let before = self.kernel.verifier.findings().len();
        let devices = self.kernel.devices_of(self.driver);
        if devices > 0 {
            let message = format!("unloaded with {devices} device object(s) not deleted");
            rules::note(self.kernel, "DeviceLeft", rules::code::DEVICE_LEFT, devices as u64, message);
        }
        let payloads = state(self.kernel).payloads.borrow().len();
        if payloads > 0 {
            rules::object_left(self.kernel, "notification buffer", payloads as u32);
        }
        for (kind, references) in state(self.kernel).objects.alive() {
            rules::object_left(self.kernel, kind, references);
        }
        let clean = self.kernel.verifier.check_unloaded(self.kernel);
        clean && self.kernel.verifier.findings().len() == before
    }

    /// Names of the registered subdevices.
    pub fn subdevices(&self) -> Vec<String> {
        let names = |fdo: Rc<Fdo>| fdo.subdevices.borrow().iter().map(|each| each.name.clone()).collect();
        self.fdo().map_or_else(Vec::new, names)
    }

    /// The device interfaces that clients find: class, and reference string, which is the subdevice's name.
    pub fn device_interfaces(&self) -> Vec<(GUID, String)> {
        let as_guid = |(class, reference): ([u8; 16], String)| {
            // SAFETY: sixteen bytes of any value are a GUID.
            (unsafe { core::mem::transmute::<[u8; 16], GUID>(class) }, reference)
        };
        self.kernel.enabled_interfaces().into_iter().map(as_guid).collect()
    }

    /// The endpoints that Windows would build.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        self.fdo().map_or_else(Vec::new, |fdo| endpoint::endpoints(&fdo))
    }

    /// The endpoints that play, in the order in which their filters were registered.
    pub fn render_endpoints(&self) -> Vec<Endpoint> {
        self.endpoints().into_iter().filter(|endpoint| !endpoint.capture).collect()
    }

    /// The endpoints that record, in that order.
    pub fn capture_endpoints(&self) -> Vec<Endpoint> {
        self.endpoints().into_iter().filter(|endpoint| endpoint.capture).collect()
    }

    /// The first endpoint that plays.
    pub fn render_endpoint(&self) -> Option<Endpoint> {
        self.endpoints().into_iter().find(|endpoint| !endpoint.capture)
    }

    /// The first endpoint that records.
    pub fn capture_endpoint(&self) -> Option<Endpoint> {
        self.endpoints().into_iter().find(|endpoint| endpoint.capture)
    }

    /// `KSPROPERTY_PIN_DATARANGES`.
    ///
    /// # Errors
    /// If there is no such filter or pin.
    pub fn data_ranges(&self, subdevice: &str, pin: u32) -> Result<Vec<DataRange>, NtStatus> {
        let binding = self.binding(subdevice)?;
        let pin = binding.filter.pins.get(pin as usize).ok_or(STATUS_INVALID_PARAMETER)?;
        Ok(pin.ranges.clone())
    }

    fn binding(&self, subdevice: &str) -> Result<Rc<super::binding::Binding>, NtStatus> {
        let fdo = self.fdo().ok_or(STATUS_INVALID_DEVICE_REQUEST)?;
        subdevice::find(&fdo, subdevice)?.binding().ok_or(STATUS_INVALID_DEVICE_REQUEST)
    }

    /// `KSPROPERTY_TOPOLOGY_NODES`: the types of a filter's nodes.
    ///
    /// # Errors
    /// If there is no such filter.
    pub fn nodes(&self, subdevice: &str) -> Result<Vec<GUID>, NtStatus> {
        Ok(self.binding(subdevice)?.filter.nodes.iter().map(|node| node.kind.unwrap_or(GUID::ZERO)).collect())
    }

    /// `KSPROPERTY_PIN_DATAINTERSECTION` of the client's range (a `KSDATARANGE` as bytes) with one of the pin's.
    /// `length` is the client's room.
    ///
    /// # Errors
    /// If there is no such filter, pin or range.
    pub fn intersect(
        &self,
        subdevice: &str,
        pin: u32,
        range: &[u8],
        own: usize,
        length: u32,
    ) -> Result<Intersection, NtStatus> {
        self.under_lock(|| {
            let binding = self.binding(subdevice)?;
            let description = binding.filter.pins.get(pin as usize).ok_or(STATUS_INVALID_PARAMETER)?;
            let own = description.ranges.get(own).ok_or(STATUS_INVALID_PARAMETER)?;
            Ok(intersection::intersect(self.kernel, &binding, pin, range, own, length))
        })
    }

    /// `KSPROPERTY_AUDIOSIGNALPROCESSING_MODES` of a pin.
    ///
    /// # Errors
    /// The driver's; `STATUS_NOT_SUPPORTED` without `IMiniportAudioSignalProcessing`.
    pub fn processing_modes(&self, subdevice: &str, pin: u32) -> Result<Vec<GUID>, NtStatus> {
        self.under_lock(|| self.binding(subdevice)?.processing_modes(pin))
    }

    /// `IMiniportWaveRT::GetDeviceDescription`.
    ///
    /// # Errors
    /// The driver's; `STATUS_NOT_IMPLEMENTED` of a topology filter.
    pub fn device_description(&self, subdevice: &str) -> Result<DEVICE_DESCRIPTION, NtStatus> {
        self.binding(subdevice)?.device_description()
    }

    /// A property request to a filter or one of its nodes; the status and the size of the value that was left.
    ///
    /// # Errors
    /// If there is no such filter, node, set or property, or the item does not support the verb.
    pub fn property(
        &self,
        subdevice: &str,
        request: &property::Request<'_>,
        value: &mut [u8],
    ) -> Result<(NtStatus, u32), NtStatus> {
        self.under_lock(|| property::send(self.kernel, &*self.binding(subdevice)?, request, value))
    }

    /// Enables an event of a filter: it is signalled when the driver says so.
    ///
    /// # Errors
    /// The handler's; if there is no such filter or event.
    pub fn enable_event(
        &self,
        subdevice: &str,
        id: EventId,
        event: &ClientEvent,
    ) -> Result<EventHandle, NtStatus> {
        events::enable(self.kernel, self.binding(subdevice)?, id, event)
    }

    /// The events that the driver has signalled through its ports.
    pub fn generated_events(&self) -> Vec<Generated> {
        state(self.kernel).generated.borrow().clone()
    }

    /// What the driver has written for traces.
    pub fn traced(&self) -> Vec<Traced> {
        state(self.kernel).traced.borrow().clone()
    }
}
