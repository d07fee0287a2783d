//! What of a RUN is sound, and what silence has to stand in for.

/// A client of packets says what may be played: a stretch of the linear count.
///
/// ```text
///   silence |  sound: packets that were handed over  | silence
///          from                                     upto            counted without wrapping, in bytes
/// ```
///
/// It has no gap: where a packet was missing, the stretch begins anew behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    from: u64,
    /// `u64::MAX` where nobody says anything: all is sound.
    upto: u64,
    ended: bool,
    /// Where the packet ends that was last found missing.
    missed: u64,
}

impl Given {
    /// Nobody says what may be played.
    pub(crate) const ALL: Self = Self { from: 0, upto: u64::MAX, ended: false, missed: 0 };

    /// Nothing of a stream at zero.
    const NOTHING: Self = Self { upto: 0, ..Self::ALL };

    /// As a RUN begins at byte `linear`, after a RUN that ended as this. `handed_over` by packets of `packet` bytes, if by
    /// packets: up to where, and whether the sound ends there.
    pub(crate) fn at_start(self, handed_over: Option<(u64, bool)>, linear: u64, packet: u32) -> Self {
        let Some((upto, ended)) = handed_over else { return Self::ALL };
        let mut given = if linear == 0 { Self::NOTHING } else { self };
        given.take(upto, ended, linear, packet);
        given
    }

    /// The client has handed over what lies before byte `upto`, in packets of `packet` bytes, and there is no more behind it
    /// if it has `ended`. The device has what lies before `reached`: where that was not enough by then, the rest of its
    /// packet stays silent.
    pub(crate) fn take(&mut self, upto: u64, ended: bool, reached: u64, packet: u32) {
        if self.upto < reached {
            self.from = reached.checked_next_multiple_of(packet.into()).unwrap_or(reached);
        }
        (self.upto, self.ended) = (upto, ended);
    }

    /// The first byte that is to become sound if more is handed over.
    pub(crate) fn next(&self) -> u64 {
        self.upto.max(self.from)
    }

    /// The client hands over packets.
    pub(crate) const fn by_packets(&self) -> bool {
        self.upto != u64::MAX
    }

    /// The byte at `linear` is sound.
    pub(crate) const fn is_sound(&self, linear: u64) -> bool {
        self.from <= linear && linear < self.upto
    }

    /// Where the sound ends for good, if it does.
    pub(crate) fn end(&self) -> Option<u64> {
        self.ended.then_some(self.upto)
    }

    /// Sound is missing at `linear`, where the device is, in packets of `packet` bytes; tells of each packet once.
    pub(crate) fn is_missing(&mut self, linear: u64, packet: u32) -> bool {
        let over = self.ended && linear >= self.upto;
        let missing = linear >= self.missed && !over && !self.is_sound(linear);
        if missing {
            let next = linear.saturating_add(1);
            self.missed = next.checked_next_multiple_of(packet.into()).unwrap_or(next);
        }
        missing
    }
}
