"""What Python programmers expect of any class: immutability, hashes, pickles, messages, threads, garbage."""

import copy
import gc
import inspect
import pickle
import threading
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import quorate
from quorate import (
    CausalBuffer,
    CausalContext,
    Defect,
    Dot,
    DvvSet,
    Hlc,
    HlcTime,
    Interval,
    Lamport,
    Receipt,
    Side,
    Stability,
    Stamp,
    VersionVector,
)

VALUES: list[Any] = [
    Stamp(3, 7),
    Dot(7, 3),
    VersionVector({1: 2, 3: 4}),
    CausalContext(VersionVector({1: 2}), [Dot(1, 5)]),
    HlcTime(1_700_000_000_000, 9),
    Interval(10, 20),
]
CLOCKS: list[Any] = [Lamport(), Hlc(), quorate.BoundedClock(), Stability([1]), CausalBuffer[int](1, [1])]


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_are_values(value: Any) -> None:
    for same in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value), eval(repr(value))):
        assert same == value and hash(same) == hash(value) and type(same) is type(value)
    assert value != object() and value is not None and not value == 3
    for name in [name for name in dir(value) if not name.startswith("_")] + ["other"]:
        with pytest.raises(AttributeError):
            setattr(value, name, 1)
    assert type(value).__module__ == "quorate" and getattr(quorate, type(value).__name__) is type(value)


@pytest.mark.parametrize("clock", CLOCKS, ids=lambda clock: type(clock).__name__)
def test_two_copies_of_a_clock_cannot_be_made(clock: Any) -> None:
    for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot pickle"):
            duplicate(clock)


def test_only_orders_have_a_less_than() -> None:
    assert sorted([Stamp(2, 1), Stamp(1, 2), Stamp(1, 1)]) == [Stamp(1, 1), Stamp(1, 2), Stamp(2, 1)]
    for value in (Dot(1, 1), Interval(1, 2), CausalContext(), DvvSet[int]()):
        with pytest.raises(TypeError, match="not supported"):
            value < value  # type: ignore[operator]
    with pytest.raises(TypeError, match="not supported"):
        Stamp(1, 1) < 1  # type: ignore[operator]
    with pytest.raises(TypeError, match="unsupported operand"):
        VersionVector() | {1: 1}  # type: ignore[operator]
    with pytest.raises(TypeError, match="unhashable"):
        hash(DvvSet[int]())


def test_values_match() -> None:
    seen: list[int] = []
    for value in VALUES:
        match value:
            case Stamp(time, node):
                seen += [time, node]
            case Dot(id=id, n=n):
                seen += [id, n]
            case HlcTime(ms, counter):
                seen += [ms, counter]
            case Interval(earliest, latest):
                seen += [earliest, latest]
    assert seen == [3, 7, 7, 3, 1_700_000_000_000, 9, 10, 20]


def call(function: Callable[..., object], *args: object, **named: object) -> Callable[[], object]:
    return lambda: function(*args, **named)


WRONG: list[tuple[Callable[[], object], type[Exception], str]] = [
    (call(Stamp, "3", 1), TypeError, "time: expected an int, not str"),
    (call(Stamp, 3, 1.5), TypeError, "node: expected an int, not float"),
    (call(Stamp, 3, -1), OverflowError, r"node: -1 is not within 0 and 2\*\*64 - 1"),
    (call(Stamp, 2**64, 1), OverflowError, "time: 18446744073709551616 is not within"),
    (call(Stamp, 2**4000, 1), OverflowError, "time: a huge number is not within"),
    (call(Dot, 1, 0), ValueError, "n: 0 is not at least 1"),
    (call(Lamport().tick_n, 2**32), ValueError, r"count: 4294967296 is not below 2\*\*32"),
    (call(Lamport().observe, None), TypeError, "remote: expected an int, not NoneType"),
    (call(VersionVector, 3), TypeError, "entries: expected a mapping, or an iterable of pairs"),
    (call(VersionVector, [3]), TypeError, "entries: expected a mapping, or an iterable of pairs"),
    (call(VersionVector, {"a": 1}), TypeError, "entries: expected an int, not str"),
    (call(VersionVector().compare, {}), TypeError, "other: expected a VersionVector, not dict"),
    (call(VersionVector.decode, "text"), TypeError, "data: expected bytes, or a buffer of bytes, not str"),
    (call(VersionVector().__contains__, 1), TypeError, "dot: expected a Dot, not int"),
    (call(CausalContext, {}), TypeError, "base: expected a VersionVector, not dict"),
    (call(CausalContext, dots=[1]), TypeError, "dots: expected a Dot, not int"),
    (call(DvvSet[int]().update, 1, 2, 3), TypeError, "context: expected a VersionVector, not int"),
    (call(DvvSet[int]().resolve, 1, 2), TypeError, "merge: expected a callable, not int"),
    (call(HlcTime, 2**48), ValueError, r"ms: 281474976710656 is not below 2\*\*48"),
    (call(HlcTime, 0, 2**16), ValueError, r"counter: 65536 is not below 2\*\*16"),
    (call(HlcTime.from_bytes, b"1234567"), ValueError, "data: 7 bytes, and a hybrid time has 8"),
    (call(Hlc().tick, 1.0), TypeError, "wall_ms: expected an int, not float"),
    (call(Hlc().observe, 1, 1), TypeError, "remote: expected a HlcTime, not int"),
    (call(Hlc, max_ahead_ms="1"), TypeError, "max_ahead_ms"),
    (call(Hlc, max_ahead_ms=1), quorate.ConfigError, "persist_window_ms is 1000"),
    (call(Interval, 2, 1), ValueError, "latest_ms: 1 is before earliest_ms, 2"),
    (call(Stability, 1), TypeError, "members: expected an iterable of int, not int"),
]


@pytest.mark.parametrize(("attempt", "kind", "message"), WRONG, ids=[message for _, _, message in WRONG])
def test_what_is_wrong_is_named(attempt: Callable[[], object], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        attempt()


def test_errors_are_builtins_with_their_numbers() -> None:
    with pytest.raises(quorate.TooFarAheadError) as ahead:
        Lamport().observe(2**48 + 1)
    assert (ahead.value.side, ahead.value.ahead, ahead.value.limit) == (Side.REMOTE, 2**48 + 1, 2**48)
    with pytest.raises(quorate.NotPersistedError) as unpersisted:
        Hlc().tick(5_000)
    assert unpersisted.value.persisted == HlcTime(0) < unpersisted.value.request
    with pytest.raises(quorate.TooManyEntriesError) as many:
        VersionVector().merge_bounded(VersionVector({1: 1, 2: 1}), 1)
    assert many.value.limit == 1
    with pytest.raises(quorate.OwnIdFromFutureError) as own:
        DvvSet[int]().update(VersionVector({1: 5}), 1, 1)
    assert (own.value.claimed, own.value.issued) == (5, 0)
    with pytest.raises(quorate.UnknownMemberError):
        Stability([1]).observe(2, VersionVector())
    with pytest.raises(quorate.MalformedError) as malformed:
        VersionVector.decode(b"\x00\x00")
    assert (malformed.value.at, malformed.value.defect) == (1, Defect.TRAILING_BYTES)
    jumpy = Hlc(max_forward_jump_ms=10, persist_window_ms=None)
    jumpy.tick(1_000)
    with pytest.raises(quorate.ForwardJumpError) as jump:
        jumpy.tick(1_011)
    assert (jump.value.jump, jump.value.limit) == (11, 10)
    again = pickle.loads(pickle.dumps(jump.value))
    assert (type(again), str(again), again.jump) == (quorate.ForwardJumpError, str(jump.value), 11)


def test_the_family_of_errors() -> None:
    errors = [one for one in vars(quorate).values() if inspect.isclass(one) and issubclass(one, Exception)]
    assert len(errors) == 43
    for one in errors:
        assert issubclass(one, quorate.QuorateError) and one.__doc__
        families = (quorate.QuorateError, quorate.ClockError, quorate.RaftError, quorate.LogError)
        assert one in families or any(base.__module__ == "builtins" for base in one.__mro__[1:-3])


def test_everything_public_is_documented() -> None:
    assert set(quorate.__all__) == {name for name in vars(quorate) if name[0].isupper()}
    for name in quorate.__all__:
        kind = getattr(quorate, name)
        assert inspect.getdoc(kind), name
        if kind.__module__ == "quorate":
            for member, value in vars(kind).items():
                assert member.startswith("_") or value.__doc__, f"{name}.{member}"


def test_threads_share_a_clock() -> None:
    clock, hybrid = Lamport(), Hlc(persist_window_ms=None)
    stamps: list[list[int]] = [[] for _ in range(4)]
    moments: list[list[HlcTime]] = [[] for _ in range(4)]

    def run(at: int) -> None:
        for _ in range(2_000):
            stamps[at].append(clock.tick())
            moments[at].append(hybrid.tick(1_000))

    threads = [threading.Thread(target=run, args=(at,)) for at in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(own == sorted(own) for own in stamps) and all(own == sorted(own) for own in moments)
    assert sorted(stamp for own in stamps for stamp in own) == list(range(1, 8_001))
    assert len({moment for own in moments for moment in own}) == 8_000


class Thing:
    """Something that can be seen to die."""


def test_containers_keep_and_release_their_values() -> None:
    kept: DvvSet[Thing] = DvvSet()
    thing = Thing()
    seen = weakref.ref(thing)
    kept.update(VersionVector(), thing, 1)
    del thing
    assert seen() is kept.values()[0]
    kept.update(kept.context(), Thing(), 1)
    assert seen() is None, "replaced, and nobody else has it"
    held: CausalBuffer[Thing] = CausalBuffer(1, [1, 2])
    thing = Thing()
    seen = weakref.ref(thing)
    assert held.receive(2, VersionVector({2: 1}), thing) is Receipt.KEPT
    assert held.receive(2, VersionVector({2: 1}), Thing()) is Receipt.DUPLICATE
    del thing
    assert [message is seen() for _, message in held.deliver_all()] == [True]
    assert seen() is None, "delivered, and let go"


class Cycle:
    """A value that knows its container."""

    owner: object


@pytest.mark.parametrize("keep", [
    lambda thing: (owner := DvvSet[Any](), owner.update(VersionVector(), thing, 1))[0],
    lambda thing: (owner := CausalBuffer[Any](1, [1, 2]), owner.receive(2, VersionVector({2: 2}), thing))[0],
])
def test_cycles_through_a_container_are_collected(keep: Callable[[Cycle], object]) -> None:
    thing = Cycle()
    thing.owner = keep(thing)
    copies = [thing.owner.copy() for _ in range(2)] if isinstance(thing.owner, DvvSet) else []
    seen = weakref.ref(thing)
    gc.collect()
    assert seen() is thing
    del thing
    gc.collect()
    assert (seen() is not None) is bool(copies), "kept as long as a copy keeps it"
    del copies
    gc.collect()
    assert seen() is None


class Nosy:
    """A value whose destructor and comparison call the container that has dropped it."""

    def __init__(self, owner: "DvvSet[Nosy]", calls: list[int]) -> None:
        self.owner, self.calls = owner, calls

    def __del__(self) -> None:
        self.calls.append(len(self.owner))

    def __eq__(self, other: object) -> bool:
        self.calls.append(len(self.owner))
        return isinstance(other, Nosy)


def test_python_code_may_call_back() -> None:
    owner: DvvSet[Nosy] = DvvSet(siblings_max=1)
    calls: list[int] = []
    owner.update(VersionVector(), Nosy(owner, calls), 1)
    owner.update(owner.context(), Nosy(owner, calls), 1)
    assert calls == [1], "the first was replaced"
    with pytest.raises(quorate.TooManyEntriesError):
        owner.update(VersionVector(), Nosy(owner, calls), 1)
    assert calls == [1, 1], "the refused one went, too"
    assert owner == owner.copy() and calls == [1, 1, 1]

    def merge(siblings: list[Nosy]) -> Nosy:
        owner.sync(owner)
        return siblings[0]

    owner.resolve(1, merge)
    assert len(owner) == 1


def test_resolve_passes_on_what_merge_raises() -> None:
    owner: DvvSet[int] = DvvSet()
    owner.update(VersionVector(), 1, 1)
    with pytest.raises(ZeroDivisionError):
        owner.resolve(1, lambda siblings: siblings[0] // 0)
    assert owner.dotted() == [(Dot(1, 1), 1)]


@pytest.mark.parametrize("clock", ["Lamport", "tick_n", "observe", "Stability", "BoundedClock", "CausalBuffer", "DvvSet"])
def test_what_an_exception_does_may_call_back(clock: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making an exception runs Python code; no lock may be held then."""
    last, group, bounded = Lamport(2**64 - 1), Stability([1]), quorate.BoundedClock()
    buffer, siblings = CausalBuffer[int](1, [1]), DvvSet[int]()
    bounded.now(1_000, 0)
    calls: list[object] = []

    class Curious(quorate.ClockError):
        def __init__(self, message: str) -> None:
            super().__init__(message)
            calls.append((last.now, group.members, bounded.now(1_000, 0), buffer.held, len(siblings)))

    for name in ("ExhaustedError", "UnknownMemberError", "BeforeFloorError", "OwnIdFromFutureError"):
        monkeypatch.setattr(f"quorate._errors.{name}", Curious)
    attempts: dict[str, Callable[[], object]] = {
        "Lamport": last.tick,
        "tick_n": lambda: last.tick_n(1),
        "observe": lambda: last.observe(1),
        "Stability": lambda: group.observe(2, VersionVector()),
        "BoundedClock": lambda: bounded.now(1, 0),
        "CausalBuffer": lambda: buffer.receive(2, VersionVector({2: 1}), 1),
        "DvvSet": lambda: siblings.update(VersionVector({1: 1}), 1, 1),
    }
    with pytest.raises(Curious):
        attempts[clock]()
    assert len(calls) == 1
