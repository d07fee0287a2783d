//! Vtables: order, count, offsets, parameter sizes, IIDs.

use portcls::raw::InterfaceLayout;
use portcls::raw::Slot;
use portcls::raw::interfaces::ALL;

use crate::table::{none, number, rows};

pub(crate) const GOLDEN: &str = include_str!("../../golden/interfaces.tsv");

/// The interfaces that the crate declares.
pub(crate) fn declared() -> Vec<&'static InterfaceLayout> {
    ALL.iter().flat_map(|module| module.iter().copied()).collect()
}

/// The slots of an interface, the inherited ones first.
fn slots(interface: &InterfaceLayout) -> Vec<Slot> {
    let mut all = interface.base.map(slots).unwrap_or_default();
    all.extend(interface.own);
    all
}

/// What differs between the declared interfaces and the golden ones.
pub(crate) fn faults(declared: &[&InterfaceLayout], golden: &str) -> Vec<String> {
    let golden = rows(golden, 7);
    let mut faults = Vec::new();
    for interface in declared {
        let name = interface.name;
        let lines: Vec<_> = golden.iter().filter(|row| row[0] == name).collect();
        let slots = slots(interface);
        if lines.is_empty() {
            faults.push(format!("{name}: no golden line"));
            continue;
        }
        if lines.len() != slots.len()
            || number(lines[0][2]) != slots.len()
            || interface.vtable_size != 8 * slots.len()
        {
            faults.push(format!("{name}: {} slots declared, {} golden", slots.len(), lines[0][2]));
        }
        for (index, (line, slot)) in lines.iter().zip(&slots).enumerate() {
            let args = slot.args.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
            let args = if args.is_empty() { "-" } else { &args };
            let ours = (index, 8 * index, slot.name, args, slot.ret);
            let theirs = (number(line[3]), slot.offset, line[4], line[5], number(line[6]));
            if ours != theirs {
                faults.push(format!("{name}: declared {ours:?}, golden {theirs:?}"));
            }
        }
        let iid = u128::from_str_radix(&lines[0][1].replace('-', ""), 16).expect("an IID");
        if interface.iid.to_u128() != iid {
            faults.push(format!("{name}: IID {:032X}, golden {iid:032X}", interface.iid.to_u128()));
        }
    }
    faults
}

#[test]
fn every_vtable_is_as_golden() {
    none(&faults(&declared(), GOLDEN));
}

#[test]
fn every_golden_interface_is_declared() {
    let declared: Vec<_> = declared().iter().map(|interface| interface.name).collect();
    for row in rows(GOLDEN, 7) {
        assert!(declared.contains(&row[0]), "{} is not declared", row[0]);
    }
    assert_eq!(declared.len(), 52);
}

#[test]
fn methods_that_return_a_structure_take_a_hidden_pointer() {
    for (interface, method) in
        [("IPortWaveRTStream", "GetPhysicalPageAddress"), ("IDmaChannel", "PhysicalAddress")]
    {
        let layout = declared().into_iter().find(|layout| layout.name == interface).expect("declared");
        let slot = layout.own.iter().find(|slot| slot.name == method).expect("declared");
        assert_eq!((slot.args.first(), slot.ret), (Some(&8), 8), "{interface}::{method}");
    }
}
