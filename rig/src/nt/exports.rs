//! What can be imported: the tables of the built-in modules, and the stubs through which an image calls them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::Kernel;
use super::gate::ImportCall;
use crate::verify::rules;

/// One exported routine or datum of a built-in module.
#[derive(Clone, Copy)]
pub struct Export {
    /// Lower-case file name of the module.
    pub module: &'static str,
    /// The exported name.
    pub name: &'static str,
    /// Code or data.
    pub address: *const (),
    /// Whether it is imported as it stands, without a stub: data, and routines whose registers are all live.
    pub data: bool,
}

/// Declares exports: each becomes a function with the Windows calling convention that runs its body through the gate,
/// and a line of the table `EXPORTS`.
macro_rules! exports {
    ($module:literal; $( $(#[$meta:meta])* fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? |$kernel:ident| $body:block )*) => {
        /// The routines of this file.
        pub(crate) const EXPORTS: &[$crate::nt::Export] = &[$(
            $crate::nt::Export {
                module: $module,
                name: stringify!($name),
                address: $name as *const (),
                data: false,
            },
        )*];
        $(
            $(#[$meta])*
            #[allow(non_snake_case, clippy::too_many_arguments)]
            extern "win64" fn $name($($arg: $ty),*) $(-> $ret)? {
                $crate::nt::gate(|$kernel: &'static $crate::nt::Kernel| $body)
            }
        )*
    };
}
pub(crate) use exports as declare_exports;

/// Everything that the built-in modules export, in every version.
pub fn exports() -> impl Iterator<Item = Export> {
    [
        super::ke::EXPORTS,
        super::kelock::EXPORTS,
        super::ex::EXPORTS,
        super::exmutex::EXPORTS,
        super::extimer::EXPORTS,
        super::etw::EXPORTS,
        super::crt::EXPORTS,
        super::iowork::EXPORTS,
        super::mm::EXPORTS,
        super::mmcontiguous::EXPORTS,
        super::ioexports::EXPORTS,
        super::ioconnect::EXPORTS,
        super::iorequest::EXPORTS,
        super::iointerface::EXPORTS,
        super::zw::EXPORTS,
        super::ps::EXPORTS,
        super::ob::EXPORTS,
        super::rtl::EXPORTS,
        super::rtlregistry::EXPORTS,
        super::rtlstring::EXPORTS,
        super::hal::EXPORTS,
        crate::portcls::EXPORTS,
    ]
    .into_iter()
    .flatten()
    .copied()
    .chain(super::ps::data_exports())
    .chain(super::rtl::bare_exports())
}

/// Where a stub leaves who called what.
#[repr(C)]
struct CallCell {
    return_address: u64,
    export: u64,
    stack: u64,
}

const STUB_BYTES: usize = 64;
const STUBS: usize = 4096;

/// The stubs made so far, and the names behind them.
pub(crate) struct Table {
    cell: *mut CallCell,
    code: *mut u8,
    names: RefCell<Vec<&'static str>>,
    made: RefCell<BTreeMap<usize, usize>>,
}

impl Default for Table {
    fn default() -> Self {
        let cell = Box::leak(Box::new(CallCell { return_address: 0, export: 0, stack: 0 }));
        // SAFETY: an anonymous mapping of its own; the result is checked.
        let code = unsafe {
            libc::mmap(
                core::ptr::null_mut(),
                STUB_BYTES * STUBS,
                libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1,
                0,
            )
        };
        assert_ne!(code, libc::MAP_FAILED, "address space for the import stubs");
        Self { cell, code: code.cast(), names: RefCell::default(), made: RefCell::default() }
    }
}

impl Table {
    /// The address to put into an import table for a routine at `target`.
    fn stub(&self, name: &'static str, target: *const ()) -> *const () {
        if let Some(made) = self.made.borrow().get(&(target as usize)) {
            return *made as *const ();
        }
        let mut names = self.names.borrow_mut();
        let number = names.len();
        assert!(number < STUBS, "more imports than stubs");
        names.push(name);
        let mut code = Vec::with_capacity(STUB_BYTES);
        // r10 and r11 are volatile in the Windows convention and carry no argument.
        code.extend([0x49, 0xBB]); // mov r11, cell
        code.extend((self.cell as u64).to_le_bytes());
        code.extend([0x4C, 0x8B, 0x14, 0x24]); // mov r10, [rsp]
        code.extend([0x4D, 0x89, 0x13]); // mov [r11], r10
        code.extend([0x49, 0x89, 0x63, 0x10]); // mov [r11 + 16], rsp
        code.extend([0x49, 0xC7, 0xC2]); // mov r10, number
        code.extend((number as u32).to_le_bytes());
        code.extend([0x4D, 0x89, 0x53, 0x08]); // mov [r11 + 8], r10
        code.extend([0x49, 0xBB]); // mov r11, target
        code.extend((target as u64).to_le_bytes());
        code.extend([0x41, 0xFF, 0xE3]); // jmp r11
        let place = self.code.wrapping_add(number * STUB_BYTES);
        // SAFETY: `number` is below STUBS, so the whole stub lies in the mapping, which is writable.
        unsafe { core::ptr::copy_nonoverlapping(code.as_ptr(), place, code.len()) };
        self.made.borrow_mut().insert(target as usize, place as usize);
        place.cast()
    }

    /// The call that a stub has just recorded.
    pub(super) fn call_in_progress(&self, irql: u8) -> ImportCall {
        // SAFETY: the cell was leaked at power-on, and only stubs write it, on this one processor.
        let cell = unsafe { self.cell.read() };
        let name = self.names.borrow().get(cell.export as usize).copied().unwrap_or("?");
        ImportCall { name, return_address: cell.return_address, stack: cell.stack, irql }
    }
}

impl Kernel {
    /// The address under which driver code may call a routine of the rig: a stub that goes through the gate.
    /// For everything that is not imported by name: interface methods, tables of operations.
    pub fn stub(&self, name: &'static str, target: *const ()) -> *const () {
        self.exports.stub(name, target)
    }
}

/// Finds imports by module and name.
pub struct Resolver {
    by_name: BTreeMap<(&'static str, &'static str), Export>,
}

impl Resolver {
    /// What the built-in modules export in the machine's version of Windows.
    pub fn of(kernel: &Kernel) -> Self {
        let build = kernel.profile.build;
        let by_name = exports()
            .filter(|export| rules::first_build(export.name) <= build)
            .map(|export| ((export.module, export.name), export))
            .collect();
        Self { by_name }
    }

    /// The address for an import table, if the module has that export.
    pub fn resolve(&self, kernel: &Kernel, module: &str, name: &str) -> Option<*const ()> {
        let module = module.to_ascii_lowercase();
        let export = self.by_name.get(&(module.as_str(), name))?;
        if export.data {
            return Some(export.address);
        }
        Some(kernel.exports.stub(export.name, export.address))
    }

    /// The kernel's or HAL's routine of that name: `MmGetSystemRoutineAddress`.
    pub fn system_routine(&self, kernel: &Kernel, name: &str) -> Option<*const ()> {
        ["ntoskrnl.exe", "hal.dll"].into_iter().find_map(|module| self.resolve(kernel, module, name))
    }
}
