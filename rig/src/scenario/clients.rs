//! The client processes: each opens its pin, plays or records, and closes it.

use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;

use portcls::raw::PowerSystemSleeping3;

use super::SetupError;
use super::check;
use super::failed;
use super::job::Part;
use super::progress::Progress;
use crate::client;
use crate::client::Books;
use crate::client::Direction;
use crate::client::Disturbance;
use crate::client::Line;
use crate::client::Plan;
use crate::client::Session;
use crate::client::format::Shape;
use crate::client::format::data_format;
use crate::nt::ClientEvent;
use crate::nt::Context;
use crate::nt::ThreadRef;
use crate::nt::abi::NtStatus;
use crate::portcls::Adapter;
use crate::portcls::AudioRange;
use crate::portcls::Buffer;
use crate::portcls::Endpoint;
use crate::portcls::KsState;
use crate::portcls::Pin;
use crate::sound::Pcm;

/// Time between two looks at whether the device is still in its slot, nanoseconds.
const SLOT_WATCH_NS: u64 = 5_000_000;

/// What a client thread leaves.
type Left = Rc<RefCell<Option<Result<Books, SetupError>>>>;

/// Runs all clients at once, each in a thread of its own; their books in the order of the parts.
///
/// # Errors
/// The first client's that could not begin.
pub(super) fn at_once(adapter: &Rc<Adapter>, parts: &[Part]) -> Result<Vec<Books>, SetupError> {
    let kernel = crate::nt::kernel();
    let gone = Rc::new(Cell::new(false));
    let done = Rc::new(Cell::new(false));
    let slot = watch_slot(adapter, &gone, &done);
    let mut clients = Vec::new();
    for (number, part) in parts.iter().enumerate() {
        let endpoint = endpoint(adapter, part)?;
        let result = Left::default();
        let (own, device, part, gone) = (result.clone(), adapter.clone(), part.clone(), gone.clone());
        let body = move || {
            let books = client(&device, &endpoint, &part, number == 0, &gone);
            own.replace(Some(books));
        };
        clients.push((kernel.spawn("client", Context::Client, false, body), result));
    }
    for (thread, _) in &clients {
        kernel.join(thread);
    }
    done.set(true);
    kernel.join(&slot);
    let lost = || Err(SetupError::Environment("a client did not come to an end".to_owned()));
    clients.into_iter().map(|(_, result)| result.take().unwrap_or_else(lost)).collect()
}

/// The bus driver and the PnP manager: a device that goes of its own accord is noticed, and the driver told.
fn watch_slot(adapter: &Rc<Adapter>, gone: &Rc<Cell<bool>>, done: &Rc<Cell<bool>>) -> ThreadRef {
    let kernel = crate::nt::kernel();
    let (adapter, gone, done) = (adapter.clone(), gone.clone(), done.clone());
    kernel.spawn("slot", Context::Start, false, move || {
        while !done.get() && !gone.get() {
            let is_gone = kernel.hardware.borrow().is_gone();
            match is_gone {
                None => return,
                Some(true) => {
                    adapter.surprise_remove();
                    gone.set(true);
                }
                Some(false) => kernel.sleep_until(kernel.now() + SLOT_WATCH_NS),
            }
        }
    })
}

/// The endpoint of a part: the n-th of its direction.
pub(super) fn endpoint(adapter: &Adapter, part: &Part) -> Result<Endpoint, SetupError> {
    let capture = part.plan.direction == Direction::Capture;
    let all = adapter.endpoints().into_iter().filter(|endpoint| endpoint.capture == capture);
    let all: Vec<Endpoint> = all.collect();
    all.get(part.endpoint).cloned().ok_or_else(|| {
        let what = if capture { "record from" } else { "play through" };
        SetupError::Environment(match all.len() {
            0 => format!(
                "the driver has no endpoint to {what}: no wave filter with such a pin leads to a jack"
            ),
            there => format!("--streams: the driver has {there} endpoint(s) to {what}"),
        })
    })
}

fn client(
    adapter: &Adapter,
    endpoint: &Endpoint,
    part: &Part,
    shown: bool,
    gone: &Cell<bool>,
) -> Result<Books, SetupError> {
    let kernel = crate::nt::kernel();
    let (pin, plan) = open(adapter, endpoint, part)?;
    suits(&pin, plan.kind)?;
    let buffer = buffer(&pin, &plan)?;
    let event = ClientEvent::new(kernel);
    let progress = shown.then(|| Progress::new(&plan));
    let told = |frame| progress.iter().for_each(|progress| progress.at(frame));
    let power = |on| if on { adapter.wake() } else { adapter.sleep(PowerSystemSleeping3) };
    let line = Line { progress: &told, gone, power: &power };
    let mut books = client::perform(Session::new(kernel, &pin, buffer.as_ref(), &event, &plan, line));
    books.opened = Some(plan.pcm.with_data(Vec::new()));
    books.port = pin.port_class();
    progress.iter().for_each(Progress::end);
    if matches!(plan.disturbance, Some(Disturbance::AbandonAt { .. })) {
        gone.set(true);
        tear_out(adapter, &pin, &event)?;
    }
    drop(buffer);
    pin.close();
    Ok(books)
}

/// Whether the port that the driver has chosen is the one that the client can use.
fn suits(pin: &Pin, kind: client::Kind) -> Result<(), SetupError> {
    let (port, requests) = (pin.port_class(), kind == client::Kind::WavePci);
    if requests == (port == "WavePci") {
        return Ok(());
    }
    let needed = if requests { "WavePci" } else { "WaveRT" };
    Err(SetupError::Environment(format!(
        "the driver has chosen the {port} port: the client '{kind}' needs the {needed} port"
    )))
}

/// The cyclic buffer of a pin that has one.
fn buffer(pin: &Pin, plan: &Plan) -> Result<Option<Buffer>, SetupError> {
    if plan.kind == client::Kind::WavePci {
        return Ok(None);
    }
    let buffer = if plan.kind.by_halves() {
        pin.allocate_with_notification(plan.buffer_bytes(), 2)
    } else {
        pin.allocate(plan.buffer_bytes())
    };
    let buffer = buffer.map_err(failed("allocating the audio buffer"))?;
    look_around(pin);
    Ok(Some(buffer))
}

/// Opens the pin with the sound's own format; 24-bit samples that are packed in three bytes go into four where the
/// driver does not take them so.
fn open(adapter: &Adapter, endpoint: &Endpoint, part: &Part) -> Result<(Pin, Plan), SetupError> {
    let mut plan = part.plan.clone();
    let pcm = &plan.pcm;
    let as_it_is = match (try_open(adapter, endpoint, pcm), pcm.widened()) {
        (Err(_), Some(wider)) => match try_open(adapter, endpoint, &wider) {
            Ok(pin) => {
                plan.pcm = wider;
                return Ok((pin, plan));
            }
            Err(_) => try_open(adapter, endpoint, pcm),
        },
        (answer, _) => answer,
    };
    match as_it_is {
        Ok(pin) => Ok((pin, plan)),
        Err(status) => Err(SetupError::Refused {
            input: part.input.clone(),
            what: if endpoint.capture { "recorded" } else { "played" },
            format: plan.pcm.describe(),
            status,
            accepted: accepted(adapter, endpoint),
        }),
    }
}

fn try_open(adapter: &Adapter, endpoint: &Endpoint, pcm: &Pcm) -> Result<Pin, NtStatus> {
    // What a client has to ask of a driver that takes both shapes of a format alike.
    let shape = if pcm.channels <= 2 && pcm.bits == 16 { Shape::Plain } else { Shape::Extensible };
    Pin::open(adapter, &endpoint.wave, endpoint.wave_pin, &data_format(pcm, shape))
}

/// What the audio engine asks of a stream with a buffer: its latency, and registers to map, of which there may be none.
fn look_around(pin: &Pin) {
    let _ = pin.hw_latency();
    pin.position_register();
    pin.clock_register();
}

/// The device is torn out under a running stream. The client notices nothing of it before its own calls fail: they go
/// on, before the driver is told and afterwards, and whatever they return, they must return.
fn tear_out(adapter: &Adapter, pin: &Pin, event: &ClientEvent) -> Result<(), SetupError> {
    let go_on = || {
        let _ = pin.position();
        let _ = pin.position_at_dispatch();
        let _ = pin.packet_count();
        let _ = pin.read_packet();
        let _ = pin.linear_position();
        pin.tell_available();
        pin.revoke(0, pin.mappings_out() / 2);
        event.wait(20_000_000);
    };
    check("surprise removal", adapter.surprise_remove_under(go_on))?;
    go_on();
    pin.set_state(KsState::Pause);
    pin.set_state(KsState::Run);
    go_on();
    Ok(())
}

/// The driver's data ranges in words.
fn accepted(adapter: &Adapter, endpoint: &Endpoint) -> String {
    let ranges = adapter.data_ranges(&endpoint.wave, endpoint.wave_pin).unwrap_or_default();
    let words = |range: AudioRange| {
        let span =
            |(from, to): (u32, u32)| if from == to { from.to_string() } else { format!("{from} to {to}") };
        let channels = match range.channels {
            1 => "mono".to_owned(),
            2 => "stereo".to_owned(),
            channels => format!("up to {channels} channels"),
        };
        format!("{} Hz {}-bit {channels}", span(range.rates), span(range.bits))
    };
    let words: Vec<String> = ranges.iter().filter_map(|range| range.audio).map(words).collect();
    if words.is_empty() { "no wave format at all".to_owned() } else { words.join(", ") }
}
