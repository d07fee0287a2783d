//! What drivers modelled on Microsoft's samples import is there.

use waverust_rig::nt;
use waverust_rig::nt::Resolver;
use waverust_rig::pci::fake::Fake;

/// Imports from the kernel and the HAL of a WaveRT driver built like the `simpleaudiosample` and `sysvad` samples of
/// the WDK, with what its compiler and its inline functions add.
const OF_SAMPLES: &[&str] = &[
    "DbgPrintEx",
    "ExAcquireFastMutex",
    "ExAllocatePool2",
    "ExAllocatePoolWithTag",
    "ExAllocateTimer",
    "ExCancelTimer",
    "ExDeleteTimer",
    "ExFreePoolWithTag",
    "ExInterlockedInsertTailList",
    "ExInterlockedRemoveHeadList",
    "ExReleaseFastMutex",
    "ExSetTimer",
    "IoAllocateWorkItem",
    "IoFreeWorkItem",
    "IoInvalidateDeviceRelations",
    "IoOpenDeviceInterfaceRegistryKey",
    "IoOpenDeviceRegistryKey",
    "IoOpenDriverRegistryKey",
    "IoQueueWorkItem",
    "IoRegisterDeviceInterface",
    "IoSetDeviceInterfacePropertyData",
    "IoSetDeviceInterfaceState",
    "IofCallDriver",
    "IofCompleteRequest",
    "KeAcquireSpinLockRaiseToDpc",
    "KeFlushQueuedDpcs",
    "KeInitializeDpc",
    "KeInitializeEvent",
    "KeInitializeMutex",
    "KeQueryPerformanceCounter",
    "KeReleaseMutex",
    "KeReleaseSpinLock",
    "KeResetEvent",
    "KeRestoreFloatingPointState",
    "KeSaveFloatingPointState",
    "KeSetEvent",
    "KeWaitForSingleObject",
    "ObfDereferenceObject",
    "ObfReferenceObject",
    "PsGetCurrentThread",
    "RtlAppendUnicodeToString",
    "RtlCompareMemory",
    "RtlCopyUnicodeString",
    "RtlFreeUnicodeString",
    "RtlInitUnicodeString",
    "RtlQueryRegistryValues",
    "ZwClose",
    "ZwCreateFile",
    "ZwCreateKey",
    "ZwEnumerateKey",
    "ZwEnumerateValueKey",
    "ZwOpenKey",
    "ZwQueryValueKey",
    "ZwSetValueKey",
    "ZwWriteFile",
    "__C_specific_handler",
    "__chkstk",
    "_purecall",
    "_vsnwprintf",
    "memcmp",
    "memcpy",
    "memmove",
    "memset",
    "wcscmp",
    "wcslen",
];

#[test]
fn the_kernel_has_what_the_samples_import() {
    let profile = "26100".parse().expect("a known build");
    let kernel = nt::boot(profile, Box::new(Fake::new().expect("memory")));
    let resolver = Resolver::of(kernel);
    let has = |name: &&&str| {
        ["ntoskrnl.exe", "hal.dll"].iter().any(|module| resolver.resolve(kernel, module, name).is_some())
    };
    let missing: Vec<&&str> = OF_SAMPLES.iter().filter(|name| !has(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn an_old_windows_lacks_what_came_later() {
    let profile = "10240".parse().expect("a known build");
    let kernel = nt::boot(profile, Box::new(Fake::new().expect("memory")));
    let resolver = Resolver::of(kernel);
    assert!(resolver.resolve(kernel, "ntoskrnl.exe", "IoOpenDriverRegistryKey").is_none());
    assert!(resolver.resolve(kernel, "ntoskrnl.exe", "ExAllocateTimer").is_some());
}
