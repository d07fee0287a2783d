//! Driver and device objects, device stacks and IRPs.

use core::ffi::c_void;
use std::cell::RefCell;

use super::At;
use super::Kernel;
use super::abi::CompletionRoutine;
use super::abi::DO_DEVICE_INITIALIZING;
use super::abi::DeviceObject;
use super::abi::DriverDispatch;
use super::abi::DriverExtension;
use super::abi::DriverObject;
use super::abi::IoStackLocation;
use super::abi::IoStatusBlock;
use super::abi::Irp;
use super::abi::NtStatus;
use super::abi::SL_INVOKE_ON_ERROR;
use super::abi::SL_INVOKE_ON_SUCCESS;
use super::abi::STATUS_INVALID_DEVICE_REQUEST;
use super::abi::UnicodeString;

/// `STATUS_MORE_PROCESSING_REQUIRED`: a completion routine takes the IRP back.
const STATUS_MORE_PROCESSING_REQUIRED: NtStatus = 0xC000_0016_u32 as i32;

/// The first status with the severity of an error.
const FIRST_ERROR: u32 = 0xC000_0000;

/// A device object of some driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Device(pub(crate) *mut DeviceObject);

impl Device {
    /// The driver's pointer to it.
    pub fn pointer(self) -> *mut DeviceObject {
        self.0
    }
}

struct OwnedDevice {
    object: *mut DeviceObject,
    _memory: Box<[u128]>,
}

struct OwnedIrp {
    pointer: *mut Irp,
    /// The I/O manager frees it at its end.
    ends_by_itself: bool,
    _memory: Box<[u128]>,
}

/// All objects of the I/O manager.
#[derive(Default)]
pub(crate) struct Io {
    drivers: RefCell<Vec<*mut DriverObject>>,
    devices: RefCell<Vec<OwnedDevice>>,
    irps: RefCell<Vec<OwnedIrp>>,
}

impl Io {
    pub(crate) fn owns(&self, pointer: *mut c_void) -> bool {
        self.devices.borrow().iter().any(|device| device.object.cast() == pointer)
            || self.drivers.borrow().iter().any(|driver| driver.cast() == pointer)
    }
}

impl Io {
    /// The I/O manager frees this IRP at its end.
    pub(super) fn ends_by_itself(&self, irp: *mut Irp) {
        let mut irps = self.irps.borrow_mut();
        irps.iter_mut().filter(|owned| owned.pointer == irp).for_each(|owned| owned.ends_by_itself = true);
    }

    /// IRPs not freed.
    pub(crate) fn irps_left(&self) -> usize {
        self.irps.borrow().len()
    }
}

unsafe extern "win64" fn invalid_request(_device: *mut DeviceObject, irp: *mut Irp) -> NtStatus {
    let kernel = super::kernel();
    At::new(irp)
        .with(|irp| irp.io_status = IoStatusBlock { status: STATUS_INVALID_DEVICE_REQUEST, information: 0 });
    kernel.complete_irp(irp);
    STATUS_INVALID_DEVICE_REQUEST
}

fn leak_text(text: &str) -> UnicodeString {
    let units: &'static mut [u16] = Box::leak(text.encode_utf16().collect());
    let bytes = (units.len() * 2) as u16;
    UnicodeString { length: bytes, maximum_length: bytes, buffer: units.as_mut_ptr() }
}

impl Kernel {
    /// A driver object whose every entry refuses, as the I/O manager makes it.
    pub fn make_driver(&self, name: &str, start: u64, size: u32) -> *mut DriverObject {
        let extension = Box::leak(Box::new(DriverExtension {
            driver_object: core::ptr::null_mut(),
            add_device: None,
            count: 0,
            service_key_name: leak_text(name),
        }));
        let driver = Box::leak(Box::new(DriverObject {
            kind: 4,
            size: size_of::<DriverObject>() as i16,
            device_object: core::ptr::null_mut(),
            flags: 0,
            driver_start: start as *mut c_void,
            driver_size: size,
            driver_section: core::ptr::null_mut(),
            driver_extension: extension,
            driver_name: leak_text(&format!("\\Driver\\{name}")),
            hardware_database: core::ptr::null_mut(),
            fast_io_dispatch: core::ptr::null_mut(),
            driver_init: core::ptr::null_mut(),
            driver_start_io: core::ptr::null_mut(),
            driver_unload: None,
            major_function: [Some(invalid_request); super::abi::MAJOR_FUNCTIONS],
        }));
        extension.driver_object = driver;
        self.registry.create(&format!("\\Registry\\Machine\\System\\CurrentControlSet\\Services\\{name}"));
        self.io.drivers.borrow_mut().push(driver);
        driver
    }

    /// `IoCreateDevice`: a device object with `extension` zeroed bytes of device extension behind it.
    pub fn make_device(&self, driver: *mut DriverObject, extension: usize, device_type: u32) -> Device {
        let header = size_of::<DeviceObject>() / 16;
        let mut memory = vec![0_u128; header + extension.div_ceil(16)].into_boxed_slice();
        let object: *mut DeviceObject = memory.as_mut_ptr().cast();
        let extension_pointer =
            if extension == 0 { core::ptr::null_mut() } else { object.wrapping_add(1).cast::<c_void>() };
        At::new(object).with(|device| {
            device.kind = 3;
            device.size = (size_of::<DeviceObject>() + extension) as u16;
            device.driver_object = driver;
            device.device_extension = extension_pointer;
            device.device_type = device_type;
            device.stack_size = 1;
            device.flags = DO_DEVICE_INITIALIZING;
        });
        At::new(driver).with(|driver| {
            let first = core::mem::replace(&mut driver.device_object, object);
            At::new(object).with(|device| device.next_device = first);
        });
        self.io.devices.borrow_mut().push(OwnedDevice { object, _memory: memory });
        Device(object)
    }

    /// `IoAttachDeviceToDeviceStack`: returns the device that was on top.
    pub fn attach(&self, upper: Device, lower: Device) -> Device {
        let mut top = lower.0;
        loop {
            let above = At::new(top).with(|device| device.attached_device);
            if above.is_null() {
                break;
            }
            top = above;
        }
        At::new(top).with(|device| device.attached_device = upper.0);
        let depth = At::new(top).with(|device| device.stack_size);
        At::new(upper.0).with(|device| device.stack_size = depth + 1);
        Device(top)
    }

    /// `IoDetachDevice` on the device below.
    pub fn detach(&self, lower: Device) {
        At::new(lower.0).with(|device| device.attached_device = core::ptr::null_mut());
    }

    /// `IoDeleteDevice`.
    pub fn delete_device(&self, device: Device) {
        let driver = At::new(device.0).with(|device| device.driver_object);
        let next = At::new(device.0).with(|device| device.next_device);
        let mut link = At::new(driver).with(|driver| driver.device_object);
        if link == device.0 {
            At::new(driver).with(|driver| driver.device_object = next);
        }
        while !link.is_null() && link != device.0 {
            let following = At::new(link).with(|device| device.next_device);
            if following == device.0 {
                At::new(link).with(|device| device.next_device = next);
            }
            link = following;
        }
        self.io.devices.borrow_mut().retain(|owned| owned.object != device.0);
    }

    /// The devices of a driver that still exist.
    pub fn devices_of(&self, driver: *mut DriverObject) -> usize {
        let devices = self.io.devices.borrow();
        devices
            .iter()
            .filter(|owned| At::new(owned.object).with(|device| device.driver_object) == driver)
            .count()
    }

    /// `IoAllocateIrp`.
    pub fn allocate_irp(&self, stack_size: i8) -> *mut Irp {
        let locations = stack_size.max(1) as usize;
        let bytes = size_of::<Irp>() + locations * size_of::<IoStackLocation>();
        let mut memory = vec![0_u128; bytes.div_ceil(16)].into_boxed_slice();
        let pointer: *mut Irp = memory.as_mut_ptr().cast();
        At::new(pointer).with(|irp| {
            irp.kind = 6;
            irp.size = bytes as u16;
            irp.stack_count = stack_size.max(1);
            irp.current_location = irp.stack_count + 1;
            irp.current_stack_location =
                pointer.wrapping_add(1).cast::<IoStackLocation>().wrapping_add(locations);
        });
        self.io.irps.borrow_mut().push(OwnedIrp { pointer, ends_by_itself: false, _memory: memory });
        pointer
    }

    /// `IoFreeIrp`.
    pub fn free_irp(&self, irp: *mut Irp) {
        self.io.irps.borrow_mut().retain(|owned| owned.pointer != irp);
    }

    /// `IofCallDriver`.
    pub(crate) fn send_irp(&self, device: *mut DeviceObject, irp: *mut Irp) -> NtStatus {
        let major = At::new(irp).with(|irp| {
            irp.current_location -= 1;
            irp.current_stack_location = irp.current_stack_location.wrapping_sub(1);
            At::new(irp.current_stack_location).with(|stack| {
                stack.device_object = device;
                stack.major_function
            })
        });
        let driver = At::new(device).with(|device| device.driver_object);
        let dispatch: DriverDispatch = At::new(driver)
            .with(|driver| driver.major_function.get(usize::from(major)).copied().flatten())
            .unwrap_or(invalid_request);
        let level = self.current_irql();
        self.call_driver("dispatch routine", level, || {
            // SAFETY: the entry of a driver object for a device of that driver, with an IRP of the rig.
            unsafe { dispatch(device, irp) }
        })
    }

    /// `IofCompleteRequest`: runs the completion routines upward; signals the IRP's event at the top.
    pub fn complete_irp(&self, irp: *mut Irp) {
        if At::new(irp).with(|irp| irp.current_location > irp.stack_count) {
            self.verifier.completed_twice(self, irp as u64);
        }
        loop {
            let (location, count) = At::new(irp).with(|irp| (irp.current_location, irp.stack_count));
            if location > count {
                break;
            }
            let status = At::new(irp).with(|irp| irp.io_status.status);
            let (routine, control, context) = At::new(irp).with(|irp| {
                At::new(irp.current_stack_location)
                    .with(|stack| (stack.completion_routine, stack.control, stack.context))
            });
            At::new(irp).with(|irp| {
                irp.current_location += 1;
                irp.current_stack_location = irp.current_stack_location.wrapping_add(1);
            });
            let wanted = if status >= 0 { SL_INVOKE_ON_SUCCESS } else { SL_INVOKE_ON_ERROR };
            let Some(routine) = routine.filter(|_| control & wanted != 0) else { continue };
            if self.run_completion(irp, routine, context) == STATUS_MORE_PROCESSING_REQUIRED {
                return;
            }
        }
        let (event, outcome) = At::new(irp).with(|irp| (irp.user_event, irp.user_iosb));
        let (result, pending) = At::new(irp).with(|irp| (irp.io_status, irp.pending_returned != 0));
        let managed = self.io.irps.borrow().iter().any(|owned| owned.pointer == irp && owned.ends_by_itself);
        if managed {
            self.free_irp(irp);
        }
        // Who asked learns of a failure from the call itself, unless that said pending.
        if managed && result.status as u32 >= FIRST_ERROR && !pending {
            return;
        }
        At::new(outcome.cast::<IoStatusBlock>()).write_if(result);
        if !event.is_null() {
            self.signal(event.cast(), 1);
        }
    }

    fn run_completion(&self, irp: *mut Irp, routine: CompletionRoutine, context: *mut c_void) -> NtStatus {
        let (location, count) = At::new(irp).with(|irp| (irp.current_location, irp.stack_count));
        let device = if location <= count {
            At::new(irp).with(|irp| At::new(irp.current_stack_location).with(|stack| stack.device_object))
        } else {
            core::ptr::null_mut()
        };
        let level = self.current_irql();
        self.call_driver("completion routine", level, || {
            // SAFETY: the routine that a driver above put into this IRP, with its own context.
            unsafe { routine(device, irp, context) }
        })
    }
}
