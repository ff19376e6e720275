//! What a run leaves behind: a digest always, lines of text when asked.

use std::{collections::VecDeque, fmt, io};

use machine_core::{Instant, NodeId};

use crate::{Digest, Faults, Hearing, shiviz::ShiViz};

/// Records a run. Text is made only where someone wants to read it; the digest covers every event either way, so that
/// a silent run and a told one can be compared.
#[derive(Debug, Default)]
pub struct Trace {
    digest: Digest,
    events: u64,
    now: Instant,
    reader: Reader,
    /// Whose harm is told between the events, and how much of it was.
    faults: Option<(Faults, usize)>,
    shiviz: Option<ShiViz>,
}

impl Trace {
    /// Keeps only the digest.
    #[must_use]
    pub fn quiet() -> Self {
        Self::default()
    }

    /// Keeps the newest `lines` lines of text.
    #[must_use]
    pub fn tail(lines: usize) -> Self {
        Self { reader: Reader::Tail { lines: VecDeque::new(), lines_max: lines }, ..Self::default() }
    }

    /// Writes every line to `sink`, until the sink fails (a closed pipe is no failure of the run).
    #[must_use]
    pub fn told(sink: Box<dyn io::Write + Send>) -> Self {
        Self { reader: Reader::Sink(Sink(sink)), ..Self::default() }
    }

    /// Writes the run to `sink`, too, as a log that [ShiViz](https://bestchai.bitbucket.io/shiviz/) draws: each event
    /// of a node with its vector clock. Until the sink fails.
    #[must_use]
    pub fn with_shiviz(self, sink: Box<dyn io::Write + Send>) -> Self {
        Self { shiviz: Some(ShiViz::new(sink)), ..self }
    }

    /// The digest of everything so far.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// Events so far.
    #[must_use]
    pub const fn events(&self) -> u64 {
        self.events
    }

    /// The virtual time of the newest event.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.now
    }

    /// The lines kept, oldest first; empty unless made by [`Trace::tail`].
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        let lines = match &self.reader {
            Reader::Tail { lines, .. } => Some(lines),
            Reader::Nobody | Reader::Sink(_) => None,
        };
        lines.into_iter().flatten().map(String::as_str)
    }

    /// One event: `words` go into the digest, `text` (made lazily) to the reader.
    pub(crate) fn note(
        &mut self,
        now: Instant,
        who: Option<NodeId>,
        words: &[u64],
        text: fmt::Arguments<'_>,
    ) {
        self.events += 1;
        self.now = now;
        self.digest.word(now.as_nanos());
        self.digest.word(who.map_or(0, NodeId::get));
        for word in words {
            self.digest.word(*word);
        }
        if let (Some(shiviz), Some(who)) = (&mut self.shiviz, who) {
            shiviz.event(now, who, text);
        }
        self.tell(now, who, text);
    }

    /// What the node did last was to send this message.
    pub(crate) fn sent(&mut self, from: NodeId, to: NodeId, bytes: &[u8]) {
        if let Some(shiviz) = &mut self.shiviz {
            shiviz.sent(from, to, bytes);
        }
    }

    /// What the node does next is to receive this message; its bytes are made only where someone wants them.
    pub(crate) fn heard(&mut self, to: NodeId, from: NodeId, bytes: impl FnOnce() -> Vec<u8>) {
        if let Some(shiviz) = &mut self.shiviz {
            shiviz.heard(to, from, &bytes());
        }
    }

    /// Bytes that belong to the event noted last.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.digest.bytes(bytes);
    }

    /// From now on the harm that this gate lets through, and keeps in words, is told between the events.
    pub(crate) fn hear(&mut self, faults: &Faults) {
        self.faults = (faults.hearing() == Hearing::Words).then(|| (faults.clone(), 0));
    }

    fn tell(&mut self, now: Instant, who: Option<NodeId>, text: fmt::Arguments<'_>) {
        if matches!(self.reader, Reader::Nobody) {
            return;
        }
        if let Some((faults, told)) = &mut self.faults {
            let strikes = faults.since(*told);
            *told += strikes.len();
            for strike in strikes {
                self.line(strike.to_string());
            }
        }
        self.line(match who {
            Some(node) => format!("{now} {node} {text}"),
            None => format!("{now} -- {text}"),
        });
    }

    fn line(&mut self, line: String) {
        match &mut self.reader {
            Reader::Nobody => {}
            Reader::Tail { lines, lines_max } => {
                if lines.len() >= *lines_max {
                    lines.pop_front();
                }
                lines.push_back(line);
            }
            Reader::Sink(sink) => {
                if writeln!(sink.0, "{line}").is_err() {
                    self.reader = Reader::Nobody;
                }
            }
        }
    }
}

#[derive(Debug, Default)]
enum Reader {
    #[default]
    Nobody,
    Tail {
        lines: VecDeque<String>,
        lines_max: usize,
    },
    Sink(Sink),
}

struct Sink(Box<dyn io::Write + Send>);

impl fmt::Debug for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sink")
    }
}

#[cfg(test)]
mod tests;
