//! What is done to the nodes and to the network while faults go on.

use std::time::Duration;

use machine_core::{Instant, NodeId};
use raft_core::{Index, Raft};

use super::{
    client::{Command, below, place},
    judges::{Verdict, Violation},
    node::Input,
    record::What,
    world::{Event, World},
};
use crate::{
    disk::Trouble,
    faults::{Kind, Place},
    network::Shape,
};

/// When all faults are over, nodes that do not run are started within this.
const PROMPT: Duration = Duration::from_millis(1);

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
    /// Data at rest become others.
    Damage,
    /// A clock goes ahead, stands or goes back.
    Jump,
}

/// How a node ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Its machine loses power: what was not synced is in the medium's hands.
    Power,
    /// Only the process ends: what it wrote is still in the page cache.
    Process,
}

impl World<'_> {
    pub(crate) fn schedule_faults(&mut self) {
        for fault in [
            Fault::Crash,
            Fault::Pause,
            Fault::Partition { over: false },
            Fault::Handover,
            Fault::Damage,
            Fault::Jump,
        ] {
            self.schedule_fault(fault);
        }
    }

    pub(crate) fn strike(&mut self, fault: Fault) -> Verdict {
        match fault {
            Fault::Crash => {
                let victim = self.pick_victim();
                self.schedule_fault(fault);
                let end = self.draw_end();
                let up = self.nodes[victim].is_up();
                if self.strikes(
                    Kind::Crash,
                    victim,
                    format_args!("crashes by itself ({end:?}){}", if up { "" } else { ", but is down" }),
                ) && up
                {
                    return self.crash(victim, end, "by itself");
                }
            }
            Fault::Pause => {
                self.pause();
                self.schedule_fault(fault);
            }
            Fault::Partition { over: true } => {
                self.network.open();
                self.trace.note(self.now, None, &[30], format_args!("all links are open"));
                self.record_for_all(|| What::Opened);
                self.schedule_fault(Fault::Partition { over: false });
            }
            Fault::Partition { over: false } => self.partition(),
            Fault::Handover => {
                self.hand_over()?;
                self.schedule_fault(fault);
            }
            Fault::Damage => {
                self.damage();
                self.schedule_fault(fault);
            }
            Fault::Jump => {
                self.jump_somewhere();
                self.schedule_fault(fault);
            }
        }
        Ok(())
    }

    /// The node ends, and comes back after a while.
    pub(crate) fn crash(&mut self, node: usize, end: End, when: &str) -> Verdict {
        self.totals.crashes += 1;
        self.totals.kills += u64::from(end == End::Process);
        let segments = self.nodes[node].disk.segments() as u64;
        self.totals.segments_max = self.totals.segments_max.max(segments);
        self.record(node, What::Crashed { power: end == End::Power });
        self.nodes[node].forget();
        self.hang_up(node);
        self.judges.reads.crashed(node);
        self.judges.histories.crashed(node);
        let disk = &mut self.nodes[node].disk;
        match end {
            End::Power => disk.power_fails(),
            End::Process => disk.process_ends(),
        }
        let durable = disk.durable().last();
        let words = [31, end as u64, durable.index.get()];
        self.note(
            node,
            &words,
            format_args!("crashes {when} ({end:?}); durable up to {durable}, in {segments} segments"),
        );
        self.schedule_start(node);
        Ok(())
    }

    /// Whether a node that ends loses its power, too.
    pub(crate) fn draw_end(&mut self) -> End {
        if self.dice.per_mille(self.profile.faults.kill_per_mille) { End::Process } else { End::Power }
    }

    fn schedule_start(&mut self, node: usize) {
        let down = self.nodes[node].dice.duration(Duration::from_micros(100), self.profile.faults.down_max);
        let most = if self.healing.is_some() { PROMPT } else { down };
        self.queue.push(self.now + down.min(most), Event::Start { node });
    }

    /// The node starts from what is durable, with its state machine as it was, as it was a while ago, or empty.
    pub(crate) fn start(&mut self, node: usize) -> Verdict {
        if self.nodes[node].is_up()
            || self.nodes[node].retired
            || self.nodes[node].held_down
            || self.is_kept_down(node)
        {
            return Ok(());
        }
        let had = self.nodes[node].machine.applied.get();
        let dice = &mut self.nodes[node].dice;
        let lost = dice.per_mille(self.profile.faults.machine_lost_per_mille);
        let old = dice.per_mille(300);
        let applied = Index::new(match (lost, old) {
            (true, _) => 0,
            (false, true) => dice.below(had + 1),
            (false, false) => had,
        });
        let seed = dice.next_u64();
        let older = applied.get() < had
            && self.strikes(
                Kind::Machine,
                node,
                format_args!("starts with {applied} applied instead of {had}"),
            );
        let applied = if older { applied } else { Index::new(had) };
        self.nodes[node].machine.applied = applied;
        let opened = match self.nodes[node].disk.open(applied) {
            Ok(opened) => opened,
            Err(trouble) => return self.does_not_start(node, trouble),
        };
        // The last one may have become durable without anyone's hearing of it: the log failed after its sync.
        for state in opened.survived.iter().chain([&opened.recovered.hard_state]) {
            self.judges.votes.became_durable(node, *state)?;
        }
        self.totals.torn += u64::from(opened.trimmed);
        let (recovered, survived) = (opened.recovered, opened.survived.len() as u64);
        let durable = recovered.hard_state;
        let state = &mut self.nodes[node];
        let words = [32, applied.get(), durable.term.get(), durable.commit.get(), survived];
        let last = state.disk.durable().last();
        self.trace.note(
            self.now,
            Some(state.id),
            &words,
            format_args!(
                "starts with {durable:?}, {last} and {applied} applied; {survived} unsynced writes survived"
            ),
        );
        let now = state.clock.local(self.now);
        let core = Raft::new(state.config.clone(), recovered, seed, now).map_err(|error| Violation {
            law: "a node starts from what it wrote",
            detail: format!("{}: {error}", state.id),
        })?;
        state.core = Some(core);
        self.record(node, What::Started);
        self.judges.attendance.restarted(node, now);
        self.judges.loyalty.restarted(node);
        self.judges.monotone.restarted(node, durable, applied);
        self.judges.machines.restarted(node, applied);
        self.judges.histories.restarted(node, applied.get());
        self.settle(node, None)
    }

    /// The log cannot be opened: the node says so, and somebody starts it again later.
    fn does_not_start(&mut self, node: usize, trouble: Trouble) -> Verdict {
        match trouble {
            Trouble::Power => {
                self.totals.crashes += 1;
                self.nodes[node].disk.power_fails();
                self.note(node, &[38, 0], format_args!("the power fails while its log is opened"));
            }
            Trouble::Failed(why) => {
                self.totals.refused_starts += 1;
                self.note(node, &[38, 1], format_args!("does not start: {why}"));
            }
            Trouble::Damaged(what) => {
                self.retire(node, &what);
                return Ok(());
            }
            Trouble::Unlawful(violation) => return Err(violation),
        }
        self.schedule_start(node);
        Ok(())
    }

    /// The node has met damage that nobody repairs: it stays down.
    pub(crate) fn retire(&mut self, node: usize, what: &str) {
        self.totals.retired += 1;
        self.nodes[node].retired = true;
        self.record(node, What::Retired);
        self.note(node, &[39], format_args!("does not run any more: {what}"));
    }

    /// Something at rest is damaged. Unless drawn otherwise, only on so many nodes that the others, which hold all that
    /// is committed, are a majority: the last good copy of an entry is never hit.
    fn damage(&mut self) {
        let node = below(&mut self.dice, self.nodes.len());
        let hit = |node: &super::node::Node| node.disk.medium().struck.damaged > 0;
        let others = self.nodes.iter().filter(|node| hit(node)).count() - usize::from(hit(&self.nodes[node]));
        let most =
            if self.profile.faults.beyond_repair { self.nodes.len() } else { (self.nodes.len() - 1) / 2 };
        if self.nodes[node].retired || others >= most {
            return;
        }
        if let Some(what) = self.nodes[node].disk.damage() {
            self.note(node, &[42], format_args!("its disk is damaged: {what}"));
        }
    }

    /// The node goes on: first with what came meanwhile or first with its overdue tick, as it happens.
    pub(crate) fn resume(&mut self, node: usize) -> Verdict {
        let state = &mut self.nodes[node];
        if state.paused_by_hand {
            return Ok(());
        }
        let held = std::mem::take(&mut state.held);
        state.paused = false;
        let boot = state.boot;
        self.record(node, What::Resumed);
        self.note(node, &[33, held.len() as u64], format_args!("goes on; {} inputs wait", held.len()));
        let tick_first = self.nodes[node].dice.per_mille(500);
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
        let pause = self.dice.duration(Duration::from_millis(100), self.profile.faults.pause_max);
        let struck = self.strikes(Kind::Pause, node, format_args!("is paused for {pause:?}"));
        if !struck || !self.nodes[node].is_up() || self.nodes[node].paused {
            return;
        }
        self.nodes[node].paused = true;
        self.totals.pauses += 1;
        self.record(node, What::Paused);
        self.note(node, &[34, pause.subsec_nanos().into()], format_args!("is paused for {pause:?}"));
        let boot = self.nodes[node].boot;
        self.queue.push(self.now + pause, Event::Resume { node, boot });
    }

    fn partition(&mut self) {
        let around = self.pick_victim();
        let shape = Shape::ALL[below(&mut self.dice, Shape::ALL.len())];
        let end = self.now + self.dice.duration(Duration::from_millis(50), self.profile.faults.partition_max);
        let hold = self.dice.per_mille(250).then_some(end);
        let words = [35, around as u64, shape as u64, u64::from(hold.is_some())];
        let kind = if hold.is_some() { "clogs" } else { "cuts" };
        self.queue.push(end, Event::Fault(Fault::Partition { over: true }));
        let sides = self.network.draw_sides(around);
        if !self.faults.strike(
            Kind::Partition,
            Place::World,
            format_args!("the network {kind} ({shape}, around n{}) until {end}", around + 1),
        ) {
            return;
        }
        self.network.open();
        self.network.cut(shape, around, &sides, hold);
        self.record_cut();
        self.totals.partitions += 1;
        self.trace.note(
            self.now,
            None,
            &words,
            format_args!("the network {kind} ({shape}, around n{}) until {end}", around + 1),
        );
    }

    fn hand_over(&mut self) -> Verdict {
        let to = NodeId::of(self.dice.below(self.nodes.len() as u64) + 1);
        let longest = self.profile.group.timing.election_min;
        let end = self.now + self.dice.duration(longest / 20, longest);
        let Some(leader) = self.newest_leader().map(place) else { return Ok(()) };
        if !self.strikes(
            Kind::Handover,
            leader,
            format_args!("hears late until {end} and is asked to hand over to {to}"),
        ) {
            return Ok(());
        }
        self.network.cut(Shape::Deaf, leader, &[], Some(end));
        self.record_cut();
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
            Fault::Damage => faults.damage,
            Fault::Jump => faults.jump,
        };
        let Some(interval) = interval else { return };
        let at: Instant = self.now + self.dice.duration(interval / 4, interval * 2);
        self.queue.push(at, Event::Fault(fault));
    }

    /// Any node, or, as often as drawn, the leader of the newest term.
    pub(crate) fn pick_victim(&mut self) -> usize {
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
