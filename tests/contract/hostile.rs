//! Callers that mean ill: rows 4 and 75. Formats, ranges and property requests of any size and content. The driver may
//! refuse them as it likes; the verifier sees what it does meanwhile, and afterwards everything is as before.
//!
//! What is in `corpus/` is tried as it is, and then with bytes changed, cut off or added. `cargo xtask fuzz` has that go on
//! for a time of one's choice, each time with other changes.

use std::cell::RefCell;
use std::time::{Duration, Instant, SystemTime};

use portcls::raw::{
    GUID, KSPROPERTY_TYPE_BASICSUPPORT, KSPROPERTY_TYPE_GET, KSPROPERTY_TYPE_SET, KSPROPSETID_Audio,
    KSPROPSETID_Jack, KSPROPSETID_Pin,
};
use waverust_rig::portcls::{Adapter, Pin, Request, Target};

use crate::{on_each_device, random::Random, usual};

const FORMATS: &str = include_str!("corpus/formats.txt");
const RANGES: &str = include_str!("corpus/ranges.txt");
const PROPERTIES: &str = include_str!("corpus/properties.txt");

thread_local!(static LAST: RefCell<String> = const { RefCell::new(String::new()) });

/// Shows the last thing that was tried, if the test ends badly.
struct Witness;

impl Drop for Witness {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the last one was: {}", LAST.take());
        }
    }
}

/// Notes what is tried next.
fn trying(what: String) {
    LAST.set(what);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks_exact(2);
    pairs
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).expect("ASCII"), 16).expect("hexadecimal"))
        .collect()
}

/// The lines of a corpus, cut into words.
fn lines(corpus: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    corpus.lines().filter(|line| !line.starts_with('#')).map(|line| line.split(' ').collect())
}

/// Cases that are bytes alone.
fn cases(corpus: &'static str) -> Vec<Vec<u8>> {
    lines(corpus).map(|words| bytes(words[1])).collect()
}

/// How long to go on: so many rounds, or the part of `WAVERUST_FUZZ_SECONDS` that one of `parts` has.
struct Pace {
    left: u64,
    until: Option<Instant>,
}

impl Pace {
    fn new(rounds: u64, parts: usize) -> Self {
        let seconds = std::env::var("WAVERUST_FUZZ_SECONDS").ok().and_then(|text| text.parse::<f64>().ok());
        let share = seconds.map(|seconds| Duration::from_secs_f64(seconds / (2 * parts.max(1)) as f64));
        Self { left: rounds, until: share.map(|share| Instant::now() + share) }
    }

    fn goes_on(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0 || self.until.is_some_and(|until| Instant::now() < until)
    }

    /// The same each time, unless this goes on for a time.
    fn random(&self, seed: u64) -> Random {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Random(if self.until.is_some() { seed ^ now.as_nanos() as u64 | 1 } else { seed })
    }
}

/// Changes bytes, cuts off or adds some, and, as often as not, has the first word say how many there are.
fn change(case: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..random.below(6) {
        let at = random.below(case.len().max(1) as u64) as usize;
        if let Some(byte) = case.get_mut(at) {
            *byte = random.bytes(1)[0];
        }
    }
    match random.below(4) {
        0 => case.truncate(random.below(case.len() as u64 + 1) as usize),
        1 => {
            let more = random.below(48) as usize;
            case.extend(random.bytes(more));
        }
        _ => {}
    }
    if random.below(2) == 0 && case.len() >= 4 {
        let size = (case.len() as u32).to_le_bytes();
        case[..4].copy_from_slice(&size);
    }
}

/// Rows 4 and 75: formats with anything in them, short or long. Whatever opens, closes.
#[test]
fn formats_of_any_content() {
    let _witness = Witness;
    on_each_device(|adapter| {
        let (corpus, endpoints) = (cases(FORMATS), adapter.endpoints());
        for endpoint in &endpoints {
            let open = |format: &[u8]| {
                trying(hex(format));
                Pin::open(adapter, &endpoint.wave, endpoint.wave_pin, format).is_ok()
            };
            let opened = corpus.iter().filter(|format| open(format)).count();
            assert!((2..corpus.len() - 8).contains(&opened), "{opened} formats of the corpus opened");
            let mut pace = Pace::new(500, endpoints.len());
            let mut random = pace.random(0x5EED_0001);
            while pace.goes_on() {
                let mut format = corpus[random.below(corpus.len() as u64) as usize].clone();
                change(&mut format, &mut random);
                open(&format);
            }
            assert!(open(&usual()));
        }
    });
}

/// Row 75: ranges of any content, of any size that KS lets through.
#[test]
fn ranges_of_any_content() {
    let _witness = Witness;
    on_each_device(|adapter| {
        let (corpus, endpoints) = (cases(RANGES), adapter.endpoints());
        for endpoint in &endpoints {
            let meet = |range: &[u8], room: u32| {
                trying(format!("{} in {room}", hex(range)));
                let met =
                    adapter.intersect(&endpoint.wave, endpoint.wave_pin, range, 0, room).expect("a range");
                assert!(met.format.len() <= room as usize);
                met.status >= 0
            };
            let met = corpus.iter().filter(|range| meet(range, 104)).count();
            assert!((2..corpus.len()).contains(&met), "{met} ranges of the corpus met one of the pin's");
            let mut pace = Pace::new(500, endpoints.len());
            let mut random = pace.random(0x5EED_0003);
            while pace.goes_on() {
                let mut range = corpus[random.below(corpus.len() as u64) as usize].clone();
                change(&mut range, &mut random);
                // KS itself takes no range that is shorter than its head, or than it says.
                range.resize(range.len().max(64), 0xFF);
                let size = (range.len() as u32).to_le_bytes();
                range[..4].copy_from_slice(&size);
                meet(&range, random.below(160) as u32);
            }
        }
        assert!(still_opens(adapter));
    });
}

/// A property request.
#[derive(Clone, Debug)]
struct Asked {
    set: GUID,
    id: u32,
    verb: u32,
    target: Target,
    instance: Vec<u8>,
    value: Vec<u8>,
}

/// The requests of the corpus.
fn requests() -> Vec<Asked> {
    lines(PROPERTIES)
        .map(|words| Asked {
            set: match words[1] {
                "jack" => KSPROPSETID_Jack,
                "audio" => KSPROPSETID_Audio,
                _ => KSPROPSETID_Pin,
            },
            id: words[2].parse().expect("a number"),
            verb: match words[3] {
                "get" => KSPROPERTY_TYPE_GET,
                "set" => KSPROPERTY_TYPE_SET,
                _ => KSPROPERTY_TYPE_BASICSUPPORT,
            },
            target: words[4].parse().map_or(Target::Filter, Target::Node),
            instance: bytes(words[5]),
            value: vec![0xA5; words[6].parse().expect("a number")],
        })
        .collect()
}

impl Asked {
    /// Changes one part of it, or none.
    fn change(&mut self, random: &mut Random) {
        match random.below(6) {
            0 => self.id = random.below(48) as u32,
            1 => self.verb = random.next() as u32,
            2 => self.target = Target::Node(random.below(4) as u32),
            3 => change(&mut self.instance, random),
            _ => {
                let room = random.below(160) as usize;
                self.value = random.bytes(room);
            }
        }
    }
}

/// Row 75: any property, verb, node, instance and room.
#[test]
fn properties_of_any_content() {
    let _witness = Witness;
    on_each_device(|adapter| {
        let (corpus, filters) = (requests(), adapter.subdevices());
        let mut handled = 0_u32;
        for filter in &filters {
            let mut ask = |asked: &mut Asked| {
                trying(format!("{asked:?}"));
                let Asked { set, id, verb, target, instance, value } = asked;
                let request = Request {
                    target: *target,
                    set: *set,
                    id: *id,
                    verb: *verb,
                    instance: instance.as_slice(),
                };
                handled += u32::from(adapter.property(filter, &request, value).is_ok());
            };
            corpus.clone().iter_mut().for_each(&mut ask);
            let mut pace = Pace::new(3_000, filters.len());
            let mut random = pace.random(0x5EED_0002);
            while pace.goes_on() {
                let mut asked = corpus[random.below(corpus.len() as u64) as usize].clone();
                asked.change(&mut random);
                ask(&mut asked);
            }
        }
        assert!(handled > 100, "{handled} requests came to a handler");
        assert!(still_opens(adapter));
    });
}

fn still_opens(adapter: &Adapter) -> bool {
    let opens = |(filter, pin): (String, u32)| Pin::open(adapter, &filter, pin, &usual()).is_ok();
    adapter.endpoints().into_iter().map(|endpoint| (endpoint.wave, endpoint.wave_pin)).all(opens)
}
