//! What an AC'97 DMA does with its ring of descriptors, and nothing else: it plays one after the other, and stops at the end
//! of the last valid one.

/// Descriptors in the ring.
const RING: usize = 32;

/// What a descriptor says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Says {
    pub(crate) address: u32,
    pub(crate) bytes: u32,
    pub(crate) interrupt: bool,
}

/// The device.
pub(crate) struct Device {
    descriptors: [Says; RING],
    /// What it has read of the descriptor that it is at, and of the one behind it, if it reads ahead.
    now: Says,
    next: Option<Says>,
    reads_ahead: bool,
    pub(crate) civ: usize,
    pub(crate) picb: u32,
    lvi: usize,
    pub(crate) halted: bool,
    /// Bytes.
    pub(crate) played: u64,
    pub(crate) interrupt: bool,
}

impl Device {
    /// Starts it in descriptor 0: they are as `says`. It reads each one when it gets there, or, if it `reads_ahead`, when it
    /// gets to the one before.
    pub(crate) fn start(says: impl Fn(u64) -> Says, lvi: u8, reads_ahead: bool) -> Self {
        let mut device = Self {
            descriptors: std::array::from_fn(|index| says(index as u64)),
            now: Says::default(),
            next: None,
            reads_ahead,
            civ: 0,
            picb: 0,
            lvi: usize::from(lvi),
            halted: false,
            played: 0,
            interrupt: false,
        };
        device.load(None);
        device
    }

    /// Plays at most so many bytes; `hear` gets address and bytes of each piece.
    pub(crate) fn play(&mut self, mut bytes: u32, mut hear: impl FnMut(u32, u32)) {
        while bytes > 0 && !self.halted {
            let now = bytes.min(self.picb * 2);
            hear(self.now.address + self.now.bytes - self.picb * 2, now);
            self.picb -= now / 2;
            self.played += u64::from(now);
            bytes -= now;
            if self.picb == 0 {
                self.interrupt |= self.now.interrupt;
                if self.civ == self.lvi {
                    self.halted = true;
                    self.interrupt = true;
                } else {
                    self.advance();
                }
            }
        }
    }

    /// The descriptor behind the one that it is at.
    pub(crate) fn piv(&self) -> u8 {
        ((self.civ + 1) % RING) as u8
    }

    /// Changes what a descriptor in memory says.
    pub(crate) fn describe(&mut self, number: u64, says: Says) {
        self.descriptors[number as usize % RING] = says;
    }

    /// Moves the last valid descriptor, which sets a halted device in motion again.
    pub(crate) fn set_lvi(&mut self, lvi: u8) {
        self.lvi = usize::from(lvi);
        if self.halted {
            self.halted = false;
            self.advance();
        }
    }

    fn advance(&mut self) {
        self.civ = (self.civ + 1) % RING;
        let read = self.next.take();
        self.load(read);
    }

    fn load(&mut self, read: Option<Says>) {
        self.now = read.unwrap_or(self.descriptors[self.civ]);
        self.picb = self.now.bytes / 2;
        self.read_ahead();
    }

    /// What lies behind the last valid descriptor is not read.
    fn read_ahead(&mut self) {
        if self.reads_ahead && self.civ != self.lvi {
            self.next = Some(self.descriptors[usize::from(self.piv())]);
        }
    }
}
