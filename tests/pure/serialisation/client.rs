//! A stream as its client asks for it, in the room of the channel.

use portcls::irql::{Irql, Passive};
use portcls::stream::State;
use portcls::{Result, handle};

use super::channel::{Channel, Offsets};
use super::hub::Hub;
use crate::platform::shared::Shared;
use crate::player::{FORMAT, PACKET, Player, cut};

/// A client with a buffer of two packets.
#[derive(Clone)]
pub(crate) struct Client(Channel<Player>);

fn at() -> Irql<Passive> {
    // SAFETY: there are no levels here.
    unsafe { Irql::assume() }
}

impl Client {
    pub(crate) fn open(hub: &Shared<Hub<Player>>, endpoint: usize) -> Self {
        let channel = Channel::new(hub.clone(), endpoint).expect("an endpoint");
        assert!(channel.occupy(&mut at(), FORMAT));
        channel.attach(&mut at(), (), cut()).expect("a device that is there");
        Self(channel)
    }

    pub(crate) fn go(&self, state: State) -> Result {
        self.0.set_state(&mut at(), state)
    }

    pub(crate) fn position(&self) -> Result<Offsets> {
        self.0.position(&mut at())
    }

    pub(crate) fn presented(&self) -> u64 {
        self.0.presented(&mut at()).expect("a stream").frame
    }

    pub(crate) fn packet_count(&self) -> u32 {
        self.0.packet_count(&mut at()).expect("packets")
    }

    pub(crate) fn write_packet(&self, number: u32) -> Result {
        self.0.write_packet(&mut at(), number, 0, 0)
    }

    pub(crate) fn read_packet(&self) -> Result<u32> {
        Ok(self.0.read_packet(&mut at())?.number)
    }

    /// The same as a driver would do it that lets its lock go between what it reads and what it writes.
    pub(crate) fn read_packet_in_two_steps(&self) -> Result<u32> {
        let (mut read, done) = self
            .0
            .hub()
            .with(&mut at(), |state, _| {
                state.account(self.0.endpoint()).map(|own| (own.read, own.periods.done()))
            })
            .expect("an endpoint");
        let ready = read.take(PACKET, done)?;
        self.0.hub().with(&mut at(), |state, _| {
            if let Some(own) = state.account(self.0.endpoint()) {
                own.read = read;
            }
        });
        Ok(ready.packet as u32)
    }

    pub(crate) fn register(&self, event: handle::Event) {
        self.0.register(&mut at(), event).expect("a place");
    }

    pub(crate) fn unregister(&self, event: handle::Event) {
        self.0.unregister(&mut at(), event).expect("an event that is there");
    }

    /// Stops, and gives the buffer back.
    pub(crate) fn close(&self) {
        assert!(self.0.detach(&mut at()), "a device that stops");
        self.0.vacate(&mut at());
    }
}
