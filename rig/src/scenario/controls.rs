//! Volume and mute: a client that asks for them, sets them, and hears of changes.

use std::cell::RefCell;
use std::rc::Rc;

use portcls::plain::Plain;
use portcls::raw::GUID;
use portcls::raw::KSEVENT_CONTROL_CHANGE;
use portcls::raw::KSEVENTSETID_AudioControlChange;
use portcls::raw::KSNODETYPE_MUTE;
use portcls::raw::KSNODETYPE_VOLUME;
use portcls::raw::KSPROPERTY_AUDIO_MUTE;
use portcls::raw::KSPROPERTY_AUDIO_VOLUMELEVEL;
use portcls::raw::KSPROPERTY_DESCRIPTION;
use portcls::raw::KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_UNIFORM;
use portcls::raw::KSPROPERTY_MEMBERSHEADER;
use portcls::raw::KSPROPERTY_STEPPING_LONG;
use portcls::raw::KSPROPERTY_TYPE_BASICSUPPORT;
use portcls::raw::KSPROPERTY_TYPE_GET;
use portcls::raw::KSPROPERTY_TYPE_SET;
use portcls::raw::KSPROPSETID_Audio;
use portcls::raw::PowerSystemSleeping3;

use super::Machine;
use super::SetupError;
use super::check;
use super::failed;
use super::stopped_for_a_reason;
use super::summary;
use crate::nt::ClientEvent;
use crate::nt::abi::NtStatus;
use crate::nt::kernel;
use crate::options::Control;
use crate::options::Controls;
use crate::options::Setting;
use crate::options::Step;
use crate::pci::virtio_snd;
use crate::portcls::Adapter;
use crate::portcls::EventHandle;
use crate::portcls::EventId;
use crate::portcls::Request;
use crate::portcls::Target;
use crate::report::Verdict;
use crate::sound::Pcm;

/// `STATUS_NOT_FOUND`: there is no such endpoint or node.
const STATUS_NOT_FOUND: NtStatus = 0xC000_0225_u32 as i32;

/// `rig controls`.
///
/// # Errors
/// Whatever keeps the run from beginning, in words for the user.
pub fn controls(options: &Controls) -> Result<Verdict, SetupError> {
    let machine = Machine::power_on(&options.machine, &Pcm::from_s16(48_000, 2, &[]), 10_000)?;
    let image = machine.loader.load_driver(machine.kernel)?;
    let entry = image.entry()?;
    let outcome: Rc<RefCell<Result<(), SetupError>>> = Rc::new(RefCell::new(Ok(())));
    let (shared, steps, fake) = (outcome.clone(), options.steps.clone(), machine.fake.clone());
    machine.kernel.run(move || {
        let result = (|| {
            let adapter = Adapter::load(kernel(), &entry).map_err(failed("DriverEntry"))?;
            check("AddDevice", adapter.add_device())?;
            check("starting the device", adapter.start())?;
            let client = Client::new(&adapter, fake);
            steps.iter().for_each(|step| client.take(step));
            drop(client);
            check("removing the device", adapter.remove())?;
            adapter.unload();
            Ok(())
        })();
        *shared.borrow_mut() = result;
    });
    stopped_for_a_reason(machine.kernel)?;
    let findings = machine.kernel.verifier.findings();
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        outcome.replace(Ok(()))?;
    }
    let report = summary::machine_report(&options.machine, &machine, &image);
    if let Some(path) = &options.machine.report {
        std::fs::write(path, report.to_json())
            .map_err(|source| SetupError::Output { path: path.clone(), source })?;
    }
    Ok(report.verdict())
}

/// Sets what was asked for.
///
/// # Errors
/// If the driver has no such control, or does not let it be set.
pub(super) fn set(adapter: &Adapter, settings: &[Setting]) -> Result<(), SetupError> {
    if settings.is_empty() {
        return Ok(());
    }
    let client = Client::new(adapter, None);
    for Setting { control, value } in settings {
        match client.send(control, KSPROPERTY_TYPE_SET, &mut value.to_le_bytes()) {
            STATUS_NOT_FOUND => {
                let what = name(control);
                return Err(SetupError::Environment(format!("--set: the device has no {what}")));
            }
            status => check("--set", status)?,
        }
    }
    Ok(())
}

/// A control of an endpoint, and what is heard of it.
struct Knob<'a> {
    name: String,
    mute: bool,
    capture: bool,
    endpoint: usize,
    filter: String,
    node: u32,
    heard: RefCell<u64>,
    event: ClientEvent,
    _enabled: Result<EventHandle, NtStatus>,
    adapter: &'a Adapter,
}

impl Knob<'_> {
    /// Sends a request for the control: status and value.
    fn send(&self, verb: u32, channel: i32, value: &mut [u8]) -> (NtStatus, u32) {
        // KSNODEPROPERTY_AUDIO_CHANNEL behind its KSNODEPROPERTY: the channel, and 4 bytes for nothing.
        let instance = [channel.to_le_bytes(), [0; 4]].concat();
        let id = if self.mute { KSPROPERTY_AUDIO_MUTE } else { KSPROPERTY_AUDIO_VOLUMELEVEL };
        let target = Target::Node(self.node);
        let request = Request { target, set: KSPROPSETID_Audio, id, verb, instance: &instance };
        self.adapter.property(&self.filter, &request, value).unwrap_or_else(|status| (status, 0))
    }

    /// What Windows learns from basic support.
    fn describe(&self) -> Option<String> {
        let (_, size) = self.send(KSPROPERTY_TYPE_BASICSUPPORT, 0, &mut []);
        let mut bytes = vec![0; size as usize];
        let (status, _) = self.send(KSPROPERTY_TYPE_BASICSUPPORT, 0, &mut bytes);
        let description = KSPROPERTY_DESCRIPTION::read(&bytes).filter(|_| status >= 0)?;
        let header = KSPROPERTY_MEMBERSHEADER::read(bytes.get(size_of::<KSPROPERTY_DESCRIPTION>()..)?)?;
        let members = size_of::<KSPROPERTY_DESCRIPTION>() + size_of::<KSPROPERTY_MEMBERSHEADER>();
        let step = KSPROPERTY_STEPPING_LONG::read(bytes.get(members..)?)?;
        let uniform = header.Flags & KSPROPERTY_MEMBER_FLAG_BASICSUPPORT_UNIFORM != 0;
        Some(format!(
            "{}: access {:#x}, {} channels{}, {} to {} by {}",
            self.name,
            description.AccessFlags,
            header.MembersCount,
            if uniform { " as one" } else { "" },
            step.Bounds.SignedMinimum,
            step.Bounds.SignedMaximum,
            step.SteppingDelta
        ))
    }
}

/// A client with all controls of a device.
struct Client<'a> {
    knobs: Vec<Knob<'a>>,
    fake: Option<virtio_snd::Handle>,
    adapter: &'a Adapter,
}

impl<'a> Client<'a> {
    fn new(adapter: &'a Adapter, fake: Option<virtio_snd::Handle>) -> Self {
        let mut knobs = Vec::new();
        for capture in [false, true] {
            let endpoints = if capture { adapter.capture_endpoints() } else { adapter.render_endpoints() };
            for (endpoint, each) in endpoints.into_iter().enumerate() {
                let nodes = adapter.nodes(&each.topology).unwrap_or_default();
                let direction = if capture { "capture" } else { "render" };
                for (node, kind) in (0..).zip(nodes) {
                    let known = [(KSNODETYPE_VOLUME, "volume", false), (KSNODETYPE_MUTE, "mute", true)];
                    let Some((_, what, mute)) =
                        known.into_iter().find(|known: &(GUID, _, _)| known.0 == kind)
                    else {
                        continue;
                    };
                    let event = ClientEvent::new(kernel());
                    let id = EventId {
                        set: KSEVENTSETID_AudioControlChange,
                        id: KSEVENT_CONTROL_CHANGE,
                        pin: None,
                        node: Some(node),
                    };
                    let enabled = adapter.enable_event(&each.topology, id, &event);
                    knobs.push(Knob {
                        name: format!("{what}:{direction}{endpoint}"),
                        mute,
                        capture,
                        endpoint,
                        filter: each.topology.clone(),
                        node,
                        heard: RefCell::new(0),
                        event,
                        _enabled: enabled,
                        adapter,
                    });
                }
            }
        }
        Self { knobs, fake, adapter }
    }

    /// Does one thing, and prints what came of it.
    fn take(&self, step: &Step) {
        match step {
            Step::Show if self.knobs.is_empty() => println!("no controls"),
            Step::Show => {
                for knob in &self.knobs {
                    println!("{}", knob.describe().unwrap_or_else(|| format!("{}: says nothing", knob.name)));
                }
            }
            Step::Get(control) => {
                let mut value = [0; 4];
                let status = self.send(control, KSPROPERTY_TYPE_GET, &mut value);
                let value = i32::from_le_bytes(value);
                println!("{}: {}", name(control), if status < 0 { shown(status) } else { value.to_string() });
            }
            Step::Set(control, value) => {
                let status = self.send(control, KSPROPERTY_TYPE_SET, &mut value.to_le_bytes());
                println!("{}={value}: {}", name(control), shown(status));
            }
            Step::Wait(milliseconds) => {
                let kernel = kernel();
                kernel.sleep_until(kernel.now() + u64::from(*milliseconds) * 1_000_000);
            }
            Step::Power(on) => {
                let status = if *on { self.adapter.wake() } else { self.adapter.sleep(PowerSystemSleeping3) };
                println!("{}: {}", if *on { "wake" } else { "sleep" }, shown(status));
            }
            Step::Heard => {
                for knob in &self.knobs {
                    let count = knob.event.count();
                    println!("{}: {} changes", knob.name, count - knob.heard.replace(count));
                }
            }
            Step::Element(number) => {
                let values = self.fake.as_ref().map(|fake| fake.control(*number));
                println!("element:{number}: {:?}", values.unwrap_or_default());
            }
        }
    }

    fn send(&self, control: &Control, verb: u32, value: &mut [u8]) -> NtStatus {
        let wanted = |knob: &&Knob<'_>| {
            (knob.mute, knob.capture, knob.endpoint) == (control.mute, control.capture, control.endpoint)
        };
        let knob = self.knobs.iter().find(wanted);
        knob.map_or(STATUS_NOT_FOUND, |knob| knob.send(verb, control.channel, value).0)
    }
}

fn name(control: &Control) -> String {
    let what = if control.mute { "mute" } else { "volume" };
    let direction = if control.capture { "capture" } else { "render" };
    format!("{what}:{direction}{}:{}", control.endpoint, control.channel)
}

fn shown(status: NtStatus) -> String {
    format!("{status:#010x}")
}
