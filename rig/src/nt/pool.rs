//! Pool, as Driver Verifier's special pool: every block ends at a guard page, and freed blocks stay out of reach.
//!
//! ```text
//!   | guard | fill ... | block (16-byte aligned) | slack < 16 | guard |
//! ```
//! A step over the end faults at once; a write into the fill before or the slack behind is found when the block
//! is freed. A block of a page or more begins with a page, and its slack may be almost one.

use std::cell::Cell;
use std::cell::RefCell;
use std::collections::BTreeMap;

use super::Accounts;
use super::At;
use super::Kernel;
use super::abi::UnicodeString;
use crate::verify::PoolFault;

const PAGE: u64 = 4096;
const FILL: u8 = 0x4B;
/// What a fresh block holds unless it was asked for as zeroed: nothing that a driver may rely on.
const UNINITIALIZED: u8 = 0xA5;
/// Freed blocks that are kept out of reach before their addresses may be used again.
const QUARANTINE: usize = 8192;

#[derive(Clone, Copy, Debug)]
struct Block {
    /// Address and length of the whole mapping, guards included.
    base: u64,
    length: u64,
    address: u64,
    size: u64,
    tag: u32,
    paged: bool,
    freed: bool,
    /// Where in the driver it was allocated.
    allocated_at: u64,
}

impl Block {
    fn data(&self) -> (u64, u64) {
        (self.base + PAGE, self.length - 2 * PAGE)
    }
}

/// A block that was never freed.
#[derive(Clone, Copy, Debug)]
pub struct Leak {
    /// Pool tag, as its four characters' little-endian value.
    pub tag: u32,
    /// Bytes.
    pub size: u64,
    /// Where in the driver it was allocated.
    pub allocated_at: u64,
}

/// All blocks.
#[derive(Default)]
pub struct Pool {
    blocks: RefCell<BTreeMap<u64, Block>>,
    freed: RefCell<Vec<u64>>,
    paged_blocks: Cell<usize>,
}

fn protect(address: u64, length: u64, readable: bool) {
    let protection = if readable { libc::PROT_READ | libc::PROT_WRITE } else { libc::PROT_NONE };
    // SAFETY: the range is the data part of one of the pool's own mappings.
    let failed = unsafe { libc::mprotect(address as *mut libc::c_void, length as usize, protection) };
    assert_eq!(failed, 0, "changing the protection of the pool's own pages");
}

impl Pool {
    /// Blocks that are still allocated.
    pub fn leaks(&self) -> Vec<Leak> {
        self.blocks
            .borrow()
            .values()
            .filter(|block| !block.freed)
            .map(|block| Leak { tag: block.tag, size: block.size, allocated_at: block.allocated_at })
            .collect()
    }

    /// A block of `size` bytes; none if the address space is exhausted.
    fn map(&self, size: u64, tag: u32, paged: bool, allocated_at: u64) -> Option<u64> {
        self.map_aligned(size, 16, tag, paged, allocated_at)
    }

    /// The same with a block of another alignment; without any it ends where the guard page begins.
    fn map_aligned(
        &self,
        size: u64,
        alignment: u64,
        tag: u32,
        paged: bool,
        allocated_at: u64,
    ) -> Option<u64> {
        let aligned = size.checked_next_multiple_of(alignment)?;
        let data = aligned.checked_next_multiple_of(PAGE)?;
        let length = data.checked_add(2 * PAGE)?;
        // SAFETY: an anonymous mapping wherever the system likes; the result is checked.
        let base = unsafe {
            libc::mmap(
                core::ptr::null_mut(),
                length as usize,
                libc::PROT_NONE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if base == libc::MAP_FAILED {
            return None;
        }
        let base = base as u64;
        protect(base + PAGE, data, true);
        // SAFETY: the data part was just made readable and writable and belongs to nobody yet.
        unsafe { core::ptr::write_bytes((base + PAGE) as *mut u8, FILL, data as usize) };
        // A block of a page or more begins with one (wdm/nf-wdm-exallocatepool2); smaller ones end with one, so that
        // a step over the end faults.
        let whole = size >= PAGE && alignment > 1;
        let address = if whole { base + PAGE } else { base + PAGE + data - aligned };
        let block = Block { base, length, address, size, tag, paged, freed: false, allocated_at };
        self.blocks.borrow_mut().insert(base, block);
        if paged {
            self.paged_blocks.set(self.paged_blocks.get() + 1);
        }
        Some(address)
    }

    fn block_around(&self, address: u64) -> Option<Block> {
        let blocks = self.blocks.borrow();
        let (_, block) = blocks.range(..=address).next_back()?;
        (address < block.base + block.length).then_some(*block)
    }

    /// What is wrong with touching `address`, if it lies in the pool and is out of reach.
    pub(crate) fn fault_at(&self, address: u64) -> Option<PoolFault> {
        let block = self.block_around(address)?;
        let (data, length) = block.data();
        if block.freed {
            Some(PoolFault::Freed { tag: block.tag, block: block.address, size: block.size })
        } else if address < data || address >= data + length {
            Some(PoolFault::Beyond { tag: block.tag, block: block.address, size: block.size })
        } else if block.paged {
            Some(PoolFault::Paged { tag: block.tag, block: block.address })
        } else {
            None
        }
    }

    /// Takes paged pool out of reach, or back in.
    pub(crate) fn set_paged_reachable(&self, reachable: bool) {
        if self.paged_blocks.get() == 0 {
            return;
        }
        for block in self.blocks.borrow().values().filter(|block| block.paged && !block.freed) {
            let (data, length) = block.data();
            protect(data, length, reachable);
        }
    }

    /// The block that begins at `address`, if it does and is allocated.
    fn live(&self, address: u64) -> Option<Block> {
        self.block_around(address).filter(|block| block.address == address && !block.freed)
    }

    /// First byte of fill or slack that is not as it was.
    fn damage(block: &Block) -> Option<u64> {
        let (data, length) = block.data();
        let before = data..block.address;
        let behind = block.address + block.size..data + length;
        before.chain(behind).find(|byte| {
            // SAFETY: inside the data part of a live block, which is readable.
            unsafe { (*byte as *const u8).read() != FILL }
        })
    }

    fn retire(&self, block: &Block) {
        let (data, length) = block.data();
        protect(data, length, false);
        if block.paged {
            self.paged_blocks.set(self.paged_blocks.get() - 1);
        }
        if let Some(entry) = self.blocks.borrow_mut().get_mut(&block.base) {
            entry.freed = true;
        }
        let mut freed = self.freed.borrow_mut();
        freed.push(block.base);
        if freed.len() > QUARANTINE {
            let oldest = freed.remove(0);
            if let Some(block) = self.blocks.borrow_mut().remove(&oldest) {
                // SAFETY: the mapping was made by `map` and nothing refers to it any more.
                unsafe { libc::munmap(block.base as *mut libc::c_void, block.length as usize) };
            }
        }
    }
}

impl Kernel {
    /// Allocates for the driver: null if the pool is exhausted or the failure was planted.
    pub(crate) fn allocate_pool(&self, size: u64, tag: u32, paged: bool, zeroed: bool) -> u64 {
        Accounts::bump(&self.accounts.allocations, 1);
        if self.injection.fails("pool allocation") {
            return 0;
        }
        let Some(address) = self.pool.map(size, tag, paged, self.calling_address()) else { return 0 };
        let fill = if zeroed { 0 } else { UNINITIALIZED };
        // SAFETY: `size` bytes of a fresh block, not yet handed out.
        unsafe { core::ptr::write_bytes(address as *mut u8, fill, size as usize) };
        address
    }

    /// A block that a routine of the system's makes for the driver to free; 0 if there is none. Not the driver's own
    /// allocation, and so not counted as one.
    pub(crate) fn give_block(&self, size: u64, tag: u32, paged: bool) -> u64 {
        self.pool.map(size.max(1), tag, paged, self.calling_address()).unwrap_or(0)
    }

    /// A block that lasts for a call of the driver's, and ends right before a page that nobody may touch; 0 if there is
    /// none.
    pub(crate) fn give_guarded(&self, size: u64, tag: u32) -> u64 {
        self.pool.map_aligned(size.max(1), 1, tag, true, self.calling_address()).unwrap_or(0)
    }

    /// A counted string in such a block, with a terminating zero; empty if there is no memory.
    pub(crate) fn give_string(&self, text: &str, tag: u32) -> UnicodeString {
        let units: Vec<u16> = text.encode_utf16().chain([0]).collect();
        let buffer = self.give_block(units.len() as u64 * 2, tag, true) as *mut u16;
        if buffer.is_null() {
            return UnicodeString { length: 0, maximum_length: 0, buffer };
        }
        for (index, unit) in units.iter().enumerate() {
            At::new(buffer.wrapping_add(index)).write(*unit);
        }
        let bytes = (units.len() * 2) as u16;
        UnicodeString { length: bytes - 2, maximum_length: bytes, buffer }
    }

    /// Frees a driver's block; anything wrong with it is a bug check. A tag of 0 frees any.
    pub(crate) fn free_pool(&self, address: u64, tag: u32) {
        let Some(block) = self.pool.live(address) else {
            let freed = self.pool.block_around(address).is_some_and(|block| block.freed);
            self.verifier.bad_free(self, address, freed);
        };
        if tag != 0 && tag != block.tag {
            self.verifier.wrong_tag(self, address, tag, block.tag);
        }
        if let Some(byte) = Pool::damage(&block) {
            self.verifier.pool_damaged(self, address, byte, block.size, block.tag);
        }
        self.check_nothing_live_inside(block.address, block.size);
        self.pool.retire(&block);
    }

    /// A block that is freed must not hold a timer that is set or a DPC that is queued.
    fn check_nothing_live_inside(&self, address: u64, size: u64) {
        let inside = |object: &u64| (address..address + size).contains(object);
        if let Some(timer) = self.timers.armed().into_iter().find(inside) {
            self.verifier.live_object_freed(self, "timer", timer);
        }
        if let Some(dpc) = self.dpcs.queued().into_iter().find(inside) {
            self.verifier.live_object_freed(self, "DPC", dpc);
        }
    }

    /// Bug check if `length` bytes at `address` can't be what a driver may hand to the kernel.
    pub(crate) fn check_pointer(&self, address: u64, length: u64) {
        if address < 0x1_0000 {
            self.verifier.bad_pointer(self, address, None);
        }
        for end in [address, address + length.max(1) - 1] {
            if let Some(fault) = self.pool.fault_at(end) {
                let reachable_paged = matches!(fault, PoolFault::Paged { .. })
                    && self.current_irql() < super::abi::DISPATCH_LEVEL;
                if !reachable_paged {
                    self.verifier.bad_pointer(self, end, Some(fault));
                }
            }
        }
    }
}
