//! Ports and subdevices: what an adapter builds from its miniports.
//!
//! A subdevice is a port, bound to its miniport and known to Windows under a name. [`Subdevice`] and
//! [`PhysicalConnection`] own their registration and take it back when they are dropped.

use core::ptr::null_mut;

use crate::com::ComPtr;
use crate::handle::{Device, Irp};
use crate::irql::{Irql, Passive};
use crate::raw::{
    CLSID_PortTopology, CLSID_PortWavePci, CLSID_PortWaveRT, GUID, IPort, IPortTopology, IPortWavePci,
    IPortWaveRT, IResourceList, IUnknown, IUnregisterPhysicalConnection, IUnregisterSubdevice, Interface,
    UNICODE_STRING,
};
use crate::status::{Result, Status};

/// A kind of port that PortCls makes.
pub trait PortClass: Interface {
    /// What PcNewPort knows it by.
    const CLASS: GUID;
}

impl PortClass for IPortWaveRT {
    const CLASS: GUID = CLSID_PortWaveRT;
}

impl PortClass for IPortWavePci {
    const CLASS: GUID = CLSID_PortWavePci;
}

impl PortClass for IPortTopology {
    const CLASS: GUID = CLSID_PortTopology;
}

impl ComPtr<IPort> {
    /// Binds the port to its miniport, which is initialised meanwhile.
    ///
    /// # Errors
    ///
    /// The miniport's, or the port's own.
    pub fn init(
        &self,
        _irql: &Irql<Passive>,
        device: Device,
        irp: Option<Irp>,
        miniport: &ComPtr<IUnknown>,
        adapter: Option<&ComPtr<IUnknown>>,
        resources: &ComPtr<IResourceList>,
    ) -> Result {
        let irp = irp.map_or(null_mut(), Irp::as_ptr);
        let adapter = adapter.map_or(null_mut(), ComPtr::as_raw);
        let init = self.vtbl().Init;
        // SAFETY: a method of a live object, at PASSIVE_LEVEL, with live objects.
        let status = unsafe {
            init(self.as_raw(), device.as_ptr(), irp, miniport.as_raw(), adapter, resources.as_raw())
        };
        Status::check(status)
    }
}

/// A null-terminated UTF-16 string that lives for ever: a subdevice's name, as the INF's reference string.
///
/// [`wide_name!`](crate::wide_name) makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WideName(&'static [u16]);

impl WideName {
    /// The name, if it is terminated.
    #[must_use]
    pub const fn new(units: &'static [u16]) -> Option<Self> {
        match units {
            [.., 0] => Some(Self(units)),
            _ => None,
        }
    }

    /// The same as a counted string, which refers to this one; none if it is longer than those can be.
    #[must_use]
    pub fn to_counted(self) -> Option<UNICODE_STRING> {
        let units = u16::try_from(self.0.len()).ok()?;
        let room = units.checked_mul(2)?;
        let bytes = room.checked_sub(2)?;
        Some(UNICODE_STRING { Length: bytes, MaximumLength: room, Buffer: self.0.as_ptr().cast_mut() })
    }

    /// Where it begins.
    #[must_use]
    pub const fn as_ptr(self) -> *const u16 {
        self.0.as_ptr()
    }
}

/// An ASCII text in `N` units of UTF-16; the rest is zero.
#[doc(hidden)]
#[must_use]
pub const fn units<const N: usize>(text: &str) -> [u16; N] {
    let mut units = [0; N];
    let mut rest: (&[u8], &mut [u16]) = (text.as_bytes(), &mut units);
    while let ([byte, bytes @ ..], [unit, units @ ..]) = rest {
        *unit = *byte as u16;
        rest = (bytes, units);
    }
    units
}

/// A [`WideName`] out of an ASCII literal.
#[macro_export]
macro_rules! wide_name {
    ($text:literal) => {{
        static UNITS: [u16; $text.len() + 1] = $crate::port::units($text);
        const NAME: $crate::port::WideName = match $crate::port::WideName::new(&UNITS) {
            Some(name) if $text.is_ascii() => name,
            _ => panic!("a name is ASCII"),
        };
        NAME
    }};
}

/// A port that Windows knows as a subdevice. The drop unregisters it, at PASSIVE_LEVEL.
///
/// # Invariants
///
/// Port and device are those that were registered.
pub struct Subdevice {
    device: Device,
    port: ComPtr<IPort>,
    unregister: ComPtr<IUnregisterSubdevice>,
}

impl Subdevice {
    /// The port.
    #[must_use]
    pub fn port(&self) -> &ComPtr<IPort> {
        &self.port
    }

    /// Unregisters the subdevice; the drop does the same.
    pub fn remove(self, _irql: &Irql<Passive>) {}
}

impl Drop for Subdevice {
    fn drop(&mut self) {
        let unregister = self.unregister.vtbl().UnregisterSubdevice;
        // SAFETY: a method of a live object, with what was registered. Its status can't be helped.
        let _ = unsafe {
            unregister(self.unregister.as_raw(), self.device.as_ptr(), self.port.unknown().as_raw())
        };
    }
}

/// A connection between two subdevices. The drop unregisters it, at PASSIVE_LEVEL: due before the subdevices
/// go.
///
/// # Invariants
///
/// The ends are those that were registered.
pub struct PhysicalConnection {
    device: Device,
    from: (ComPtr<IPort>, u32),
    to: (ComPtr<IPort>, u32),
    unregister: ComPtr<IUnregisterPhysicalConnection>,
}

impl PhysicalConnection {
    /// Unregisters the connection; the drop does the same.
    pub fn remove(self, _irql: &Irql<Passive>) {}
}

impl Drop for PhysicalConnection {
    fn drop(&mut self) {
        let unregister = self.unregister.vtbl().UnregisterPhysicalConnection;
        // SAFETY: a method of a live object, with what was registered. Its status can't be helped.
        let _ = unsafe {
            unregister(
                self.unregister.as_raw(),
                self.device.as_ptr(),
                self.from.0.unknown().as_raw(),
                self.from.1,
                self.to.0.unknown().as_raw(),
                self.to.1,
            )
        };
    }
}

#[cfg(windows)]
mod exports {
    use core::ptr::null_mut;

    use super::{PhysicalConnection, PortClass, Subdevice, WideName};
    use crate::com::ComPtr;
    use crate::handle::Device;
    use crate::irql::{Irql, Passive};
    use crate::raw::IPort;
    use crate::raw::exports::{PcNewPort, PcRegisterPhysicalConnection, PcRegisterSubdevice};
    use crate::status::{Result, Status};

    /// Makes a port driver object of a kind: `new_port::<IPortWaveRT>(irql)`.
    ///
    /// # Errors
    ///
    /// `STATUS_INSUFFICIENT_RESOURCES` and what else PcNewPort says.
    pub fn new_port<P: PortClass>(_irql: &Irql<Passive>) -> Result<ComPtr<IPort>> {
        let mut port = null_mut();
        // SAFETY: at PASSIVE_LEVEL, with a place for the answer.
        Status::check(unsafe { PcNewPort(&mut port, &P::CLASS) })?;
        // SAFETY: PcNewPort gives out a pointer with a reference.
        unsafe { ComPtr::from_raw(port) }.ok_or(Status::UNSUCCESSFUL)
    }

    impl Subdevice {
        /// Registers a port that was bound to its miniport.
        ///
        /// # Errors
        ///
        /// What PcRegisterSubdevice says.
        pub fn register(
            irql: &Irql<Passive>,
            device: Device,
            name: WideName,
            port: &ComPtr<IPort>,
        ) -> Result<Self> {
            let unregister = port.query(irql)?;
            // SAFETY: at PASSIVE_LEVEL; the name is terminated and lives for ever.
            let status =
                unsafe { PcRegisterSubdevice(device.as_ptr(), name.as_ptr(), port.unknown().as_raw()) };
            Status::check(status)?;
            // INVARIANT: just registered.
            Ok(Self { device, port: port.clone(), unregister })
        }
    }

    impl PhysicalConnection {
        /// Connects pin `from.1` of a subdevice to pin `to.1` of another one.
        ///
        /// # Errors
        ///
        /// What PcRegisterPhysicalConnection says.
        pub fn register(
            irql: &Irql<Passive>,
            device: Device,
            from: (&Subdevice, u32),
            to: (&Subdevice, u32),
        ) -> Result<Self> {
            let unregister = from.0.port.query(irql)?;
            // SAFETY: at PASSIVE_LEVEL, with ports that are registered.
            let status = unsafe {
                PcRegisterPhysicalConnection(
                    device.as_ptr(),
                    from.0.port.unknown().as_raw(),
                    from.1,
                    to.0.port.unknown().as_raw(),
                    to.1,
                )
            };
            Status::check(status)?;
            // INVARIANT: just registered.
            Ok(Self {
                device,
                from: (from.0.port.clone(), from.1),
                to: (to.0.port.clone(), to.1),
                unregister,
            })
        }
    }
}

#[cfg(windows)]
pub use exports::new_port;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_terminated() {
        let name = crate::wide_name!("Wave");
        assert_eq!(name.0, [0x57, 0x61, 0x76, 0x65, 0]);
        assert_eq!(WideName::new(&[0x57]), None);
        assert_eq!(WideName::new(&[]), None);
        let counted = name.to_counted().expect("short");
        assert_eq!(
            (counted.Length, counted.MaximumLength, counted.Buffer.cast_const()),
            (8, 10, name.as_ptr())
        );
    }
}
