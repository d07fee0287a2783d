//! The exports of portcls.sys: all that portcls.h declares.

use portcls::raw::GUID;
use portcls::raw::IUnknown;
use portcls::raw::PCSTREAMRESOURCE_DESCRIPTOR;

use super::bus;
use super::com;
use super::fdo::Fdo;
use super::fdo::StartDevice;
use super::interrupt_sync::InterruptSync;
use super::io_timeout;
use super::managers;
use super::pnp;
use super::port;
use super::power;
use super::resource_list;
use super::resource_list::List;
use super::resource_list::RawList;
use super::subdevice;
use super::subdevice::Far;
use super::wavepci::Group;
use crate::nt::At;
use crate::nt::abi::DeviceObject;
use crate::nt::abi::DriverAddDevice;
use crate::nt::abi::DriverObject;
use crate::nt::abi::Irp;
use crate::nt::abi::NtStatus;
use crate::nt::abi::Pointer;
use crate::nt::abi::STATUS_INSUFFICIENT_RESOURCES;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_NOT_SUPPORTED;
use crate::nt::abi::STATUS_OBJECT_NAME_NOT_FOUND;
use crate::nt::abi::STATUS_PENDING;
use crate::nt::abi::STATUS_SUCCESS;
use crate::nt::abi::UnicodeString;
use crate::nt::declare_exports;

/// `CmResourceTypeInterrupt`.
const INTERRUPT: i32 = 2;

/// The major functions that PortCls takes (portcls/nf-portcls-pcinitializeadapterdriver): CREATE, CLOSE, READ, WRITE,
/// FLUSH_BUFFERS, DEVICE_CONTROL, QUERY_SECURITY, SET_SECURITY, POWER, SYSTEM_CONTROL, PNP.
const HANDLED: [usize; 11] = [0x00, 0x02, 0x03, 0x04, 0x09, 0x0E, 0x14, 0x15, 0x16, 0x17, 0x1B];

declare_exports! { "portcls.sys";
    /// Fills in the driver object: the IRP handlers, `AddDevice`, and a `DriverUnload`.
    fn PcInitializeAdapterDriver(
        driver: *mut DriverObject, path: At<UnicodeString>, add: Option<DriverAddDevice>,
    ) -> NtStatus |kernel| {
        if driver.is_null() || path.is_null() || add.is_none() {
            return STATUS_INVALID_PARAMETER;
        }
        if kernel.injection.fails("PcInitializeAdapterDriver") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let dispatch = kernel.stub("PcDispatchIrp", PcDispatchIrp as *const ());
        let unload = kernel.stub("PortCls unload", unload as *const ());
        // SAFETY: stubs that jump to routines of these very types.
        let (dispatch, unload) = unsafe { (core::mem::transmute::<*const (), crate::nt::abi::DriverDispatch>(dispatch),
            core::mem::transmute::<*const (), crate::nt::abi::DriverUnload>(unload)) };
        let extension = At::new(driver).with(|driver| {
            for major in HANDLED {
                driver.major_function[major] = Some(dispatch);
            }
            driver.driver_unload = Some(unload);
            driver.driver_extension
        });
        At::new(extension).with(|extension| extension.add_device = add);
        STATUS_SUCCESS
    }

    fn PcDispatchIrp(device: *mut DeviceObject, irp: *mut Irp) -> NtStatus |kernel| {
        pnp::dispatch(kernel, device, irp)
    }

    fn PcAddAdapterDevice(
        driver: *mut DriverObject, pdo: *mut DeviceObject, start: Option<StartDevice>, most: u32, extension: u32,
    ) -> NtStatus |kernel| {
        Fdo::add(kernel, driver, pdo, start, most, extension)
    }

    fn PcCompleteIrp(_device: *mut DeviceObject, irp: *mut Irp, status: NtStatus) -> NtStatus |kernel| {
        if status == STATUS_PENDING {
            return STATUS_INVALID_PARAMETER;
        }
        pnp::complete(kernel, irp, status)
    }

    fn PcForwardIrpSynchronous(device: *mut DeviceObject, irp: *mut Irp) -> NtStatus |kernel| {
        match Fdo::of(kernel, device) {
            Some(fdo) => pnp::forward(&fdo, irp),
            None => STATUS_INVALID_PARAMETER,
        }
    }

    fn PcRegisterSubdevice(device: *mut DeviceObject, name: *const u16, unknown: Pointer) -> NtStatus |kernel| {
        subdevice::register(kernel, device, name, unknown)
    }

    fn PcRegisterPhysicalConnection(
        device: *mut DeviceObject, from: Pointer, from_pin: u32, to: Pointer, to_pin: u32,
    ) -> NtStatus |kernel| {
        subdevice::connect(kernel, device, Far::Port(from), from_pin, Far::Port(to), to_pin)
    }

    fn PcRegisterPhysicalConnectionToExternal(
        device: *mut DeviceObject, from: Pointer, from_pin: u32, to: At<UnicodeString>, to_pin: u32,
    ) -> NtStatus |kernel| {
        subdevice::connect(kernel, device, Far::Port(from), from_pin, Far::external(to), to_pin)
    }

    fn PcRegisterPhysicalConnectionFromExternal(
        device: *mut DeviceObject, from: At<UnicodeString>, from_pin: u32, to: Pointer, to_pin: u32,
    ) -> NtStatus |kernel| {
        subdevice::connect(kernel, device, Far::external(from), from_pin, Far::Port(to), to_pin)
    }

    /// WaveRT, WavePci and topology ports; the others are not played.
    fn PcNewPort(out: At<Pointer>, class: At<GUID>) -> NtStatus |kernel| {
        out.write(core::ptr::null_mut());
        if kernel.injection.fails("PcNewPort") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        match port::create(kernel, &class.read()) {
            Ok(port) => {
                out.write(port);
                STATUS_SUCCESS
            }
            Err(status) => status,
        }
    }

    /// The miniports of PortCls itself (UART, FM synthesizer) are not played.
    fn PcNewMiniport(out: At<Pointer>, _class: At<GUID>) -> NtStatus |_kernel| {
        out.write(core::ptr::null_mut());
        STATUS_NOT_SUPPORTED
    }

    /// Channels of system DMA belong to WaveCyclic, which is not played; a bus master's come from its port.
    fn PcNewDmaChannel(
        out: At<Pointer>, _outer: Pointer, _pool: i32, _description: Pointer, _device: *mut DeviceObject,
    ) -> NtStatus |_kernel| {
        out.write(core::ptr::null_mut());
        STATUS_NOT_SUPPORTED
    }

    fn PcNewServiceGroup(out: At<Pointer>, _outer: Pointer) -> NtStatus |kernel| {
        out.write(core::ptr::null_mut());
        if kernel.injection.fails("PcNewServiceGroup") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        out.write(Group::create(kernel));
        STATUS_SUCCESS
    }

    fn PcNewResourceList(
        out: At<Pointer>, _outer: Pointer, _pool: i32, translated: At<RawList>, raw: At<RawList>,
    ) -> NtStatus |kernel| {
        out.write(core::ptr::null_mut());
        if kernel.injection.fails("PcNewResourceList") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let entries = [translated, raw].map(resource_list::copy);
        let [Some(translated), Some(raw)] = entries else { return STATUS_INVALID_PARAMETER };
        let most = translated.partial_count;
        out.write(List::create(kernel, translated, raw, most));
        STATUS_SUCCESS
    }

    fn PcNewResourceSublist(
        out: At<Pointer>, _outer: Pointer, _pool: i32, parent: Pointer, most: u32,
    ) -> NtStatus |kernel| {
        out.write(core::ptr::null_mut());
        if com::find::<List>(kernel, parent).is_none() || most == 0 {
            return STATUS_INVALID_PARAMETER;
        }
        if kernel.injection.fails("PcNewResourceSublist") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        out.write(List::create_sublist(kernel, most));
        STATUS_SUCCESS
    }

    fn PcNewInterruptSync(
        out: At<Pointer>, _outer: Pointer, list: Pointer, index: u32, mode: i32,
    ) -> NtStatus |kernel| {
        out.write(core::ptr::null_mut());
        let listed = com::find::<List>(kernel, list).and_then(|list| list.translated(INTERRUPT, index));
        let Some(source) = listed.and_then(|entry| bus::interrupt_source(kernel, entry)) else { return STATUS_INVALID_PARAMETER };
        if kernel.injection.fails("PcNewInterruptSync") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let Some(sync) = InterruptSync::create(kernel, mode, source) else { return STATUS_INVALID_PARAMETER };
        out.write(sync);
        STATUS_SUCCESS
    }

    /// The device was never installed: no key of it exists.
    fn PcNewRegistryKey(
        out: At<Pointer>, _outer: Pointer, _kind: u32, _access: u32, _device: Pointer, _subdevice: Pointer,
        _attributes: Pointer, _options: u32, _disposition: Pointer,
    ) -> NtStatus |_kernel| {
        out.write(core::ptr::null_mut());
        STATUS_OBJECT_NAME_NOT_FOUND
    }

    fn PcGetDeviceProperty(
        device: *mut DeviceObject, property: i32, length: u32, buffer: Pointer, result: At<u32>,
    ) -> NtStatus |kernel| {
        if Fdo::of(kernel, device).is_none() {
            return STATUS_INVALID_PARAMETER;
        }
        bus::device_property(kernel, property, length, buffer, result)
    }

    /// Time since `since`, both in units of 100 ns.
    fn PcGetTimeInterval(since: u64) -> u64 |kernel| {
        kernel.interrupt_time().wrapping_sub(since)
    }

    fn PcGetPhysicalDeviceObject(device: *mut DeviceObject, out: At<*mut DeviceObject>) -> NtStatus |kernel| {
        let Some(fdo) = Fdo::of(kernel, device) else { return STATUS_INVALID_PARAMETER };
        out.write(fdo.pdo.pointer());
        STATUS_SUCCESS
    }

    fn PcRegisterAdapterPowerManagement(unknown: *mut IUnknown, device: *mut DeviceObject) -> NtStatus |kernel| {
        power::register(kernel, unknown, device)
    }

    fn PcUnregisterAdapterPowerManagement(device: *mut DeviceObject) -> NtStatus |kernel| {
        power::unregister(kernel, device)
    }

    fn PcRegisterAdapterPnpManagement(unknown: *mut IUnknown, device: *mut DeviceObject) -> NtStatus |kernel| {
        power::register_pnp(kernel, unknown, device)
    }

    fn PcUnregisterAdapterPnpManagement(device: *mut DeviceObject) -> NtStatus |kernel| {
        power::unregister_pnp(kernel, device)
    }

    fn PcRequestNewPowerState(device: *mut DeviceObject, to: i32) -> NtStatus |kernel| {
        let Some(fdo) = Fdo::of(kernel, device) else { return STATUS_INVALID_PARAMETER };
        power::request(&fdo, to)
    }

    /// There is no power framework here to be told.
    fn PcAssignPowerFrameworkSettings(_device: *mut DeviceObject, _settings: Pointer) -> NtStatus |_kernel| {
        STATUS_NOT_SUPPORTED
    }

    fn PcAddStreamResource(
        pdo: *mut DeviceObject, set: Pointer, descriptor: At<PCSTREAMRESOURCE_DESCRIPTOR>, handle: At<u64>,
    ) -> NtStatus |kernel| {
        managers::add(kernel, pdo, set, descriptor, handle, "PcAddStreamResource")
    }

    fn PcRemoveStreamResource(handle: u64) -> NtStatus |kernel| {
        managers::remove(kernel, handle)
    }

    fn PcRegisterIoTimeout(
        device: *mut DeviceObject, routine: Option<io_timeout::Routine>, context: Pointer,
    ) -> NtStatus |kernel| {
        io_timeout::register(kernel, device, routine, context)
    }

    fn PcUnregisterIoTimeout(
        device: *mut DeviceObject, routine: Option<io_timeout::Routine>, context: Pointer,
    ) -> NtStatus |kernel| {
        io_timeout::unregister(kernel, device, routine, context)
    }

    /// No request is ever left pending here: one that is, stops the run where it is made.
    fn PcCompletePendingPropertyRequest(request: Pointer, status: NtStatus) -> NtStatus |kernel| {
        if status == STATUS_PENDING {
            let message = "PcCompletePendingPropertyRequest completes a request with STATUS_PENDING".to_owned();
            super::rules::stop(kernel, "PcPropertyRequest", super::rules::code::PROPERTY_REQUEST, request as u64, message);
        }
        STATUS_INVALID_PARAMETER
    }

    fn PcAddContentHandlers(_content: u32, _handlers: Pointer, _count: u32) -> NtStatus |_kernel| {
        STATUS_NOT_SUPPORTED
    }

    fn PcCreateContentMixed(_contents: Pointer, _count: u32, _mixed: Pointer) -> NtStatus |_kernel| {
        STATUS_NOT_SUPPORTED
    }

    fn PcDestroyContent(_content: u32) -> NtStatus |_kernel| { STATUS_NOT_SUPPORTED }

    fn PcForwardContentToDeviceObject(_content: u32, _reserved: Pointer, _forward: Pointer) -> NtStatus |_kernel| {
        STATUS_NOT_SUPPORTED
    }

    fn PcForwardContentToFileObject(_content: u32, _file: Pointer) -> NtStatus |_kernel| { STATUS_NOT_SUPPORTED }

    fn PcForwardContentToInterface(_content: u32, _unknown: Pointer, _methods: u32) -> NtStatus |_kernel| {
        STATUS_NOT_SUPPORTED
    }

    fn PcGetContentRights(_content: u32, _rights: Pointer) -> NtStatus |_kernel| { STATUS_NOT_SUPPORTED }
}

/// The `DriverUnload` that PortCls installs: drivers that chain their own call it last.
unsafe extern "win64" fn unload(_driver: *mut DriverObject) {
    crate::nt::gate(|_kernel| {});
}
