//! The documented facts about functions: from which Windows build they exist and at which IRQL they may be called.

use std::collections::HashMap;
use std::sync::LazyLock;

const FUNCTIONS: &str = include_str!("../../golden/functions.tsv");
const CALLBACKS: &str = include_str!("../../golden/irql_callbacks.tsv");

/// Routines of `DMA_OPERATIONS` and `BUS_INTERFACE_STANDARD`, which are called through tables and so are no exports
/// (wdm/nc-wdm-...).
const TABLED: [(&str, u8); 10] = [
    ("PutDmaAdapter", 2),
    ("AllocateCommonBuffer", 0),
    ("FreeCommonBuffer", 0),
    ("GetDmaAlignment", 0),
    ("BusInterfaceReference", 2),
    ("BusInterfaceDereference", 2),
    ("TranslateBusAddress", 0),
    ("GetDmaAdapter", 2),
    ("SetBusData", HIGHEST_DEVICE_LEVEL),
    ("GetBusData", HIGHEST_DEVICE_LEVEL),
];

/// "Any device level" in the table.
const ANY_DEVICE_LEVEL: u8 = 3;
/// The highest level of a device.
const HIGHEST_DEVICE_LEVEL: u8 = 12;

/// Levels at which something may be called, both inclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Levels {
    /// The highest.
    pub max: u8,
    /// The lowest.
    pub min: u8,
}

struct Function {
    build: u32,
    levels: Levels,
    exported: bool,
}

fn level(text: &str) -> Option<u8> {
    let level: u8 = text.parse().ok()?;
    Some(if level == ANY_DEVICE_LEVEL { HIGHEST_DEVICE_LEVEL } else { level })
}

static TABLE: LazyLock<HashMap<&str, Function>> = LazyLock::new(|| {
    let lines = FUNCTIONS.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut fields = line.split('\t');
            let name = fields.next()?;
            let exported = matches!(fields.next()?, "export" | "data-export");
            let _module = fields.next()?;
            let build = fields.next()?.parse().ok()?;
            let max = level(fields.next()?).unwrap_or(15);
            let min = level(fields.next()?).unwrap_or(0);
            Some((name, Function { build, levels: Levels { max, min }, exported }))
        })
        .collect()
});

static METHODS: LazyLock<HashMap<(&str, &str), u8>> = LazyLock::new(|| {
    let lines = CALLBACKS.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let mut fields = line.split('\t');
            let interface = fields.next()?;
            let _slot = fields.next()?;
            Some(((interface, fields.next()?), level(fields.next()?)?))
        })
        .collect()
});

/// The first Windows build that exports the function; 10240 stands for it and everything older.
pub fn first_build(name: &str) -> u32 {
    TABLE.get(name).filter(|function| function.exported).map_or(10240, |function| function.build)
}

/// The levels at which a function may be called; `Interface::Method` for methods of interfaces.
pub fn levels(name: &str) -> Levels {
    if let Some((interface, method)) = name.split_once("::") {
        let max = METHODS.get(&(interface, method)).copied().unwrap_or(15);
        return Levels { max, min: 0 };
    }
    if let Some((_, max)) = TABLED.iter().find(|(operation, _)| *operation == name) {
        return Levels { max: *max, min: 0 };
    }
    TABLE.get(name).map_or(Levels { max: 15, min: 0 }, |function| function.levels)
}

#[cfg(test)]
mod tests {
    use super::Levels;
    use super::first_build;
    use super::levels;

    #[test]
    fn builds_come_from_the_table() {
        assert_eq!(first_build("ExAllocatePool2"), 19041);
        assert_eq!(first_build("KeSetEvent"), 10240);
    }

    #[test]
    fn levels_come_from_the_tables() {
        assert_eq!(levels("KeSetEvent"), Levels { max: 2, min: 0 });
        assert_eq!(levels("PcNewPort"), Levels { max: 0, min: 0 });
        assert_eq!(levels("KeReleaseSpinLock"), Levels { max: 2, min: 2 });
        assert_eq!(levels("IPortWaveRTStream::AllocatePagesForMdl").max, 0);
        assert_eq!(levels("IMiniportWaveRTStream::GetPosition").max, 2);
        assert_eq!(levels("AllocateCommonBuffer").max, 0);
        assert_eq!(levels("GetBusData").max, 12);
    }
}
