//! What a node is, apart from time and chance: for explorers of small worlds, which must know when they have been
//! somewhere before.
//!
//! Every structure is taken apart field by field, and what is left out is named: a field that is added later does not
//! compile until somebody has thought about it.

use core::hash::{Hash, Hasher};

use machine_core::NodeId;

use crate::{
    Raft,
    progress::{Progress, ProgressState},
    quorum::Votes,
    raft::{Applying, DiskState, Fetching, Outstanding, Reader, Told},
    role::{Campaign, Following, Leading, Peer, Role, Timer, Transfer},
};

impl Raft {
    /// Feeds `state` with everything that decides what this node does next, except time and chance.
    ///
    /// Two nodes of one configuration that feed the same bytes answer the same calls with the same outputs, as long as
    /// time tells them apart in nothing. *Left out*: the time, when somebody was last heard, deadlines (but not which
    /// timers run), the generator; the configuration besides the node's own id; the ids of writes, fetches and reads
    /// (only their order is the node's business); and how large the next block of entries will be, which decides no
    /// more than where a run ends.
    ///
    /// Whoever merges states by this must see to it that the answers to "was a leader heard lately?" and "which timer
    /// is due?" follow from what the digest holds. Walks the log in memory; allocates nothing. Not stable across
    /// versions: never store it.
    pub fn hash_state(&self, state: &mut impl Hasher) {
        self.hash_state_renamed(|id| id, state);
    }

    /// Like [`hash_state`](Self::hash_state), as if every node were called what `rename` calls it; `rename` must be
    /// one to one. Voters are interchangeable, so an explorer may take states that differ only in names for one.
    pub fn hash_state_renamed(&self, rename: impl Fn(NodeId) -> NodeId, state: &mut impl Hasher) {
        let Self {
            limits,
            peers,
            rng: _,
            now: _,
            timers,
            term,
            vote,
            role,
            leader,
            leader_heard: _,
            log,
            commit,
            disk,
            apply,
            reads,
            fetches,
            fetch_issued: _,
            transfer_failed,
            told,
            halted,
            owed: _,
        } = self;
        let names = Names { peers, rename };
        names.of(limits.id).hash(state);
        (term, names.maybe(*vote), names.maybe(*leader), commit).hash(state);
        for timer in [Timer::Election, Timer::Heartbeat, Timer::CheckQuorum, Timer::Commit, Timer::Transfer] {
            timers.deadline(timer).is_some().hash(state);
        }
        names.in_order(|peer| hash_peer(&peers[peer], state));
        hash_role(role, &names, state);
        log.hash_entries(state);
        hash_disk(disk, &names, state);
        let Applying { handed, applied, inflight, fetched } = apply;
        (handed, applied, inflight, fetched).hash(state);
        reads.hash_batches(state);
        fetches.len().hash(state);
        for Fetching { id: _, pos, reader } in fetches.iter() {
            let reader = match reader {
                Reader::Apply => (0, None),
                Reader::Follower(peer) => (1, Some(names.of(peers[*peer].id))),
                Reader::Nobody => (2, None),
            };
            (pos, reader).hash(state);
        }
        let Told { term, leader, role, halt } = *told;
        (role, term, names.maybe(leader), names.maybe(*transfer_failed)).hash(state);
        (halted.is_some(), halt).hash(state);
    }
}

/// What the nodes are called.
struct Names<'a, R> {
    peers: &'a [Peer],
    rename: R,
}

impl<R: Fn(NodeId) -> NodeId> Names<'_, R> {
    fn of(&self, id: NodeId) -> NodeId {
        (self.rename)(id)
    }

    fn maybe(&self, id: Option<NodeId>) -> Option<NodeId> {
        id.map(|id| self.of(id))
    }

    /// Visits the places of the peers, by their names.
    fn in_order(&self, mut visit: impl FnMut(usize)) {
        let mut newest = None;
        for _ in self.peers {
            let next = (0..self.peers.len())
                .filter(|peer| newest.is_none_or(|newest| self.of(self.peers[*peer].id) > newest))
                .min_by_key(|peer| self.of(self.peers[*peer].id))
                .expect("names are one to one");
            newest = Some(self.of(self.peers[next].id));
            visit(next);
        }
    }

    fn hash_votes(&self, votes: Votes, state: &mut impl Hasher) {
        self.in_order(|peer| votes.has(peer).hash(state));
        votes.has(self.peers.len()).hash(state);
    }
}

fn hash_peer(peer: &Peer, state: &mut impl Hasher) {
    // When it was heard is left out.
    peer.word().hash(state);
}

fn hash_role(role: &Role, names: &Names<'_, impl Fn(NodeId) -> NodeId>, state: &mut impl Hasher) {
    role.name().hash(state);
    match role {
        Role::Follower(Following { session, round, verified, acked, reply_at, rejection }) => {
            (session, round, verified, acked, reply_at, rejection).hash(state);
        }
        Role::PreCandidate(votes) => names.hash_votes(*votes, state),
        Role::Candidate(Campaign { votes, transfer }) => {
            names.hash_votes(*votes, state);
            transfer.hash(state);
        }
        Role::Leader(Leading { followers, term_start, furthest: _, transfer }) => {
            names.in_order(|peer| hash_progress(&followers[peer], state));
            let transfer = transfer.map(|Transfer { to, told }| (names.of(to), told));
            (term_start, transfer).hash(state);
        }
    }
}

fn hash_progress(follower: &Progress, state: &mut impl Hasher) {
    let Progress {
        session,
        matched,
        next,
        state: progress,
        inflight,
        window,
        round,
        commit_sent,
        heard: _,
        asked: _,
        due,
        fetched,
    } = follower;
    let progress = match progress {
        ProgressState::Probe { waiting } => Some(*waiting),
        ProgressState::Streaming => None,
    };
    (session, matched, next, progress, inflight, window, round, commit_sent, *due as u8, fetched).hash(state);
}

fn hash_disk(disk: &DiskState, names: &Names<'_, impl Fn(NodeId) -> NodeId>, state: &mut impl Hasher) {
    let DiskState { writes: _, earlier, written, durable } = disk;
    disk.outstanding().hash(state);
    for Outstanding { id: _, state: (term, vote), log } in earlier.iter() {
        (term, names.maybe(*vote), log).hash(state);
    }
    for (term, vote) in [written, durable] {
        (term, names.maybe(*vote)).hash(state);
    }
}

#[cfg(test)]
mod tests;
