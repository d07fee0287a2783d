//! The packets that a stream may be cut into, as Windows is told of them before it finds the filter.
//!
//! Windows chooses no engine period below 10 ms for a driver that says nothing. What is said of a mode counts only
//! where it is above what is said of all; a mode of which nothing is said has the minimum. Sources: ksmedia.h's pages of
//! the two records, audio/low-latency-audio.

use portcls::raw::{
    AUDIO_SIGNALPROCESSINGMODE_DEFAULT, KSAUDIO_PACKETSIZE_CONSTRAINTS, KSAUDIO_PACKETSIZE_CONSTRAINTS2,
    KSAUDIO_PACKETSIZE_PROCESSINGMODE_CONSTRAINT,
};

/// The shortest packet, in 100 ns: a millisecond, which is no less than the shortest chunk of a buffer at any rate.
pub(crate) const MIN_PERIOD: u32 = 10_000;
/// The shortest packet in DEFAULT mode, in 100 ns: what the shared engine asks for at the least.
const DEFAULT_PERIOD: u32 = 20_000;
/// Packets begin and end at any byte (`FILE_BYTE_ALIGNMENT`): whole frames are all that is wanted.
const ALIGNMENT: u32 = 0;
/// Packets of a buffer: the client writes one while the device has the other.
const PACKETS: u32 = 2;

/// What is said of the packets of an endpoint.
pub(crate) struct PacketSizes {
    /// The longest packet, in bytes.
    longest: u32,
}

impl PacketSizes {
    /// Those of an endpoint whose buffers have `limit` bytes at most.
    pub(crate) fn within(limit: u32) -> Self {
        Self { longest: limit.checked_div(PACKETS).unwrap_or(0) }
    }

    const MODES: [KSAUDIO_PACKETSIZE_PROCESSINGMODE_CONSTRAINT; 1] =
        [KSAUDIO_PACKETSIZE_PROCESSINGMODE_CONSTRAINT {
            ProcessingMode: AUDIO_SIGNALPROCESSINGMODE_DEFAULT,
            // By time: a number of samples would be below the minimum at some rate.
            SamplesPerProcessingPacket: 0,
            ProcessingPacketDurationInHns: DEFAULT_PERIOD,
        }];

    /// As Windows 10 before version 1607 reads it.
    pub(crate) fn first(&self) -> KSAUDIO_PACKETSIZE_CONSTRAINTS {
        KSAUDIO_PACKETSIZE_CONSTRAINTS {
            MinPacketPeriodInHns: MIN_PERIOD,
            PacketSizeFileAlignment: ALIGNMENT,
            Reserved: 0,
            NumProcessingModeConstraints: Self::MODES.len() as u32,
            ProcessingModeConstraints: Self::MODES,
        }
    }

    /// As Windows reads it since.
    pub(crate) fn second(&self) -> KSAUDIO_PACKETSIZE_CONSTRAINTS2 {
        KSAUDIO_PACKETSIZE_CONSTRAINTS2 {
            MinPacketPeriodInHns: MIN_PERIOD,
            PacketSizeFileAlignment: ALIGNMENT,
            MaxPacketSizeInBytes: self.longest,
            NumProcessingModeConstraints: Self::MODES.len() as u32,
            ProcessingModeConstraints: Self::MODES,
        }
    }
}
