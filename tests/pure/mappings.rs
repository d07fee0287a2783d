//! The mappings of a stream against a simple model of port and device, which do what they may at any moment.

#[path = "../../src/device/mappings.rs"]
mod mappings;

use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};

use mappings::{Call, Extent, FIRST_TAG, MOST, Mappings, Place, Stretch};

/// A mapping of the model: where its bytes begin among all bytes of the port, and how many they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mapping {
    first: u64,
    bytes: u32,
}

impl Extent for Mapping {
    fn bytes(&self) -> u32 {
        self.bytes
    }
}

struct Places(Vec<Place<Mapping>>);

impl Places {
    fn new() -> Self {
        Self((0..MOST).map(|_| None).collect())
    }
}

impl Deref for Places {
    type Target = [Place<Mapping>];

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Places {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

/// Marsaglia's xorshift64, multiplied: the same numbers in every run.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32) % end
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// What became of a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Lent,
    Released,
    Revoked,
}

/// Port, device and client.
struct World {
    random: Random,
    frame: u32,
    mappings: Mappings<Places>,
    /// All mappings that the port ever handed out, by tag.
    lent: Vec<(u32, Mapping, Fate)>,
    /// Bytes that the port ever handed out.
    bytes: u64,
    /// Frames of which something was revoked.
    torn: Vec<bool>,
    /// Mappings that the port can hand out at once.
    stock: u32,
    /// It said that there is none, and not yet that there is one.
    owes: bool,
    /// What the device has.
    device: VecDeque<Stretch>,
    /// How often each byte was played, by its number in the stream.
    played: Vec<u8>,
    /// The last byte that was.
    last: Option<u64>,
    starves: u32,
    /// A device that gives everything back when it is halted; another one keeps copies, and plays them.
    halts: bool,
}

impl World {
    fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let frame = [1, 2, 3, 4, 6, 8, 12, 72][random.below(8) as usize];
        let ahead = [1, 64, 2_000, 100_000][random.below(4) as usize];
        let mut mappings = Mappings::new(Places::new(), frame, ahead);
        mappings.open(true);
        let halts = random.one_in(2);
        Self {
            random,
            frame,
            mappings,
            lent: Vec::new(),
            bytes: 0,
            torn: Vec::new(),
            stock: 5,
            owes: false,
            device: VecDeque::new(),
            played: Vec::new(),
            last: None,
            starves: 0,
            halts,
        }
    }

    /// All bytes of the frame with this byte were handed out, and none of them was revoked.
    fn is_whole(&self, byte: u64) -> bool {
        let frame = byte / u64::from(self.frame);
        (frame + 1) * u64::from(self.frame) <= self.bytes && self.torn.get(frame as usize) != Some(&true)
    }

    /// Mappings that are lent.
    fn held(&self) -> usize {
        self.lent.iter().rev().take(4 * MOST).filter(|(_, _, fate)| *fate == Fate::Lent).count()
    }

    fn pump(&mut self) -> bool {
        let Some(call) = self.mappings.next_call() else { return false };
        match call {
            Call::Release(tag) => {
                // What the port or the device do meanwhile finds it gone.
                let oldest = self.lent.iter().position(|(_, _, fate)| *fate == Fate::Lent).unwrap();
                let (lent, mapping, _) = self.lent[oldest];
                assert_eq!(lent, tag, "released out of order, or twice, or though it was revoked");
                for byte in mapping.first..mapping.first + u64::from(mapping.bytes) {
                    // A frame may have been played before the rest of it was revoked.
                    let played = self.played[byte as usize];
                    assert!(played == 1 || played == 0 && !self.is_whole(byte), "byte {byte}: {played}");
                }
                self.lent[oldest].2 = Fate::Released;
                self.revoke_something(true);
            }
            Call::Get(tag) => {
                let early = self.random.one_in(8);
                if early {
                    // Before the port has looked.
                    self.meddle();
                }
                if self.stock == 0 {
                    (self.owes, self.starves) = (true, self.starves + 1);
                    if self.random.one_in(4) {
                        self.refill();
                    }
                    self.mappings.got(None);
                    return true;
                }
                self.stock -= 1;
                let bytes = match self.random.below(6) {
                    0 => self.random.below(3) as u32,
                    1 => self.frame - 1,
                    2 => self.frame * (1 + self.random.below(40) as u32),
                    3 => 4096,
                    _ => self.random.below(300) as u32,
                };
                let mapping = Mapping { first: self.bytes, bytes };
                self.bytes += u64::from(bytes);
                self.played.resize(self.bytes as usize, 0);
                self.lent.push((tag, mapping, Fate::Lent));
                if self.random.one_in(8) {
                    // Before the call has returned.
                    self.revoke_something(false);
                    self.meddle();
                }
                self.mappings.got(Some(mapping));
            }
        }
        true
    }

    /// What may come at any moment, also while the port is called.
    fn meddle(&mut self) {
        match self.random.below(4) {
            0 => self.refill(),
            1 => self.feed(),
            2 => self.play(),
            _ => {}
        }
    }

    fn refill(&mut self) {
        self.stock += 1 + self.random.below(40) as u32;
        if core::mem::take(&mut self.owes) {
            self.mappings.offer();
        }
    }

    /// The device is given something.
    fn feed(&mut self) {
        let ready = self.mappings.ready();
        assert_eq!(ready.bytes % self.frame, 0);
        if ready.bytes == 0 || self.device.len() > 20 {
            self.settle();
            return;
        }
        let frames = u64::from(ready.bytes / self.frame);
        let most = [1, 3, 100, 5000][self.random.below(4) as usize];
        let bytes = (1 + self.random.below(frames.min(most))) as u32 * self.frame;
        let stretch = Stretch { start: ready.start, bytes };
        let mut at = stretch.start;
        for span in self.mappings.spans(stretch) {
            // Memory that is touched is lent, and is that of the stream's bytes in order.
            assert_eq!(span.mapping.first + u64::from(span.from), at);
            assert!(span.from + span.bytes <= span.mapping.bytes);
            let found = self.lent.iter().find(|(_, mapping, _)| mapping == span.mapping).unwrap();
            assert!(span.bytes == 0 || found.2 == Fate::Lent, "memory that is not lent");
            at += u64::from(span.bytes);
        }
        assert_eq!(at, stretch.end());
        self.mappings.give(stretch.end());
        self.device.push_back(stretch);
    }

    /// The device plays the first stretch that it has, or a part of it.
    fn play(&mut self) {
        let Some(stretch) = self.device.pop_front() else { return };
        let whole = u64::from(stretch.bytes / self.frame);
        let frames = if self.random.one_in(3) { self.random.below(whole + 1) } else { whole };
        let upto = stretch.start + frames * u64::from(self.frame);
        for byte in stretch.start..upto {
            assert!(self.last.is_none_or(|last| last < byte), "out of order");
            self.last = Some(byte);
            self.played[byte as usize] += 1;
        }
        if upto < stretch.end() {
            self.device.push_front(Stretch { start: upto, bytes: (stretch.end() - upto) as u32 });
        }
        self.settle();
    }

    fn settle(&mut self) {
        let upto = self.device.front().map_or(self.mappings.given(), |stretch| stretch.start);
        self.mappings.finish(upto);
        assert_eq!(self.mappings.done(), upto.max(self.mappings.done()));
    }

    /// The port revokes a range of what is lent: it may think that more is than there is.
    fn revoke_something(&mut self, released_too: bool) {
        if !self.random.one_in(6) {
            return;
        }
        let lent: Vec<usize> = (0..self.lent.len())
            .filter(|at| self.lent[*at].2 == Fate::Lent || released_too && self.lent[*at].2 == Fate::Released)
            .collect();
        let recent = lent.len().saturating_sub(60);
        let lent = &lent[recent..];
        if lent.is_empty() {
            return;
        }
        let first = lent[self.random.below(lent.len() as u64) as usize];
        let after: Vec<usize> = lent.iter().copied().filter(|at| *at >= first).collect();
        let last = after[self.random.below(after.len().min(8) as u64) as usize];
        self.revoke(first, last);
    }

    fn revoke(&mut self, first: usize, last: usize) {
        let tags = (self.lent[first].0, self.lent[last].0);
        let expected = (first..=last).filter(|at| self.lent[*at].2 == Fate::Lent).count();
        if self.halts && self.mappings.is_given(tags.0, tags.1) {
            self.device.clear();
            self.mappings.take_back();
        } else if self.halts {
            let end = |at: usize| self.lent[at].1.first + u64::from(self.lent[at].1.bytes);
            let untouched = (first..=last).filter(|at| self.lent[*at].2 == Fate::Lent).all(|at| {
                let start = self.lent[at].1.first;
                self.device.iter().all(|stretch| stretch.end() <= start || stretch.start >= end(at))
            });
            assert!(untouched, "the device has some of it, and goes on");
        }
        assert_eq!(self.mappings.revoke(tags.0, tags.1) as usize, expected);
        for at in first..=last {
            let (_, mapping, fate) = &mut self.lent[at];
            if *fate == Fate::Lent {
                *fate = Fate::Revoked;
                let frame = u64::from(self.frame);
                let frames =
                    mapping.first / frame..(mapping.first + u64::from(mapping.bytes)).div_ceil(frame);
                for frame in frames {
                    self.torn.resize(self.torn.len().max(frame as usize + 1), false);
                    self.torn[frame as usize] |= mapping.bytes > 0;
                }
            }
        }
        // Once is enough.
        assert_eq!(self.mappings.revoke(tags.0, tags.1), 0);
    }

    /// The client stops, and starts again.
    fn stop(&mut self) {
        self.mappings.open(false);
        self.device.clear();
        self.mappings.rewind();
        assert_eq!(self.mappings.told(self.mappings.given()), 0);
        self.mappings.open(true);
    }

    /// The stream stands still for a while, and goes on where it was.
    fn pause(&mut self) {
        self.device.clear();
        self.mappings.take_back();
    }

    /// The device is torn out: nothing is played any more, what is through goes back, and the port revokes the rest as the
    /// stream is closed.
    fn remove(&mut self) {
        self.pause();
        self.mappings.open(false);
        let handed_out = self.lent.len();
        while self.pump() {}
        assert_eq!(self.lent.len(), handed_out, "a mapping was got for a device that is gone");
        let mut lent = (0..handed_out).filter(|at| self.lent[*at].2 == Fate::Lent);
        if let Some(first) = lent.next() {
            self.revoke(first, lent.next_back().unwrap_or(first));
        }
        assert_eq!((self.mappings.next_call(), self.mappings.ready().bytes), (None, 0));
    }

    fn step(&mut self) {
        match self.random.below(40) {
            0..=15 => drop(self.pump()),
            16..=24 => self.feed(),
            25..=33 => self.play(),
            34..=36 => self.refill(),
            37 if self.random.one_in(20) => self.stop(),
            37 if self.random.one_in(20) => self.pause(),
            _ => self.revoke_something(true),
        }
        assert!(self.held() <= MOST);
    }

    /// All that there is is played, and given back, but for the beginning of a frame.
    fn end(&mut self) {
        self.mappings.open(false);
        for _ in 0..10_000 {
            self.feed();
            let idle = self.device.is_empty();
            self.play();
            if !self.pump() && idle {
                break;
            }
        }
        let torn = self.bytes - self.bytes % u64::from(self.frame);
        for (tag, mapping, fate) in &self.lent {
            let ends_before = mapping.first + u64::from(mapping.bytes) <= torn;
            assert!(*fate != Fate::Lent || !ends_before, "mapping {tag} was lost");
        }
    }
}

#[test]
fn nothing_is_lost_or_given_back_twice_whatever_comes_when() {
    let (mut starved, mut most, mut wrapped) = (0, 0, 0);
    for seed in 0..100_000 {
        let mut world = World::new(seed);
        for _ in 0..120 {
            world.step();
            most = most.max(world.held());
        }
        if world.random.one_in(4) {
            world.remove()
        } else {
            world.end()
        }
        starved += u64::from(world.starves);
        wrapped += u64::from(world.lent.len() > (u32::MAX - FIRST_TAG) as usize);
    }
    assert!(starved > 5_000 && most > 32, "{starved} {most}");
    let mut world = World::new(1);
    for _ in 0..5_000 {
        world.step();
    }
    world.end();
    wrapped += u64::from(world.lent.iter().any(|(tag, ..)| *tag < 100));
    assert!(wrapped > 0);
}

fn quiet(frame: u32, lengths: &[u32]) -> Mappings<Places> {
    let mut mappings = Mappings::new(Places::new(), frame, u32::MAX);
    mappings.open(true);
    let mut first = 0;
    for bytes in lengths {
        assert!(matches!(mappings.next_call(), Some(Call::Get(_))));
        mappings.got(Some(Mapping { first, bytes: *bytes }));
        first += u64::from(*bytes);
    }
    mappings
}

#[test]
fn frames_go_over_the_borders_of_mappings() {
    let mut mappings = quiet(4, &[3, 3, 3, 3, 0, 4096, 1]);
    let ready = mappings.ready();
    assert_eq!(ready, Stretch { start: 0, bytes: 4108 });
    let spans: Vec<(u64, u32, u32)> = mappings
        .spans(Stretch { start: 4, bytes: 16 })
        .map(|span| (span.mapping.first, span.from, span.bytes))
        .collect();
    assert_eq!(spans, [(3, 1, 2), (6, 0, 3), (9, 0, 3), (12, 0, 0), (12, 0, 8)]);
    mappings.give(ready.end());
    assert_eq!(mappings.ready().bytes, 0);
    // The last byte begins a frame that may still come.
    mappings.finish(ready.end());
    let released = std::iter::from_fn(|| match mappings.next_call() {
        Some(Call::Release(tag)) => Some(tag),
        _ => None,
    });
    assert_eq!(released.count(), 6);
}

#[test]
fn a_range_of_tags_goes_over_the_end_of_the_numbers() {
    let mut mappings = quiet(4, &[8; 126]);
    // 128 numbers up to the last one, then 1: zero is left out.
    let before = 0_u32.wrapping_sub(FIRST_TAG);
    for number in 126..before + 2 {
        let Some(Call::Get(tag)) = mappings.next_call() else { break };
        assert_eq!(tag, FIRST_TAG.wrapping_add(number));
        mappings.got(Some(Mapping { first: u64::from(number) * 8, bytes: 8 }));
    }
    assert_eq!(mappings.next_call(), None, "all places are taken");
    mappings.give(16);
    mappings.finish(16);
    for _ in 0..2 {
        assert!(matches!(mappings.next_call(), Some(Call::Release(_))));
    }
    assert_eq!(mappings.next_call(), Some(Call::Get(1)));
    mappings.got(Some(Mapping { first: 1024, bytes: 8 }));
    assert_eq!(mappings.next_call(), Some(Call::Get(2)));
    mappings.got(None);
    assert!(!mappings.is_given(u32::MAX, 1));
    assert_eq!(mappings.revoke(u32::MAX, 1), 2);
    assert_eq!(mappings.revoke(2, 1), 0);
    assert_eq!(mappings.revoke(FIRST_TAG, 2), 125);
    assert_eq!(mappings.ready().bytes, 0);
    mappings.finish(mappings.given());
    assert_eq!(mappings.done(), 1032);
}

#[test]
fn what_is_revoked_as_it_is_got_is_not_kept() {
    let mut mappings = quiet(4, &[10]);
    let Some(Call::Get(tag)) = mappings.next_call() else { panic!() };
    assert_eq!(mappings.revoke(tag, tag), 1);
    mappings.got(Some(Mapping { first: 10, bytes: 10 }));
    assert!(matches!(mappings.next_call(), Some(Call::Get(_))));
    mappings.got(Some(Mapping { first: 20, bytes: 20 }));
    // Two bytes at the end of the first one belong to a frame that is torn.
    assert_eq!(mappings.ready(), Stretch { start: 0, bytes: 8 });
    mappings.give(8);
    assert_eq!(mappings.ready(), Stretch { start: 20, bytes: 20 });
    mappings.finish(20);
    assert!(matches!(mappings.next_call(), Some(Call::Release(_))));
}

#[test]
fn a_port_that_has_some_again_while_it_says_that_it_has_none_is_asked_once_more() {
    let mut mappings = quiet(4, &[]);
    assert!(matches!(mappings.next_call(), Some(Call::Get(_))));
    mappings.got(None);
    assert_eq!(mappings.next_call(), None);
    mappings.offer();
    assert!(matches!(mappings.next_call(), Some(Call::Get(_))));
    mappings.offer();
    mappings.got(None);
    assert!(matches!(mappings.next_call(), Some(Call::Get(_))));
    mappings.got(None);
    assert_eq!(mappings.next_call(), None);
    // Closed, none is asked for; opened again, it is asked for in any case.
    mappings.offer();
    mappings.open(false);
    assert_eq!(mappings.next_call(), None);
    mappings.open(true);
    assert!(matches!(mappings.next_call(), Some(Call::Get(_))));
}
