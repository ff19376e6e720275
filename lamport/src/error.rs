use core::fmt;

use crate::HlcTime;

/// Why a clock refuses. Each variant carries the numbers that a caller needs to log it and to decide.
///
/// Unless its own documentation says otherwise, a call that fails has changed nothing but counters for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClockError {
    /// No stamp is left: the clock stands at `last`, and nothing wraps. A clock that only honest nodes feed does not
    /// come here in centuries; take a new identity, or a new epoch around the clock.
    Exhausted {
        /// The highest value that this clock can give.
        last: u64,
    },
    /// A stamp lies, or would lie, too far in the future.
    TooFarAhead {
        /// Whose stamp it is, and so what to do.
        side: Side,
        /// How far: ticks for Lamport time, milliseconds for hybrid time.
        ahead: u64,
        /// How far it may be, in the same unit.
        limit: u64,
    },
    /// A hybrid clock must not give the next stamp before a higher bound is durable: write `request`, sync it, call
    /// [`persisted`](crate::Hlc::persisted) with it, and ask again.
    NotPersisted {
        /// The highest stamp that may be given.
        persisted: HlcTime,
        /// The bound that is to be durable.
        request: HlcTime,
    },
    /// The caller's wall clock leapt forward by more than the configuration allows. Nothing is issued until someone who
    /// knows better calls [`accept_jump`](crate::Hlc::accept_jump), or the wall clock comes back.
    ForwardJump {
        /// Milliseconds from the highest reading so far to this one.
        jump: u64,
        /// How far one step may be, in milliseconds.
        limit: u64,
    },
    /// A reading lies wholly before a moment that has certainly passed: one of the two error bounds was a lie.
    BeforeFloor {
        /// Milliseconds since the Unix epoch: true time had reached this before.
        floor: u64,
        /// Milliseconds since the Unix epoch: the latest that this reading allows.
        latest: u64,
    },
    /// More entries, dots, values or messages than the limit. The peer sends too much, or the limit is too small.
    TooManyEntries {
        /// How many there may be.
        limit: usize,
    },
    /// Something from outside carries our own id and a time that we have not issued: two nodes share an id, or this one
    /// came back without its past. Stop, and take a new id.
    OwnIdFromFuture {
        /// What was claimed.
        claimed: u64,
        /// The newest that we issued.
        issued: u64,
    },
    /// It names an id that is not of the group.
    UnknownMember,
    /// The bytes, or the parts, are no encoding of a value.
    Malformed {
        /// Bytes, or parts, before the one at fault.
        at: usize,
        /// What is wrong there.
        defect: Defect,
    },
}

/// Whose stamp is too far ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Our own clock runs ahead of the wall: a burst, or a past in which the wall was ahead. Wait for `ahead - limit`
    /// milliseconds; if that is hours, see [`Hlc::reset_floor`](crate::Hlc::reset_floor).
    Local,
    /// The peer's stamp: its wall clock is wrong, or ours is, or it lies. Drop the message, and tell an operator.
    Remote,
}

/// What is wrong with bytes that should be a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Defect {
    /// They end before the value does.
    Truncated,
    /// They go on behind the value.
    TrailingBytes,
    /// A number has a shorter form, and only the shortest is allowed.
    OverLong,
    /// A number does not fit its type.
    Overflow,
    /// An entry that says zero: it has no place, since absent and zero would be two forms of the same.
    Zero,
    /// Ids or counters do not ascend, or come twice.
    Order,
    /// A dot stands apart although nothing separates it from those below it.
    NotApart,
    /// A value has a dot that its own context does not cover.
    Uncovered,
}

impl fmt::Display for ClockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Exhausted { last } => write!(f, "the clock stands at {last}, its end"),
            Self::TooFarAhead { side: Side::Local, ahead, limit } => {
                write!(f, "this clock would be {ahead} ahead, more than {limit}; wait, or see reset_floor")
            }
            Self::TooFarAhead { side: Side::Remote, ahead, limit } => {
                write!(f, "the peer's stamp is {ahead} ahead, more than {limit}")
            }
            Self::NotPersisted { persisted, request } => {
                write!(f, "the next stamp is above the durable bound {persisted}; persist {request} first")
            }
            Self::ForwardJump { jump, limit } => {
                write!(
                    f,
                    "the wall clock leapt forward by {jump} ms, more than {limit} ms; accept_jump accepts it"
                )
            }
            Self::BeforeFloor { floor, latest } => {
                write!(
                    f,
                    "it is at most {latest} ms, and was at least {floor} ms before: an error bound is wrong"
                )
            }
            Self::TooManyEntries { limit } => write!(f, "more than {limit} entries"),
            Self::OwnIdFromFuture { claimed, issued } => {
                write!(f, "{claimed} under our own id, which has issued {issued}; two nodes share the id")
            }
            Self::UnknownMember => f.write_str("an id that is not of the group"),
            Self::Malformed { at, defect } => write!(f, "malformed at {at}: {defect}"),
        }
    }
}

impl fmt::Display for Defect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Truncated => "ends too early",
            Self::TrailingBytes => "goes on behind its end",
            Self::OverLong => "a number in more bytes than it needs",
            Self::Overflow => "a number that does not fit",
            Self::Zero => "an entry of zero",
            Self::Order => "not in ascending order",
            Self::NotApart => "a dot apart that is not apart",
            Self::Uncovered => "a dot outside its context",
        })
    }
}

impl core::error::Error for ClockError {}
