"""Every refusal of `Raft`: its class, the builtin that it is too, its numbers, and that it survives a pickle."""

import pickle
from collections.abc import Callable

import pytest
import quorate
from quorate import Raft
from quorate.raft import (
    BecameFollower,
    Config,
    FaultKind,
    Halt,
    HardState,
    LogPos,
    Message,
    MisuseKind,
    Notify,
    PeerErrorKind,
    Persist,
    Recovered,
    RecoveredRun,
    Run,
    Send,
    WireErrorKind,
)

from test_raft import APPEND, FAULTS, ZERO, append, elect, entry, fault, message

NOW = 10**12


def same(error: quorate.QuorateError, **fields: object) -> None:
    again = pickle.loads(pickle.dumps(error))
    for one in (error, again):
        assert {name: getattr(one, name) for name in fields} == fields
    assert type(again) is type(error) and str(again) == str(error) != ""


def follower() -> Raft:
    """Follows node 2 in term 3, and has two entries, which are committed and durable."""
    raft = Raft(Config(1, [1, 2, 3], append_bytes_max=100), seed=1, now_ns=0)
    raft.step(NOW, 2, append(3, ZERO, b"one", b"two", commit=2))
    for output in raft.poll_outputs():
        if isinstance(output, Persist):
            raft.persisted(NOW, output.id)
    assert raft.status().commit == 2
    return raft


def leader() -> Raft:
    raft = Raft(Config(1, [1, 2]), seed=1, now_ns=0)
    elect(raft, NOW)
    return raft


T = 1  # the term that `leader` leads
BLAME: list[tuple[PeerErrorKind, Callable[[], Raft], int, bytes, dict[str, int | LogPos]]] = [
    (PeerErrorKind.UNKNOWN_PEER, follower, 9, APPEND, {"from": 9}),
    (PeerErrorKind.UNKNOWN_PEER, follower, 1, APPEND, {"from": 1}),
    (PeerErrorKind.TERM_ZERO, follower, 2, message(3, 0, 0, 0, 0), {}),
    (PeerErrorKind.TERM_TOO_FAR, follower, 2, message(3, 0, 2**63, 0, 0), {"term": 2**63, "own": 3}),
    (PeerErrorKind.TWO_LEADERS, follower, 3, append(3, ZERO), {"term": 3, "known": 2, "claimed": 3}),
    (
        PeerErrorKind.RUN_MISPLACED,
        follower,
        2,
        append(3, LogPos(3, 2), b"x", run_term=4),
        {"prev": LogPos(3, 2), "first": LogPos(4, 3), "term": 3},
    ),
    (PeerErrorKind.RUN_TOO_LARGE, follower, 2, append(3, LogPos(3, 2), bytes(96)), {"bytes": 101, "bytes_max": 100}),
    (
        PeerErrorKind.CONFLICTS_WITH_COMMITTED,
        follower,
        2,
        append(4, ZERO, b"other", run_term=4),
        {"at": LogPos(4, 1), "commit": 2},
    ),
    (PeerErrorKind.ACK_BEYOND_LOG, leader, 2, message(6, 1, T, 1, 0, 9), {"matched": 9, "last": 1}),
    (PeerErrorKind.ROUND_NEVER_ASKED, leader, 2, message(6, 1, T, 1, 99, 0), {"round": 99, "newest": 0}),
    (PeerErrorKind.HINT_BEYOND_PREV, leader, 2, message(6, 0, T, 1, 0, 0, 1, 5), {"prev": 0, "hint": LogPos(1, 5)}),
]


@pytest.mark.parametrize(("kind", "node", "sender", "said", "details"), BLAME, ids=lambda it: getattr(it, "name", None))
def test_a_peer_is_blamed(
    kind: PeerErrorKind, node: Callable[[], Raft], sender: int, said: bytes, details: dict[str, int | LogPos]
) -> None:
    raft = node()
    before = raft.status()
    with pytest.raises(quorate.PeerError) as blamed:
        raft.step(NOW, sender, said)
    same(blamed.value, kind=kind, details=details)
    assert isinstance(blamed.value, ValueError) and raft.status() == before
    [(place, again)] = raft.step_many(NOW, [(sender, Message.decode(said))])
    assert (place, str(again), again.details) == (0, str(blamed.value), details)


def test_every_blame_is_tried() -> None:
    assert {kind for kind, *_ in BLAME} == set(PeerErrorKind) - {PeerErrorKind.OTHER}


def test_step_many_takes_the_good_and_tells_of_the_bad() -> None:
    raft = Raft(Config(1, [1, 2, 3]), seed=1, now_ns=0)
    said: list[tuple[int, bytes | bytearray | Message]] = [
        (2, b"\x07"),
        (9, APPEND),
        (2, Message.decode(append(3, ZERO, b"one"))),
        (3, append(3, ZERO)),
        (2, bytearray(append(3, LogPos(3, 1), b"two"))),
    ]
    refused = raft.step_many(NOW, said)
    assert [(place, type(error)) for place, error in refused] == [
        (0, quorate.WireError),
        (1, quorate.PeerError),
        (3, quorate.PeerError),
    ]
    assert raft.status().last == 2


ONE = entry(b"one")
GARBLED: list[tuple[WireErrorKind, Callable[[], object], dict[str, int]]] = [
    (WireErrorKind.VERSION, lambda: Message.decode(b"\x02" + APPEND[1:]), {"found": 2}),
    (WireErrorKind.UNKNOWN_KIND, lambda: Message.decode(message(9, 0, 1)), {"kind": 9}),
    (WireErrorKind.FLAGS, lambda: Message.decode(message(7, 1, 1)), {"kind": 7, "flags": 1}),
    (WireErrorKind.TRUNCATED, lambda: Message.decode(APPEND[:20]), {}),
    (WireErrorKind.TRUNCATED, lambda: Message.decode(b""), {}),
    (WireErrorKind.TRAILING_BYTES, lambda: Message.decode(message(7, 0, 1) + b"xx"), {"bytes": 2}),
    (WireErrorKind.TRAILING_BYTES, lambda: Message.decode(APPEND + b"x"), {"bytes": 1}),
    (WireErrorKind.RUN_ZERO, lambda: Run.decode(0, 1, 1, ONE), {}),
    (WireErrorKind.INDEX_OVERFLOW, lambda: Run.decode(1, 2**64 - 1, 1, ONE), {"first": 2**64 - 1}),
    (WireErrorKind.ENTRY_TRUNCATED, lambda: Run.decode(1, 1, 2, ONE + ONE[:-1]), {"entry": 1}),
    (WireErrorKind.ENTRY_UNKNOWN_KIND, lambda: Run.decode(1, 1, 1, entry(b"", 9)), {"entry": 0, "code": 9}),
    (WireErrorKind.ENTRY_BLANK_WITH_PAYLOAD, lambda: Run.decode(1, 1, 1, entry(b"x", 1)), {"entry": 0}),
]


@pytest.mark.parametrize(("kind", "attempt", "details"), GARBLED, ids=lambda it: getattr(it, "name", None))
def test_bytes_that_are_no_message(kind: WireErrorKind, attempt: Callable[[], object], details: dict[str, int]) -> None:
    with pytest.raises(quorate.WireError) as refused:
        attempt()
    same(refused.value, kind=kind, details=details)
    assert isinstance(refused.value, ValueError)


def test_every_garble_is_tried() -> None:
    assert {kind for kind, *_ in GARBLED} == set(WireErrorKind) - {WireErrorKind.OTHER}


def test_misuse() -> None:
    raft = follower()
    wrong: list[tuple[MisuseKind, Callable[[], None], dict[str, int]]] = [
        (MisuseKind.UNKNOWN_WRITE, lambda: raft.persisted(NOW, 99), {"named": 99, "newest": 1}),
        (MisuseKind.NOT_HANDED_OUT, lambda: raft.applied(NOW, 99), {"named": 99, "last": 0}),
        (MisuseKind.UNKNOWN_FETCH, lambda: raft.fetched(NOW, 99, Run.decode(1, 1, 1, ONE)), {"named": 99}),
    ]
    for kind, attempt, details in wrong:
        with pytest.raises(quorate.MisuseError) as refused:
            attempt()
        same(refused.value, kind=kind, details=details)
        assert isinstance(refused.value, ValueError)
    assert {kind for kind, *_ in wrong} == set(MisuseKind) - {MisuseKind.OTHER}


def test_storage_that_contradicts_itself() -> None:
    kinds = [FaultKind.RUN_OUT_OF_ORDER, FaultKind.TERM_LOST, FaultKind.TERM_IMPOSSIBLE, FaultKind.ENTRIES_LOST]
    details: list[dict[str, int | LogPos]] = [
        {"after": ZERO, "first": LogPos(1, 2)},
        {"term": 1, "last": LogPos(2, 1)},
        {"term": 2**63},
        {"last": 1, "needed": 5},
    ]
    for recovered, kind, numbers in zip(FAULTS, kinds, details, strict=True):
        same(fault(recovered), kind=kind, details=numbers)


def test_a_wrong_answer_of_the_disk_halts() -> None:
    stored = Recovered(HardState(1, None, 2), [RecoveredRun(1, 2, 1)])
    raft = Raft(Config(1, [1]), stored, seed=1, now_ns=0)
    [fetch] = [output for output in raft.poll_outputs() if type(output).__name__ == "Fetch"]
    raft.fetched(NOW, 1, Run.decode(5, 1, 1, ONE))
    [halt] = raft.poll_outputs()
    match halt:
        case Halt(fault=wrong):
            same(wrong, kind=FaultKind.WRONG_ENTRY, details={"asked": LogPos(1, 1), "first": LogPos(5, 1), "count": 1})
            assert isinstance(wrong, RuntimeError)
            with pytest.raises(quorate.FaultError):
                raise wrong
        case _:
            raise AssertionError(halt)
    assert raft.next_tick() is None and raft.poll_outputs() == []
    for attempt in (lambda: raft.propose(NOW, b""), lambda: raft.read(NOW), lambda: raft.transfer_leadership(NOW, 2)):
        with pytest.raises(quorate.HaltedError) as refused:
            attempt()
        same(refused.value)


def test_refusals_of_the_moment() -> None:
    raft = follower()
    for attempt in (
        lambda: raft.propose(NOW, b"x"),
        lambda: raft.propose_many(NOW, [b"x"]),
        lambda: raft.read(NOW),
        lambda: raft.transfer_leadership(NOW, 2),
    ):
        with pytest.raises(quorate.NotLeaderError) as refused:
            attempt()
        same(refused.value, leader=2)
        assert isinstance(refused.value, RuntimeError)
    raft = leader()
    with pytest.raises(quorate.TooLargeError) as large:
        raft.propose(NOW, bytes(256 << 10))
    same(large.value, bytes=256 << 10, bytes_max=(256 << 10) - 5)
    with pytest.raises(quorate.NoSuchPeerError) as nobody:
        raft.transfer_leadership(NOW, 9)
    same(nobody.value, to=9)
    assert isinstance(nobody.value, LookupError)
    raft.transfer_leadership(NOW, 2)
    for again in (lambda: raft.propose(NOW, b"x"), lambda: raft.transfer_leadership(NOW, 2)):
        with pytest.raises(quorate.TransferringError) as handing:
            again()
        same(handing.value, to=2)
    few = Raft(Config(1, [1, 2], reads_max=1), seed=1, now_ns=0)
    elect(few, NOW)
    few.read(NOW)
    with pytest.raises(quorate.FullError, match="too many reads wait") as full:
        few.read(NOW)
    same(full.value)
    alone = leader()
    with pytest.raises(quorate.NoQuorumError) as lonely:
        alone.propose(NOW + 10**9, b"x")
    same(lonely.value)


def test_leadership_is_given_up_and_handed_over() -> None:
    raft = leader()
    raft.step(NOW, 2, message(6, 1, T, 1, 0, 1))
    raft.transfer_leadership(NOW, 2)
    raft.step_down(NOW)
    raft.step_down(NOW)
    assert Notify(BecameFollower(T, None)) in raft.poll_outputs()
    assert not [output for output in raft.poll_outputs() if isinstance(output, Send)]
