//! Registers of the Intel ICH AC'97 audio controller and of the codec behind it.
//!
//! Names and bits as in the ICH datasheets (82801AA, chapter 12) and the AC'97 component specification 2.3.

/// NAM, the codec's mixer registers (first range): 16 bits wide.
pub(crate) mod nam {
    /// Any write resets the codec; reads the features.
    pub(crate) const RESET: u16 = 0x00;
    /// Attenuation of the line output, 1.5 dB a step, left in bits 8 to 12, right in bits 0 to 4. What is wider in some
    /// codecs is not used.
    pub(crate) const MASTER_VOLUME: u16 = 0x02;
    /// In a volume register: silence.
    pub(crate) const MUTE: u16 = 0x8000;
    /// MASTER_VOLUME: the greatest attenuation of a channel.
    pub(crate) const MASTER_MOST: u16 = 0x1F;
    /// How loud the microphone is at the line output: 8 is 0 dB; bit 15 mutes, bit 6 amplifies by 20 dB.
    pub(crate) const MIC_VOLUME: u16 = 0x0E;
    /// How loud the line input is at the line output: 8 is 0 dB in each half; bit 15 mutes.
    pub(crate) const LINE_IN_VOLUME: u16 = 0x10;
    /// Gain of the DAC: 0 is +12 dB, 8 is 0 dB, 1.5 dB a step; bit 15 mutes.
    pub(crate) const PCM_OUT_VOLUME: u16 = 0x18;
    /// Which input is recorded: left in bits 8 to 10, right in bits 0 to 2.
    pub(crate) const RECORD_SELECT: u16 = 0x1A;
    /// RECORD_SELECT: the microphone.
    pub(crate) const RECORD_MIC: u16 = 0x0000;
    /// RECORD_SELECT: the line input.
    pub(crate) const RECORD_LINE_IN: u16 = 0x0404;
    /// Gain ahead of the ADC: 0 is 0 dB, 1.5 dB a step, left in bits 8 to 11, right in bits 0 to 3; bit 15 mutes.
    pub(crate) const RECORD_GAIN: u16 = 0x1C;
    /// RECORD_GAIN: the greatest gain of a channel.
    pub(crate) const RECORD_MOST: u16 = 0x0F;
    /// Power down control and ready bits.
    pub(crate) const POWERDOWN: u16 = 0x26;
    /// Extended audio features.
    pub(crate) const EXT_AUDIO_ID: u16 = 0x28;
    /// Extended audio control and status.
    pub(crate) const EXT_AUDIO_CTRL: u16 = 0x2A;
    /// Rate of the front DACs in Hz.
    pub(crate) const PCM_FRONT_DAC_RATE: u16 = 0x2C;
    /// Rate of the ADCs in Hz.
    pub(crate) const PCM_LR_ADC_RATE: u16 = 0x32;
    /// First half of the vendor id.
    pub(crate) const VENDOR_ID1: u16 = 0x7C;
    /// Second half.
    pub(crate) const VENDOR_ID2: u16 = 0x7E;

    /// POWERDOWN: ADC, DAC, analog mixer and reference voltage are ready.
    pub(crate) const POWERDOWN_READY: u16 = 0x000F;
    /// EXT_AUDIO_ID and EXT_AUDIO_CTRL: variable rate audio.
    pub(crate) const VRA: u16 = 0x0001;
}

/// NABM, the bus master registers (second range).
pub(crate) mod nabm {
    /// The PCM in box: the first of its registers.
    pub(crate) const PI: u16 = 0x00;
    /// The PCM out box.
    pub(crate) const PO: u16 = 0x10;
    /// The microphone box, for codecs with a microphone ADC of its own.
    pub(crate) const MC: u16 = 0x20;

    /// In a box, address of the descriptors, 32 bits.
    pub(crate) const BDBAR: u16 = 0x00;
    /// In a box, current index, 8 bits; read as 32 bits it brings LVI (bit 8 on) and SR (bit 16 on) along.
    pub(crate) const CIV: u16 = 0x04;
    /// In a box, last valid index, 8 bits.
    pub(crate) const LVI: u16 = 0x05;
    /// In a box, status, 16 bits.
    pub(crate) const SR: u16 = 0x06;
    /// In a box, samples of the current descriptor that are still to be read from memory or written there, 16 bits;
    /// read as 32 bits it brings PIV (bit 16 on) and CR (bit 24 on) along.
    pub(crate) const PICB: u16 = 0x08;
    /// In a box, control, 8 bits.
    pub(crate) const CR: u16 = 0x0B;

    /// Global control, 32 bits.
    pub(crate) const GLOB_CNT: u16 = 0x2C;
    /// Global status, 32 bits.
    pub(crate) const GLOB_STA: u16 = 0x30;
    /// Codec access semaphore, 8 bits: reading 0 takes it.
    pub(crate) const CAS: u16 = 0x34;

    /// SR: the DMA engine is halted.
    pub(crate) const SR_DCH: u16 = 0x01;
    /// SR: the current descriptor is the last valid one, and done.
    pub(crate) const SR_CELV: u16 = 0x02;
    /// SR: the last valid descriptor was completed.
    pub(crate) const SR_LVBCI: u16 = 0x04;
    /// SR: a descriptor with IOC was completed.
    pub(crate) const SR_BCIS: u16 = 0x08;
    /// SR: the FIFO ran dry, or over.
    pub(crate) const SR_FIFOE: u16 = 0x10;
    /// SR: what raises an interrupt, and is taken back by writing it.
    pub(crate) const SR_CAUSES: u16 = SR_LVBCI | SR_BCIS | SR_FIFOE;

    /// CR: run.
    pub(crate) const CR_RPBM: u8 = 0x01;
    /// CR: reset the box; clears itself.
    pub(crate) const CR_RR: u8 = 0x02;
    /// CR: interrupt on completion of the last valid descriptor.
    pub(crate) const CR_LVBIE: u8 = 0x04;
    /// CR: interrupt on FIFO errors.
    pub(crate) const CR_FEIE: u8 = 0x08;
    /// CR: interrupt on completion where the descriptor asks for it.
    pub(crate) const CR_IOCE: u8 = 0x10;

    /// GLOB_CNT: 1 ends the cold reset. All other bits zero means two channels, 16 bits, no codec wake-up.
    pub(crate) const GC_COLD_RESET_DONE: u32 = 0x02;
    /// GLOB_STA: the PCM in box or the PCM out box asks for an interrupt.
    pub(crate) const GS_BOX_INTERRUPTS: u32 = 0x60;
    /// GLOB_STA: the primary codec is ready.
    pub(crate) const GS_PRIMARY_READY: u32 = 0x100;

    /// Descriptor: interrupt on completion.
    pub(crate) const BD_IOC: u32 = 0x8000_0000;
}
