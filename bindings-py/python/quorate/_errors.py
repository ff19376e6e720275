"""The errors. Each is also the builtin that people catch, and carries the numbers that a caller needs.

The compiled half makes them from a message, and sets the fields. Unless its own documentation says otherwise, a call that
fails has changed nothing but counters for metrics.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from quorate._kinds import (
        AppendErrorKind,
        Damage,
        Defect,
        FaultKind,
        MisuseKind,
        PeerErrorKind,
        ReadErrorKind,
        Side,
        WireErrorKind,
    )
    from quorate._quorate import HlcTime, LogPos


class QuorateError(Exception):
    """Whatever this package raises on its own account. Wrong types are `TypeError`, as everywhere."""


class ConfigError(QuorateError, ValueError):
    """The fields of a configuration do not agree; the message names them."""

    field: str = ""
    """The first field to look at; empty for the clocks, whose messages name several."""


class PoisonedError(QuorateError, RuntimeError):
    """A call on this object panicked, now or before, which is a bug of this package. The object is of no use any more."""


class ClockError(QuorateError):
    """A clock refuses."""


class ExhaustedError(ClockError, OverflowError):
    """No stamp is left, and nothing wraps. Honest nodes do not bring a clock here in centuries."""

    last: int
    """The highest value that this clock can give."""


class TooFarAheadError(ClockError, ValueError):
    """A stamp lies, or would lie, too far in the future."""

    side: "Side"
    """Whose stamp it is, and so what to do."""
    ahead: int
    """How far: ticks for Lamport time, milliseconds for hybrid time."""
    limit: int
    """How far it may be, in the same unit."""


class NotPersistedError(ClockError, RuntimeError):
    """The next stamp must wait for a durable bound: write `request`, sync it, call `persisted`, and ask again."""

    persisted: "HlcTime"
    """The highest stamp that may be given."""
    request: "HlcTime"
    """The bound that is to be durable."""


class ForwardJumpError(ClockError, RuntimeError):
    """The wall clock leapt forward by more than the configuration allows, until `accept_jump` or until it comes back."""

    jump: int
    """Milliseconds from the highest reading so far to this one."""
    limit: int
    """How far one step may be, in milliseconds."""


class BeforeFloorError(ClockError, ValueError):
    """A reading lies wholly before a moment that has certainly passed: one of the two error bounds was a lie."""

    floor: int
    """Milliseconds since the Unix epoch: true time had reached this before."""
    latest: int
    """Milliseconds since the Unix epoch: the latest that this reading allows."""


class TooManyEntriesError(ClockError, ValueError):
    """More entries, dots, values or messages than the limit: the peer sends too much, or the limit is too small."""

    limit: int
    """How many there may be."""


class OwnIdFromFutureError(ClockError, RuntimeError):
    """Our own id with a time that we have not issued: two nodes share the id, or this one came back without its past."""

    claimed: int
    """What was claimed."""
    issued: int
    """The newest that we issued."""


class UnknownMemberError(ClockError, LookupError):
    """It names an id that is not of the group."""


class MalformedError(ClockError, ValueError):
    """The bytes, or the parts, are no encoding of a value."""

    at: int
    """Bytes, or parts, before the one at fault."""
    defect: "Defect"
    """What is wrong there."""


class RaftError(QuorateError):
    """A Raft node refuses, or blames somebody."""


class NotLeaderError(RaftError, RuntimeError):
    """Another node leads, or it is not known who does; try there, or shortly again."""

    leader: int | None
    """The leader, when known."""
    address: "tuple[str, int] | None" = None
    """Where the leader listens for other nodes, when a running node says this and knows it."""


class NoQuorumError(RaftError, RuntimeError):
    """This node has not heard from a majority for an election timeout: nothing can be decided on its side."""


class FullError(RaftError, RuntimeError):
    """Too much is under way; try again when something has been committed, or answered."""


class TooLargeError(RaftError, ValueError):
    """The payload can never fit an append."""

    bytes: int
    """Its bytes."""
    bytes_max: int
    """The most there may be."""


class TransferringError(RaftError, RuntimeError):
    """Leadership is being handed over; try at the successor."""

    to: int
    """The chosen successor."""


class NoSuchPeerError(RaftError, LookupError):
    """The successor is this node, or no voter."""

    to: int
    """The node named."""


class HaltedError(RaftError, RuntimeError):
    """Storage contradicted itself, and the node does nothing any more."""


class PeerError(RaftError, ValueError):
    """A message that no honest peer sends: drop it, and tell an operator who sent it. The node is unchanged."""

    kind: "PeerErrorKind"
    """What the peer did."""
    details: "dict[str, int | LogPos]"
    """The evidence, by the names that the kind lists."""


class WireError(RaftError, ValueError):
    """The bytes are no message, or no run."""

    kind: "WireErrorKind"
    """What is wrong with them."""
    details: "dict[str, int | LogPos]"
    """The numbers, by the names that the kind lists."""


class MisuseError(RaftError, ValueError):
    """A mistake of the caller in the order or the arguments of calls; never caused by what a peer or a disk said."""

    kind: "MisuseKind"
    """What is wrong with the call."""
    details: "dict[str, int | LogPos]"
    """The numbers, by the names that the kind lists."""


class FaultError(RaftError, RuntimeError):
    """Storage contradicts itself: the node can no longer prove what it promised. Never caused by a peer."""

    kind: "FaultKind"
    """How it does."""
    details: "dict[str, int | LogPos]"
    """The numbers, by the names that the kind lists."""


class BrokenError(RaftError, AssertionError):
    """An invariant that does not hold, found by `Raft.check`: a bug of this package."""

    claim: str
    """What should hold."""


class LogError(QuorateError):
    """The durable log refuses, or its disk fails."""


class LockedError(LogError, OSError):
    """Another process, or another log of this process, has the folder open."""

    folder: str
    """The folder."""


class OtherLogError(LogError, ValueError):
    """The folder belongs to another cluster or node, or was written in another format."""

    what: str
    """What differs: `cluster`, `node` or `version`."""
    file: str
    """The segment that says so."""
    found: int
    """What the file says."""
    expected: int
    """What was asked for, or is known."""


class ForeignLogError(LogError, ValueError):
    """What the log holds is sound, but not what a Raft node has written."""

    at: int
    """The position."""


class DamagedError(LogError, OSError):
    """What was durable is damaged or missing. Nothing was trimmed or changed."""

    file: str
    """The file, with its folder."""
    offset: int
    """Where the damage was met, in bytes from the file's start."""
    damage: "Damage"
    """What is wrong there."""


class DiskError(LogError, OSError):
    """An operation on the disk failed."""

    operation: str
    """What was tried, such as `open` or `sync`."""
    file: str
    """The file or folder, with its path."""


class NoSegmentError(DiskError):
    """No file could be made for another segment, most likely because the disk is full. Nothing has changed: make room, and
    append the same write again."""


class StoppedError(DiskError):
    """A write or a sync failed, now or before, and nobody knows what the disk holds: the log has stopped for good. What was
    durable is safe. Mend the disk, and open the log anew."""


class ClosedError(LogError, ValueError):
    """The log was closed, or this process was forked from the one that opened it."""


class AppendError(LogError, ValueError):
    """The write cannot follow what the log holds. Nothing has changed."""

    kind: "AppendErrorKind"
    """Why not."""
    details: "dict[str, int | LogPos]"
    """The numbers, by the names that the kind lists."""


class ReadError(LogError, LookupError):
    """The log has no such entry."""

    kind: "ReadErrorKind"
    """Why not."""
    details: "dict[str, int | LogPos]"
    """The numbers, by the names that the kind lists."""


class NodeStateError(QuorateError, RuntimeError):
    """A node of a simulation is down, up or paused, and should not be."""

    node: int
    """The node."""


class NotReachedError(QuorateError, TimeoutError):
    """A simulation ran to its limit of virtual time, and what it was to wait for did not come."""


class ViolationError(QuorateError, AssertionError):
    """A law of Raft was broken in a simulation: a bug of this package, which its makers would like to hear of.

    The simulation does not go on after it: every call raises the same.
    """

    law: str
    """The law."""
    detail: str
    """Who broke it, and how."""
    seed: int
    """The seed of the simulation."""
    at_ns: int
    """The virtual time, in nanoseconds."""
    step: int
    """The number of the event that broke it, counted from 1."""
    digest: str
    """What was done up to there, in one number: the same again, when it is replayed."""
    replay: str
    """The lines of Python, or of the shell, that do all of it again."""


class FrameError(QuorateError, ValueError):
    """Bytes on a connection are no frames: another program, another version, or damage on the way."""


class ReplacedError(RaftError, RuntimeError):
    """The entry was not appended, and never will be: another leader put its own in this place. Append it anew, at the leader."""

    index: int
    """The place."""


class NodeClosedError(QuorateError, RuntimeError):
    """The node was stopped, or has failed. Of what it was asked for and has not answered, nobody here knows what becomes."""
