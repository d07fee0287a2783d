//! System threads.

use core::ffi::c_void;

use super::At;
use super::Context;
use super::Export;
use super::abi::NtStatus;
use super::abi::STATUS_INSUFFICIENT_RESOURCES;
use super::abi::STATUS_SUCCESS;
use super::exports::declare_exports;

type StartRoutine = unsafe extern "win64" fn(*mut c_void);

/// The object type that `PsThreadType` points at: only its address counts.
static THREAD_TYPE: u64 = 0x6461_6572_6854;

/// The exported variable: a pointer to the type.
#[repr(transparent)]
struct TypePointer(*const u64);

// SAFETY: it points at an immutable static.
unsafe impl Sync for TypePointer {}

static PS_THREAD_TYPE: TypePointer = TypePointer(&raw const THREAD_TYPE);

pub(crate) fn thread_type() -> *const c_void {
    (&raw const THREAD_TYPE).cast()
}

pub(crate) fn data_exports() -> impl Iterator<Item = Export> {
    [Export {
        module: "ntoskrnl.exe",
        name: "PsThreadType",
        address: (&raw const PS_THREAD_TYPE).cast(),
        data: true,
    }]
    .into_iter()
}

declare_exports! { "ntoskrnl.exe";
    fn PsCreateSystemThread(
        handle: At<u64>, _access: u32, _attributes: *mut c_void, _process: u64, _client: *mut c_void,
        start: StartRoutine, context: *mut c_void,
    ) -> NtStatus |kernel| {
        if kernel.injection.fails("PsCreateSystemThread") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let thread = kernel.spawn("driver thread", Context::Thread, true, move || {
            // SAFETY: the driver asked for this routine to be run with this context, at PASSIVE_LEVEL.
            super::kernel().call_driver("system thread", 0, || unsafe { start(context) });
        });
        handle.write(kernel.objects.open(&thread));
        STATUS_SUCCESS
    }

    fn PsTerminateSystemThread(_status: NtStatus) -> NtStatus |kernel| {
        match kernel.current_thread() {
            Some(thread) if thread.drivers => kernel.end_thread(&thread),
            _ => super::abi::STATUS_INVALID_PARAMETER,
        }
    }

    fn PsGetCurrentThread() -> *mut c_void |kernel| {
        kernel.current_thread().map_or(core::ptr::null_mut(), |thread| thread.pointer())
    }
}
