//! What a driver must not leave behind: when the device has been removed, and when the driver is unloaded.

use super::Verifier;
use super::finding::tag_text;
use crate::nt::Kernel;

/// `DRIVER_VERIFIER_DETECTED_VIOLATION`.
const VERIFIER: u32 = 0xC4;

/// After which buffers that clients still have open may stay, and what they were made with.
const SURPRISE: &str = "IRP_MN_SURPRISE_REMOVAL";

impl Verifier {
    /// After `IRP_MN_STOP_DEVICE`, `IRP_MN_SURPRISE_REMOVAL`, a failed start, or `IRP_MN_REMOVE_DEVICE`: whatever was
    /// bound to the device's resources is gone, though clients may have streams open. "Handling an IRP_MN_STOP_DEVICE
    /// Request" and "Handling an IRP_MN_SURPRISE_REMOVAL Request" ask a function driver to release them: the addresses
    /// are another device's from then on, or nobody's.
    pub fn check_device_released(&self, kernel: &Kernel, when: &str) {
        for resource in self.stream_resources().iter().filter(|entry| entry.removed_ns.is_none()) {
            let message = format!(
                "after {when} the {} registered through {} is still registered",
                resource.kind, resource.via
            );
            let parameters = [0x7_1105, resource.handle, resource.object, 0];
            self.record(kernel, "StreamResourceLeft", VERIFIER, parameters, message);
        }
        let (adapters, _) = kernel.dma.left();
        if adapters > 0 && when != SURPRISE {
            let message = format!("after {when}, {adapters} DMA adapter(s) are not put back");
            self.record(kernel, "DmaAdapterLeft", 0xE6, [adapters as u64, 0, 0, 0], message);
        }
        let connected = kernel.interrupts.connected();
        if connected > 0 {
            let message = format!("after {when}, {connected} interrupt(s) are still connected");
            self.record(kernel, "InterruptLeft", VERIFIER, [0x97, connected as u64, 0, 0], message);
        }
        let mappings = kernel.device_mappings();
        if mappings > 0 {
            let message = format!("after {when}, {mappings} window(s) of device memory are still mapped");
            self.record(kernel, "MappingLeft", VERIFIER, [mappings as u64, 0, 0, 0], message);
        }
    }

    /// After `DriverUnload`: nothing of the driver is left. Returns whether all is well.
    pub fn check_unloaded(&self, kernel: &Kernel) -> bool {
        let before = self.findings.borrow().len();
        self.check_device_released(kernel, "unload");
        let leaks = kernel.pool.leaks();
        let mut sites: Vec<(u32, u64, usize, u64)> = Vec::new();
        for leak in &leaks {
            match sites.iter_mut().find(|(tag, at, ..)| *tag == leak.tag && *at == leak.allocated_at) {
                Some((_, _, count, bytes)) => {
                    *count += 1;
                    *bytes += leak.size;
                }
                None => sites.push((leak.tag, leak.allocated_at, 1, leak.size)),
            }
        }
        for (tag, at, count, bytes) in sites {
            let site = self.site(at);
            let message = format!(
                "unloaded with {count} pool block(s) '{}' ({bytes} bytes) not freed, allocated at {}",
                tag_text(tag),
                site.name
            );
            let parameters = [0x62, u64::from(tag), bytes, count as u64];
            self.record_at(kernel, "PoolLeak", VERIFIER, parameters, message, Some(site), Vec::new());
        }
        let (_, buffers) = kernel.dma.left();
        let (handles, references) = kernel.objects.left();
        let left = [
            ("TimerLeft", 0xC7, kernel.timers.armed().len(), "timer(s) still set"),
            ("ExTimerLeft", 0xC7, kernel.extimers.left(), "timer(s) of ExAllocateTimer not deleted"),
            ("WorkItemLeft", 0xCE, kernel.work_items.left(), "work item(s) not freed"),
            ("EtwProviderLeft", 0xCE, kernel.providers.left(), "event provider(s) still registered"),
            ("DpcLeft", 0xC7, kernel.dpcs.queued().len(), "DPC(s) still queued"),
            ("ThreadLeft", 0xCE, kernel.driver_threads().len(), "system thread(s) still running"),
            ("DmaCommonBufferLeft", 0xE6, buffers, "common buffer(s) not freed"),
            (
                "ContiguousMemoryLeft",
                0xE6,
                kernel.contiguous.left(),
                "block(s) of contiguous memory not freed",
            ),
            ("IrpLeft", 0xC9, kernel.io.irps_left(), "IRP(s) neither sent nor freed"),
            ("HandleLeft", VERIFIER, handles, "handle(s) not closed"),
            ("ReferenceLeft", VERIFIER, references as usize, "object reference(s) not given back"),
            ("MdlLeft", VERIFIER, kernel.memory.live_mdls(), "MDL(s) not freed"),
        ];
        for (rule, code, count, what) in left {
            if count > 0 {
                let message = format!("unloaded with {count} {what}");
                self.record(kernel, rule, code, [count as u64, 0, 0, 0], message);
            }
        }
        self.findings.borrow().len() == before
    }
}
