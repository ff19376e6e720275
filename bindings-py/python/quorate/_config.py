"""The configuration of a Raft node, as Python's own frozen dataclass: `dataclasses.replace` changes one thing."""

from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass

from quorate._quorate import _check_config


@dataclass(frozen=True)
class Config:
    """How one node behaves. The defaults are those for a local network; the whole is checked when it is made.

    What is needed for safety or liveness is not optional: pre-vote, check-quorum and stepping down are always on.
    Raises `ConfigError`, which names the field.
    """

    id: int
    """This node, from 1 to 2**64 - 1. An id is for life: a node that lost its disk comes back under another one."""
    voters: Sequence[int]
    """All nodes of the group, itself among them, at most 31. Kept as a tuple."""
    _: KW_ONLY
    election_timeout_min_ms: int = 250
    """How long, at least, a follower waits for its leader before it stands for election; and how long a leader stays leader
    without hearing from a majority. At least twice the heartbeat interval. Raise it where round trips or disk stalls come
    near it."""
    election_timeout_max_ms: int = 500
    """How long at most: the wait is drawn anew each time."""
    heartbeat_interval_ms: int = 50
    """How often a leader that has nothing to send says that it is there."""
    priority: int = 3
    """Who stands first, from 0 to 3: each step below 3 adds one width of the election timeout's range to the wait."""
    append_bytes_max: int = 256 << 10
    """Most bytes of entries in one message, one write and one `Apply`, and so the largest payload plus 5; with a stamp, plus
    13. At most 64 MiB. Give all nodes one value."""
    inflight_messages_max: int = 64
    """Most messages with entries on their way to one follower."""
    inflight_bytes_max: int = 4 << 20
    """Bytes of entries on their way to one follower, or handed out by `Apply` and not yet applied, at which no more is sent:
    bandwidth times round trip. At least `append_bytes_max`."""
    uncommitted_bytes_max: int = 16 << 20
    """Most bytes of entries that a leader takes before they are committed (beyond it, `FullError`), and that a follower takes
    before they are durable. At least `append_bytes_max`."""
    cache_bytes_max: int = 32 << 20
    """Most bytes of durable entries kept in memory; older ones come back through `Fetch`. At least `append_bytes_max`."""
    reads_max: int = 65_536
    """Most reads that wait for their answer."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "voters", _check_config(self))
