//! `Io*` exports: devices, IRPs, DMA adapters.

use core::ffi::c_void;

use super::At;
use super::Device;
use super::abi::DeviceDescription;
use super::abi::DeviceObject;
use super::abi::DmaAdapter;
use super::abi::DriverObject;
use super::abi::Irp;
use super::abi::NtStatus;
use super::abi::STATUS_INSUFFICIENT_RESOURCES;
use super::abi::STATUS_SUCCESS;
use super::abi::UnicodeString;
use super::exports::declare_exports;

declare_exports! { "ntoskrnl.exe";
    fn IofCallDriver(device: *mut DeviceObject, irp: *mut Irp) -> NtStatus |kernel| {
        kernel.check_new_request(irp);
        kernel.send_irp(device, irp)
    }

    fn IofCompleteRequest(irp: *mut Irp, _boost: i8) |kernel| {
        kernel.complete_irp(irp);
    }

    fn IoCreateDevice(
        driver: *mut DriverObject, extension: u32, _name: *mut UnicodeString, kind: u32,
        _characteristics: u32, _exclusive: u8, device: At<*mut DeviceObject>,
    ) -> NtStatus |kernel| {
        if kernel.injection.fails("IoCreateDevice") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        device.write(kernel.make_device(driver, extension as usize, kind).pointer());
        STATUS_SUCCESS
    }

    fn IoDeleteDevice(device: *mut DeviceObject) |kernel| {
        kernel.delete_device(Device(device));
    }

    fn IoAttachDeviceToDeviceStack(upper: *mut DeviceObject, lower: *mut DeviceObject) -> *mut DeviceObject |kernel| {
        kernel.attach(Device(upper), Device(lower)).pointer()
    }

    fn IoDetachDevice(lower: *mut DeviceObject) |kernel| {
        kernel.detach(Device(lower));
    }

    fn IoAllocateIrp(stack_size: i8, _quota: u8) -> *mut Irp |kernel| {
        if kernel.injection.fails("IoAllocateIrp") {
            return core::ptr::null_mut();
        }
        kernel.allocate_irp(stack_size)
    }

    fn IoFreeIrp(irp: *mut Irp) |kernel| {
        kernel.free_irp(irp);
    }

    fn IoGetDmaAdapter(
        device: *mut DeviceObject, description: At<DeviceDescription>, map_registers: At<u32>,
    ) -> *mut DmaAdapter |kernel| {
        if !kernel.io.owns(device.cast()) {
            return core::ptr::null_mut();
        }
        kernel.dma_adapter(description, map_registers)
    }

    fn IoGetDeviceObjectPointer(_name: *mut c_void, _access: u32, _file: *mut c_void, _device: *mut c_void) -> NtStatus |_kernel| {
        super::abi::STATUS_OBJECT_NAME_NOT_FOUND
    }
}
