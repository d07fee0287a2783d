//! The rules of PortCls, each with a driver that breaks it.

mod bus;
mod descriptors;
mod driver;
mod events;
mod filters;
mod life;
mod managed;
mod maps;
mod memory;
mod objects;
mod packet_sizes;
mod wavepci;
mod wavepci_faults;
mod wavepci_objects;

use portcls::raw::{
    KSDATAFORMAT_SPECIFIER_WAVEFORMATEX, KSDATAFORMAT_SUBTYPE_PCM, KSDATAFORMAT_TYPE_AUDIO,
    PCSTREAMRESOURCE_DESCRIPTOR, STATUS_INVALID_PARAMETER, ePcStreamResourceSet,
};

use self::driver::Mistake;
use super::Adapter;
use super::Image;
use super::KsState;
use super::Pin;
use crate::nt;
use crate::nt::ClientEvent;
use crate::pci::Hardware;
use crate::pci::fake::Fake;
use crate::verify::Finding;

/// `KSDATAFORMAT_WAVEFORMATEX` of 48 kHz, 16 bits, stereo.
fn format() -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in [82_u32, 0, 4, 0] {
        bytes.extend(word.to_le_bytes());
    }
    for guid in [KSDATAFORMAT_TYPE_AUDIO, KSDATAFORMAT_SUBTYPE_PCM, KSDATAFORMAT_SPECIFIER_WAVEFORMATEX] {
        bytes.extend(guid.Data1.to_le_bytes());
        bytes.extend(guid.Data2.to_le_bytes());
        bytes.extend(guid.Data3.to_le_bytes());
        bytes.extend(guid.Data4);
    }
    bytes.extend(1_u16.to_le_bytes());
    bytes.extend(2_u16.to_le_bytes());
    bytes.extend(48_000_u32.to_le_bytes());
    bytes.extend(192_000_u32.to_le_bytes());
    bytes.extend(4_u16.to_le_bytes());
    bytes.extend(16_u16.to_le_bytes());
    bytes.extend(0_u16.to_le_bytes());
    bytes
}

/// Runs a scenario on a fresh machine; what was found.
fn on(windows: &str, mistake: Mistake, scenario: impl FnOnce(Adapter) + 'static) -> Vec<Finding> {
    on_with(Box::new(Fake::new().expect("memory")), windows, mistake, scenario)
}

/// The same with a certain device.
fn on_with(
    hardware: Box<dyn Hardware>,
    windows: &str,
    mistake: Mistake,
    scenario: impl FnOnce(Adapter) + 'static,
) -> Vec<Finding> {
    let kernel = nt::boot(windows.parse().expect("a version"), hardware);
    driver::prepare(kernel, mistake);
    kernel.run(move || {
        let image = Image { name: "toy".to_owned(), base: 0, size: 0, entry: driver::driver_entry };
        let adapter = Adapter::load(kernel, &image).expect("DriverEntry");
        scenario(adapter);
    });
    kernel.verifier.findings()
}

/// Start, play nothing, remove, unload.
fn life(adapter: Adapter) {
    assert!(adapter.add_device() >= 0);
    if adapter.start() >= 0 {
        play(&adapter);
    }
    assert!(adapter.remove() >= 0);
    adapter.unload();
}

fn play(adapter: &Adapter) {
    let Ok(pin) = Pin::open(adapter, "Wave", 0, &format()) else { return };
    if let Ok(buffer) = pin.allocate_with_notification(8184, 2) {
        let event = ClientEvent::new(adapter.kernel());
        pin.register_event(&event);
        buffer.write(8180, &[1, 2, 3, 4]);
        pin.set_state(KsState::Run);
        pin.set_state(KsState::Stop);
        pin.unregister_event(&event);
    }
    pin.close();
}

fn one(mistake: Mistake) -> Finding {
    let mut found = on("26100", mistake, life);
    assert!(!found.is_empty(), "{mistake:?} was not found");
    found.remove(0)
}

fn expect(mistake: Mistake, rule: &str, code: u32, first: u64) {
    let finding = one(mistake);
    assert_eq!((finding.rule.as_str(), finding.bug_check), (rule, code), "{finding}");
    assert!(first == 0 || finding.parameters[0] == first, "{finding}");
}

#[test]
fn every_interface_has_the_methods_of_the_abi() {
    use super::{interrupt_sync, port, port_stream, resource_list, wavepci};
    for kind in [
        interrupt_sync::KIND,
        port::WAVE,
        port::WAVE_PCI,
        port::TOPOLOGY,
        port_stream::KIND,
        resource_list::KIND,
        wavepci::SOURCE,
        wavepci::GROUP,
        wavepci::CHANNEL,
    ] {
        super::com::assert_faces(kind);
    }
}

#[test]
fn portcls_exports_all_that_its_header_declares() {
    assert_eq!(super::EXPORTS.len(), 38);
}

#[test]
fn a_good_driver_has_no_finding() {
    for windows in ["10240", "10586", "26100", "26100-noresources"] {
        assert_eq!(on(windows, Mistake::None, life).len(), 0, "{windows}");
        assert_eq!(driver::live(), 0, "{windows}");
    }
}

/// Row 10: order of freeing.
#[test]
fn pages_are_unmapped_before_they_are_freed() {
    expect(Mistake::FreeWhileMapped, "PcUnmapAllocatedPages", 0xC4, 0x7_1004);
}

/// Row 10: order of freeing.
#[test]
fn pages_are_freed_once() {
    expect(Mistake::FreeTwice, "PcAllocatedPages", 0xC4, 0x7_1005);
}

#[test]
fn pages_are_freed_at_all() {
    expect(Mistake::KeepPages, "PcAllocatedPages", 0xC4, 0x7_1005);
}

#[test]
fn only_allocated_pages_are_mapped() {
    expect(Mistake::MapForeignPages, "PcAllocateAndMapPages", 0xC4, 0x7_1009);
}

#[test]
fn there_is_no_page_behind_the_last() {
    expect(Mistake::PageBeyondEnd, "PcAllocatedPages", 0xC4, 0x7_1005);
}

#[test]
fn a_released_object_is_not_called() {
    expect(Mistake::UseStreamPortAfterRelease, "UseAfterRelease", 0xCC, 0);
}

#[test]
fn a_port_is_released() {
    expect(Mistake::KeepPort, "ComObjectLeft", 0xCE, 1);
}

#[test]
fn power_management_is_registered_once() {
    expect(Mistake::PowerTwice, "PcRegisterAdapterPower", 0xC4, 0x7_1006);
    expect(Mistake::PowerUnregisteredTwice, "PcRegisterAdapterPower", 0xC4, 0x7_1006);
}

#[test]
fn a_device_extension_has_room_for_portcls() {
    expect(Mistake::SmallExtension, "PcAddAdapterDevice", 0xC4, 0x7_1007);
}

#[test]
fn a_filter_description_is_checked() {
    let finding = one(Mistake::BadFilter);
    assert_eq!(finding.rule, "FilterDescriptor");
    assert!(finding.message.contains("connection 0 to node 7 of 1"), "{}", finding.message);
}

#[test]
fn a_buffer_is_not_smaller_than_asked_for() {
    expect(Mistake::SmallBuffer, "AudioBufferSize", 0xC4, 0);
}

#[test]
fn a_buffer_is_whole_packets() {
    let finding = one(Mistake::OddBuffer);
    assert_eq!(finding.rule, "AudioBufferSize");
    assert!(finding.message.contains("whole frames"), "{}", finding.message);
}

#[test]
fn a_buffer_lies_in_its_pages() {
    expect(Mistake::LongBuffer, "AudioBufferBeyondPages", 0xC4, 0);
}

#[test]
fn a_stream_can_always_be_stopped() {
    expect(Mistake::RefuseDown, "SetStateDown", 0xC4, 0);
}

#[test]
fn a_new_stream_is_at_zero() {
    expect(Mistake::NotFresh, "StreamNotFresh", 0xC4, 0);
}

#[test]
fn a_removed_device_has_no_stream_resource_and_no_interrupt() {
    expect(Mistake::KeepInterrupt, "StreamResourceLeft", 0xC4, 0);
}

#[test]
fn a_stream_resource_is_alive() {
    expect(Mistake::RegisterDeadInterrupt, "StreamResourceNotAlive", 0xC4, 0);
}

#[test]
fn a_wrong_stream_resource_descriptor_is_refused() {
    type Spoil = fn(&mut PCSTREAMRESOURCE_DESCRIPTOR);
    let spoilt: [Spoil; 5] = [
        |descriptor| descriptor.Size = 32,
        |descriptor| descriptor.Flags = 1,
        |descriptor| descriptor.Type = ePcStreamResourceSet,
        |descriptor| descriptor.Pdo = core::ptr::dangling_mut(),
        |descriptor| descriptor.Resource.Interrupt.Generic = core::ptr::null_mut(),
    ];
    for (number, spoil) in spoilt.into_iter().enumerate() {
        driver::spoil_by(spoil);
        let found = on("26100", Mistake::None, life);
        assert_eq!(driver::added(), STATUS_INVALID_PARAMETER, "number {number}");
        assert_eq!(found.len(), 0, "number {number}");
    }
}

#[test]
fn a_port_method_is_called_at_its_level() {
    expect(Mistake::AllocateAtDispatch, "PcIrqlIport", 0xC4, 0x7_1003);
}

#[test]
fn the_name_of_a_subdevice_stays() {
    expect(Mistake::ChangeName, "SubdeviceName", 0xC4, 0);
}
