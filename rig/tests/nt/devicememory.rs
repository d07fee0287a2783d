//! Device memory as driver code reaches it: accesses of every width, and the table that is not the driver's.

use core::ffi::c_void;

use waverust_rig::nt::Kernel;
use waverust_rig::pci::messenger::Messenger;
use waverust_rig::pci::messenger::PATTERN;
use waverust_rig::pci::messenger::REGISTERS;
use waverust_rig::pci::messenger::TABLE;

use crate::support::call;
use crate::support::findings_with;
use crate::support::image;

type Read = extern "win64" fn(*mut c_void) -> u64;
type Write = extern "win64" fn(*mut c_void, u32);

fn map(kernel: &Kernel, physical: u64, bytes: u64) -> *mut c_void {
    call!(kernel, MmMapIoSpaceEx(physical => u64, bytes => u64, 0x204 => u32) -> *mut c_void)
}

fn unmap(kernel: &Kernel, address: *mut c_void, bytes: u64) {
    call!(kernel, MmUnmapIoSpace(address => *mut c_void, bytes => u64) -> ());
}

#[test]
fn registers_are_read_in_every_width() {
    // movzx eax, byte/word [rcx]; mov eax, [rcx]; mov rax, [rcx]
    let codes: [(&[u8], u32); 4] = [
        (&[0x0F, 0xB6, 0x01, 0xC3], 8),
        (&[0x0F, 0xB7, 0x01, 0xC3], 16),
        (&[0x8B, 0x01, 0xC3], 32),
        (&[0x48, 0x8B, 0x01, 0xC3], 64),
    ];
    let device = Box::new(Messenger::new(0).expect("memory"));
    let found = findings_with(device, move |kernel| {
        kernel.verifier.set_device_owned(true);
        let base = map(kernel, REGISTERS, 0x4000);
        for (code, bits) in codes {
            let read: Read = image(code);
            for offset in [0, 8, 0x3FF8] {
                let value = kernel.call_driver("routine", 0, || read(base.wrapping_byte_add(offset)));
                let wanted = (PATTERN ^ (REGISTERS + offset as u64)) & (u64::MAX >> (64 - bits));
                assert_eq!(value, wanted, "{bits} bits at {offset:#x}");
            }
        }
        unmap(kernel, base, 0x4000);
        let accesses = kernel.accounts.snapshot();
        assert_eq!((accesses.total().reads, accesses.total().writes, accesses.config.reads), (12, 0, 0));
    });
    assert!(found.is_empty(), "{}", found[0]);
}

#[test]
fn the_table_of_messages_is_the_bus_drivers() {
    // mov [rcx], edx
    let code = [0x89, 0x11, 0xC3];
    let device = Box::new(Messenger::new(2).expect("memory"));
    let found = findings_with(device, move |kernel| {
        kernel.support_messages(None);
        kernel.assign_messages();
        kernel.enable_messages();
        kernel.verifier.set_device_owned(true);
        let base = map(kernel, TABLE, 0x1000);
        let write: Write = image(&code);
        kernel.call_driver("routine", 0, || write(base.wrapping_byte_add(0x20), 1));
        kernel.call_driver("routine", 0, || write(base.wrapping_byte_add(0x1C), 0));
    });
    assert_eq!(found.iter().map(|finding| finding.rule.as_str()).collect::<Vec<_>>(), ["MessageTable"]);
    assert_eq!(found[0].parameters[1], TABLE + 0x1C);
}

/// What is found when 32 bits at `physical` are read, `asleep` or not.
fn found_by_reading(physical: u64, asleep: bool) -> Vec<String> {
    // mov eax, [rcx]
    let code = [0x8B, 0x01, 0xC3];
    let device = Box::new(Messenger::new(0).expect("memory"));
    let found = findings_with(device, move |kernel| {
        kernel.verifier.set_device_owned(true);
        kernel.verifier.set_device_asleep(asleep);
        let base = map(kernel, physical, 0x1000);
        let read: Read = image(&code);
        kernel.call_driver("routine", 0, || read(base));
        unmap(kernel, base, 0x1000);
    });
    found.into_iter().map(|finding| finding.rule).collect()
}

#[test]
fn a_device_outside_d0_is_not_touched() {
    assert_eq!(found_by_reading(REGISTERS, false), [""; 0]);
    assert_eq!(found_by_reading(REGISTERS, true), ["DeviceOutsideD0"]);
}

#[test]
fn memory_that_was_not_assigned_is_not_touched() {
    assert_eq!(found_by_reading(REGISTERS + 0x4000_0000, false), ["RegisterNotAssigned"]);
}

/// What is found when the device is taken away by that request, and a window of it stays mapped or does not.
fn found_after(when: &'static str, kept: bool) -> Vec<(String, String)> {
    let device = Box::new(Messenger::new(0).expect("memory"));
    let found = findings_with(device, move |kernel| {
        kernel.verifier.set_device_owned(true);
        let base = map(kernel, REGISTERS, 0x1000);
        if !kept {
            unmap(kernel, base, 0x1000);
        }
        kernel.verifier.set_device_owned(false);
        kernel.verifier.check_device_released(kernel, when);
        if kept {
            unmap(kernel, base, 0x1000);
        }
    });
    found.into_iter().map(|finding| (finding.rule, finding.message)).collect()
}

#[test]
fn a_window_that_outlives_the_devices_resources() {
    for when in ["IRP_MN_STOP_DEVICE", "IRP_MN_SURPRISE_REMOVAL"] {
        assert_eq!(found_after(when, false), []);
        let found = found_after(when, true);
        let [(rule, message)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(rule, "MappingLeft");
        assert!(message.contains(when), "{message}");
    }
}
