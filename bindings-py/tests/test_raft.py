"""`quorate.Raft` and its values, as Python programmers meet them."""

import array
import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import quorate
import quorate.raft
from quorate import Raft, _quorate
from quorate.raft import (
    Apply,
    BecameCandidate,
    BecameFollower,
    BecameLeader,
    Config,
    Entry,
    EntryKind,
    Fetch,
    FollowerStatus,
    Halt,
    HardState,
    LogPos,
    Message,
    MessageKind,
    Notify,
    Persist,
    Proposed,
    ReadReady,
    ReadsLost,
    Recovered,
    RecoveredRun,
    Role,
    Run,
    Send,
    Status,
    TransferFailed,
    Write,
)


def u64(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(8, "little") for number in numbers)


def message(kind: int, flags: int, *numbers: int, rest: bytes = b"") -> bytes:
    """A message by hand, as docs/raft-wire.md has it."""
    return bytes([1, kind, flags, 0]) + u64(*numbers) + rest


def entry(payload: bytes, kind: int = 0) -> bytes:
    return len(payload).to_bytes(4, "little") + bytes([kind]) + payload


def append(term: int, prev: LogPos, *payloads: bytes, commit: int = 0, session: int = 1, run_term: int | None = None) -> bytes:
    """An append with these entries, which asks for an answer."""
    flags, head = (3, u64(run_term or term) + len(payloads).to_bytes(4, "little")) if payloads else (1, b"")
    rest = head + b"".join(map(entry, payloads))
    return message(5, flags, term, session, prev.term, prev.index, commit, 0, rest=rest)


ZERO = LogPos(0, 0)
PRE_VOTE, VOTE = message(1, 0, 2, 1, 9), message(3, 1, 2, 1, 9)
APPEND = append(3, LogPos(2, 7), b"one", b"", commit=6)
REPLIES = [message(2, 1, 2), message(4, 0, 2), message(6, 1, 3, 1, 5, 9), message(6, 0, 3, 1, 5, 9, 2, 4), message(7, 0, 3)]
RUN = Run.decode(3, 8, 3, entry(b"one") + entry(b"", 1) + entry(u64(77) + b"two", 2).replace(b"\x0b", b"\x03", 1))
STATE = HardState(3, 1, 2)
FAULTS = [
    Recovered(HardState(1, None, 0), [RecoveredRun(2, 1, 1)]),
    Recovered(HardState(1, None, 0), [RecoveredRun(1, 1, 2)]),
    Recovered(HardState(2**63, None, 0)),
    Recovered(HardState(1, None, 5), [RecoveredRun(1, 1, 1)]),
]


def fault(recovered: Recovered) -> quorate.FaultError:
    with pytest.raises(quorate.FaultError) as fault:
        Raft(Config(1, [1]), recovered, seed=1, now_ns=0)
    return fault.value


VALUES: list[Any] = [
    LogPos(3, 8),
    Proposed(3, 8, 2),
    Entry(8, 3, EntryKind.NORMAL, None, b"one"),
    Entry(8, 3, EntryKind.NORMAL, 2**64 - 1, b"one"),
    RUN,
    *map(Message.decode, [PRE_VOTE, VOTE, APPEND, append(3, ZERO), *REPLIES]),
    STATE,
    HardState(0, None, 0),
    Write(STATE, RUN),
    Persist(1, Write(STATE, None)),
    Send(2, Message.decode(APPEND)),
    Apply(RUN),
    Fetch(1, 8),
    Notify(BecameLeader(3)),
    Notify(BecameFollower(3, None)),
    Notify(BecameCandidate(3)),
    Notify(ReadReady(1, 2, 8)),
    Notify(ReadsLost(1, 2)),
    Notify(TransferFailed(2)),
    *(Halt(fault(recovered)) for recovered in FAULTS),
    Recovered(),
    Recovered(STATE, [RecoveredRun(1, 2, 3)], 2),
    FollowerStatus(2, 8, 9, True, 0, 0),
    Raft(Config(1, [1, 2]), seed=1, now_ns=0).status(),
    Config(1, [1, 2, 3], priority=0),
]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_values_are_values(value: Any) -> None:
    for same in (pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)):
        assert same == value and hash(same) == hash(value) and type(same) is type(value)
    assert value != object() and value is not None and not value == 3
    for name in [name for name in dir(value) if not name.startswith("_")] + ["other"]:
        with pytest.raises(AttributeError):
            setattr(value, name, 1)
    if not isinstance(value, Config):
        assert type(value).__module__ == "quorate.raft"
    assert getattr(quorate.raft, type(value).__name__) is type(value)
    if not isinstance(value, (Run, Message, Persist, Write, Send, Apply, Halt, Entry, Status)):
        assert eval(repr(value), {**vars(quorate.raft)}) == value
    assert len({*VALUES}) == len(VALUES)


def test_values_match_by_place() -> None:
    for value in VALUES:
        if isinstance(value, (Config, Message, Run)):
            continue
        fields = type(value).__match_args__
        parts = tuple(getattr(value, field) for field in fields)
        if not isinstance(value, Halt):  # exceptions are equal to themselves only
            assert type(value)(*parts) == value
            assert parts == tuple(getattr(value, field) for field in fields)
    match Notify(ReadReady(1, 2, 8)):
        case Notify(ReadReady(first, last, index=index)):
            assert (first, last, index) == (1, 2, 8)
        case _:
            raise AssertionError
    assert LogPos(1, 9) < LogPos(2, 1) < LogPos(2, 2) <= LogPos(2, 2)


def test_a_run_is_a_sequence_of_entries() -> None:
    assert (RUN.term, RUN.first, RUN.last, len(RUN)) == (3, 8, 10, 3)
    assert list(RUN) == RUN.entries() == [
        Entry(8, 3, EntryKind.NORMAL, None, b"one"),
        Entry(9, 3, EntryKind.BLANK, None, b""),
        Entry(10, 3, EntryKind.NORMAL, 77, b"two"),
    ]
    assert RUN.payloads() == [b"one", b"two"] and RUN.items() == [(8, b"one"), (10, b"two")]
    assert len(RUN.body) == RUN.body_bytes and Run.decode(3, 8, 3, RUN.body) == RUN
    head, tail = RUN.up_to(8), RUN.starting_at(9)
    assert head is not None and tail is not None and list(head) + list(tail) == list(RUN)
    assert RUN.up_to(7) is None and RUN.starting_at(11) is None and RUN.up_to(99) == RUN


def test_messages_say_what_their_kind_says() -> None:
    said = Message.decode(APPEND)
    assert (said.kind, said.term, said.session, said.prev) == (MessageKind.APPEND, 3, 1, LogPos(2, 7))
    assert (said.commit, said.round, said.reply) == (6, 0, True)
    assert said.run is not None and said.run.payloads() == [b"one", b""]
    match said:
        case Message(MessageKind.APPEND, term, run=Run(first=first)):
            assert (term, first) == (3, 8)
        case _:
            raise AssertionError
    accepted, rejected = Message.decode(REPLIES[2]), Message.decode(REPLIES[3])
    assert (accepted.matched, accepted.rejected, accepted.hint) == (9, None, None)
    assert (rejected.matched, rejected.rejected, rejected.hint) == (None, 9, LogPos(2, 4))
    asked, voted = Message.decode(VOTE), Message.decode(REPLIES[0])
    assert (asked.last, asked.transfer, asked.granted) == (LogPos(1, 9), True, None)
    assert (voted.granted, voted.last, voted.run, voted.session) == (True, None, None, None)
    kinds = {Message.decode(data).kind for data in [PRE_VOTE, VOTE, APPEND, *REPLIES]}
    assert kinds == set(MessageKind)


def one_node() -> tuple[Raft, int]:
    raft = Raft(Config(1, [1]), seed=1, now_ns=0)
    now = raft.next_tick()
    assert now is not None
    raft.tick(now)
    settle(raft, now)
    return raft, now


def settle(raft: Raft, now: int) -> list[Entry]:
    applied: list[Entry] = []
    for output in iter(raft.poll_output, None):
        match output:
            case Persist(id):
                raft.persisted(now, id)
            case Apply(run):
                applied += run
                raft.applied(now, run.last)
    return applied


BIG = bytes(range(256)) * 300


@pytest.mark.parametrize("buffer", [
    BIG,
    bytearray(BIG),
    memoryview(BIG),
    memoryview(BIG * 2)[::2],
    array.array("I", BIG),
    b"",
], ids=lambda buffer: type(buffer).__name__)
def test_any_buffer_is_a_payload(buffer: Any) -> None:
    want = bytes(buffer)
    raft, now = one_node()
    raft.propose(now, buffer)
    assert raft.propose_many(now, [buffer, b"x"]).count == 2
    kept = settle(raft, now)
    if isinstance(buffer, (bytearray, array.array)):
        buffer[0] = 99  # what was proposed is what it was
    assert [entry.payload for entry in kept] == [want, want, b"x"]
    framed = Message.decode(append(3, ZERO, want)).encode()
    writable = bytearray(framed)
    decoded = [Message.decode(framed), Message.decode(writable), Message.decode(memoryview(framed))]
    writable[:] = bytes(len(writable))
    assert [message.encode() for message in decoded] == [framed] * 3


def test_proposals_are_taken_from_the_front() -> None:
    config = Config(1, [1, 2], append_bytes_max=105, uncommitted_bytes_max=210, inflight_bytes_max=105, cache_bytes_max=105)
    raft = Raft(config, seed=1, now_ns=0)
    elect(raft)
    payloads = (b"%040d" % number for number in range(9))
    kept = list(payloads)
    proposed = raft.propose_many(10**12, kept)
    assert proposed == Proposed(term=proposed.term, first=2, count=proposed.count) and 0 < proposed.count < 9
    with pytest.raises(quorate.FullError, match="try again"):
        raft.propose_many(10**12, kept[proposed.count :])
    with pytest.raises(quorate.FullError):
        raft.propose_many(10**12, [])


def elect(raft: Raft, now: int = 10**12) -> int:
    """Makes it the leader of a group of two; the other one grants whatever is asked. The term."""
    for _ in range(50):
        raft.tick(now)
        for output in raft.poll_outputs():
            match output:
                case Persist(id):
                    raft.persisted(now, id)
                case Send(to, Message(MessageKind.PRE_VOTE, term)):
                    raft.step(now, to, message(2, 1, term))
                case Send(to, Message(MessageKind.VOTE, term)):
                    raft.step(now, to, message(4, 1, term))
                case Notify(BecameLeader(term)):
                    return term
    raise AssertionError("not elected")


def test_a_vote_survives_a_restart() -> None:
    config = Config(1, [1, 2, 3])
    raft = Raft(config, seed=1, now_ns=0)
    ask = message(3, 0, 5, 0, 0)
    raft.step(10**9, 2, ask)
    [persist] = [output for output in raft.poll_outputs() if isinstance(output, Persist)]
    assert persist.write.hard_state == HardState(5, 2, 0)
    assert not [output for output in raft.poll_outputs() if isinstance(output, Send)], "not durable, so not said"
    raft.persisted(10**9, persist.id)
    granted = [output.message.granted for output in raft.poll_outputs() if isinstance(output, Send)]
    assert granted == [True]
    again = Raft(config, Recovered(persist.write.hard_state), seed=2, now_ns=0)
    again.step(10**9, 3, ask)
    answers = [output.message.granted for output in again.poll_outputs() if isinstance(output, Send)]
    assert answers == [False]


def test_the_same_calls_give_the_same_outputs() -> None:
    def play() -> list[object]:
        raft = Raft(Config(1, [1, 2]), seed=7, now_ns=5)
        term = elect(raft)
        raft.propose(10**12, b"x", stamp=3)
        raft.read(10**12)
        return [term, raft.next_tick(), raft.poll_outputs(), raft.status()]

    assert play() == play()


def call(function: Callable[..., object], *args: object, **named: object) -> Callable[[], object]:
    return lambda: function(*args, **named)


LONE = one_node()[0]
WRONG: list[tuple[Callable[[], object], type[Exception], str]] = [
    (call(LONE.tick, 1.5), TypeError, "now_ns: expected an int, not float"),
    (call(LONE.tick, -1), OverflowError, "now_ns: -1 is not within"),
    (call(LONE.step, 1, "2", APPEND), TypeError, "sender: expected an int, not str"),
    (call(LONE.step, 1, 0, APPEND), ValueError, "sender: 0 is not a node"),
    (call(LONE.step, 1, 2, 3), TypeError, "message: expected a Message, or the bytes of one, not int"),
    (call(LONE.step_many, 1, [(2, 3)]), TypeError, "message: expected a Message, or the bytes of one, not int"),
    (call(LONE.step_many, 1, [3]), TypeError, "messages: expected a sequence of pairs of int and Message, not int"),
    (call(LONE.persisted, 1, None), TypeError, "id: expected an int, not NoneType"),
    (call(LONE.applied, 1, "1"), TypeError, "index: expected an int, not str"),
    (call(LONE.fetched, 1, 1, b""), TypeError, "run: expected a Run, not bytes"),
    (call(LONE.propose, 1, "text"), TypeError, "payload: expected bytes, or a buffer of bytes, not str"),
    (call(LONE.propose, 1, b"", stamp=-1), OverflowError, "stamp: -1 is not within"),
    (call(LONE.propose_many, 1, iter([b""])), TypeError, "payloads: expected a sequence of bytes or buffers, not list_iterator"),
    (call(LONE.propose_many, 1, [b"", "x"]), TypeError, r"payloads\[1\]: expected bytes, or a buffer of bytes, not str"),
    (call(LONE.propose_many, 1, b"abc"), TypeError, r"payloads\[0\]: expected bytes, or a buffer of bytes, not int"),
    (call(LONE.transfer_leadership, 1, 0), ValueError, "to: 0 is not a node"),
    (call(Raft, 1, seed=1, now_ns=1), TypeError, "config: expected a Config, not int"),
    (call(Raft, Config(1, [1]), 1, seed=1, now_ns=1), TypeError, "recovered: expected a Recovered, not int"),
    (call(Raft, Config(1, [1]), seed=None, now_ns=1), TypeError, "seed: expected an int, not NoneType"),
    (call(Config, 0, [1]), ValueError, "id: 0 is not a node"),
    (call(Config, 1, 1), TypeError, "voters: expected an iterable of int, not int"),
    (call(Config, 1, ["1"]), TypeError, "voters: expected an int, not str"),
    (call(Config, 1, [1], heartbeat_interval_ms=0.5), TypeError, "heartbeat_interval_ms: expected an int, not float"),
    (call(Message.decode, "x"), TypeError, "data: expected bytes, or a buffer of bytes, not str"),
    (call(Run.decode, 1, 1, 2**32, b""), ValueError, "count: 4294967296 is not below 4294967296"),
    (call(Entry, 1, 1, "NORMAL", None, b""), TypeError, "kind: expected an EntryKind, not str"),
    (call(Write, STATE, 1), TypeError, "run: expected a Run, not int"),
    (call(Notify, 1), TypeError, "event: expected an event, not int"),
    (call(Halt, ValueError()), TypeError, "fault: expected a FaultError, not ValueError"),
    (call(Recovered, STATE, 3), TypeError, "runs: expected an iterable, not int"),
    (call(Recovered, STATE, [3]), TypeError, "runs: expected a RecoveredRun, not int"),
    (call(Raft, Config(1, [1]), now_ns=1), TypeError, "seed"),
]


@pytest.mark.parametrize(("attempt", "kind", "words"), WRONG, ids=[words for _, _, words in WRONG])
def test_what_is_wrong_is_named(attempt: Callable[[], object], kind: type[Exception], words: str) -> None:
    before = LONE.status()
    with pytest.raises(kind, match=words):
        attempt()
    assert LONE.status() == before, "and nothing has changed"


@pytest.mark.parametrize(("field", "changed"), [
    ("id", {"id": 4}),
    ("voters", {"voters": [1, 1]}),
    ("voters", {"voters": range(1, 40)}),
    ("election_timeout_min_ms", {"election_timeout_max_ms": 250}),
    ("heartbeat_interval_ms", {"heartbeat_interval_ms": 126}),
    ("heartbeat_interval_ms", {"heartbeat_interval_ms": 0}),
    ("priority", {"priority": 4}),
    ("append_bytes_max", {"append_bytes_max": 5}),
    ("append_bytes_max", {"append_bytes_max": 2**40, "inflight_bytes_max": 2**40, "uncommitted_bytes_max": 2**40, "cache_bytes_max": 2**40}),
    ("inflight_messages_max", {"inflight_messages_max": 0}),
    ("inflight_bytes_max", {"inflight_bytes_max": 1}),
    ("uncommitted_bytes_max", {"uncommitted_bytes_max": 1}),
    ("cache_bytes_max", {"cache_bytes_max": 1}),
    ("reads_max", {"reads_max": 0}),
])
def test_a_configuration_that_contradicts_itself(field: str, changed: dict[str, Any]) -> None:
    with pytest.raises(quorate.ConfigError) as refused:
        dataclasses.replace(Config(1, [1, 2, 3]), **changed)
    assert refused.value.field == field and isinstance(refused.value, ValueError)
    assert Config(1, iter([1, 2])).voters == (1, 2)  # type: ignore[arg-type]


def test_a_panic_poisons_and_is_no_abort(capfd: pytest.CaptureFixture[str]) -> None:
    raft, now = one_node()
    attempts: list[Callable[[], object]] = [
        lambda: _quorate._panic(raft),
        lambda: raft.tick(now),
        lambda: raft.propose(now, b""),
        lambda: raft.poll_outputs(),
        lambda: raft.status(),
        lambda: repr(raft),
    ]
    for attempt in attempts:
        with pytest.raises(quorate.PoisonedError, match="a call on this Raft panicked.*asked to") as refused:
            attempt()
        assert isinstance(refused.value, RuntimeError)
    assert "asked to" in capfd.readouterr().err, "the panic names its place"


def test_a_node_cannot_be_copied() -> None:
    for duplicate in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="cannot pickle"):
            duplicate(LONE)


def test_everything_public_is_documented() -> None:
    assert set(quorate.raft.__all__) == {name for name in vars(quorate.raft) if name[0].isupper()} - {"TypeAlias"}
    for name in quorate.raft.__all__:
        kind = getattr(quorate.raft, name)
        if name not in ("Output", "Event"):
            assert inspect.getdoc(kind), name
            if kind.__module__ == "quorate.raft":
                for member, value in vars(kind).items():
                    assert member.startswith("_") or value.__doc__, f"{name}.{member}"
