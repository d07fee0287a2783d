//! The kernel records of `nt::abi` against the golden table: size, alignment, and the offset of every named field.

use core::mem::align_of;
use core::mem::offset_of;
use core::mem::size_of;
use std::collections::HashMap;

use waverust_rig::nt::abi;
use waverust_rig::nt::rtlregistry::QueryTable;

const GOLDEN: &str = include_str!("../golden/wdm_structs.tsv");

struct Record {
    size: usize,
    align: usize,
    fields: HashMap<&'static str, usize>,
}

fn parse(table: &'static str) -> HashMap<&'static str, Record> {
    let mut records: HashMap<&str, Record> = HashMap::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        let cells: Vec<&str> = line.split('\t').collect();
        let [name, size, align, field, offset, ..] = cells[..] else { panic!("odd line: {line}") };
        let number = |text: &str| text.parse::<usize>();
        let record = records.entry(name).or_insert_with(|| Record {
            size: number(size).expect("a size"),
            align: number(align).expect("an alignment"),
            fields: HashMap::new(),
        });
        if let Ok(offset) = number(offset) {
            record.fields.insert(field, offset);
        }
    }
    records
}

/// What differs between a declared record and the golden one.
fn differences(
    golden: &HashMap<&str, Record>,
    name: &str,
    size: usize,
    align: usize,
    fields: &[(&str, usize)],
) -> Vec<String> {
    let Some(record) = golden.get(name) else { return vec![format!("{name}: not in the table")] };
    let mut found = Vec::new();
    if (record.size, record.align) != (size, align) {
        found.push(format!("{name}: size {size} align {align}, golden {} and {}", record.size, record.align));
    }
    for (field, offset) in fields {
        match record.fields.get(field) {
            None => found.push(format!("{name}.{field}: not in the table")),
            Some(golden) if golden != offset => {
                found.push(format!("{name}.{field}: at {offset}, golden {golden}"));
            }
            Some(_) => {}
        }
    }
    found
}

macro_rules! check {
    ($golden:expr, $found:expr; $($name:literal $record:ty { $($field:literal $member:ident),* $(,)? })*) => {
        $($found.extend(differences(
            $golden, $name, size_of::<$record>(), align_of::<$record>(),
            &[$(($field, offset_of!($record, $member))),*],
        ));)*
    };
}

#[test]
fn kernel_records_match_the_golden_table() {
    let golden = parse(GOLDEN);
    let mut found: Vec<String> = Vec::new();
    check! { &golden, found;
        "LIST_ENTRY" abi::ListEntry { "Flink" flink, "Blink" blink }
        "DISPATCHER_HEADER" abi::DispatcherHeader {
            "Type" kind, "Signalling" signalling, "Size" size, "SignalState" signal_state,
            "WaitListHead" wait_list_head,
        }
        "KEVENT" abi::KEvent { "Header" header }
        "FAST_MUTEX" abi::FastMutex {
            "Count" count, "Owner" owner, "Contention" contention, "Event" event, "OldIrql" old_irql,
        }
        "KLOCK_QUEUE_HANDLE" abi::LockQueueHandle { "LockQueue" next, "OldIrql" old_irql }
        "OBJECT_ATTRIBUTES" abi::ObjectAttributes {
            "Length" length, "RootDirectory" root_directory, "ObjectName" object_name, "Attributes" attributes,
            "SecurityDescriptor" security_descriptor,
            "SecurityQualityOfService" security_quality_of_service,
        }
        "RTL_OSVERSIONINFOW" abi::OsVersion {
            "dwOSVersionInfoSize" size, "dwMajorVersion" major, "dwMinorVersion" minor, "dwBuildNumber" build,
            "dwPlatformId" platform, "szCSDVersion" service_pack,
        }
        "RTL_QUERY_REGISTRY_TABLE" QueryTable {
            "QueryRoutine" routine, "Flags" flags, "Name" name, "EntryContext" entry_context,
            "DefaultType" default_type, "DefaultData" default_data, "DefaultLength" default_length,
        }
        "KSEMAPHORE" abi::KSemaphore { "Header" header, "Limit" limit }
        "KMUTANT" abi::KMutant {
            "Header" header, "MutantListEntry" mutant_list_entry, "OwnerThread" owner_thread,
            "MutantFlags" mutant_flags, "ApcDisable" apc_disable,
        }
        "KTIMER" abi::KTimer {
            "Header" header, "DueTime" due_time, "TimerListEntry" timer_list_entry, "Dpc" dpc,
            "Processor" processor, "TimerType" timer_type, "Period" period,
        }
        "KDPC" abi::KDpc {
            "Type" kind, "Importance" importance, "Number" number, "DpcListEntry" dpc_list_entry,
            "ProcessorHistory" processor_history, "DeferredRoutine" deferred_routine,
            "DeferredContext" deferred_context, "SystemArgument1" system_argument1,
            "SystemArgument2" system_argument2, "DpcData" dpc_data,
        }
        "UNICODE_STRING" abi::UnicodeString {
            "Length" length, "MaximumLength" maximum_length, "Buffer" buffer,
        }
        "DRIVER_OBJECT" abi::DriverObject {
            "Type" kind, "Size" size, "DeviceObject" device_object, "DriverStart" driver_start,
            "DriverExtension" driver_extension, "DriverName" driver_name, "DriverInit" driver_init,
            "DriverStartIo" driver_start_io, "DriverUnload" driver_unload, "MajorFunction" major_function,
        }
        "DRIVER_EXTENSION" abi::DriverExtension {
            "DriverObject" driver_object, "AddDevice" add_device, "Count" count,
            "ServiceKeyName" service_key_name,
        }
        "DEVICE_OBJECT" abi::DeviceObject {
            "Type" kind, "Size" size, "ReferenceCount" reference_count, "DriverObject" driver_object,
            "NextDevice" next_device, "AttachedDevice" attached_device, "Flags" flags,
            "DeviceExtension" device_extension, "DeviceType" device_type, "StackSize" stack_size,
            "AlignmentRequirement" alignment_requirement, "DeviceQueue" device_queue, "Dpc" dpc,
            "SecurityDescriptor" security_descriptor, "DeviceLock" device_lock,
            "DeviceObjectExtension" device_object_extension,
        }
        "IO_STATUS_BLOCK" abi::IoStatusBlock { "Status" status, "Information" information }
        "IRP" abi::Irp {
            "Type" kind, "Size" size, "MdlAddress" mdl_address, "Flags" flags,
            "AssociatedIrp" associated_irp, "IoStatus" io_status, "RequestorMode" requestor_mode,
            "PendingReturned" pending_returned, "StackCount" stack_count,
            "CurrentLocation" current_location, "UserIosb" user_iosb, "UserEvent" user_event,
            "CancelRoutine" cancel_routine, "UserBuffer" user_buffer,
            "Tail.Overlay.DriverContext" driver_context, "Tail.Overlay.Thread" thread,
            "Tail.Overlay.ListEntry" list_entry,
            "Tail.Overlay.CurrentStackLocation" current_stack_location,
            "Tail.Overlay.OriginalFileObject" original_file_object,
        }
        "IO_STACK_LOCATION" abi::IoStackLocation {
            "MajorFunction" major_function, "MinorFunction" minor_function, "Flags" flags,
            "Control" control, "Parameters" parameters, "DeviceObject" device_object,
            "FileObject" file_object, "CompletionRoutine" completion_routine, "Context" context,
        }
        "MDL" abi::Mdl {
            "Next" next, "Size" size, "MdlFlags" mdl_flags, "Process" process,
            "MappedSystemVa" mapped_system_va, "StartVa" start_va, "ByteCount" byte_count,
            "ByteOffset" byte_offset,
        }
        "DMA_ADAPTER" abi::DmaAdapter { "Version" version, "Size" size, "DmaOperations" dma_operations }
        "DMA_OPERATIONS" abi::DmaOperations { "Size" size, "PutDmaAdapter" routines }
        "DEVICE_DESCRIPTION" abi::DeviceDescription {
            "Version" version, "Master" master, "Dma64BitAddresses" dma64_bit_addresses,
            "MaximumLength" maximum_length, "DeviceAddress" device_address,
        }
        "IO_CONNECT_INTERRUPT_PARAMETERS" abi::IoConnectInterruptParameters {
            "Version" version, "FullySpecified" fully_specified,
        }
        "IO_CONNECT_INTERRUPT_FULLY_SPECIFIED_PARAMETERS" abi::FullySpecified {
            "PhysicalDeviceObject" physical_device_object, "InterruptObject" interrupt_object,
            "ServiceRoutine" service_routine, "ServiceContext" service_context, "SpinLock" spin_lock,
            "SynchronizeIrql" synchronize_irql, "FloatingSave" floating_save,
            "ShareVector" share_vector, "Vector" vector, "Irql" irql, "InterruptMode" interrupt_mode,
            "ProcessorEnableMask" processor_enable_mask, "Group" group,
        }
        "IO_CONNECT_INTERRUPT_LINE_BASED_PARAMETERS" abi::LineBased {
            "PhysicalDeviceObject" physical_device_object, "InterruptObject" interrupt_object,
            "ServiceRoutine" service_routine, "ServiceContext" service_context, "SpinLock" spin_lock,
            "SynchronizeIrql" synchronize_irql, "FloatingSave" floating_save,
        }
        "IO_CONNECT_INTERRUPT_MESSAGE_BASED_PARAMETERS" abi::MessageBased {
            "PhysicalDeviceObject" physical_device_object, "ConnectionContext" connection_context,
            "MessageServiceRoutine" message_service_routine, "ServiceContext" service_context,
            "SpinLock" spin_lock, "SynchronizeIrql" synchronize_irql, "FloatingSave" floating_save,
            "FallBackServiceRoutine" fall_back_service_routine,
        }
        "IO_INTERRUPT_MESSAGE_INFO" abi::MessageInfo {
            "UnifiedIrql" unified_irql, "MessageCount" message_count, "MessageInfo" message_info,
        }
        "IO_INTERRUPT_MESSAGE_INFO_ENTRY" abi::MessageInfoEntry {
            "MessageAddress" message_address, "TargetProcessorSet" target_processor_set,
            "InterruptObject" interrupt_object, "MessageData" message_data, "Vector" vector, "Irql" irql,
            "Mode" mode, "Polarity" polarity,
        }
        "BUS_INTERFACE_STANDARD" abi::BusInterface {
            "Size" size, "Version" version, "Context" context, "InterfaceReference" interface_reference,
            "InterfaceDereference" interface_dereference, "TranslateBusAddress" translate_bus_address,
            "GetDmaAdapter" get_dma_adapter, "SetBusData" set_bus_data, "GetBusData" get_bus_data,
        }
        "IO_DISCONNECT_INTERRUPT_PARAMETERS" abi::IoDisconnectInterruptParameters {
            "Version" version, "ConnectionContext" interrupt_object,
        }
        "CM_PARTIAL_RESOURCE_DESCRIPTOR" abi::PartialResource {
            "Type" kind, "ShareDisposition" share_disposition, "Flags" flags, "u" u,
        }
        "CM_RESOURCE_LIST" abi::ResourceList<1> { "Count" count }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_wrong_record_is_noticed() {
    let golden = parse(GOLDEN);
    assert!(!differences(&golden, "KTIMER", 64, 8, &[("Period", 56)]).is_empty());
    assert!(!differences(&golden, "IRP", 208, 8, &[]).is_empty());
    assert!(!differences(&golden, "NO_SUCH_RECORD", 1, 1, &[]).is_empty());
    assert!(differences(&golden, "KTIMER", 64, 8, &[("Period", 60)]).is_empty());
}
