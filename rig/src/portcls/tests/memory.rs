//! Memory and pointers between driver and PortCls.

use std::cell::Cell;
use std::rc::Rc;

use super::driver::Mistake;
use super::driver::import;
use super::format;
use super::on;
use crate::nt;
use crate::portcls::Pin;

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
