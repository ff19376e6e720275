//! What a patch file says of itself.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::parts::Part;
use crate::Failure;

/// Where the patch files lie, below the root.
const FOLDER: &str = "mutants";

/// One deliberate bug.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Mutant {
    /// The folder of the crate that it breaks, and the file's name without `.patch`.
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// The folder of the crate.
    pub(super) krate: String,
    /// The rule that it breaks, in words.
    pub(super) rule: String,
    /// What is to find it, the cheapest first.
    pub(super) expect: Vec<Part>,
}

impl Mutant {
    /// Whether the name, with or without the folder, begins so.
    pub(super) fn is(&self, start: &str) -> bool {
        let file = self.name.rsplit('/').next().unwrap_or_default();
        let short = file.split_once('-').map_or(file, |(_, short)| short);
        [self.name.as_str(), file, short].iter().any(|name| name.starts_with(start))
    }

    /// Whether each of the expected parts must find it: the bar for raft-core is about the simulator.
    pub(super) fn needs_all(&self) -> bool {
        self.krate == "raft-core"
    }
}

/// Every mutant of the repository, in the order of the names.
pub(super) fn load(root: &Path) -> Result<Vec<Mutant>, Failure> {
    let mut mutants = Vec::new();
    for folder in entries(&root.join(FOLDER))? {
        for path in entries(&folder)? {
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let stem = |path: &Path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let (krate, file) = (stem(&folder), stem(&path));
            let known = path.extension().is_some_and(|extension| extension == "patch");
            if !known {
                return Err(format!("{}: is no .patch file; it does not belong here", path.display()));
            }
            let mutant = parse(&krate, &file, path, &text);
            mutants.push(mutant.map_err(|wrong| format!("{FOLDER}/{krate}/{file}.patch: {wrong}"))?);
        }
    }
    mutants.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(mutants)
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let read = |error: std::io::Error| format!("{}: {error}", folder.display());
    let entries = fs::read_dir(folder).map_err(read)?;
    entries.map(|entry| entry.map(|entry| entry.path()).map_err(read)).collect()
}

fn parse(krate: &str, file: &str, path: PathBuf, text: &str) -> Result<Mutant, Failure> {
    let (header, diff) = text.split_once("\n--- ").ok_or("has no diff")?;
    let line = |key: &str| {
        let mut lines = header.lines().filter_map(|line| line.strip_prefix(key)?.strip_prefix(": "));
        lines.next().map(str::trim).filter(|value| !value.is_empty())
    };
    let wanted = |key: &str| line(key).ok_or_else(|| format!("has no line `{key}: …`"));
    let (rule, expect) = (wanted("rule")?, wanted("expect")?);
    wanted("source")?;
    let expect = expect.split(' ').map(Part::named).collect::<Result<Vec<_>, _>>()?;
    let simulated = expect.contains(&Part::Sim);
    if krate == "raft-core" && simulated == line("not-sim").is_some() {
        return Err("expects `sim`, or says in `not-sim: …` why not".to_owned());
    }
    let inside = format!("{krate}/src/");
    let sources = format!("--- {diff}");
    let mut paths = sources.lines().filter_map(|line| line.strip_prefix("--- a/"));
    if let Some(outside) = paths.find(|path| !path.starts_with(&inside)) {
        return Err(format!("breaks {outside}, which is not below {inside}"));
    }
    let name = format!("{krate}/{file}");
    Ok(Mutant { name, path, krate: krate.to_owned(), rule: rule.to_owned(), expect })
}

#[cfg(test)]
mod tests;
