//! What PortCls and Driver Verifier's audio rules hold against a driver, one routine a rule.

use crate::nt::Kernel;

/// `DRIVER_VERIFIER_DETECTED_VIOLATION`.
const VERIFIER: u32 = 0xC4;
/// `PAGE_FAULT_IN_FREED_SPECIAL_POOL`.
const FREED_POOL: u32 = 0xCC;
/// `PAGE_FAULT_IN_NONPAGED_AREA`.
const PAGE_FAULT: u32 = 0x50;
/// `DRIVER_UNLOADED_WITHOUT_CANCELLING_PENDING_OPERATIONS`.
const UNLOADED_TOO_EARLY: u32 = 0xCE;

/// Driver Verifier's numbers of the audio rules, and the rig's own for what Windows has no rule for.
pub(crate) mod code {
    pub(crate) const UNMAP_ALLOCATED_PAGES: u64 = 0x7_1004;
    pub(crate) const ALLOCATED_PAGES: u64 = 0x7_1005;
    pub(crate) const REGISTER_ADAPTER_POWER: u64 = 0x7_1006;
    pub(crate) const ADD_ADAPTER_DEVICE: u64 = 0x7_1007;
    pub(crate) const PROPERTY_REQUEST: u64 = 0x7_1008;
    pub(crate) const ALLOCATE_AND_MAP_PAGES: u64 = 0x7_1009;
    pub(crate) const QUERY_INTERFACE: u64 = 0x7_1201;
    pub(crate) const FILTER_DESCRIPTOR: u64 = 0x7_1202;
    pub(crate) const STREAM: u64 = 0x7_1203;
    pub(crate) const BUFFER: u64 = 0x7_1204;
    pub(crate) const IRP: u64 = 0x7_1205;
    pub(crate) const DEVICE_LEFT: u64 = 0x7_1206;
    pub(crate) const NOTIFICATION: u64 = 0x7_1207;
    pub(crate) const SUBDEVICE_NAME: u64 = 0x7_1208;
    pub(crate) const BUS_INTERFACE: u64 = 0x7_1209;
    pub(crate) const KS_EVENT: u64 = 0x7_120A;
    pub(crate) const CAPABILITIES: u64 = 0x7_120B;
    pub(crate) const PACKET_SIZES: u64 = 0x7_120C;
    pub(crate) const SERVICE_GROUP: u64 = 0x7_120D;
    pub(crate) const MAPPING: u64 = 0x7_120E;
    pub(crate) const MAPPING_LOCK: u64 = 0x7_120F;
    pub(crate) const FILTER_MAP: u64 = 0x7_1210;
}

/// Records a violation and stops.
pub(crate) fn stop(kernel: &Kernel, rule: &str, code: u64, object: u64, message: String) -> ! {
    kernel.verifier.stop(kernel, rule, VERIFIER, [code, object, 0, 0], message)
}

/// Records a violation; the machine goes on.
pub(crate) fn note(kernel: &Kernel, rule: &str, code: u64, object: u64, message: String) {
    kernel.verifier.record(kernel, rule, VERIFIER, [code, object, 0, 0], message);
}

/// A method called on what is no live object of the kind that has it.
pub(crate) fn not_an_object(kernel: &Kernel, method: &str, this: u64, gone: Option<&str>) -> ! {
    let level = u64::from(kernel.current_irql());
    let parameters = [this, level, 0, kernel.calling_address()];
    match gone {
        Some(kind) => {
            let message = format!(
                "{method} was called on {this:#x}, whose {kind} is gone: its last reference was released"
            );
            kernel.verifier.stop(kernel, "UseAfterRelease", FREED_POOL, parameters, message)
        }
        None => {
            let message = format!("{method} was called on {this:#x}, which is no object that has it");
            kernel.verifier.stop(kernel, "NotAnObject", PAGE_FAULT, parameters, message)
        }
    }
}

/// A `QueryInterface` of the driver's that failed and left a pointer.
pub(crate) fn query_left_pointer(kernel: &Kernel, interface: &str, pointer: u64) {
    let message =
        format!("QueryInterface for {interface} failed and left {pointer:#x} in the out parameter, not null");
    note(kernel, "QueryInterface", code::QUERY_INTERFACE, pointer, message);
}

/// An object of PortCls' that the driver did not release.
pub(crate) fn object_left(kernel: &Kernel, kind: &str, references: u32) {
    let message = format!("unloaded with {references} reference(s) to a {kind} not released");
    let parameters = [u64::from(references), 0, 0, 0];
    kernel.verifier.record(kernel, "ComObjectLeft", UNLOADED_TOO_EARLY, parameters, message);
}
