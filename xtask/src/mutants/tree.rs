//! The copy of the repository that is broken and mended again.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    process::Command,
};

use super::patch::Mutant;
use crate::{Failure, workspace::output};

/// A copy of the files that git tracks or would track, with target folders of its own.
#[derive(Debug)]
pub(super) struct Tree {
    /// `target/mutants` of the root.
    home: PathBuf,
    /// What the files held when the run began: who goes on working meanwhile does not change what is judged.
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Tree {
    /// Where the copy goes; nothing is copied before [`restore`](Self::restore).
    pub(super) fn open(root: &Path) -> Result<Self, Failure> {
        let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"];
        let names = output(Command::new("git").current_dir(root).args(list))?;
        let files = names.split_terminator('\0').map(PathBuf::from).filter(|path| root.join(path).is_file());
        let contents = files.map(|path| match fs::read(root.join(&path)) {
            Ok(content) => Ok((path, content)),
            Err(error) => Err(format!("{}: {error}", path.display())),
        });
        Ok(Self { home: root.join("target/mutants"), files: contents.collect::<Result<_, Failure>>()? })
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
        for (path, original) in &self.files {
            let to = copy.join(path);
            if fs::read(&to).is_ok_and(|copied| copied == *original) {
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
        let same = |(path, original): (&PathBuf, &Vec<u8>)| {
            fs::read(self.path().join(path)).is_ok_and(|copied| copied == *original)
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
            } else if path.strip_prefix(&copy).is_ok_and(|inside| !self.files.contains_key(inside)) {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }
}
