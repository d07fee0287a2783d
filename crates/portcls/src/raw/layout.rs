//! Tables that describe the raw declarations to tests and tools: the declaring macros fill them.

use super::GUID;

/// One field of a record; `offset` and `size` in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name in C; with a leading underscore, a field that C does not name.
    pub name: &'static str,
    /// From the start of the record, in bytes.
    pub offset: usize,
    /// In bytes.
    pub size: usize,
}

/// A record as this crate declares it; `size` and `align` in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordLayout {
    /// The name in C; a record declared inside another one has a dotted path.
    pub name: &'static str,
    /// In bytes.
    pub size: usize,
    /// In bytes.
    pub align: usize,
    /// The fields, in order of declaration.
    pub fields: &'static [Field],
}

/// One method of a vtable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The method's name.
    pub name: &'static str,
    /// From the start of the vtable, in bytes.
    pub offset: usize,
    /// Sizes of the parameters after `this`, in bytes.
    pub args: &'static [usize],
    /// Size of the result in bytes; 0 for none.
    pub ret: usize,
}

/// An interface as this crate declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InterfaceLayout {
    /// The interface's name.
    pub name: &'static str,
    /// What QueryInterface knows it by.
    pub iid: GUID,
    /// The interface whose vtable this one's begins with.
    pub base: Option<&'static InterfaceLayout>,
    /// In bytes.
    pub vtable_size: usize,
    /// The methods that this interface adds.
    pub own: &'static [Slot],
}

/// A numeric constant; negative ones as their 32-bit pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constant {
    /// The name in C.
    pub name: &'static str,
    /// The 32-bit pattern.
    pub value: u32,
}

/// A GUID and its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NamedGuid {
    /// The name in C.
    pub name: &'static str,
    /// The value.
    pub guid: GUID,
}

/// A COM interface of PortCls: a pointer to it is a pointer to a pointer to its vtable.
///
/// # Safety
///
/// The implementing type begins with a pointer to `Vtbl`, and `Vtbl` begins with `Base`'s vtable.
pub unsafe trait Interface: Sized + 'static {
    /// The interface inherited from; `IUnknown` names itself.
    type Base: Interface;
    /// The table of methods.
    type Vtbl: 'static;
    /// What QueryInterface knows the interface by.
    const IID: GUID;
    /// Names and places of its methods.
    const LAYOUT: InterfaceLayout;

    /// Whether a pointer to this interface may be given out for that IID: its own, or one inherited from.
    fn answers_to(iid: &GUID) -> bool {
        *iid == Self::IID || Self::Base::answers_to(iid)
    }
}
