//! The sound device behind the queues: what it has, and what it answers to requests (5.14.6).

use super::log::Log;
use super::log::Refusal;
use super::message::Message;
use super::options::ChannelMap;
use super::options::Control;
use super::options::Options;
use super::options::Pace;
use super::stream::Params;
use super::stream::State;
use super::stream::Stream;
use super::wire;

/// Jacks, streams, channel maps and control elements.
#[derive(Debug)]
pub(super) struct Sound {
    pub streams: Vec<Stream>,
    pub jacks: Vec<bool>,
    maps: Vec<ChannelMap>,
    pub controls: Vec<Control>,
    pace: Pace,
}

/// An answer, and what it leads to.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub status: u32,
    pub payload: Vec<u8>,
    /// Messages that have to be given back before the answer: the stream's number, and they.
    pub flushed: Option<(usize, Vec<Message>)>,
    /// A stream that was started.
    pub started: Option<usize>,
}

impl Reply {
    fn of(status: u32) -> Self {
        Self { status, ..Self::default() }
    }
}

/// A request as it was read.
pub(super) struct Request<'a> {
    pub bytes: &'a [u8],
    /// Bytes that the driver has left for the answer.
    pub room: u64,
    pub now: u64,
}

impl Request<'_> {
    fn word(&self, at: usize) -> u32 {
        let bytes = self.bytes.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map_or(0, u32::from_le_bytes)
    }

    pub(super) fn code(&self) -> u32 {
        self.word(0)
    }
}

impl Sound {
    pub(super) fn new(options: &Options) -> Self {
        let streams =
            options.streams.iter().enumerate().map(|(number, stream)| Stream::new(number, *stream)).collect();
        Self {
            streams,
            jacks: options.jacks.clone(),
            maps: options.channel_maps.clone(),
            controls: options.controls.clone(),
            pace: options.pace,
        }
    }

    /// The streams that play.
    pub(super) fn outputs(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.streams.iter_mut().filter(|stream| stream.options.is_output)
    }

    /// The device configuration structure (5.14.4).
    pub(super) fn configuration(&self) -> [u32; 4] {
        [self.jacks.len(), self.streams.len(), self.maps.len(), self.controls.len()].map(|count| count as u32)
    }

    /// Executes a request.
    pub(super) fn execute(&mut self, request: &Request<'_>, has_controls: bool, log: &mut Log) -> Reply {
        let code = request.code();
        let name = wire::request_name(code);
        let expected = match code {
            wire::R_JACK_INFO
            | wire::R_PCM_INFO
            | wire::R_CHMAP_INFO
            | wire::R_CTL_INFO
            | wire::R_JACK_REMAP => 16,
            wire::R_PCM_SET_PARAMS => 24,
            wire::R_PCM_PREPARE..=wire::R_PCM_STOP | wire::R_CTL_READ | wire::R_CTL_TLV_READ => 8,
            wire::R_CTL_WRITE => request.bytes.len().max(12),
            _ => {
                log.complain(request.now, format!("request {code:#x}"));
                return Reply::of(wire::S_NOT_SUPP);
            }
        };
        if request.bytes.len() != expected {
            log.complain(request.now, format!("{name} of {} bytes, not {expected}", request.bytes.len()));
            return Reply::of(wire::S_BAD_MSG);
        }
        if code >= wire::R_CTL_INFO && !has_controls {
            log.complain(request.now, format!("{name} without VIRTIO_SND_F_CTLS"));
            return Reply::of(wire::S_NOT_SUPP);
        }
        match code {
            wire::R_JACK_INFO => {
                let items = self.jacks.iter().map(|connected| jack_info(*connected)).collect();
                query(request, items, log)
            }
            wire::R_PCM_INFO => query(request, self.streams.iter().map(pcm_info).collect(), log),
            wire::R_CHMAP_INFO => query(request, self.maps.iter().map(map_info).collect(), log),
            wire::R_CTL_INFO => query(request, self.controls.iter().map(control_info).collect(), log),
            wire::R_JACK_REMAP => {
                log.complain(request.now, "JACK_REMAP of a jack that cannot be mapped anew");
                Reply::of(wire::S_NOT_SUPP)
            }
            wire::R_CTL_READ | wire::R_CTL_WRITE | wire::R_CTL_TLV_READ => self.control(request, log),
            _ => self.stream(request, log),
        }
    }

    fn control(&mut self, request: &Request<'_>, log: &mut Log) -> Reply {
        let Some(control) = self.controls.get_mut(request.word(4) as usize) else {
            log.complain(request.now, format!("control element {} does not exist", request.word(4)));
            return Reply::of(wire::S_BAD_MSG);
        };
        let needed = match request.code() {
            wire::R_CTL_READ => wire::CTL_ACCESS_READ,
            wire::R_CTL_WRITE => wire::CTL_ACCESS_WRITE,
            _ => wire::CTL_ACCESS_TLV_READ,
        };
        if control.access & needed == 0 {
            let name = wire::request_name(request.code());
            log.complain(request.now, format!("{name} of {}, which does not allow it", control.name));
            return Reply::of(wire::S_BAD_MSG);
        }
        if request.code() != wire::R_CTL_WRITE {
            let words =
                if request.code() == wire::R_CTL_READ { control.values.clone() } else { metadata(control) };
            let payload: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            return Reply { status: wire::S_OK, payload, ..Reply::default() };
        }
        let (least, most, _) = control.range;
        let count = control.values.len();
        let values: Vec<u32> = (0..count).map(|number| request.word(8 + 4 * number)).collect();
        let complete = request.bytes.len() >= 8 + 4 * count;
        if !complete || values.iter().any(|value| !(least..=most).contains(value)) {
            log.complain(request.now, format!("{} set to {values:?}, not {least} to {most}", control.name));
            return Reply::of(wire::S_BAD_MSG);
        }
        control.values = values;
        Reply::of(wire::S_OK)
    }

    fn stream(&mut self, request: &Request<'_>, log: &mut Log) -> Reply {
        let (code, id) = (request.code(), request.word(4));
        let name = wire::request_name(code);
        let Some(stream) = self.streams.get_mut(id as usize) else {
            log.complain(request.now, format!("{name} of stream {id} of {}", self.streams.len()));
            return Reply::of(wire::S_BAD_MSG);
        };
        let before = stream.state;
        let old = stream.queue.iter().any(|message| message.is_old);
        // Whoever still has a predecessor's messages lets himself be rid of them in any state.
        let rid = code == wire::R_PCM_RELEASE && old && before != State::Running;
        let Some(after) = before.after(code).or(rid.then_some(State::Released)) else {
            let state = before.name();
            log.refused.push(Refusal { at: request.now, stream: id, code, state });
            // A driver that finds a device in an unknown state may well begin with RELEASE.
            if !(code == wire::R_PCM_RELEASE && matches!(before, State::Fresh | State::Set)) {
                log.complain(request.now, format!("{name} of stream {id}, which is {state}"));
            }
            return Reply::of(wire::S_BAD_MSG);
        };
        if code == wire::R_PCM_SET_PARAMS {
            match params(request, stream) {
                Ok(params) => stream.params = Some(params),
                Err((status, why)) => {
                    log.complain(request.now, format!("{name} of stream {id}: {why}"));
                    return Reply::of(status);
                }
            }
        }
        // PREPARE needs parameters; after the RELEASE of a predecessor's messages there may be none.
        if code == wire::R_PCM_PREPARE && stream.params.is_none() {
            log.complain(request.now, format!("{name} of stream {id}, which has no parameters"));
            return Reply::of(wire::S_BAD_MSG);
        }
        stream.enter(after, request.now, &self.pace);
        let flushed = (after == State::Released)
            .then(|| (id as usize, stream.queue.drain(..).collect::<Vec<Message>>()));
        let started = (after == State::Running).then_some(id as usize);
        Reply { status: wire::S_OK, flushed, started, ..Reply::default() }
    }
}

/// Answers an item information request (5.14.6.1).
fn query(request: &Request<'_>, items: Vec<Vec<u8>>, log: &mut Log) -> Reply {
    let [first, count, size] = [4, 8, 12].map(|at| u64::from(request.word(at)));
    let name = wire::request_name(request.code());
    if first + count > items.len() as u64 {
        log.complain(request.now, format!("{name} of {count} items from {first}, of {}", items.len()));
        return Reply::of(wire::S_BAD_MSG);
    }
    if request.room < 4 + count * size {
        log.complain(
            request.now,
            format!("{name}: room for {} bytes, not {}", request.room, 4 + count * size),
        );
        return Reply::of(wire::S_BAD_MSG);
    }
    let mut payload = Vec::new();
    for item in items.into_iter().skip(first as usize).take(count as usize) {
        let mut item = item;
        item.resize(size as usize, 0);
        payload.extend(item);
    }
    Reply { status: wire::S_OK, payload, ..Reply::default() }
}

fn params(request: &Request<'_>, stream: &Stream) -> Result<Params, (u32, String)> {
    let offer = &stream.options;
    let byte = |at: usize| request.bytes.get(at).copied().unwrap_or(0);
    let (buffer_bytes, period_bytes, features) = (request.word(8), request.word(12), request.word(16));
    let (channels, format, rate, padding) = (byte(20), byte(21), byte(22), byte(23));
    let unsupported = |why: String| Err((wire::S_NOT_SUPP, why));
    let bad = |why: String| Err((wire::S_BAD_MSG, why));
    if padding != 0 {
        return bad(format!("padding {padding:#x}"));
    }
    if features & !offer.features != 0 {
        return unsupported(format!("features {features:#x} of {:#x}", offer.features));
    }
    if format >= 64 || offer.formats & 1 << format == 0 {
        return unsupported(format!("format {format}"));
    }
    let Some(hertz) = wire::rate(rate).filter(|_| offer.rates & 1 << rate != 0) else {
        return unsupported(format!("rate {rate}"));
    };
    if !(offer.channels.0..=offer.channels.1).contains(&channels) {
        return unsupported(format!("{channels} channels"));
    }
    let params = Params { buffer_bytes, period_bytes, features, channels, format, rate: hertz };
    if period_bytes == 0 || !period_bytes.is_multiple_of(params.frame()) {
        return bad(format!("a period of {period_bytes} bytes, where a frame has {}", params.frame()));
    }
    if buffer_bytes == 0 || !buffer_bytes.is_multiple_of(period_bytes) {
        return bad(format!("a buffer of {buffer_bytes} bytes with periods of {period_bytes}"));
    }
    Ok(params)
}

fn jack_info(connected: bool) -> Vec<u8> {
    // Group 0; no features; a green line-out at the rear, 1/8 inch (HDA 7.3.3.31); output and detection capable.
    let words: [u32; 4] = [0, 0, 0x0101_4010, 0x14];
    let mut info: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    info.push(connected.into());
    info.resize(24, 0);
    info
}

fn pcm_info(stream: &Stream) -> Vec<u8> {
    let options = &stream.options;
    let mut info: Vec<u8> =
        [options.group, options.features].iter().flat_map(|word| word.to_le_bytes()).collect();
    info.extend(options.formats.to_le_bytes());
    info.extend(options.rates.to_le_bytes());
    info.extend([u8::from(!options.is_output), options.channels.0, options.channels.1]);
    info.resize(32, 0);
    info
}

fn map_info(map: &ChannelMap) -> Vec<u8> {
    let mut info = vec![0, 0, 0, 0, u8::from(!map.is_output), map.positions.len() as u8];
    info.extend(&map.positions);
    info.resize(24, 0);
    info
}

/// What ALSA has for a scale in dB (`SNDRV_CTL_TLVT_DB_SCALE`), or an empty container.
fn metadata(control: &Control) -> Vec<u32> {
    match control.decibels {
        Some((least, step)) => vec![1, 8, least.cast_unsigned(), step],
        None => vec![0, 0],
    }
}

fn control_info(control: &Control) -> Vec<u8> {
    let kind = u32::from(!control.is_switch);
    let words = [control.group, control.role, kind, control.access, control.values.len() as u32, 0];
    let mut info: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut name = control.name.as_bytes().to_vec();
    name.resize(44, 0);
    info.extend(name);
    let (least, most, step) = control.range;
    info.extend([least, most, step].iter().flat_map(|word| word.to_le_bytes()));
    info.resize(92, 0);
    info
}
