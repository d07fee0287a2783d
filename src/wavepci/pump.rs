//! The calls to a port stream, one after the other.

use core::sync::atomic::AtomicU32;
use core::sync::atomic::Ordering::{AcqRel, Acquire, Release};

use portcls::ComPtr;
use portcls::irql::{AtMostDispatch, Irql};
use portcls::mapping::Tag;
use portcls::raw::IPortWavePciStream;

use crate::device::SoundDevice;
use crate::device::mappings::Call;
use crate::platform::trace;
use crate::wave::channel::Channel;

/// Nobody pumps; somebody does; somebody does, and was asked to do so once more.
const IDLE: u32 = 0;
const BUSY: u32 = 1;
const AGAIN: u32 = 2;

/// Takes mappings from the port to the channel, and back.
///
/// Mappings are got and given back in one order, whoever asks for it: so one does it at a time. Who comes meanwhile, be it
/// from within one of the calls, leaves it to the one who is at it.
pub(super) struct Pump(AtomicU32);

impl Pump {
    /// One that is idle.
    pub(super) const fn new() -> Self {
        Self(AtomicU32::new(IDLE))
    }

    /// Gives back what is done with, gets what is wanted, and feeds the device. No lock is held around a call to `port`.
    pub(super) fn run<D: SoundDevice, L: AtMostDispatch>(
        &self,
        at: &mut Irql<L>,
        channel: &Channel<D>,
        port: &ComPtr<IPortWavePciStream>,
    ) {
        if self.0.compare_exchange(IDLE, BUSY, AcqRel, Acquire).is_err() && self.0.swap(AGAIN, AcqRel) != IDLE
        {
            return;
        }
        loop {
            self.0.store(BUSY, Release);
            while calls(at, channel, port) {
                channel.feed(at);
            }
            if self.0.compare_exchange(BUSY, IDLE, AcqRel, Acquire).is_ok() {
                return;
            }
        }
    }
}

/// Makes the calls that are due; false if none was.
fn calls<D: SoundDevice, L: AtMostDispatch>(
    at: &mut Irql<L>,
    channel: &Channel<D>,
    port: &ComPtr<IPortWavePciStream>,
) -> bool {
    let mut any = false;
    while let Some(call) = channel.with_mappings(at, |mappings| mappings.next_call()).flatten() {
        any = true;
        match call {
            Call::Release(tag) => {
                if let Err(status) = port.release_mapping(at, Tag(tag)) {
                    trace::failure(c"releasing a mapping", status);
                }
            }
            Call::Get(tag) => {
                let got = port.get_mapping(at, Tag(tag)).ok();
                channel.with_mappings(at, |mappings| mappings.got(got));
            }
        }
    }
    any
}
