//! After the last fault: the group must find a leader, take a write, answer a read, and become one again, with no load
//! but what is asked here, so that nothing hides behind busy clients.

use std::{fmt::Write, time::Duration};

use machine_core::Instant;
use raft_core::{LogPos, Status};

use super::{
    client::{Command, Taken, place},
    judges::{Verdict, Violation, hold},
    node::Input,
    record::What,
    world::{Done, Event, World},
};

/// How often the group is looked at.
const PROBE_EVERY: Duration = Duration::from_millis(5);

/// What is still on its way when faults end arrives within this.
const LEFTOVERS: Duration = Duration::from_millis(20);

/// How long, in longest election timeouts, the group may take for each step, or be without any progress.
const PATIENCE: u32 = 10;

/// However much progress there seems to be, it ends within this.
const HEALING_MAX: Duration = Duration::from_secs(300);

/// How far the group is.
#[derive(Debug)]
pub(crate) struct Healing {
    stage: Stage,
    deadline: Instant,
    end: Instant,
    /// A sum that grows whenever anything advances.
    progress: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Leader,
    Write { asked: Option<(usize, LogPos)> },
    Read { asked: Option<(usize, raft_core::ReadId)> },
    Convergence,
    Over,
}

impl Healing {
    pub(crate) fn is_over(&self) -> bool {
        self.stage == Stage::Over
    }
}

impl World<'_> {
    /// All faults end: links open, disks are fast, clocks true, everyone is up.
    pub(crate) fn heal(&mut self) -> Verdict {
        self.trace.note(self.now, None, &[40], format_args!("all faults end"));
        self.record_for_all(|| What::Healed);
        self.network.heal();
        self.let_go_by_hand();
        self.dismiss_adversary();
        for stream in self.streams.iter_mut().flatten() {
            stream.heal(self.now + LEFTOVERS);
        }
        for (place, node) in self.nodes.iter_mut().enumerate() {
            node.disk.heal(self.now + LEFTOVERS);
            node.clock.mend(self.now, self.judges.attendance.latest(place));
        }
        self.queue.hasten(self.now + LEFTOVERS, |event| match event {
            Event::Deliver { .. } | Event::Piece { .. } | Event::Start { .. } | Event::Resume { .. } => true,
            Event::Done { done: Done::Sync | Done::Fetch { .. } | Done::Input(_), .. } => true,
            Event::Tick { .. }
            | Event::Doom { .. }
            | Event::Client
            | Event::Fault(_)
            | Event::Heal
            | Event::Probe => false,
        });
        let start = self.now + LEFTOVERS;
        // Where every copy may be gone, nobody can be asked to go on.
        let stage = if self.profile.faults.beyond_repair { Stage::Over } else { Stage::Leader };
        let deadline = start + self.profile.group.patience() * PATIENCE;
        self.healing = Some(Healing { stage, deadline, end: start + HEALING_MAX, progress: 0 });
        for node in 0..self.nodes.len() {
            // The clock has changed, and with it the moment of every deadline.
            self.nodes[node].tick_at = None;
            self.schedule_tick(node);
        }
        self.queue.push(start, Event::Probe);
        Ok(())
    }

    /// Looks how far the group is, and asks for the next thing.
    pub(crate) fn probe(&mut self) -> Verdict {
        let Some(stage) = self.healing.as_ref().map(|healing| healing.stage) else { return Ok(()) };
        if stage == Stage::Over {
            return Ok(()); // somebody goes on by hand
        }
        let next = match stage {
            Stage::Leader => self.newest_leader().map_or(stage, |_| Stage::Write { asked: None }),
            Stage::Write { asked } => self.probe_stage_write(asked)?,
            Stage::Read { asked } => self.probe_stage_read(asked)?,
            Stage::Convergence if self.has_converged() => {
                self.judge_end()?;
                Stage::Over
            }
            Stage::Convergence | Stage::Over => stage,
        };
        self.queue.push(self.now + PROBE_EVERY, Event::Probe);
        self.judge_patience(next)
    }

    fn probe_stage_write(&mut self, asked: Option<(usize, LogPos)>) -> Result<Stage, Violation> {
        if let Some((node, at)) = asked {
            if self.judges.promises.has(at) {
                return Ok(Stage::Read { asked: None });
            }
            // A leader that gave way may never learn what became of it: then it is asked anew.
            if self.nodes[node].leading == Some(at.term) {
                return Ok(Stage::Write { asked });
            }
        }
        let Some(leader) = self.newest_leader().map(place) else { return Ok(Stage::Write { asked: None }) };
        self.clients.outcome = None;
        self.probe_write(leader)?;
        let asked = match self.clients.outcome {
            Some(Taken::Proposal(at)) => Some((leader, at)),
            Some(Taken::Read(_)) | None => None,
        };
        Ok(Stage::Write { asked })
    }

    fn probe_stage_read(&mut self, asked: Option<(usize, raft_core::ReadId)>) -> Result<Stage, Violation> {
        if let Some((node, read)) = asked {
            if self.judges.reads.waits(node, read) {
                return Ok(Stage::Read { asked });
            }
            if self.judges.reads.was_answered(node, read) {
                return Ok(Stage::Convergence);
            }
        }
        let Some(leader) = self.newest_leader().map(place) else { return Ok(Stage::Read { asked: None }) };
        self.clients.outcome = None;
        self.input(leader, Input::Command(Command::Read { client: 0 }))?;
        let asked = match self.clients.outcome {
            Some(Taken::Read(read)) => Some((leader, read)),
            Some(Taken::Proposal(_)) | None => None,
        };
        Ok(Stage::Read { asked })
    }

    /// Everyone is up and has applied everything that anyone knows, and no read waits.
    fn has_converged(&self) -> bool {
        let mut living = self.living();
        let Some(first) = living.next() else { return true };
        let last = self.nodes[first].disk.durable().last();
        let same = |node: usize| {
            let node = &self.nodes[node];
            node.is_up() && node.machine.applied == last.index && node.disk.durable().last() == last
        };
        same(first) && living.all(same) && self.judges.reads.unanswered().is_none()
    }

    /// The nodes whose disks are good.
    fn living(&self) -> impl Iterator<Item = usize> {
        (0..self.nodes.len()).filter(|node| !self.nodes[*node].retired)
    }

    fn judge_end(&mut self) -> Verdict {
        let Some(first) = self.living().next() else { return Ok(()) };
        let applied = self.nodes[first].machine.applied;
        self.judges.promises.kept(&self.judges.commits, applied)?;
        for node in self.living() {
            let (one, other) = (self.judges.machines.digest(first), self.judges.machines.digest(node));
            hold(one == other, "convergence", || {
                format!("n{} applied {one}, n{} applied {other}", first + 1, node + 1)
            })?;
        }
        self.trace.note(
            self.now,
            None,
            &[41, applied.get()],
            format_args!("all have applied up to {applied}"),
        );
        Ok(())
    }

    /// Each step has its time; steps that move much data have it as long as something moves.
    fn judge_patience(&mut self, next: Stage) -> Verdict {
        let progress = self.progress();
        let patience = self.profile.group.patience() * PATIENCE;
        let now = self.now;
        let Some(healing) = &mut self.healing else { return Ok(()) };
        let advanced = std::mem::discriminant(&next) != std::mem::discriminant(&healing.stage);
        if advanced || (next != Stage::Leader && progress > healing.progress) {
            healing.deadline = (now + patience).min(healing.end);
        }
        healing.progress = healing.progress.max(progress);
        healing.stage = next;
        let (stage, deadline) = (healing.stage, healing.deadline);
        hold(now <= deadline, "liveness after healing", || {
            let (unanswered, leader) = (self.judges.reads.unanswered(), self.newest_leader());
            format!(
                "no progress at {stage:?}; leader {leader:?}, unanswered {unanswered:?};{}",
                self.describe()
            )
        })
    }

    /// All nodes in a few words each.
    fn describe(&self) -> String {
        let mut text = String::new();
        for node in &self.nodes {
            let Some(status) = node.core.as_ref().map(raft_core::Raft::status) else { continue };
            let Status { id, role, term, last, commit, applied, .. } = status;
            let words =
                write!(text, " {id} {role:?} {term}, last {last}, commit {commit}, applied {applied};");
            words.expect("a string takes any text");
        }
        text
    }

    fn progress(&self) -> u64 {
        let of =
            |node: &super::node::Node| node.machine.applied.get() + node.disk.durable().last().index.get();
        self.nodes.iter().map(of).sum::<u64>() + self.judges.commits.top().get()
    }
}
