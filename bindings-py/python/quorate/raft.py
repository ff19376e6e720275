"""Raft, sans IO: `Raft` is one node of a group, which you tell what happened, and which tells you what it now owes the world.

It reads no clock, opens no socket or file and starts no thread. A driver is a loop over `poll_outputs()` with one `match`;
`quorate.Log` is a disk for it. Time is whole nanoseconds on the caller's own monotonic clock, such as
`time.monotonic_ns()`.
"""

from typing import TypeAlias

from quorate._config import Config
from quorate._kinds import EntryKind, FaultKind, MessageKind, MisuseKind, PeerErrorKind, Role, WireErrorKind
from quorate._quorate import (
    Apply,
    BecameCandidate,
    BecameFollower,
    BecameLeader,
    Entry,
    Fetch,
    FollowerStatus,
    Halt,
    HardState,
    LogPos,
    Message,
    Notify,
    Persist,
    Proposed,
    Raft,
    ReadReady,
    ReadsLost,
    Recovered,
    RecoveredRun,
    Run,
    Send,
    Status,
    TransferFailed,
    Write,
)

Output: TypeAlias = Persist | Send | Apply | Fetch | Notify | Halt
"""What a node owes the world: a `match` over these is complete."""

Event: TypeAlias = BecameLeader | BecameFollower | BecameCandidate | ReadReady | ReadsLost | TransferFailed
"""A fact for the application, in `Notify`."""

__all__ = [
    "Apply",
    "BecameCandidate",
    "BecameFollower",
    "BecameLeader",
    "Config",
    "Entry",
    "EntryKind",
    "Event",
    "FaultKind",
    "Fetch",
    "FollowerStatus",
    "Halt",
    "HardState",
    "LogPos",
    "Message",
    "MessageKind",
    "MisuseKind",
    "Notify",
    "Output",
    "PeerErrorKind",
    "Persist",
    "Proposed",
    "Raft",
    "ReadReady",
    "ReadsLost",
    "Recovered",
    "RecoveredRun",
    "Role",
    "Run",
    "Send",
    "Status",
    "TransferFailed",
    "WireErrorKind",
    "Write",
]
