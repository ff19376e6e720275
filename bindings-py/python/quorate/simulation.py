"""What a `quorate.Simulation` hands out: events, what can be seen of nodes, and the names of faults.

All are immutable and of use in `match`. Virtual time is in seconds, and starts at 0.
"""

from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Literal, TypeAlias

from quorate._kinds import MessageKind, Role
from quorate.raft import LogPos

__all__ = [
    "Acknowledged",
    "Applied",
    "Became",
    "ClockJumped",
    "Committed",
    "Crashed",
    "Cut",
    "Entry",
    "Event",
    "Fault",
    "FaultsEnded",
    "Heard",
    "LogPos",
    "MessageKind",
    "NodeStatus",
    "Opened",
    "Paused",
    "ReadsAnswered",
    "ReadsLost",
    "Refused",
    "Resumed",
    "Retired",
    "Role",
    "Sent",
    "Started",
    "Took",
]

@unique
class Fault(StrEnum):
    """Faults that come by themselves, drawn from the seed. `faults=Fault` asks for all of them."""

    CRASH = "crash"
    """A node ends, and comes back within a second."""
    BETWEEN = "between"
    """A node ends between two of its outputs."""
    POWER = "power"
    """The power fails within what a log does."""
    MACHINE = "machine"
    """A node starts with a state machine that is empty or older than when it ended."""
    PAUSE = "pause"
    """A node stands still for up to a second."""
    PARTITION = "partition"
    """Links are cut or clogged for up to two seconds."""
    HANDOVER = "handover"
    """The leader hears late, just when it is asked to hand over."""
    JUMP = "jump"
    """A clock goes ahead, stands or goes back."""
    LOSS = "loss"
    """Messages are lost: one in twenty."""
    DOUBLE = "double"
    """Messages arrive twice: one in twenty."""
    LATE = "late"
    """Messages are late by up to a second: one in fifty."""
    RESET = "reset"
    """Connections break; messages travel in frames then."""
    FLIP = "flip"
    """Bits on connections are turned round."""
    LAZY = "lazy"
    """A host leaves outputs for later."""
    STALL = "stall"
    """Syncs take up to a second."""
    SYNC = "sync"
    """Syncs fail, and drop what was dirty."""
    BROKEN = "broken"
    """Disk operations fail for good."""
    FULL = "full"
    """There is no room for a file."""
    PART = "part"
    """Disk operations are interrupted, or do only a part."""
    DAMAGE = "damage"
    """Data at rest become others. The node that meets it stays down."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a node's log."""

    index: int
    term: int
    payload: bytes | None
    """What a client proposed; `None` for the empty entry with which a leader opens its term."""


@dataclass(frozen=True, slots=True)
class NodeStatus:
    """What could be seen of a node at one moment. It does not change with the node."""

    id: int
    role: Role | None
    """`None` while the node is down."""
    term: int
    """Its term; of a node that is down, what it has written."""
    leader: int | None
    """The leader of its term, when known."""
    commit: int
    """The last entry that it knows to be committed; of a node that is down, what it has written."""
    applied: int
    """The last entry that its state machine has done; of a node that is down, had done."""
    last: LogPos
    """The last entry that it has written."""
    durable: LogPos
    """The last entry that survives a loss of power."""
    voted_for: int | None
    """For whom it voted in its term, as written."""
    paused: bool
    """Whether it stands still."""
    retired: bool
    """Whether it stays down since its disk is damaged."""
    quorum_heard: bool
    """Whether it has heard a majority, itself included, within an election timeout."""

    @property
    def up(self) -> bool:
        """Whether it runs, paused or not."""
        return self.role is not None


@dataclass(frozen=True, slots=True)
class Started:
    """A node started from what its disk holds."""

    at: float
    node: int


@dataclass(frozen=True, slots=True)
class Crashed:
    """A node ended."""

    at: float
    node: int
    power: bool
    """Whether its machine lost power, and with it what was not synced; otherwise only the process ended."""


@dataclass(frozen=True, slots=True)
class Paused:
    """A node stands still; what reaches it waits."""

    at: float
    node: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """A node that was paused goes on."""

    at: float
    node: int


@dataclass(frozen=True, slots=True)
class Retired:
    """A node has met damage that nobody repairs, and stays down."""

    at: float
    node: int


@dataclass(frozen=True, slots=True)
class ClockJumped:
    """A node's clock went ahead, stood or went back."""

    at: float
    node: int


@dataclass(frozen=True, slots=True)
class Became:
    """A node has another role, term or leader."""

    at: float
    node: int
    role: Role
    term: int
    leader: int | None
    """Whom it follows; itself when it leads."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A node sent a message."""

    at: float
    node: int
    to: int
    message: MessageKind
    term: int
    entries: int
    """How many entries it carries."""
    lost: bool
    """Whether no copy of it will arrive."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A node heard a message."""

    at: float
    node: int
    sender: int
    message: MessageKind
    term: int
    entries: int
    """How many entries it carries."""
    sent_at: float | None
    """When it was sent. Of messages between the same two that are equal to the byte, any."""


@dataclass(frozen=True, slots=True)
class Took:
    """A node took a client's entries into its log. They are not decided yet."""

    at: float
    node: int
    term: int
    index: int
    """The place of the first."""
    count: int


@dataclass(frozen=True, slots=True)
class Refused:
    """A node refused what a client asked for."""

    at: float
    node: int
    asked: Literal["append", "read"]
    why: str


@dataclass(frozen=True, slots=True)
class Applied:
    """A node applied entries to its state machine."""

    at: float
    node: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """A client was told that its entry is applied: from here on it may not be lost."""

    at: float
    node: int
    term: int
    index: int


@dataclass(frozen=True, slots=True)
class Committed:
    """A node knows that everything up to this index is committed."""

    at: float
    node: int
    index: int


@dataclass(frozen=True, slots=True)
class ReadsAnswered:
    """Reads were answered."""

    at: float
    node: int
    first: int
    last: int
    """The ids of the oldest and the newest of them."""
    index: int
    """They see the state after this entry."""


@dataclass(frozen=True, slots=True)
class ReadsLost:
    """Reads will not be answered: ask anew."""

    at: float
    node: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Cut:
    """Links were cut or clogged."""

    at: float
    links: tuple[tuple[int, int], ...]
    """All that are, as sender and receiver."""


@dataclass(frozen=True, slots=True)
class Opened:
    """Links were opened."""

    at: float


@dataclass(frozen=True, slots=True)
class FaultsEnded:
    """All faults ended for good."""

    at: float


Event: TypeAlias = (
    Acknowledged
    | Applied
    | Became
    | ClockJumped
    | Committed
    | Crashed
    | Cut
    | FaultsEnded
    | Heard
    | Opened
    | Paused
    | ReadsAnswered
    | ReadsLost
    | Refused
    | Resumed
    | Retired
    | Sent
    | Started
    | Took
)
"""What happened."""
