//! One run: a group, its network, its clients and its faults, moved by one queue of events and one seed.

use std::{collections::VecDeque, time::Duration};

use machine_core::{Instant, NodeId, Rng};
use raft_core::{FetchId, Index, Message, Run, wire};

use super::{
    Plan, Shapes, Totals, Variation,
    adversaries::Adversary,
    client::Clients,
    healing::Healing,
    judges::{Judges, Verdict, Violation, hold},
    nemesis::{End, Fault},
    node::{Input, Node},
    profile::Profile,
    record::Record,
};
use crate::{
    Trace,
    clock::{Clock, RATE_TRUE_PPM},
    disk::{Disk, Struck, Trouble},
    faults::{Faults, Kind, Place},
    network::Network,
    queue::Queue,
    stream::{Broken, Piece, Stream},
};

/// Most events in a run: it ends long before, unless something spins.
const EVENTS_MAX: u64 = 4_000_000;

/// Most events that may wait.
const QUEUE_MAX: usize = 1 << 17;

/// Everything there is.
#[derive(Debug)]
pub(crate) struct World<'t> {
    pub(crate) now: Instant,
    pub(crate) queue: Queue<Event>,
    /// Faults that come by themselves. Clients, hosts, links and disks have generators of their own: what is done to one
    /// of them does not change what the dice say to the others, and a schedule of faults can be shrunk.
    pub(crate) dice: Rng,
    pub(crate) profile: Profile,
    pub(crate) network: Network,
    /// From each node to each, `from * nodes + to`, when messages travel on connections.
    pub(crate) streams: Option<Vec<Stream>>,
    pub(crate) nodes: Vec<Node>,
    pub(crate) clients: Clients,
    pub(crate) judges: Judges,
    pub(crate) trace: Trace,
    /// The gate that all harm passes.
    pub(crate) faults: Faults,
    pub(crate) totals: Totals,
    pub(crate) healing: Option<Healing>,
    pub(crate) adversary: Option<Adversary>,
    pub(crate) adversary_dice: Rng,
    /// Events before which the dice become others.
    pub(crate) variations: VecDeque<Variation>,
    /// Where the shapes of the group are kept, if anybody asks.
    shapes: Option<&'t mut Shapes>,
    /// Reused for the heads of messages.
    pub(crate) head: Vec<u8>,
    /// What happened, for those who want it as values.
    pub(crate) record: Option<Box<Record>>,
    /// Most events: a run that has more does not end.
    pub(crate) events_max: u64,
}

/// What happens at a moment.
#[derive(Debug)]
pub(crate) enum Event {
    Deliver {
        from: usize,
        to: usize,
        message: Box<Message>,
    },
    /// A piece of a connection's stream arrives.
    Piece {
        from: usize,
        to: usize,
        piece: Piece,
    },
    Tick {
        node: usize,
    },
    /// Something that the host of this life of the node began has come to its end.
    Done {
        node: usize,
        boot: u64,
        done: Done,
    },
    Start {
        node: usize,
    },
    /// This life of the node ends, if it has not yet.
    Doom {
        node: usize,
        boot: u64,
        end: End,
    },
    Resume {
        node: usize,
        boot: u64,
    },
    Client,
    Fault(Fault),
    /// All faults end.
    Heal,
    /// After that: how far is the group?
    Probe,
}

/// What a host waits for.
#[derive(Debug)]
pub(crate) enum Done {
    Sync,
    /// With what storage held when it was asked, and whether it was read then.
    Fetch {
        id: FetchId,
        from: Index,
        run: Run,
        read: bool,
    },
    Input(Input),
}

impl<'t> World<'t> {
    pub(crate) fn new(plan: &Plan, faults: Faults, shapes: Option<&'t mut Shapes>, trace: Trace) -> Self {
        let mut dice = Rng::new(plan.seed);
        let mut profile = Profile::draw(&mut dice);
        if let Some(at) = faults.schedule().heal_at() {
            profile.unsafe_for = profile.unsafe_for.min(at.since(Instant::ZERO));
        }
        let variations = plan.variations.iter().copied().collect();
        Self { variations, shapes, ..Self::of(profile, dice, faults, trace) }
    }

    /// A world with this profile, moved by these dice.
    pub(crate) fn of(profile: Profile, mut dice: Rng, faults: Faults, mut trace: Trace) -> Self {
        trace.hear(&faults);
        let size = profile.group.nodes;
        let network = Network::new(size, profile.network, dice.fork(), faults.clone());
        let body_bytes_max = profile.group.limits.append_bytes + wire::HEAD_BYTES_MAX;
        let streams = profile.streams.map(|streams| {
            let stream = |place| {
                let place = Place::link(place / size, place % size);
                Stream::new(body_bytes_max, streams, dice.fork(), place, faults.clone())
            };
            (0..size * size).map(stream).collect()
        });
        let nodes = (0..size).map(|node| new_node(node, &profile, &mut dice, &faults)).collect();
        let mut adversary_dice = dice.fork();
        let adversary = profile.faults.aim.map(|aim| Adversary::new(aim, &mut adversary_dice));
        Self {
            now: Instant::ZERO,
            queue: Queue::new(),
            network,
            streams,
            nodes,
            clients: Clients::new(
                profile.load.clients.max(1),
                profile.group.limits.append_bytes,
                dice.fork(),
            ),
            judges: Judges::new(size, profile.load.history),
            trace,
            faults,
            totals: Totals::default(),
            healing: None,
            adversary,
            adversary_dice,
            variations: VecDeque::new(),
            shapes: None,
            head: Vec::new(),
            record: None,
            events_max: EVENTS_MAX,
            dice,
            profile,
        }
    }

    /// From the first start to the last check, or to the first law that is broken.
    pub(crate) fn run(&mut self) -> Verdict {
        self.begin_drawn();
        while !self.is_over() && self.step()? {}
        self.judge_histories()?;
        self.totals = self.totals_so_far();
        Ok(())
    }

    /// Everyone starts, and faults go on until all end.
    pub(crate) fn begin_drawn(&mut self) {
        self.begin();
        self.queue.push(Instant::ZERO + self.profile.unsafe_for, Event::Heal);
        self.schedule_faults();
    }

    /// What clients have seen, once nothing that they asked is undecided.
    pub(crate) fn judge_histories(&mut self) -> Verdict {
        self.judges.histories.judge(&self.judges.commits)
    }

    /// Everyone starts.
    pub(crate) fn begin(&mut self) {
        for node in 0..self.nodes.len() {
            let at = Instant::ZERO + self.dice.duration(Duration::ZERO, Duration::from_millis(50));
            self.queue.push(at, Event::Start { node });
        }
        if self.profile.load.clients > 0 {
            self.queue.push(Instant::ZERO, Event::Client);
        }
    }

    /// The next event, and all that comes of it at that moment; false when nothing is left to happen.
    pub(crate) fn step(&mut self) -> Result<bool, Violation> {
        let Some((at, event)) = self.queue.pop() else { return Ok(false) };
        self.now = at;
        self.faults.set_now(at);
        self.totals.events += 1;
        hold(self.totals.events < self.events_max && self.queue.len() < QUEUE_MAX, "a run ends", || {
            format!("{} events happened, {} wait", self.totals.events, self.queue.len())
        })?;
        self.vary();
        self.handle(event)?;
        self.adversary_looks()?;
        if let Some(shapes) = &mut self.shapes {
            shapes.see(self.totals.events, &self.nodes);
        }
        Ok(true)
    }

    /// Whether all faults have ended, and the group has become one again.
    pub(crate) fn is_over(&self) -> bool {
        self.healing.as_ref().is_some_and(Healing::is_over)
    }

    /// Gives the input to the node's core, or keeps it while the node is paused.
    pub(crate) fn input(&mut self, node: usize, input: Input) -> Verdict {
        if !self.nodes[node].is_up() {
            return Ok(());
        }
        if self.nodes[node].paused {
            self.nodes[node].hold(input);
            return Ok(());
        }
        let status = self.call(node, input)?;
        self.settle(node, status)
    }

    /// Whether a harm to this node, for which the dice have fallen, is to be done.
    pub(crate) fn strikes(&self, kind: Kind, node: usize, what: std::fmt::Arguments<'_>) -> bool {
        self.faults.strike(kind, Place::node(node), what)
    }

    /// A note about one node.
    pub(crate) fn note(&mut self, node: usize, words: &[u64], text: std::fmt::Arguments<'_>) {
        self.trace.note(self.now, Some(self.nodes[node].id), words, text);
    }

    fn handle(&mut self, event: Event) -> Verdict {
        match event {
            Event::Deliver { from, to, message } => {
                let from = self.nodes[from].id;
                self.input(to, Input::Message { from, message })
            }
            Event::Piece { from, to, piece } => self.piece_arrives(from, to, &piece),
            Event::Tick { node } => {
                if self.nodes[node].tick_at != Some(self.now) {
                    return Ok(());
                }
                self.nodes[node].tick_at = None;
                self.input(node, Input::Tick)
            }
            Event::Done { node, boot, .. } if self.nodes[node].boot != boot => Ok(()),
            Event::Done { node, done: Done::Input(input), .. } => self.input(node, input),
            Event::Done { node, done: Done::Sync, .. } => self.synced(node),
            Event::Done { node, boot, done: Done::Fetch { id, from, run, read } } => {
                self.answer_fetch(node, boot, id, from, run, read)
            }
            Event::Start { node } => self.start(node),
            Event::Doom { node, boot, .. } if self.nodes[node].boot != boot => Ok(()),
            Event::Doom { node, end, .. } => self.doom(node, end),
            Event::Resume { node, boot } if self.nodes[node].boot != boot => Ok(()),
            Event::Resume { node, .. } => self.resume(node),
            Event::Client if self.healing.is_some() => Ok(()),
            Event::Client => self.client_acts(),
            Event::Fault(_) if self.healing.is_some() => Ok(()),
            Event::Fault(fault) => self.strike(fault),
            Event::Heal => self.heal(),
            Event::Probe => self.probe(),
        }
    }

    /// A sync has ended: what it covered is durable, and the next begins.
    fn synced(&mut self, node: usize) -> Verdict {
        let synced = match self.nodes[node].disk.finish_sync() {
            Ok(synced) => synced,
            Err(trouble) => return self.disk_fails(node, trouble),
        };
        self.totals.writes += synced.len() as u64;
        self.totals.syncs += 1;
        for (_, state) in synced {
            self.judges.votes.became_durable(node, *state)?;
        }
        let Some(&(newest, _)) = synced.last() else {
            return Err(Violation { law: "a sync covers something", detail: format!("n{}", node + 1) });
        };
        let count = synced.len() as u64;
        let dice = &mut self.nodes[node].dice;
        let twice = dice.per_mille(self.profile.host.repeat_per_mille);
        let part = twice.then(|| usize::try_from(dice.below(count)).expect("below a length"));
        let part = part.map(|part| self.nodes[node].disk.ledger().synced()[part].0);
        self.note(node, &[1, newest.get()], format_args!("has {newest} on its disk"));
        self.sync(node)?;
        self.input(node, Input::Persisted { part, newest })
    }

    /// Appends what was written and starts to sync it, if there is something to do.
    pub(crate) fn sync(&mut self, node: usize) -> Verdict {
        let Node { disk, boot, .. } = &mut self.nodes[node];
        match disk.start_sync(self.now) {
            Ok(None) => {}
            Ok(Some(at)) => self.queue.push(at, Event::Done { node, boot: *boot, done: Done::Sync }),
            Err(trouble) => return self.disk_fails(node, trouble),
        }
        Ok(())
    }

    /// A node whose log cannot go on stops at once and acknowledges nothing more.
    pub(crate) fn disk_fails(&mut self, node: usize, trouble: Trouble) -> Verdict {
        match trouble {
            Trouble::Unlawful(violation) => Err(violation),
            Trouble::Power => self.crash(node, End::Power, "within what its log does"),
            Trouble::Failed(why) => {
                self.totals.disk_stops += 1;
                self.note(node, &[37], format_args!("its disk fails: {why}"));
                let end = if self.nodes[node].dice.per_mille(300) { End::Power } else { End::Process };
                self.crash(node, end, "since its disk fails")
            }
            Trouble::Damaged(what) => {
                self.crash(node, End::Process, "since its disk is damaged")?;
                self.retire(node, &what);
                Ok(())
            }
        }
    }

    /// With what the parts have counted.
    pub(crate) fn totals_so_far(&self) -> Totals {
        let mut totals = self.totals;
        totals.seeds = 1;
        totals.virtual_nanos = self.now.as_nanos();
        totals.elections = self.judges.elections.count();
        totals.acknowledged = self.judges.promises.count();
        totals.judged = self.judges.histories.count();
        totals.reads = self.judges.reads.answered();
        totals.committed = self.judges.commits.top().get();
        for stream in self.streams.iter().flatten() {
            let Broken { resets, corrupted, refused } = stream.broken;
            totals.resets += resets;
            totals.corrupted += corrupted;
            totals.frames_refused += refused;
        }
        for node in &self.nodes {
            let Struck { broken, syncs_lost, full, partial, sectors_lost, damaged } =
                node.disk.medium().struck;
            totals.broken += broken;
            totals.syncs_lost += syncs_lost;
            totals.full += full;
            totals.partial += partial;
            totals.sectors_lost += sectors_lost;
            totals.damaged += damaged;
        }
        totals.digest = self.trace.digest().get();
        totals
    }
}

fn new_node(node: usize, profile: &Profile, dice: &mut Rng, faults: &Faults) -> Node {
    let disk = Disk::new(NodeId::of(node as u64 + 1), profile.disk, dice.fork(), faults.clone());
    let start = Instant::from_nanos(dice.below(1 << 40));
    let drift = profile.host.drift_ppm;
    let rate = RATE_TRUE_PPM - drift + dice.below(2 * drift + 1);
    let clock = Clock::new(start, rate);
    Node::new(profile.group.config(node), NodeId::of(node as u64 + 1), disk, clock, dice.fork())
}
