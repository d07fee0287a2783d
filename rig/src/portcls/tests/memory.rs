//! Memory and pointers between driver and PortCls.

use std::cell::Cell;
use std::rc::Rc;

use portcls::raw::{KSPROPERTY_JACK_DESCRIPTION, KSPROPERTY_TYPE_GET, KSPROPSETID_Jack};

use super::driver::Mistake;
use super::driver::import;
use super::format;
use super::objects;
use super::on;
use crate::nt;
use crate::portcls::Pin;
use crate::portcls::Request;
use crate::portcls::Target;

type Property = unsafe extern "win64" fn(super::driver::Device, i32, u32, *mut u8, *mut u32) -> i32;

#[test]
fn a_bad_pointer_does_not_take_the_device_along() {
    let found = on("26100", Mistake::None, |adapter| {
        assert!(adapter.add_device() >= 0);
        let device = adapter.fdo().expect("added").device.pointer();
        let property: Property = import("portcls.sys", "PcGetDeviceProperty");
        let mut length = 0;
        // SAFETY: the planted fault: nothing is at that address.
        unsafe { property(device, 1, 4096, 0x10 as *mut u8, &raw mut length) };
    });
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].call.as_deref(), Some("PcGetDeviceProperty"));
    assert!(nt::kernel().hardware.try_borrow_mut().is_ok(), "the machine can still be switched off");
}

#[test]
fn a_client_does_not_see_what_another_left() {
    let seen = Rc::new(Cell::new([9; 4]));
    let out = seen.clone();
    let found = on("26100", Mistake::None, move |adapter| {
        assert!(adapter.add_device() >= 0 && adapter.start() >= 0);
        // More buffers than there is memory for at a time: frames come back.
        for _ in 0..40 {
            let pin = Pin::open(&adapter, "Wave", 0, &format()).expect("a pin");
            let buffer = pin.allocate(1 << 20).expect("a buffer");
            let mut bytes = [7; 4];
            buffer.read(1 << 19, &mut bytes);
            buffer.write(1 << 19, &[1, 2, 3, 4]);
            out.set(bytes);
            drop(buffer);
            pin.close();
        }
        assert!(adapter.remove() >= 0);
        adapter.unload();
    });
    assert_eq!(found.len(), 0, "{found:?}");
    assert_eq!(seen.get(), [0; 4]);
}

#[test]
fn a_format_is_gone_when_new_stream_returns() {
    let found = on("26100", Mistake::None, |adapter| {
        assert!(adapter.add_device() >= 0 && adapter.start() >= 0);
        let pin = Pin::open(&adapter, "Wave", 0, &format()).expect("a pin");
        // SAFETY: the planted fault: a pointer that was good during NewStream only.
        std::hint::black_box(unsafe { objects::last_format().read_volatile() });
        pin.close();
    });
    assert_eq!(found.first().map(|finding| finding.rule.as_str()), Some("PageFaultInFreedSpecialPool"));
}

/// Row 75: hostile properties.
#[test]
fn a_format_ends_with_its_last_byte() {
    let found = on("26100", Mistake::ReadBehindFormat, |adapter| {
        assert!(adapter.add_device() >= 0 && adapter.start() >= 0);
        let _pin = Pin::open(&adapter, "Wave", 0, &format());
    });
    assert_eq!(
        found.first().map(|finding| finding.rule.as_str()),
        Some("PageFaultBeyondEndOfAllocation"),
        "{found:?}"
    );
}

/// Row 75: hostile properties.
#[test]
fn a_property_s_value_ends_with_its_last_byte() {
    let found = on("26100", Mistake::WriteBehindValue, |adapter| {
        assert!(adapter.add_device() >= 0 && adapter.start() >= 0);
        let request = Request {
            target: Target::Filter,
            set: KSPROPSETID_Jack,
            id: KSPROPERTY_JACK_DESCRIPTION,
            verb: KSPROPERTY_TYPE_GET,
            instance: &[0; 8],
        };
        let _ = adapter.property("Topo", &request, &mut [0; 13]);
    });
    assert_eq!(
        found.first().map(|finding| finding.rule.as_str()),
        Some("PageFaultBeyondEndOfAllocation"),
        "{found:?}"
    );
}
