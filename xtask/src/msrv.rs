//! Compiles the workspace, without its tests, with the oldest Rust that Cargo.toml promises.
//!
//! That Rust is looked for in three places: the rustc of the path, rustup's toolchains, and Debian's archive, whose
//! packages are unpacked below target/msrv/ and never installed.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    Failure,
    debian::Archive,
    workspace::{Workspace, cargo, output},
};

/// Debian's packages of a second rustc that Debian keeps for its browsers: the compiler, and its library.
const DEBIAN: [&str; 2] = ["rustc-web", "libstd-rust-web-dev"];

/// A compiler of the promised version.
#[derive(Debug)]
struct Compiler {
    rustc: PathBuf,
    /// Folders with the libraries that it loads, when they are not where the system looks.
    libraries: Vec<PathBuf>,
}

/// Compiles with the oldest Rust; true when it does. That no such Rust is to be had is a failure, not a pass.
pub(crate) fn run(workspace: &Workspace) -> Result<bool, Failure> {
    let version = promised(workspace)?;
    let folder = workspace.root.join("target/msrv");
    let compiler = find(&version, &folder)?;
    println!("msrv: {}", describe(&compiler)?);
    let mut check = compiler.environment(cargo());
    // Without targets that need dev-dependencies: theirs is a newer Rust, and no user compiles them.
    check.args(["check", "--workspace", "--lib", "--bins", "--locked", "--keep-going"]);
    check.current_dir(&workspace.root).env("CARGO_TARGET_DIR", folder.join("build"));
    let status = check.status().map_err(|error| format!("cargo does not start: {error}"))?;
    println!("msrv: {} with Rust {version}", if status.success() { "compiles" } else { "does NOT compile" });
    Ok(status.success())
}

/// The version that all our packages promise, such as `1.85`.
fn promised(workspace: &Workspace) -> Result<String, Failure> {
    let mut promises: Vec<&str> = workspace.members().filter_map(|one| one.rust_version.as_deref()).collect();
    promises.sort_unstable();
    promises.dedup();
    match promises.as_slice() {
        [one] => Ok((*one).to_owned()),
        several => Err(format!("our packages promise different Rusts ({}); say one", several.join(", "))),
    }
}

fn find(version: &str, folder: &Path) -> Result<Compiler, Failure> {
    let path = Compiler { rustc: "rustc".into(), libraries: Vec::new() };
    if is(&path, version) {
        return Ok(path);
    }
    if let Some(rustc) = in_rustup(version) {
        return Ok(Compiler { rustc, libraries: Vec::new() });
    }
    println!("msrv: no Rust {version} on the path nor in rustup; taking it from Debian's archive");
    from_debian(version, folder).map_err(|why| {
        format!(
            "no Rust {version} to compile with. Install one: `rustup toolchain install {version} --profile minimal`\n\
             (Debian's {} could not be used: {why})",
            DEBIAN[0]
        )
    })
}

/// The rustc of rustup's toolchain, when it is installed; nothing is downloaded.
fn in_rustup(version: &str) -> Option<PathBuf> {
    let names = [version.to_owned(), format!("{version}.0"), format!("{version}.1")];
    names.iter().find_map(|name| {
        let mut which = Command::new("rustup");
        let found =
            output(which.env("RUSTUP_AUTO_INSTALL", "0").args(["which", "rustc", "--toolchain", name]))
                .ok()?;
        let compiler = Compiler { rustc: found.trim().into(), libraries: Vec::new() };
        is(&compiler, version).then_some(compiler.rustc)
    })
}

/// Downloads and unpacks Debian's rustc, once.
fn from_debian(version: &str, folder: &Path) -> Result<Compiler, Failure> {
    let unpacked = folder.join("debian");
    let compiler = debian_compiler(&unpacked);
    if is(&compiler, version) {
        return Ok(compiler);
    }
    let archive = Archive::below(folder, "msrv")?;
    archive.unpack(&debian_packages(&archive, version)?, &unpacked, "msrv")?;
    describe(&compiler)?;
    if is(&compiler, version) { Ok(compiler) } else { Err("what it unpacked is another version".to_owned()) }
}

/// The packages with the version to take, as apt wants them: `rustc-web=1.85.0+dfsg3-1~deb12u3`.
fn debian_packages(archive: &Archive, version: &str) -> Result<Vec<String>, Failure> {
    let offers = archive.offers(DEBIAN[0])?;
    let exact =
        newest(&offers, version).ok_or_else(|| format!("{} is not offered in {version}", DEBIAN[0]))?;
    // The library has the version in its name, too, and depends on the system's libraries that may be missing.
    let library = format!("libstd-rust-web-{version}");
    Ok(DEBIAN.into_iter().chain([library.as_str()]).map(|name| format!("{name}={exact}")).collect())
}

/// The first, which is the newest, version among `apt-cache madison`'s lines that is a release of this Rust.
fn newest<'a>(offers: &'a str, version: &str) -> Option<&'a str> {
    let offered = offers.lines().filter_map(|line| line.split('|').nth(1)).map(str::trim);
    offered.into_iter().find(|offer| is_release(offer, version))
}

/// Whether `1.85.0+dfsg` or `1.85.1` is a release of `1.85`; `1.850.0` is not.
fn is_release(full: &str, version: &str) -> bool {
    full.strip_prefix(version).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

fn debian_compiler(unpacked: &Path) -> Compiler {
    let triple = format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    let libraries = vec![unpacked.join(triple), unpacked.join("usr/lib")];
    Compiler { rustc: unpacked.join("usr/bin/rustc"), libraries }
}

fn is(compiler: &Compiler, version: &str) -> bool {
    let described = describe(compiler).unwrap_or_default();
    described.split(' ').nth(1).is_some_and(|full| is_release(full, version))
}

fn describe(compiler: &Compiler) -> Result<String, Failure> {
    let mut rustc = compiler.environment(Command::new(&compiler.rustc));
    Ok(output(rustc.arg("--version"))?.trim().to_owned())
}

impl Compiler {
    /// The command, made to use this compiler with its libraries, and no wrapper around it.
    fn environment(&self, mut command: Command) -> Command {
        command.env("RUSTC", &self.rustc).env_remove("RUSTC_WRAPPER").env_remove("RUSTC_WORKSPACE_WRAPPER");
        // What cargo set for us points at the libraries of another compiler.
        command.env_remove("LD_LIBRARY_PATH");
        if let Ok(folders) = std::env::join_paths(&self.libraries).as_ref() {
            if !folders.is_empty() {
                command.env("LD_LIBRARY_PATH", folders);
            }
        }
        command
    }
}

#[cfg(test)]
mod tests;
