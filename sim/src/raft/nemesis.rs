//! What is done to the nodes and to the network while faults go on.

use std::time::Duration;

use machine_core::{Instant, NodeId};
use raft_core::{Index, Raft};

use super::{
    client::{Command, below, place},
    judges::{Verdict, Violation},
    node::Input,
    world::{Event, World},
};
use crate::network::Shape;

/// A fault that comes again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Crash,
    Pause,
    /// Links are cut, or, when they were, opened.
    Partition {
        over: bool,
    },
    /// The leader hears late, just when it is asked to hand over: it believes that it leads when another does.
    Handover,
}

impl World<'_> {
    pub(crate) fn schedule_faults(&mut self) {
        for fault in [Fault::Crash, Fault::Pause, Fault::Partition { over: false }, Fault::Handover] {
            self.schedule_fault(fault);
        }
    }

    pub(crate) fn strike(&mut self, fault: Fault) -> Verdict {
        match fault {
            Fault::Crash => {
                let victim = self.pick_victim();
                self.schedule_fault(fault);
                if self.nodes[victim].is_up() {
                    return self.crash(victim, "by itself");
                }
            }
            Fault::Pause => {
                self.pause();
                self.schedule_fault(fault);
            }
            Fault::Partition { over: true } => {
                self.network.open();
                self.trace.note(self.now, None, &[30], format_args!("all links are open"));
                self.schedule_fault(Fault::Partition { over: false });
            }
            Fault::Partition { over: false } => self.partition(),
            Fault::Handover => {
                self.hand_over()?;
                self.schedule_fault(fault);
            }
        }
        Ok(())
    }

    /// The node loses its power, and comes back after a while.
    pub(crate) fn crash(&mut self, node: usize, when: &str) -> Verdict {
        self.totals.crashes += 1;
        self.nodes[node].forget();
        self.judges.reads.crashed(node);
        let survived = self.nodes[node].disk.crash();
        for state in &survived {
            self.judges.votes.became_durable(node, *state)?;
        }
        let durable = self.nodes[node].disk.durable().last();
        let words = [31, survived.len() as u64, durable.index.get()];
        self.trace.note(
            self.now,
            Some(self.nodes[node].id),
            &words,
            format_args!(
                "crashes {when}; {} unsynced writes survive, the log ends with {durable}",
                survived.len()
            ),
        );
        let down = self.dice.duration(Duration::from_micros(100), self.profile.faults.down_max);
        self.queue.push(self.now + down, Event::Start { node });
        Ok(())
    }

    /// The node starts from what is durable, with its state machine as it was, as it was a while ago, or empty.
    pub(crate) fn start(&mut self, node: usize) -> Verdict {
        if self.nodes[node].is_up() {
            return Ok(());
        }
        let had = self.nodes[node].machine.applied.get();
        let lost = self.dice.per_mille(self.profile.faults.machine_lost_per_mille);
        let old = self.dice.per_mille(300);
        let applied = Index::new(match (lost, old) {
            (true, _) => 0,
            (false, true) => self.dice.below(had + 1),
            (false, false) => had,
        });
        let seed = self.dice.next_u64();
        let state = &mut self.nodes[node];
        state.machine.applied = applied;
        let recovered = state.disk.durable().recovered(applied);
        let durable = recovered.hard_state;
        let words = [32, applied.get(), durable.term.get(), durable.commit.get()];
        self.trace.note(
            self.now,
            Some(state.id),
            &words,
            format_args!("starts with {durable:?}, {} and {applied} applied", state.disk.durable().last()),
        );
        let now = state.clock.local(self.now);
        let core = Raft::new(state.config.clone(), recovered, seed, now).map_err(|error| Violation {
            law: "a node starts from what it wrote",
            detail: format!("{}: {error}", state.id),
        })?;
        state.core = Some(core);
        self.judges.monotone.restarted(node, durable, applied);
        self.judges.machines.restarted(node, applied);
        self.settle(node)
    }

    /// The node goes on: first with what came meanwhile or first with its overdue tick, as it happens.
    pub(crate) fn resume(&mut self, node: usize) -> Verdict {
        let state = &mut self.nodes[node];
        let held = std::mem::take(&mut state.held);
        state.paused = false;
        let boot = state.boot;
        self.note(node, &[33, held.len() as u64], format_args!("goes on; {} inputs wait", held.len()));
        let tick_first = self.dice.per_mille(500);
        let ticks = |now| now == tick_first;
        if ticks(true) {
            self.input(node, Input::Tick)?;
        }
        for input in held {
            if self.nodes[node].boot != boot {
                return Ok(()); // it crashed over one of them
            }
            self.input(node, input)?;
        }
        if ticks(false) && self.nodes[node].boot == boot {
            self.input(node, Input::Tick)?;
        }
        Ok(())
    }

    fn pause(&mut self) {
        let node = self.pick_victim();
        if !self.nodes[node].is_up() || self.nodes[node].paused {
            return;
        }
        self.nodes[node].paused = true;
        self.totals.pauses += 1;
        let pause = self.dice.duration(Duration::from_millis(100), self.profile.faults.pause_max);
        self.note(node, &[34, pause.subsec_nanos().into()], format_args!("is paused for {pause:?}"));
        let boot = self.nodes[node].boot;
        self.queue.push(self.now + pause, Event::Resume { node, boot });
    }

    fn partition(&mut self) {
        let around = self.pick_victim();
        let shape = Shape::ALL[below(&mut self.dice, Shape::ALL.len())];
        let end = self.now + self.dice.duration(Duration::from_millis(50), self.profile.faults.partition_max);
        let hold = self.dice.per_mille(250).then_some(end);
        self.network.open();
        self.network.cut(shape, around, hold);
        self.totals.partitions += 1;
        let words = [35, around as u64, shape as u64, u64::from(hold.is_some())];
        let kind = if hold.is_some() { "clogs" } else { "cuts" };
        self.trace.note(
            self.now,
            None,
            &words,
            format_args!("the network {kind} ({shape}, around n{}) until {end}", around + 1),
        );
        self.queue.push(end, Event::Fault(Fault::Partition { over: true }));
    }

    fn hand_over(&mut self) -> Verdict {
        let Some(leader) = self.newest_leader().map(place) else { return Ok(()) };
        let to = NodeId::of(self.dice.below(self.nodes.len() as u64) + 1);
        let longest = self.profile.timing.election_min;
        let end = self.now + self.dice.duration(longest / 20, longest);
        self.network.cut(Shape::Deaf, leader, Some(end));
        self.trace.note(
            self.now,
            None,
            &[36, leader as u64],
            format_args!("n{} hears late until {end}", leader + 1),
        );
        self.input(leader, Input::Command(Command::Transfer { to }))
    }

    fn schedule_fault(&mut self, fault: Fault) {
        let faults = self.profile.faults;
        let interval = match fault {
            Fault::Crash => faults.crash,
            Fault::Pause => faults.pause,
            Fault::Partition { .. } => faults.partition,
            Fault::Handover => faults.handover,
        };
        let Some(interval) = interval else { return };
        let at: Instant = self.now + self.dice.duration(interval / 4, interval * 2);
        self.queue.push(at, Event::Fault(fault));
    }

    /// Any node, or, as often as drawn, the leader of the newest term.
    fn pick_victim(&mut self) -> usize {
        let anyone = below(&mut self.dice, self.nodes.len());
        let leader = self.dice.per_mille(self.profile.faults.leader_per_mille);
        self.newest_leader().filter(|_| leader).map_or(anyone, place)
    }

    /// The node that leads the newest term that is led.
    pub(crate) fn newest_leader(&self) -> Option<NodeId> {
        let leading = |node: &super::node::Node| Some((node.leading?, node.id));
        self.nodes.iter().filter_map(leading).max().map(|(_, id)| id)
    }
}
