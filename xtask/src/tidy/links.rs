//! A page that points at a file of ours must point at one that is there, and at a heading that it has.

use super::Finding;
use crate::workspace::File;

/// Links of a page that lead nowhere.
pub(super) fn check(
    page: &File,
    exists: &dyn Fn(&str) -> bool,
    read: &dyn Fn(&str) -> Option<String>,
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, target) in targets(&page.text) {
        let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
        let advice = match resolve(&page.path, path) {
            None => Some("leads out of the repository; link to the published page instead".to_owned()),
            Some(path) if !exists(&path) => Some(format!("leads to {path}, which is not there")),
            Some(path) if lacks_heading(&path, anchor, read) => {
                Some(format!("{path} has no heading #{anchor}"))
            }
            Some(_) => None,
        };
        findings.extend(
            advice.map(|advice| Finding::new(&page.path, line, format!("link `{target}`: {advice}"))),
        );
    }
    findings
}

/// The targets of the page's links within the repository, with their lines.
fn targets(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (line, text) in prose(text) {
        // What stands between backquotes is not a link. A link around code is split, but its target stays whole.
        let pieces = text.split('`').step_by(2);
        let inline =
            pieces.flat_map(|piece| piece.split("](").skip(1)).filter_map(|rest| rest.split(')').next());
        let defined =
            text.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target);
        for target in inline.chain(defined) {
            let target = target.split_whitespace().next().unwrap_or_default().trim_matches(['<', '>']);
            if !target.contains("://") && !target.starts_with("mailto:") {
                found.push((line, target));
            }
        }
    }
    found
}

/// The lines outside fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(before, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((before + 1, line))
    })
}

/// The target's path from the root; nothing when it leaves the repository. An empty path is the page itself.
fn resolve(page: &str, target: &str) -> Option<String> {
    if target.is_empty() {
        return Some(page.to_owned());
    }
    if target.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

fn lacks_heading(path: &str, anchor: &str, read: &dyn Fn(&str) -> Option<String>) -> bool {
    if anchor.is_empty() || !path.ends_with(".md") {
        return false;
    }
    let text = read(path).unwrap_or_default();
    let found = prose(&text).any(|(_, line)| line.starts_with('#') && slug(line) == anchor);
    !found
}

/// The anchor that forges give to a heading.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|sign| sign.is_alphanumeric() || " -_".contains(*sign));
    kept.map(|sign| if sign == ' ' { '-' } else { sign }).collect()
}

#[cfg(test)]
mod tests;
