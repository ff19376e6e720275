//! Clients: unique proposals, linearizable reads, and now and then a wish about who should lead.

use std::fmt;

use machine_core::{Instant, NodeId, Rng};
use raft_core::{
    ENTRY_HEADER_BYTES, Index, LogPos, ProposeError, Raft, ReadError, ReadId, Stamp, TransferError,
};

use super::{
    judges::{Verdict, Violation, hold},
    profile::LoadProfile,
    world::{Event, World},
};
use crate::{
    faults::Kind,
    raft::{
        node::{Input, Node},
        outputs::not_stamped,
        record::What,
    },
};

const HONEST: &str = "refusals tell the truth";

/// Bytes before the payload of a stamped entry.
const STAMPED_HEADER_BYTES: usize = ENTRY_HEADER_BYTES + 8;

/// Bytes of a payload's number, unless an append has less room.
const NUMBER_BYTES_MAX: usize = 8;

/// Numbers that are left for what is asked after healing.
const NUMBERS_KEPT: u64 = 56;

/// The largest payload.
const HUGE_BYTES_MAX: usize = 32 << 10;

/// A call by a client.
#[derive(Clone, Debug)]
pub(crate) enum Command {
    /// Payloads, each opening with its number.
    Propose {
        client: usize,
        payloads: Payloads,
    },
    Read {
        client: usize,
    },
    Transfer {
        to: NodeId,
    },
    StepDown,
}

/// What a client asks for at once, in one piece of memory.
#[derive(Clone, Debug, Default)]
pub(crate) struct Payloads {
    bytes: Vec<u8>,
    /// Where each ends.
    ends: Vec<usize>,
}

impl Payloads {
    fn len(&self) -> usize {
        self.ends.len()
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Propose { payloads, .. } => write!(f, "{} entries", payloads.len()),
            Self::Read { .. } => f.write_str("a read"),
            Self::Transfer { to } => write!(f, "a handover to {to}"),
            Self::StepDown => f.write_str("a step down"),
        }
    }
}

/// What the clients know.
#[derive(Debug)]
pub(crate) struct Clients {
    /// The node that each takes for the leader.
    believed: Vec<Option<usize>>,
    proposed: u64,
    /// Bytes of a payload's number.
    number_bytes: usize,
    /// A payload that was refused when it was asked for after healing.
    refused: Option<Payloads>,
    /// What they want, and of whom: other faults do not make it another.
    dice: Rng,
    /// What the newest command led to.
    pub(crate) outcome: Option<Taken>,
    /// Why the newest command came to nothing.
    pub(crate) refusal: Option<Refusal>,
}

/// A command that a core took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    Proposal(LogPos),
    Read(ReadId),
}

/// Why a core did not take a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Propose(ProposeError),
    Read(ReadError),
    Transfer(TransferError),
}

impl Clients {
    /// So many clients, who know how much an append can hold.
    pub(crate) fn new(clients: usize, append_bytes_max: usize, dice: Rng) -> Self {
        Self {
            believed: vec![None; clients],
            proposed: 0,
            number_bytes: (append_bytes_max - ENTRY_HEADER_BYTES).min(NUMBER_BYTES_MAX),
            refused: None,
            dice,
            outcome: None,
            refusal: None,
        }
    }

    /// How many more payloads may be numbered while faults go on; some numbers are kept for healing.
    pub(crate) fn numbers_left(&self) -> u64 {
        let bits = u32::try_from(self.number_bytes * 8).expect("at most eight bytes");
        let numbers = 1_u64.checked_shl(bits).unwrap_or(u64::MAX);
        (numbers - NUMBERS_KEPT).saturating_sub(self.proposed)
    }

    /// What they want from here on is drawn from other dice.
    pub(crate) fn throw_anew(&mut self, dice: &mut Rng) {
        self.dice = dice.fork();
    }

    /// Bytes that a payload opens with, beside what its client wants to say.
    pub(crate) const fn number_bytes(&self) -> usize {
        self.number_bytes
    }

    /// A payload that no other has, and that says this.
    fn add_payload_of(&mut self, words: &[u8], payloads: &mut Payloads) {
        let number = self.proposed;
        self.proposed += 1;
        payloads.bytes.extend_from_slice(&number.to_le_bytes()[..self.number_bytes]);
        payloads.bytes.extend_from_slice(words);
        payloads.ends.push(payloads.bytes.len());
    }

    /// A payload that no other has.
    fn add_payload(&mut self, length: usize, payloads: &mut Payloads) {
        let number = self.proposed;
        self.proposed += 1;
        let (bytes, start) = (number.to_le_bytes(), payloads.bytes.len());
        // A number is cut short only where a payload has no room for more than that.
        payloads.bytes.extend_from_slice(&bytes[..self.number_bytes]);
        payloads.bytes.resize(start + length.max(self.number_bytes), bytes[0]);
        payloads.ends.push(payloads.bytes.len());
    }
}

impl World<'_> {
    /// Some client does something, and the next is scheduled.
    pub(crate) fn client_acts(&mut self) -> Verdict {
        let interval = self.profile.load.interval;
        let next = self.now + self.clients.dice.duration(interval / 10, interval * 2);
        self.queue.push(next, Event::Client);
        let client = below(&mut self.clients.dice, self.clients.believed.len());
        let anyone = self.clients.dice.per_mille(100);
        let some = below(&mut self.clients.dice, self.nodes.len());
        let tempted = self.clients.dice.per_mille(500);
        let lure = self.lure().filter(|_| tempted);
        let node = lure.or(self.clients.believed[client].filter(|_| !anyone)).unwrap_or(some);
        let command = self.draw_command(client);
        if !self.strikes(Kind::Call, node, format_args!("is asked by client {client} for {command}")) {
            return Ok(());
        }
        if !self.nodes[node].is_up() {
            self.clients.believed[client] = None;
            return Ok(());
        }
        self.clients.believed[client] = Some(node);
        self.input(node, Input::Command(command))
    }

    /// One proposal of the usual kind at this node.
    pub(crate) fn probe_write(&mut self, node: usize) -> Verdict {
        let payloads = self.clients.refused.take().unwrap_or_else(|| {
            let mut one = Payloads::default();
            self.number_payload(0, &mut one);
            one
        });
        self.input(node, Input::Command(Command::Propose { client: 0, payloads: payloads.clone() }))?;
        if self.clients.outcome.is_none() {
            self.clients.refused = Some(payloads);
        }
        Ok(())
    }

    /// A core is called on behalf of a client.
    pub(crate) fn command(&mut self, node: usize, now: Instant, command: Command) -> Verdict {
        (self.clients.outcome, self.clients.refusal) = (None, None);
        let Some(core) = &mut self.nodes[node].core else { return Ok(()) };
        match command {
            Command::Propose { client, payloads } => self.propose(node, now, client, &payloads),
            Command::Read { client } => {
                let read = core.read(now);
                self.read(node, now, client, read)
            }
            Command::Transfer { to } => {
                let answer = core.transfer_leadership(now, to);
                self.clients.refusal = answer.err().map(Refusal::Transfer);
                let words = [20, to.get(), u64::from(answer.is_ok())];
                self.trace.note(
                    self.now,
                    Some(self.nodes[node].id),
                    &words,
                    format_args!("is asked to hand leadership to {to}: {answer:?}"),
                );
                let led = self.nodes[node].leading.is_some();
                let lie = match answer {
                    Err(TransferError::NotLeader { .. }) => led,
                    Err(TransferError::Halted) => true,
                    _ => false,
                };
                hold(!lie, HONEST, || format!("n{} leads and answers {answer:?}", node + 1))
            }
            Command::StepDown => {
                core.step_down(now);
                self.trace.note(
                    self.now,
                    Some(self.nodes[node].id),
                    &[21],
                    format_args!("is asked to step down"),
                );
                Ok(())
            }
        }
    }

    fn draw_command(&mut self, client: usize) -> Command {
        let LoadProfile {
            batch_max,
            read_per_mille,
            transfer_per_mille,
            step_down_per_mille,
            payload_max,
            ..
        } = self.profile.load;
        if self.clients.dice.per_mille(transfer_per_mille) {
            let to = NodeId::of(self.clients.dice.below(self.nodes.len() as u64) + 1);
            return Command::Transfer { to };
        }
        if self.clients.dice.per_mille(step_down_per_mille) {
            return Command::StepDown;
        }
        if self.clients.dice.per_mille(read_per_mille) {
            return Command::Read { client };
        }
        let count = (1 + self.clients.dice.below(batch_max)).min(self.clients.numbers_left());
        if count == 0 {
            return Command::Read { client };
        }
        let limit = self.profile.group.limits.append_bytes.min(HUGE_BYTES_MAX);
        let mut payloads = Payloads::default();
        for _ in 0..count {
            // Now and then one that may be too large.
            let huge = self.clients.dice.per_mille(3);
            let most = if huge { limit } else { payload_max };
            let length = below(&mut self.clients.dice, most + 1);
            self.number_payload(length, &mut payloads);
        }
        Command::Propose { client, payloads }
    }

    /// A payload that says this, with a number in front.
    pub(crate) fn payload_by_hand(&mut self, words: &[u8]) -> Payloads {
        let mut one = Payloads::default();
        self.judges.machines.numbered(self.clients.proposed);
        self.clients.add_payload_of(words, &mut one);
        one
    }

    fn number_payload(&mut self, length: usize, payloads: &mut Payloads) {
        self.judges.machines.numbered(self.clients.proposed);
        self.clients.add_payload(length, payloads);
    }

    fn propose(&mut self, node: usize, now: Instant, client: usize, payloads: &Payloads) -> Verdict {
        let id = self.nodes[node].id;
        let stamped = self.profile.load.stamped;
        let local = self.nodes[node].clock.local(self.now);
        let Node { core: Some(core), stamper, .. } = &mut self.nodes[node] else { return Ok(()) };
        let answer = if stamped {
            take_stamped(core, now, payloads, || stamper.stamp(local).map_err(not_stamped))?
        } else {
            take(core, now, payloads)
        };
        let words = match answer {
            Ok((first, count)) => [22, first.term.get(), first.index.get(), count],
            Err(_) => [22, 0, 0, payloads.len() as u64],
        };
        self.trace.note(
            self.now,
            Some(id),
            &words,
            format_args!("is asked for {} entries: {answer:?}", payloads.len()),
        );
        let (first, count) = match answer {
            Ok(taken) => taken,
            Err(error) => return self.refused(node, client, error, payloads),
        };
        self.clients.outcome = Some(Taken::Proposal(first));
        self.record(node, What::Took { first, count });
        self.judges.attendance.took(node, now, self.profile.group.timing.election_min)?;
        for (place, payload) in (0..count).zip(payloads.iter()) {
            let at = LogPos { index: Index::new(first.index.get() + place), ..first };
            self.judges.promises.taken(at)?;
            self.judges.machines.taken(payload);
            self.judges.histories.proposed(at, payload);
            self.nodes[node].proposals.insert(at.index, at.term);
        }
        let leads = self.nodes[node].core.as_ref().is_some_and(|core| core.status().term == first.term);
        hold(leads, HONEST, || format!("{id} takes entries for {first}, a term that is not its own"))
    }

    fn refused(&mut self, node: usize, client: usize, error: ProposeError, payloads: &Payloads) -> Verdict {
        self.clients.refusal = Some(Refusal::Propose(error));
        self.record(node, What::RefusedEntries(error));
        let led = self.nodes[node].leading.is_some();
        let header = if self.profile.load.stamped { STAMPED_HEADER_BYTES } else { ENTRY_HEADER_BYTES };
        let most = self.profile.group.limits.append_bytes - header;
        let true_told = match error {
            ProposeError::NotLeader { leader } => {
                self.clients.believed[client] = leader.map(place);
                !led
            }
            ProposeError::TooLarge { bytes, bytes_max } => {
                Some(bytes) == payloads.iter().next().map(<[u8]>::len)
                    && bytes > bytes_max
                    && bytes_max == most
            }
            ProposeError::Transferring { to } => {
                self.clients.believed[client] = Some(place(to));
                led
            }
            ProposeError::NoQuorum => {
                self.clients.believed[client] = None;
                true
            }
            ProposeError::Full => true,
            ProposeError::Halted | _ => false,
        };
        hold(true_told, HONEST, || format!("n{} (leads: {led}) answers {error:?}", node + 1))
    }

    fn read(&mut self, node: usize, now: Instant, client: usize, read: Result<ReadId, ReadError>) -> Verdict {
        let id = self.nodes[node].id;
        let word = read.as_ref().map_or(0, |id| id.get());
        self.trace.note(self.now, Some(id), &[23, word], format_args!("is asked to read: {read:?}"));
        let led = self.nodes[node].leading.is_some();
        if let Err(error) = read {
            self.clients.refusal = Some(Refusal::Read(error));
            self.record(node, What::RefusedRead(error));
        }
        match read {
            Ok(read) => {
                self.clients.outcome = Some(Taken::Read(read));
                self.judges.attendance.took(node, now, self.profile.group.timing.election_min)?;
                self.judges.histories.asked(node, read);
                self.judges.reads.asked(node, read, self.judges.commits.top())
            }
            Err(ReadError::NotLeader { leader }) => {
                self.clients.believed[client] = leader.map(place);
                hold(!led, HONEST, || format!("{id} leads and says it does not"))
            }
            Err(ReadError::NoQuorum | ReadError::Full) => Ok(()),
            Err(error) => Err(Violation { law: HONEST, detail: format!("{id} answers {error:?}") }),
        }
    }
}

/// By one of the two doors: several payloads, or one.
fn take(core: &mut Raft, now: Instant, payloads: &Payloads) -> Result<(LogPos, u64), ProposeError> {
    let mut all = payloads.iter();
    match (all.next(), payloads.len()) {
        (Some(payload), 1) => core.propose(now, payload).map(|at| (at, 1)),
        _ => core
            .propose_many(now, payloads.iter())
            .map(|taken| (LogPos { term: taken.term, index: taken.first }, taken.count)),
    }
}

/// One by one, each with a stamp of its own, until one is refused; a refusal of the first is the answer.
fn take_stamped(
    core: &mut Raft,
    now: Instant,
    payloads: &Payloads,
    mut stamp: impl FnMut() -> Result<Stamp, Violation>,
) -> Result<Result<(LogPos, u64), ProposeError>, Violation> {
    let mut taken: Option<(LogPos, u64)> = None;
    for payload in payloads.iter() {
        match (core.propose_stamped(now, stamp()?, payload), &mut taken) {
            (Ok(at), None) => taken = Some((at, 1)),
            (Ok(_), Some((_, count))) => *count += 1,
            (Err(error), None) => return Ok(Err(error)),
            (Err(_), Some(_)) => break,
        }
    }
    Ok(taken.ok_or(ProposeError::Full))
}

pub(crate) fn place(id: NodeId) -> usize {
    usize::try_from(id.get()).expect("nodes are few") - 1
}

/// A place below `limit`.
pub(crate) fn below(dice: &mut Rng, limit: usize) -> usize {
    usize::try_from(dice.below(limit as u64)).expect("below a length")
}
