//! Which names a build of Windows exports: the lists that the import libraries are made from.

/// Images that a driver may import from, and what they export.
const LISTS: [(&str, &str); 6] = [
    ("ntoskrnl.exe", include_str!("../../../crates/wdk-cross/exports/ntoskrnl.txt")),
    ("hal.dll", include_str!("../../../crates/wdk-cross/exports/hal.txt")),
    ("wmilib.sys", include_str!("../../../crates/wdk-cross/exports/wmilib.txt")),
    ("portcls.sys", include_str!("../../../crates/wdk-cross/exports/portcls.txt")),
    ("ks.sys", include_str!("../../../crates/wdk-cross/exports/ks.txt")),
    ("drmk.sys", include_str!("../../../crates/wdk-cross/exports/drmk.txt")),
];

/// What is known of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Export {
    /// No driver imports from this image.
    UnknownModule,
    /// The image exports no such name.
    UnknownName,
    /// The image exports the name from this build of Windows on.
    Since(u32),
}

/// Looks up `name` in the image `module`, whose name is matched without regard to case, as the loader does.
pub(super) fn look_up(module: &str, name: &str) -> Export {
    let Some((_, list)) = LISTS.iter().find(|(image, _)| image.eq_ignore_ascii_case(module)) else {
        return Export::UnknownModule;
    };
    entries(list)
        .find(|(entry, _)| *entry == name)
        .map_or(Export::UnknownName, |(_, build)| Export::Since(build))
}

/// The names in a list, each with its first build.
fn entries(list: &str) -> impl Iterator<Item = (&str, u32)> {
    list.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut words = line.split_whitespace();
        Some((words.next()?, words.next()?.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_every_list_counts() {
        for (module, list) in LISTS {
            let lines = list.lines().filter(|line| !line.starts_with('#')).count();
            assert_eq!(entries(list).count(), lines, "{module}");
            assert!(entries(list).all(|(_, build)| build >= 10240), "{module}");
        }
    }

    #[test]
    fn names_are_found_by_module_and_build() {
        assert_eq!(look_up("NTOSKRNL.EXE", "memcpy"), Export::Since(10240));
        assert_eq!(look_up("ntoskrnl.exe", "ExAllocatePool2"), Export::Since(19041));
        assert_eq!(look_up("portcls.sys", "PcAddStreamResource2"), Export::UnknownName);
        assert_eq!(look_up("ole32.dll", "CoCreateFreeThreadedMarshaler"), Export::UnknownModule);
    }
}
