//! What the device tells the driver unasked: interrupts and events; and what goes wrong with it.

use super::device::Device;
use super::memory::scatter;
use super::ring::Chain;
use super::ring::lengths;
use super::script::What;
use super::wire;

/// Events that are kept for want of a buffer.
const MOST_EVENTS: usize = 64;

impl Device {
    // Events

    pub(super) fn event_buffer(&mut self, chain: Chain) {
        let (readable, writable) = lengths(&chain);
        if readable != 0 || writable < 8 {
            self.complain(format!("an event buffer with {readable} readable and {writable} writable bytes"));
            return self.give_up();
        }
        self.event_buffers.push_back(chain);
        self.send_events();
    }

    /// Tells the driver of something.
    pub(super) fn tell(&mut self, event: [u32; 2]) {
        if self.events.len() == MOST_EVENTS {
            self.counts.events_lost += 1;
        } else {
            self.events.push_back(event);
        }
        self.send_events();
    }

    fn send_events(&mut self) {
        while self.works() && !self.events.is_empty() {
            let Some(chain) = self.event_buffers.pop_front() else { return };
            let Some(event) = self.events.pop_front() else { return };
            let bytes: Vec<u8> = event.iter().flat_map(|word| word.to_le_bytes()).collect();
            scatter(&self.memory, &chain.writable, &bytes);
            let spoilt = self.script.completion(wire::QUEUE_EVENT);
            self.complete(wire::QUEUE_EVENT, chain.head, 8, &spoilt);
        }
    }

    // Interrupts

    /// Tells the driver of what was completed, if it wants to know.
    pub(super) fn interrupt(&mut self) {
        if self.removed {
            return;
        }
        for number in 0..self.transport.rings.len() {
            let ring = &mut self.transport.rings[number];
            if !ring.wants_interrupt(&self.memory) {
                continue;
            }
            let vector = ring.vector;
            self.raise(vector, wire::ISR_QUEUE);
        }
        self.send_messages();
    }

    fn raise(&mut self, vector: u16, cause: u8) {
        if self.lose > 0 {
            self.lose -= 1;
            return;
        }
        if self.config.messages_enabled() {
            self.msix.raise(vector);
        } else {
            self.counts.interrupts += u64::from(self.transport.isr == 0);
            self.transport.isr |= cause;
        }
    }

    /// Sends messages that are due: after a completion, and after the driver has let one through.
    pub(super) fn send_messages(&mut self) {
        if !self.removed && self.config.messages_enabled() && self.config.is_master() {
            let masked = self.config.messages_masked();
            self.counts.interrupts += self.msix.send(&self.memory, masked);
        }
    }

    pub(super) fn line(&self) -> bool {
        !self.removed && !self.config.messages_enabled() && self.config.has_line() && self.transport.isr != 0
    }

    // Trouble

    /// The device cannot go on (2.1.2).
    pub(super) fn give_up(&mut self) {
        if self.transport.status & wire::NEEDS_RESET == 0 {
            let ready = self.transport.status & wire::DRIVER_OK != 0;
            self.transport.status |= wire::NEEDS_RESET;
            if ready {
                self.raise(self.transport.config_vector, wire::ISR_CONFIG);
                self.send_messages();
            }
        }
    }

    pub(super) fn happen(&mut self, what: What) {
        match what {
            What::NeedsReset => self.give_up(),
            What::Remove => self.removed = true,
            What::Stuck => self.options.reset_ns = u64::MAX,
            What::Refuse => self.transport.refuse(),
            What::Stall => self.stalled = true,
            What::Resume => self.stalled = false,
            What::Burst => {
                for number in 0..self.sound.streams.len() {
                    let moved = self.on_stream(number, |stream, memory, how| stream.burst(memory, how));
                    self.return_messages(number, moved);
                }
            }
            What::LoseInterrupts(count) => self.lose += count,
            What::SpuriousInterrupts => {
                for vector in 0..self.msix.vectors() {
                    self.raise(vector, 0);
                }
                self.send_messages();
            }
            What::Jack { jack, connected } => {
                if let Some(state) = self.sound.jacks.get_mut(jack as usize) {
                    *state = connected;
                    let code = if connected { wire::EVT_JACK_CONNECTED } else { wire::EVT_JACK_DISCONNECTED };
                    self.tell([code, jack]);
                }
            }
            What::Xrun(stream) => self.tell([wire::EVT_PCM_XRUN, stream]),
            What::Turn { control, value } => {
                if let Some(element) = self.sound.controls.get_mut(control as usize) {
                    element.values.fill(value);
                    self.tell([wire::EVT_CTL_NOTIFY, control & 0xFFFF | 1 << 16]);
                }
            }
            // These spoil a request or a completion, which has been done where it came about.
            What::NeverAnswer
            | What::AnswerLate(_)
            | What::Answer(_)
            | What::UsedId(_)
            | What::UsedLength(_)
            | What::Status(_)
            | What::Twice
            | What::UsedIndex(_) => {}
        }
    }
}
