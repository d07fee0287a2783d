//! Kernel records as Windows 10/11 x64 lays them out: only the fields the rig touches have names.
//!
//! `tests/wdm_layout.rs` holds every record here against `golden/wdm_structs.tsv`.
#![allow(missing_docs)]

use core::ffi::c_void;

pub type NtStatus = i32;
pub type Pointer = *mut c_void;

pub const STATUS_SUCCESS: NtStatus = 0;
pub const STATUS_WAIT_0: NtStatus = 0;
pub const STATUS_TIMEOUT: NtStatus = 0x102;
pub const STATUS_PENDING: NtStatus = 0x103;
pub const STATUS_UNSUCCESSFUL: NtStatus = 0xC000_0001_u32 as i32;
pub const STATUS_NOT_IMPLEMENTED: NtStatus = 0xC000_0002_u32 as i32;
pub const STATUS_INVALID_HANDLE: NtStatus = 0xC000_0008_u32 as i32;
pub const STATUS_INVALID_PARAMETER: NtStatus = 0xC000_000D_u32 as i32;
pub const STATUS_NO_SUCH_DEVICE: NtStatus = 0xC000_000E_u32 as i32;
pub const STATUS_INVALID_DEVICE_REQUEST: NtStatus = 0xC000_0010_u32 as i32;
pub const STATUS_BUFFER_OVERFLOW: NtStatus = 0x8000_0005_u32 as i32;
pub const STATUS_NO_MORE_ENTRIES: NtStatus = 0x8000_001A_u32 as i32;
pub const STATUS_BUFFER_TOO_SMALL: NtStatus = 0xC000_0023_u32 as i32;
pub const STATUS_OBJECT_TYPE_MISMATCH: NtStatus = 0xC000_0024_u32 as i32;
pub const STATUS_OBJECT_NAME_NOT_FOUND: NtStatus = 0xC000_0034_u32 as i32;
pub const STATUS_OBJECT_PATH_NOT_FOUND: NtStatus = 0xC000_003A_u32 as i32;
pub const STATUS_INSUFFICIENT_RESOURCES: NtStatus = 0xC000_009A_u32 as i32;
pub const STATUS_NOT_SUPPORTED: NtStatus = 0xC000_00BB_u32 as i32;

pub const PASSIVE_LEVEL: u8 = 0;
pub const APC_LEVEL: u8 = 1;
pub const DISPATCH_LEVEL: u8 = 2;
pub const HIGH_LEVEL: u8 = 15;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ListEntry {
    pub flink: *mut ListEntry,
    pub blink: *mut ListEntry,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DispatcherHeader {
    pub kind: u8,
    pub signalling: u8,
    pub size: u8,
    pub reserved: u8,
    pub signal_state: i32,
    pub wait_list_head: ListEntry,
}

#[repr(C)]
pub struct KEvent {
    pub header: DispatcherHeader,
}

#[repr(C)]
pub struct FastMutex {
    pub count: i32,
    pub owner: Pointer,
    pub contention: u32,
    pub event: KEvent,
    pub old_irql: u32,
}

#[repr(C)]
pub struct LockQueueHandle {
    pub next: Pointer,
    pub lock: *mut u64,
    pub old_irql: u8,
}

#[repr(C)]
pub struct KSemaphore {
    pub header: DispatcherHeader,
    pub limit: i32,
}

#[repr(C)]
pub struct KMutant {
    pub header: DispatcherHeader,
    pub mutant_list_entry: ListEntry,
    pub owner_thread: Pointer,
    pub mutant_flags: u8,
    pub apc_disable: u8,
}

#[repr(C)]
pub struct KTimer {
    pub header: DispatcherHeader,
    pub due_time: u64,
    pub timer_list_entry: ListEntry,
    pub dpc: *mut KDpc,
    pub processor: u16,
    pub timer_type: u16,
    pub period: u32,
}

pub type DeferredRoutine = unsafe extern "win64" fn(*mut KDpc, Pointer, Pointer, Pointer);

#[repr(C)]
pub struct KDpc {
    pub kind: u8,
    pub importance: u8,
    pub number: u16,
    pub dpc_list_entry: Pointer,
    pub processor_history: u64,
    pub deferred_routine: Option<DeferredRoutine>,
    pub deferred_context: Pointer,
    pub system_argument1: Pointer,
    pub system_argument2: Pointer,
    pub dpc_data: Pointer,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct UnicodeString {
    pub length: u16,
    pub maximum_length: u16,
    pub buffer: *mut u16,
}

impl UnicodeString {
    /// The text, lossily; empty for a null buffer.
    ///
    /// # Safety
    /// `buffer` points at `length` readable bytes, or is null.
    pub unsafe fn text(&self) -> String {
        if self.buffer.is_null() {
            return String::new();
        }
        // SAFETY: the caller's promise.
        String::from_utf16_lossy(unsafe {
            core::slice::from_raw_parts(self.buffer, usize::from(self.length) / 2)
        })
    }
}

#[repr(C)]
pub struct ObjectAttributes {
    pub length: u32,
    pub root_directory: u64,
    pub object_name: *mut UnicodeString,
    pub attributes: u32,
    pub security_descriptor: Pointer,
    pub security_quality_of_service: Pointer,
}

#[repr(C)]
pub struct OsVersion {
    pub size: u32,
    pub major: u32,
    pub minor: u32,
    pub build: u32,
    pub platform: u32,
    pub service_pack: [u16; 128],
}

pub type DriverDispatch = unsafe extern "win64" fn(*mut DeviceObject, *mut Irp) -> NtStatus;
pub type DriverUnload = unsafe extern "win64" fn(*mut DriverObject);
pub type DriverAddDevice = unsafe extern "win64" fn(*mut DriverObject, *mut DeviceObject) -> NtStatus;
pub type DriverEntry = unsafe extern "win64" fn(*mut DriverObject, *mut UnicodeString) -> NtStatus;

pub const MAJOR_FUNCTIONS: usize = 28;

#[repr(C)]
pub struct DriverObject {
    pub kind: i16,
    pub size: i16,
    pub device_object: *mut DeviceObject,
    pub flags: u32,
    pub driver_start: Pointer,
    pub driver_size: u32,
    pub driver_section: Pointer,
    pub driver_extension: *mut DriverExtension,
    pub driver_name: UnicodeString,
    pub hardware_database: *mut UnicodeString,
    pub fast_io_dispatch: Pointer,
    pub driver_init: Pointer,
    pub driver_start_io: Pointer,
    pub driver_unload: Option<DriverUnload>,
    pub major_function: [Option<DriverDispatch>; MAJOR_FUNCTIONS],
}

#[repr(C)]
pub struct DriverExtension {
    pub driver_object: *mut DriverObject,
    pub add_device: Option<DriverAddDevice>,
    pub count: u32,
    pub service_key_name: UnicodeString,
}

#[repr(C, align(16))]
pub struct DeviceObject {
    pub kind: i16,
    pub size: u16,
    pub reference_count: i32,
    pub driver_object: *mut DriverObject,
    pub next_device: *mut DeviceObject,
    pub attached_device: *mut DeviceObject,
    pub current_irp: *mut Irp,
    pub timer: Pointer,
    pub flags: u32,
    pub characteristics: u32,
    pub vpb: Pointer,
    pub device_extension: Pointer,
    pub device_type: u32,
    pub stack_size: i8,
    pub queue: [u64; 9],
    pub alignment_requirement: u32,
    pub device_queue: [u64; 5],
    pub dpc: [u64; 8],
    pub active_thread_count: u32,
    pub security_descriptor: Pointer,
    pub device_lock: [u64; 3],
    pub sector_size: u16,
    pub spare1: u16,
    pub device_object_extension: Pointer,
    pub reserved: Pointer,
}

pub const DO_POWER_PAGABLE: u32 = 0x2000;
pub const DO_DEVICE_INITIALIZING: u32 = 0x80;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IoStatusBlock {
    pub status: NtStatus,
    pub information: u64,
}

#[repr(C, align(16))]
pub struct Irp {
    pub kind: i16,
    pub size: u16,
    pub mdl_address: *mut Mdl,
    pub flags: u32,
    pub associated_irp: Pointer,
    pub thread_list_entry: ListEntry,
    pub io_status: IoStatusBlock,
    pub requestor_mode: i8,
    pub pending_returned: u8,
    pub stack_count: i8,
    pub current_location: i8,
    pub cancel: u8,
    pub cancel_irql: u8,
    pub apc_environment: i8,
    pub allocation_flags: u8,
    pub user_iosb: Pointer,
    pub user_event: Pointer,
    pub overlay: [u64; 2],
    pub cancel_routine: Pointer,
    pub user_buffer: Pointer,
    pub driver_context: [Pointer; 4],
    pub thread: Pointer,
    pub auxiliary_buffer: Pointer,
    pub list_entry: ListEntry,
    pub current_stack_location: *mut IoStackLocation,
    pub original_file_object: Pointer,
    pub spare: u64,
}

pub type CompletionRoutine = unsafe extern "win64" fn(*mut DeviceObject, *mut Irp, Pointer) -> NtStatus;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct IoStackLocation {
    pub major_function: u8,
    pub minor_function: u8,
    pub flags: u8,
    pub control: u8,
    pub parameters: [u64; 4],
    pub device_object: *mut DeviceObject,
    pub file_object: Pointer,
    pub completion_routine: Option<CompletionRoutine>,
    pub context: Pointer,
}

pub const SL_PENDING_RETURNED: u8 = 0x01;
pub const SL_INVOKE_ON_CANCEL: u8 = 0x20;
pub const SL_INVOKE_ON_SUCCESS: u8 = 0x40;
pub const SL_INVOKE_ON_ERROR: u8 = 0x80;

pub const IRP_MJ_CREATE: u8 = 0x00;
pub const IRP_MJ_POWER: u8 = 0x16;
pub const IRP_MJ_SYSTEM_CONTROL: u8 = 0x17;
pub const IRP_MJ_PNP: u8 = 0x1B;
pub const IRP_MN_START_DEVICE: u8 = 0x00;
pub const IRP_MN_QUERY_REMOVE_DEVICE: u8 = 0x01;
pub const IRP_MN_REMOVE_DEVICE: u8 = 0x02;
pub const IRP_MN_CANCEL_REMOVE_DEVICE: u8 = 0x03;
pub const IRP_MN_STOP_DEVICE: u8 = 0x04;
pub const IRP_MN_QUERY_STOP_DEVICE: u8 = 0x05;
pub const IRP_MN_CANCEL_STOP_DEVICE: u8 = 0x06;
pub const IRP_MN_QUERY_DEVICE_RELATIONS: u8 = 0x07;
pub const IRP_MN_QUERY_INTERFACE: u8 = 0x08;
pub const IRP_MN_QUERY_CAPABILITIES: u8 = 0x09;
pub const IRP_MN_FILTER_RESOURCE_REQUIREMENTS: u8 = 0x0D;
pub const IRP_MN_READ_CONFIG: u8 = 0x0F;
pub const IRP_MN_WRITE_CONFIG: u8 = 0x10;
pub const IRP_MN_QUERY_PNP_DEVICE_STATE: u8 = 0x14;
pub const IRP_MN_SURPRISE_REMOVAL: u8 = 0x17;

#[repr(C)]
pub struct Mdl {
    pub next: *mut Mdl,
    pub size: i16,
    pub mdl_flags: i16,
    pub process: Pointer,
    pub mapped_system_va: Pointer,
    pub start_va: Pointer,
    pub byte_count: u32,
    pub byte_offset: u32,
}

pub const MDL_MAPPED_TO_SYSTEM_VA: i16 = 0x0001;
pub const MDL_PAGES_LOCKED: i16 = 0x0002;

#[repr(C)]
pub struct DmaAdapter {
    pub version: u16,
    pub size: u16,
    pub dma_operations: *const DmaOperations,
}

/// The table grows with the version of Windows; a driver must look at `size`.
#[repr(C)]
pub struct DmaOperations {
    pub size: u32,
    pub routines: [Pointer; 39],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct DeviceDescription {
    pub version: u32,
    pub master: u8,
    pub scatter_gather: u8,
    pub demand_mode: u8,
    pub auto_initialize: u8,
    pub dma32_bit_addresses: u8,
    pub ignore_count: u8,
    pub reserved1: u8,
    pub dma64_bit_addresses: u8,
    pub bus_number: u32,
    pub dma_channel: u32,
    pub interface_type: u32,
    pub dma_width: u32,
    pub dma_speed: u32,
    pub maximum_length: u32,
    pub dma_port: u32,
    pub dma_address_width: u32,
    pub dma_controller_instance: u32,
    pub dma_request_line: u32,
    pub device_address: u64,
}

pub type ServiceRoutine = unsafe extern "win64" fn(Pointer, Pointer) -> u8;

pub type MessageServiceRoutine = unsafe extern "win64" fn(Pointer, Pointer, u32) -> u8;

#[repr(C)]
pub struct IoConnectInterruptParameters {
    pub version: u32,
    /// The largest arm of the union; `LineBased` and `MessageBased` lie at the same place.
    pub fully_specified: FullySpecified,
}

pub const CONNECT_FULLY_SPECIFIED: u32 = 1;
pub const CONNECT_LINE_BASED: u32 = 2;
pub const CONNECT_MESSAGE_BASED: u32 = 3;
pub const CONNECT_FULLY_SPECIFIED_GROUP: u32 = 4;
pub const CONNECT_MESSAGE_BASED_PASSIVE: u32 = 5;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct FullySpecified {
    pub physical_device_object: *mut DeviceObject,
    pub interrupt_object: *mut Pointer,
    pub service_routine: Option<ServiceRoutine>,
    pub service_context: Pointer,
    pub spin_lock: *mut u64,
    pub synchronize_irql: u8,
    pub floating_save: u8,
    pub share_vector: u8,
    pub vector: u32,
    pub irql: u8,
    pub interrupt_mode: u32,
    pub processor_enable_mask: u64,
    pub group: u16,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct LineBased {
    pub physical_device_object: *mut DeviceObject,
    pub interrupt_object: *mut Pointer,
    pub service_routine: Option<ServiceRoutine>,
    pub service_context: Pointer,
    pub spin_lock: *mut u64,
    pub synchronize_irql: u8,
    pub floating_save: u8,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct MessageBased {
    pub physical_device_object: *mut DeviceObject,
    pub connection_context: *mut Pointer,
    pub message_service_routine: Option<MessageServiceRoutine>,
    pub service_context: Pointer,
    pub spin_lock: *mut u64,
    pub synchronize_irql: u8,
    pub floating_save: u8,
    pub fall_back_service_routine: Option<ServiceRoutine>,
}

/// `IO_INTERRUPT_MESSAGE_INFO`, with one entry of as many as there are messages.
#[repr(C)]
pub struct MessageInfo {
    pub unified_irql: u8,
    pub message_count: u32,
    pub message_info: [MessageInfoEntry; 1],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct MessageInfoEntry {
    pub message_address: u64,
    pub target_processor_set: u64,
    pub interrupt_object: Pointer,
    pub message_data: u32,
    pub vector: u32,
    pub irql: u8,
    pub mode: u32,
    pub polarity: u32,
}

#[repr(C)]
pub struct IoDisconnectInterruptParameters {
    pub version: u32,
    pub interrupt_object: Pointer,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct BusInterface {
    pub size: u16,
    pub version: u16,
    pub context: Pointer,
    pub interface_reference: Pointer,
    pub interface_dereference: Pointer,
    pub translate_bus_address: Pointer,
    pub get_dma_adapter: Pointer,
    pub set_bus_data: Pointer,
    pub get_bus_data: Pointer,
}

/// `CM_PARTIAL_RESOURCE_DESCRIPTOR`: packed to 4 bytes, so that 64-bit members stand at 4.
#[repr(C, packed(4))]
#[derive(Clone, Copy)]
pub struct PartialResource {
    pub kind: u8,
    pub share_disposition: u8,
    pub flags: u16,
    pub u: [u32; 4],
}

/// `CM_RESOURCE_LIST` with room for one full descriptor of `N` partial ones.
#[repr(C, packed(4))]
pub struct ResourceList<const N: usize> {
    pub count: u32,
    pub interface_type: u32,
    pub bus_number: u32,
    pub version: u16,
    pub revision: u16,
    pub partial_count: u32,
    pub partial: [PartialResource; N],
}
