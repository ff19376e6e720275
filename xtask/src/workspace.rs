//! What the chores know of the repository: its packages from `cargo metadata`, its files from git.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;

use crate::Failure;

/// The packages that the lock file names, ours and foreign, and the files that git tracks or would track.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) packages: Vec<Package>,
    pub(crate) files: Vec<File>,
}

/// One package of the dependency graph.
#[derive(Debug, Default)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) licence: Option<String>,
    /// Where it is downloaded from; nothing for our own.
    pub(crate) source: Option<String>,
    pub(crate) rust_version: Option<String>,
    /// The folder below the root, for our own.
    pub(crate) folder: String,
    pub(crate) dependencies: Vec<Dependency>,
}

/// One line of a package's manifest.
#[derive(Debug)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// The platform or cfg that it is limited to.
    pub(crate) target: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Normal,
    Dev,
    Build,
}

/// A text file of the repository.
#[derive(Debug)]
pub(crate) struct File {
    /// From the root, with `/` on every platform.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl Workspace {
    /// Asks cargo and git, and reads every text file.
    pub(crate) fn open() -> Result<Self, Failure> {
        let root = root()?;
        let json = output(cargo().current_dir(&root).args(["metadata", "--format-version=1", "--locked"]))?;
        let packages = packages(&json, &root)?;
        let files = files(&root)?;
        Ok(Self { root, packages, files })
    }

    /// Our own packages.
    pub(crate) fn members(&self) -> impl Iterator<Item = &Package> {
        self.packages.iter().filter(|package| package.source.is_none())
    }

    /// The text file with this path.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl File {
    /// A file that exists only in a test.
    #[cfg(test)]
    pub(crate) fn of(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The lines with their numbers, from 1.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(before, line)| (before + 1, line))
    }

    /// Whether the name ends in one of these, without the dot.
    pub(crate) fn is(&self, extensions: &[&str]) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
    }
}

/// The root of the repository, found from where this program was compiled: a workspace member one folder below it.
pub(crate) fn root() -> Result<PathBuf, Failure> {
    let here = env::var("CARGO_MANIFEST_DIR").unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    let root = Path::new(&here).parent().ok_or("xtask has no parent folder: start it as `cargo xtask`")?;
    Ok(root.to_path_buf())
}

/// The cargo that started us, or the one on the path.
pub(crate) fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Runs the command and returns what it printed; a failure quotes what it complained about.
pub(crate) fn output(command: &mut Command) -> Result<String, Failure> {
    let shown = shown(command);
    let output = command.output().map_err(|error| format!("`{shown}` does not start: {error}"))?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(format!("`{shown}` failed ({}):\n{}", output.status, complaint.trim_end()));
    }
    String::from_utf8(output.stdout).map_err(|_| format!("`{shown}` printed something that is not UTF-8"))
}

/// The command as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

fn packages(json: &str, root: &Path) -> Result<Vec<Package>, Failure> {
    let metadata: Value = serde_json::from_str(json).map_err(|error| format!("`cargo metadata`: {error}"))?;
    let packages = metadata["packages"].as_array().ok_or("`cargo metadata` names no packages")?;
    Ok(packages.iter().map(|package| self::package(package, root)).collect())
}

fn package(json: &Value, root: &Path) -> Package {
    let text = |key: &str| json[key].as_str().map(str::to_owned);
    let manifest = PathBuf::from(text("manifest_path").unwrap_or_default());
    let folder = manifest.parent().and_then(|folder| folder.strip_prefix(root).ok());
    Package {
        name: text("name").unwrap_or_default(),
        version: text("version").unwrap_or_default(),
        licence: text("license"),
        source: text("source"),
        rust_version: text("rust_version"),
        folder: folder.map(slashes).unwrap_or_default(),
        dependencies: json["dependencies"].as_array().into_iter().flatten().map(dependency).collect(),
    }
}

fn dependency(json: &Value) -> Dependency {
    Dependency {
        name: json["name"].as_str().unwrap_or_default().to_owned(),
        kind: match json["kind"].as_str() {
            Some("dev") => Kind::Dev,
            Some("build") => Kind::Build,
            _ => Kind::Normal,
        },
        target: json["target"].as_str().map(str::to_owned),
    }
}

/// Files that git tracks, and new ones that it does not ignore: a rule should speak before the commit.
fn files(root: &Path) -> Result<Vec<File>, Failure> {
    let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"];
    let names = output(Command::new("git").current_dir(root).args(list))?;
    let mut files = Vec::new();
    for path in names.split_terminator('\0') {
        // What is deleted but not yet committed cannot be read, and what is not UTF-8 is not ours to judge.
        let bytes = fs::read(root.join(path)).unwrap_or_default();
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(File { path: path.to_owned(), text });
        }
    }
    Ok(files)
}

fn slashes(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
