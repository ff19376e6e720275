//! What a core owes the world, carried out, or cut short by a crash between any two outputs.

use std::time::Duration;

use bytes::Bytes;
use raft_core::{FetchId, Index, Message, Output, Run, Write, wire};

use super::{
    adversaries::Grip,
    calls::WRITES_HELD_BACK_FROM,
    client::place,
    judges::{Verdict, Violation, bounds, durability, hold},
    nemesis::End,
    node::{Input, Node},
    world::{Done, Event, World},
};

use crate::{
    faults::Kind,
    network::Arrivals,
    stream::{Piece, Wrong},
};

/// A crash between outputs comes within the first few.
const CRASH_WITHIN: u64 = 6;

impl World<'_> {
    /// Takes the node's outputs: mostly all, now and then only some or none, for later.
    pub(crate) fn take_outputs(&mut self, node: usize) -> Verdict {
        let safe = self.healing.is_some();
        let lazy = !safe && self.nodes[node].dice.per_mille(self.profile.host.undrained_per_mille);
        let most = if lazy { self.nodes[node].dice.below(4) } else { u64::MAX };
        let lazy = lazy && self.strikes(Kind::Lazy, node, format_args!("leaves all outputs but {most}"));
        let most = if lazy { most } else { u64::MAX };
        let crashes = !safe && self.nodes[node].dice.per_mille(self.profile.faults.crash_between_per_mille);
        let crash_at = if crashes { self.nodes[node].dice.below(CRASH_WITHIN) } else { u64::MAX };
        let mut taken = 0;
        while taken < most {
            let Some(output) = self.nodes[node].core.as_mut().and_then(raft_core::Raft::poll_output) else {
                break;
            };
            if taken == crash_at {
                let end = self.draw_end_of(node);
                if self.strikes(
                    Kind::Between,
                    node,
                    format_args!("crashes ({end:?}) before it can {output:?}"),
                ) {
                    return self.crash(node, end, "between two outputs");
                }
            }
            taken += 1;
            bounds::step(node, taken)?;
            bounds::output(&output, &self.profile.group.limits)?;
            let harm = self.adversary_sees(node, &output);
            self.execute(node, output)?;
            if let Some(harm) = harm {
                self.inflict(harm)?;
            }
        }
        if taken < most {
            self.nodes[node].undrained = false;
            return self.judge_drained(node);
        }
        self.leave_outputs(node);
        Ok(())
    }

    /// How a node ends that ends by what it just did.
    pub(crate) fn draw_end_of(&mut self, node: usize) -> End {
        let killed = self.nodes[node].dice.per_mille(self.profile.faults.kill_per_mille);
        if killed { End::Process } else { End::Power }
    }

    /// Schedules the state machine's next work, unless it is idle or scheduled.
    pub(crate) fn schedule_apply(&mut self, node: usize) {
        if self.nodes[node].machine.queue.is_empty() {
            return;
        }
        let most =
            if self.healing.is_some() { Duration::from_micros(10) } else { self.profile.host.apply_max };
        let at = self.now + self.nodes[node].dice.duration(Duration::ZERO, most);
        let boot = self.nodes[node].boot;
        self.queue.push(at, Event::Done { node, boot, done: Done::Input(Input::Applied) });
    }

    /// Schedules the node's next tick, if it is due before the one scheduled.
    pub(crate) fn schedule_tick(&mut self, node: usize) {
        let state = &mut self.nodes[node];
        let Some(due) = state.core.as_ref().and_then(raft_core::Raft::next_tick) else { return };
        let due = state.clock.world(due).max(self.now);
        if state.tick_at.is_some_and(|at| at <= due) {
            return;
        }
        let late = if self.healing.is_some() { Duration::ZERO } else { self.profile.host.tick_late_max };
        let at = due + state.dice.duration(Duration::ZERO, late);
        if state.tick_at.is_none_or(|scheduled| at < scheduled) {
            state.tick_at = Some(at);
            self.queue.push(at, Event::Tick { node });
        }
    }

    fn execute(&mut self, node: usize, output: Output) -> Verdict {
        match output {
            Output::Persist { id, write } => {
                self.judge_write(node, &write)?;
                let run = write.run.as_ref().map_or((0, 0), |run| (run.first().get(), run.last().get()));
                let state = write.hard_state;
                let words = [10, id.get(), state.term.get(), state.commit.get(), run.0, run.1];
                self.note(node, &words, format_args!("writes {id}: {write:?}"));
                self.nodes[node].given = id;
                self.nodes[node].disk.write(id, write);
                self.sync(node)
            }
            Output::Send { to, message } => self.send(node, place(to), &message),
            Output::Apply { run } => self.apply(node, run),
            Output::Fetch { id, from } => self.fetch(node, id, from),
            Output::Notify(fact) => self.told(node, fact),
            Output::Halt(fault) => Err(Violation {
                law: "a node with a good disk does not halt",
                detail: format!("n{}: {fault}", node + 1),
            }),
        }
    }

    fn judge_write(&mut self, node: usize, write: &Write) -> Verdict {
        self.judges.monotone.written(node, write.hard_state)?;
        let Some(run) = &write.run else { return Ok(()) };
        let now = self.nodes[node].clock.local(self.now);
        self.nodes[node].stamper.observe(run, now).map_err(not_stamped)?;
        let state = &self.nodes[node];
        self.judges.log.written(state.id, run, state.disk.written(), state.leading)?;
        self.judges.commits.written(state.id, write.hard_state.term, run, state.disk.written())
    }

    /// Sends through the real codec and the simulated network.
    fn send(&mut self, from: usize, to: usize, message: &Message) -> Verdict {
        let (sender, receiver) = (&self.nodes[from], &self.nodes[to]);
        let id = sender.id;
        // A leader whose disk lags far behind has told others what it has not handed to its own disk.
        let whole = receiver.unconfirmed() < WRITES_HELD_BACK_FROM;
        let leading = receiver.leading.filter(|_| whole);
        durability::sent(id, message, sender.disk.ledger(), receiver.disk.ledger(), leading)?;
        match message {
            Message::Vote { term, .. } => self.judges.votes.told(from, id, *term)?,
            Message::VoteReply { term, granted: true } => self.judges.votes.told(from, receiver.id, *term)?,
            Message::Append { term, .. } => self.judges.elections.leads(id, *term)?,
            Message::VoteReply { granted: false, .. }
            | Message::PreVote { .. }
            | Message::PreVoteReply { .. }
            | Message::AppendReply { .. }
            | Message::TimeoutNow { .. } => {}
        }
        let receiver = receiver.id;
        self.trace.note(
            self.now,
            Some(id),
            &[11, receiver.get()],
            format_args!("says to {receiver}: {message:?}"),
        );
        let sent = self.through_the_codec(message)?;
        self.trace.sent(id, receiver, &self.head);
        self.totals.messages += 1;
        let arrivals = match self.adversary_grips(from, to, &sent) {
            Grip::Free => self.network.route(self.now, (from, to), message),
            Grip::Lost => Arrivals::default(),
            Grip::Kept => {
                self.record_sent(from, to, message, false);
                return Ok(());
            }
        };
        self.record_sent(from, to, message, arrivals.iter().next().is_none());
        if let Some(streams) = &mut self.streams {
            let stream = &mut streams[from * self.nodes.len() + to];
            let Some(at) = arrivals.iter().next() else {
                // What a connection cannot bring through breaks it.
                self.totals.lost += 1;
                stream.reset();
                return Ok(());
            };
            for (at, piece) in stream.send(&self.head, at).map_err(not_what_was_sent)? {
                self.queue.push(at, Event::Piece { from, to, piece });
            }
            return Ok(());
        }
        let copies = arrivals.iter().count();
        for (at, message) in arrivals.iter().zip(std::iter::repeat_n(sent, copies)) {
            self.queue.push(at, Event::Deliver { from, to, message: Box::new(message) });
        }
        self.totals.lost += u64::from(copies == 0);
        self.totals.doubled += u64::from(copies > 1);
        Ok(())
    }

    /// A piece of a stream arrives, and with it the end of some messages, of one, or of none.
    pub(crate) fn piece_arrives(&mut self, from: usize, to: usize, piece: &Piece) -> Verdict {
        let nodes = self.nodes.len();
        let Some(streams) = &mut self.streams else { return Ok(()) };
        let stream = &mut streams[from * nodes + to];
        if !self.nodes[to].is_up() {
            stream.forget();
            return Ok(());
        }
        for body in stream.arrive(piece).map_err(not_what_was_sent)? {
            let message = wire::decode(body)
                .map_err(|error| not_what_was_sent(Wrong(format!("a message does not decode: {error}"))))?;
            let from = self.nodes[from].id;
            self.input(to, Input::Message { from, message: Box::new(message) })?;
        }
        Ok(())
    }

    /// The node ends, and its connections with it.
    pub(crate) fn hang_up(&mut self, node: usize) {
        let nodes = self.nodes.len();
        for (place, stream) in self.streams.iter_mut().flatten().enumerate() {
            if place / nodes == node {
                stream.reset();
            }
            if place % nodes == node {
                stream.forget();
            }
        }
    }

    fn through_the_codec(&mut self, message: &Message) -> Result<Message, Violation> {
        let law = "what is decoded is what was encoded";
        self.head.clear();
        wire::encode_head(message, &mut self.head);
        hold(self.head.len() <= wire::HEAD_BYTES_MAX, law, || {
            format!("the head of {message:?} is too long")
        })?;
        if let Some(run) = message.run() {
            self.head.extend_from_slice(run.body());
        }
        self.trace.bytes(&self.head);
        let decoded = wire::decode(Bytes::copy_from_slice(&self.head))
            .map_err(|error| Violation { law, detail: format!("{message:?}: {error}") })?;
        hold(decoded == *message, law, || format!("{message:?} became {decoded:?}"))?;
        Ok(decoded)
    }

    fn apply(&mut self, node: usize, run: Run) -> Verdict {
        let id = self.nodes[node].id;
        let words = [12, run.first().get(), run.last().get(), run.term().get()];
        self.note(node, &words, format_args!("applies {run:?}"));
        durability::applied(id, &run, self.nodes[node].disk.durable())?;
        self.judges.machines.applied(id, &run, &self.judges.commits, &self.judges.log)?;
        self.judges.stamps.applied(id, &run)?;
        let machine = &mut self.nodes[node].machine;
        let idle = machine.queue.is_empty();
        machine.queue_bytes += run.body().len();
        machine.queue.push_back(run);
        bounds::applying(node, machine.queue_bytes, &self.profile.group.limits)?;
        if idle {
            self.schedule_apply(node);
        }
        Ok(())
    }

    /// Storage answers later with what it holds now, or with what it holds then: either is what a reader may find.
    fn fetch(&mut self, node: usize, id: FetchId, from: Index) -> Verdict {
        self.totals.fetches += 1;
        self.note(node, &[13, id.get(), from.get()], format_args!("asks its disk for {from} ({id})"));
        let Node { disk, dice, .. } = &mut self.nodes[node];
        let Some(given) = disk.written().fetch(from).cloned() else {
            let detail = format!("n{} asks for {from}, its disk was never given that", node + 1);
            return Err(Violation { law: "fetches ask for what was written", detail });
        };
        let bytes_max = self.profile.group.limits.fetch_bytes(dice);
        let now_or_later = if dice.per_mille(250) { disk.read(from, bytes_max) } else { Ok(None) };
        let (run, read) = match now_or_later {
            Ok(found) => (found.clone().unwrap_or(given), found.is_some()),
            Err(trouble) => return self.disk_fails(node, trouble),
        };
        let most =
            if self.healing.is_some() { Duration::from_micros(50) } else { self.profile.host.fetch_max };
        let at = self.now + self.nodes[node].dice.duration(Duration::ZERO, most);
        let boot = self.nodes[node].boot;
        self.queue.push(at, Event::Done { node, boot, done: Done::Fetch { id, from, run, read } });
        Ok(())
    }

    /// The answer is given: what was read when it was asked, or what is read now.
    pub(crate) fn answer_fetch(
        &mut self,
        node: usize,
        boot: u64,
        id: FetchId,
        from: Index,
        run: Run,
        read: bool,
    ) -> Verdict {
        let Node { disk, dice, .. } = &mut self.nodes[node];
        // What was asked for may be overwritten by a log that ends before it: then the old answer is as good as any.
        let anew = disk.written().fetch(from).is_some() && (!read || dice.per_mille(500));
        let bytes_max = self.profile.group.limits.fetch_bytes(dice);
        let newer = if anew { disk.read(from, bytes_max) } else { Ok(Some(run.clone())) };
        match newer {
            Err(trouble) => self.disk_fails(node, trouble),
            Ok(None) if !read => {
                let at = disk.busy_until().max(self.now);
                let done = Done::Fetch { id, from, run, read };
                self.queue.push(at, Event::Done { node, boot, done });
                Ok(())
            }
            Ok(newer) => self.input(node, Input::Fetched { id, run: newer.unwrap_or(run) }),
        }
    }

    fn leave_outputs(&mut self, node: usize) {
        if std::mem::replace(&mut self.nodes[node].undrained, true) {
            return;
        }
        let at = self.now + self.nodes[node].dice.duration(Duration::ZERO, Duration::from_millis(100));
        let boot = self.nodes[node].boot;
        self.queue.push(at, Event::Done { node, boot, done: Done::Input(Input::Drain) });
    }
}

/// Clocks here are never so wrong that a host refuses to stamp.
pub(crate) fn not_stamped(error: lamport::ClockError) -> Violation {
    Violation { law: "a clock within its bounds gives stamps", detail: error.to_string() }
}

fn not_what_was_sent(Wrong(detail): Wrong) -> Violation {
    Violation { law: "what comes out of a connection is what went in", detail }
}
