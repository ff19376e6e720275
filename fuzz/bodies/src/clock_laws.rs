//! Sequences of operations on clocks, each beside the most naive model of it.

use std::collections::{BTreeMap, BTreeSet};

use lamport::{
    AtomicHlc, AtomicLamport, CausalBuffer, CausalContext, Causality, ClockError, Dot, DvvSet, Header, Hlc,
    HlcConfig, HlcTime, Lamport, LexKey, Receipt, Side, Stability, Time, VersionVector, Wall,
};

use crate::{Choices, Marks};

/// What the operations must come by.
pub const MARKS: &[&str] = &[
    "lamport exhausted",
    "lamport too far ahead",
    "vectors equal",
    "vectors before",
    "vectors concurrent",
    "vector exhausted",
    "entry retired",
    "gap closed",
    "cloud full",
    "siblings",
    "sibling replaced",
    "siblings synced",
    "hlc carried",
    "hlc too far ahead, local",
    "hlc too far ahead, remote",
    "hlc not persisted",
    "hlc restarted",
    "hlc jump",
    "message held",
    "message delivered",
    "message refused",
];

/// The first byte says which clock, the rest what is done with it.
///
/// # Panics
///
/// When a clock breaks a law: a bug of `lamport`.
pub fn run(input: &[u8]) -> Marks {
    let mut choices = Choices::new(input);
    let mut marks = Marks::new(MARKS);
    match choices.below(6) {
        0 => scalar(&mut choices, &mut marks),
        1 => vectors(&mut choices, &mut marks),
        2 => context(&mut choices, &mut marks),
        3 => siblings(&mut choices, &mut marks),
        4 => hybrid(&mut choices, &mut marks),
        _ => broadcast(&mut choices, &mut marks),
    }
    marks
}

/// Lamport's clock, plain and atomic, beside a sum in 128 bits.
fn scalar(choices: &mut Choices<'_>, marks: &mut Marks) {
    let start = choices.number();
    let (mut plain, atomic) = (Lamport::resume(Time::new(start)), AtomicLamport::resume(Time::new(start)));
    let mut model = u128::from(start);
    while !choices.is_over() {
        let observes = choices.flag();
        let (remote, jump) = if observes { (choices.number(), choices.number()) } else { (0, 0) };
        let before = atomic.now();
        let (one, other) = if observes {
            let remote = Time::new(remote);
            (plain.observe_bounded(remote, jump), atomic.observe_bounded(remote, jump))
        } else {
            (plain.tick(), atomic.tick())
        };
        let expected = model.max(remote.into()) + 1;
        match one {
            Ok(stamp) => {
                assert_eq!(u128::from(stamp.get()), expected);
                model = expected;
            }
            Err(ClockError::TooFarAhead { ahead, limit, side }) => {
                assert!(side == Side::Remote && ahead > limit && limit == jump);
                marks.see("lamport too far ahead");
            }
            Err(error) => {
                assert_eq!(error, ClockError::Exhausted { last: u64::MAX });
                assert!(expected > u64::MAX.into());
                marks.see("lamport exhausted");
            }
        }
        assert_eq!(u128::from(plain.now().get()), model);
        match other {
            Ok(stamp) => {
                assert!(stamp > before && stamp <= AtomicLamport::LAST && (!observes || stamp.get() > remote))
            }
            Err(_) => assert_eq!(atomic.now(), before),
        }
        if expected <= AtomicLamport::LAST.get().into() {
            assert_eq!(one, other, "below the line both are one clock");
        }
    }
}

/// Three vectors beside maps.
fn vectors(choices: &mut Choices<'_>, marks: &mut Marks) {
    let mut clocks: [VersionVector; 3] = Default::default();
    let mut models: [BTreeMap<u64, u64>; 3] = Default::default();
    while !choices.is_over() {
        let (op, at, id) = (choices.below(5), choices.below(3), u64::from(choices.byte() % 8));
        let other = (at + 1) % 3;
        match op {
            0 => match clocks[at].tick(&id) {
                Ok(dot) => assert_eq!(
                    Some(dot.n.get()),
                    models[at].insert(id, dot.n.get()).or(Some(0)).map(|n| n + 1)
                ),
                Err(_) => {
                    assert_eq!(models[at].get(&id), Some(&u64::MAX));
                    marks.see("vector exhausted");
                }
            },
            1 => {
                let n = choices.number();
                let news = Dot::new(id, n).is_some_and(|dot| clocks[at].set_max(dot));
                let entry = models[at].entry(id).or_default();
                assert_eq!(news, n > *entry);
                *entry = n.max(*entry);
            }
            2 => {
                let from = clocks[other].clone();
                clocks[at].merge(&from);
                for (id, n) in models[other].clone() {
                    let entry = models[at].entry(id).or_default();
                    *entry = n.max(*entry);
                }
            }
            3 => {
                clocks[at] = VersionVector::meet(&clocks[at], &clocks[other]);
                let theirs = models[other].clone();
                models[at].iter_mut().for_each(|(id, n)| *n = (*n).min(theirs.get(id).copied().unwrap_or(0)));
            }
            _ => {
                let stable = clocks[other].clone();
                let went = clocks[at].retain_live(|member| *member != id, &stable);
                if went > 0 {
                    marks.see("entry retired");
                    assert!(models[at].remove(&id).is_some_and(|n| n <= stable.get(&id)));
                }
            }
        }
        models[at].retain(|_, n| *n > 0);
        assert!(clocks[at].iter().map(|(id, n)| (*id, n)).eq(models[at].iter().map(|(id, n)| (*id, *n))));
        judge(&clocks[at], &clocks[other], &models[at], &models[other], marks);
    }
}

fn judge(
    a: &VersionVector,
    b: &VersionVector,
    model: &BTreeMap<u64, u64>,
    other: &BTreeMap<u64, u64>,
    marks: &mut Marks,
) {
    let of = |model: &BTreeMap<u64, u64>, id| model.get(&id).copied().unwrap_or(0);
    let (less, greater) =
        ((0..8).any(|id| of(model, id) < of(other, id)), (0..8).any(|id| of(model, id) > of(other, id)));
    let verdict = match (less, greater) {
        (false, false) => Causality::Equal,
        (true, false) => Causality::Before,
        (false, true) => Causality::After,
        (true, true) => Causality::Concurrent,
    };
    assert_eq!(a.causal_cmp(b), verdict, "{a:?} {b:?}");
    assert_eq!(b.causal_cmp(a), verdict.mirrored(), "{a:?} {b:?}");
    let order = LexKey(a.clone()).cmp(&LexKey(b.clone()));
    assert!(a.partial_cmp(b).is_none_or(|causal| causal == order), "{a:?} {b:?}");
    let mut told = b.clone();
    for (id, range) in a.missing_from(b) {
        assert_eq!((*range.start(), *range.end()), (b.get(id) + 1, a.get(id)));
        told.extend(Dot::new(*id, *range.end()));
    }
    assert_eq!(told, VersionVector::join(a, b), "what was missing");
    let mut known = Stability::new([0, 1]);
    assert_eq!((known.observe(&0, a), known.observe(&1, b)), (Ok(()), Ok(())));
    assert_eq!(known.stable(), VersionVector::meet(a, b));
    marks.see(match verdict {
        Causality::Equal => "vectors equal",
        Causality::Before | Causality::After => "vectors before",
        Causality::Concurrent => "vectors concurrent",
    });
}

/// A causal context beside a set of dots.
fn context(choices: &mut Choices<'_>, marks: &mut Marks) {
    let limit = choices.below(6);
    let mut context = CausalContext::<u64>::with_cloud_max(limit);
    let mut other = CausalContext::<u64>::new();
    let (mut model, mut other_model) = (BTreeSet::new(), BTreeSet::new());
    while !choices.is_over() {
        let (op, id, n) = (choices.below(4), choices.below(3) as u64, u64::from(choices.byte() % 12) + 1);
        let dot = Dot::new(id, n).expect("at least 1");
        let apart = context.cloud_len();
        let outcome = match op {
            0 | 1 => context.insert(dot).map(|news| assert_eq!(news, model.insert((id, n)))),
            2 => other.insert(dot).map(|_| other_model.extend([(id, n)])),
            _ => context.merge(&other).map(|()| model.extend(&other_model)),
        };
        if let Err(error) = outcome {
            assert_eq!(error, ClockError::TooManyEntries { limit });
            marks.see("cloud full");
        }
        if context.cloud_len() < apart {
            marks.see("gap closed");
        }
        for (context, model) in [(&context, &model), (&other, &other_model)] {
            for (id, n) in (0..3).flat_map(|id| (1..=13).map(move |n| (id, n))) {
                assert_eq!(context.contains(&Dot::new(id, n).expect("at least 1")), model.contains(&(id, n)));
            }
            assert!(context.cloud().all(|dot| dot.n.get() > context.base().get(&dot.id) + 1), "compact");
        }
        assert!(context.cloud_len() <= limit);
    }
}

/// Two servers with siblings, beside the dots that each knows and the values of those that stand.
fn siblings(choices: &mut Choices<'_>, marks: &mut Marks) {
    type Known = (BTreeMap<u64, u64>, BTreeMap<(u64, u64), u64>);
    let mut sets = [DvvSet::<u64, u64>::with_siblings_max(6), DvvSet::with_siblings_max(6)];
    let mut models: [Known; 2] = Default::default();
    let mut reads = vec![VersionVector::new()];
    let mut value = 0;
    while !choices.is_over() {
        let (op, at) = (choices.below(4), choices.below(2));
        match op {
            0 => reads.push(sets[at].context()),
            1 | 2 => {
                let read = reads[choices.below(reads.len())].clone();
                let before = models[at].1.len();
                let (known, live) = &mut models[at];
                let staying: BTreeMap<_, _> = live
                    .iter()
                    .filter(|((id, n), _)| read.get(id) < *n)
                    .map(|(dot, value)| (*dot, *value))
                    .collect();
                match sets[at].update(&read, value, at as u64) {
                    Ok(dot) => {
                        for (id, n) in read.iter() {
                            let entry = known.entry(*id).or_default();
                            *entry = (*entry).max(n);
                        }
                        *live = staying;
                        known.insert(dot.id, dot.n.get());
                        assert_eq!(live.insert((dot.id, dot.n.get()), value), None, "a dot is given once");
                        if live.len() <= before {
                            marks.see("sibling replaced");
                        }
                    }
                    Err(error) => {
                        assert_eq!(error, ClockError::TooManyEntries { limit: 6 });
                        assert!(staying.len() >= 6);
                    }
                }
                value += 1;
            }
            _ => {
                let (from, (known, live)) = (sets[1 - at].clone(), models[1 - at].clone());
                sets[at].sync(&from);
                let (own_known, own_live) = &mut models[at];
                let stands = |dot: &(u64, u64), known: &BTreeMap<u64, u64>, live: &BTreeMap<_, _>| {
                    known.get(&dot.0).is_none_or(|n| *n < dot.1) || live.contains_key(dot)
                };
                let mine = own_live.iter().filter(|(dot, _)| stands(dot, &known, &live));
                let theirs = live.iter().filter(|(dot, _)| stands(dot, own_known, own_live));
                let both = mine.chain(theirs).map(|(dot, value)| (*dot, *value)).collect();
                *own_live = both;
                known.iter().for_each(|(id, n)| {
                    let entry = own_known.entry(*id).or_default();
                    *entry = (*entry).max(*n);
                });
                marks.see("siblings synced");
            }
        }
        let (known, live) = &models[at];
        let dotted: BTreeMap<_, _> =
            sets[at].dotted().map(|(dot, value)| ((dot.id, dot.n.get()), *value)).collect();
        assert_eq!(&dotted, live);
        assert!(sets[at].context().iter().map(|(id, n)| (*id, n)).eq(known.iter().map(|(id, n)| (*id, *n))));
        if live.len() > 1 {
            marks.see("siblings");
        }
    }
}

/// A hybrid clock, plain and atomic, through walls, peers and restarts.
fn hybrid(choices: &mut Choices<'_>, marks: &mut Marks) {
    let (ahead, jump) = (u64::from(choices.byte() % 64) + 4, choices.flag().then_some(90));
    let config = HlcConfig::new()
        .with_max_ahead_ms(ahead)
        .with_persist_window_ms(Some(ahead / 2))
        .with_max_forward_jump_ms(jump);
    let open = |disk| (Hlc::new(config, disk).expect("sound"), AtomicHlc::new(config, disk).expect("sound"));
    let mut disk = HlcTime::ZERO;
    let (mut clock, mut atomic) = open(disk);
    let mut newest = HlcTime::ZERO;
    while !choices.is_over() {
        let op = choices.below(8);
        let wall =
            Wall::from_ms(if choices.flag() { choices.number() } else { 1_000 + u64::from(choices.byte()) });
        let remote = wall.ms().saturating_add((choices.byte() % 80).into()).saturating_sub(10);
        let full = if op == 2 { u16::MAX } else { 0 };
        let remote = HlcTime::new(remote, full).unwrap_or(HlcTime::MAX);
        let before = clock.peek();
        let outcome = match op {
            0 | 7 => (clock.tick(wall), atomic.tick(wall)),
            1 | 2 => (clock.observe(remote, wall), atomic.observe(remote, wall)),
            3 => (clock.observe_clamped(remote, wall), atomic.observe_clamped(remote, wall)),
            4 => {
                let request = clock.persist_request(wall);
                assert_eq!(request, atomic.persist_request(wall));
                if let Some(bound) = request {
                    assert!(bound > disk && bound.ms() <= wall.ms().saturating_add(ahead));
                    disk = bound;
                    clock.persisted(bound);
                    atomic.persisted(bound);
                }
                continue;
            }
            5 => {
                clock.accept_jump(wall);
                atomic.accept_jump(wall);
                continue;
            }
            _ => {
                (clock, atomic) = open(disk);
                marks.see("hlc restarted");
                continue;
            }
        };
        assert_eq!(outcome.0, outcome.1, "both follow the same rules");
        assert_eq!((clock.peek(), clock.rejected()), (atomic.peek(), atomic.rejected()));
        match outcome.0 {
            Ok(stamp) => {
                assert!(stamp > newest && stamp > before && stamp <= disk && stamp.ms() >= wall.ms());
                assert!(stamp.ms() - wall.ms() <= ahead && (!matches!(op, 1 | 2) || stamp > remote));
                if full > 0 && stamp.ms() == remote.ms() + 1 {
                    marks.see("hlc carried");
                }
                newest = stamp;
            }
            Err(error) => {
                assert_eq!(clock.peek(), before, "no trace");
                hybrid_refused(error, disk, marks);
            }
        }
    }
}

fn hybrid_refused(error: ClockError, disk: HlcTime, marks: &mut Marks) {
    match error {
        ClockError::TooFarAhead { side, ahead, limit } => {
            assert!(ahead > limit);
            marks.see(match side {
                Side::Local => "hlc too far ahead, local",
                Side::Remote => "hlc too far ahead, remote",
            });
        }
        ClockError::NotPersisted { persisted, request } => {
            assert!(persisted == disk && request > disk);
            marks.see("hlc not persisted");
        }
        ClockError::ForwardJump { jump, limit } => {
            assert!(jump > limit);
            marks.see("hlc jump");
        }
        ClockError::Exhausted { .. } => {}
        other @ (ClockError::UnknownMember | _) => panic!("no hybrid clock says {other:?}"),
    }
}

/// One member of a group of three, among honest and hostile messages.
fn broadcast(choices: &mut Choices<'_>, marks: &mut Marks) {
    let mut buffer = CausalBuffer::new(0, 0..3u64).with_held_per_sender_max(4);
    let mut pasts: BTreeMap<(u64, u64), VersionVector> = BTreeMap::new();
    while !choices.is_over() {
        let (delivered, held) = (buffer.delivered().clone(), buffer.held());
        match choices.below(4) {
            0 => {
                let Header(clock) = buffer.broadcast().expect("few");
                assert!(clock > delivered && clock.get(&0) == delivered.get(&0) + 1);
            }
            1 => match buffer.poll_deliver() {
                Some((dot, ())) => {
                    let past = pasts.get(&(dot.id, dot.n.get())).expect("it was kept");
                    assert_eq!(dot.n.get(), delivered.get(&dot.id) + 1, "in order, and once");
                    assert!(buffer.delivered().descends(past), "nothing before it is missing");
                    assert_eq!((buffer.held(), buffer.delivered().contains(&dot)), (held - 1, true));
                    marks.see("message delivered");
                }
                None => assert_eq!(buffer.delivered(), &delivered),
            },
            _ => {
                let from = choices.below(4) as u64;
                // The sender's next message, which follows nothing: unless the input has it otherwise.
                let mut counter = |id| match choices.byte() {
                    0..128 if id == from => delivered.get(&id) + 1,
                    0..128 => 0,
                    byte => u64::from(byte % 9),
                };
                let clock: VersionVector = (0..4).map(|id| (id, counter(id))).collect();
                let n = clock.get(&from);
                match buffer.receive(&from, Header(clock.clone()), ()) {
                    Ok(Receipt::Kept) => {
                        assert!(pasts.insert((from, n), clock).is_none() && buffer.held() == held + 1);
                        marks.see("message held");
                    }
                    Ok(Receipt::Duplicate) => assert_eq!(buffer.held(), held),
                    Err(_) => {
                        assert_eq!(buffer.held(), held);
                        marks.see("message refused");
                    }
                }
                assert_eq!(buffer.delivered(), &delivered);
                assert!(buffer.held() <= 8);
            }
        }
    }
}
