//! What PortCls is told of each property and event, and what clients are: which verbs there are.

use portcls::plain::Plain;
use portcls::raw::status::{STATUS_INVALID_DEVICE_REQUEST, STATUS_SUCCESS};
use portcls::raw::{
    KSAUDIO_CPU_RESOURCES_NOT_HOST_CPU, KSPROPERTY_AUDIO_CPU_RESOURCES, KSPROPERTY_AUDIO_MUTE,
    KSPROPERTY_AUDIO_VOLUMELEVEL, KSPROPERTY_JACK_DESCRIPTION, KSPROPERTY_JACK_DESCRIPTION2,
    KSPROPERTY_JACK_DESCRIPTION3, KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET,
    PCEVENT_ITEM_FLAG_BASICSUPPORT, PCEVENT_ITEM_FLAG_ENABLE, PCPROPERTY_ITEM_FLAG_BASICSUPPORT,
    PCPROPERTY_ITEM_FLAG_GET, PCPROPERTY_ITEM_FLAG_SET,
};

use crate::device::Direction::Render;
use crate::device::jack::Jack;
use crate::{Mixer, SOCKET, scene};

#[test]
fn each_property_and_event_names_its_verbs() {
    let tables = scene(Render, Jack::new(SOCKET, true), Mixer::new()).tables;
    let told = PCPROPERTY_ITEM_FLAG_GET + PCPROPERTY_ITEM_FLAG_BASICSUPPORT;
    let set = told + PCPROPERTY_ITEM_FLAG_SET;
    assert_eq!(
        tables.verbs(None),
        [
            (KSPROPERTY_JACK_DESCRIPTION, told),
            (KSPROPERTY_JACK_DESCRIPTION2, told),
            (KSPROPERTY_JACK_DESCRIPTION3, told)
        ]
    );
    for (node, control) in [(0, KSPROPERTY_AUDIO_VOLUMELEVEL), (1, KSPROPERTY_AUDIO_MUTE)] {
        assert_eq!(tables.verbs(Some(node)), [(control, set), (KSPROPERTY_AUDIO_CPU_RESOURCES, told)]);
    }
    for node in [None, Some(0), Some(1)] {
        assert_eq!(tables.event_verbs(node), PCEVENT_ITEM_FLAG_ENABLE + PCEVENT_ITEM_FLAG_BASICSUPPORT);
    }
}

#[test]
fn clients_learn_that_controls_can_be_set_and_who_does_the_work() {
    let tables = scene(Render, Jack::new(SOCKET, true), Mixer::new()).tables;
    let ask = |node, property, verb| {
        let (status, answer) = tables.property(Some(node), property, verb, &[], &[0; 4]);
        (status, u32::read(&answer))
    };
    let told = KSPROPERTY_TYPE_GET + KSPROPERTY_TYPE_BASICSUPPORT;
    for (node, control) in [(0, KSPROPERTY_AUDIO_VOLUMELEVEL), (1, KSPROPERTY_AUDIO_MUTE)] {
        let support = ask(node, control, KSPROPERTY_TYPE_BASICSUPPORT);
        assert_eq!(support, (STATUS_SUCCESS, Some(told + KSPROPERTY_TYPE_SET)));
        let work = |verb| ask(node, KSPROPERTY_AUDIO_CPU_RESOURCES, verb);
        assert_eq!(work(KSPROPERTY_TYPE_BASICSUPPORT), (STATUS_SUCCESS, Some(told)));
        assert_eq!(work(KSPROPERTY_TYPE_GET), (STATUS_SUCCESS, Some(KSAUDIO_CPU_RESOURCES_NOT_HOST_CPU)));
        assert_eq!(work(KSPROPERTY_TYPE_SET).0, STATUS_INVALID_DEVICE_REQUEST);
    }
}
