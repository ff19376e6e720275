# The compiled half. The signatures are by hand, and `mypy.stubtest` holds them against the extension module in the test
# command; the docstrings are the module's own, put here by `python tests/stub.py`.

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Self, SupportsIndex, TypeAlias, TypeVar, final

from typing_extensions import Buffer

from quorate._config import Config
from quorate._errors import FaultError, PeerError, WireError
from quorate._kinds import Causality, EntryKind, MessageKind, Receipt, Role

__all__ = [
    "Apply",
    "BecameCandidate",
    "BecameFollower",
    "BecameLeader",
    "BoundedClock",
    "CausalBuffer",
    "CausalContext",
    "Dot",
    "DvvSet",
    "Entry",
    "Fetch",
    "FollowerStatus",
    "FrameDecoder",
    "Halt",
    "HardState",
    "Hlc",
    "HlcTime",
    "Interval",
    "Lamport",
    "Log",
    "LogPos",
    "Message",
    "Notify",
    "Persist",
    "Proposed",
    "Raft",
    "ReadReady",
    "ReadsLost",
    "Recovered",
    "RecoveredRun",
    "Run",
    "Send",
    "SimulationCore",
    "Stability",
    "Stamp",
    "Status",
    "TransferFailed",
    "VersionVector",
    "Write",
    "_check_config",
    "_panic",
    "encode_frame",
    "encode_messages",
]

_T = TypeVar("_T")

@final
class Stamp:
    """A time and who gave it: a total order of all events, by time, then by node.

    The order extends happened-before, and says nothing else: of two events that do not know of each other, one still
    comes first. Immutable, hashable, picklable, and of use in ``match``.

    Raises ``TypeError`` for what is no ``int``, ``OverflowError`` for one outside 0 and 2**64 - 1.
    """
    __match_args__: ClassVar[tuple[Literal["time"], Literal["node"]]] = ...
    def __new__(cls, time: SupportsIndex, node: SupportsIndex) -> Self: ...
    @property
    def time(self) -> int:
        """The Lamport time; compared first. Its unit is "events"."""
    @property
    def node(self) -> int:
        """Who gave it; compared second."""
    def encode(self) -> bytes:
        """The one encoding of this value: time, then node, each as a LEB128 number."""
    @staticmethod
    def decode(data: Buffer) -> Stamp:
        """The value that all of ``data`` encodes. Raises ``MalformedError``."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: Stamp, /) -> bool: ...
    def __le__(self, other: Stamp, /) -> bool: ...
    def __gt__(self, other: Stamp, /) -> bool: ...
    def __ge__(self, other: Stamp, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Lamport:
    """Lamport's clock: if one event can have caused another, its stamp is smaller (Lamport 1978, IR1 and IR2).

    The converse does not hold: a smaller stamp may belong to an event that the other never heard of. Who needs that takes
    a ``VersionVector``. Threads may share one clock. It is not picklable, since two copies would give the
    same stamps: after a restart begin at the newest stamp it may have given, ``Lamport(now)``.

    Raises ``TypeError`` for what is no ``int``, ``OverflowError`` for one outside 0 and 2**64 - 1.
    """
    def __new__(cls, now: SupportsIndex | None = None) -> Self: ...
    @property
    def now(self) -> int:
        """The stamp of the last event."""
    def tick(self) -> int:
        """A local event, or a message about to be sent: the next stamp. Raises ``ExhaustedError`` behind 2**64 - 1."""
    def tick_n(self, count: SupportsIndex) -> tuple[int, int]:
        """``count`` stamps at once, at least 1 and below 2**32: the first and the last of them.

        Raises ``ExhaustedError`` when so many are not left; nothing has changed then.
        """
    def observe(self, remote: SupportsIndex, *, jump_max: SupportsIndex | None = None) -> int:
        """A message with the stamp ``remote`` arrives: a stamp above it and above all before.

        Raises ``TooFarAheadError`` when ``remote`` leads by more than ``jump_max`` ticks, 2**48 unless said otherwise, and
        ``ExhaustedError`` when no stamp lies above both. Nothing has changed then.
        """

@final
class Dot:
    """One event: the ``n``-th of the node ``id``, counted from 1.

    Immutable, hashable, picklable, and of use in ``match``. Dots have no ``<``: of two nodes' events it would say nothing.

    Raises ``TypeError`` for what is no ``int``, ``OverflowError`` for one outside 0 and 2**64 - 1, ``ValueError`` for the
    zeroth event, which there is not.
    """
    __match_args__: ClassVar[tuple[Literal["id"], Literal["n"]]] = ...
    def __new__(cls, id: SupportsIndex, n: SupportsIndex) -> Self: ...
    @property
    def id(self) -> int:
        """Who did it."""
    @property
    def n(self) -> int:
        """Which of its events it is, at least 1."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class VersionVector:
    """For each node, how many of its events are known: the exact partial order of happened-before.

    ``a < b`` if and only if ``a`` happened before ``b``; concurrent vectors are neither ``<`` nor ``>`` nor ``==``
    (``a.compare(b)`` names the case), so sorting them does not make an order. ``a | b`` knows what either knows,
    ``a & b`` what both do. An id that is absent counts zero, and zero is absent: equal knowledge is equal value, equal hash
    and equal bytes.

    Immutable, hashable and picklable: ``clock = clock.ticked(7)``.

    Made of a mapping, or of pairs, of id to counter; of an id that comes twice the larger counts. Raises ``TypeError`` for
    what is neither, ``OverflowError`` for numbers outside 0 and 2**64 - 1.
    """
    def __new__(
        cls, entries: Mapping[int, int] | Iterable[tuple[SupportsIndex, SupportsIndex]] | None = None, /
    ) -> Self: ...
    def get(self, id: SupportsIndex) -> int:
        """The newest known event of the node; 0 when none is."""
    def ids(self) -> list[int]:
        """The ids that have an entry, ascending."""
    def items(self) -> list[tuple[int, int]]:
        """The entries, ids ascending: each id with its newest known event, which is at least 1."""
    def to_dict(self) -> dict[int, int]:
        """The entries as a new ``dict``, ids ascending."""
    def next_dot(self, id: SupportsIndex) -> Dot:
        """The event that ``ticked`` would count. Raises ``ExhaustedError`` when the counter stands at 2**64 - 1."""
    def ticked(self, id: SupportsIndex) -> VersionVector:
        """A vector that knows one more event of the node. Raises ``ExhaustedError`` when the counter stands at 2**64 - 1."""
    def with_dot(self, dot: Dot) -> VersionVector:
        """A vector that knows the event, and all before it of the same node."""
    def compare(self, other: VersionVector) -> Causality:
        """How this stands to ``other``: exactly one of the four members of ``Causality``."""
    def descends(self, other: VersionVector) -> bool:
        """Whether everything that ``other`` knows is known here: ``self >= other``."""
    def missing_from(self, other: VersionVector) -> list[tuple[int, int, int]]:
        """What is known here and not to ``other``, ids ascending: the id, the first and the last of its events."""
    def merge_bounded(self, other: VersionVector, entries_max: SupportsIndex) -> VersionVector:
        """``self | other`` with at most ``entries_max`` ids in the end: for what comes from somebody who may invent ids.

        Raises ``TooManyEntriesError`` when there would be more.
        """
    def retired(self, members: Iterable[SupportsIndex], stable: VersionVector) -> VersionVector:
        """A vector without the entries of ids that are not of ``members`` any more, as far as ``stable`` covers them.

        Retire all vectors by the same two before they are compared; an id that was retired must not be used again.
        """
    def encode(self) -> bytes:
        """The one encoding of this value: the same bytes for equal vectors."""
    @staticmethod
    def decode(data: Buffer, *, entries_max: SupportsIndex | None = None) -> VersionVector:
        """The value that all of ``data`` encodes, with at most ``entries_max`` ids, 65,536 unless said otherwise.

        Raises ``MalformedError`` or ``TooManyEntriesError``. Memory taken is bounded by the length of ``data``.
        """
    def __getitem__(self, id: SupportsIndex, /) -> int: ...
    def __contains__(self, dot: Dot, /) -> bool: ...
    def __len__(self, /) -> int: ...
    def __iter__(self, /) -> Iterator[int]: ...
    def __or__(self, other: VersionVector, /) -> VersionVector: ...
    def __ror__(self, other: VersionVector, /) -> VersionVector: ...
    def __and__(self, other: VersionVector, /) -> VersionVector: ...
    def __rand__(self, other: VersionVector, /) -> VersionVector: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: VersionVector, /) -> bool: ...
    def __le__(self, other: VersionVector, /) -> bool: ...
    def __gt__(self, other: VersionVector, /) -> bool: ...
    def __ge__(self, other: VersionVector, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class CausalContext:
    """A set of events with gaps: all up to some event of each node (``base``), and a *cloud* of others above them.

    It is compact at all times, so equal sets are equal values, equal hashes and equal bytes. ``a | b`` has the events of
    both. Immutable, hashable and picklable. A dot costs as much as the set is long; so give ``with_dots`` many at once.

    Made of a ``VersionVector`` and an iterable of dots. At most 65,536 dots may stand apart: ``TooManyEntriesError``.
    """
    def __new__(cls, base: VersionVector | None = None, dots: Iterable[Dot] | None = None) -> Self: ...
    @property
    def base(self) -> VersionVector:
        """All up to here, without gaps."""
    @property
    def cloud(self) -> list[Dot]:
        """The dots apart, by id, then by number."""
    @property
    def is_contiguous(self) -> bool:
        """Whether the set has no gaps, so that ``base`` is all of it."""
    def with_dots(self, dots: Iterable[Dot]) -> CausalContext:
        """A set with these events as well.

        Raises ``TooManyEntriesError`` when more than 65,536 would stand apart.
        """
    def encode(self) -> bytes:
        """The one encoding of this value: the same bytes for equal sets."""
    @staticmethod
    def decode(data: Buffer, *, entries_max: SupportsIndex | None = None) -> CausalContext:
        """The value that all of ``data`` encodes, with at most ``entries_max`` ids, 65,536 unless said otherwise.

        Raises ``MalformedError`` or ``TooManyEntriesError``. Memory taken is bounded by the length of ``data``.
        """
    def __contains__(self, dot: Dot, /) -> bool: ...
    def __bool__(self, /) -> bool: ...
    def __or__(self, other: CausalContext, /) -> CausalContext: ...
    def __ror__(self, other: CausalContext, /) -> CausalContext: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class DvvSet(Generic[_T]):
    """The values of one key that no later write has replaced: siblings, each with the event that wrote it (Preguiça et al.
    2010, *Dotted Version Vectors*).

    A client reads ``values()`` with ``context()``, and hands that context back with its write: ``update(context, value,
    id)`` replaces what the client has seen, and stands beside what it has not. Ids name servers, not clients. **The context
    must come from the read**: a newer one silently replaces values that its author has never seen.

    ``a | b`` has heard of the writes of both; ``a |= b`` and ``a.sync(b)`` change ``a``. It changes in place, so it is not
    hashable; it is picklable when its values are; threads may share it. At most ``siblings_max`` values (1,024 unless said
    otherwise) stand side by side by local writes; ``sync`` is never refused, or replicas would not converge.
    """
    __hash__: ClassVar[None]  # type: ignore[assignment]
    def __new__(cls, *, siblings_max: SupportsIndex | None = None) -> Self: ...
    @staticmethod
    def from_parts(
        context: VersionVector, values: Iterable[tuple[Dot, _T]], siblings_max: SupportsIndex | None = None
    ) -> DvvSet[_T]:
        """The set of what ``context()`` and ``dotted()`` have given, in the same order.

        Raises ``MalformedError`` for parts to which no history of writes leads; ``at`` counts the values before the one at
        fault.
        """
    def values(self) -> list[_T]:
        """The siblings: by id, and of one id the newest first. The same in all sets that have heard of the same writes."""
    def dotted(self) -> list[tuple[Dot, _T]]:
        """The siblings with the events that wrote them, in the order of ``values()``."""
    def context(self) -> VersionVector:
        """Every write that this set has heard of: goes to the client with the values, and comes back with its write."""
    def update(self, context: VersionVector, value: _T, id: SupportsIndex) -> Dot:
        """A write at the server ``id`` by a client that has read ``context``: the value replaces what the context covers.
        Returns the event.

        Nothing has changed on ``OwnIdFromFutureError`` (the context has writes of this server that it has not made),
        ``TooManyEntriesError`` (more siblings than may be: have somebody resolve them), ``ExhaustedError``.
        """
    def resolve(self, id: SupportsIndex, merge: Callable[[list[_T]], _T]) -> Dot:
        """Reads all siblings, lets ``merge`` make one value of the list of them, and writes that at the server ``id``.
        Returns the event. What is written while ``merge`` runs stands beside the result.

        Raises what ``merge`` and ``update`` raise; nothing has changed then.
        """
    def sync(self, other: DvvSet[_T]) -> None:
        """Takes over what another server has heard: its writes, and which values they have replaced. Never refused."""
    def copy(self) -> DvvSet[_T]:
        """Another set with the same values; the values themselves are shared."""
    def __or__(self, other: DvvSet[_T], /) -> DvvSet[_T]: ...
    def __ror__(self, other: DvvSet[_T], /) -> DvvSet[_T]: ...
    def __ior__(self, other: DvvSet[_T], /) -> Self: ...
    def __len__(self, /) -> int: ...
    def __iter__(self, /) -> Iterator[_T]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __reduce__(self) -> tuple[Any, ...]: ...
    @classmethod
    def __class_getitem__(cls, key: Any) -> Any: ...

@final
class HlcTime:
    """A moment of hybrid time in 8 bytes: 48 bits of milliseconds since the Unix epoch (until the year 10889), and a 16-bit
    counter within the millisecond.

    A total order, that of ``int(t)`` and that of ``bytes(t)``. Immutable, hashable, picklable, and of use in ``match``.

    Raises ``ValueError`` beyond either width, ``TypeError`` for what is no ``int``, ``OverflowError`` for negative ones.
    """
    __match_args__: ClassVar[tuple[Literal["ms"], Literal["counter"]]] = ...
    def __new__(cls, ms: SupportsIndex, counter: SupportsIndex | None = None) -> Self: ...
    @staticmethod
    def from_bits(bits: SupportsIndex) -> HlcTime:
        """The moment with this number: milliseconds times 65,536, plus the counter."""
    @staticmethod
    def from_bytes(data: Buffer) -> HlcTime:
        """The moment with these 8 bytes. Raises ``ValueError`` for more or fewer."""
    @property
    def ms(self) -> int:
        """The physical part: milliseconds since the Unix epoch."""
    @property
    def counter(self) -> int:
        """The logical part: which stamp within the millisecond."""
    def __int__(self, /) -> int: ...
    def __bytes__(self) -> bytes: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: HlcTime, /) -> bool: ...
    def __le__(self, other: HlcTime, /) -> bool: ...
    def __gt__(self, other: HlcTime, /) -> bool: ...
    def __ge__(self, other: HlcTime, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Hlc:
    """A hybrid logical clock: stamps that respect causality like Lamport's, and stay near the wall clock (Kulkarni et al.
    2014). The wall is an argument of every call, in whole milliseconds since the Unix epoch: it reads no clock itself.

    ``floor`` is the bound that was persisted last; leave it out the first time only. No stamp is above the bound that is
    durable: before the first one, and then whenever ``persist_request`` has one, write its 8 bytes, sync them, and call
    ``persisted``.

    ``max_ahead_ms`` (2,000): how far a stamp may lead the wall. ``max_forward_jump_ms`` (``None``: any): how far the wall may
    leap. ``persist_window_ms`` (1,000): how far ahead the bound is persisted; ``None`` persists nothing, for nodes that come
    back under a new id only. Raises ``ConfigError`` when they contradict each other.

    Threads may share one clock without a lock. It is not picklable, since two copies would give the same stamps.
    """
    def __new__(
        cls,
        floor: HlcTime | None = None,
        *,
        max_ahead_ms: int = 2000,
        max_forward_jump_ms: int | None = None,
        persist_window_ms: int | None = 1000,
    ) -> Self: ...
    @property
    def last(self) -> HlcTime:
        """The newest stamp given, or the floor before the first."""
    @property
    def rejected(self) -> int:
        """How many stamps from outside were refused, or clamped."""
    @property
    def max_ahead_seen_ms(self) -> int:
        """How far, in milliseconds, a stamp from outside has ever led the wall, whether it was accepted or not."""
    def ahead_of(self, wall_ms: SupportsIndex) -> int:
        """How far, in milliseconds, the clock leads the wall. Hours mean that it was poisoned."""
    def tick(self, wall_ms: SupportsIndex) -> HlcTime:
        """A local event, or a message about to be sent: a stamp above all before, and not before the wall.

        Nothing has changed on ``NotPersistedError`` (until the bound that it names is durable), ``TooFarAheadError`` with
        ``Side.LOCAL`` (wait for ``ahead - limit`` milliseconds), ``ForwardJumpError`` (the wall leapt), ``ExhaustedError``.
        """
    def observe(self, remote: HlcTime, wall_ms: SupportsIndex) -> HlcTime:
        """A message with the stamp ``remote`` arrives: a stamp above it, above all before, and not before the wall.

        Raises as ``tick``, and ``TooFarAheadError`` with ``Side.REMOTE`` when ``remote`` leads the wall by more than
        ``max_ahead_ms``. But for the counters, nothing has changed then.
        """
    def observe_from(
        self, own: SupportsIndex, sender: SupportsIndex, remote: HlcTime, wall_ms: SupportsIndex
    ) -> HlcTime:
        """Like ``observe`` of a stamp that the node ``sender`` has given, and notices when somebody else uses our id ``own``:
        ``OwnIdFromFutureError`` for a stamp of ``own`` above all that this clock has given.
        """
    def observe_clamped(self, remote: HlcTime, wall_ms: SupportsIndex) -> HlcTime:
        """Like ``observe``, but a stamp that is too far ahead counts as one at the limit: for telemetry, where a late or wrongly
        ordered sample is better than none. The result may then be below ``remote``.
        """
    def persist_request(self, wall_ms: SupportsIndex) -> HlcTime | None:
        """The bound to make durable next, when half of the window or less is left; ``None`` when nothing is to be written."""
    def persisted(self, bound: HlcTime) -> None:
        """The bound is durable. Lower ones than before do nothing."""
    def accept_jump(self, wall_ms: SupportsIndex) -> None:
        """The wall clock's forward jump is right: believe readings up to this one."""
    def reset_floor(self, floor: HlcTime) -> HlcTime | None:
        """Sets the clock *back* to ``floor``: the way out for a cluster that was poisoned, and nothing else. Returns the newest
        stamp that was given up, or ``None`` when ``floor`` is not below it, which does nothing.

        Stamps given from now on may repeat or precede earlier ones. So stop every node that exchanges stamps, delete or
        rewrite what carries stamps from the future, reset all, and start again.
        """

@final
class Interval:
    """A span that contains the true time of an event (Corbett et al. 2012, *Spanner*, TrueTime). Both ends are included, in
    whole milliseconds since the Unix epoch.

    Immutable, hashable, picklable, and of use in ``match``. Intervals have no ``<``: ask ``definitely_before``.

    Raises ``ValueError`` when the ends are the other way round, ``TypeError`` for what is no ``int``, ``OverflowError`` for
    one outside 0 and 2**64 - 1.
    """
    __match_args__: ClassVar[tuple[Literal["earliest_ms"], Literal["latest_ms"]]] = ...
    def __new__(cls, earliest_ms: SupportsIndex, latest_ms: SupportsIndex) -> Self: ...
    @staticmethod
    def around(wall_ms: SupportsIndex, error_ms: SupportsIndex) -> Interval:
        """A reading that is wrong by at most ``error_ms`` milliseconds, either way. Saturates at both ends of time."""
    @property
    def earliest_ms(self) -> int:
        """It was not before this."""
    @property
    def latest_ms(self) -> int:
        """It was not after this."""
    def definitely_before(self, other: Interval) -> bool:
        """Whether this was before ``other``, whatever the true times were: a strict partial order."""
    def overlaps(self, other: Interval) -> bool:
        """Whether either may have been first."""
    def commit_wait_ms(self, now: Interval) -> int:
        """How many milliseconds to wait at ``now`` until this is certainly past, so that whoever looks afterwards comes
        definitely behind (Spanner's commit wait); 0 when it is past already.
        """
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class BoundedClock:
    """Turns wall readings with their error bounds into intervals, and holds them against each other: what was certainly past
    stays past, also when the wall goes back. It reads no clock itself. Threads may share it.
    """
    def __new__(cls) -> Self: ...
    def now(self, wall_ms: SupportsIndex, error_ms: SupportsIndex) -> Interval:
        """The present, by a reading (milliseconds since the Unix epoch) that is wrong by at most ``error_ms`` milliseconds.

        Raises ``BeforeFloorError`` when all of the reading lies before a moment that was certainly past: then this error
        bound or an earlier one was too small. Nothing has changed then.
        """

@final
class Stability:
    """What each member is known to know: a matrix clock (Wuu and Bernstein 1984). It says what everybody knows, so what may
    be forgotten: tombstones, log entries, ids that have left.

    Each member's newest vector, which comes along with its messages, goes to ``observe``. A member that is silent holds
    back everything (``laggards()``), until it speaks or is removed. One member's vector may have ``entries_max`` ids,
    65,536 unless said otherwise. Threads may share it.
    """
    def __new__(cls, members: Iterable[SupportsIndex], *, entries_max: SupportsIndex | None = None) -> Self: ...
    @property
    def members(self) -> list[int]:
        """The members, ascending."""
    def observe(self, member: SupportsIndex, vector: VersionVector) -> None:
        """``member`` says that it knows all this. What it said before stays: vectors that arrive late or twice do no harm.

        Raises ``UnknownMemberError`` or ``TooManyEntriesError``; nothing has changed then.
        """
    def stable(self) -> VersionVector:
        """What every member knows. It only grows while the membership is fixed."""
    def laggards(self) -> list[int]:
        """The members without whom more would be stable, ascending."""
    def add_member(self, member: SupportsIndex, knows: VersionVector) -> bool:
        """A new member, which knows this much for certain. ``False`` when it is one already, which does nothing."""
    def remove_member(self, member: SupportsIndex) -> VersionVector | None:
        """A member has left for good. Returns what it was known to know; ``None`` when it was no member."""

@final
class CausalBuffer(Generic[_T]):
    """Causal broadcast: messages come out in an order in which none comes before one that its sender had seen (Birman,
    Schiper and Stephenson 1991, the protocol with one vector a message).

    Duplicates and any order of arrival are fine. What is lost must be sent again by somebody: ``delivered`` says what is
    here. Of each sender at most ``held_per_sender_max`` messages wait, 1,024 unless said otherwise, so that none can crowd
    out the others. The membership is fixed: another one is another buffer, begun at what was delivered. Threads may share
    it; it is not picklable, since a copy would repeat its own messages.
    """
    def __new__(
        cls,
        own: SupportsIndex,
        members: Iterable[SupportsIndex],
        *,
        delivered: VersionVector | None = None,
        held_per_sender_max: SupportsIndex | None = None,
    ) -> Self: ...
    @property
    def delivered(self) -> VersionVector:
        """Everything that was delivered here, our own messages included."""
    @property
    def held(self) -> int:
        """How many messages wait for others, or to be polled."""
    def broadcast(self) -> VersionVector:
        """The header of a message of our own, to be sent with it to every other member: the message counts as delivered here.

        Raises ``ExhaustedError`` after 2**64 - 1 messages.
        """
    def receive(self, sender: SupportsIndex, header: VersionVector, message: _T) -> Receipt:
        """A message of the member ``sender`` arrives, whoever has forwarded it. ``Receipt.KEPT`` when it will come out,
        ``Receipt.DUPLICATE`` when it was here before or is our own.

        Nothing has changed on ``UnknownMemberError``, ``OwnIdFromFutureError``, ``TooManyEntriesError`` (too far ahead to
        wait: have it sent again later), ``MalformedError`` (a header that does not count its own message).
        """
    def poll_deliver(self) -> tuple[Dot, _T] | None:
        """The next message whose whole past has been delivered, and which one it is; ``None`` when all that is here waits. It
        counts as delivered now.
        """
    def deliver_all(self) -> list[tuple[Dot, _T]]:
        """All messages that ``poll_deliver`` would give, in its order: one call instead of one a message."""
    @classmethod
    def __class_getitem__(cls, key: Any) -> Any: ...

# Raft and its log.

_Event: TypeAlias = BecameLeader | BecameFollower | BecameCandidate | ReadReady | ReadsLost | TransferFailed
_Output: TypeAlias = Persist | Send | Apply | Fetch | Notify | Halt

@final
class LogPos:
    """An entry's term and index, which together name its content.

    The order is that of "more up to date": by term first, then by index. Immutable, hashable, picklable.
    """
    __match_args__: ClassVar[tuple[Literal["term"], Literal["index"]]] = ...
    def __new__(cls, term: SupportsIndex, index: SupportsIndex) -> Self: ...
    @property
    def term(self) -> int:
        """The entry's term."""
    @property
    def index(self) -> int:
        """The entry's index; 0 before the first."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __lt__(self, other: LogPos, /) -> bool: ...
    def __le__(self, other: LogPos, /) -> bool: ...
    def __gt__(self, other: LogPos, /) -> bool: ...
    def __ge__(self, other: LogPos, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Proposed:
    """What became of ``Raft.propose_many``."""
    __match_args__: ClassVar[tuple[Literal["term"], Literal["first"], Literal["count"]]] = ...
    def __new__(cls, term: SupportsIndex, first: SupportsIndex, count: SupportsIndex) -> Self: ...
    @property
    def term(self) -> int:
        """The term of the entries."""
    @property
    def first(self) -> int:
        """The index of the first."""
    @property
    def count(self) -> int:
        """How many were taken, from the front; at least 1."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Entry:
    """One entry of the log."""
    __match_args__: ClassVar[tuple[Literal["index"], Literal["term"], Literal["kind"], Literal["stamp"], Literal["payload"]]] = ...
    def __new__(
        cls,
        index: SupportsIndex,
        term: SupportsIndex,
        kind: EntryKind,
        stamp: SupportsIndex | None,
        payload: Buffer,
    ) -> Self: ...
    @property
    def index(self) -> int:
        """Its place in the log, from 1."""
    @property
    def term(self) -> int:
        """Its term."""
    @property
    def kind(self) -> EntryKind:
        """What it is for."""
    @property
    def stamp(self) -> int | None:
        """What its proposer has attached, such as the number of a ``HlcTime``; ``None`` for entries without."""
    @property
    def payload(self) -> bytes:
        """The proposed bytes; empty for a blank entry."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class BecameLeader:
    """This node leads. Proposals are taken from here on."""
    __match_args__: ClassVar[tuple[Literal["term"]]] = ...
    def __new__(cls, term: SupportsIndex) -> Self: ...
    @property
    def term(self) -> int:
        """The term it leads."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class BecameFollower:
    """This node follows. What it proposed as leader and did not see applied may or may not survive."""
    __match_args__: ClassVar[tuple[Literal["term"], Literal["leader"]]] = ...
    def __new__(cls, term: SupportsIndex, leader: SupportsIndex | None) -> Self: ...
    @property
    def term(self) -> int:
        """The term."""
    @property
    def leader(self) -> int | None:
        """The leader, when known."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class BecameCandidate:
    """This node hears no leader and seeks to become one."""
    __match_args__: ClassVar[tuple[Literal["term"]]] = ...
    def __new__(cls, term: SupportsIndex) -> Self: ...
    @property
    def term(self) -> int:
        """The term; not yet raised while it only asks whether it would be elected."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class ReadReady:
    """The reads ``first`` to ``last`` may be answered from the state machine as it is now: every write that was acknowledged
    before they were asked has been applied.
    """
    __match_args__: ClassVar[tuple[Literal["first"], Literal["last"], Literal["index"]]] = ...
    def __new__(cls, first: SupportsIndex, last: SupportsIndex, index: SupportsIndex) -> Self: ...
    @property
    def first(self) -> int:
        """The first of them."""
    @property
    def last(self) -> int:
        """The last of them."""
    @property
    def index(self) -> int:
        """What had to be applied."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class ReadsLost:
    """The reads ``first`` to ``last`` cannot be answered here: leadership was lost. Ask the new leader."""
    __match_args__: ClassVar[tuple[Literal["first"], Literal["last"]]] = ...
    def __new__(cls, first: SupportsIndex, last: SupportsIndex) -> Self: ...
    @property
    def first(self) -> int:
        """The first of them."""
    @property
    def last(self) -> int:
        """The last of them."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class TransferFailed:
    """The chosen successor did not take over in time; this node leads on."""
    __match_args__: ClassVar[tuple[Literal["to"]]] = ...
    def __new__(cls, to: SupportsIndex) -> Self: ...
    @property
    def to(self) -> int:
        """The chosen successor."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Persist:
    """Make ``write`` durable, in the order given, then call ``Raft.persisted(id)``. Writes may be gathered: the id of the
    last one that is durable stands for all before it. ``Log.append`` takes this as it is.
    """
    __match_args__: ClassVar[tuple[Literal["id"], Literal["write"]]] = ...
    def __new__(cls, id: SupportsIndex, write: Write) -> Self: ...
    @property
    def id(self) -> int:
        """To be named when it is durable."""
    @property
    def write(self) -> Write:
        """What to write, all of it or nothing."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Send:
    """Hand ``message`` to the node ``to``, at once or never: it may be lost, delayed, doubled or reordered."""
    __match_args__: ClassVar[tuple[Literal["to"], Literal["message"]]] = ...
    def __new__(cls, to: SupportsIndex, message: Message) -> Self: ...
    @property
    def to(self) -> int:
        """The peer."""
    @property
    def message(self) -> Message:
        """What to say; ``message.encode()`` makes bytes of it."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Apply:
    """Give these committed entries to the state machine, in the order given, then call ``Raft.applied(run.last)``. They are
    durable on this node and on a majority.
    """
    __match_args__: ClassVar[tuple[Literal["run"]]] = ...
    def __new__(cls, run: Run) -> Self: ...
    @property
    def run(self) -> Run:
        """The entries."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Fetch:
    """Bring back entries that are no longer in memory: answer with ``Raft.fetched(id, run)`` and any stored run that holds
    the entry ``index``, as ``Log.fetch(index)`` gives. A store that cannot must stop the node.
    """
    __match_args__: ClassVar[tuple[Literal["id"], Literal["index"]]] = ...
    def __new__(cls, id: SupportsIndex, index: SupportsIndex) -> Self: ...
    @property
    def id(self) -> int:
        """To be named in the answer."""
    @property
    def index(self) -> int:
        """The entry that the run must hold."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Notify:
    """A fact for the application."""
    __match_args__: ClassVar[tuple[Literal["event"]]] = ...
    def __new__(cls, event: _Event) -> Self: ...
    @property
    def event(self) -> _Event:
        """What is the case."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Halt:
    """Storage contradicts itself. The node does nothing from here on: stop it, and look at its disk."""
    __match_args__: ClassVar[tuple[Literal["fault"]]] = ...
    def __new__(cls, fault: FaultError) -> Self: ...
    @property
    def fault(self) -> FaultError:
        """What is wrong; an exception, to be raised where that suits."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Write:
    """One atomic write: after a crash the log holds all of it or nothing."""
    __match_args__: ClassVar[tuple[Literal["hard_state"], Literal["run"]]] = ...
    def __new__(cls, hard_state: HardState, run: Run | None) -> Self: ...
    @property
    def hard_state(self) -> HardState:
        """Replaces the hard state written before."""
    @property
    def run(self) -> Run | None:
        """Entries to store, which replace everything stored from their first index on; or ``None``."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class HardState:
    """What a node must never forget, and a hint."""
    __match_args__: ClassVar[tuple[Literal["term"], Literal["vote"], Literal["commit"]]] = ...
    def __new__(cls, term: SupportsIndex, vote: SupportsIndex | None, commit: SupportsIndex) -> Self: ...
    @property
    def term(self) -> int:
        """The latest term seen."""
    @property
    def vote(self) -> int | None:
        """The vote given in that term, or ``None``."""
    @property
    def commit(self) -> int:
        """The commit index when this was written: a lower bound, which spares work after a restart."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Status:
    """What a node is doing, for people, metrics and tests. A copy: it does not change with the node."""
    __match_args__: ClassVar[tuple[Literal["id"], Literal["role"], Literal["term"], Literal["leader"], Literal["last"], Literal["durable"], Literal["commit"], Literal["applying"], Literal["applied"], Literal["cached_bytes"], Literal["pending_bytes"], Literal["quorum_heard"], Literal["followers"]]] = ...
    def __new__(
        cls,
        id: SupportsIndex,
        role: Role,
        term: SupportsIndex,
        leader: SupportsIndex | None,
        last: SupportsIndex,
        durable: SupportsIndex,
        commit: SupportsIndex,
        applying: SupportsIndex,
        applied: SupportsIndex,
        cached_bytes: SupportsIndex,
        pending_bytes: SupportsIndex,
        quorum_heard: bool,
        followers: Iterable[FollowerStatus],
    ) -> Self: ...
    @property
    def id(self) -> int:
        """This node."""
    @property
    def role(self) -> Role:
        """Its role."""
    @property
    def term(self) -> int:
        """Its term."""
    @property
    def leader(self) -> int | None:
        """The leader of that term, when known."""
    @property
    def last(self) -> int:
        """The last entry in its log."""
    @property
    def durable(self) -> int:
        """The last entry known to be durable here."""
    @property
    def commit(self) -> int:
        """The last entry known to be committed."""
    @property
    def applying(self) -> int:
        """The last entry handed out by ``Apply``."""
    @property
    def applied(self) -> int:
        """The last entry that the state machine has done."""
    @property
    def cached_bytes(self) -> int:
        """Bytes of entries in memory."""
    @property
    def pending_bytes(self) -> int:
        """Bytes of entries taken and not yet committed (leader), or not yet durable (others)."""
    @property
    def quorum_heard(self) -> bool:
        """Whether a majority, this node included, has been heard within an election timeout."""
    @property
    def followers(self) -> tuple[FollowerStatus, ...]:
        """How far each follower is; empty unless this node leads."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class FollowerStatus:
    """How far one follower is, as its leader knows."""
    __match_args__: ClassVar[tuple[Literal["id"], Literal["matched"], Literal["next"], Literal["streaming"], Literal["inflight_messages"], Literal["inflight_bytes"]]] = ...
    def __new__(
        cls,
        id: SupportsIndex,
        matched: SupportsIndex,
        next: SupportsIndex,
        streaming: bool,
        inflight_messages: SupportsIndex,
        inflight_bytes: SupportsIndex,
    ) -> Self: ...
    @property
    def id(self) -> int:
        """The follower."""
    @property
    def matched(self) -> int:
        """The last entry known to be durable there and equal to ours."""
    @property
    def next(self) -> int:
        """The next entry to send."""
    @property
    def streaming(self) -> bool:
        """Whether entries are streamed; otherwise the place where the logs agree is still sought."""
    @property
    def inflight_messages(self) -> int:
        """Append messages with entries that are on their way."""
    @property
    def inflight_bytes(self) -> int:
        """Their bytes."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class RecoveredRun:
    """What storage knows about a live stored run."""
    __match_args__: ClassVar[tuple[Literal["first"], Literal["count"], Literal["term"]]] = ...
    def __new__(cls, first: SupportsIndex, count: SupportsIndex, term: SupportsIndex) -> Self: ...
    @property
    def first(self) -> int:
        """The index of its first entry."""
    @property
    def count(self) -> int:
        """How many of its entries have not been replaced by later runs."""
    @property
    def term(self) -> int:
        """The term of its entries."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Recovered:
    """What storage holds when a node starts: ``Log.recovered()``, or ``Recovered()`` for a node that never ran.

    ``hard_state`` is the newest one written, ``runs`` the ``RecoveredRun`` values that are live, in order, without gaps, from
    index 1, and ``applied`` the last entry that the state machine has taken and still has: 0 if it starts empty.
    """
    __match_args__: ClassVar[tuple[Literal["hard_state"], Literal["runs"], Literal["applied"]]] = ...
    def __new__(
        cls,
        hard_state: HardState | None = None,
        runs: Iterable[RecoveredRun] | None = None,
        applied: SupportsIndex | None = None,
    ) -> Self: ...
    @property
    def hard_state(self) -> HardState:
        """The newest hard state written."""
    @property
    def runs(self) -> tuple[RecoveredRun, ...]:
        """The runs that are live."""
    @property
    def applied(self) -> int:
        """The last entry that the state machine has taken and still has."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Run:
    """Consecutive entries of one term, at least one, as one shared block of bytes.

    The block is made once and never copied again on its way through log, disk and messages; what Python sees of it, a
    payload or the body, is copied when it is asked for. Iterating gives each ``Entry``; ``payloads`` and ``items`` cost less
    where only they matter. Immutable, hashable, picklable.
    """
    __match_args__: ClassVar[tuple[Literal["term"], Literal["first"], Literal["last"]]] = ...
    @staticmethod
    def decode(term: SupportsIndex, first: SupportsIndex, count: SupportsIndex, body: Buffer) -> Run:
        """Takes bytes that came from a peer or a disk, after looking at every entry's header.

        Raises ``WireError`` when they are not exactly ``count`` entries, or when a number is zero or too large.
        """
    @property
    def term(self) -> int:
        """The term of all its entries."""
    @property
    def first(self) -> int:
        """The index of its first entry."""
    @property
    def last(self) -> int:
        """The index of its last entry: what ``Raft.applied`` wants to hear."""
    @property
    def body(self) -> bytes:
        """All entries as bytes, headers included: what goes to disk and to peers."""
    @property
    def body_bytes(self) -> int:
        """How many bytes ``body`` has, without making them."""
    def entries(self) -> list[Entry]:
        """The entries, in order."""
    def payloads(self) -> list[bytes]:
        """The payloads that the state machine is to apply, in order; blank entries are left out."""
    def items(self) -> list[tuple[int, bytes]]:
        """The same with their indexes, as pairs of index and payload."""
    def up_to(self, last: SupportsIndex) -> Run | None:
        """The entries up to and including the one at ``last``, in the same block; ``None`` when that leaves nothing."""
    def starting_at(self, first: SupportsIndex) -> Run | None:
        """The entries from the one at ``first`` on, in the same block; ``None`` when that leaves nothing."""
    def __len__(self, /) -> int: ...
    def __iter__(self, /) -> Iterator[Entry]: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Message:
    """What one node says to another. Made by ``Raft.poll_output`` and by ``decode``; the way over a network is
    ``Message.decode(message.encode())``.

    ``kind`` says which it is, and so which of the fields it has; the others are ``None``. The bytes are the core's own,
    documented layout, the same in every language. Immutable, hashable, picklable.
    """
    __match_args__: ClassVar[tuple[Literal["kind"], Literal["term"]]] = ...
    @staticmethod
    def decode(data: Buffer) -> Message:
        """Reads a message; the entries in it share ``data`` where that is a large ``bytes`` object.

        Raises ``WireError`` when the bytes are no message.
        """
    def encode(self) -> bytes:
        """The message as bytes: a head of at most 64, and the entries, if any."""
    @property
    def kind(self) -> MessageKind:
        """Which message it is."""
    @property
    def term(self) -> int:
        """The sender's term; for ``PRE_VOTE`` and a granted ``PRE_VOTE_REPLY`` the term asked about."""
    @property
    def run(self) -> Run | None:
        """The entries of an ``APPEND`` that has any."""
    @property
    def last(self) -> LogPos | None:
        """The sender's last entry: of ``PRE_VOTE`` and ``VOTE``."""
    @property
    def granted(self) -> bool | None:
        """Whether the sender votes, or would vote, so: of ``PRE_VOTE_REPLY`` and ``VOTE_REPLY``."""
    @property
    def transfer(self) -> bool | None:
        """Whether the leader asked for this election: of ``VOTE``."""
    @property
    def session(self) -> int | None:
        """The stretch of replication: of ``APPEND`` and ``APPEND_REPLY``."""
    @property
    def round(self) -> int | None:
        """The newest question "am I still the leader?", asked or seen: of ``APPEND`` and ``APPEND_REPLY``."""
    @property
    def prev(self) -> LogPos | None:
        """The entry just before those sent: of ``APPEND``."""
    @property
    def commit(self) -> int | None:
        """The leader's commit index: of ``APPEND``."""
    @property
    def reply(self) -> bool | None:
        """Whether an answer is wanted at once: of ``APPEND``."""
    @property
    def matched(self) -> int | None:
        """The last index that the follower holds durably and in agreement: of an ``APPEND_REPLY`` that accepts."""
    @property
    def rejected(self) -> int | None:
        """The index asked about, which does not match: of an ``APPEND_REPLY`` that rejects."""
    @property
    def hint(self) -> LogPos | None:
        """The last place at which the logs may still agree: of an ``APPEND_REPLY`` that rejects."""
    def __eq__(self, other: object, /) -> bool: ...
    def __ne__(self, other: object, /) -> bool: ...
    def __hash__(self, /) -> int: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Raft:
    """One node of a Raft group, sans IO: it is told what happened, and says what it now owes the world.

    *Inputs*: ``step`` a peer spoke, ``tick`` time passed, ``persisted``, ``applied`` and ``fetched`` the world has done what
    an output asked for. *Commands*: ``propose``, ``propose_many``, ``read``, ``transfer_leadership``, ``step_down``.
    *Outputs*: ``poll_output``, ``poll_outputs``. *Views*: ``next_tick``, ``status``, ``check``.

    Any order of calls is safe, and an output may be executed the moment it is seen. A call that raises has changed nothing
    but the time that the node has seen.

    ``recovered`` is what the node's storage holds, ``Recovered()`` when it never ran. The same ``seed`` with the same inputs
    gives the same run: give every node another one. ``now_ns`` is the caller's monotonic clock in whole nanoseconds, of any
    start, such as ``time.monotonic_ns()``.

    Raises ``ConfigError``, and ``FaultError`` when what storage gave back contradicts itself.

    Threads may share it: calls take turns, and none waits for a disk or a peer. It is not picklable, since two copies of a
    node would vote twice.
    """
    def __new__(
        cls, config: Config, recovered: Recovered | None = None, *, seed: SupportsIndex, now_ns: SupportsIndex
    ) -> Self: ...
    def step(self, now_ns: SupportsIndex, sender: SupportsIndex, message: Message | Buffer) -> None:
        """The node ``sender`` said ``message``: a ``Message``, or the bytes of one as ``Message.encode`` made them.

        Raises ``PeerError`` when no honest peer says this, ``WireError`` when the bytes are no message. Drop the message, and
        tell an operator.
        """
    def step_many(
        self, now_ns: SupportsIndex, messages: Sequence[tuple[SupportsIndex, Message | Buffer]]
    ) -> list[tuple[int, PeerError | WireError]]:
        """Several messages at one moment, as pairs of sender and message. Returns what was refused, as pairs of the place in
        ``messages`` and the ``PeerError`` or ``WireError``: one bad message is no reason to lose the others. Wrong types raise,
        before any message is taken.
        """
    def tick(self, now_ns: SupportsIndex) -> None:
        """Time passed. Early calls do nothing, late ones are fine; due at ``next_tick()``."""
    def persisted(self, now_ns: SupportsIndex, id: SupportsIndex) -> None:
        """Every write up to and including the one with this ``id`` is durable. Repeated and older ids change nothing.

        Raises ``MisuseError`` for an id that no ``Persist`` had.
        """
    def applied(self, now_ns: SupportsIndex, index: SupportsIndex) -> None:
        """The state machine has done everything up to ``index``. Repeated and older ones change nothing.

        Raises ``MisuseError`` for an index that no ``Apply`` has reached.
        """
    def fetched(self, now_ns: SupportsIndex, id: SupportsIndex, run: Run) -> None:
        """Storage answers the ``Fetch`` with this ``id``, with any stored run that holds the entry asked for. Entries that are not
        the ones asked for are a fault of the storage: the node halts.

        Raises ``MisuseError`` when the question is not outstanding.
        """
    def propose(self, now_ns: SupportsIndex, payload: Buffer, *, stamp: SupportsIndex | None = None) -> LogPos:
        """Asks for an entry with this payload, and says where it will stand. It is decided when ``Apply`` hands out an entry of
        the same index *and term*; an entry of another term there means that it never will be.

        ``payload`` is ``bytes`` or any contiguous buffer. ``stamp`` comes out with the entry on every replica; the number of a
        ``HlcTime`` does well.

        Raises ``NotLeaderError``, ``NoQuorumError``, ``FullError``, ``TooLargeError``, ``TransferringError``, ``HaltedError``.
        """
    def propose_many(self, now_ns: SupportsIndex, payloads: Sequence[Buffer]) -> Proposed:
        """Like ``propose`` for a sequence of payloads, in one call: takes as many as there is room for, from the front, and says
        how many. Go on with ``payloads[proposed.count:]`` when something has been committed.

        Raises as ``propose``, when not even the first can be taken; ``FullError`` also when there is none. The call is short: no
        more is taken than ``uncommitted_bytes_max``.
        """
    def read(self, now_ns: SupportsIndex) -> int:
        """Asks to read what is newest; returns the id by which ``ReadReady`` and ``ReadsLost`` name it. Costs no write, and reads
        asked between two polls share one question to the followers.

        Raises ``NotLeaderError``, ``NoQuorumError``, ``FullError``, ``HaltedError``.
        """
    def transfer_leadership(self, now_ns: SupportsIndex, to: SupportsIndex) -> None:
        """Hands leadership to the node ``to``: takes no more proposals, waits until it has everything, and tells it to stand at
        once. Gives up after the longest election timeout, with ``TransferFailed``.

        Raises ``NotLeaderError``, ``NoSuchPeerError``, ``TransferringError``, ``HaltedError``.
        """
    def step_down(self, now_ns: SupportsIndex) -> None:
        """Leads no more, in the same term; others stand first. Does nothing unless this node leads."""
    def poll_output(self) -> _Output | None:
        """The next thing owed to the world: ``Persist``, ``Send``, ``Apply``, ``Fetch``, ``Notify`` or ``Halt``; ``None`` when
        nothing is owed.
        """
    def poll_outputs(self) -> list[_Output]:
        """Everything that is owed at the moment, in one call."""
    def next_tick(self) -> int | None:
        """When ``tick`` is next due, on the caller's clock; ``None`` when the node has halted."""
    def status(self) -> Status:
        """A copy of what there is to know about the node."""
    def check(self) -> None:
        """Looks at everything that must hold within one node; walks the log in memory. For tests and simulators, after every
        step.

        Raises ``BrokenError`` with the first invariant that does not hold, which is a bug of this package.
        """

@final
class Log:
    """The durable log of one Raft node: a write-ahead log in a folder of its own, which a crash leaves whole.

    Use ``Log.open``. ``recovered()`` goes into ``Raft``; ``append`` takes each ``Persist``, one ``sync`` makes all of them
    durable and says up to which id ``Raft.persisted`` may be told; ``fetch`` answers a ``Fetch``. The bytes are those of the
    node ``quorate`` in Rust: a folder written by one opens in the other.

    Every call that may touch the disk lets other threads of Python run, and is short: one write, one sync, or one read. A
    signal, such as Ctrl-C, is handled when it returns. Threads may share the log; calls take turns. After a failed write or
    sync nothing is tried again: every call raises ``StoppedError``. It is not picklable, and of no use in a forked child.
    """
    @staticmethod
    def open(
        folder: str | PathLike[str],
        *,
        cluster: SupportsIndex,
        node: SupportsIndex,
        seed: SupportsIndex | None = None,
        segment_bytes: SupportsIndex | None = None,
        record_bytes_max: SupportsIndex | None = None,
        spares_max: SupportsIndex | None = None,
    ) -> Log:
        """Opens the log in ``folder``, which is made if it is missing, and takes it for this object alone.

        ``cluster`` and ``node`` say whose log it is: the folder of another one is refused. ``seed`` makes the records' tags hard
        to guess; from the system's randomness if not given. ``segment_bytes``: the size of a file, 16 MiB, a multiple of 4,096
        up to 1 GiB. ``record_bytes_max``: the most that one write may take, 4 MiB. ``spares_max``: how many released files are
        kept to be used again, 2.

        Raises ``ConfigError``, ``LockedError`` (somebody else has it open), ``OtherLogError``, ``DamagedError``,
        ``ForeignLogError``, ``DiskError``. Nothing durable was changed then.
        """
    @property
    def folder(self) -> Path:
        """Where it is."""
    @property
    def trimmed(self) -> str | None:
        """What a crash left at the end in part, and what was therefore dropped when the log was opened, in words; ``None`` when
        nothing was. Never anything durable.
        """
    @property
    def last(self) -> int:
        """The last position that was appended; 0 when none was."""
    @property
    def sync_ns(self) -> int:
        """How long the newest ``sync`` or ``persist`` that succeeded was with the disk, in nanoseconds; 0 before the first. What it
        has waited for other calls, or for Python's global lock, is not counted.
        """
    def recovered(self, applied: SupportsIndex | None = None) -> Recovered:
        """What the log held when it was opened, for ``Raft``: all of it is durable. ``applied`` is the last entry that the state
        machine has kept on its own; leave it at 0 when it begins empty.
        """
    def append(self, persist: Persist) -> None:
        """Appends the write of a ``Persist``, all of it or nothing. It is durable after the next ``sync``, not before.

        Raises ``AppendError`` when it cannot follow what is there, ``NoSegmentError`` when the disk is full (make room, and append
        the same again): nothing has changed then. Raises ``StoppedError`` when writing failed.
        """
    def sync(self) -> int:
        """Makes all that was appended durable, with one sync. Returns the id of the last write, which is what ``Raft.persisted``
        wants to hear; 0 when nothing was appended since the log was opened.

        Raises ``StoppedError`` when the sync failed, now or before.
        """
    def persist(self, persists: Sequence[Persist]) -> int:
        """Appends all of a sequence of ``Persist`` and syncs once, in one call: what a thread for the disk does in a turn.

        Raises as ``append`` and ``sync`` do. What comes before a write that was refused is appended, and not synced.
        """
    def fetch(self, index: SupportsIndex) -> Run:
        """The run that holds the entry at ``index``, joined with those that follow it in its term up to 64 KiB: the answer to a
        ``Fetch``.

        Raises ``ReadError`` for an index that is not there, ``DamagedError`` when the disk does not give back what was written,
        ``DiskError`` when it gives nothing back, ``StoppedError``.
        """
    def read(self, first: SupportsIndex, *, bytes_max: SupportsIndex | None = None) -> list[Run]:
        """Consecutive runs, beginning with the one that holds the entry at ``first``: as many as take ``bytes_max`` bytes, 64 for
        each run beside its body, but always one. The first one may begin before ``first``.

        Raises as ``fetch``.
        """
    def mark(self) -> None:
        """Leaves proof of what is durable, by which the next opening can tell a damaged end from a torn one. Call it when there is
        nothing else to do. It does not sync.

        Raises ``StoppedError``.
        """
    def close(self) -> None:
        """Syncs, leaves proof, and lets go of the folder. Does nothing when it is closed; a log that is dropped instead loses
        nothing that was synced.

        Raises ``StoppedError`` when that failed; it is closed then, too.
        """
    def __enter__(self) -> Self: ...
    def __exit__(self, _kind: object, _error: object, _traceback: object) -> None: ...

def _check_config(config: Config) -> tuple[int, ...]: ...
def _panic(raft: Raft) -> None: ...

@final
class SimulationCore:
    """A simulation's compiled half; use ``quorate.Simulation``."""
    def __new__(
        cls,
        seed: SupportsIndex,
        nodes: SupportsIndex,
        faults: Iterable[str],
        clients: SupportsIndex,
        lines_max: SupportsIndex,
        events_max: SupportsIndex,
    ) -> Self: ...
    @staticmethod
    def drawn(seed: SupportsIndex, lines_max: SupportsIndex, events_max: SupportsIndex) -> SimulationCore:
        """A whole run as it is drawn from its seed."""
    def step(self) -> bool:
        """The next event; false when nothing is left to happen."""
    def run_until(self, until_ns: int, events_max: int) -> bool:
        """Goes on until this virtual time, or for so many events; whether the time has come."""
    def converge(self) -> None:
        """Ends all faults, and goes on until the group is one again."""
    @property
    def now_ns(self) -> int:
        """Virtual time, in nanoseconds."""
    @property
    def next_ns(self) -> int | None:
        """When the next event happens, in nanoseconds."""
    @property
    def steps(self) -> int:
        """Events so far."""
    @property
    def digest(self) -> str:
        """What was done so far, in one number."""
    @property
    def size(self) -> int:
        """How many nodes there are."""
    @property
    def leader(self) -> int | None:
        """The node that leads the newest term that is led."""
    @property
    def is_over(self) -> bool:
        """Whether all faults have ended, and the group is one again."""
    @property
    def happened(self) -> int:
        """What ever happened, kept or not."""
    def happenings(self, skipped: int) -> list[tuple[int, int | None, str, list[Any]]]:
        """What happened, without the first ``skipped`` of all."""
    def lines(self) -> list[str]:
        """The newest lines of the trace."""
    def totals(self) -> list[tuple[str, int]]:
        """What happened, in numbers, by their names."""
    def view(self, node: SupportsIndex) -> tuple[
        str | None,
        int,
        int | None,
        int,
        int,
        tuple[int, int],
        tuple[int, int],
        int | None,
        bool,
        bool,
        bool,
    ]:
        """What can be seen of a node."""
    def log(self, node: SupportsIndex, first: int) -> list[tuple[int, int, bytes | None]]:
        """A node's entries from this index on: index, term, payload."""
    def propose(self, node: SupportsIndex, payload: Buffer) -> tuple[int, int]:
        """Asks a node to append; the term and the index that the entry has got."""
    def read(self, node: SupportsIndex) -> int:
        """Asks a node to read; the read's id."""
    def transfer(self, node: SupportsIndex, to: SupportsIndex) -> None:
        """Asks a node to hand leadership over."""
    def step_down(self, node: SupportsIndex) -> None:
        """Asks a node to lead no longer."""
    def crash(self, node: SupportsIndex, power: bool) -> None:
        """Ends a node."""
    def restart(self, node: SupportsIndex) -> None:
        """Starts a node."""
    def pause(self, node: SupportsIndex) -> None:
        """Lets a node stand still."""
    def resume(self, node: SupportsIndex) -> None:
        """Lets a node go on."""
    def partition(self, groups: Iterable[Iterable[SupportsIndex]]) -> None:
        """Cuts the links between groups."""
    def cut(self, sender: SupportsIndex, receiver: SupportsIndex) -> None:
        """Cuts one link in one direction."""
    def heal(self) -> None:
        """Opens what was cut by hand."""
    def is_acknowledged(self, term: int, index: int) -> bool:
        """Whether a client was told that the entry at this place is applied."""
    def promise_too_much(self) -> None:
        """Tells the judges a lie that they must find."""

@final
class FrameDecoder:
    """Bytes in, frames out. ``body_bytes_max``: the longest body that is taken; longer ones are refused by their header, before
    anything is allocated.

    The bytes are those of docs/wire-format.md, the same in every language. Every header and every body is checksummed.
    """
    def __new__(cls, body_bytes_max: SupportsIndex) -> Self: ...
    def feed(self, data: Buffer) -> list[tuple[int, bytes]]:
        """Takes what came, and returns the frames that are whole now, as pairs of kind and body.

        Raises ``FrameError`` when the bytes are no frames, as soon as that is certain, and from then on. The frames before it in
        ``data`` are lost with it: whoever sent it is not to be trusted.
        """

def encode_frame(kind: int, body: Buffer) -> bytes: ...
def encode_messages(kind: int, messages: Sequence[Message]) -> bytes: ...
