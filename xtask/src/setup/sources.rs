//! Where apt takes packages from, and a source of backports derived from that.
//!
//! A mirror near the user, a proxy, a company's own archive: whatever is configured for the release serves for
//! its backports, too. No host is named here.

/// One entry of sources.list(5).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Source {
    uris: Vec<String>,
    suites: Vec<String>,
    components: Vec<String>,
    /// The value of `Signed-By`: a file, or a whole key over several lines, each but the first indented.
    signed_by: Option<String>,
    trusted: bool,
}

/// How a release's backports can be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Backports {
    /// They are configured already.
    Present,
    /// This file in sources.list.d would make them so.
    Derived(String),
    /// There is nothing to derive them from.
    Unknown,
}

/// Reads the one-line form: `deb [option=value ...] uri suite component ...`.
pub(super) fn parse_lines(text: &str) -> Vec<Source> {
    text.lines().filter_map(parse_line).collect()
}

fn parse_line(line: &str) -> Option<Source> {
    let line = line.split('#').next()?.trim();
    let rest = line.strip_prefix("deb").filter(|rest| rest.starts_with([' ', '\t', '[']))?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace().map(str::to_owned);
    let mut source = Source {
        uris: vec![words.next().filter(|uri| is_archive(uri))?],
        suites: vec![words.next()?],
        components: words.collect(),
        ..Source::default()
    };
    for (name, value) in options.split_whitespace().filter_map(|option| option.split_once('=')) {
        match name.to_ascii_lowercase().as_str() {
            "signed-by" => source.signed_by = Some(value.to_owned()),
            "trusted" => source.trusted = is_yes(value),
            _ => {}
        }
    }
    Some(source)
}

/// Reads the form of stanzas (deb822): `Field: value` lines, a blank line between entries.
pub(super) fn parse_stanzas(text: &str) -> Vec<Source> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.starts_with('#')).collect();
    lines.split(|line| line.is_empty()).filter_map(parse_stanza).collect()
}

fn parse_stanza(lines: &[&str]) -> Option<Source> {
    let field = |name: &str| -> Option<String> {
        let is_it = |line: &&str| line.split_once(':').is_some_and(|(key, _)| key.eq_ignore_ascii_case(name));
        let at = lines.iter().position(is_it)?;
        let mut value = lines[at].split_once(':')?.1.trim().to_owned();
        for line in lines[at + 1..].iter().take_while(|line| line.starts_with([' ', '\t'])) {
            value = value + "\n" + line;
        }
        Some(value)
    };
    let words = |name: &str| -> Vec<String> {
        field(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    };
    if field("Enabled").is_some_and(|value| !is_yes(&value))
        || !words("Types").iter().any(|kind| kind == "deb")
    {
        return None;
    }
    let source = Source {
        uris: words("URIs").into_iter().filter(|uri| is_archive(uri)).collect(),
        suites: words("Suites"),
        components: words("Components"),
        signed_by: field("Signed-By"),
        trusted: field("Trusted").is_some_and(|value| is_yes(&value)),
    };
    (!source.uris.is_empty() && !source.suites.is_empty()).then_some(source)
}

/// Finds, or derives, the source of `release`'s backports.
pub(super) fn backports(sources: &[Source], release: &str) -> Backports {
    let wanted = format!("{release}-backports");
    let offers = |source: &&Source, suite: &str| {
        let main = source.components.iter().any(|component| component == "main");
        main && source.suites.iter().any(|name| name == suite)
    };
    if sources.iter().any(|source| offers(&source, &wanted)) {
        return Backports::Present;
    }
    let Some(base) = sources.iter().find(|source| offers(source, release)) else { return Backports::Unknown };
    let mut text = format!("Types: deb\nURIs: {}\nSuites: {wanted}\nComponents: main\n", base.uris.join(" "));
    if let Some(key) = &base.signed_by {
        // A key over several lines begins on the line after the field's name.
        let space = if key.starts_with('\n') { "" } else { " " };
        text += &format!("Signed-By:{space}{key}\n");
    }
    if base.trusted {
        text += "Trusted: yes\n";
    }
    Backports::Derived(text)
}

/// A disc has the release, but never its backports.
fn is_archive(uri: &str) -> bool {
    uri.contains(":/") && !uri.starts_with("cdrom:")
}

fn is_yes(value: &str) -> bool {
    matches!(value.to_ascii_lowercase().as_str(), "yes" | "true" | "with" | "on" | "enable" | "1")
}

#[cfg(test)]
#[path = "sources_tests.rs"]
mod tests;
