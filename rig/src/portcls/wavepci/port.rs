//! `IPortWavePci`: what a WavePci miniport asks of its port.

use crate::nt::At;
use crate::nt::abi::NtStatus;
use crate::nt::abi::Pointer;
use crate::nt::abi::STATUS_INSUFFICIENT_RESOURCES;
use crate::nt::abi::STATUS_INVALID_PARAMETER;
use crate::nt::abi::STATUS_SUCCESS;
use crate::portcls::com;
use crate::portcls::com::Method;
use crate::portcls::com::methods;
use crate::portcls::port::Port;
use crate::portcls::rules;

use super::channel::Channel;
use super::group::Group;

pub(crate) const METHODS: &[Method] = methods! { "IPortWavePci", Port;
    /// Queues the group's DPC: most miniports call from their service routine.
    fn Notify(group: Pointer) |kernel, _port| {
        let Some(group) = com::find::<Group>(kernel, group) else {
            rules::not_an_object(kernel, "IPortWavePci::Notify", group as u64, None);
        };
        group.request();
    }

    /// Scatter/gather is always asked for; width, speed and port are not used
    /// (portcls/nf-portcls-iportwavepci-newmasterdmachannel).
    fn NewMasterDmaChannel(
        out: At<Pointer>, _outer: Pointer, _pool: i32, _list: Pointer, scatter_gather: u8, narrow: u8, wide: u8,
        _ignore_count: u8, _width: i32, _speed: i32, most: u32, _port_number: u32,
    ) -> NtStatus |kernel, _port| {
        out.write(core::ptr::null_mut());
        if scatter_gather == 0 || (narrow == 0 && wide == 0) {
            return STATUS_INVALID_PARAMETER;
        }
        if kernel.injection.fails("IPortWavePci::NewMasterDmaChannel") {
            return STATUS_INSUFFICIENT_RESOURCES;
        }
        out.write(Channel::create(kernel, wide != 0, most));
        STATUS_SUCCESS
    }
};
