//! Nothing is told before it is durable (Raft Figure 2, "updated on stable storage before responding"): each message
//! is held against the sender's disk at the moment at which it leaves. Votes have a judge of their own.

use machine_core::NodeId;
use raft_core::{Message, Outcome, Run, Term};

use super::{Verdict, hold};
use crate::disk::{Image, Ledger};

const TERM: &str = "terms are durable before they are told";
const ACK: &str = "entries are durable before they are acknowledged";
const EQUAL: &str = "acknowledged entries equal the leader's";
const APPLIED: &str = "what is applied is durable";

/// A message leaves `from`; `leading` is the receiver's term if it leads.
pub(crate) fn sent(
    from: NodeId,
    message: &Message,
    disk: &Ledger,
    to: &Ledger,
    leading: Option<Term>,
) -> Verdict {
    let durable = disk.durable();
    let term = message.term();
    let promises = match message {
        Message::Vote { .. } | Message::VoteReply { granted: true, .. } => true,
        Message::AppendReply { outcome, .. } => matches!(outcome, Outcome::Accepted { .. }),
        Message::VoteReply { granted: false, .. }
        | Message::PreVote { .. }
        | Message::PreVoteReply { .. }
        | Message::Append { .. }
        | Message::TimeoutNow { .. } => false,
    };
    let known = durable.hard_state().term;
    hold(!promises || known >= term, TERM, || {
        format!("{from} sends {message:?} when its disk holds {known}")
    })?;
    let Message::AppendReply { outcome: Outcome::Accepted { matched }, .. } = message else { return Ok(()) };
    let own = durable.term_at(*matched);
    hold(own.is_some(), ACK, || {
        format!("{from} acknowledges {matched} when its disk ends with {}", durable.last())
    })?;
    // Only while the receiver still leads the term named is its log the one that was meant.
    if leading == Some(term) {
        let leaders = to.written().term_at(*matched);
        hold(own == leaders, EQUAL, || {
            format!("{from} acknowledges {matched} of {own:?}, its leader has {leaders:?} there")
        })?;
    }
    Ok(())
}

/// The node hands `run` to its state machine.
pub(crate) fn applied(node: NodeId, run: &Run, durable: &Image) -> Verdict {
    hold(durable.term_at(run.last()) == Some(run.term()), APPLIED, || {
        format!("{node} applies {run:?} when its disk ends with {}", durable.last())
    })
}

#[cfg(test)]
mod tests;
