//! The requests of a WavePci pin: packets of sound to be played or filled, several at a time.

use super::Pin;
use crate::nt::abi::NtStatus;
use crate::nt::abi::STATUS_INSUFFICIENT_RESOURCES;
use crate::portcls::wavepci::Cutter;
use crate::portcls::wavepci::Done;
use crate::portcls::wavepci::Figures;
use crate::portcls::wavepci::PacketMemory;
use crate::portcls::wavepci::Place;
use crate::portcls::wavepci::Schedule;

impl Pin {
    /// Hands over a packet: `sound` to be played, or as many bytes to be filled, cut into mappings by `cutter`. Its
    /// number, counted from 0.
    ///
    /// # Errors
    /// STATUS_INVALID_DEVICE_REQUEST on a pin of another port, STATUS_INSUFFICIENT_RESOURCES without memory for it.
    pub fn submit(&self, sound: &[u8], place: Place, cutter: &mut Cutter) -> Result<u64, NtStatus> {
        let side = self.stream.side()?;
        let memory =
            PacketMemory::new(self.kernel, place, sound.len()).ok_or(STATUS_INSUFFICIENT_RESOURCES)?;
        memory.write(0, sound);
        let lengths = cutter.cut(&memory);
        let number = side.source.queue.borrow_mut().push(memory, lengths);
        Ok(number)
    }

    /// Has the miniport told of what it was refused before, if there is something now.
    pub fn tell_available(&self) {
        if let Ok(side) = self.stream.side() {
            side.tell_available();
        }
    }

    /// Takes a packet back: of what is out of it the miniport is told by RevokeMappings.
    pub fn cancel(&self, packet: u64) {
        if let Ok(side) = self.stream.side() {
            side.cancel(packet);
        }
    }

    /// Revokes from the `first` to the `last` of the mappings that are out.
    pub fn revoke(&self, first: usize, last: usize) {
        if let Ok(side) = self.stream.side()
            && last < self.mappings_out()
            && first <= last
        {
            side.revoke(first, last);
        }
    }

    /// Mappings that the miniport has.
    pub fn mappings_out(&self) -> usize {
        self.stream.side().map_or(0, |side| side.source.queue.borrow().out().len())
    }

    /// What may happen in the middle of the miniport's own calls.
    pub fn set_schedule(&self, schedule: Schedule) {
        if let Ok(side) = self.stream.side() {
            side.source.schedule.replace(Some(schedule));
        }
    }

    /// The packets that came back since this was last asked.
    pub fn completed(&self) -> Vec<Done> {
        self.stream.side().map_or_else(|_| Vec::new(), |side| side.source.queue.borrow_mut().take_done())
    }

    /// What was recorded since this was last asked: what released mappings held.
    pub fn take_recorded(&self) -> Vec<u8> {
        self.stream.side().map_or_else(|_| Vec::new(), |side| side.source.recorded.take())
    }

    /// `KSPROPERTY_AUDIO_POSITION`'s first half: bytes since the stream began.
    ///
    /// # Errors
    /// The driver's.
    pub fn linear_position(&self) -> Result<u64, NtStatus> {
        self.stream.locks.position(|| self.stream.side()?.position())
    }

    /// The same bytes as time, 100 ns, as the driver sees it.
    ///
    /// # Errors
    /// The driver's.
    pub fn normalized(&self, bytes: i64) -> Result<i64, NtStatus> {
        self.stream.side()?.normalize(bytes)
    }

    /// What packets the driver would like: how many, and how many bytes each; the status where it has no wish.
    pub fn allocator_framing(&self) -> Result<(u32, u32), NtStatus> {
        self.stream.locks.device(|| self.stream.side()?.framing())
    }

    /// Bytes of all mappings that the miniport has got.
    pub fn bytes_mapped(&self) -> u64 {
        self.stream.side().map_or(0, |side| side.source.queue.borrow().given())
    }

    /// Bytes of packets that the miniport is not done with.
    pub fn bytes_pending(&self) -> u64 {
        self.stream.side().map_or(0, |side| side.source.queue.borrow().pending())
    }

    /// A device must leave alone what was given back: looks.
    pub fn check_memory(&self) {
        if let Ok(side) = self.stream.side() {
            side.source.check_memory();
        }
    }

    /// What was counted.
    pub fn mapping_figures(&self) -> Figures {
        self.stream.side().map_or_else(|_| Figures::default(), |side| side.source.queue.borrow().figures)
    }
}
