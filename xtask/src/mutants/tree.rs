//! The copy of the repository that is broken and mended again.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use super::patch::Mutant;
use crate::{Failure, workspace::output};

/// A copy of the files that git tracks or would track, with target folders of its own.
#[derive(Debug)]
pub(super) struct Tree {
    root: PathBuf,
    /// `target/mutants` of the root.
    home: PathBuf,
    files: BTreeSet<PathBuf>,
}

impl Tree {
    /// Where the copy goes; nothing is copied before [`restore`](Self::restore).
    pub(super) fn open(root: &Path) -> Result<Self, Failure> {
        let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"];
        let names = output(Command::new("git").current_dir(root).args(list))?;
        let files = names.split_terminator('\0').map(PathBuf::from).filter(|path| root.join(path).is_file());
        Ok(Self { root: root.to_path_buf(), home: root.join("target/mutants"), files: files.collect() })
    }

    /// The copy's root.
    pub(super) fn path(&self) -> PathBuf {
        self.home.join("tree")
    }

    /// A folder for what cargo makes of the copy.
    pub(super) fn target(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    /// Makes the copy equal to the original. Files that are equal are not touched, so that cargo compiles only what
    /// has changed.
    pub(super) fn restore(&self) -> Result<(), Failure> {
        let copy = self.path();
        let failed = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
        for path in &self.files {
            let (from, to) = (self.root.join(path), copy.join(path));
            let original = fs::read(&from).map_err(|error| failed(&from, error))?;
            if fs::read(&to).is_ok_and(|copied| copied == original) {
                continue;
            }
            let folder = to.parent().unwrap_or(&copy);
            fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
            fs::write(&to, original).map_err(|error| failed(&to, error))?;
        }
        self.remove_others(&copy).map_err(|error| failed(&copy, error))
    }

    /// Breaks the copy, which was restored before.
    pub(super) fn apply(&self, mutant: &Mutant) -> Result<(), Failure> {
        let mut git = Command::new("git");
        // Inside a repository git would take the copy for a part of it, and skip what it does not track.
        git.env("GIT_CEILING_DIRECTORIES", &self.home).env_remove("GIT_DIR").env_remove("GIT_WORK_TREE");
        output(git.current_dir(self.path()).arg("apply").arg(&mutant.path))?;
        if self.is_equal() {
            return Err(format!("{} changes nothing", mutant.name));
        }
        Ok(())
    }

    fn is_equal(&self) -> bool {
        let same = |path: &PathBuf| {
            let (one, other) = (fs::read(self.root.join(path)), fs::read(self.path().join(path)));
            one.is_ok() && one.ok() == other.ok()
        };
        self.files.iter().all(same)
    }

    /// Removes files that the original lacks: cargo would compile them.
    fn remove_others(&self, folder: &Path) -> io::Result<()> {
        let copy = self.path();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                self.remove_others(&path)?;
            } else if path.strip_prefix(&copy).is_ok_and(|inside| !self.files.contains(inside)) {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }
}
