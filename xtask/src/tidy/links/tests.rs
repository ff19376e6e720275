use super::check;
use crate::workspace::File;

/// Findings for a page docs/page.md, in a repository that has these files besides.
fn findings(text: &str) -> Vec<String> {
    let page = File::of("docs/page.md", text);
    let exists = |path: &str| {
        ["docs/page.md", "docs/other.md", "README.md", "docs", "storage/src/log.rs"].contains(&path)
    };
    let read = |path: &str| match path {
        "docs/page.md" => Some(text.to_owned()),
        _ => Some("# Title\n\n## What `tidy` checks, and why\n\n```text\n# code\n```\n".to_owned()),
    };
    check(&page, &exists, &read).iter().map(ToString::to_string).collect()
}

#[test]
fn links_to_what_is_there() {
    for text in [
        "[a](other.md) and [b](../README.md), [c](../storage/src/log.rs \"title\") [d](./other.md)",
        "[`code`](other.md) [e](.) [f](<other.md>)",
        "[web](https://example.org/nowhere.md) [mail](mailto:a@example.org)",
        "[g][ref]\n\n[ref]: ../README.md",
        "`[not](a-link.md)`\n\n```text\n[nor](this.md)\n```\n",
        "[h](other.md#what-tidy-checks-and-why) [i](#here)\n\n# Here",
    ] {
        assert_eq!(findings(text), [""; 0], "{text}");
    }
}

#[test]
fn links_to_nowhere() {
    for (text, says) in [
        ("x\n[a](gone.md)", "docs/page.md:2: link `gone.md`: leads to docs/gone.md, which is not there"),
        ("[a](../../README.md)", "leads out of the repository"),
        ("[a](/README.md)", "leads out of the repository"),
        ("[`code`](gone.md)", "docs/gone.md"),
        ("[ref]: gone.md", "docs/gone.md"),
        ("[a](other.md#code)", "docs/other.md has no heading #code"),
        ("[a](#nowhere)", "docs/page.md has no heading #nowhere"),
        ("```text\n```\n[a](gone.md)", "docs/page.md:3"),
    ] {
        let found = findings(text);
        assert!(found.len() == 1 && found.iter().all(|finding| finding.contains(says)), "{text}: {found:?}");
    }
}
