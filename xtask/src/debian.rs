//! Debian's archive, as a place to take programs from that the machine lacks: downloaded and unpacked below a folder,
//! never installed.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{Failure, workspace::output};

/// apt with lists and an archive of its own below the folder, so that it needs no rights, and knows versions that the
/// system's own lists do not mention. The state of the installed packages is the system's, and only read.
#[derive(Debug)]
pub(crate) struct Archive {
    lists: PathBuf,
    cache: PathBuf,
}

impl Archive {
    /// Brings the lists up to date. `who` wants to know.
    pub(crate) fn below(folder: &Path, who: &str) -> Result<Self, Failure> {
        let archive = Self { lists: folder.join("apt/lists"), cache: folder.join("apt/cache") };
        for partial in [archive.lists.join("partial"), archive.archives().join("partial")] {
            fs::create_dir_all(&partial).map_err(|error| format!("{}: {error}", partial.display()))?;
        }
        println!("{who}: apt update, into {}", folder.display());
        output(archive.command("apt-get").args(["update", "--quiet"]))?;
        Ok(archive)
    }

    /// What is offered of a package: a line `name | version | place` each, the newest first.
    pub(crate) fn offers(&self, package: &str) -> Result<String, Failure> {
        output(self.command("apt-cache").args(["madison", package]))
    }

    /// Downloads the packages (as apt wants them: `name`, or `name=version`) and what of their dependencies the
    /// system lacks, and unpacks them into a folder.
    pub(crate) fn unpack(&self, packages: &[String], into: &Path, who: &str) -> Result<(), Failure> {
        println!("{who}: apt download {}", packages.join(" "));
        // What is installed and yet does not serve is downloaded as well.
        let download =
            ["install", "--download-only", "--reinstall", "--yes", "--quiet", "--allow-downgrades"];
        output(self.command("apt-get").args(download).arg("--no-install-recommends").args(packages))?;
        for package in self.downloaded()? {
            output(Command::new("dpkg-deb").arg("--extract").arg(&package).arg(into))?;
        }
        Ok(())
    }

    fn archives(&self) -> PathBuf {
        self.cache.join("archives")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.arg("-o").arg(format!("Dir::State::lists={}", self.lists.display()));
        command.arg("-o").arg(format!("Dir::Cache={}", self.cache.display()));
        command.args(["-o", "APT::Sandbox::User=", "-o", "Debug::NoLocking=1"]);
        command
    }

    fn downloaded(&self) -> Result<Vec<PathBuf>, Failure> {
        let archives = self.archives();
        let entries = fs::read_dir(&archives).map_err(|error| format!("{}: {error}", archives.display()))?;
        let files = entries.filter_map(|entry| entry.ok().map(|entry| entry.path()));
        Ok(files.filter(|path| path.extension().is_some_and(|extension| extension == "deb")).collect())
    }
}
