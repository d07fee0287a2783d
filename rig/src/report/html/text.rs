//! Text and numbers as the page shows them.

/// Text as it may stand in an element or an attribute.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

pub(super) fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

pub(super) fn seconds(ns: u64) -> String {
    format!("{}.{:06} s", ns / 1_000_000_000, ns % 1_000_000_000 / 1_000)
}

/// Two decimals where they say something.
pub(super) fn figure(value: f64) -> String {
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Digits in groups of three, held together by narrow spaces.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let lead = digits.len() % 3;
    let (first, rest) = digits.split_at(lead);
    let groups = rest.as_bytes().chunks(3).map(|group| group.iter().map(|byte| char::from(*byte)).collect());
    let all: Vec<String> =
        [first.to_owned()].into_iter().filter(|part| !part.is_empty()).chain(groups).collect();
    all.join("\u{202f}")
}

#[cfg(test)]
mod tests {
    use super::{escape, figure, file_name, grouped, seconds};

    #[test]
    fn nothing_escapes_from_its_element() {
        assert_eq!(escape("<&>\"'"), "&lt;&amp;&gt;&quot;&#39;");
    }

    #[test]
    fn numbers_are_readable() {
        assert_eq!(
            [0, 12, 391_680, 1_000_000].map(grouped),
            ["0", "12", "391\u{202f}680", "1\u{202f}000\u{202f}000"]
        );
        assert_eq!(seconds(8_200_000_000), "8.200000 s");
        assert_eq!(
            [file_name("a/b.sys"), file_name("C:\\d\\e.sys"), file_name("f.sys")],
            ["b.sys", "e.sys", "f.sys"]
        );
        assert_eq!([4.0, 4.25, 0.0].map(figure), ["4", "4.25", "0"]);
    }
}
