use crate::{Index, LogPos, Round, Run, SessionId, Term};

/// What peers say to each other.
///
/// | message | from | to | answered by |
/// |---|---|---|---|
/// | `PreVote` | a node that hears no leader | all | `PreVoteReply` |
/// | `Vote` | candidate | all | `VoteReply` |
/// | `Append` | leader | each follower | `AppendReply`, when asked for or when it holds entries |
/// | `TimeoutNow` | leader that gives way | its chosen successor | a `Vote` |
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message {
    /// "Would you vote for me in this term?" (thesis §9.6). Changes nothing at the receiver.
    PreVote {
        /// The term in which the sender would stand: one above its own.
        term: Term,
        /// The sender's last entry.
        last: LogPos,
    },
    /// The answer to `PreVote`.
    PreVoteReply {
        /// The term asked about when granted; the receiver's own when not, so that a laggard learns of it.
        term: Term,
        /// Whether the sender would vote so.
        granted: bool,
    },
    /// "Vote for me" (Raft §5.2, Figure 2 `RequestVote`). Sent only when the sender's vote for itself is durable.
    Vote {
        /// The candidate's term.
        term: Term,
        /// The candidate's last entry.
        last: LogPos,
        /// Whether the leader asked for this election, so that hearing from a leader is no reason to refuse
        /// (thesis §3.10, §4.2.3).
        transfer: bool,
    },
    /// The answer to `Vote`. Sent only when the vote is durable.
    VoteReply {
        /// The voter's term.
        term: Term,
        /// Whether the vote was given.
        granted: bool,
    },
    /// Entries, heartbeat, commit index and read round in one (Raft §5.3, Figure 2 `AppendEntries`).
    Append {
        /// The leader's term.
        term: Term,
        /// The stretch of replication to this follower.
        session: SessionId,
        /// The entry just before those sent; also what an empty append asks about.
        prev: LogPos,
        /// The leader's commit index.
        commit: Index,
        /// The newest question "am I still the leader?".
        round: Round,
        /// Whether an answer is wanted at once. Entries are answered in any case, when they are durable.
        reply: bool,
        /// The entries, of one term, or none.
        run: Option<Run>,
    },
    /// The answer to `Append`. What it claims to hold is durable.
    AppendReply {
        /// The follower's term.
        term: Term,
        /// The newest session that the follower knows of; only an answer of the leader's present one counts.
        session: SessionId,
        /// The newest round seen in this session.
        round: Round,
        /// Whether the entries were taken.
        outcome: Outcome,
    },
    /// "Stand for election at once" (thesis §3.10).
    TimeoutNow {
        /// The leader's term.
        term: Term,
    },
}

/// Which message it is, without what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageKind {
    /// [`Message::PreVote`].
    PreVote,
    /// [`Message::PreVoteReply`].
    PreVoteReply,
    /// [`Message::Vote`].
    Vote,
    /// [`Message::VoteReply`].
    VoteReply,
    /// [`Message::Append`].
    Append,
    /// [`Message::AppendReply`].
    AppendReply,
    /// [`Message::TimeoutNow`].
    TimeoutNow,
}

/// What became of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The follower's log equals the leader's up to here, durably.
    Accepted {
        /// The last index known to agree and to be durable.
        matched: Index,
    },
    /// The follower has no entry that matches `prev`.
    Rejected {
        /// The index asked about.
        prev: Index,
        /// The last place at which the logs may still agree: no later than `prev`, and of no later term
        /// (Raft §5.3, last paragraphs; jumps over whole terms as etcd's `findConflictByTerm`).
        hint: LogPos,
    },
}

impl Message {
    /// Which message it is.
    #[must_use]
    pub const fn kind(&self) -> MessageKind {
        match self {
            Self::PreVote { .. } => MessageKind::PreVote,
            Self::PreVoteReply { .. } => MessageKind::PreVoteReply,
            Self::Vote { .. } => MessageKind::Vote,
            Self::VoteReply { .. } => MessageKind::VoteReply,
            Self::Append { .. } => MessageKind::Append,
            Self::AppendReply { .. } => MessageKind::AppendReply,
            Self::TimeoutNow { .. } => MessageKind::TimeoutNow,
        }
    }

    /// The sender's term; for `PreVote` and a granted `PreVoteReply` the term asked about.
    #[must_use]
    pub const fn term(&self) -> Term {
        match self {
            Self::PreVote { term, .. }
            | Self::PreVoteReply { term, .. }
            | Self::Vote { term, .. }
            | Self::VoteReply { term, .. }
            | Self::Append { term, .. }
            | Self::AppendReply { term, .. }
            | Self::TimeoutNow { term } => *term,
        }
    }
}
