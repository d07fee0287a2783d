//! The MSI-X table: where each message goes, and which are held back.

use super::memory::Memory;
use crate::pci::Width;

/// Mask bit of vector control.
const MASKED: u32 = 1;

/// Table and pending bits.
#[derive(Debug)]
pub(super) struct Msix {
    /// Address low, address high, data, vector control.
    entries: Vec<[u32; 4]>,
    pending: u64,
}

impl Msix {
    pub(super) fn new(vectors: u16) -> Self {
        Self { entries: vec![[0, 0, 0, MASKED]; usize::from(vectors)], pending: 0 }
    }

    pub(super) fn vectors(&self) -> u16 {
        self.entries.len() as u16
    }

    pub(super) fn read_table(&self, offset: u64, width: Width) -> u64 {
        let word = |at: u64| u64::from(self.word(at).copied().unwrap_or(0));
        match width {
            Width::Qword => word(offset) | word(offset + 4) << 32,
            _ => word(offset & !3) >> (8 * (offset % 4)) & width.all_ones(),
        }
    }

    /// Writes whole dwords (PCI 6.8.2 knows no other).
    pub(super) fn write_table(&mut self, offset: u64, width: Width, value: u64) {
        if let Some(word) = self.word_mut(offset).filter(|_| width >= Width::Dword) {
            *word = value as u32;
        }
        if let Some(word) = self.word_mut(offset + 4).filter(|_| width == Width::Qword) {
            *word = (value >> 32) as u32;
        }
    }

    pub(super) fn pending(&self, offset: u64, width: Width) -> u64 {
        if offset < 8 { self.pending >> (8 * offset) & width.all_ones() } else { 0 }
    }

    fn word(&self, offset: u64) -> Option<&u32> {
        self.entries.get((offset / 16) as usize)?.get((offset % 16 / 4) as usize)
    }

    fn word_mut(&mut self, offset: u64) -> Option<&mut u32> {
        self.entries.get_mut((offset / 16) as usize)?.get_mut((offset % 16 / 4) as usize)
    }

    /// Makes a message due.
    pub(super) fn raise(&mut self, vector: u16) {
        if usize::from(vector) < self.entries.len() {
            self.pending |= 1 << vector;
        }
    }

    /// Sends what is due and not held back; how many.
    pub(super) fn send(&mut self, memory: &Memory, all_masked: bool) -> u64 {
        let mut sent = 0;
        if self.pending == 0 || all_masked {
            return 0;
        }
        for (vector, [low, high, data, control]) in self.entries.iter().enumerate() {
            if self.pending & 1 << vector != 0 && control & MASKED == 0 {
                self.pending &= !(1 << vector);
                memory.write(u64::from(*high) << 32 | u64::from(*low), &data.to_le_bytes());
                sent += 1;
            }
        }
        sent
    }
}
