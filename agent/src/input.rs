//! Lines out of a file or a pipe, bounded.

use std::{
    fmt,
    io::{self, BufRead, Read},
};

use crate::entry::LINE_BYTES_MAX;

/// Reads line by line; never holds more than one line of at most [`LINE_BYTES_MAX`] bytes beside the reader's buffer.
///
/// A line ends with a line feed, which does not belong to it; the last one may lack it. Any other byte is content.
#[derive(Debug)]
pub struct Input<R> {
    reader: R,
    read: u64,
}

impl<R: BufRead> Input<R> {
    /// Reads from here on.
    #[must_use]
    pub const fn new(reader: R) -> Self {
        Self { reader, read: 0 }
    }

    /// The reader, to ask whether more is there already.
    #[must_use]
    pub const fn reader(&self) -> &R {
        &self.reader
    }

    /// The next line; `None` at the end.
    ///
    /// # Errors
    ///
    /// When the line is too long, or reading fails.
    pub fn next_line(&mut self) -> Result<Option<Vec<u8>>, InputError> {
        let number = self.read + 1;
        let mut line = Vec::new();
        let mut bounded = self.reader.by_ref().take(LINE_BYTES_MAX as u64 + 1);
        bounded.read_until(b'\n', &mut line).map_err(|error| InputError::Read { number, error })?;
        if line.is_empty() {
            return Ok(None);
        }
        if line.last() == Some(&b'\n') {
            line.pop();
        } else if line.len() > LINE_BYTES_MAX {
            return Err(InputError::TooLong { number });
        }
        self.read = number;
        Ok(Some(line))
    }
}

/// Why there is no next line. The lines before it were sound.
#[derive(Debug)]
pub enum InputError {
    /// The line is longer than [`LINE_BYTES_MAX`].
    TooLong {
        /// Its number; the first line has 1.
        number: u64,
    },
    /// Reading failed.
    Read {
        /// The number of the line; the first has 1.
        number: u64,
        /// Why.
        error: io::Error,
    },
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { number } => {
                write!(f, "line {number} is longer than {LINE_BYTES_MAX} bytes; split it")
            }
            Self::Read { number, error } => write!(f, "line {number} cannot be read: {error}"),
        }
    }
}

impl std::error::Error for InputError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::TooLong { .. } => None,
            Self::Read { error, .. } => Some(error),
        }
    }
}

#[cfg(test)]
mod tests;
