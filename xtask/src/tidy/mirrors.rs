//! A page that says in words what a file says in code carries a marker:
//!
//! ```text
//! <!-- mirrors: storage/src/log/record.rs crc32c:0a1b2c3d -->
//! ```
//!
//! When the file changes, the marker no longer fits. Whoever changed it reads the page, corrects it, and says so with
//! `cargo xtask tidy --bless`.

use super::Finding;
use crate::workspace::File;

const OPEN: &str = "<!-- mirrors:";
const CLOSE: &str = "-->";

/// Markers that do not fit their files.
pub(super) fn check(page: &File, read: &dyn Fn(&str) -> Option<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, text) in page.lines() {
        let Some(marker) = marker(text) else { continue };
        let path = marker.split_whitespace().next().unwrap_or_default();
        let advice = match marker_for(marker, read) {
            Some(fresh) if fresh == marker => continue,
            Some(_) => {
                format!("{path} has changed; correct this page, then say so: `cargo xtask tidy --bless`")
            }
            None => format!("mirrors `{path}`, which is not there; correct the path"),
        };
        findings.push(Finding::new(&page.path, line, advice));
    }
    findings
}

/// The page with every marker made to fit; nothing when all do.
pub(super) fn blessed(page: &File, read: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    if !page.is(&["md"]) {
        return None;
    }
    let mut text = String::new();
    for line in page.text.split_inclusive('\n') {
        match marker(line).and_then(|stale| Some((stale, marker_for(stale, read)?))) {
            Some((stale, fresh)) => text.push_str(&line.replace(stale, &fresh)),
            None => text.push_str(line),
        }
    }
    (text != page.text).then_some(text)
}

/// What stands between the marker's ends. A marker has a line of its own; in the middle of one it is only mentioned.
fn marker(line: &str) -> Option<&str> {
    line.strip_prefix(OPEN)?.trim_end().strip_suffix(CLOSE)
}

/// The marker that would fit; nothing when the file is not there.
fn marker_for(marker: &str, read: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let path = marker.split_whitespace().next()?;
    // The same bytes on every platform, whatever git does to line ends.
    let text = read(path)?.replace('\r', "");
    Some(format!(" {path} crc32c:{:08x} ", crc32c::crc32c(text.as_bytes())))
}

#[cfg(test)]
mod tests;
