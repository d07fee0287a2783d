//! What the AC'97 controller's DMA is given of mappings, and what is copied for it.

#[expect(dead_code, reason = "the driver uses the rest")]
#[path = "../../src/device"]
mod device {
    pub(crate) mod mappings;
    pub(crate) mod run;

    #[path = "ac97"]
    pub(crate) mod ac97 {
        pub(crate) mod cutter;
        pub(crate) mod plan;
    }
}

use std::ops::{Deref, DerefMut};

use device::ac97::cutter::{DIRECT_BYTES, Located, Piece, SLOT_BYTES, next};
use device::ac97::plan::MAX_SEGMENT_BYTES;
use device::mappings::{Call, Extent, MOST, Mappings, Place};

const FRAME: u32 = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mapping {
    address: u64,
    bytes: u32,
}

impl Extent for Mapping {
    fn bytes(&self) -> u32 {
        self.bytes
    }
}

impl Located for Mapping {
    fn address(&self) -> u64 {
        self.address
    }
}

struct Places(Vec<Place<Mapping>>);

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

/// The pieces of these mappings, each of them an address and a length.
fn pieces(lent: &[(u64, u32)], longest: u32) -> Vec<Piece> {
    let mut mappings = Mappings::new(Places((0..MOST).map(|_| None).collect()), FRAME, u32::MAX);
    mappings.open(true);
    for &(address, bytes) in lent {
        assert!(matches!(mappings.next_call(), Some(Call::Get(_))));
        mappings.got(Some(Mapping { address, bytes }));
    }
    let mut pieces = Vec::new();
    while let Some(piece) = next(&mut mappings, FRAME, longest) {
        mappings.give(piece.stretch.end());
        // In a row, whole frames, and where the DMA can reach them.
        let before = pieces.last().map_or(0, |last: &Piece| last.stretch.end());
        assert_eq!(piece.stretch.start, before);
        assert!(piece.stretch.bytes > 0 && piece.stretch.bytes.is_multiple_of(FRAME));
        match piece.address {
            Some(address) => {
                assert!(address.is_multiple_of(4) && piece.stretch.bytes <= MAX_SEGMENT_BYTES);
                let spans: Vec<_> = mappings.spans(piece.stretch).filter(|span| span.bytes > 0).collect();
                assert_eq!(spans.len(), 1);
                assert_eq!(spans[0].mapping.address + u64::from(spans[0].from), u64::from(address));
            }
            None => assert!(piece.stretch.bytes <= SLOT_BYTES),
        }
        pieces.push(piece);
    }
    let all: u32 = lent.iter().map(|(_, bytes)| bytes).sum();
    let given: u32 = pieces.iter().map(|piece| piece.stretch.bytes).sum();
    assert_eq!(given, all - all % FRAME);
    pieces
}

fn copied(pieces: &[Piece]) -> u32 {
    pieces.iter().filter(|piece| piece.address.is_none()).map(|piece| piece.stretch.bytes).sum()
}

#[test]
fn what_lies_well_is_not_copied() {
    let well = pieces(&[(0x1000, 4096), (0x5000, 8192), (0x9004, 4092)], u32::MAX);
    assert_eq!((well.len(), copied(&well)), (3, 0));
    // Longer than a descriptor can take, and than it is to take.
    let long = pieces(&[(0x10_0000, 0x1_FFFE + 4096)], u32::MAX);
    assert_eq!(long[0].stretch.bytes, MAX_SEGMENT_BYTES);
    assert_eq!(copied(&long), 0);
    assert_eq!(pieces(&[(0x1000, 40_000)], 9_602)[0].stretch.bytes, 9_600);
}

#[test]
fn a_split_frame_is_copied_and_no_more() {
    // A byte, and three bytes, of the frame on either side: the next one lies well again.
    let split = pieces(&[(0x1000, 4097), (0x8001, 4095)], u32::MAX);
    let addresses: Vec<(Option<u32>, u32)> =
        split.iter().map(|piece| (piece.address, piece.stretch.bytes)).collect();
    assert_eq!(addresses, [(Some(0x1000), 4096), (None, 4), (Some(0x8004), 4092)]);
    // Less than a frame each.
    assert_eq!(copied(&pieces(&[(0x1000, 3); 40], u32::MAX)), 120);
}

#[test]
fn what_the_dma_cannot_reach_is_copied() {
    for address in [0x1001, 0x1002, 0x1003, 1 << 32, (1 << 32) - 4096, u64::MAX - 9000] {
        let wrong = pieces(&[(address, 8192)], u32::MAX);
        assert_eq!(copied(&wrong), 8192, "{address:#x}");
        assert_eq!(wrong[0].stretch.bytes, SLOT_BYTES);
    }
    // A mapping of no bytes is none, and hides none.
    let empty = pieces(&[(0x2000, 4096), (0x1001, 0), (0x5000, 4096)], u32::MAX);
    assert_eq!((empty.len(), copied(&empty)), (2, 0));
    // Up to the last byte that it can.
    assert_eq!(copied(&pieces(&[((1 << 32) - 8192, 8192)], u32::MAX)), 0);
}

#[test]
fn what_is_not_worth_a_descriptor_is_gathered() {
    let short = pieces(&[(0x1000, 400), (0x3000, 400), (0x5000, 400), (0x7000, DIRECT_BYTES)], u32::MAX);
    let found: Vec<(Option<u32>, u32)> =
        short.iter().map(|piece| (piece.address, piece.stretch.bytes)).collect();
    assert_eq!(found, [(None, 1200), (Some(0x7000), DIRECT_BYTES)]);
}
