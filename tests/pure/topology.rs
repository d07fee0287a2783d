//! The topology filters, asked as PortCls asks them: by their tables. Memory and lock are the test's own.

#[path = "../../src/device"]
mod device {
    pub(crate) mod controls;
    #[allow(dead_code, reason = "what a device does with it is the driver's affair")]
    pub(crate) mod jack;

    /// As the driver's.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Direction {
        Render,
        Capture,
    }
}
#[path = "topology/platform.rs"]
mod platform;
#[path = "topology/requests.rs"]
mod requests;
#[path = "../../src/topology/mod.rs"]
mod topology;
#[path = "topology/verbs.rs"]
mod verbs;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use device::Direction::{self, Capture, Render};
use device::controls::{Channels, Control, Controls, News, Volume};
use device::jack::{Jack, Pin};
use platform::ending::End;
use platform::shared::Shared;
use portcls::irql::{Irql, Passive};
use portcls::plain::Plain;
use portcls::raw::status::{
    STATUS_BUFFER_OVERFLOW, STATUS_BUFFER_TOO_SMALL, STATUS_DEVICE_NOT_READY, STATUS_INVALID_DEVICE_REQUEST,
    STATUS_INVALID_PARAMETER, STATUS_IO_DEVICE_ERROR, STATUS_SUCCESS,
};
use portcls::raw::{
    GUID, JACKDESC2_PRESENCE_DETECT_CAPABILITY, KSCATEGORY_AUDIO, KSJACK_DESCRIPTION, KSJACK_DESCRIPTION2,
    KSMULTIPLE_ITEM, KSNODETYPE_HEADPHONES, KSNODETYPE_MICROPHONE, KSNODETYPE_MUTE, KSNODETYPE_SPEAKER,
    KSNODETYPE_VOLUME, KSPIN_DATAFLOW_IN, KSPIN_DATAFLOW_OUT, KSPROPERTY_AUDIO_MUTE,
    KSPROPERTY_AUDIO_VOLUMELEVEL, KSPROPERTY_JACK_DESCRIPTION, KSPROPERTY_JACK_DESCRIPTION2,
    KSPROPERTY_JACK_DESCRIPTION3, KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_MULTICHANNEL,
    KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_UNIFORM, KSPROPERTY_MEMBERSHEADER, KSPROPERTY_STEPPING_LONG,
    KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET, NTSTATUS, PCEVENT_VERB_ADD,
    PCEVENT_VERB_REMOVE, PCEVENT_VERB_SUPPORT,
};
use portcls::{Result, Status};
use requests::{Lists, Tables, passive};
use topology::{Herald, TopologyMiniport, Watch, bridge_pin};

const DETECTS: u32 = 1 << 2;
const STEREO: u32 = 3;
/// A green socket that detects.
const SOCKET: Pin = Pin { configuration: 0x0101_4010, capabilities: DETECTS };

/// A device's controls: 1/2 dB steps from -60 dB to 0, for each of two channels, and a mute for all.
struct Mixer {
    levels: Mutex<[i32; 2]>,
    muted: AtomicBool,
    broken: AtomicBool,
}

const LEVELS: Volume =
    Volume { channels: Channels { count: 2, uniform: false }, lowest: -60 << 16, highest: 0, step: 1 << 15 };

impl Mixer {
    fn new() -> Shared<Self> {
        Shared::new(Self { levels: Mutex::default(), muted: false.into(), broken: false.into() }).unwrap()
    }

    fn answers(&self) -> Result {
        if self.broken.load(SeqCst) { Err(Status::new(STATUS_IO_DEVICE_ERROR)) } else { Ok(()) }
    }
}

impl Controls for Shared<Mixer> {
    fn volume(&self) -> Option<Volume> {
        Some(LEVELS)
    }

    fn mute(&self) -> Option<Channels> {
        Some(Channels { count: 2, uniform: true })
    }

    fn level(&self, _irql: &mut Irql<Passive>, channel: u32) -> Result<i32> {
        self.answers().map(|()| self.levels.lock().unwrap()[channel as usize])
    }

    fn set_level(&self, _irql: &mut Irql<Passive>, channel: u32, level: i32) -> Result {
        assert!((LEVELS.lowest..=LEVELS.highest).contains(&level), "{level} is out of range");
        self.levels.lock().unwrap()[channel as usize] = level;
        self.answers()
    }

    fn is_muted(&self, _irql: &mut Irql<Passive>, channel: u32) -> Result<bool> {
        assert_eq!(channel, 0, "one for all");
        self.answers().map(|()| self.muted.load(SeqCst))
    }

    fn set_muted(&self, _irql: &mut Irql<Passive>, channel: u32, muted: bool) -> Result {
        assert_eq!(channel, 0, "one for all");
        self.muted.store(muted, SeqCst);
        self.answers()
    }
}

/// The mixer's controls, or some of them, or none, out of order.
struct Part {
    volume: bool,
    mute: bool,
}

impl Controls for Part {
    fn volume(&self) -> Option<Volume> {
        self.volume.then_some(LEVELS)
    }

    fn mute(&self) -> Option<Channels> {
        self.mute.then_some(Channels { count: 2, uniform: true })
    }

    fn level(&self, _irql: &mut Irql<Passive>, _channel: u32) -> Result<i32> {
        Err(Status::NOT_SUPPORTED)
    }

    fn set_level(&self, _irql: &mut Irql<Passive>, _channel: u32, _level: i32) -> Result {
        Err(Status::NOT_SUPPORTED)
    }

    fn is_muted(&self, _irql: &mut Irql<Passive>, _channel: u32) -> Result<bool> {
        Err(Status::NOT_SUPPORTED)
    }

    fn set_muted(&self, _irql: &mut Irql<Passive>, _channel: u32, _muted: bool) -> Result {
        Err(Status::NOT_SUPPORTED)
    }
}

/// A filter with all around it.
struct Scene<C: Controls + 'static> {
    jack: Shared<Jack>,
    news: Shared<News>,
    herald: Shared<Herald>,
    tables: Tables<TopologyMiniport<C>>,
}

fn scene<C: Controls + 'static>(direction: Direction, jack: Jack, controls: C) -> Scene<C> {
    let jack = Shared::new(jack).unwrap();
    let news = Shared::new(News::new()).unwrap();
    let herald = Shared::new(Herald::new(direction, jack.clone(), Some(news.clone()))).unwrap();
    let miniport = TopologyMiniport::new(STEREO, 0x1234_5678, herald.clone(), controls).unwrap();
    Scene { jack, news, herald, tables: Tables::new(miniport) }
}

fn plain(direction: Direction, jack: Jack) -> Scene<Part> {
    scene(direction, jack, Part { volume: false, mute: false })
}

impl<C: Controls + 'static> Scene<C> {
    /// What a question for the jacks of a pin comes to.
    fn jacks(&self, property: u32, pin: u32, room: usize) -> (NTSTATUS, Vec<u8>) {
        self.tables.property(None, property, KSPROPERTY_TYPE_GET, pin.as_bytes(), &vec![0; room])
    }

    fn description(&self, pin: u32) -> KSJACK_DESCRIPTION {
        let (status, answer) = self.jacks(KSPROPERTY_JACK_DESCRIPTION, pin, 36);
        assert_eq!(status, STATUS_SUCCESS);
        let head = KSMULTIPLE_ITEM::read(&answer).unwrap();
        assert_eq!((head.Size, head.Count, answer.len()), (36, 1, 36));
        KSJACK_DESCRIPTION::read(&answer[8..]).unwrap()
    }

    fn capabilities(&self, pin: u32) -> u32 {
        let (status, answer) = self.jacks(KSPROPERTY_JACK_DESCRIPTION2, pin, 16);
        assert_eq!((status, answer.len()), (STATUS_SUCCESS, 16));
        KSJACK_DESCRIPTION2::read(&answer[8..]).unwrap().JackCapabilities
    }

    fn control(&self, node: u32, property: u32, channel: i32, value: Option<i32>) -> (NTSTATUS, Option<i32>) {
        let verb = if value.is_some() { KSPROPERTY_TYPE_SET } else { KSPROPERTY_TYPE_GET };
        let value = value.unwrap_or(0x5555);
        let (status, answer) =
            self.tables.property(Some(node), property, verb, channel.as_bytes(), value.as_bytes());
        (status, i32::read(&answer).filter(|_| status == STATUS_SUCCESS))
    }
}

/// Row 61: legal topology.
#[test]
fn render_leads_to_the_jack_and_capture_comes_from_it() {
    let render = plain(Render, Jack::new(SOCKET, true));
    assert_eq!(
        render.tables.pins(),
        [(KSPIN_DATAFLOW_IN, KSCATEGORY_AUDIO), (KSPIN_DATAFLOW_OUT, KSNODETYPE_SPEAKER)]
    );
    assert_eq!(bridge_pin(Render), 0);
    let headphones = Pin { configuration: 0x0221_4010, ..SOCKET };
    assert_eq!(plain(Render, Jack::new(headphones, true)).tables.pins()[1].1, KSNODETYPE_HEADPHONES);

    let capture = plain(Capture, Jack::new(Pin::unknown(Capture), true));
    assert_eq!(
        capture.tables.pins(),
        [(KSPIN_DATAFLOW_IN, KSNODETYPE_MICROPHONE), (KSPIN_DATAFLOW_OUT, KSCATEGORY_AUDIO)]
    );
    assert_eq!(bridge_pin(Capture), 1);
    for scene in [render, capture] {
        assert_eq!(scene.tables.nodes(), [GUID::ZERO; 0]);
        assert_eq!(scene.tables.path(), [(u32::MAX, 0, u32::MAX, 1)]);
    }
}

/// Rows 68 and 70: jack description; ConfigId of a jack.
#[test]
fn the_jack_is_described_as_it_is_now() {
    let scene = plain(Render, Jack::new(SOCKET, true));
    assert_eq!(scene.description(1).IsConnected, 1);
    assert_eq!(scene.description(1).ChannelMapping, STEREO);
    assert_eq!(scene.capabilities(1), JACKDESC2_PRESENCE_DETECT_CAPABILITY);
    assert_eq!(scene.jacks(KSPROPERTY_JACK_DESCRIPTION3, 1, 12).1[8..], 0x1234_5678_u32.to_le_bytes());
    scene.jack.plug(false);
    assert_eq!(scene.description(1).IsConnected, 0);
    scene.jack.plug(true);
    assert_eq!(scene.description(1).IsConnected, 1);

    let scene = plain(Capture, Jack::new(Pin::unknown(Capture), false));
    assert_eq!((scene.description(0).IsConnected, scene.capabilities(0)), (1, 0));
    assert_eq!(scene.description(0).ChannelMapping, 0);
}

/// Row 68: jack description.
#[test]
fn other_pins_have_no_jack_or_do_not_exist() {
    let scene = plain(Render, Jack::new(SOCKET, true));
    for property in [KSPROPERTY_JACK_DESCRIPTION, KSPROPERTY_JACK_DESCRIPTION2, KSPROPERTY_JACK_DESCRIPTION3]
    {
        let (status, answer) = scene.jacks(property, 0, 40);
        let head = KSMULTIPLE_ITEM::read(&answer).unwrap();
        assert_eq!((status, head.Size, head.Count, answer.len()), (STATUS_SUCCESS, 8, 0, 8));
        assert_eq!(scene.jacks(property, 2, 40).0, STATUS_INVALID_PARAMETER);
        assert_eq!(scene.jacks(property, u32::MAX, 40).0, STATUS_INVALID_PARAMETER);
        assert_eq!(scene.jacks(property, 1, 0).0, STATUS_BUFFER_OVERFLOW);
        assert_eq!(scene.jacks(property, 1, 9).0, STATUS_BUFFER_TOO_SMALL);
        let set = scene.tables.property(None, property, KSPROPERTY_TYPE_SET, 1u32.as_bytes(), &[0; 36]);
        assert_eq!(set.0, STATUS_INVALID_DEVICE_REQUEST);
        let support = scene.tables.property(None, property, KSPROPERTY_TYPE_BASICSUPPORT, &[], &[0; 4]);
        assert_eq!(u32::read(&support.1), Some(KSPROPERTY_TYPE_GET | KSPROPERTY_TYPE_BASICSUPPORT));
    }
}

/// Row 69: jack changes.
#[test]
fn a_client_hears_of_each_change_once() {
    let mut irql = passive();
    for (direction, pin) in [(Render, 1), (Capture, 0)] {
        let scene = plain(direction, Jack::new(SOCKET, true));
        let (lists, port) = Lists::made();
        scene.tables.init(&port);
        assert_eq!(scene.tables.event(PCEVENT_VERB_ADD, 0x1000), STATUS_SUCCESS);
        assert_eq!(scene.tables.event(PCEVENT_VERB_SUPPORT, 0), STATUS_SUCCESS);
        assert_eq!(scene.tables.event(PCEVENT_VERB_REMOVE, 0x1000), STATUS_SUCCESS);
        assert_eq!(scene.tables.event(PCEVENT_VERB_ADD, 0), STATUS_INVALID_PARAMETER);
        assert_eq!(lists.take(), ["add 0x1000"]);

        scene.herald.notify(&mut irql);
        assert_eq!(lists.take(), [""; 0], "nothing happened");
        assert!(scene.jack.plug(false));
        assert_eq!(lists.take(), [""; 0], "the device itself tells nobody");
        scene.herald.notify(&mut irql);
        scene.herald.notify(&mut irql);
        assert_eq!(lists.take(), [format!("jack info changed, pin Some({pin}), node None")]);
        scene.jack.plug(true);
        scene.herald.notify(&mut irql);
        assert_eq!(lists.take().len(), 1);
    }
}

#[test]
fn the_circle_of_references_is_cut_at_the_end() {
    let mut irql = passive();
    let scene = plain(Render, Jack::new(SOCKET, true));
    let (lists, port) = Lists::made();
    let before = lists.references();
    scene.tables.init(&port);
    assert_eq!(lists.references(), before + 1);
    scene.tables.init(&port);
    assert_eq!(lists.references(), before + 1, "a second port takes the place of the first");
    scene.jack.plug(false);
    scene.herald.notify(&mut irql);
    scene.tables.event(PCEVENT_VERB_ADD, 0x1000);
    assert_eq!(lists.references(), before + 1);

    Watch(scene.herald.clone()).end(&mut irql);
    assert_eq!(lists.references(), before);
    lists.take();
    scene.jack.plug(true);
    scene.herald.notify(&mut irql);
    assert_eq!(scene.tables.event(PCEVENT_VERB_ADD, 0x1000), STATUS_DEVICE_NOT_READY);
    assert_eq!(lists.take(), [""; 0]);
    Watch(scene.herald.clone()).end(&mut irql);
    assert_eq!(lists.references(), before);
}

#[test]
fn a_port_without_events_fails_the_start() {
    let scene = plain(Render, Jack::new(SOCKET, true));
    assert_ne!(scene.tables.try_init(&requests::nobody()), STATUS_SUCCESS);
}

/// Row 67: no false controls.
#[test]
fn controls_have_nodes() {
    for direction in [Render, Capture] {
        let scene = scene(direction, Jack::new(SOCKET, true), Mixer::new());
        assert_eq!(scene.tables.nodes(), [KSNODETYPE_VOLUME, KSNODETYPE_MUTE]);
        let filter = u32::MAX;
        assert_eq!(scene.tables.path(), [(filter, 0, 0, 1), (0, 0, 1, 1), (1, 0, filter, 1)]);
    }
}

/// Row 67: no false controls.
#[test]
fn one_control_has_one_node() {
    for (volume, kind) in [(true, KSNODETYPE_VOLUME), (false, KSNODETYPE_MUTE)] {
        let scene = scene(Render, Jack::new(SOCKET, true), Part { volume, mute: !volume });
        assert_eq!(scene.tables.nodes(), [kind]);
        assert_eq!(scene.tables.path(), [(u32::MAX, 0, 0, 1), (0, 0, u32::MAX, 1)]);
    }
}

/// Row 64: volume.
#[test]
fn volume_is_set_by_channel_and_read_back_as_it_is() {
    let mixer = Mixer::new();
    let scene = scene(Render, Jack::new(SOCKET, true), mixer.clone());
    let set = |channel, level| scene.control(0, KSPROPERTY_AUDIO_VOLUMELEVEL, channel, Some(level)).0;
    let get = |channel| scene.control(0, KSPROPERTY_AUDIO_VOLUMELEVEL, channel, None);
    assert_eq!(set(1, -3 << 16), STATUS_SUCCESS);
    assert_eq!((get(0), get(1)), ((STATUS_SUCCESS, Some(0)), (STATUS_SUCCESS, Some(-3 << 16))));
    assert_eq!(set(0, i32::MIN), STATUS_SUCCESS, "silence is the lowest level");
    assert_eq!(get(0).1, Some(-60 << 16));
    assert_eq!(set(-1, 20 << 16), STATUS_SUCCESS, "out of range is clamped");
    assert_eq!((get(0).1, get(1).1, get(-1).1), (Some(0), Some(0), Some(0)));
    for channel in [2, -2, i32::MIN, i32::MAX] {
        assert_eq!((set(channel, 0), get(channel).0), (STATUS_INVALID_PARAMETER, STATUS_INVALID_PARAMETER));
    }
    mixer.broken.store(true, SeqCst);
    assert_eq!((set(0, 0), get(0).0), (STATUS_IO_DEVICE_ERROR, STATUS_IO_DEVICE_ERROR));
}

#[test]
fn mute_is_one_for_all() {
    let mixer = Mixer::new();
    let scene = scene(Render, Jack::new(SOCKET, true), mixer.clone());
    let set = |channel, value| scene.control(1, KSPROPERTY_AUDIO_MUTE, channel, Some(value)).0;
    let get = |channel| scene.control(1, KSPROPERTY_AUDIO_MUTE, channel, None).1;
    assert_eq!((set(1, 7), get(0), get(1), get(-1)), (STATUS_SUCCESS, Some(1), Some(1), Some(1)));
    assert_eq!((set(-1, 0), get(0), get(1)), (STATUS_SUCCESS, Some(0), Some(0)));
    assert_eq!(set(2, 0), STATUS_INVALID_PARAMETER);
}

/// Row 65: basic support of volume.
#[test]
fn clients_learn_channels_and_steps() {
    let scene = scene(Render, Jack::new(SOCKET, true), Mixer::new());
    let ask = |node, property| {
        let room = [0; 40 + 16 + 2 * 16];
        let (status, answer) =
            scene.tables.property(Some(node), property, KSPROPERTY_TYPE_BASICSUPPORT, &[], &room);
        assert_eq!((status, answer.len()), (STATUS_SUCCESS, room.len()));
        let header = KSPROPERTY_MEMBERSHEADER::read(&answer[40..]).unwrap();
        let step = KSPROPERTY_STEPPING_LONG::read(&answer[56 + 16..]).unwrap();
        let bounds = (step.Bounds.SignedMinimum, step.Bounds.SignedMaximum);
        (header.MembersCount, header.Flags, step.SteppingDelta, bounds)
    };
    let several = KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_MULTICHANNEL;
    let one = several | KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_UNIFORM;
    assert_eq!(ask(0, KSPROPERTY_AUDIO_VOLUMELEVEL), (2, several, 1 << 15, (-60 << 16, 0)));
    assert_eq!(ask(1, KSPROPERTY_AUDIO_MUTE), (2, one, 1, (0, 1)));
}

#[test]
fn a_request_for_another_filter_is_refused() {
    let ours = scene(Render, Jack::new(SOCKET, true), Mixer::new());
    let stranger = requests::nobody();
    let ask = |node, property, instance: &[u8]| {
        ours.tables.property_of(stranger.as_raw(), node, property, KSPROPERTY_TYPE_GET, instance, &[0; 40]).0
    };
    assert_eq!(ask(None, KSPROPERTY_JACK_DESCRIPTION, &[1, 0, 0, 0]), STATUS_INVALID_DEVICE_REQUEST);
    assert_eq!(ask(Some(0), KSPROPERTY_AUDIO_VOLUMELEVEL, &[0; 4]), STATUS_INVALID_DEVICE_REQUEST);
    assert_eq!(ask(Some(1), KSPROPERTY_AUDIO_MUTE, &[0; 4]), STATUS_INVALID_DEVICE_REQUEST);
}

#[test]
fn clients_hear_of_controls_that_others_changed() {
    let mut irql = passive();
    for (volume, mute) in [(true, true), (true, false), (false, true)] {
        let scene = scene(Render, Jack::new(SOCKET, true), Part { volume, mute });
        let (lists, port) = Lists::made();
        scene.tables.init(&port);
        for node in 0..u32::from(volume) + u32::from(mute) {
            assert_eq!(scene.tables.node_event(node, PCEVENT_VERB_ADD, 0x2000), STATUS_SUCCESS);
            assert_eq!(scene.tables.node_event(node, PCEVENT_VERB_REMOVE, 0x2000), STATUS_SUCCESS);
            assert_eq!(scene.tables.node_event(node, PCEVENT_VERB_ADD, 0), STATUS_INVALID_PARAMETER);
            assert_eq!(lists.take(), ["add 0x2000"]);
        }
        scene.herald.notify(&mut irql);
        assert_eq!(lists.take(), [""; 0], "nothing happened");
        let mut node = 0;
        for (control, there) in [(Control::Volume, volume), (Control::Mute, mute)] {
            if there {
                scene.news.tell(control);
                scene.herald.notify(&mut irql);
                scene.herald.notify(&mut irql);
                assert_eq!(lists.take(), [format!("control changed, pin None, node Some({node})")]);
                node += 1;
            }
        }
    }
}
