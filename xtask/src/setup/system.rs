//! What kind of machine this is.

/// The part of os-release(5) that matters here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct OsRelease {
    id: String,
    id_like: String,
    pretty_name: String,
    codename: String,
}

impl OsRelease {
    /// Reads the lines `NAME=value`; what is not of that form is passed over.
    pub(super) fn parse(text: &str) -> Self {
        let value = |name: &str| {
            let line =
                text.lines().filter_map(|line| line.trim().split_once('=')).rfind(|(key, _)| *key == name);
            line.map_or(String::new(), |(_, value)| value.trim_matches(['"', '\'']).to_owned())
        };
        Self {
            id: value("ID"),
            id_like: value("ID_LIKE"),
            pretty_name: value("PRETTY_NAME"),
            codename: value("VERSION_CODENAME"),
        }
    }

    /// A name for people.
    pub(super) fn name(&self) -> &str {
        if self.pretty_name.is_empty() { "an unknown system" } else { &self.pretty_name }
    }

    /// Whether packages are installed by apt-get.
    pub(super) fn has_apt(&self) -> bool {
        let like = self.id_like.split_whitespace().chain([self.id.as_str()]);
        like.into_iter().any(|id| matches!(id, "debian" | "ubuntu"))
    }

    /// The release whose own QEMU is too old, and whose backports have a newer one: Debian 12.
    pub(super) fn backported_release(&self) -> Option<&str> {
        (self.id == "debian" && self.codename == "bookworm").then_some(&self.codename)
    }
}

/// A version of QEMU, as far as it matters: major and minor number.
pub(super) type QemuVersion = (u32, u32);

/// The oldest QEMU that will do: the first with virtio sound.
pub(super) const OLDEST_QEMU: QemuVersion = (8, 2);

/// Finds the version in what `qemu-system-x86_64 --version` prints.
pub(super) fn qemu_version(text: &str) -> Option<QemuVersion> {
    let (_, rest) = text.split_once("QEMU emulator version ")?;
    let mut numbers = rest.split(|c: char| !c.is_ascii_digit()).map(str::parse);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => Some((major, minor)),
        _ => None,
    }
}

/// Finds the effective user id in the text of /proc/self/status.
pub(super) fn effective_user(status: &str) -> Option<u32> {
    let line = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{OLDEST_QEMU, OsRelease, effective_user, qemu_version};

    const BOOKWORM: &str = "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\n\
                            VERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\nID=debian\n";
    const TRIXIE: &str = "PRETTY_NAME=\"Debian GNU/Linux 13 (trixie)\"\nVERSION_CODENAME=trixie\nID=debian\n";
    const NOBLE: &str =
        "PRETTY_NAME=\"Ubuntu 24.04.1 LTS\"\nVERSION_CODENAME=noble\nID=ubuntu\nID_LIKE=debian\n";
    const MINT: &str = "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_CODENAME=wilma\n";
    const FEDORA: &str = "ID=fedora\nPRETTY_NAME='Fedora Linux 43'\nVERSION_CODENAME=\"\"\n";

    #[test]
    fn only_debian_12_needs_backports() {
        assert_eq!(OsRelease::parse(BOOKWORM).backported_release(), Some("bookworm"));
        for text in [TRIXIE, NOBLE, MINT, FEDORA, ""] {
            assert_eq!(OsRelease::parse(text).backported_release(), None, "{text}");
        }
        let derived = BOOKWORM.replace("ID=debian\n", "ID=devuan\nID_LIKE=debian\n");
        assert_eq!(OsRelease::parse(&derived).backported_release(), None, "its packages come from elsewhere");
    }

    #[test]
    fn apt_is_where_debian_is() {
        for text in [BOOKWORM, TRIXIE, NOBLE, MINT] {
            assert!(OsRelease::parse(text).has_apt(), "{text}");
        }
        for text in [FEDORA, "", "ID=\n", "nonsense", "ID=notdebian\n", "XID=debian\n"] {
            assert!(!OsRelease::parse(text).has_apt(), "{text}");
        }
    }

    #[test]
    fn names_are_unquoted() {
        assert_eq!(OsRelease::parse(BOOKWORM).name(), "Debian GNU/Linux 12 (bookworm)");
        assert_eq!(OsRelease::parse(FEDORA).name(), "Fedora Linux 43");
        assert_eq!(OsRelease::parse("").name(), "an unknown system");
    }

    #[test]
    fn qemu_says_how_old_it_is() {
        for (text, version, enough) in [
            ("QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\nCopyright", (7, 2), false),
            ("QEMU emulator version 8.1.0", (8, 1), false),
            ("QEMU emulator version 8.2.2 (Debian 1:8.2.2+ds-0ubuntu1.4)", (8, 2), true),
            ("QEMU emulator version 10.0.2 (Debian 1:10.0.2+ds-2+deb13u1~bpo12+1)", (10, 0), true),
        ] {
            assert_eq!(qemu_version(text), Some(version));
            assert_eq!(version >= OLDEST_QEMU, enough, "{text}");
        }
        for bad in
            ["", "QEMU emulator version ", "QEMU emulator version x.y", "qemu 8.2", "QEMU emulator version 9"]
        {
            assert_eq!(qemu_version(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_effective_user_counts() {
        assert_eq!(effective_user("Name:\tx\nUid:\t1000\t0\t1000\t1000\nGid:\t5\t5\t5\t5\n"), Some(0));
        assert_eq!(effective_user("Uid:\t0\t1000\t0\t0\n"), Some(1000));
        for bad in ["", "Uid:\n", "Uid:\t0\n", "Uid:\tx\ty\n"] {
            assert_eq!(effective_user(bad), None);
        }
    }
}
