//! The device in words: `KEY=VALUE,KEY=VALUE`, for command lines.
//!
//! | key | value |
//! |---|---|
//! | `step_us` | microseconds from step to step, with a point if need be |
//! | `phase_us`, `jitter_us` | the first step; how late a step may be |
//! | `drift_ppm` | how much faster the sample clock is than it says |
//! | `seed` | where chance begins |
//! | `read` | `submit` or `play`: when the device reads what it plays |
//! | `ahead` | frames that it takes ahead |
//! | `latency` | what `latency_bytes` says |
//! | `vectors`, `queue`, `layout` | MSI-X vectors; entries of a queue; `plain` or `odd` |
//! | `without` | a feature that is not offered: `event_idx`, `indirect`, `ring_reset` |
//! | `platform` | 1: `ACCESS_PLATFORM` is offered, and has to be taken |
//! | `refuse_features` | 1: `FEATURES_OK` never stays |
//! | `outputs`, `inputs` | how many streams of each kind |
//! | `jacks`, `controls` | jacks, all plugged; 1: volume and mute |
//! | `control` | a control element, any number of them; see [`super::text_control`] |
//! | `reset`, `reset_us` | `forgets` or `leaves` buffers behind; microseconds that it takes, or `never` |
//! | `predecessor` | messages that somebody left in each stream |
//! | `truth` | 1: positions are held against the device's own sample clock |
//! | `keep_sound` | 0: what was played is not kept |
//! | `fault` | `WHAT[:NUMBER]@WHEN`, any number of them; see below |
//!
//! WHEN is `1500ms` or `1500us` after power-on, `request:N` or `request:CODE:N` (the Nth, of that code), `tx:N`,
//! `rx:N`, `control:N`, `event:N` (the Nth completion on a queue), or `access:N`. WHAT is `needs_reset`, `remove`,
//! `stuck` (no reset ends any more), `refuse` (no features are agreed to any more), `stall`, `resume`, `burst`, `lose:N`,
//! `spurious`, `never`, `late:MICROSECONDS`, `answer:STATUS`, `id:N`, `length:N`, `status:N`, `twice`, `index:N`,
//! `plug:JACK`, `unplug:JACK`, `xrun:STREAM`, `turn:VALUE` (of the first control element).

use super::options::Control;
use super::options::Layout;
use super::options::Options;
use super::options::Reading;
use super::options::Reset;
use super::options::Stream;
use super::script::Fault;
use super::script::What;
use super::script::When;
use super::text_control;
use super::wire;

/// Reads a device.
///
/// # Errors
/// A sentence that says what is wrong with which pair.
pub fn parse(text: &str) -> Result<Options, String> {
    let mut options = Options::default();
    let (mut outputs, mut inputs) = (1, 1);
    for pair in text.split(',').map(str::trim).filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').ok_or_else(|| format!("{pair}: wanted KEY=VALUE"))?;
        let result = match key {
            "outputs" => number(value).map(|count| outputs = count),
            "inputs" => number(value).map(|count| inputs = count),
            _ => set(&mut options, key, value),
        };
        result.map_err(|why| format!("{pair}: {why}"))?;
    }
    options.streams = vec![Stream::output(); outputs];
    options.streams.extend(vec![Stream::input(); inputs]);
    Ok(options)
}

fn set(options: &mut Options, key: &str, value: &str) -> Result<(), String> {
    match key {
        "step_us" => options.pace.step_ns = nanoseconds(value)?,
        "phase_us" => options.pace.phase_ns = nanoseconds(value)?,
        "jitter_us" => options.pace.jitter_ns = nanoseconds(value)?,
        "drift_ppm" => options.pace.drift_ppm = number(value)?,
        "seed" => options.pace.seed = number(value)?,
        "read" => {
            options.reading =
                choice(value, &[("submit", Reading::AtSubmission), ("play", Reading::AsItPlays)])?;
        }
        "ahead" => options.ahead_frames = number(value)?,
        "latency" => options.latency_bytes = number(value)?,
        "vectors" => options.vectors = number(value)?,
        "queue" => options.queue_size = number(value)?,
        "layout" => options.layout = choice(value, &[("plain", Layout::Plain), ("odd", Layout::Odd)])?,
        "without" => {
            let known = [
                ("event_idx", wire::F_EVENT_IDX),
                ("indirect", wire::F_INDIRECT_DESC),
                ("ring_reset", wire::F_RING_RESET),
            ];
            options.features &= !choice(value, &known)?;
        }
        "platform" => options.features |= choice(value, &[("0", 0), ("1", wire::F_ACCESS_PLATFORM)])?,
        "refuse_features" => options.refuse_features = choice(value, &[("0", false), ("1", true)])?,
        "jacks" => options.jacks = vec![true; number(value)?],
        "controls" => {
            if choice(value, &[("0", false), ("1", true)])? {
                options.controls = vec![Control::volume(), Control::mute()];
            }
        }
        "control" => options.controls.push(text_control::parse(value)?),
        "reset" => {
            options.reset = choice(value, &[("forgets", Reset::Forgets), ("leaves", Reset::LeavesBuffers)])?;
        }
        "reset_us" if value == "never" => options.reset_ns = u64::MAX,
        "reset_us" => options.reset_ns = nanoseconds(value)?,
        "predecessor" => options.predecessor = number(value)?,
        "truth" => options.tells_clock = choice(value, &[("0", false), ("1", true)])?,
        "keep_sound" => options.keep_sound = choice(value, &[("0", false), ("1", true)])?,
        "fault" => options.faults.push(fault(value)?),
        _ => return Err("no such key".into()),
    }
    Ok(())
}

fn fault(text: &str) -> Result<Fault, String> {
    let (what, when) = text.split_once('@').ok_or("wanted WHAT@WHEN")?;
    Ok(Fault { when: occasion(when)?, what: trouble(what)? })
}

fn occasion(text: &str) -> Result<When, String> {
    for (unit, factor) in [("ms", 1_000_000), ("us", 1_000)] {
        if let Some(count) = text.strip_suffix(unit) {
            return Ok(When::At(number::<u64>(count)? * factor));
        }
    }
    let mut parts = text.split(':');
    let kind = parts.next().unwrap_or_default();
    let rest: Vec<&str> = parts.collect();
    let on = |queue: u16, nth: &str| Ok(When::Completion { queue, nth: number(nth)? });
    match (kind, rest.as_slice()) {
        ("request", [nth]) => Ok(When::Request { code: None, nth: number(nth)? }),
        ("request", [code, nth]) => Ok(When::Request { code: Some(number(code)?), nth: number(nth)? }),
        ("access", [nth]) => Ok(When::Access(number(nth)?)),
        ("control", [nth]) => on(wire::QUEUE_CONTROL, nth),
        ("event", [nth]) => on(wire::QUEUE_EVENT, nth),
        ("tx", [nth]) => on(wire::QUEUE_TX, nth),
        ("rx", [nth]) => on(wire::QUEUE_RX, nth),
        _ => Err(format!("{text} is no occasion")),
    }
}

fn trouble(text: &str) -> Result<What, String> {
    let (name, value) = text.split_once(':').unwrap_or((text, ""));
    Ok(match name {
        "needs_reset" => What::NeedsReset,
        "remove" => What::Remove,
        "stuck" => What::Stuck,
        "refuse" => What::Refuse,
        "stall" => What::Stall,
        "resume" => What::Resume,
        "burst" => What::Burst,
        "spurious" => What::SpuriousInterrupts,
        "never" => What::NeverAnswer,
        "twice" => What::Twice,
        "lose" => What::LoseInterrupts(number(value)?),
        "late" => What::AnswerLate(nanoseconds(value)?),
        "answer" => What::Answer(number(value)?),
        "id" => What::UsedId(number(value)?),
        "length" => What::UsedLength(number(value)?),
        "status" => What::Status(number(value)?),
        "index" => What::UsedIndex(number(value)?),
        "plug" => What::Jack { jack: number(value)?, connected: true },
        "unplug" => What::Jack { jack: number(value)?, connected: false },
        "xrun" => What::Xrun(number(value)?),
        "turn" => What::Turn { control: 0, value: number(value)? },
        _ => return Err(format!("{name} is no fault")),
    })
}

fn choice<T: Copy>(text: &str, known: &[(&str, T)]) -> Result<T, String> {
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let found = known.iter().find(|(name, _)| *name == text);
    found.map(|(_, value)| *value).ok_or_else(|| format!("wanted one of {}", names.join(", ")))
}

/// A number, in decimal or, behind 0x, in hexadecimal digits.
pub(super) fn number<T: TryFrom<i64>>(text: &str) -> Result<T, String> {
    let parsed = match text.strip_prefix("0x") {
        Some(digits) => i64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    let value = parsed.map_err(|_| format!("{text:?} is no number"))?;
    T::try_from(value).map_err(|_| format!("{value} is out of range"))
}

/// Microseconds, with up to three digits behind a point, in nanoseconds.
fn nanoseconds(text: &str) -> Result<u64, String> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    if part.len() > 3 {
        return Err("there is nothing below a nanosecond".into());
    }
    let part: u64 = if part.is_empty() { 0 } else { number(&format!("{part:0<3}"))? };
    Ok(number::<u64>(whole)? * 1_000 + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_can_be_said_in_words() {
        let text = "step_us=2666.667,drift_ppm=-500,read=submit,outputs=2,inputs=0,without=event_idx,\
                    fault=needs_reset@1500ms,fault=never@request:0x104:2,fault=id:999@tx:7";
        let options = parse(text).unwrap();
        assert_eq!((options.pace.step_ns, options.pace.drift_ppm), (2_666_667, -500));
        assert_eq!((options.reading, options.streams.len()), (Reading::AtSubmission, 2));
        assert_eq!(options.features & wire::F_EVENT_IDX, 0);
        let never = Fault { when: When::Request { code: Some(0x104), nth: 2 }, what: What::NeverAnswer };
        let forged = Fault { when: When::Completion { queue: 2, nth: 7 }, what: What::UsedId(999) };
        let reset = Fault { when: When::At(1_500_000_000), what: What::NeedsReset };
        assert_eq!(options.faults, [reset, never, forged]);
    }

    #[test]
    fn what_is_wrong_is_said_with_the_pair() {
        assert_eq!(parse("step_us=ten").unwrap_err(), "step_us=ten: \"ten\" is no number");
        assert_eq!(parse("read=never").unwrap_err(), "read=never: wanted one of submit, play");
        assert_eq!(parse("colour=red").unwrap_err(), "colour=red: no such key");
        assert_eq!(parse("vectors=-1").unwrap_err(), "vectors=-1: -1 is out of range");
        assert!(parse("fault=explode@10ms").unwrap_err().contains("no fault"));
        assert!(parse("fault=burst@noon").unwrap_err().contains("no occasion"));
    }
}
