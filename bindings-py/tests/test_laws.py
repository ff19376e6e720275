"""The laws, as seen from Python, against naive oracles."""

import pickle

import naive
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quorate import (
    BeforeFloorError,
    BoundedClock,
    CausalBuffer,
    CausalContext,
    Causality,
    ClockError,
    Dot,
    DvvSet,
    Hlc,
    HlcTime,
    Interval,
    Lamport,
    Stability,
    Stamp,
    TooFarAheadError,
    VersionVector,
)


@given(naive.vectors, naive.vectors)
def test_vectors_compare_as_the_sets_of_what_they_know(a: naive.Vector, b: naive.Vector) -> None:
    x, y, p, q = VersionVector(a), VersionVector(b), naive.known(a), naive.known(b)
    assert (x < y, x <= y, x == y, x != y, x >= y, x > y) == (p < q, p <= q, p == q, p != q, p >= q, p > q)
    assert x.descends(y) is (p >= q)
    said = {
        Causality.EQUAL: p == q,
        Causality.BEFORE: p < q,
        Causality.AFTER: p > q,
        Causality.CONCURRENT: not p <= q and not p >= q,
    }
    assert [kind for kind, holds in said.items() if holds] == [x.compare(y)]
    assert y.compare(x) is x.compare(y).mirrored


@given(naive.vectors, naive.vectors, naive.vectors)
def test_merge_and_meet_are_union_and_intersection(a: naive.Vector, b: naive.Vector, c: naive.Vector) -> None:
    x, y, z = VersionVector(a), VersionVector(b), VersionVector(c)
    assert naive.of(x | y) == naive.known(a) | naive.known(b)
    assert naive.of(x & y) == naive.known(a) & naive.known(b)
    assert x | y == y | x and x | x == x and (x | y) | z == x | (y | z)
    assert x & y == y & x and x & x == x and (x & y) & z == x & (y & z)
    assert x | (x & y) == x == x & (x | y)


@given(naive.vectors, naive.vectors)
def test_what_is_missing_is_the_difference(a: naive.Vector, b: naive.Vector) -> None:
    missing = VersionVector(a).missing_from(VersionVector(b))
    assert all(first <= last for _, first, last in missing)
    told = {(id, n) for id, first, last in missing for n in range(first, last + 1)}
    assert told == naive.known(a) - naive.known(b)


@given(naive.wide_vectors)
def test_one_vector_has_one_form(a: naive.Vector) -> None:
    vector = VersionVector(a)
    entries = sorted((id, n) for id, n in a.items() if n > 0)
    assert vector.items() == entries and list(vector) == vector.ids() == [id for id, _ in entries]
    assert len(vector) == len(entries) and vector.to_dict() == dict(entries)
    same = VersionVector(reversed(entries))
    assert same == vector and hash(same) == hash(vector) and same.encode() == vector.encode()
    assert VersionVector.decode(bytearray(vector.encode())) == vector
    assert pickle.loads(pickle.dumps(vector)) == vector and eval(repr(vector)) == vector


@given(st.binary(max_size=24))
def test_bytes_are_one_value_or_refused(data: bytes) -> None:
    for kind in (VersionVector, CausalContext, Stamp):
        try:
            value = kind.decode(data)
        except ClockError as refused:
            assert isinstance(refused, ValueError)
        else:
            assert value.encode() == data


@given(naive.vectors, naive.nodes)
def test_a_tick_knows_one_event_more(a: naive.Vector, id: int) -> None:
    before = VersionVector(a)
    after = before.ticked(id)
    dot = before.next_dot(id)
    assert naive.of(after) - naive.of(before) == {(dot.id, dot.n)} == {(id, before[id] + 1)}
    assert before < after and before == VersionVector(a) and after == before.with_dot(dot)
    assert dot in after and dot not in before


@given(naive.events, naive.events, naive.events)
def test_contexts_are_sets(a: naive.Events, b: naive.Events, c: naive.Events) -> None:
    x, y, z = naive.context(a), naive.context(b), naive.context(c)
    assert naive.of_context(x) == a and naive.of_context(x | y) == a | b
    assert x | y == y | x and x | x == x and (x | y) | z == x | (y | z)
    assert (x == y) is (a == b) and (hash(x) == hash(y) or a != b) and bool(x) is bool(a)
    assert all((Dot(id, n) in x) is ((id, n) in a) for id in naive.NODES for n in range(1, 8))
    assert x.is_contiguous is (not x.cloud)
    for again in (CausalContext.decode(x.encode()), pickle.loads(pickle.dumps(x)), eval(repr(x))):
        assert again == x


SENDS = st.lists(st.tuples(naive.nodes, st.one_of(st.none(), st.integers(0, 40))), max_size=40)
"""A history: who does something, and which earlier event's message it receives, if any."""


@given(SENDS)
def test_lamport_respects_causality_and_vectors_are_causality(sends: list[tuple[int, int | None]]) -> None:
    clocks, vectors = {id: Lamport() for id in naive.NODES}, {id: VersionVector() for id in naive.NODES}
    pasts: dict[int, frozenset[int]] = {id: frozenset() for id in naive.NODES}
    history: list[tuple[Stamp, VersionVector, frozenset[int]]] = []
    for id, message in sends:
        heard = history[message] if message is not None and message < len(history) else None
        time = clocks[id].tick() if heard is None else clocks[id].observe(heard[0].time)
        if heard is not None:
            vectors[id] |= heard[1]
            pasts[id] |= heard[2]
        vectors[id] = vectors[id].ticked(id)
        pasts[id] |= {len(history)}
        history.append((Stamp(time, id), vectors[id], pasts[id]))
    for a in range(len(history)):
        for b in range(len(history)):
            caused = a != b and a in history[b][2]
            assert not caused or history[a][0] < history[b][0]
            assert (history[a][1] < history[b][1]) is caused
    assert len({stamp for stamp, _, _ in history}) == len(history)


@given(st.lists(st.tuples(st.integers(9_000, 13_000), st.one_of(st.none(), st.integers(8_000, 20_000)))))
def test_hybrid_time_ascends_near_the_wall(calls: list[tuple[int, int | None]]) -> None:
    clock = Hlc(max_ahead_ms=5_000, persist_window_ms=None)
    last = clock.last
    for wall_ms, remote_ms in calls:
        remote = None if remote_ms is None else HlcTime(remote_ms, 7)
        try:
            stamp = clock.tick(wall_ms) if remote is None else clock.observe(remote, wall_ms)
        except TooFarAheadError as refused:
            assert refused.ahead > refused.limit == 5_000 and clock.last == last
            continue
        assert stamp > last and (remote is None or stamp > remote)
        assert wall_ms <= stamp.ms <= wall_ms + 5_000
        last = stamp


@given(naive.numbers, naive.numbers)
def test_hybrid_times_are_ordered_as_their_numbers_and_bytes(a: int, b: int) -> None:
    x, y = HlcTime.from_bits(a), HlcTime.from_bits(b)
    assert (x < y, x == y, x > y) == (a < b, a == b, a > b) == (bytes(x) < bytes(y), bytes(x) == bytes(y), bytes(x) > bytes(y))
    assert int(x) == a == x.ms << 16 | x.counter and HlcTime.from_bytes(bytes(x)) == x == HlcTime(x.ms, x.counter)
    assert hash(x) == hash(HlcTime.from_bits(a)) and pickle.loads(pickle.dumps(x)) == x == eval(repr(x))


@given(st.lists(st.tuples(st.integers(0, 1_000), st.integers(0, 100)), max_size=20))
def test_what_was_certainly_past_stays_past(readings: list[tuple[int, int]]) -> None:
    clock, floor = BoundedClock(), 0
    for wall_ms, error_ms in readings:
        read = Interval.around(wall_ms, error_ms)
        try:
            now = clock.now(wall_ms, error_ms)
        except BeforeFloorError as refused:
            assert (refused.floor, refused.latest) == (floor, read.latest_ms) and read.latest_ms < floor
            continue
        floor = max(floor, read.earliest_ms)
        assert (now.earliest_ms, now.latest_ms) == (floor, read.latest_ms)
        wait = now.commit_wait_ms(now)
        assert now.definitely_before(Interval(floor + wait, floor + wait))
        assert wait == 0 or now.overlaps(Interval(floor + wait - 1, floor + wait - 1))


WRITES = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.sampled_from(["read", "write", "sync"])), max_size=40)


@given(WRITES)
def test_siblings_are_the_values_that_nobody_has_replaced(steps: list[tuple[int, int, str]]) -> None:
    """Three servers and three clients; the oracle keeps each write with the set of writes that its author had seen."""
    servers: list[DvvSet[int]] = [DvvSet() for _ in range(3)]
    heard: list[frozenset[int]] = [frozenset()] * 3
    read: list[tuple[int, VersionVector, frozenset[int]] | None] = [None] * 3
    replaces: list[frozenset[int]] = []
    for server, other, step in steps:
        if step == "sync":
            servers[server] |= servers[other]
            heard[server] |= heard[other]
        elif step == "read":
            read[other] = (server, servers[server].context(), heard[server])
        else:
            context, seen = VersionVector(), frozenset[int]()
            last = read[other]
            if last is not None and last[2] <= heard[server]:
                _, context, seen = last
            servers[server].update(context, len(replaces), server)
            replaces.append(seen)
            heard[server] |= {len(replaces) - 1}
        for own, writes in zip(servers, heard, strict=True):
            gone = frozenset[int]().union(*(replaces[write] for write in writes))
            assert set(own.values()) == writes - gone and len(own) == len(own.values())
    together = servers[0] | servers[1] | servers[2]
    assert together == servers[2] | servers[0] | servers[1] == pickle.loads(pickle.dumps(together))
    assert together == DvvSet.from_parts(together.context(), together.dotted())


@given(st.dictionaries(naive.nodes, naive.vectors, min_size=1))
def test_stable_is_what_all_members_know(rows: dict[int, naive.Vector]) -> None:
    group = Stability(rows)
    for member, row in rows.items():
        group.observe(member, VersionVector(row))
        group.observe(member, VersionVector())  # late ones do no harm
    all_know = frozenset.intersection(*(naive.known(row) for row in rows.values()))
    assert naive.of(group.stable()) == all_know and group.members == sorted(rows)
    for member in rows:
        others = [naive.known(row) for id, row in rows.items() if id != member]
        alone = bool(others) and frozenset.intersection(*others) > all_know
        assert (member in group.laggards()) is alone


@given(st.data())
def test_messages_come_out_behind_what_their_senders_had_seen(data: st.DataObject) -> None:
    group = [1, 2, 3]
    buffers = {own: CausalBuffer[tuple[int, int]](own, group) for own in group}
    sent: list[tuple[int, VersionVector, tuple[int, int]]] = []
    out: dict[int, list[tuple[int, int]]] = {own: [] for own in group}
    past: dict[tuple[int, int], set[tuple[int, int]]] = {}
    arrivals: dict[int, list[int]] = {own: [] for own in group}
    for _ in range(data.draw(st.integers(0, 12))):
        own = data.draw(st.sampled_from(group))
        # Some of what was sent arrives first, in any order and more than once.
        for at in data.draw(st.lists(st.sampled_from(range(len(sent))), max_size=6)) if sent else []:
            arrivals[own].append(at)
            buffers[own].receive(*sent[at])
            out[own] += [message for _, message in buffers[own].deliver_all()]
        header = buffers[own].broadcast()
        message = (own, header[own])
        past[message] = set(out[own])
        out[own].append(message)
        sent.append((own, header, message))
    for own in group:
        for at in data.draw(st.permutations(range(len(sent)))):
            buffers[own].receive(*sent[at])
        while (delivery := buffers[own].poll_deliver()) is not None:
            dot, message = delivery
            assert (dot.id, dot.n) == message
            out[own].append(message)
        assert sorted(out[own]) == sorted(past) and buffers[own].held == 0
        for at, message in enumerate(out[own]):
            assert past[message] <= set(out[own][:at])


@pytest.mark.parametrize("now", [2**64 - 1, 2**64 - 2])
def test_nothing_wraps(now: int) -> None:
    clock = Lamport(now)
    with pytest.raises(OverflowError, match="its end"):
        clock.tick_n(2)
    assert clock.now == now
    full = VersionVector({1: 2**64 - 1})
    with pytest.raises(OverflowError):
        full.ticked(1)
