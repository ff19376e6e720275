//! Calls into a core: what reached its node.

use std::time::Duration;

use machine_core::{Instant, Misuse, NodeId};
use raft_core::{Event as Fact, Index, LogPos, Message, RoleName, Status, wire};

use super::{
    client::place,
    judges::{Verdict, Violation, Weighed, bounds, hold, monotone},
    node::{Glimpse, Input, Node},
    record::What,
    world::World,
};

const HONEST: &str = "an honest peer is not blamed";
const DUTIFUL: &str = "a dutiful host is not blamed";
const PROGRESS: &str = "no output without progress";

/// With so many writes unconfirmed a core may keep the next to itself: then its disk does not know all that it knows.
pub(crate) const WRITES_HELD_BACK_FROM: u64 = 1000;

/// One call in so many is given a time a little before the last one's, where hosts are sloppy.
const SLOPPY_ONE_IN: u64 = 64;

impl World<'_> {
    /// Calls the core of a node that is up. Returns its status, if a judge has looked at it since.
    pub(crate) fn call(&mut self, node: usize, input: Input) -> Result<Option<Status>, Violation> {
        let now = self.local_time(node, matches!(input, Input::Tick));
        let id = self.nodes[node].id;
        self.judges.attendance.called(node, now);
        let Node { core: Some(core), confirmed, leading, .. } = &mut self.nodes[node] else {
            return Ok(None);
        };
        let led = leading.is_some();
        match input {
            Input::Message { from, message } => {
                let words = [2, from.get(), message.term().get()];
                self.trace.heard(id, from, || encoded(&message));
                self.record_heard(place(from), node, &message, || encoded(&message));
                self.trace.note(self.now, Some(id), &words, format_args!("hears from {from}: {message:?}"));
                return self.hears(node, now, from, *message);
            }
            Input::Tick => {
                self.trace.note(self.now, Some(id), &[3], format_args!("ticks"));
                core.tick(now);
                let (next, status) = (core.next_tick(), core.status());
                if status.role == RoleName::Leader && led {
                    self.judges.attendance.ticked(node, now, self.profile.group.timing.election_min)?;
                }
                hold(next.is_none_or(|next| next > now), PROGRESS, || {
                    format!("{id} was ticked at its {now} and wants the next tick at {next:?}")
                })?;
                return Ok(Some(status));
            }
            Input::Persisted { part, newest } => {
                for write in [part, Some(newest), part].into_iter().flatten() {
                    core.persisted(now, write).map_err(misused)?;
                    *confirmed = write.max(*confirmed);
                }
            }
            Input::Applied => self.machine_works(node, now)?,
            Input::Fetched { id: fetch, run } => {
                let words = [4, fetch.get(), run.first().get(), u64::from(run.count())];
                self.trace.note(self.now, Some(id), &words, format_args!("is given {run:?} for {fetch}"));
                core.fetched(now, fetch, run).map_err(misused)?;
            }
            Input::Command(command) => self.command(node, now, command)?,
            Input::Drain => {
                self.trace.note(self.now, Some(id), &[5], format_args!("takes the outputs it left"));
            }
        }
        Ok(None)
    }

    /// A peer's message reaches the core. Returns what [`World::call`] does.
    fn hears(
        &mut self,
        node: usize,
        now: Instant,
        from: NodeId,
        message: Message,
    ) -> Result<Option<Status>, Violation> {
        let Node { core: Some(core), id, seen, leading, .. } = &mut self.nodes[node] else { return Ok(None) };
        let judges = &mut self.judges;
        if matches!(message, Message::AppendReply { term, .. } if *leading == Some(term)) {
            judges.attendance.answered(node, place(from));
        }
        let weighed = Weighed::of(&message);
        core.step(now, from, message)
            .map_err(|blame| Violation { law: HONEST, detail: format!("{id} blames {from}: {blame}") })?;
        let Some(said) = weighed else { return Ok(None) };
        let (status, latest) = (core.status(), judges.attendance.latest(node));
        let election_min = self.profile.group.timing.election_min;
        let glimpses = (&*seen, &Glimpse::of(&status));
        judges.loyalty.heard(node, said, glimpses, (now, latest), election_min)?;
        Ok(Some(status))
    }

    /// Judges the node after a call, with its status if that is known, takes its outputs, and schedules its next tick.
    pub(crate) fn settle(&mut self, node: usize, status: Option<Status>) -> Verdict {
        self.observe(node, status)?;
        self.take_outputs(node)?;
        self.schedule_tick(node);
        Ok(())
    }

    /// Everything that can be seen from outside after a call.
    fn observe(&mut self, node: usize, status: Option<Status>) -> Verdict {
        let Some(core) = &self.nodes[node].core else { return Ok(()) };
        let id = self.nodes[node].id;
        core.check().map_err(|broken| Violation { law: "check()", detail: format!("{id}: {broken}") })?;
        let status = status.unwrap_or_else(|| core.status());
        self.judges.monotone.observed(node, &status)?;
        self.judges.calm.observed(node, &status)?;
        bounds::observed(&status, &self.profile.group.limits)?;
        if let Some((leader, term)) = monotone::following(&status) {
            if leader != id {
                self.judges.elections.follows(id, leader, term)?;
            }
        }
        let leading = monotone::leading(&status);
        if let Some(term) = leading {
            self.judges.elections.leads(id, term)?;
            let disks = self.nodes.iter().map(|node| node.disk.durable());
            self.judges.commits.leader(id, term, status.commit, &self.judges.log, disks)?;
        }
        let seen = Glimpse::of(&status);
        self.record_change(node, &seen);
        let node = &mut self.nodes[node];
        node.seen = seen;
        if leading != node.leading {
            node.leading = leading;
            node.unjudged = leading;
            if let Some(term) = leading {
                self.judges.votes.elected(id, term)?;
                self.judges.attendance.leads(place(id));
            }
        }
        Ok(())
    }

    /// What can be said only when the core owes nothing.
    pub(crate) fn judge_drained(&mut self, node: usize) -> Verdict {
        let Some(core) = &self.nodes[node].core else { return Ok(()) };
        let (status, disk) = (core.status(), &self.nodes[node].disk);
        if self.nodes[node].unconfirmed() >= WRITES_HELD_BACK_FROM {
            return Ok(());
        }
        self.judges.monotone.drained(node, &status, disk.ledger())?;
        self.judges.commits.follower(status.id, status.commit, disk.written())?;
        if let Some(term) = self.nodes[node].unjudged.take() {
            self.judges.commits.leads(status.id, term, self.nodes[node].disk.written())?;
        }
        Ok(())
    }

    /// A fact that a core tells its application.
    pub(crate) fn told(&mut self, node: usize, fact: Fact) -> Verdict {
        let (code, a, b) = fact_words(fact);
        self.note(node, &[6, code, a, b], format_args!("tells {fact:?}"));
        let applied = self.nodes[node].machine.applied;
        match fact {
            Fact::BecameLeader { term } => self.judges.elections.leads(self.nodes[node].id, term),
            Fact::ReadReady { first, last, index } => {
                self.record(node, What::ReadsAnswered { first, last, index });
                self.judges.histories.ready(node, (first, last));
                self.judges.reads.ready(node, (first, last), index, applied)
            }
            Fact::ReadsLost { first, last } => {
                self.record(node, What::ReadsLost { first, last });
                self.judges.reads.lost(node, (first, last))
            }
            Fact::BecameFollower { .. } | Fact::BecameCandidate { .. } | Fact::TransferFailed { .. } => {
                Ok(())
            }
            _ => Err(unknown(&fact)),
        }
    }

    /// The state machine does some of what it was given: the core is told, and clients get their answers.
    fn machine_works(&mut self, node: usize, now: Instant) -> Verdict {
        let queued = self.nodes[node].machine.queue.len() as u64;
        let whole = 1 + self.nodes[node].dice.below(queued);
        let piecemeal = self.nodes[node].dice.per_mille(self.profile.host.repeat_per_mille);
        for _ in 0..whole {
            let Some(run) = self.nodes[node].machine.queue.pop_front() else { break };
            let state = &mut self.nodes[node];
            state.machine.queue_bytes -= run.body().len();
            state.machine.applied = run.last();
            let words = [7, run.first().get(), run.last().get()];
            self.trace.note(self.now, Some(state.id), &words, format_args!("has applied {run:?}"));
            self.judges.histories.applied(node, &run)?;
            if let Some(record) = &mut self.record {
                let what = What::Applied { first: run.first(), last: run.last() };
                record.keep(self.now, Some(state.id), what);
            }
            while let Some(entry) = state.proposals.first_entry().filter(|entry| *entry.key() <= run.last()) {
                let (index, term) = entry.remove_entry();
                if term == run.term() && index >= run.first() {
                    self.judges.histories.acknowledged(LogPos { term, index });
                    self.judges.promises.acknowledged(LogPos { term, index });
                    if let Some(record) = &mut self.record {
                        record.keep(
                            self.now,
                            Some(state.id),
                            What::Acknowledged { at: LogPos { term, index } },
                        );
                    }
                }
            }
            let Some(core) = &mut state.core else { return Ok(()) };
            if piecemeal {
                let middle = run.first().get() + state.dice.below(u64::from(run.count()));
                core.applied(now, Index::new(middle)).map_err(misused)?;
            }
        }
        let applied = self.nodes[node].machine.applied;
        let Some(core) = &mut self.nodes[node].core else { return Ok(()) };
        core.applied(now, applied).map_err(misused)?;
        self.schedule_apply(node);
        Ok(())
    }

    /// The node's own time; a sloppy host's may lie a little before what it said last.
    fn local_time(&mut self, node: usize, exact: bool) -> Instant {
        let now = self.nodes[node].clock.local(self.now);
        let sloppy = self.profile.host.repeat_per_mille > 0
            && !exact
            && self.nodes[node].dice.below(SLOPPY_ONE_IN) == 0;
        if !sloppy {
            return now;
        }
        let back = self.nodes[node].dice.duration(Duration::ZERO, Duration::from_millis(5));
        Instant::from_nanos(now.as_nanos().saturating_sub(back.subsec_nanos().into()))
    }
}

/// The message's bytes, as its sender had them.
fn encoded(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    wire::encode_head(message, &mut bytes);
    bytes.extend_from_slice(message.run().map_or(&[], |run| run.body()));
    bytes
}

/// A new fact must be thought about here before it may pass.
fn unknown(fact: &Fact) -> Violation {
    Violation { law: "every fact has a judge", detail: format!("{fact:?}") }
}

fn misused(misuse: Misuse) -> Violation {
    Violation { law: DUTIFUL, detail: misuse.to_string() }
}

fn fact_words(fact: Fact) -> (u64, u64, u64) {
    match fact {
        Fact::BecameLeader { term } => (1, term.get(), 0),
        Fact::BecameFollower { term, leader } => (2, term.get(), leader.map_or(0, |leader| leader.get())),
        Fact::BecameCandidate { term } => (3, term.get(), 0),
        Fact::ReadReady { first, last, .. } => (4, first.get(), last.get()),
        Fact::ReadsLost { first, last } => (5, first.get(), last.get()),
        Fact::TransferFailed { to } => (6, to.get(), 0),
        _ => (7, 0, 0),
    }
}
