//! The layout of messages and of the hard state, versioned; the byte diagrams and golden vectors are in
//! `docs/raft-wire.md`.
//!
//! A message is a *head*, different for each receiver, and a *body*, the run's block, the same for all: an adapter
//! writes the two one after the other (vectored), and never copies or encodes the block again.

use alloc::vec::Vec;
use core::fmt;

use bytes::{Buf, BufMut, Bytes};
use machine_core::NodeId;

use crate::{HardState, Index, LogPos, Message, Outcome, Round, Run, RunError, SessionId, Term};

/// The version written, and the only one read.
pub const VERSION: u8 = 1;

/// Bytes of an encoded [`HardState`].
pub const HARD_STATE_BYTES: usize = 25;

/// The longest head, in bytes: that of an append with entries.
pub const HEAD_BYTES_MAX: usize = 64;

const PRE_VOTE: u8 = 1;
const PRE_VOTE_REPLY: u8 = 2;
const VOTE: u8 = 3;
const VOTE_REPLY: u8 = 4;
const APPEND: u8 = 5;
const APPEND_REPLY: u8 = 6;
const TIMEOUT_NOW: u8 = 7;

/// Bits of the flags byte; which of them a kind may set is checked.
const YES: u8 = 1;
const HAS_RUN: u8 = 2;

/// Appends the head of `message` to `out`, at most [`HEAD_BYTES_MAX`] bytes. The body, if any, is
/// [`Run::body`] of [`Message::run`], and follows directly.
pub fn encode_head(message: &Message, out: &mut Vec<u8>) {
    let (kind, flags) = match message {
        Message::PreVote { .. } => (PRE_VOTE, 0),
        Message::PreVoteReply { granted, .. } => (PRE_VOTE_REPLY, yes(*granted)),
        Message::Vote { transfer, .. } => (VOTE, yes(*transfer)),
        Message::VoteReply { granted, .. } => (VOTE_REPLY, yes(*granted)),
        Message::Append { reply, run, .. } => (APPEND, yes(*reply) | if run.is_some() { HAS_RUN } else { 0 }),
        Message::AppendReply { outcome, .. } => {
            (APPEND_REPLY, yes(matches!(outcome, Outcome::Accepted { .. })))
        }
        Message::TimeoutNow { .. } => (TIMEOUT_NOW, 0),
    };
    out.extend_from_slice(&[VERSION, kind, flags, 0]);
    out.put_u64_le(message.term().get());
    match message {
        Message::PreVote { last, .. } | Message::Vote { last, .. } => put_pos(out, *last),
        Message::Append { session, prev, commit, round, run, .. } => {
            out.put_u64_le(session.get());
            put_pos(out, *prev);
            out.put_u64_le(commit.get());
            out.put_u64_le(round.get());
            if let Some(run) = run {
                // The run's first index follows from `prev`.
                out.put_u64_le(run.term().get());
                out.put_u32_le(run.count());
            }
        }
        Message::AppendReply { session, round, outcome, .. } => {
            out.put_u64_le(session.get());
            out.put_u64_le(round.get());
            match outcome {
                Outcome::Accepted { matched } => out.put_u64_le(matched.get()),
                Outcome::Rejected { prev, hint } => {
                    out.put_u64_le(prev.get());
                    put_pos(out, *hint);
                }
            }
        }
        Message::PreVoteReply { .. } | Message::VoteReply { .. } | Message::TimeoutNow { .. } => {}
    }
}

/// Reads a message; its run shares `bytes` and copies nothing. The one encoding of each message is the only one read.
///
/// # Errors
///
/// When the bytes are no message. Nothing is allocated on the word of a length that the bytes do not bear out.
pub fn decode(mut bytes: Bytes) -> Result<Message, WireError> {
    let mut head = Reader(&mut bytes);
    let (version, kind) = (head.u8()?, head.u8()?);
    if version != VERSION {
        return Err(WireError::Version { found: version });
    }
    let (flags, reserved) = (head.u8()?, head.u8()?);
    let allowed = match kind {
        PRE_VOTE_REPLY | VOTE | VOTE_REPLY | APPEND_REPLY => YES,
        APPEND => YES | HAS_RUN,
        PRE_VOTE | TIMEOUT_NOW => 0,
        _ => return Err(WireError::UnknownKind { kind }),
    };
    if flags & !allowed != 0 || reserved != 0 {
        return Err(WireError::Flags { kind, flags });
    }
    let yes = flags & YES != 0;
    let term = Term::new(head.u64()?);
    let message = match kind {
        PRE_VOTE => Message::PreVote { term, last: head.pos()? },
        PRE_VOTE_REPLY => Message::PreVoteReply { term, granted: yes },
        VOTE => Message::Vote { term, last: head.pos()?, transfer: yes },
        VOTE_REPLY => Message::VoteReply { term, granted: yes },
        APPEND => return decode_append(bytes, term, yes, flags & HAS_RUN != 0),
        APPEND_REPLY => {
            let (session, round) = (SessionId::new(head.u64()?), Round::new(head.u64()?));
            let index = Index::new(head.u64()?);
            let outcome = if yes {
                Outcome::Accepted { matched: index }
            } else {
                Outcome::Rejected { prev: index, hint: head.pos()? }
            };
            Message::AppendReply { term, session, round, outcome }
        }
        _ => Message::TimeoutNow { term },
    };
    end(&bytes, message)
}

fn decode_append(mut bytes: Bytes, term: Term, reply: bool, has_run: bool) -> Result<Message, WireError> {
    let mut head = Reader(&mut bytes);
    let session = SessionId::new(head.u64()?);
    let prev = head.pos()?;
    let (commit, round) = (Index::new(head.u64()?), Round::new(head.u64()?));
    if !has_run {
        return end(&bytes, Message::Append { term, session, prev, commit, round, reply, run: None });
    }
    let (run_term, count) = (Term::new(head.u64()?), head.u32()?);
    // What is left is the body: `Run::decode` looks at every entry before anything is taken.
    let run = Run::decode(run_term, prev.index.next(), count, bytes).map_err(WireError::Run)?;
    Ok(Message::Append { term, session, prev, commit, round, reply, run: Some(run) })
}

impl Message {
    /// The entries it carries, if any: an append's.
    #[must_use]
    pub const fn run(&self) -> Option<&Run> {
        match self {
            Self::Append { run, .. } => run.as_ref(),
            Self::PreVote { .. }
            | Self::PreVoteReply { .. }
            | Self::Vote { .. }
            | Self::VoteReply { .. }
            | Self::AppendReply { .. }
            | Self::TimeoutNow { .. } => None,
        }
    }
}

impl HardState {
    /// The bytes to store: version, term, vote (zero for none), commit hint.
    #[must_use]
    pub fn encode(&self) -> [u8; HARD_STATE_BYTES] {
        let mut bytes = [0; HARD_STATE_BYTES];
        bytes[0] = VERSION;
        bytes[1..9].copy_from_slice(&self.term.get().to_le_bytes());
        bytes[9..17].copy_from_slice(&self.vote.map_or(0, NodeId::get).to_le_bytes());
        bytes[17..].copy_from_slice(&self.commit.get().to_le_bytes());
        bytes
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    ///
    /// When the bytes are of another version or length.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut bytes = bytes;
        let mut reader = Reader(&mut bytes);
        let version = reader.u8()?;
        if version != VERSION {
            return Err(WireError::Version { found: version });
        }
        let term = Term::new(reader.u64()?);
        let vote = NodeId::new(reader.u64()?);
        let commit = Index::new(reader.u64()?);
        end(bytes, Self { term, vote, commit })
    }
}

/// Why bytes are not what they should be. Nothing was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WireError {
    /// Another version wrote this.
    Version {
        /// The version found.
        found: u8,
    },
    /// No message has this kind.
    UnknownKind {
        /// The kind found.
        kind: u8,
    },
    /// Flags that this kind of message does not have.
    Flags {
        /// The kind.
        kind: u8,
        /// The flags found.
        flags: u8,
    },
    /// The bytes end too early.
    Truncated,
    /// Bytes are left over.
    TrailingBytes {
        /// How many.
        bytes: usize,
    },
    /// The entries are malformed.
    Run(RunError),
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Version { found } => {
                write!(
                    f,
                    "written by version {found}, but only version {VERSION} is read here; upgrade the older node"
                )
            }
            Self::UnknownKind { kind } => write!(f, "no message has the kind {kind}"),
            Self::Flags { kind, flags } => {
                write!(f, "flags {flags:#010b} do not go with a message of kind {kind}")
            }
            Self::Truncated => write!(f, "the bytes end too early"),
            Self::TrailingBytes { bytes } => write!(f, "{bytes} bytes are left over"),
            Self::Run(error) => error.fmt(f),
        }
    }
}

impl core::error::Error for WireError {}

/// Takes numbers off the front, never beyond the end.
struct Reader<'a, B>(&'a mut B);

impl<B: Buf> Reader<'_, B> {
    fn u8(&mut self) -> Result<u8, WireError> {
        self.0.try_get_u8().map_err(|_| WireError::Truncated)
    }

    fn u32(&mut self) -> Result<u32, WireError> {
        self.0.try_get_u32_le().map_err(|_| WireError::Truncated)
    }

    fn u64(&mut self) -> Result<u64, WireError> {
        self.0.try_get_u64_le().map_err(|_| WireError::Truncated)
    }

    fn pos(&mut self) -> Result<LogPos, WireError> {
        Ok(LogPos { term: Term::new(self.u64()?), index: Index::new(self.u64()?) })
    }
}

fn end<T>(rest: &[u8], value: T) -> Result<T, WireError> {
    if rest.is_empty() { Ok(value) } else { Err(WireError::TrailingBytes { bytes: rest.len() }) }
}

const fn yes(flag: bool) -> u8 {
    if flag { YES } else { 0 }
}

fn put_pos(out: &mut Vec<u8>, pos: LogPos) {
    out.put_u64_le(pos.term.get());
    out.put_u64_le(pos.index.get());
}

#[cfg(test)]
mod tests;
