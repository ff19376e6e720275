//! Rules about the text of any file, whatever its language.

use std::{env, path::Path};

use super::Finding;
use crate::workspace::File;

/// Words that promise work instead of doing it. (Split, so that this file may name them.)
const PROMISES: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")];

/// How the path of somebody's own files begins, on the systems we know.
const HOMES: [&str; 3] = [concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/")];

/// Where packages are downloaded from is the business of each machine's own settings.
const REGISTRIES: [&str; 7] = [
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("python", "hosted.org"),
    concat!("pypi.", "org/simple"),
    concat!("registry.", "npmjs.org"),
    concat!("deb.", "debian.org"),
    concat!("replace", "-with"),
];

/// What fuzz targets are fed: bytes, even where they happen to be UTF-8.
const INPUTS: [&str; 2] = ["fuzz/corpus/", "fuzz/regressions/"];

/// The one registry that Cargo.lock may name: the public one, under the name that cargo gives it.
pub(super) const PUBLIC_REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Paths of this very machine, which no file may contain: where the repository lies, and the home of its user.
pub(super) fn machine_paths(root: &Path) -> Vec<String> {
    let home = env::var("HOME").unwrap_or_default();
    let paths = [root.to_string_lossy().into_owned(), home];
    // A path of one segment, such as `/app`, is a word that documents may use.
    paths
        .into_iter()
        .filter(|path| path.split(['/', '\\']).filter(|part| !part.is_empty()).count() > 1)
        .collect()
}

/// Everything that is wrong with the file as text.
pub(super) fn check(file: &File, machine_paths: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if INPUTS.iter().any(|folder| file.path.starts_with(folder)) {
        return findings;
    }
    let is_data = file.path.contains("testdata/");
    for (line, text) in file.lines() {
        let mut add = |advice: &str| findings.push(Finding::new(&file.path, line, advice));
        if !is_data && text.ends_with([' ', '\t', '\r']) {
            add("white space at the end of the line; remove it");
        }
        if file.is(&["rs"]) && text.contains('\t') {
            add("a tab; run `cargo fmt`, and write \\t in strings");
        }
        if file.is(&["rs"]) && is_ignored_example(text) {
            add("an example that is not compiled; make it compile, or mark it `text`");
        }
        if names_machine(text, machine_paths) {
            add("the path of somebody's machine; name the file from the root of the repository");
        }
        if REGISTRIES.iter().any(|host| text.contains(host)) || is_private_source(file, text) {
            add("names a package registry; leave that to the settings of each machine");
        }
        if let Some(promise) = PROMISES.iter().find(|promise| has_word(text, promise)) {
            add(&format!("{promise}; do it, or open an issue"));
        }
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        findings.push(Finding::new(
            &file.path,
            file.text.lines().count(),
            "no newline at the end of the file; add it",
        ));
    }
    findings
}

fn is_ignored_example(line: &str) -> bool {
    let comment = line.trim_start();
    let inside = comment.strip_prefix("///").or_else(|| comment.strip_prefix("//!")).unwrap_or_default();
    inside
        .trim_start()
        .strip_prefix("```")
        .is_some_and(|fence| fence.split(',').any(|word| word.trim() == "ignore"))
}

fn names_machine(line: &str, machine_paths: &[String]) -> bool {
    HOMES.iter().any(|home| has_path(line, home))
        || machine_paths.iter().any(|path| has_path(line, path))
        || has_drive(line)
}

/// Whether the line contains the path as a whole one, not as the middle of a relative one.
fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|sign| sign.is_alphanumeric() || "_-.~*})]".contains(sign))
    })
}

/// Whether the line contains a path that begins with a drive letter.
fn has_drive(line: &str) -> bool {
    let bytes = line.as_bytes();
    bytes.windows(4).enumerate().any(|(at, window)| {
        let alone = at == 0 || !bytes[at - 1].is_ascii_alphanumeric();
        let [drive, b':', slash, name] = *window else { return false };
        alone && drive.is_ascii_uppercase() && matches!(slash, b'\\' | b'/') && name.is_ascii_alphanumeric()
    })
}

fn is_private_source(file: &File, line: &str) -> bool {
    let source = line.strip_prefix("source = \"").and_then(|rest| rest.strip_suffix('"'));
    file.path.ends_with("Cargo.lock") && source.is_some_and(|source| source != PUBLIC_REGISTRY)
}

fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let joins = |sign: char| sign.is_alphanumeric() || sign == '_';
        !line[..at].chars().next_back().is_some_and(joins)
            && !line[at + word.len()..].chars().next().is_some_and(joins)
    })
}

#[cfg(test)]
mod tests;
