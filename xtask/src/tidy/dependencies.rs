//! What deny.toml says about foreign packages, as far as it needs no advisory database: licences, refused versions and
//! sources. `cargo deny check` says the same and more, where it is installed.

use semver::{Version, VersionReq};
use spdx::{Expression, LicenseReq};

use super::{Finding, line_of, text::PUBLIC_REGISTRY};
use crate::{
    Failure,
    workspace::{File, Package},
};

/// Where the policy is written, for us and for cargo-deny.
pub(super) const POLICY: &str = "deny.toml";

/// The parts of deny.toml that are checked here.
#[derive(Debug)]
pub(super) struct Policy {
    licences: Vec<String>,
    refused: Vec<(String, VersionReq)>,
}

impl Policy {
    /// Reads the licences, one a line, and the refused packages, each `{ crate = "name:range", … }` on its own line.
    /// A file from which nothing can be read is an error: a check that checks nothing must not pass.
    pub(super) fn read(file: Option<&File>) -> Result<Self, Failure> {
        let text = &file.ok_or("deny.toml is not there; restore it")?.text;
        let licences =
            between(text, "allow = [", "]").filter_map(quoted).map(str::to_owned).collect::<Vec<_>>();
        let refused =
            between(text, "deny = [", "\n]").filter_map(quoted).map(range).collect::<Result<Vec<_>, _>>()?;
        if licences.is_empty() || refused.is_empty() {
            return Err(
                "deny.toml: no `allow` or no `deny` list with one entry a line; restore that form".to_owned()
            );
        }
        Ok(Self { licences, refused })
    }

    /// What is wrong with a package of the lock file.
    pub(super) fn check(&self, package: &Package, lock: Option<&File>) -> Vec<Finding> {
        let name = format!("{} {}", package.name, package.version);
        let line = line_of(lock, &format!("name = \"{}\"", package.name));
        let mut findings = Vec::new();
        let mut add = |advice: String| findings.push(Finding::new("Cargo.lock", line, advice));
        if package.source.as_deref().is_some_and(|source| source != PUBLIC_REGISTRY) {
            add(format!("{name} does not come from the public registry; take a published version"));
        }
        match package.licence.as_deref() {
            None => add(format!("{name} names no licence; take another package")),
            Some(licence) if !self.allows(licence) => {
                add(format!(
                    "{name} has the licence {licence}; take another package, or allow it in deny.toml"
                ));
            }
            Some(_) => {}
        }
        if self
            .refused
            .iter()
            .any(|(refused, range)| *refused == package.name && within(range, &package.version))
        {
            add(format!("{name} is refused by deny.toml, which says why; take a version that is not"));
        }
        findings
    }

    fn allows(&self, licence: &str) -> bool {
        // Lax, because old packages write `MIT/Apache-2.0`.
        let parsed = Expression::parse_mode(licence, spdx::ParseMode::LAX);
        parsed.is_ok_and(|expression| expression.evaluate(|one| self.allows_one(one)))
    }

    fn allows_one(&self, one: &LicenseReq) -> bool {
        self.licences.contains(&one.to_string())
    }
}

/// The lines of the first list that opens and closes so.
fn between<'a>(text: &'a str, open: &str, close: &str) -> impl Iterator<Item = &'a str> {
    let inside =
        text.split_once(open).and_then(|(_, rest)| rest.split_once(close)).map_or("", |(inside, _)| inside);
    inside.lines().filter(|line| !line.trim_start().starts_with('#'))
}

fn quoted(line: &str) -> Option<&str> {
    line.split('"').nth(1)
}

fn range(entry: &str) -> Result<(String, VersionReq), Failure> {
    let (name, range) = entry.split_once(':').unwrap_or((entry, "*"));
    let range = VersionReq::parse(range).map_err(|error| format!("deny.toml: `{entry}`: {error}"))?;
    Ok((name.to_owned(), range))
}

fn within(range: &VersionReq, version: &str) -> bool {
    Version::parse(version).is_ok_and(|version| range.matches(&version))
}

#[cfg(test)]
mod tests;
