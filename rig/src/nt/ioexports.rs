//! `Io*` exports: devices, IRPs, interrupts, DMA adapters.

use core::ffi::c_void;

use super::At;
use super::Device;
use super::InterruptState;
use super::abi::CONNECT_FULLY_SPECIFIED;
use super::abi::CONNECT_LINE_BASED;
use super::abi::DeviceDescription;
use super::abi::DeviceObject;
use super::abi::DmaAdapter;
use super::abi::DriverObject;
use super::abi::IoConnectInterruptParameters;
use super::abi::IoDisconnectInterruptParameters;
use super::abi::Irp;
use super::abi::NtStatus;
use super::abi::STATUS_INSUFFICIENT_RESOURCES;
use super::abi::STATUS_INVALID_PARAMETER;
use super::abi::STATUS_NOT_SUPPORTED;
use super::abi::STATUS_SUCCESS;
use super::abi::UnicodeString;
use super::exports::declare_exports;
use super::interrupt::DEVICE_IRQL;
use super::interrupt::DEVICE_VECTOR;

/// `DMA_ADAPTER` descriptions of other versions are shaped otherwise.
const DEVICE_DESCRIPTION_VERSIONS: core::ops::RangeInclusive<u32> = 0..=3;

/// `LevelSensitive` of `KINTERRUPT_MODE`.
const LEVEL_SENSITIVE: u32 = 0;

declare_exports! { "ntoskrnl.exe";
    fn IofCallDriver(device: *mut DeviceObject, irp: *mut Irp) -> NtStatus |kernel| {
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

    /// Line-level interrupts, fully specified or by the device's line.
    fn IoConnectInterruptEx(parameters: At<IoConnectInterruptParameters>) -> NtStatus |kernel| {
        let version = parameters.with(|parameters| parameters.version);
        if version != CONNECT_FULLY_SPECIFIED && version != CONNECT_LINE_BASED {
            return STATUS_NOT_SUPPORTED;
        }
        let wanted = parameters.with(|parameters| parameters.fully_specified);
        let Some(routine) = wanted.service_routine else { return STATUS_INVALID_PARAMETER };
        if !kernel.io.owns(wanted.physical_device_object.cast()) {
            return STATUS_INVALID_PARAMETER;
        }
        // As the translated resource says: this vector and level, shared, level-sensitive.
        if version == CONNECT_FULLY_SPECIFIED
            && (wanted.vector != DEVICE_VECTOR
                || wanted.irql != DEVICE_IRQL
                || wanted.synchronize_irql < wanted.irql
                || wanted.share_vector == 0
                || wanted.interrupt_mode != LEVEL_SENSITIVE
                || wanted.processor_enable_mask & 1 == 0)
        {
            return STATUS_INVALID_PARAMETER;
        }
        if kernel.injection.fails("IoConnectInterruptEx") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let interrupt = InterruptState::new(routine, wanted.service_context, DEVICE_IRQL);
        At::new(wanted.interrupt_object).write(interrupt.pointer());
        kernel.interrupts.connect(interrupt);
        kernel.foreign_interrupt();
        STATUS_SUCCESS
    }

    fn IoDisconnectInterruptEx(parameters: At<IoDisconnectInterruptParameters>) |kernel| {
        let pointer = parameters.with(|parameters| parameters.interrupt_object);
        kernel.verifier.check_interrupt_unregistered(kernel, pointer);
        kernel.foreign_interrupt();
        if !kernel.interrupts.disconnect(pointer) {
            kernel.verifier.bad_interrupt(kernel, pointer as u64);
        }
    }

    fn IoGetDmaAdapter(
        device: *mut DeviceObject, description: At<DeviceDescription>, map_registers: At<u32>,
    ) -> *mut DmaAdapter |kernel| {
        let description = description.read();
        let shape = kernel.io.owns(device.cast()) && DEVICE_DESCRIPTION_VERSIONS.contains(&description.version) && description.master != 0;
        if !shape || kernel.injection.fails("IoGetDmaAdapter") {
            return core::ptr::null_mut();
        }
        map_registers.write(description.maximum_length.div_ceil(4096).max(1) + 1);
        kernel.make_dma_adapter(&description)
    }

    fn IoGetDeviceObjectPointer(_name: *mut c_void, _access: u32, _file: *mut c_void, _device: *mut c_void) -> NtStatus |_kernel| {
        super::abi::STATUS_OBJECT_NAME_NOT_FOUND
    }
}
