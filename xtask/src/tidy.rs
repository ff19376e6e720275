//! The rules that no compiler checks. One file, one kind of rule; each rule is a function from what it looks at to
//! findings, so that its tests need no repository.

mod arrows;
mod attributes;
mod bans;
mod dependencies;
mod lengths;
mod links;
mod manifests;
mod mirrors;
mod text;
mod tokens;

use std::fmt;

use crate::{
    Failure,
    workspace::{File, Workspace},
};

/// One place that breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    /// What is wrong, and what to do.
    advice: String,
}

impl Finding {
    fn new(path: &str, line: usize, advice: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, advice: advice.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.advice)
    }
}

/// Prints every finding; true when there is none.
pub(crate) fn check(workspace: &Workspace) -> Result<bool, Failure> {
    let mut findings = whole(workspace)?;
    for file in &workspace.files {
        findings.extend(one_file(workspace, file));
    }
    findings.sort();
    findings.dedup();
    for finding in &findings {
        println!("{finding}");
    }
    println!("tidy: {} files, {} findings", workspace.files.len(), findings.len());
    Ok(findings.is_empty())
}

/// Writes the present checksum into every page that mirrors a file.
pub(crate) fn bless(workspace: &Workspace) -> Result<(), Failure> {
    for file in &workspace.files {
        if let Some(text) = mirrors::blessed(file, &|path| read(workspace, path)) {
            std::fs::write(workspace.root.join(&file.path), text)
                .map_err(|error| format!("{}: cannot be written: {error}", file.path))?;
            println!("blessed {}", file.path);
        }
    }
    Ok(())
}

/// The rules that look at the workspace as a whole.
fn whole(workspace: &Workspace) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    for package in workspace.members() {
        let manifest = workspace.file(&format!("{}/Cargo.toml", package.folder));
        findings.extend(arrows::check(package, manifest));
        findings.extend(manifests::check(package, &|path| workspace.file(path)));
    }
    let policy = dependencies::Policy::read(workspace.file(dependencies::POLICY))?;
    for package in &workspace.packages {
        findings.extend(policy.check(package, workspace.file("Cargo.lock")));
    }
    Ok(findings)
}

/// The rules that look at one file.
fn one_file(workspace: &Workspace, file: &File) -> Vec<Finding> {
    let mut findings = text::check(file, &text::machine_paths(&workspace.root));
    findings.extend(lengths::file(file));
    if file.is(&["rs"]) {
        match tokens::lex(&file.text) {
            Ok(tokens) => {
                findings.extend(lengths::functions(file, &tokens));
                findings.extend(lengths::test_modules(file, &tokens));
                findings.extend(attributes::check(file, &tokens));
                findings.extend(bans::check(file, &tokens));
            }
            Err(line) => {
                findings.push(Finding::new(&file.path, line, "is not Rust from here on; close what is open"))
            }
        }
    }
    if file.is(&["md"]) {
        findings.extend(links::check(file, &|path| workspace.root.join(path).exists(), &|path| {
            read(workspace, path)
        }));
        findings.extend(mirrors::check(file, &|path| read(workspace, path)));
    }
    findings
}

/// The first line that begins so; the first of all when none does.
fn line_of(file: Option<&File>, start: &str) -> usize {
    let mut lines = file.into_iter().flat_map(File::lines);
    lines.find(|(_, text)| text.starts_with(start)).map_or(1, |(line, _)| line)
}

/// The text of a file of the repository as it is on disk: `bless` may just have written it.
fn read(workspace: &Workspace, path: &str) -> Option<String> {
    std::fs::read_to_string(workspace.root.join(path)).ok()
}
