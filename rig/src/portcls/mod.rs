//! PortCls.
pub(crate) const EXPORTS: &[crate::nt::Export] = &[];
