//! The WavePci port, with a driver that keeps its rules.

use core::ffi::c_void;
use std::cell::RefCell;
use std::rc::Rc;

use portcls::raw::{
    CLSID_PortWavePci, CLSID_PortWaveRT, IDmaChannel, IPort, IPortClsStreamResourceManager, IServiceSink,
    IServiceSinkVtbl, Interface, STATUS_INVALID_PARAMETER,
};

use super::driver;
use super::driver::Mistake;
use super::driver::import;
use super::objects;
use super::wavepci_objects as toy;
use super::{format, on};
use crate::nt;
use crate::portcls::{Adapter, Cutter, KsState, Piece, Pin, Place};

/// Bytes that are like no others.
fn sound(seed: u8, bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at as u8).wrapping_mul(7).wrapping_add(seed) | 1).collect()
}

/// A started device with an open pin; what was found after everything was taken down.
pub(super) fn with_pin(
    mistake: Mistake,
    scenario: impl FnOnce(&Pin) + 'static,
) -> Vec<crate::verify::Finding> {
    driver::use_wavepci();
    on("26100", mistake, move |adapter| {
        assert!(adapter.add_device() >= 0 && adapter.start() >= 0);
        let pin = Pin::open(&adapter, "Wave", 0, &format()).expect("a pin");
        scenario(&pin);
        pin.close();
        drop(pin);
        finish(adapter);
    })
}

fn finish(adapter: Adapter) {
    assert!(adapter.remove() >= 0);
    adapter.unload();
}

fn submit(pin: &Pin, seed: u8, bytes: usize) -> u64 {
    pin.submit(&sound(seed, bytes), Place::default(), &mut Cutter::pages()).expect("memory")
}

#[test]
fn packets_are_played_mapping_by_mapping() {
    let found = with_pin(Mistake::None, |pin| {
        assert_eq!(pin.port_class(), "WavePci");
        assert_eq!(pin.linear_position(), Ok(0));
        assert_eq!(pin.normalized(192_000), Ok(10_000_000));
        assert_eq!(pin.allocator_framing(), Ok((0, 1_920)));
        submit(pin, 3, 10_000);
        let place = Place { offset: 4_000, contiguous: false };
        pin.submit(&sound(9, 200), place, &mut Cutter::pages()).expect("memory");
        pin.set_state(KsState::Run);
        let got = toy::got();
        assert_eq!(
            got.iter().map(|mapping| mapping.bytes).collect::<Vec<_>>(),
            [4_096, 4_096, 1_808, 96, 104]
        );
        assert_eq!(
            got.iter().map(|mapping| mapping.flags != 0).collect::<Vec<_>>(),
            [false, false, true, false, true]
        );
        for _ in 0..5 {
            toy::interrupt();
        }
        assert_eq!(toy::played(), [sound(3, 10_000), sound(9, 200)].concat());
        let done = pin.completed();
        assert_eq!((done.len(), done[0].pieces.len(), pin.bytes_pending()), (2, 3, 0));
        assert_eq!(done[1].pieces[1], Piece { from: 96, to: 200, released: true, mapped: true });
        pin.set_state(KsState::Stop);
    });
    assert_eq!(found.len(), 0, "{found:?}");
    assert_eq!(driver::live(), 0);
}

#[test]
fn a_miniport_is_told_of_mappings_only_after_it_was_refused_one() {
    let found = with_pin(Mistake::None, |pin| {
        driver::calls();
        submit(pin, 1, 100);
        pin.tell_available();
        pin.set_state(KsState::Run);
        assert!(!driver::calls().contains(&"MappingAvailable".to_owned()));
        for _ in 0..2 {
            submit(pin, 2, 100);
            pin.tell_available();
            pin.tell_available();
            assert_eq!(driver::calls(), ["MappingAvailable"]);
        }
        assert_eq!((pin.mapping_figures().refused, pin.mapping_figures().available), (3, 2));
    });
    assert_eq!(found.len(), 0, "{found:?}");
}

#[test]
fn what_is_revoked_is_the_clients_again() {
    for first_tag in [1, 0xFFFF_FFFE] {
        let found = with_pin(Mistake::None, move |pin| {
            toy::tags_from(first_tag);
            for seed in 0..5 {
                submit(pin, seed, 100);
            }
            pin.set_state(KsState::Run);
            driver::calls();
            pin.revoke(1, 3);
            assert_eq!(driver::calls(), [format!("RevokeMappings {} {}", first_tag + 1, first_tag + 3)]);
            toy::interrupt();
            toy::interrupt();
            assert_eq!(toy::played(), [sound(0, 100), sound(4, 100)].concat());
            let kept: Vec<bool> = pin.completed().iter().map(|done| done.pieces[0].released).collect();
            assert_eq!(kept, [false, false, false, true, true]);
        });
        assert_eq!(found.len(), 0, "{found:?}");
    }
}

#[test]
fn a_packet_can_be_taken_back_while_it_is_played() {
    let found = with_pin(Mistake::None, |pin| {
        let long = submit(pin, 5, 40_000);
        submit(pin, 6, 100);
        pin.set_state(KsState::Run);
        toy::interrupt();
        pin.cancel(long);
        toy::interrupt();
        pin.tell_available();
        toy::interrupt();
        assert_eq!(toy::played(), [&sound(5, 40_000)[..4_096], &sound(6, 100)].concat());
    });
    assert_eq!(found.len(), 0, "{found:?}");
}

#[test]
fn in_stop_everything_comes_back() {
    let found = with_pin(Mistake::None, |pin| {
        submit(pin, 5, 40_000);
        pin.set_state(KsState::Run);
        toy::interrupt();
        assert_eq!(pin.mappings_out(), 6);
        pin.set_state(KsState::Pause);
        assert_eq!(pin.mappings_out(), 6);
        pin.set_state(KsState::Stop);
        assert_eq!((pin.mappings_out(), pin.bytes_pending(), pin.completed().len()), (0, 0, 1));
    });
    assert_eq!(found.len(), 0, "{found:?}");
}

#[test]
fn cuts_are_the_same_for_the_same_seed_and_hostile() {
    let lengths = Rc::new(RefCell::new(Vec::new()));
    for seed in [1, 1, 2] {
        let own = lengths.clone();
        with_pin(Mistake::None, move |pin| {
            let mut cutter = Cutter::hostile(seed, 4, false);
            pin.set_state(KsState::Run);
            for number in 0..200 {
                let place = Place { offset: 37 * number, contiguous: number % 2 == 0 };
                pin.submit(&sound(1, 0x2_2000 >> (number % 8)), place, &mut cutter).expect("memory");
                pin.tell_available();
                while pin.bytes_pending() > 0 {
                    toy::interrupt();
                }
            }
            own.borrow_mut().push(toy::got().iter().map(|mapping| mapping.bytes).collect::<Vec<_>>());
        });
    }
    let lengths = lengths.take();
    assert_eq!(lengths[0], lengths[1]);
    assert_ne!(lengths[0], lengths[2]);
    for wanted in [1, 3] {
        assert!(lengths[0].contains(&wanted), "{wanted}");
    }
    assert!(lengths[0].iter().any(|length| *length > 0x1_FFFE));
    assert!(lengths[0].iter().any(|length| length % 2 == 1 && *length > 64));
}

#[test]
fn without_a_wavert_port_its_class_is_unknown() {
    let statuses = Rc::new(RefCell::new(Vec::new()));
    let own = statuses.clone();
    on("19041-nowavert", Mistake::None, move |_adapter| {
        let new: unsafe extern "win64" fn(*mut *mut IPort, *const portcls::raw::GUID) -> i32 =
            import("portcls.sys", "PcNewPort");
        for class in [CLSID_PortWaveRT, CLSID_PortWavePci] {
            let mut port: *mut IPort = core::ptr::null_mut();
            // SAFETY: both arguments outlive the call.
            own.borrow_mut().push(unsafe { new(&raw mut port, &raw const class) });
            if !port.is_null() {
                let manager: *mut IPortClsStreamResourceManager = objects::query(port.cast());
                assert!(manager.is_null());
                objects::release(port);
            }
        }
    });
    assert_eq!(statuses.take(), [STATUS_INVALID_PARAMETER, 0]);
}

#[test]
fn a_channel_has_a_common_buffer() {
    let found = with_pin(Mistake::None, |_pin| {
        let port = toy::port();
        let mut channel: *mut IDmaChannel = core::ptr::null_mut();
        let mut new = |scatter_gather: u8| {
            let null = core::ptr::null_mut();
            // SAFETY: the port is alive; the out parameter outlives the call.
            unsafe {
                let method = (*(*port).vtbl).NewMasterDmaChannel;
                method(
                    port,
                    &raw mut channel,
                    null,
                    512,
                    null.cast(),
                    scatter_gather,
                    1,
                    0,
                    0,
                    -1,
                    -1,
                    65_536,
                    0,
                )
            }
        };
        assert_eq!(new(0), STATUS_INVALID_PARAMETER);
        assert_eq!(new(1), 0);
        // SAFETY: the channel is referenced.
        unsafe {
            let vtable = &*(*channel).vtbl;
            assert!((vtable.AllocateBuffer)(channel, 70_000, core::ptr::null_mut()) < 0);
            assert_eq!((vtable.AllocateBuffer)(channel, 5_000, core::ptr::null_mut()), 0);
            assert_eq!(
                ((vtable.AllocatedBufferSize)(channel), (vtable.MaximumBufferSize)(channel)),
                (5_000, 65_536)
            );
            let mut source = *b"sound";
            let at = (vtable.SystemAddress)(channel);
            (vtable.CopyTo)(channel, at, source.as_mut_ptr().cast(), 5);
            let mut physical = 0;
            (vtable.PhysicalAddress)(channel, &raw mut physical);
            let mut there = [0; 5];
            nt::kernel().hardware.borrow().ram().read(physical as u64, &mut there);
            assert_eq!(&there, b"sound");
            assert!(!(vtable.GetAdapterObject)(channel).is_null());
        }
        objects::release(channel);
    });
    assert_eq!(found.len(), 0, "{found:?}");
}

static SINK: IServiceSinkVtbl = IServiceSinkVtbl { base: objects::UNKNOWN, RequestService: serve };

unsafe extern "efiapi" fn serve(_this: *mut IServiceSink) {
    driver::log(format!("served at {}", nt::kernel().current_irql()));
}

#[test]
fn a_group_serves_its_members_by_a_dpc_now_or_later() {
    let found = with_pin(Mistake::None, |_pin| {
        let group = toy::new_group();
        let sink: *mut IServiceSink = objects::new((&raw const SINK).cast(), IServiceSink::answers_to).cast();
        driver::calls();
        // SAFETY: both are referenced.
        unsafe {
            let vtable = &*(*group).vtbl;
            assert_eq!((vtable.AddMember)(group, sink), 0);
            (vtable.base.RequestService)(group.cast());
            assert_eq!(driver::calls(), ["served at 2"]);
            (vtable.SupportDelayedService)(group);
            (vtable.RequestDelayedService)(group, (-200_000_i64).cast_unsigned());
            assert_eq!(driver::calls(), [""; 0]);
            nt::kernel().sleep_until(nt::kernel().now() + 60_000_000);
            assert_eq!(driver::calls(), ["served at 2"]);
            (vtable.RequestDelayedService)(group, (-200_000_i64).cast_unsigned());
            (vtable.CancelDelayedService)(group);
            (vtable.RemoveMember)(group, sink);
            (vtable.base.RequestService)(group.cast());
            nt::kernel().sleep_until(nt::kernel().now() + 60_000_000);
        }
        assert_eq!(driver::calls(), [""; 0]);
        objects::release(sink);
        objects::release(group);
        // The stream's own group, which the port serves.
        toy::interrupt();
        let _ = toy::group() as *mut c_void;
    });
    assert_eq!(found.len(), 0, "{found:?}");
}

#[test]
fn what_a_revocation_starts_waits_until_the_port_has_noted_it() {
    let found = with_pin(Mistake::None, |pin| {
        toy::notify_when_revoked();
        for seed in 0..5 {
            submit(pin, seed, 100);
        }
        pin.set_state(KsState::Run);
        pin.revoke(0, 1);
        assert_eq!(toy::played(), sound(2, 100));
    });
    assert_eq!(found.len(), 0, "{found:?}");
}
