//! Objects of the rig's that the driver holds: COM as PortCls does it.
//!
//! An object has one head an interface: what the driver points at. Every method is a stub of its own, so that the
//! IRQL rules and the trace see it as they see an import. Heads are never reused: a call on one whose object is gone
//! is a finding, and so is an object that is alive when the driver is unloaded.

use core::ffi::c_void;
use std::any::Any;
use std::cell::Cell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use portcls::raw::GUID;
use portcls::raw::IID_IUNKNOWN_CLASSIC;
use portcls::raw::IUnknown;
use portcls::raw::Interface;
use portcls::raw::InterfaceLayout;

use super::state;
use crate::nt::At;
use crate::nt::Kernel;
use crate::nt::abi::NtStatus;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_SUCCESS;
use crate::nt::gate;

/// One method: its name with its interface's in front, and the routine behind it.
#[derive(Clone, Copy)]
pub(crate) struct Method {
    pub(crate) name: &'static str,
    pub(crate) address: *const (),
}

/// An interface as an object offers it: the methods behind IUnknown's, in the order of the vtable.
pub(crate) struct Face {
    pub(crate) layout: &'static InterfaceLayout,
    pub(crate) methods: &'static [&'static [Method]],
    /// Whether this Windows has it.
    pub(crate) present: fn(&Kernel) -> bool,
}

/// In every version of Windows that the rig plays.
pub(crate) fn always(_kernel: &Kernel) -> bool {
    true
}

/// A kind of object: its name for findings, and its interfaces, of which IUnknown is answered with the first.
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) faces: &'static [Face],
}

/// What stands behind the heads of an object.
pub(crate) trait Body: Any {
    /// The last reference is gone. No borrow of the registry is held.
    fn last_released(&self, _kernel: &'static Kernel) {}
}

#[repr(C)]
struct Head {
    vtable: *const *const (),
}

type LastReleased = fn(&Rc<dyn Any>, &'static Kernel);

/// An object: its count of references, and its heads.
pub(crate) struct Object {
    kind: &'static Kind,
    references: Cell<u32>,
    body: Rc<dyn Any>,
    last_released: LastReleased,
    heads: RefCell<BTreeMap<&'static str, u64>>,
}

/// All objects, by the addresses of their heads.
#[derive(Default)]
pub(crate) struct Registry {
    heads: RefCell<BTreeMap<u64, Rc<Object>>>,
    gone: RefCell<BTreeMap<u64, &'static str>>,
    vtables: RefCell<BTreeMap<(&'static str, &'static str), &'static [*const ()]>>,
}

impl Registry {
    /// Kinds of the objects that are alive, with their counts of references.
    pub(crate) fn alive(&self) -> Vec<(&'static str, u32)> {
        let heads = self.heads.borrow();
        let mut seen: Vec<&Rc<Object>> = Vec::new();
        for object in heads.values() {
            if !seen.iter().any(|other| Rc::ptr_eq(other, object)) {
                seen.push(object);
            }
        }
        seen.iter().map(|object| (object.kind.name, object.references.get())).collect()
    }
}

/// Declares the methods of one interface for one kind of body.
macro_rules! methods {
    ($interface:literal, $body:ty; $(
        $(#[$meta:meta])*
        fn $name:ident($($arg:ident: $ty:ty),* $(,)?) $(-> $ret:ty)? |$kernel:ident, $this:ident| $block:block
    )*) => {
        &[$( $crate::portcls::com::Method {
            name: concat!($interface, "::", stringify!($name)),
            address: {
                $(#[$meta])*
                #[allow(non_snake_case, clippy::too_many_arguments)]
                extern "win64" fn $name(this: *mut core::ffi::c_void $(, $arg: $ty)*) $(-> $ret)? {
                    $crate::nt::gate(|$kernel: &'static $crate::nt::Kernel| {
                        let $this: std::rc::Rc<$body> = $crate::portcls::com::body(
                            $kernel, this, concat!($interface, "::", stringify!($name)));
                        $block
                    })
                }
                $name as *const ()
            },
        } ),*]
    };
}
pub(crate) use methods;

/// Whether a pointer to an interface of this shape may be given out for `iid`.
fn answers(layout: &InterfaceLayout, iid: &GUID) -> bool {
    let mut next = Some(layout);
    while let Some(layout) = next {
        if layout.iid == *iid && layout.base.is_some() {
            return true;
        }
        next = layout.base;
    }
    false
}

impl Object {
    /// A new object with one reference, which is the caller's; returns the head of its first interface.
    pub(crate) fn create<B: Body>(kernel: &'static Kernel, kind: &'static Kind, body: Rc<B>) -> *mut c_void {
        let object = Rc::new(Self {
            kind,
            references: Cell::new(1),
            body,
            last_released: |body, kernel| {
                if let Ok(body) = body.clone().downcast::<B>() {
                    body.last_released(kernel);
                }
            },
            heads: RefCell::default(),
        });
        object.head(kernel, &kind.faces[0])
    }

    fn head(self: &Rc<Self>, kernel: &'static Kernel, face: &'static Face) -> *mut c_void {
        let name = face.layout.name;
        if let Some(address) = self.heads.borrow().get(name) {
            return *address as *mut c_void;
        }
        let vtable = vtable(kernel, self.kind.name, face);
        let address = Box::into_raw(Box::new(Head { vtable: vtable.as_ptr() })) as u64;
        self.heads.borrow_mut().insert(name, address);
        state(kernel).objects.heads.borrow_mut().insert(address, self.clone());
        address as *mut c_void
    }

    fn drop_reference(self: &Rc<Self>, kernel: &'static Kernel) -> u32 {
        let left = self.references.get() - 1;
        self.references.set(left);
        if left == 0 {
            let registry = &state(kernel).objects;
            for address in self.heads.borrow().values() {
                registry.heads.borrow_mut().remove(address);
                registry.gone.borrow_mut().insert(*address, self.kind.name);
            }
            (self.last_released)(&self.body, kernel);
        }
        left
    }
}

/// The table of a face; made once a kind and interface.
fn vtable(kernel: &'static Kernel, kind: &'static str, face: &'static Face) -> &'static [*const ()] {
    let key = (kind, face.layout.name);
    let vtables = &state(kernel).objects.vtables;
    if let Some(made) = vtables.borrow().get(&key) {
        return made;
    }
    let own = face.methods.iter().flat_map(|part| part.iter());
    let table: Vec<*const ()> =
        UNKNOWN.iter().chain(own).map(|method| kernel.stub(method.name, method.address)).collect();
    debug_assert_eq!(table.len() * 8, face.layout.vtable_size, "{key:?} has all its methods");
    let table: &'static [*const ()] = Box::leak(table.into_boxed_slice());
    vtables.borrow_mut().insert(key, table);
    table
}

fn object(kernel: &'static Kernel, this: *mut c_void, method: &str) -> Rc<Object> {
    let registry = &state(kernel).objects;
    if let Some(object) = registry.heads.borrow().get(&(this as u64)) {
        return object.clone();
    }
    let gone = registry.gone.borrow().get(&(this as u64)).copied();
    super::rules::not_an_object(kernel, method, this as u64, gone)
}

/// What stands behind a pointer of the driver's: a finding if it is no live object of that kind.
pub(crate) fn body<B: Body>(kernel: &'static Kernel, this: *mut c_void, method: &'static str) -> Rc<B> {
    match object(kernel, this, method).body.clone().downcast::<B>() {
        Ok(body) => body,
        Err(_) => super::rules::not_an_object(kernel, method, this as u64, None),
    }
}

/// What stands behind a pointer, if it is a live object of that kind at all.
pub(crate) fn find<B: Body>(kernel: &'static Kernel, this: *mut c_void) -> Option<Rc<B>> {
    let object = state(kernel).objects.heads.borrow().get(&(this as u64)).cloned()?;
    object.body.clone().downcast::<B>().ok()
}

/// A reference of the rig's to an object of its own.
pub(crate) struct Reference {
    kernel: &'static Kernel,
    object: Rc<Object>,
}

impl Reference {
    /// Adds a reference to the object with that head.
    pub(crate) fn add(kernel: &'static Kernel, this: *mut c_void) -> Option<Self> {
        let object = state(kernel).objects.heads.borrow().get(&(this as u64)).cloned()?;
        object.references.set(object.references.get() + 1);
        Some(Self { kernel, object })
    }

    /// Takes over the reference that `Object::create` gave.
    pub(crate) fn own(kernel: &'static Kernel, this: *mut c_void) -> Option<Self> {
        let object = state(kernel).objects.heads.borrow().get(&(this as u64)).cloned()?;
        Some(Self { kernel, object })
    }
}

impl Drop for Reference {
    fn drop(&mut self) {
        if !self.kernel.crashed() {
            self.object.drop_reference(self.kernel);
        }
    }
}

/// `IUnknown`, the same for all.
const UNKNOWN: [Method; 3] = [
    Method { name: "IUnknown::QueryInterface", address: query_interface as *const () },
    Method { name: "IUnknown::AddRef", address: add_reference as *const () },
    Method { name: "IUnknown::Release", address: release as *const () },
];

extern "win64" fn query_interface(this: *mut c_void, iid: At<GUID>, out: At<*mut c_void>) -> NtStatus {
    gate(|kernel| {
        let object = object(kernel, this, "IUnknown::QueryInterface");
        out.write(core::ptr::null_mut());
        let iid = iid.read();
        let unknown = iid == IUnknown::IID || iid == IID_IUNKNOWN_CLASSIC;
        let found = object
            .kind
            .faces
            .iter()
            .filter(|face| (face.present)(kernel))
            .find(|face| unknown || answers(face.layout, &iid));
        let Some(face) = found else { return STATUS_INVALID_PARAMETER };
        object.references.set(object.references.get() + 1);
        out.write(object.head(kernel, face));
        STATUS_SUCCESS
    })
}

extern "win64" fn add_reference(this: *mut c_void) -> u32 {
    gate(|kernel| {
        let object = object(kernel, this, "IUnknown::AddRef");
        object.references.set(object.references.get() + 1);
        object.references.get()
    })
}

extern "win64" fn release(this: *mut c_void) -> u32 {
    gate(|kernel| object(kernel, this, "IUnknown::Release").drop_reference(kernel))
}

/// Compares the methods of a kind's faces with the ABI, by name and in order.
#[cfg(test)]
pub(crate) fn assert_faces(kind: &Kind) {
    for face in kind.faces {
        let mut chain = Vec::new();
        let mut next = Some(face.layout);
        while let Some(layout) = next {
            chain.insert(0, layout);
            next = layout.base;
        }
        let wanted: Vec<&str> = chain.iter().flat_map(|layout| layout.own).map(|slot| slot.name).collect();
        let own = face.methods.iter().flat_map(|part| part.iter());
        let have: Vec<&str> =
            UNKNOWN.iter().chain(own).filter_map(|method| method.name.split("::").nth(1)).collect();
        assert_eq!(have, wanted, "{} of {}", face.layout.name, kind.name);
    }
}
