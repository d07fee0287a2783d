use super::{Backports, backports, parse_lines, parse_stanzas};

const STANZAS: &str = "\
Types: deb
# a comment within
URIs: http://archive.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://archive.example/debian-security
Suites: bookworm-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
";

const DERIVED: &str = "\
Types: deb
URIs: http://archive.example/debian
Suites: bookworm-backports
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
";

fn derived(text: &str) -> Backports {
    Backports::Derived(text.to_owned())
}

#[test]
fn stanzas_give_their_archive_and_key() {
    assert_eq!(backports(&parse_stanzas(STANZAS), "bookworm"), derived(DERIVED));
    let dos = STANZAS.replace('\n', "\r\n");
    assert_eq!(backports(&parse_stanzas(&dos), "bookworm"), derived(DERIVED));
}

#[test]
fn what_was_derived_is_found_the_next_time() {
    let both = format!("{STANZAS}\n{DERIVED}");
    assert_eq!(backports(&parse_stanzas(&both), "bookworm"), Backports::Present);
    let list = "deb https://a.example/d bookworm-backports main contrib";
    assert_eq!(backports(&parse_lines(list), "bookworm"), Backports::Present);
}

#[test]
fn lines_give_their_archive_and_key() {
    let list = "# deb http://old.example/debian bookworm main\n\
                deb-src http://src.example/debian bookworm main\n\
                deb [ arch=amd64 signed-by=/k.gpg ] https://near.example/debian/ bookworm main contrib # why not\n";
    let text = "Types: deb\nURIs: https://near.example/debian/\nSuites: bookworm-backports\n\
                Components: main\nSigned-By: /k.gpg\n";
    assert_eq!(backports(&parse_lines(list), "bookworm"), derived(text));
    let plain = "deb\thttp://a.example/debian bookworm main";
    let text = "Types: deb\nURIs: http://a.example/debian\nSuites: bookworm-backports\nComponents: main\n";
    assert_eq!(backports(&parse_lines(plain), "bookworm"), derived(text));
}

#[test]
fn a_key_over_several_lines_is_kept_whole() {
    let stanza = "Types: deb deb-src\nURIs: http://a.example/d\nSuites: bookworm\nComponents: main\n\
                  Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc=\n -----END PGP PUBLIC KEY BLOCK-----\n";
    let Backports::Derived(text) = backports(&parse_stanzas(stanza), "bookworm") else { panic!("derived") };
    assert!(text.ends_with(
        "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc=\n -----END PGP PUBLIC KEY BLOCK-----\n"
    ));
    // And it reads back.
    assert_eq!(backports(&parse_stanzas(&text), "bookworm"), Backports::Present);
}

#[test]
fn trust_is_passed_on() {
    let list = "deb [trusted=yes] file:/srv/debian bookworm main";
    let text =
        "Types: deb\nURIs: file:/srv/debian\nSuites: bookworm-backports\nComponents: main\nTrusted: yes\n";
    assert_eq!(backports(&parse_lines(list), "bookworm"), derived(text));
}

#[test]
fn what_does_not_serve_is_passed_over() {
    for list in [
        "",
        "deb",
        "deb http://a.example/debian",
        "deb http://a.example/debian bookworm",
        "deb http://a.example/debian bookworm contrib",
        "deb http://a.example/debian trixie main",
        "deb http://a.example/debian bookworm-security main",
        "deb cdrom:[Debian 12 Bookworm]/ bookworm main",
        "deb [signed-by=/k.gpg http://a.example/debian bookworm main",
        "debug http://a.example/debian bookworm main",
        "deb-src http://a.example/debian bookworm main",
        "deb # http://a.example/debian bookworm main",
        "deb bookworm main",
    ] {
        assert_eq!(backports(&parse_lines(list), "bookworm"), Backports::Unknown, "{list}");
    }
    for stanza in [
        STANZAS.replace("Types: deb", "Types: deb-src"),
        STANZAS.replace("Types: deb", "Enabled: no\nTypes: deb"),
        STANZAS.replace("Components: main", "Components: contrib"),
        STANZAS.replace("URIs: http", "URI: http"),
        STANZAS.replace("URIs: http:", "URIs: cdrom:"),
        STANZAS.replace("Suites:", "#Suites:"),
        STANZAS.replace("Types", ""),
        "\n\n\n".to_owned(),
        "Types deb\nURIs".to_owned(),
    ] {
        assert_eq!(backports(&parse_stanzas(&stanza), "bookworm"), Backports::Unknown, "{stanza}");
    }
}

#[test]
fn a_disabled_source_of_backports_is_none() {
    let both = format!("{STANZAS}\nEnabled: no\n{DERIVED}");
    assert_eq!(backports(&parse_stanzas(&both), "bookworm"), derived(DERIVED));
}
