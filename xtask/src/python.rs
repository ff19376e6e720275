//! Installs the Python package from source into an environment of its own, and runs what tests it there.
//!
//! The environment is made anew each time, below target/python/: pip, and the Rust toolchain that builds the wheel, are
//! all that a user has.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Failure,
    workspace::{output, shown},
};

/// The oldest Python that the wheel is for.
const OLDEST: (u32, u32) = (3, 11);

/// The names under which an interpreter may be found.
const INTERPRETERS: [&str; 6] = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"];

/// Installs, tests and checks; true when all of it passes.
pub(crate) fn run(root: &Path) -> Result<bool, Failure> {
    let (interpreter, version) = find()?;
    let folder = root.join("target/python");
    let python = environment(interpreter, &folder)?;
    let package = root.join("bindings-py");
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    let path = activated(&python)?;
    let steps: [(&Path, Vec<&str>); 7] = [
        (&package, [&install[..], &["-r", "requirements.txt"]].concat()),
        (root, [&install[..], &["./bindings-py"]].concat()),
        (&package, vec!["-m", "pytest", "--quiet", "-p", "no:cacheprovider"]),
        (&package, vec!["-m", "mypy", "--strict", "tests", "bench", "examples", "python/quorate"]),
        (&folder, vec!["-m", "mypy.stubtest", "quorate"]),
        // The checker of pyright, in a package that needs nothing from elsewhere than Python's registry.
        (&package, vec!["-m", "basedpyright", "--warnings"]),
        // matplotlib, in which one method draws, has types of its own making.
        (&folder, vec!["-m", "basedpyright", "--verifytypes", "quorate", "--ignoreexternal"]),
    ];
    for (place, words) in &steps {
        let mut command = Command::new(&python);
        command.args(words).current_dir(place).env("MYPY_CACHE_DIR", folder.join("mypy"));
        // Packages of other environments are none of this one, and a test leaves nothing in the sources.
        command.env_remove("PYTHONPATH").env_remove("PYTHONHOME").env("PYTHONDONTWRITEBYTECODE", "1");
        command.env("PATH", &path);
        command.env("HYPOTHESIS_STORAGE_DIRECTORY", folder.join("hypothesis"));
        println!("python: {}", shown(&command));
        let status = command.status().map_err(|error| format!("`{}`: {error}", shown(&command)))?;
        if !status.success() {
            println!("python: `{}` FAILED", shown(&command));
            return Ok(false);
        }
    }
    println!(
        "python: passed, installed from source into Python {version}: pytest, mypy --strict, stubtest, pyright"
    );
    Ok(true)
}

/// The first interpreter that is new enough, and its version.
fn find() -> Result<(&'static str, String), Failure> {
    let ask = ["-c", "import sys, venv, ensurepip; print(*sys.version_info[:3], sep='.')"];
    let versions = INTERPRETERS.iter().filter_map(|name| {
        let version = output(Command::new(name).args(ask)).ok()?;
        Some((*name, version.trim().to_owned()))
    });
    let mut suitable = versions.filter(|(_, version)| is_new_enough(version));
    suitable.next().ok_or_else(|| {
        let (major, minor) = OLDEST;
        format!("no Python {major}.{minor} or newer with venv and pip on the path; install one (python3-venv on Debian)")
    })
}

/// Whether `3.11.7` is one for which the wheel is built.
fn is_new_enough(version: &str) -> bool {
    let mut numbers = version.split('.').map(str::parse::<u32>);
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= OLDEST,
        _ => false,
    }
}

/// Makes the environment anew; its interpreter.
fn environment(interpreter: &str, folder: &Path) -> Result<PathBuf, Failure> {
    let venv = folder.join("venv");
    output(Command::new(interpreter).args(["-m", "venv", "--clear"]).arg(&venv))?;
    Ok(venv.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" }))
}

/// The search path in which the environment comes first: pyright asks the first Python there what is installed.
fn activated(python: &Path) -> Result<OsString, Failure> {
    let programs = python.parent().map(Path::to_path_buf);
    let rest = env::var_os("PATH").unwrap_or_default();
    env::join_paths(programs.into_iter().chain(env::split_paths(&rest)))
        .map_err(|error| format!("the environment cannot be put on the path: {error}"))
}

#[cfg(test)]
mod tests;
