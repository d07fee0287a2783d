//! `IDmaChannel` of a bus master: the DMA adapter, and a common buffer for those who want one
//! (portcls/nf-portcls-iportwavepci-newmasterdmachannel, nn-portcls-idmachannel).

use std::cell::Cell;
use std::cell::RefCell;
use std::rc::Rc;

use portcls::raw::IDmaChannel;
use portcls::raw::Interface;

use crate::nt::Accounts;
use crate::nt::At;
use crate::nt::Kernel;
use crate::nt::PAGE_SIZE;
use crate::nt::abi::NtStatus;
use crate::nt::abi::Pointer;
use crate::nt::abi::STATUS_INSUFFICIENT_RESOURCES;
use crate::nt::abi::STATUS_INVALID_DEVICE_REQUEST;
use crate::nt::abi::STATUS_SUCCESS;
use crate::portcls::com::Body;
use crate::portcls::com::Face;
use crate::portcls::com::Kind;
use crate::portcls::com::Method;
use crate::portcls::com::Object;
use crate::portcls::com::always;
use crate::portcls::com::methods;

/// What the common buffer is.
struct Common {
    frames: Vec<u64>,
    base: u64,
    bytes: u32,
}

/// A channel.
pub(crate) struct Channel {
    kernel: &'static Kernel,
    limit: u64,
    most: u32,
    used: Cell<u32>,
    adapter: Cell<Pointer>,
    buffer: RefCell<Option<Common>>,
}

impl Channel {
    /// A channel with one reference; the driver's pointer to it. Its buffer lies below 4 GiB unless the device takes
    /// 64-bit addresses.
    pub(crate) fn create(kernel: &'static Kernel, wide: bool, most: u32) -> Pointer {
        let channel = Self {
            kernel,
            limit: if wide { u64::MAX } else { u64::from(u32::MAX) },
            most,
            used: Cell::new(0),
            adapter: Cell::new(core::ptr::null_mut()),
            buffer: RefCell::default(),
        };
        Object::create(kernel, CHANNEL, Rc::new(channel))
    }

    fn allocate(&self, bytes: u32, constraint: At<u64>) -> NtStatus {
        if self.buffer.borrow().is_some() || bytes == 0 || bytes > self.most {
            return STATUS_INVALID_DEVICE_REQUEST;
        }
        Accounts::bump(&self.kernel.accounts.allocations, 1);
        if self.kernel.injection.fails("IDmaChannel::AllocateBuffer") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        let limit = if constraint.is_null() { self.limit } else { self.limit.min(constraint.read()) };
        let pages = (bytes as usize).div_ceil(PAGE_SIZE);
        let Some(frames) = self.kernel.take_contiguous(pages, 0, limit) else {
            return STATUS_INSUFFICIENT_RESOURCES;
        };
        let Some(base) = self.kernel.map_frames(&frames) else {
            self.kernel.release_frames(&frames);
            return STATUS_INSUFFICIENT_RESOURCES;
        };
        self.kernel.fill_frames(&frames, 0);
        self.used.set(bytes);
        self.buffer.replace(Some(Common { frames, base, bytes }));
        STATUS_SUCCESS
    }

    fn free(&self) {
        if let Some(buffer) = self.buffer.take() {
            self.kernel.unmap_frames(buffer.base);
            self.kernel.release_frames(&buffer.frames);
        }
        self.used.set(0);
    }

    fn address(&self) -> u64 {
        self.buffer.borrow().as_ref().map_or(0, |buffer| buffer.base)
    }
}

impl Body for Channel {
    fn last_released(&self, kernel: &'static Kernel) {
        self.free();
        let adapter = self.adapter.replace(core::ptr::null_mut());
        if !adapter.is_null() {
            kernel.forget_dma_adapter(adapter.cast());
        }
    }
}

/// Copies between two places that the driver names.
fn copy(to: Pointer, from: Pointer, bytes: u32, kernel: &Kernel) {
    kernel.check_pointer(to as u64, u64::from(bytes));
    kernel.check_pointer(from as u64, u64::from(bytes));
    Accounts::bump(&kernel.accounts.bytes_copied, u64::from(bytes));
    // SAFETY: both were just looked at; they may overlap.
    unsafe { core::ptr::copy(from.cast::<u8>(), to.cast::<u8>(), bytes as usize) };
}

const METHODS: &[Method] = methods! { "IDmaChannel", Channel;
    fn AllocateBuffer(bytes: u32, constraint: At<u64>) -> NtStatus |_kernel, channel| {
        channel.allocate(bytes, constraint)
    }

    fn FreeBuffer() |_kernel, channel| { channel.free(); }

    /// Of a bus master the count is not the system's.
    fn TransferCount() -> u32 |_kernel, _channel| { 0 }

    fn MaximumBufferSize() -> u32 |_kernel, channel| { channel.most }

    fn AllocatedBufferSize() -> u32 |_kernel, channel| {
        channel.buffer.borrow().as_ref().map_or(0, |buffer| buffer.bytes)
    }

    fn BufferSize() -> u32 |_kernel, channel| { channel.used.get() }

    fn SetBufferSize(bytes: u32) |_kernel, channel| {
        let most = channel.buffer.borrow().as_ref().map_or(0, |buffer| buffer.bytes);
        channel.used.set(bytes.min(most));
    }

    fn SystemAddress() -> Pointer |_kernel, channel| { channel.address() as Pointer }

    /// The result goes through a pointer that C++ passes behind `this`.
    fn PhysicalAddress(result: At<u64>) -> *mut u64 |kernel, channel| {
        result.write(kernel.physical_address(channel.address()).unwrap_or(0));
        result.pointer()
    }

    fn GetAdapterObject() -> Pointer |kernel, channel| {
        if channel.adapter.get().is_null() {
            channel.adapter.set(kernel.bus_master_adapter(channel.limit).cast());
        }
        channel.adapter.get()
    }

    fn CopyTo(to: Pointer, from: Pointer, bytes: u32) |kernel, _channel| { copy(to, from, bytes, kernel); }

    fn CopyFrom(to: Pointer, from: Pointer, bytes: u32) |kernel, _channel| { copy(to, from, bytes, kernel); }
};

pub(crate) const CHANNEL: &Kind = &Kind {
    name: "DMA channel",
    faces: &[Face { layout: &IDmaChannel::LAYOUT, methods: &[METHODS], present: always }],
};
