//! What a port driver may do at any moment, at moments drawn by a seed: revoke mappings, and have none just now.

use crate::sound::random::Random;

/// Of so many calls one is chosen.
const ONE_IN: u64 = 16;

/// Decides at each call of the miniport's. The same seed decides the same way.
#[derive(Clone, Debug)]
pub struct Schedule {
    random: Random,
    /// Revocations that are still to come.
    revocations: u32,
    /// Bytes that the miniport must have before it is refused more.
    patient_from: Option<usize>,
}

impl Schedule {
    /// With so many revocations; a miniport that has `patient_from` bytes may be refused more although there is more.
    pub fn new(seed: u64, revocations: u32, patient_from: Option<usize>) -> Self {
        Self { random: Random::new(seed), revocations, patient_from }
    }

    /// Whether GetMapping refuses a mapping that will be there later.
    pub(crate) fn hesitates(&mut self, bytes_out: usize) -> bool {
        let able = self.patient_from.is_some_and(|least| bytes_out >= least);
        able && self.random.next_u64().is_multiple_of(ONE_IN)
    }

    /// Which of `out` mappings are revoked now, first and last; mostly none.
    pub(crate) fn revokes(&mut self, out: usize) -> Option<(usize, usize)> {
        if self.revocations == 0 || out == 0 || !self.random.next_u64().is_multiple_of(ONE_IN) {
            return None;
        }
        self.revocations -= 1;
        let first = (self.random.next_u64() % out as u64) as usize;
        let more = (self.random.next_u64() % (out - first) as u64) as usize;
        Some((first, first + more))
    }
}
