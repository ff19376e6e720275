"""Nodes in an event loop: what is acknowledged is there, and everything ends when it is told to."""

import asyncio
import contextlib
import gc
import socket
import struct
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest
import quorate
import uvloop
from quorate import Log
from quorate._disk import QUICK_NS, Pace
from quorate._quorate import FrameDecoder, encode_frame
from quorate.aio import Cluster, LeaderChange, Node
from quorate.raft import Config, Entry, LogPos, Persist, Role

QUICK = Config(1, [1], election_timeout_min_ms=100, election_timeout_max_ms=200, heartbeat_interval_ms=20)
# No machine is so busy that a leader is deposed for it.
CALM = Config(1, [1], election_timeout_min_ms=1_000, election_timeout_max_ms=1_500, heartbeat_interval_ms=50)

LOOPS: list[Callable[[], asyncio.AbstractEventLoop]] = [asyncio.new_event_loop, uvloop.new_event_loop]


def run(main: Coroutine[Any, Any, None], loop: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop) -> None:
    """Runs it, for a minute at most; nothing may be left over."""

    async def bounded() -> None:
        async with asyncio.timeout(60):
            await main
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert not left, left

    with asyncio.Runner(loop_factory=loop) as runner:
        runner.get_loop().set_debug(True)
        runner.run(bounded())
    gc.collect()  # what was forgotten warns, and warnings are errors


async def leader_of(cluster: Cluster) -> Node:
    await cluster.append(b"first")
    assert cluster.leader is not None
    return cluster.leader


async def first(stream: AsyncIterator[Any], count: int) -> list[Any]:
    return [await anext(stream) for _ in range(count)]


@pytest.mark.parametrize("loop", LOOPS, ids=["asyncio", "uvloop"])
def test_a_group_agrees(tmp_path: Path, loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    async def main() -> None:
        async with Cluster(3, dir=tmp_path, config=CALM) as cluster:
            leader = await leader_of(cluster)
            places = await asyncio.gather(*(leader.append(b"%d" % number) for number in range(100)))
            assert [place.index for place in places] == list(range(places[0].index, places[0].index + 100))
            assert await leader.read() >= places[-1].index == leader.applied
            for node in cluster.nodes.values():
                entries = await first(node.entries(), 101)
                assert [entry.payload for entry in entries] == [b"first", *(b"%d" % number for number in range(100))]
                late = await first(node.entries(places[50].index), 1)
                assert late[0].payload == b"50" and late[0].index == places[50].index
                assert await first(node.leader_changes(), 1) == [LeaderChange(leader.status().term, leader.id)]
                assert node.leader == leader.id and len(node.connected) == 2

    run(main(), loop)


def test_a_leader_is_stopped_and_comes_back(tmp_path: Path) -> None:
    async def main() -> None:
        async with Cluster(3, dir=tmp_path, config=CALM) as cluster:
            old = await leader_of(cluster)
            other = next(node for node in cluster.nodes.values() if node is not old)
            with pytest.raises(quorate.NotLeaderError, match=f"ask node {old.id}") as refused:
                await other.append(b"elsewhere")
            assert refused.value.leader == old.id and refused.value.address == old.address
            with pytest.raises(quorate.NotLeaderError):
                await other.read()
            changes = other.leader_changes()
            assert (await anext(changes)).leader == old.id
            await cluster.stop_node(old.id)
            place = await cluster.append(b"second")
            while (change := await anext(changes)).leader is None:
                pass
            assert change.leader != old.id and change.term > 1
            with pytest.raises(quorate.NodeClosedError, match="does not run"):
                await old.append(b"stopped")
            again = await cluster.start_node(f"n{old.id}")
            entries = await first(again.entries(), 2)
            assert [entry.payload for entry in entries] == [b"first", b"second"] and entries[1].index == place.index
            assert cluster.leader is not None
            await cluster.leader.transfer(again.id)
            assert await again.append(b"third") and again.is_leader

    run(main())


def test_a_read_sees_what_was_acknowledged(tmp_path: Path) -> None:
    seen: dict[int, list[bytes]] = {1: [], 2: [], 3: []}

    async def main() -> None:
        async with Cluster(3, dir=tmp_path, config=CALM, apply=lambda id, entry: seen[id].append(entry.payload)) as cluster:
            newest = 0
            for number in range(20):
                newest = (await cluster.append(b"%d" % number)).index
                assert await cluster.read() >= newest
                assert cluster.leader is not None and seen[cluster.leader.id][-1] == b"%d" % number
            reads = await asyncio.gather(*(cluster.read() for _ in range(500)))
            assert min(reads) >= newest

    run(main())
    assert max(map(len, seen.values())) == 20


class Watched:
    """A node's log that says which threads sync, and takes its time when told to."""

    def __init__(self, node: Node, seconds: float = 0.0) -> None:
        self.log, self.seconds = node._disk.log, seconds
        self.threads: list[int] = []
        self.failure: Exception | None = None
        node._disk.log = cast(Log, self)
        if node._disk.pace is not None:
            node._disk.pace = Pace()  # whatever the real disk has done so far

    def persist(self, writes: list[Persist]) -> int:
        self.threads.append(threading.get_ident())
        if self.failure is not None:
            raise self.failure
        time.sleep(self.seconds)
        return self.log.persist(writes)

    @property
    def sync_ns(self) -> int:
        return int(self.seconds * 1e9)

    def close(self) -> None:
        self.log.close()


def test_many_appends_share_a_sync(tmp_path: Path) -> None:
    async def main() -> None:
        async with Node("n1", dir=tmp_path, config=QUICK) as node:
            await node.append(b"first")
            watched = Watched(node)
            places = await asyncio.gather(*(node.append(b"x") for _ in range(1_000)))
            assert len({place.index for place in places}) == 1_000
            assert 1 <= len(watched.threads) <= 10

    run(main())


def test_a_slow_disk_is_left_to_a_thread(tmp_path: Path) -> None:
    loop = threading.get_ident()

    async def syncs(node: Node, watched: Watched, count: int) -> set[bool]:
        """In which threads the next ones are done: in the loop's, or not."""
        watched.threads.clear()
        while len(watched.threads) < count:
            await node.append(b"x")
        return {thread == loop for thread in watched.threads}

    async def main() -> None:
        async with Node(1, dir=tmp_path / "quick", config=CALM) as node:
            await node.append(b"first")
            watched = Watched(node)
            await syncs(node, watched, 32)  # what is not known is not trusted
            assert await syncs(node, watched, 20) == {True}
            watched.seconds = 0.002
            assert await syncs(node, watched, 1) == {True}, "nobody could know"
            assert await syncs(node, watched, 5) == {False}
            watched.seconds = 0.0
            assert False in await syncs(node, watched, 6 * 8), "six that took eight times 0.25 ms are paid for"
            assert await syncs(node, watched, 5) == {True}
        with ThreadPoolExecutor(1) as executor:
            async with Node(1, dir=tmp_path / "executor", config=CALM, executor=executor) as node:
                await node.append(b"first")
                assert await syncs(node, Watched(node), 64) == {False}, "whoever brings an executor wants it used"

    run(main())


def test_a_stall_is_paid_for() -> None:
    pace, stalled, syncs = Pace(), 0, 0
    for took in [100_000] * 1_000 + [50_000_000, 1_000_001, *[900_000] * 5_000, 2_000_000_000, *[100_000] * 70_000]:
        stalled += took if pace.is_quick and took > QUICK_NS else 0
        pace.took(took)
        syncs += 1
    assert pace.is_quick and stalled == 2_050_000_000, "neither the one at a thread nor any other was waited for"
    for _ in range(100):
        pace.took(10**12)
    for _ in range(65_536):
        assert not pace.is_quick
        pace.took(1)
    assert pace.is_quick, "what is owed has a limit"


def test_what_waits_is_bounded_in_bytes(tmp_path: Path) -> None:
    async def main() -> None:
        async with Node(1, peers={2: "127.0.0.1:1"}, dir=tmp_path, config=QUICK) as node:
            payload = bytes(256 << 10)
            waiting = [asyncio.create_task(node.append(payload)) for _ in range(256)]
            await asyncio.sleep(0)
            with pytest.raises(quorate.FullError, match="256 appends of 67108864 bytes wait"):
                await asyncio.wait_for(node.append(b"x"), 5)
            waiting[0].cancel()
            await asyncio.wait(waiting[:1])
            node._appends.put_back(node._appends.take(4_096))
            last = asyncio.create_task(node.append(payload))  # in the place of the one that nobody waits for any more
            await asyncio.sleep(0)
            with pytest.raises(quorate.FullError):
                await asyncio.wait_for(node.append(b"x"), 5)
            assert len(node._appends.take_all()) == 256 and not last.done()
            node._appends.add(b"x", asyncio.get_running_loop().create_future())
            for one in [*waiting, last]:
                one.cancel()
            await asyncio.wait([*waiting, last])

    run(main())


def test_what_was_acknowledged_survives_a_stop(tmp_path: Path) -> None:
    async def main() -> None:
        acknowledged: list[LogPos] = []

        async def client(node: Node) -> None:
            with contextlib.suppress(quorate.NodeClosedError):
                while True:
                    acknowledged.append(await node.append(b"entry"))

        async with Node(1, dir=tmp_path, config=QUICK) as node:
            await node.append(b"entry")
            clients = [asyncio.create_task(client(node)) for _ in range(20)]
            while len(acknowledged) < 100:
                await asyncio.sleep(0)
        await asyncio.gather(*clients)
        assert node.applied >= max(place.index for place in acknowledged)
        async with Node(1, dir=tmp_path, config=QUICK) as again:
            await again.read()
            last = max(place.index for place in acknowledged)
            there = {LogPos(entry.term, entry.index) for entry in await first(again.entries(), last - 1)}
            assert there >= set(acknowledged)

    run(main())


def test_a_cancelled_append_disturbs_nobody(tmp_path: Path) -> None:
    async def main() -> None:
        async with Cluster(3, dir=tmp_path, config=CALM) as cluster:
            leader = await leader_of(cluster)
            tasks = [asyncio.create_task(leader.append(b"%d" % number)) for number in range(100)]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
            done = await asyncio.gather(*tasks, return_exceptions=True)
            assert all(isinstance(one, asyncio.CancelledError) for one in done[::2])
            places = [one for one in done[1::2] if isinstance(one, LogPos)]
            assert len(places) == 50 == len(set(places))
            payloads = {entry.index: entry.payload for entry in await first(leader.entries(), 51)}
            assert all(payloads.get(place.index, b"%d" % number) == b"%d" % number for number, place in zip(range(1, 100, 2), places, strict=True))
            await leader.append(b"last")

    run(main())


def test_without_a_majority_it_waits(tmp_path: Path) -> None:
    async def main() -> None:
        async with Cluster(3, dir=tmp_path, config=CALM) as cluster:
            leader = await leader_of(cluster)
            for id in [id for id in cluster.nodes if id != leader.id]:
                await cluster.stop_node(id)
            for question in (leader.append, lambda _: leader.read()):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(2.0):
                        await question(b"undecided")
            assert leader.leader is None and leader.status().role is not Role.LEADER
            waiting = asyncio.create_task(leader.append(b"waits"))
            await cluster.start_node(leader.id % 3 + 1)
            with contextlib.suppress(quorate.NotLeaderError):
                await waiting
            await cluster.append(b"again")

    run(main())


def hello(cluster: int, sender: int, wanted: int) -> bytes:
    return encode_frame(240, struct.pack("<QQQ", cluster, sender, wanted))


async def said(address: tuple[str, int], data: bytes) -> bytes:
    """What the node answers before it closes."""
    reader, writer = await asyncio.open_connection(*address)
    writer.write(data)
    with contextlib.suppress(ConnectionError):
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer
    writer.close()
    return b""


def test_bad_bytes_of_peers_end_their_connection_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quorate._peers.HANDSHAKE_SECONDS", 3600.0)  # nothing ends here because time passed
    async def main() -> None:
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        peers = {id: ("127.0.0.1", one.getsockname()[1]) for id, one in enumerate(sockets, 1)}
        sockets.pop().close()
        async with Node(1, peers=peers, dir=tmp_path / "n1", listen=sockets[0], config=QUICK, cluster=7) as node:
            welcome = FrameDecoder(24).feed(await said(node.address, hello(7, 2, 1) + b"GET / HTTP/1.1\r\n\r\n"))
            assert welcome in ([], [(241, struct.pack("<QQQ", 7, 1, 2))])
            for data, reason in (
                (hello(8, 2, 1), (2, 7, 8)),
                (hello(7, 1, 1), (4, 1, 1)),
                (hello(7, 2, 3), (3, 1, 3)),
                (hello(7, 9, 1), (5, 1, 9)),
            ):
                assert FrameDecoder(24).feed(await said(node.address, data)) == [(242, struct.pack("<QQQ", *reason))]
            for data in (
                b"\x00",
                b"GET / HTTP/1.1\r\n\r\n",
                encode_frame(240, b"short"),
                encode_frame(1, b""),
                encode_frame(240, bytes(25))[:20],  # longer than any greeting: its header is enough
                hello(7, 2, 1)[:-1] + b"\xff",
                hello(7, 2, 1) + encode_frame(1, b""),  # too early
            ):
                assert FrameDecoder(24).feed(await said(node.address, data)) in ([], [(241, struct.pack("<QQQ", 7, 1, 2))])
            for body in (
                encode_frame(1, b"no message"),
                encode_frame(9, b""),
                b"\x00" * 20,
                struct.pack("<4sBB2xIII", b"Qrt\xa5", 1, 1, 2**32 - 1, 0, 0),
                encode_frame(1, bytes(600_000))[:20],  # longer than any message: its header is enough
            ):
                reader, writer = await asyncio.open_connection(*node.address)
                writer.write(hello(7, 2, 1))
                assert len(await reader.readexactly(44)) == 44
                writer.write(body)
                with contextlib.suppress(ConnectionError):
                    assert await reader.read() == b""
                writer.close()
            assert node._hall.dropped >= 7
            silent = [await asyncio.open_connection(*node.address) for _ in range(80)]
            await asyncio.sleep(0.1)
            assert len(node._hall._strangers) <= 64
            for _, writer in silent:
                writer.close()
            assert node.status().role is not Role.LEADER, "alone of two"

    run(main())


@pytest.mark.parametrize("before", [0, 100], ids=["in the thread", "in the loop"])
def test_a_disk_that_fails_stops_the_node(tmp_path: Path, before: int, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with Node(1, dir=tmp_path, config=QUICK) as node:
            await node.append(b"fine")
            watched = Watched(node)
            for _ in range(before):
                await node.append(b"quick")
            assert node._disk.is_quick is (before > 0)
            watched.failure = quorate.StoppedError("the disk is gone")
            with pytest.raises(quorate.NodeClosedError, match="has failed: the disk is gone") as failed:
                await node.append(b"lost")
            assert isinstance(failed.value.__cause__, quorate.StoppedError)
            with pytest.raises(quorate.NodeClosedError, match="has failed"):
                await node.read()
            assert [entry async for entry in node.entries(1)] == []

    run(main())
    assert "node 1 has failed: the disk is gone" in caplog.text


def test_a_state_machine_that_raises_stops_the_node(tmp_path: Path) -> None:
    def apply(entry: Entry) -> None:
        raise ZeroDivisionError("of the state machine")

    async def main() -> None:
        async with Node(1, dir=tmp_path, config=QUICK, apply=apply) as node:
            with pytest.raises(quorate.NodeClosedError, match="of the state machine"):
                await node.append(b"x")

    run(main())


def test_readers_may_be_slow_or_go(tmp_path: Path) -> None:
    async def main() -> None:
        config = Config(1, [1], election_timeout_min_ms=100, election_timeout_max_ms=200, heartbeat_interval_ms=20, cache_bytes_max=256 << 10)
        async with Node(1, dir=tmp_path, config=config) as node:
            stream = node.entries()
            for _ in range(8):
                await asyncio.gather(*(node.append(bytes(10_000)) for _ in range(100)))
            assert node._recent[0].first > 100, "no longer in memory"
            slow = await first(stream, 800)
            assert [entry.index for entry in slow] == list(range(2, 802))
            waiting = asyncio.ensure_future(anext(stream))
            await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            await node.append(b"next")
            assert (await anext(stream)).payload == b"next"
            other = asyncio.ensure_future(anext(node.entries(10_000)))
            await asyncio.sleep(0)
        with pytest.raises(StopAsyncIteration):
            await other
        assert [entry async for entry in node.entries()] == [], "it was stopped"

    run(main())


def test_the_log_is_the_logs(tmp_path: Path) -> None:
    async def main() -> None:
        async with Node(1, dir=tmp_path, config=QUICK) as node:
            await node.append(bytearray(b"seen from outside"))
            with pytest.raises(quorate.LockedError):
                async with Node(1, dir=tmp_path):
                    pass

    run(main())
    with Log.open(tmp_path, cluster=1, node=1) as log:
        assert [payload for run in log.read(1) for payload in run.payloads()] == [b"seen from outside"]


def test_an_entry_in_whose_place_another_stands_was_replaced(tmp_path: Path) -> None:
    async def main() -> None:
        async with Node(1, dir=tmp_path, config=QUICK) as node:
            place = await node.append(b"first")
            # As if it had been taken in an earlier term, and the place had gone to another leader's entry.
            waiting: asyncio.Future[LogPos] = asyncio.get_running_loop().create_future()
            node._undecided[place.index + 1] = (place.term - 1, waiting)
            node._proposed_term = place.term - 1
            assert (await node.append(b"second")).index == place.index + 1
            with pytest.raises(quorate.ReplacedError, match="another leader's entry") as replaced:
                await waiting
            assert replaced.value.index == place.index + 1
            # And as if another leader's entry had come by itself.
            waiting = asyncio.get_running_loop().create_future()
            third = asyncio.create_task(node.append(b"third"))
            while place.index + 2 not in node._undecided:
                await asyncio.sleep(0)
            node._undecided[place.index + 2] = (place.term - 1, waiting)
            with pytest.raises(quorate.ReplacedError):
                await waiting
            third.cancel()

    run(main())


def call(function: Callable[..., object], *args: object, **named: object) -> Callable[[], object]:
    return lambda: function(*args, **named)


WRONG: list[tuple[Callable[[], object], type[Exception], str]] = [
    (call(Node, 1.5, dir="x"), TypeError, "id: expected an int or a str, not float"),
    (call(Node, 0, dir="x"), ValueError, "id: 0 is no node; ids are from 1"),
    (call(Node, "one", dir="x"), ValueError, "id: 'one' names no node"),
    (call(Node, 1, dir="x", peers={"n2": "nowhere"}), ValueError, r"peers\['n2'\]: 'nowhere' is no address"),
    (call(Node, 1, dir="x", peers={2: 7}), TypeError, r'peers\[2\]: expected "host:port"'),
    (call(Node, 1, dir="x", peers={2: "h:99999"}), ValueError, r"peers\[2\]: 99999 is no port"),
    (call(Node, 1, dir="x", peers={True: "h:1"}), TypeError, "peers: expected an int or a str, not bool"),
    (call(Node, 1, dir="x", listen=3), TypeError, "listen: expected"),
    (call(Node, 1, dir="x", apply=3), TypeError, "apply: expected a callable, not int"),
    (call(Cluster, "3", dir="x"), TypeError, "nodes: expected an int, not str"),
    (call(Cluster, 32, dir="x"), ValueError, "nodes: 32; a group has from 1 to 31"),
    (call(Node(1, dir="x").entries, "1"), TypeError, "first: expected an int, not str"),
    (call(FrameDecoder, "1"), TypeError, "body_bytes_max: expected an int, not str"),
    (call(FrameDecoder(1).feed, "x"), TypeError, "data: expected bytes"),
    (call(FrameDecoder(1).feed, b"x"), quorate.FrameError, "is no frame"),
    (call(FrameDecoder(1).feed, encode_frame(1, b"xx")), quorate.FrameError, "body of 2 bytes is longer than 1"),
]


@pytest.mark.parametrize(("attempt", "kind", "message"), WRONG, ids=[message for _, _, message in WRONG])
def test_what_is_wrong_is_named(attempt: Callable[[], object], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        attempt()


def test_what_is_asked_is_judged_first(tmp_path: Path) -> None:
    async def main() -> None:
        with pytest.raises(quorate.NodeClosedError, match="does not listen"):
            _ = Node(1, dir=tmp_path).address
        async with Node(1, dir=tmp_path, config=QUICK) as node:
            with pytest.raises(TypeError, match="payload: expected bytes, bytearray or memoryview, not str"):
                await node.append("text")  # type: ignore[arg-type]
            with pytest.raises(quorate.TooLargeError):
                await node.append(bytes(300_000))
            with pytest.raises(quorate.NodeClosedError, match="started before"):
                await node.start()
            await node.append(b"fine")

    run(main())
