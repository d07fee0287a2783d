//! A WaveRT driver inside the test process: a render endpoint of two filters whose sound goes nowhere. It is called,
//! and calls, like an image, and can be told to make one mistake.

use core::ffi::c_void;
use std::cell::Cell;
use std::cell::RefCell;

use portcls::raw::{
    CLSID_PortTopology, CLSID_PortWavePci, CLSID_PortWaveRT, GUID, IInterruptSync, IPort,
    IPortClsStreamResourceManager, IPortClsStreamResourceManager2, IUnknown, InterruptSyncModeNormal,
    NTSTATUS, PCSTREAMRESOURCE, PCSTREAMRESOURCE_DESCRIPTOR, PCSTREAMRESOURCE_INTERRUPT, STATUS_NOT_FOUND,
    STATUS_UNSUCCESSFUL, ePcStreamResourceInterrupt,
};

use super::managed;
use super::objects::new_miniport;
use super::objects::new_topology;
use super::objects::release;
use super::wavepci_objects;
use crate::nt::Kernel;
use crate::nt::Resolver;
use crate::nt::abi;

/// The one mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    None,
    FreeWhileMapped,
    FreeTwice,
    KeepPages,
    MapForeignPages,
    PageBeyondEnd,
    UseStreamPortAfterRelease,
    KeepPort,
    PowerTwice,
    PowerUnregisteredTwice,
    SmallExtension,
    BadFilter,
    NoConnection,
    SmallBuffer,
    OddBuffer,
    LongBuffer,
    AllocateAtDispatch,
    ChangeName,
    LongValue,
    RefuseDown,
    NotFresh,
    KeepInterrupt,
    RegisterDeadInterrupt,
    ForgetEvent,
    FailWithEvent,
    AddEventTwice,
    RaiseState,
    LatePacketSizes,
    ReleaseUnknown,
    ReleaseOutOfOrder,
    ReleaseTwice,
    ReleaseRevoked,
    RefuseRevocation,
    MiscountRevoked,
    ReuseTag,
    WriteAfterRelease,
    HoldLock,
    ReadBehindFormat,
    WriteBehindValue,
    MiscountMembers,
}

thread_local! {
    static MISTAKE: Cell<Mistake> = const { Cell::new(Mistake::None) };
    static KERNEL: Cell<Option<&'static Kernel>> = const { Cell::new(None) };
    static LIVE: Cell<i32> = const { Cell::new(0) };
    static SYNC: Cell<*mut IInterruptSync> = const { Cell::new(core::ptr::null_mut()) };
    static RESOURCE: Cell<PCSTREAMRESOURCE> = const { Cell::new(core::ptr::null_mut()) };
    static MANAGER: Cell<*mut IPortClsStreamResourceManager> = const { Cell::new(core::ptr::null_mut()) };
    static OLD_PNP: Cell<Option<abi::DriverDispatch>> = const { Cell::new(None) };
    static SPOIL: Cell<fn(&mut PCSTREAMRESOURCE_DESCRIPTOR)> = const { Cell::new(|_| {}) };
    static WAVEPCI: Cell<bool> = const { Cell::new(false) };
    static MANAGED: Cell<bool> = const { Cell::new(false) };
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static MINORS: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    static ADDED: Cell<NTSTATUS> = const { Cell::new(STATUS_NOT_FOUND) };
}

pub(super) fn prepare(kernel: &'static Kernel, mistake: Mistake) {
    KERNEL.set(Some(kernel));
    MISTAKE.set(mistake);
}

/// What the driver does to its descriptor before it hands it to the resource manager.
pub(super) fn spoil_by(spoil: fn(&mut PCSTREAMRESOURCE_DESCRIPTOR)) {
    SPOIL.set(spoil);
}

/// What the resource manager answered last.
pub(super) fn added() -> NTSTATUS {
    ADDED.get()
}

pub(super) fn makes(mistake: Mistake) -> bool {
    MISTAKE.get() == mistake
}

/// Has the driver register for power and PnP management.
pub(super) fn manage() {
    MANAGED.set(true);
}

/// Has the driver serve its wave filter through the WavePci port.
pub(super) fn use_wavepci() {
    WAVEPCI.set(true);
    wavepci_objects::reset();
}

/// Notes a call.
pub(super) fn log(what: String) {
    LOG.with_borrow_mut(|log| log.push(what));
}

/// The calls noted since this was last asked.
pub(super) fn calls() -> Vec<String> {
    LOG.take()
}

/// The minor functions of the PnP requests that came.
pub(super) fn pnp_requests() -> Vec<u8> {
    MINORS.take()
}

/// Objects of the driver's that are alive.
pub(super) fn live() -> i32 {
    LIVE.get()
}

pub(super) fn count(by: i32) {
    LIVE.set(LIVE.get() + by);
}

/// An import of the driver's.
pub(super) fn import<F: Copy>(module: &str, name: &str) -> F {
    let kernel = KERNEL.get().expect("prepared");
    let address = Resolver::of(kernel).resolve(kernel, module, name).expect("an export of this Windows");
    assert_eq!(size_of::<F>(), size_of::<*const ()>());
    // SAFETY: a pointer to code; each caller names the type of the function that it imports.
    unsafe { core::mem::transmute_copy(&address) }
}

pub(super) type Device = *mut abi::DeviceObject;

pub(super) unsafe extern "win64" fn driver_entry(
    driver: *mut abi::DriverObject,
    path: *mut abi::UnicodeString,
) -> i32 {
    let initialize: unsafe extern "win64" fn(
        *mut abi::DriverObject,
        *mut abi::UnicodeString,
        abi::DriverAddDevice,
    ) -> i32 = import("portcls.sys", "PcInitializeAdapterDriver");
    // SAFETY: DriverEntry calls it with what it got.
    let status = unsafe { initialize(driver, path, add_device) };
    // SAFETY: the driver object is the driver's own.
    let majors = unsafe { &mut (*driver).major_function };
    OLD_PNP.set(majors[0x1B]);
    majors[0x1B] = Some(pnp);
    status
}

unsafe extern "win64" fn add_device(driver: *mut abi::DriverObject, pdo: Device) -> i32 {
    type Add = unsafe extern "win64" fn(
        *mut abi::DriverObject,
        Device,
        super::super::fdo::StartDevice,
        u32,
        u32,
    ) -> i32;
    let add: Add = import("portcls.sys", "PcAddAdapterDevice");
    let extension = if makes(Mistake::SmallExtension) { 64 } else { 0 };
    // SAFETY: AddDevice calls it with what it got.
    unsafe { add(driver, pdo, start_device, 2, extension) }
}

/// The driver's own PnP handler: gives its hardware resources up before PortCls hears of the end.
unsafe extern "win64" fn pnp(device: Device, irp: *mut abi::Irp) -> i32 {
    // SAFETY: the IRP is the driver's while it is in its dispatch routine.
    let minor = unsafe { (*(*irp).current_stack_location).minor_function };
    // With PnP management a stop is announced by PortCls.
    let stop = minor == 0x04 && !MANAGED.get();
    MINORS.with_borrow_mut(|minors| minors.push(minor));
    if stop || [0x02, 0x17].contains(&minor) {
        quiesce();
    }
    let dispatch = OLD_PNP.get().expect("installed by PortCls");
    // SAFETY: PortCls' handler, with the driver's own arguments.
    unsafe { dispatch(device, irp) }
}

/// Gives up the interrupt and its registration.
pub(super) fn quiesce() {
    if makes(Mistake::KeepInterrupt) {
        return;
    }
    let (manager, resource) = (MANAGER.take_pointer(), RESOURCE.take_pointer());
    if !manager.is_null() {
        if !resource.is_null() {
            // SAFETY: the reference from QueryInterface is still held.
            unsafe { ((*(*manager).vtbl).RemoveStreamResource)(manager, resource) };
        }
        release(manager);
    }
    let sync = SYNC.take_pointer();
    if !sync.is_null() {
        // SAFETY: the reference from PcNewInterruptSync is still held.
        unsafe { ((*(*sync).vtbl).Disconnect)(sync) };
        release(sync);
    }
}

/// `Cell::take` for raw pointers, which have no default.
trait TakePointer<T> {
    fn take_pointer(&'static self) -> *mut T;
}

impl<T> TakePointer<T> for std::thread::LocalKey<Cell<*mut T>> {
    fn take_pointer(&'static self) -> *mut T {
        self.replace(core::ptr::null_mut())
    }
}

fn install(
    device: Device,
    irp: *mut abi::Irp,
    list: *mut c_void,
    name: &'static [u16],
    wave: bool,
) -> Result<*mut IPort, i32> {
    let new_port: unsafe extern "win64" fn(*mut *mut IPort, *const GUID) -> i32 =
        import("portcls.sys", "PcNewPort");
    let register: unsafe extern "win64" fn(Device, *const u16, *mut IPort) -> i32 =
        import("portcls.sys", "PcRegisterSubdevice");
    let mut port = core::ptr::null_mut();
    let class = match wave {
        true if WAVEPCI.get() => CLSID_PortWavePci,
        true => CLSID_PortWaveRT,
        false => CLSID_PortTopology,
    };
    // SAFETY: out parameter and class outlive the call.
    let status = unsafe { new_port(&raw mut port, &raw const class) };
    if status < 0 {
        return Err(status);
    }
    let miniport: *mut IUnknown = match wave {
        true if WAVEPCI.get() => wavepci_objects::new_miniport(),
        true => new_miniport(),
        false => new_topology(),
    };
    // SAFETY: the port from PcNewPort; device, IRP and list are StartDevice's own.
    let mut status = unsafe {
        ((*(*port).vtbl).Init)(port, device.cast(), irp.cast(), miniport, core::ptr::null_mut(), list.cast())
    };
    release(miniport);
    if status >= 0 {
        let mut own = name.to_vec().into_boxed_slice();
        let given = if makes(Mistake::ChangeName) { own.as_mut_ptr().cast_const() } else { name.as_ptr() };
        if wave {
            super::packet_sizes::declare(device, false);
        }
        // SAFETY: the port is initialised for this device; both strings outlive it.
        status = unsafe { register(device, given, port) };
        if wave && status >= 0 {
            super::packet_sizes::declare(device, true);
        }
        if makes(Mistake::ChangeName) {
            Box::leak(own)[0] = u16::from(b'X');
        }
    }
    if status < 0 {
        release(port);
        return Err(status);
    }
    Ok(port)
}

const WAVE: &[u16] = &[b'W' as u16, b'a' as u16, b'v' as u16, b'e' as u16, 0];
const TOPOLOGY: &[u16] = &[b'T' as u16, b'o' as u16, b'p' as u16, b'o' as u16, 0];

unsafe extern "win64" fn start_device(device: Device, irp: *mut abi::Irp, list: *mut c_void) -> i32 {
    match start(device, irp, list) {
        Ok(()) => 0,
        Err(status) => {
            quiesce();
            status
        }
    }
}

fn start(device: Device, irp: *mut abi::Irp, list: *mut c_void) -> Result<(), i32> {
    connect_interrupt(list)?;
    let topology = install(device, irp, list, TOPOLOGY, false)?;
    let wave = match install(device, irp, list, WAVE, true) {
        Ok(wave) => wave,
        Err(status) => {
            release(topology);
            return Err(status);
        }
    };
    let connect: unsafe extern "win64" fn(Device, *mut IPort, u32, *mut IPort, u32) -> i32 =
        import("portcls.sys", "PcRegisterPhysicalConnection");
    let mut status = 0;
    if !makes(Mistake::NoConnection) {
        // SAFETY: both ports are registered.
        status = unsafe { connect(device, wave, 1, topology, 0) };
    }
    if status >= 0 {
        if MANAGED.get() {
            managed::register(device);
        }
        register_resource(device, wave);
        power(device);
    }
    if makes(Mistake::KeepPort) {
        status = status.max(0);
    } else {
        release(wave);
    }
    release(topology);
    if status < 0 { Err(status) } else { Ok(()) }
}

unsafe extern "efiapi" fn isr(_sync: *mut IInterruptSync, _context: *mut c_void) -> NTSTATUS {
    STATUS_UNSUCCESSFUL
}

fn connect_interrupt(list: *mut c_void) -> Result<(), i32> {
    type New = unsafe extern "win64" fn(*mut *mut IInterruptSync, *mut c_void, *mut c_void, u32, i32) -> i32;
    let new: New = import("portcls.sys", "PcNewInterruptSync");
    let mut sync: *mut IInterruptSync = core::ptr::null_mut();
    // SAFETY: the list is StartDevice's; the out parameter outlives the call.
    let status = unsafe { new(&raw mut sync, core::ptr::null_mut(), list, 0, InterruptSyncModeNormal) };
    if status < 0 {
        return Err(status);
    }
    SYNC.set(sync);
    // SAFETY: the object was just made.
    let status = unsafe {
        ((*(*sync).vtbl).RegisterServiceRoutine)(sync, isr, core::ptr::null_mut(), 0);
        ((*(*sync).vtbl).Connect)(sync)
    };
    if status < 0 { Err(status) } else { Ok(()) }
}

fn descriptor(pdo: Device, interrupt: *mut c_void) -> PCSTREAMRESOURCE_DESCRIPTOR {
    let mut descriptor = PCSTREAMRESOURCE_DESCRIPTOR::ZERO;
    descriptor.Size = size_of::<PCSTREAMRESOURCE_DESCRIPTOR>() as u32;
    descriptor.Pdo = pdo.cast();
    descriptor.Type = ePcStreamResourceInterrupt;
    descriptor.Resource.Interrupt = PCSTREAMRESOURCE_INTERRUPT { Version: 0, Generic: interrupt };
    descriptor
}

/// The newest manager that the port answers, or none: then the driver does without.
fn register_resource(device: Device, port: *mut IPort) {
    let physical: unsafe extern "win64" fn(Device, *mut Device) -> i32 =
        import("portcls.sys", "PcGetPhysicalDeviceObject");
    let mut pdo: Device = core::ptr::null_mut();
    // SAFETY: the device is the adapter's; the out parameter outlives the call.
    unsafe { physical(device, &raw mut pdo) };
    let sync = SYNC.get();
    // SAFETY: the object is alive and connected.
    let interrupt: *mut c_void = unsafe { ((*(*sync).vtbl).GetKInterrupt)(sync) }.cast();
    let interrupt =
        if makes(Mistake::RegisterDeadInterrupt) { interrupt.wrapping_byte_add(8) } else { interrupt };
    let mut wanted = descriptor(pdo, interrupt);
    SPOIL.get()(&mut wanted);
    let mut handle: PCSTREAMRESOURCE = core::ptr::null_mut();
    let second: *mut IPortClsStreamResourceManager2 = super::objects::query(port.cast());
    if !second.is_null() {
        // SAFETY: the interface was just asked for; the descriptor outlives the call.
        let status = unsafe {
            let add = (*(*second).vtbl).AddStreamResource2;
            add(second, pdo.cast(), core::ptr::null_mut(), &raw mut wanted, &raw mut handle)
        };
        ADDED.set(status);
        MANAGER.set(second.cast());
    } else {
        let first: *mut IPortClsStreamResourceManager = super::objects::query(port.cast());
        if first.is_null() {
            return;
        }
        // SAFETY: as above.
        let status = unsafe {
            let add = (*(*first).vtbl).AddStreamResource;
            add(first, core::ptr::null_mut(), &raw mut wanted, &raw mut handle)
        };
        ADDED.set(status);
        MANAGER.set(first);
    }
    RESOURCE.set(handle);
}

fn power(device: Device) {
    let twice = makes(Mistake::PowerTwice);
    if !twice && !makes(Mistake::PowerUnregisteredTwice) {
        return;
    }
    let register: unsafe extern "win64" fn(*mut IUnknown, Device) -> i32 =
        import("portcls.sys", "PcRegisterAdapterPowerManagement");
    let unregister: unsafe extern "win64" fn(Device) -> i32 =
        import("portcls.sys", "PcUnregisterAdapterPowerManagement");
    // SAFETY: an object of the driver's own.
    unsafe {
        let object = managed::new_power();
        register(object, device);
        if twice {
            register(object, device);
        }
        unregister(device);
        unregister(device);
    }
}
