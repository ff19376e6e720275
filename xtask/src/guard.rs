//! Holds the cost of our own core to its bars: builds the program that counts, finds what it counts with, and runs it.
//!
//! valgrind is looked for in two places: on the path, and in Debian's archive, whose package is unpacked below
//! target/guard/ and never installed.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Failure,
    debian::Archive,
    workspace::{cargo, output, shown},
};

/// Debian's package.
const DEBIAN: &str = "valgrind";

/// The folder below target/ in which cargo puts what it builds with the profile `bench`.
const BUILT: &str = "release";

/// Builds and counts; true when every figure is held. That no valgrind is to be had is a failure, not a pass.
pub(crate) fn run(root: &Path) -> Result<bool, Failure> {
    let target =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |folder| root.join(folder));
    let mut guard = command(root, &target, &root.join("target/guard"))?;
    let status = guard.status().map_err(|error| format!("{}: {error}", shown(&guard)))?;
    Ok(status.success())
}

/// What counts, built from the files below `root`; a valgrind that is not on the path is unpacked below `folder`.
pub(crate) fn command(root: &Path, target: &Path, folder: &Path) -> Result<Command, Failure> {
    let valgrind = Valgrind::find(folder)?;
    println!("guard: {}", valgrind.describe()?);
    let mut build = cargo();
    build.args([
        "build",
        "--profile",
        "bench",
        "--package",
        "quorate-benches",
        "--bins",
        "--locked",
        "--quiet",
    ]);
    output(build.current_dir(root).env("CARGO_TARGET_DIR", target))?;
    let program = target.join(BUILT).join("leader-limit").with_extension(env::consts::EXE_EXTENSION);
    let mut guard = valgrind.environment(Command::new(program));
    guard.arg("guard");
    Ok(guard)
}

/// A valgrind that runs.
#[derive(Debug)]
struct Valgrind {
    /// Where it was unpacked; nothing when it is on the path.
    unpacked: Option<PathBuf>,
}

impl Valgrind {
    fn find(folder: &Path) -> Result<Self, Failure> {
        let on_the_path = Self { unpacked: None };
        if on_the_path.describe().is_ok() {
            return Ok(on_the_path);
        }
        println!("guard: no valgrind on the path; taking it from Debian's archive");
        Self::from_debian(folder).map_err(|why| {
            format!(
                "no valgrind to count instructions with. Install one: `apt install valgrind`\n\
                 (Debian's could not be unpacked below target/guard: {why})"
            )
        })
    }

    /// Downloads and unpacks Debian's, once.
    fn from_debian(folder: &Path) -> Result<Self, Failure> {
        let unpacked = folder.join("debian");
        let valgrind = Self { unpacked: Some(unpacked.clone()) };
        if valgrind.describe().is_ok() {
            return Ok(valgrind);
        }
        Archive::below(folder, "guard")?.unpack(&[DEBIAN.to_owned()], &unpacked, "guard")?;
        valgrind.describe()?;
        Ok(valgrind)
    }

    /// Its version, once it has counted a program that does nothing: to start alone proves little.
    fn describe(&self) -> Result<String, Failure> {
        let mut nothing = self.environment(self.command());
        output(nothing.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "true"]))?;
        Ok(output(self.environment(self.command()).arg("--version"))?.trim().to_owned())
    }

    /// Its program; one that is not on our own path is not found by its name alone.
    fn command(&self) -> Command {
        match &self.unpacked {
            None => Command::new("valgrind"),
            Some(folder) => Command::new(folder.join("usr/bin/valgrind")),
        }
    }

    /// The command, made to find this valgrind by its name.
    fn environment(&self, mut command: Command) -> Command {
        let Some(folder) = &self.unpacked else { return command };
        let mut paths = vec![folder.join("usr/bin")];
        paths.extend(env::var_os("PATH").iter().flat_map(env::split_paths));
        if let Ok(paths) = env::join_paths(paths) {
            command.env("PATH", paths);
        }
        command.env("VALGRIND_LIB", folder.join("usr/libexec/valgrind"));
        command
    }
}

#[cfg(test)]
mod tests;
