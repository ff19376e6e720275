"""Whatever a peer sends: it is taken, or refused with blame; the node stays sound, and nothing panics."""

import quorate
from hypothesis import example, given
from hypothesis import strategies as st
from quorate import Raft
from quorate.raft import Apply, Config, LogPos, Message, Persist

from test_raft import APPEND, REPLIES, append, message

NOW = 10**12
small = st.integers(0, 4)
number = small | st.sampled_from([2**40, 2**62 + 1, 2**64 - 1])
place = st.builds(LogPos, number, number)
payloads = st.lists(st.binary(max_size=3), max_size=3)
appends = st.builds(
    lambda term, prev, entries, commit, session: append(term, prev, *entries, commit=commit, session=session),
    number, place, payloads, number, number,
)  # fmt: skip
plain = st.one_of(
    st.builds(lambda kind, *fields: message(kind, *fields), st.sampled_from([1, 3]), st.integers(0, 1), number, number, number),
    st.builds(lambda kind, flag, term: message(kind, flag, term), st.sampled_from([2, 4, 7]), st.integers(0, 1), number),
    st.builds(lambda *fields: message(6, 1, *fields), number, number, number, number),
    st.builds(lambda *fields: message(6, 0, *fields), number, number, number, number, number, number),
)
letters = st.lists(st.tuples(st.integers(1, 4), appends | plain, st.booleans()), max_size=30)


@given(letters, st.integers(0, 3))
def test_any_messages_in_any_order(said: list[tuple[int, bytes, bool]], ticks: int) -> None:
    raft = Raft(Config(1, [1, 2, 3], append_bytes_max=64), seed=1, now_ns=0)
    now = NOW
    for sender, data, wait in said:
        before = raft.status()
        try:
            raft.step(now, sender, data)
        except (quorate.PeerError, quorate.WireError):
            assert raft.status() == before, "what is refused changes nothing"
        raft.check()
        for output in raft.poll_outputs():
            raft.check()
            match output:
                case Persist(id=id):
                    raft.persisted(now, id)
                case Apply(run=run):
                    raft.applied(now, run.last)
        if wait:
            for _ in range(ticks):
                now = max(now, raft.next_tick() or now)
                raft.tick(now)
        after = raft.status()
        assert after.term >= before.term and after.commit >= before.commit and after.applied >= before.applied


@given(st.binary(max_size=120))
@example(APPEND)
def test_any_bytes(data: bytes) -> None:
    has_one_encoding(data)


@given(st.sampled_from([APPEND, *REPLIES]), st.integers(0, 99), st.integers(0, 255))
def test_any_byte_changed(data: bytes, at: int, byte: int) -> None:
    at %= len(data)
    has_one_encoding(data[:at] + bytes([byte]) + data[at + 1 :])


def has_one_encoding(data: bytes) -> None:
    """What is taken for a message is the very encoding of it; the rest is refused."""
    try:
        decoded = Message.decode(data)
    except quorate.WireError:
        return
    assert decoded.encode() == data
    assert Message.decode(decoded.encode()) == decoded and repr(decoded).startswith("<Message ")
