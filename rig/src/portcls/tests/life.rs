//! The life of a device, its endpoint, and what its filters answer.

use std::cell::RefCell;
use std::rc::Rc;

use portcls::raw::{
    KSCATEGORY_AUDIO, KSCATEGORY_CAPTURE, KSCATEGORY_RENDER, KSCATEGORY_TOPOLOGY, KSNODETYPE_SPEAKER,
    KSPROPERTY_JACK_DESCRIPTION, KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET,
    KSPROPSETID_Jack, PowerDeviceD0, PowerDeviceD3, PowerSystemSleeping3, STATUS_BUFFER_OVERFLOW,
    STATUS_BUFFER_TOO_SMALL, STATUS_INSUFFICIENT_RESOURCES, STATUS_INVALID_DEVICE_REQUEST, STATUS_NO_MATCH,
    STATUS_NOT_FOUND, STATUS_SUCCESS,
};

use super::driver;
use super::driver::Mistake;
use super::format;
use super::life;
use super::on;
use super::play;
use crate::portcls::Adapter;
use crate::portcls::KsState;
use crate::portcls::Pin;
use crate::portcls::Request;
use crate::portcls::Target;

#[test]
fn the_profile_decides_on_the_resource_manager() {
    for (windows, via) in [
        ("10240", Some("IPortClsStreamResourceManager::AddStreamResource")),
        ("10586", Some("IPortClsStreamResourceManager2::AddStreamResource2")),
        ("26100-noresources", None),
    ] {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let shared = seen.clone();
        let found = on(windows, Mistake::None, move |adapter| {
            let kernel = adapter.kernel();
            life(adapter);
            shared.replace(kernel.verifier.stream_resources());
        });
        assert_eq!(found.len(), 0, "{windows}");
        let seen = seen.borrow();
        assert_eq!(seen.first().map(|resource| resource.via), via, "{windows}");
        assert!(seen.iter().all(|resource| resource.removed_ns.is_some()), "{windows}");
    }
}

#[test]
fn the_endpoint_is_found_without_names() {
    on("26100", Mistake::None, |adapter| {
        assert!(adapter.add_device() >= 0 && adapter.start() >= 0);
        let endpoint = adapter.render_endpoint().expect("a render endpoint");
        assert_eq!((endpoint.wave.as_str(), endpoint.wave_pin), ("Wave", 0));
        assert_eq!((endpoint.topology.as_str(), endpoint.bridge_pin), ("Topo", 1));
        assert_eq!(endpoint.category, KSNODETYPE_SPEAKER);
        assert_eq!(adapter.data_ranges("wave", 0).map(|ranges| ranges.len()), Ok(1));
        assert!(adapter.remove() >= 0);
        assert!(adapter.unload());
    });
}

#[test]
fn clients_find_each_filter_by_its_classes() {
    on("26100", Mistake::None, |adapter| {
        assert!(adapter.add_device() >= 0 && adapter.start() >= 0);
        let found = adapter.device_interfaces();
        let wanted = [
            (KSCATEGORY_AUDIO, "Topo"),
            (KSCATEGORY_TOPOLOGY, "Topo"),
            (KSCATEGORY_AUDIO, "Wave"),
            (KSCATEGORY_RENDER, "Wave"),
            (KSCATEGORY_CAPTURE, "Wave"),
        ];
        assert_eq!(found, wanted.map(|(class, reference)| (class, reference.to_owned())));
        assert!(adapter.stop() >= 0 && adapter.device_interfaces().is_empty());
        assert!(adapter.remove() >= 0 && adapter.unload());
    });
}

#[test]
fn pins_have_limits_and_outlive_a_surprise() {
    let found = on("26100", Mistake::None, |adapter| {
        assert!(adapter.add_device() >= 0 && adapter.start() >= 0);
        let pin = Pin::open(&adapter, "Wave", 0, &format()).expect("a pin");
        assert_eq!(Pin::open(&adapter, "Wave", 0, &format()).err(), Some(STATUS_INSUFFICIENT_RESOURCES));
        assert!(pin.allocate(4096).is_ok());
        assert_eq!(pin.set_state(KsState::Run), 0);
        assert!(adapter.stop() < 0, "a stop while a pin is open, without IAdapterPnpManagement");
        assert!(adapter.remove() < 0, "a removal while a pin is open");
        assert!(adapter.surprise_remove() >= 0);
        assert!(adapter.remove() < 0, "the pin is still open");
        assert!(Pin::open(&adapter, "Wave", 0, &format()).is_err());
        pin.close();
        assert!(adapter.remove() >= 0);
        assert!(adapter.unload());
    });
    assert_eq!(found.len(), 0);
    assert_eq!(driver::live(), 0);
}

#[test]
fn a_stopped_device_starts_again() {
    let found = on("26100", Mistake::None, |adapter| {
        assert!(adapter.add_device() >= 0);
        for _ in 0..3 {
            assert!(adapter.start() >= 0);
            play(&adapter);
            assert!(adapter.stop() >= 0);
        }
        assert!(adapter.remove() >= 0);
        assert!(adapter.unload());
    });
    assert_eq!(found.len(), 0);
}

#[test]
fn each_failure_of_portcls_is_survived() {
    for step in 0.. {
        let failed = Rc::new(RefCell::new(None));
        let shared = failed.clone();
        let found = on("26100", Mistake::None, move |adapter| {
            let kernel = adapter.kernel();
            kernel.injection.arm(Some(step));
            if adapter.add_device() >= 0 && adapter.start() >= 0 {
                play(&adapter);
            }
            shared.replace(kernel.injection.disarm().1);
            assert!(adapter.remove() >= 0);
            assert!(adapter.unload(), "step {step}");
        });
        assert_eq!(found.len(), 0, "{:?}: {}", failed.borrow(), found[0]);
        if failed.borrow().is_none() {
            assert!(step > 10, "only {step} steps can fail");
            return;
        }
    }
}

#[test]
fn power_goes_down_behind_the_streams_and_comes_up_before_them() {
    let found = on("26100", Mistake::None, |adapter| {
        driver::manage();
        assert!(adapter.add_device() >= 0 && adapter.start() >= 0);
        let pin = Pin::open(&adapter, "Wave", 0, &format()).expect("a pin");
        pin.set_state(KsState::Run);
        driver::calls();
        assert!(adapter.set_power(PowerDeviceD3) >= 0);
        let down = ["QueryPowerChangeState 4", "SetState 2", "PowerChangeState 4"];
        assert_eq!(driver::calls(), down);
        assert!(adapter.set_power(PowerDeviceD0) >= 0);
        assert_eq!(driver::calls(), ["PowerChangeState 1", "SetState 3"]);
        // The same by way of the system's state.
        assert!(adapter.sleep(PowerSystemSleeping3) >= 0);
        assert_eq!(driver::calls(), down);
        assert!(adapter.wake() >= 0);
        assert_eq!(driver::calls(), ["PowerChangeState 1", "SetState 3"]);
        pin.close();
        assert!(adapter.remove() >= 0 && adapter.unload());
    });
    assert_eq!(found.len(), 0);
    assert_eq!(driver::live(), 0);
}

/// Row 52: capabilities only deepen.
#[test]
fn capabilities_may_only_be_made_deeper() {
    let found = on("26100", Mistake::RaiseState, |adapter| {
        driver::manage();
        assert!(adapter.add_device() >= 0 && adapter.start() >= 0);
        assert!(adapter.remove() >= 0);
        adapter.unload();
    });
    assert_eq!(found.first().map(|finding| finding.rule.as_str()), Some("DeviceCapabilities"));
}

#[test]
fn a_rebalance_stops_the_streams_and_leaves_their_handles() {
    let found = on("26100", Mistake::None, |adapter| {
        driver::manage();
        assert!(adapter.add_device() >= 0 && adapter.start() >= 0);
        let pin = Pin::open(&adapter, "Wave", 0, &format()).expect("a pin");
        pin.set_state(KsState::Run);
        driver::calls();
        assert!(adapter.query_and_cancel_stop() >= 0);
        assert_eq!(driver::calls(), ["PnpQueryStop", "PnpCancelStop"]);
        assert!(adapter.stop() >= 0);
        assert_eq!(driver::calls(), ["PnpQueryStop", "SetState 2", "SetState 1", "SetState 0", "PnpStop"]);
        assert_eq!(pin.state(), KsState::Stop);
        assert!(Pin::open(&adapter, "Wave", 0, &format()).is_err());
        pin.close();
        assert_eq!(driver::calls().len(), 0);
        assert!(adapter.remove() >= 0 && adapter.unload());
    });
    assert_eq!(found.len(), 0);
    assert_eq!(driver::live(), 0);
}

#[test]
fn the_port_intersects_where_the_miniport_does_not() {
    on("26100", Mistake::None, |adapter| {
        assert!(adapter.add_device() >= 0 && adapter.start() >= 0);
        let mut range = format()[..64].to_vec();
        range[..4].copy_from_slice(&88_u32.to_le_bytes());
        for word in [6_u32, 8, 32, 1, 96_000, 0] {
            range.extend(word.to_le_bytes());
        }
        let ask = |length| adapter.intersect("Wave", 0, &range, 0, length).expect("a range");
        assert_eq!((ask(0).status, ask(0).size), (STATUS_BUFFER_OVERFLOW, 82));
        assert_eq!(ask(80).status, STATUS_BUFFER_TOO_SMALL);
        assert_eq!((ask(82).status, ask(82).format), (STATUS_SUCCESS, format()));
        range[72..76].copy_from_slice(&8_u32.to_le_bytes());
        let eight_bits = adapter.intersect("Wave", 0, &range, 0, 0).expect("a range");
        assert_eq!(eight_bits.status, STATUS_NO_MATCH);
        assert!(adapter.remove() >= 0 && adapter.unload());
    });
}

fn ask_jack(adapter: &Adapter, id: u32, verb: u32, room: usize) -> Result<(i32, u32), i32> {
    let request = Request { target: Target::Filter, set: KSPROPSETID_Jack, id, verb, instance: &[0; 8] };
    adapter.property("Topo", &request, &mut vec![0; room])
}

#[test]
fn a_property_request_reaches_its_handler() {
    on("26100", Mistake::None, |adapter| {
        assert!(adapter.add_device() >= 0 && adapter.start() >= 0);
        let ask = |id, verb, room| ask_jack(&adapter, id, verb, room);
        let description = KSPROPERTY_JACK_DESCRIPTION;
        assert_eq!(ask(description, KSPROPERTY_TYPE_GET, 0), Ok((STATUS_BUFFER_OVERFLOW, 8)));
        assert_eq!(ask(description, KSPROPERTY_TYPE_GET, 4), Ok((STATUS_BUFFER_TOO_SMALL, 0)));
        assert_eq!(ask(description, KSPROPERTY_TYPE_GET, 64), Ok((STATUS_SUCCESS, 8)));
        assert_eq!(ask(description, KSPROPERTY_TYPE_SET, 8), Err(STATUS_INVALID_DEVICE_REQUEST));
        assert_eq!(ask(99, KSPROPERTY_TYPE_GET, 8), Err(STATUS_NOT_FOUND));
        assert!(adapter.remove() >= 0 && adapter.unload());
    });
}

#[test]
fn a_property_value_fits_its_buffer() {
    let found = on("26100", Mistake::LongValue, |adapter| {
        assert!(adapter.add_device() >= 0 && adapter.start() >= 0);
        assert!(ask_jack(&adapter, KSPROPERTY_JACK_DESCRIPTION, KSPROPERTY_TYPE_GET, 4).is_ok());
        assert!(adapter.remove() >= 0);
        adapter.unload();
    });
    assert_eq!(found[0].rule, "PropertyValueSize");
}

/// Row 65: basic support.
#[test]
fn the_members_behind_a_description_are_counted() {
    let ask = |mistake| {
        on("26100", mistake, |adapter| {
            assert!(adapter.add_device() >= 0 && adapter.start() >= 0);
            let asked = ask_jack(&adapter, KSPROPERTY_JACK_DESCRIPTION, KSPROPERTY_TYPE_BASICSUPPORT, 80);
            assert_eq!(asked, Ok((STATUS_SUCCESS, 60)));
            assert!(adapter.remove() >= 0);
            adapter.unload();
        })
    };
    assert!(ask(Mistake::None).is_empty());
    assert_eq!(ask(Mistake::MiscountMembers)[0].rule, "PropertyMembers");
}

#[test]
fn the_pnp_manager_asks_more_than_it_must() {
    assert_eq!(on("26100", Mistake::None, life).len(), 0);
    // Requirements, start, capabilities, state, relations; then the removal.
    assert_eq!(driver::pnp_requests(), [0x0D, 0x00, 0x09, 0x14, 0x07, 0x01, 0x02]);
}
