//! Chains that keep their descriptor: added again and again, among others that do not.

#[path = "support/cells.rs"]
mod cells;
#[path = "support/random.rs"]
mod random;

use cells::Cells;
use random::Random;
use virtqueue::{Bad, Error, Features, Parked, Queue, RingMemory, Segment, Used};

const FEATURES: Features = Features { event_idx: true, indirect: true };
const SIZE: u16 = 8;

type Driver<'a> = Queue<&'a Cells, 8>;

fn queue(memory: &Cells) -> Driver<'_> {
    Queue::new(memory, SIZE, FEATURES).expect("a size up to 8")
}

/// The device's side.
impl Cells {
    fn offered(&self, index: u16) -> u16 {
        self.load16(self.layout.available + 4 + 2 * usize::from(index % SIZE))
    }

    fn return_chain(&self, index: u16, head: u16) {
        let at = self.layout.used + 4 + 8 * usize::from(index % SIZE);
        self.store32(at, u32::from(head));
        self.store32(at + 4, 7);
        self.store16(self.layout.used + 2, index.wrapping_add(1));
    }

    fn descriptor(&self, index: u16) -> [u32; 4] {
        [0, 4, 8, 12].map(|offset| self.load32(self.layout.descriptors + 16 * usize::from(index) + offset))
    }
}

#[test]
fn a_parked_chain_is_added_again_and_again() {
    let memory = Cells::new(SIZE, SIZE);
    let mut queue = queue(&memory);
    let parked = queue.park(0x1_2345_6780, 3, 40).expect("there is room");
    assert_eq!((queue.room(), queue.in_flight(), queue.publish()), (7, 0, false));
    for index in 0..0x1_0005_u32 {
        let index = index as u16;
        assert_eq!(queue.add_parked(parked), Ok(()));
        assert_eq!((queue.room(), queue.in_flight()), (7, 1));
        let _ = queue.publish();
        let head = memory.offered(index);
        assert_eq!(memory.descriptor(head), [0x2345_6780, 1, 48, 4], "one table of three descriptors");
        memory.return_chain(index, head);
        assert_eq!(queue.take(), Ok(Some(Used { token: 40, bytes: 7 })));
        assert_eq!((queue.room(), queue.in_flight()), (7, 0));
    }
    assert_eq!(queue.unpark(parked), Ok(()));
    assert_eq!(queue.room(), 8);
    assert_eq!(queue.add_parked(parked), Err(Error::NotParked));
    assert_eq!(queue.unpark(parked), Err(Error::NotParked));
}

#[test]
fn one_that_is_under_way_is_not_added_nor_given_back() {
    let memory = Cells::new(SIZE, SIZE);
    let mut queue = queue(&memory);
    let parked = queue.park(0x1000, 3, 40).expect("there is room");
    queue.add_parked(parked).expect("it is at rest");
    for _ in 0..2 {
        assert_eq!(queue.add_parked(parked), Err(Error::NotParked));
        assert_eq!(queue.unpark(parked), Err(Error::NotParked));
        let _ = queue.publish();
    }
    assert_eq!((queue.room(), queue.in_flight()), (7, 1));
}

#[test]
fn what_cannot_be_parked() {
    let memory = Cells::new(SIZE, SIZE);
    let mut queue = queue(&memory);
    assert_eq!(queue.park(0x1000, 0, 1), Err(Error::Empty));
    assert_eq!(queue.park(0x1000, 9, 1), Err(Error::Long));
    for token in 0..8 {
        queue.park(0x1000, 1, token).expect("there is room");
    }
    assert_eq!(queue.park(0x1000, 1, 8), Err(Error::Full));
    assert_eq!(queue.add([Segment { address: 1, bytes: 1, writable: true }], 9), Err(Error::Full));
    queue.restart(Features { event_idx: true, indirect: false });
    assert_eq!(queue.room(), 8);
    assert_eq!(queue.park(0x1000, 1, 1), Err(Error::NoIndirect));
}

#[test]
fn a_restart_forgets_them() {
    let memory = Cells::new(SIZE, SIZE);
    let mut queue = queue(&memory);
    let parked = queue.park(0x1000, 1, 40).expect("there is room");
    queue.add_parked(parked).expect("it is at rest");
    queue.restart(FEATURES);
    assert_eq!((queue.room(), queue.in_flight()), (8, 0));
    assert_eq!(queue.add_parked(parked), Err(Error::NotParked));
}

#[test]
fn a_device_that_lies_about_them_is_caught() {
    // At rest; added but not offered; back already.
    for offered in [None, Some(false), Some(true)] {
        let memory = Cells::new(SIZE, SIZE);
        let mut queue = queue(&memory);
        let parked = queue.park(0x1000, 1, 40).expect("there is room");
        queue.add([Segment { address: 1, bytes: 1, writable: true }; 2], 41).expect("there is room");
        let _ = queue.publish();
        let head = if memory.offered(0) == 0 { 1 } else { 0 };
        if let Some(offered) = offered {
            queue.add_parked(parked).expect("it is at rest");
            if offered {
                let _ = queue.publish();
                memory.return_chain(0, head);
                assert_eq!(queue.take(), Ok(Some(Used { token: 40, bytes: 7 })));
            }
        }
        memory.return_chain(u16::from(offered == Some(true)), head);
        assert_eq!(queue.take(), Err(Bad::NotInFlight(head)), "{offered:?}");
        assert_eq!(queue.add_parked(parked), Err(Error::Broken));
    }
}

/// What the driver believes.
#[derive(Default)]
struct Model {
    /// Chains under way: token, descriptors, and the parked chain if it is one.
    under_way: Vec<(u16, u16, Option<Parked>)>,
    /// Parked chains at rest, with their tokens.
    at_rest: Vec<(Parked, u16)>,
    /// Descriptors that are taken.
    taken: u16,
    offered: usize,
    added: u16,
    returned: u16,
}

#[test]
fn parked_chains_and_others_stay_apart() {
    let memory = Cells::new(SIZE, SIZE);
    let mut queue = queue(&memory);
    let mut random = Random::new(7);
    let (mut model, mut heads, mut again, mut full) = (Model::default(), Vec::new(), 0, 0);
    for step in 0..1_000_000_u32 {
        let token = step as u16;
        match random.below(6) {
            0 => {
                let length = 1 + random.below(3) as u16;
                let segments = vec![Segment { address: 1, bytes: 1, writable: true }; length.into()];
                let fits = model.taken + length <= SIZE;
                assert_eq!(queue.add(segments, token).is_ok(), fits);
                if fits {
                    model.under_way.push((token, length, None));
                    (model.taken, model.added) = (model.taken + length, model.added.wrapping_add(1));
                }
                full += u32::from(!fits);
            }
            1 if model.at_rest.len() < 4 && model.taken < SIZE => {
                let parked = queue.park(u64::from(token) << 4, 1, token).expect("there is room");
                model.at_rest.push((parked, token));
                model.taken += 1;
            }
            2 if random.one_in(4) => {
                if let Some((parked, _)) = model.at_rest.pop() {
                    assert_eq!(queue.unpark(parked), Ok(()));
                    model.taken -= 1;
                }
            }
            3 if !model.at_rest.is_empty() => {
                let (parked, token) = model.at_rest.swap_remove(random.below(model.at_rest.len()));
                assert_eq!(queue.add_parked(parked), Ok(()));
                assert_eq!(queue.add_parked(parked), Err(Error::NotParked));
                model.under_way.push((token, 1, Some(parked)));
                model.added = model.added.wrapping_add(1);
                again += 1;
            }
            4 => {
                let _ = queue.publish();
                for index in heads.len()..model.under_way.len() {
                    let before = model.under_way.len() - index;
                    heads.push(memory.offered(model.added.wrapping_sub(before as u16)));
                }
                model.offered = model.under_way.len();
                let mut apart = heads.clone();
                apart.sort_unstable();
                apart.dedup();
                assert_eq!(apart.len(), heads.len(), "a descriptor begins two chains");
            }
            _ if model.offered > 0 => {
                // The first ones are those that were offered.
                let place = random.below(model.offered);
                let (token, length, parked) = model.under_way.remove(place);
                memory.return_chain(model.returned, heads.remove(place));
                model.offered -= 1;
                model.returned = model.returned.wrapping_add(1);
                assert_eq!(queue.take(), Ok(Some(Used { token, bytes: 7 })));
                match parked {
                    Some(parked) => model.at_rest.push((parked, token)),
                    None => model.taken -= length,
                }
            }
            _ => {}
        }
        assert_eq!(
            (queue.room(), usize::from(queue.in_flight())),
            (SIZE - model.taken, model.under_way.len())
        );
    }
    // It was tried in earnest.
    assert!(again > 50_000 && full > 50_000, "{again} {full}");
}
