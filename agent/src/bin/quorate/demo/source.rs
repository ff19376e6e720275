//! The lines of the demo, as often as they are wanted: once to send, and once for each node to compare.

use std::{
    fs::File,
    io::BufReader,
    path::{Path, PathBuf},
};

use agent::{input::Input, lines::Summary, text::MadeText};

use crate::Failure;

/// Where the lines come from.
#[derive(Clone, Debug)]
pub(crate) enum Source {
    File { path: PathBuf, lines: u64 },
    Made { seed: u64, lines: u64, line_bytes_min: usize },
}

/// One pass through the lines.
pub(crate) enum Pass {
    File { path: PathBuf, input: Box<Input<BufReader<File>>> },
    Made { text: MadeText, line_bytes_min: usize },
}

impl Source {
    /// The lines of a file; counts them, and finds out whether all can be sent.
    pub(crate) fn file(path: &Path) -> Result<Self, Failure> {
        let unreadable = |error| Failure::new(format!("{} cannot be read: {error}", path.display()));
        if !path.metadata().map_err(unreadable)?.is_file() {
            return Err(Failure::new(format!(
                "{} is not a regular file; its lines are read more than once, so save them to one first",
                path.display()
            )));
        }
        let mut source = Self::File { path: path.to_owned(), lines: 0 };
        let mut pass = source.pass()?;
        let mut count = 0;
        while pass.next_line()?.is_some() {
            count += 1;
        }
        if let Self::File { lines, .. } = &mut source {
            *lines = count;
        }
        Ok(source)
    }

    pub(crate) const fn lines(&self) -> u64 {
        match self {
            Self::File { lines, .. } | Self::Made { lines, .. } => *lines,
        }
    }

    pub(crate) fn describe(&self) -> String {
        match self {
            Self::File { path, lines } => format!("{lines} lines of {}", path.display()),
            Self::Made { seed, lines, line_bytes_min: 0 } => format!("{lines} lines made from seed {seed}"),
            Self::Made { seed, lines, line_bytes_min } => {
                format!("{lines} lines of at least {line_bytes_min} bytes made from seed {seed}")
            }
        }
    }

    pub(crate) fn pass(&self) -> Result<Pass, Failure> {
        Ok(match self {
            Self::File { path, .. } => {
                let unreadable = |error| Failure::new(format!("{} cannot be read: {error}", path.display()));
                let reader = BufReader::with_capacity(64 << 10, File::open(path).map_err(unreadable)?);
                Pass::File { path: path.clone(), input: Box::new(Input::new(reader)) }
            }
            Self::Made { seed, lines, line_bytes_min } => {
                Pass::Made { text: MadeText::new(*seed, *lines), line_bytes_min: *line_bytes_min }
            }
        })
    }

    /// Whether what was sent is what a pass gives now: a file that somebody writes to proves nothing.
    pub(crate) fn check_unchanged(&self, sent: Summary) -> Result<(), Failure> {
        let mut now = Summary::default();
        let mut pass = self.pass()?;
        while let Some(line) = pass.next_line()? {
            now.push(&line);
        }
        if now == sent {
            return Ok(());
        }
        Err(Failure::new(format!("{} changed while the demo ran; give it a file at rest", self.describe())))
    }
}

impl Pass {
    pub(crate) fn next_line(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        match self {
            Self::File { path, input } => {
                input.next_line().map_err(|error| Failure::new(format!("{}: {error}", path.display())))
            }
            Self::Made { text, line_bytes_min } => Ok(text.next().map(|line| {
                let mut line = line.into_bytes();
                if line.len() < *line_bytes_min {
                    line.resize(*line_bytes_min, b'.');
                }
                line
            })),
        }
    }
}
