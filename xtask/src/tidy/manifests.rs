//! What every member of the workspace says about itself.

use super::{Finding, arrows};
use crate::workspace::{File, Package};

/// The lines that put a package under the workspace's lints.
const LINTS: [&str; 2] = ["[lints]", "workspace = true"];

/// A package that escapes the workspace's lints or its oldest Rust, and a core that would take `std`.
pub(super) fn check<'a>(package: &Package, file: &dyn Fn(&str) -> Option<&'a File>) -> Vec<Finding> {
    let manifest = format!("{}/Cargo.toml", package.folder);
    let library = format!("{}/src/lib.rs", package.folder);
    let mut findings = Vec::new();
    if !file(&manifest).is_some_and(has_lints) {
        findings.push(Finding::new(
            &manifest,
            1,
            "escapes the workspace's lints; add `[lints]`, `workspace = true`",
        ));
    }
    if package.rust_version.is_none() {
        findings.push(Finding::new(&manifest, 1, "promises no Rust; add `rust-version.workspace = true`"));
    }
    if arrows::is_core(&package.folder) && !file(&library).is_some_and(is_no_std) {
        let advice = "a core without `#![no_std]`; add it, and name `alloc` and, in tests, `std` explicitly";
        findings.push(Finding::new(&library, 1, advice));
    }
    findings
}

fn has_lints(manifest: &File) -> bool {
    let lines: Vec<&str> = manifest.text.lines().map(str::trim).collect();
    lines.windows(2).any(|pair| pair == LINTS)
}

fn is_no_std(library: &File) -> bool {
    library.text.lines().any(|line| line.trim() == "#![no_std]")
}

#[cfg(test)]
mod tests;
