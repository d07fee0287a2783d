//! Which commands supply what is missing.

use super::needs::Need;
use super::sources::{self, Backports, Source};
use super::system::OsRelease;

/// The file that gets the derived source of backports.
const BACKPORTS_FILE: &str = "/etc/apt/sources.list.d/waverust-backports.sources";

/// What is to be installed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// Packages of the release, the alternatives for each in order of preference.
    packages: Vec<&'static [&'static str]>,
    /// Packages of this suite instead, e.g. `bookworm-backports`.
    backported: Option<(String, Vec<&'static str>)>,
    /// Text of a new source.
    source: Option<String>,
    targets: Vec<&'static str>,
    components: Vec<&'static str>,
    /// Programs that cargo builds.
    crates: Vec<&'static str>,
    /// What no command supplies.
    pub(super) lost: Vec<Need>,
}

/// One command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) words: Vec<String>,
    /// Text for its standard input.
    pub(super) input: Option<String>,
    /// Whether it takes root.
    pub(super) root: bool,
}

impl Plan {
    /// Sorts what is missing by who supplies it.
    pub(super) fn new(missing: &[Need], os: &OsRelease, apt: &[Source]) -> Self {
        let mut plan = Self::default();
        for need in missing {
            match (need, os.backported_release()) {
                (Need::Target(target), _) => plan.targets.push(target),
                (Need::Component(component), _) => plan.components.push(component),
                (Need::Crate(name), _) => plan.crates.push(name),
                (Need::Qemu(_) | Need::QemuAlsa, Some(release)) => {
                    match sources::backports(apt, release) {
                        Backports::Present => {}
                        Backports::Derived(text) => plan.source = Some(text),
                        Backports::Unknown => {
                            plan.lost.push(need.clone());
                            continue;
                        }
                    }
                    let suite = format!("{release}-backports");
                    let (_, packages) = plan.backported.get_or_insert((suite, Vec::new()));
                    packages.extend(need.packages().first());
                }
                _ => plan.packages.push(need.packages()),
            }
        }
        plan
    }

    /// Whether any step takes root.
    pub(super) fn needs_root(&self) -> bool {
        !self.packages.is_empty() || self.backported.is_some()
    }

    /// Whether any step is rustup's.
    pub(super) fn needs_rustup(&self) -> bool {
        !self.targets.is_empty() || !self.components.is_empty()
    }

    /// What has to be run before it is known which packages there are.
    pub(super) fn preparation(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        if let Some(text) = &self.source {
            steps.push(Step { input: Some(text.clone()), ..Step::root(&["tee", BACKPORTS_FILE]) });
        }
        if self.needs_root() {
            steps.push(Step::apt(&["update"]));
        }
        steps
    }

    /// What installs, after the preparation. Of each package's alternatives the first is taken that apt has
    /// (`available`), or simply the first.
    pub(super) fn installation(&self, available: impl Fn(&str) -> bool) -> Vec<Step> {
        let mut steps = Vec::new();
        let install = ["install", "--yes", "--no-install-recommends"];
        let choose =
            |names: &&[&'static str]| names.iter().find(|name| available(name)).or(names.first()).copied();
        let packages: Vec<&str> = self.packages.iter().filter_map(choose).collect();
        if !packages.is_empty() {
            steps.push(Step::apt(&[&install[..], &packages].concat()));
        }
        if let Some((suite, packages)) = &self.backported {
            steps.push(Step::apt(&[&install[..], &["--target-release", suite], packages].concat()));
        }
        for (kind, names) in [("target", &self.targets), ("component", &self.components)] {
            if !names.is_empty() {
                steps.push(Step::user(&[&["rustup", kind, "add"], &names[..]].concat()));
            }
        }
        if !self.crates.is_empty() {
            steps.push(Step::user(&[&["cargo", "install", "--locked"], &self.crates[..]].concat()));
        }
        steps
    }

    /// All of it as one command to paste into a shell.
    pub(super) fn shell(&self) -> String {
        let steps = self.preparation().into_iter().chain(self.installation(|_| false));
        let lines: Vec<String> = steps.map(|step| step.shell(false)).collect();
        format!("    {}", lines.join(" &&\n    "))
    }
}

impl Step {
    fn user(words: &[&str]) -> Self {
        Self { words: words.iter().map(|word| (*word).to_owned()).collect(), input: None, root: false }
    }

    fn root(words: &[&str]) -> Self {
        Self { root: true, ..Self::user(words) }
    }

    fn apt(words: &[&str]) -> Self {
        Self::root(&[&["apt-get"], words].concat())
    }

    /// The words to run it with where nobody watches: apt-get then asks nothing, and waits for another one to
    /// finish.
    pub(super) fn unattended(&self) -> Vec<&str> {
        let mut words: Vec<&str> = self.words.iter().map(String::as_str).collect();
        if words[0] == "apt-get" {
            let quiet = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=300"];
            words.splice(..1, quiet);
        }
        words
    }

    /// The command as one types it, by sudo where it takes root and one is not root.
    pub(super) fn shell(&self, is_root: bool) -> String {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
        let plain = |word: &String| {
            let safe = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+~".contains(c);
            if word.chars().all(safe) { word.clone() } else { quoted(word) }
        };
        let sudo = if self.root && !is_root { "sudo " } else { "" };
        let command = format!("{sudo}{}", self.words.iter().map(plain).collect::<Vec<_>>().join(" "));
        match &self.input {
            Some(text) => format!("printf %s {} | {command}", quoted(text)),
            None => command,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::needs::Need;
    use super::super::sources::parse_lines;
    use super::super::system::OsRelease;
    use super::Plan;

    const ALL: [Need; 5] = [
        Need::Headers,
        Need::Libclang,
        Need::Qemu(None),
        Need::Target("x86_64-pc-windows-msvc"),
        Need::Component("clippy"),
    ];
    const APT: &str = "sudo apt-get";

    fn debian(codename: &str) -> OsRelease {
        OsRelease::parse(&format!("ID=debian\nVERSION_CODENAME={codename}\n"))
    }

    fn shell(plan: &Plan, available: impl Fn(&str) -> bool) -> Vec<String> {
        plan.preparation()
            .into_iter()
            .chain(plan.installation(available))
            .map(|step| step.shell(false))
            .collect()
    }

    #[test]
    fn a_new_release_has_everything() {
        let plan = Plan::new(&ALL, &debian("trixie"), &[]);
        assert_eq!(
            shell(&plan, |_| true),
            [
                format!("{APT} update"),
                format!(
                    "{APT} install --yes --no-install-recommends mingw-w64-x86-64-dev libclang1 qemu-system-x86"
                ),
                "rustup target add x86_64-pc-windows-msvc".to_owned(),
                "rustup component add clippy".to_owned(),
            ]
        );
    }

    #[test]
    fn debian_12_takes_qemu_from_backports() {
        let apt = parse_lines("deb http://a.example/debian bookworm main");
        let plan = Plan::new(&ALL, &debian("bookworm"), &apt);
        let shell = shell(&plan, |_| true);
        assert!(
            shell[0].starts_with(
                "printf %s 'Types: deb\nURIs: http://a.example/debian\nSuites: bookworm-backports"
            )
        );
        assert!(shell[0].ends_with("| sudo tee /etc/apt/sources.list.d/waverust-backports.sources"));
        assert_eq!(shell[1], format!("{APT} update"));
        assert_eq!(
            shell[2],
            format!("{APT} install --yes --no-install-recommends mingw-w64-x86-64-dev libclang1")
        );
        let backported =
            "install --yes --no-install-recommends --target-release bookworm-backports qemu-system-x86";
        assert_eq!(shell[3], format!("{APT} {backported}"));
    }

    #[test]
    fn backports_that_are_there_are_not_added_again() {
        let apt = parse_lines("deb http://a.example/debian bookworm-backports main");
        let plan = Plan::new(&ALL, &debian("bookworm"), &apt);
        assert!(plan.preparation().iter().all(|step| step.input.is_none()) && plan.lost.is_empty());
    }

    #[test]
    fn backports_without_an_archive_are_lost() {
        let plan = Plan::new(&ALL, &debian("bookworm"), &[]);
        assert_eq!(plan.lost, [Need::Qemu(None)]);
    }

    #[test]
    fn the_alternative_that_exists_is_taken() {
        let plan = Plan::new(&[Need::Libclang], &debian("trixie"), &[]);
        let chosen = |available: fn(&str) -> bool| shell(&plan, available).pop().unwrap_or_default();
        assert!(chosen(|name| name == "libclang-dev").ends_with(" libclang-dev"));
        assert!(chosen(|_| false).ends_with(" libclang1"));
    }

    #[test]
    fn rustup_needs_no_root() {
        let plan = Plan::new(&ALL[3..], &OsRelease::default(), &[]);
        assert!(!plan.needs_root() && plan.needs_rustup());
        assert_eq!(
            plan.shell(),
            "    rustup target add x86_64-pc-windows-msvc &&\n    rustup component add clippy"
        );
    }

    #[test]
    fn cargo_builds_what_only_it_has() {
        let plan = Plan::new(&[Need::Crate("cargo-mutants@27.1.0")], &OsRelease::default(), &[]);
        assert!(!plan.needs_root() && !plan.needs_rustup());
        assert_eq!(plan.shell(), "    cargo install --locked 'cargo-mutants@27.1.0'");
    }

    #[test]
    fn nobody_is_asked_anything() {
        let plan = Plan::new(&ALL[..1], &debian("trixie"), &[]);
        let update = &plan.preparation()[0];
        assert_eq!(update.unattended()[..3], ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        assert_eq!(update.unattended().last(), Some(&"update"));
        let rustup = Plan::new(&ALL[3..], &debian("trixie"), &[]).installation(|_| true).remove(0);
        assert_eq!(rustup.unattended(), rustup.words);
    }

    #[test]
    fn shells_see_words_as_they_are() {
        let step = super::Step { input: Some("it's".into()), ..super::Step::root(&["tee", "a b"]) };
        assert_eq!(step.shell(false), r"printf %s 'it'\''s' | sudo tee 'a b'");
    }
}
